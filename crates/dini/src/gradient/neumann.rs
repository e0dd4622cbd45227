//! The Neumann series of J^-T, cut off, and the guard that it converges.

use num_traits::{Float, One, Zero};

use super::OnFailure;
use super::linear::LinearisedChunk;
use super::mode::{Adjoints, GradientMode};
use super::richardson::richardson;
use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::problem::{Linearize, Scalar};

/// lam = sum_{i<k} (I - J^T)^i w with k = `terms`, refused for samples where the series diverges.
///
/// For a fixed point z = f(z; a) I - J is df/dz, and the series converges to the exact J^-T w where its spectral radius
/// rho is below one; the error of lam then shrinks like rho^k. The guard estimates rho per sample by a power iteration with
/// I - J^T from a fixed start: eigenvalues may be complex, so the estimate is the geometric mean of the growth over the
/// second half of the products. It is an estimate, not a bound: several eigenvalues close to the largest, or a far from
/// normal J, leave an error of a few per cent at the default number of products.
///
/// Cost: k + `power_iterations` products with J^T, the last of the k to measure the residual; two vectors of memory.
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::Neumann, solve};
/// // W = [0 2; -2 0] and x = 0: z* = 0, and df/dz = W has the eigenvalues 2i and -2i
/// let cell = Tanh::new(2, vec![0.0, 2.0, -2.0, 0.0], Rows::new(1, 2))?;
/// let solution = solve(&cell, &Rows::new(1, 2), &Newton::default(), &Options::default())?;
/// let w = Rows::from_vec(1, 2, vec![1.0, 0.0])?;
/// let refused = solution.gradient(&w, &Neumann::default()).unwrap_err();
/// assert!(refused.to_string().contains("in sample 0"));
/// solution.pullback(&w)?; // J = I - W is regular all the same
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// [`Error::Divergent`] with the first such sample and the estimate.
///
/// Source: C. Neumann (1877), Untersuchungen ueber das logarithmische und Newtonsche Potential; the guard: R. von Mises
/// and H. Pollaczek-Geiringer (1929), doi:10.1002/zamm.19290090105. As a gradient: J. Lorraine, P. Vicol and
/// D. Duvenaud (2020), arXiv:1911.02590.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Neumann {
    /// Number k of terms, at least 1 (default 5).
    pub terms: usize,
    /// Estimate of the spectral radius from which a sample is refused, in (0, 1] (dimensionless; default 1).
    pub max_radius: f64,
    /// Products of the power iteration of the guard, at least 2 (default 64).
    pub power_iterations: usize,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl Default for Neumann {
    fn default() -> Self {
        Neumann { terms: 5, max_radius: 1.0, power_iterations: 64, on_failure: OnFailure::Refuse }
    }
}

impl<P: Linearize> GradientMode<P> for Neumann {
    fn validate(&self) -> Result<(), Error> {
        if self.terms == 0 {
            return Err(Error::option("terms", 0, "it must be at least 1"));
        }
        if !(self.max_radius > 0.0 && self.max_radius <= 1.0) {
            return Err(Error::option("max_radius", self.max_radius, "it must lie in (0, 1]"));
        }
        if self.power_iterations < 2 {
            return Err(Error::option("power_iterations", self.power_iterations, "it must be at least 2"));
        }
        Ok(())
    }

    fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        let mut answer = richardson(chunk, chunk.slots(), w, (self.terms, 1.0), |_, _| {})?;
        let radii = radii(chunk, w, self.power_iterations)?;
        for ((outcome, radius), &slot) in answer.assessed.iter_mut().zip(radii).zip(chunk.slots()) {
            outcome.report.radius = Some(radius);
            // NaN is no evidence of convergence
            outcome.refusal = (radius.is_nan() || radius >= self.max_radius).then(|| Error::Divergent {
                sample: chunk.sample(slot),
                radius,
                limit: self.max_radius,
            });
        }
        Ok(answer)
    }
}

/// Estimates of the spectral radius of I - J, one per sample.
fn radii<P: Linearize>(
    chunk: &LinearisedChunk<'_, P>,
    like: &P::State,
    products: usize,
) -> Result<Vec<f64>, UserError> {
    let (one, samples) = (Scalar::<P>::one(), like.samples());
    let start: Vec<Scalar<P>> = (0..like.width()).map(|i| Scalar::<P>::of(start(i))).collect();
    let (mut v, mut image) = (like.zeros(samples), like.zeros(samples));
    (0..samples).for_each(|s| v.write(s, &start));
    let mut norms = vec![Scalar::<P>::zero(); samples];
    let mut growth = vec![0.0; samples];
    let skipped = products / 2;
    for product in 0..=products {
        v.norms(&mut norms);
        if product > skipped {
            // the logarithm of 0, of a nilpotent I - J, leaves a radius of 0
            growth.iter_mut().zip(&norms).for_each(|(sum, norm)| *sum += norm.as_f64().ln());
        }
        let unit = |n: &Scalar<P>| if *n < Scalar::<P>::min_positive_value() { Scalar::<P>::zero() } else { one / *n };
        v.scale(&norms.iter().map(unit).collect::<Vec<_>>());
        if product < products {
            chunk.vjp(chunk.slots(), &v, &mut image)?;
            v.axpby(-one, &image, one);
        }
    }
    Ok(growth.into_iter().map(|sum| (sum / (products - skipped) as f64).exp()).collect())
}

/// Entries of both signs, none of them small: an irrational rotation is unlikely to miss an eigenvector.
fn start(i: usize) -> f64 {
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let turn = (i as f64 * GOLDEN).fract();
    if turn < 0.5 { 0.5 + turn } else { -turn }
}
