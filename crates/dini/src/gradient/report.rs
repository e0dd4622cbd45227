//! How far a gradient is from the true one, and gradients as accurate as is asked.

use std::cmp::Ordering;

use num_traits::Float;

use super::corrected::{Correct, Ended, perturbed};
use super::implicit::Implicit;
use super::linear::Linearised;
use super::mode::{Derivative, linearised_adjoint};
use super::system::Method;
use crate::Real;
use crate::error::Error;
use crate::linear::Inverse;
use crate::outcome::Limit;
use crate::problem::{Group, Grouped, ParamVjp, Scalar};
use crate::solve::{Evidence, Solution};

/// Distances, as powers of rounding, from which the corrected z is found again; the last is as far as an error of g has been seen.
const DISTANCES: [f64; 3] = [1.0, 0.5, 0.375];
/// How many times the largest difference between gradients found again counts as the error of each: several times what the tests need.
const MARGIN: f64 = 16.0;
/// Rounding of the gradient itself.
const UNITS: f64 = 8.0;
/// Share of z within which it is looked for an error of g.
const FARTHEST: f64 = 1e-2;

/// A bound on the error of some numbers of dL/da, as of one vector.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Bound {
    /// The sample whose own parameters they belong to; none where all samples share them.
    pub sample: Option<usize>,
    /// Their Euclidean norm.
    pub norm: f64,
    /// Bound on the Euclidean norm of their error; infinite where there is none.
    pub error: f64,
    /// The part of it that no correction of z and lam takes away: rounding, magnified by J.
    pub rounding: f64,
    /// Why there is no bound, or what keeps it from being smaller.
    pub limit: Limit,
}

impl Bound {
    /// The error relative to the norm (dimensionless); 0 where it is 0.
    pub fn relative(&self) -> f64 {
        if self.error == 0.0 { 0.0 } else { self.error / self.norm }
    }
}

/// dL/da with bounds on its error, and the same corrected.
#[derive(Debug)]
pub struct GradientReport<D, V> {
    /// The derivative, as [`Solution::pullback_with`] gives it; its reports have the residuals of the adjoint.
    pub derivative: Derivative<D, V>,
    /// Bounds on its error, group by group.
    pub bounds: Vec<Bound>,
    /// dL/da at z and lam corrected: what its error was measured with.
    pub corrected: D,
    /// Bounds on the error of that one.
    pub remaining: Vec<Bound>,
}

impl<P, M> Solution<P, M>
where
    P: ParamVjp,
    P::Parameters: Grouped,
    M: Inverse<P::State>,
{
    /// dL/da, as [`pullback_with`](Solution::pullback_with), and a bound on the error that the residuals of both solves have left in it:
    /// g(z) of z, and w - J^T lam of lam.
    ///
    /// The error is that against the exact gradient for *this* w. Where w itself was formed at z, as w(z), the change of w
    /// by J^-1 g(z) is the caller's to add.
    ///
    /// z is corrected by c = J^-1 g(z), three times with the same J, and lam by J^-T (w - J^T lam) with J at the corrected z. The
    /// difference of the two gradients is the first-order error itself. What is left in the second is measured by finding it
    /// again from points around, a few roundings, 10^-8 and 10^-6 of z away (in f64), and moving what is found by a rounding. 16 times
    /// the largest difference, and 8 roundings of the gradient, are added; this covers rounding errors as well as what the corrections
    /// have left of the curvature. It is infinite where corrections do not shrink or a linear system was not solved.
    ///
    /// The norm is Euclidean, over the parameters of one sample, or over those that all samples share ([`Grouped`](crate::problem::Grouped)). No hypothesis
    /// of the theorem is tested beyond what `options` asks for.
    ///
    /// Cost: a pullback, and four times three residuals with solves by J, a linearisation, two products and solves by J^T, and a product
    /// with (dg/da)^T. The solves are to 10^-4, with the factors at hand where there are any; under [`Method::Dense`], and with a
    /// pattern, they are made once more.
    ///
    /// ```
    /// use dini::{Implicit, Model, Newton};
    /// // z^3 + z = a: dz/da = 1/4 at a = 2, here from a z that is good to a few digits
    /// let model = Model::equation(|z, a| [z[0].powi(3) + z[0] - a[0]]).parameters(&[2.0]).solver(Newton::default());
    /// let s = model.options(dini::Options { relative: 1e-2, ..Default::default() }).solve(&[1.3])?;
    /// let report = s.gradient_report(&[1.0])?;
    /// let error = (report.derivative.value.row(0)[0] - 0.25).abs();
    /// assert!(error > 1e-8 && error <= report.bounds[0].error && report.bounds[0].error < 1.01 * error);
    /// assert!((report.corrected.row(0)[0] - 0.25).abs() <= report.remaining[0].error && report.remaining[0].error < 0.1 * error);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// Source: the residual of an adjoint as a measure of the error of a gradient: A. Griewank and A. Walther (2008),
    /// doi:10.1137/1.9780898717761, section 15.2; that rounding is sampled: J. J. More and S. M. Wild (2011), doi:10.1137/100786125.
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn gradient_report(
        &self,
        w: &P::State,
        options: &Implicit,
    ) -> Result<GradientReport<P::Parameters, P::State>, Error> {
        self.corrected_gradient(w, options, 1)
    }

    /// dL/da to a relative accuracy (dimensionless, of every group's Euclidean norm): z and lam are corrected as for
    /// [`gradient_report`](Solution::gradient_report), twice, and the result is `corrected`, with its bounds in `remaining`.
    ///
    /// The accuracy is that of the gradient, not of the solve: z* itself stays as it is in the solution. Samples that
    /// [`OnFailure`](super::OnFailure) leaves out of the gradient are not asked for.
    ///
    /// Cost: as there, and a fourth more.
    ///
    /// # Errors
    /// [`Error::Inaccurate`] where a bound stays above, with what was reached and why; [`Error::Option`] for an accuracy that is
    /// not positive; as [`pullback_with`](Solution::pullback_with).
    pub fn accurate_gradient(
        &self,
        w: &P::State,
        accuracy: f64,
        options: &Implicit,
    ) -> Result<GradientReport<P::Parameters, P::State>, Error> {
        if accuracy.is_nan() || accuracy <= 0.0 {
            return Err(Error::option("accuracy", accuracy, "it must be positive"));
        }
        let report = self.corrected_gradient(w, options, 2)?;
        let left_out = &report.derivative.left_out;
        let asked = report.remaining.iter().filter(|bound| bound.sample.is_none_or(|s| !left_out.contains(&s)));
        // NaN is not accurate, and zero is where its error is
        let short = |bound: &&Bound| bound.error.partial_cmp(&(accuracy * bound.norm)).is_none_or(Ordering::is_gt);
        match asked.clone().find(short) {
            Some(bound) => {
                let Bound { sample, limit, .. } = *bound;
                Err(Error::Inaccurate { sample, reached: bound.relative(), accuracy, limit })
            }
            None => Ok(report),
        }
    }

    fn corrected_gradient(
        &self,
        w: &P::State,
        options: &Implicit,
        rounds: usize,
    ) -> Result<GradientReport<P::Parameters, P::State>, Error> {
        let (mut linearised, solved) = linearised_adjoint(self, options, w)?;
        let value = self.parameter_gradient(&linearised, &solved)?;
        let Derivative { vector: lam, reports, failures, left_out, .. } = solved;
        // factors that serve many times
        let direct = match options.method {
            Method::Dense => true,
            Method::Auto => linearised.chunks.iter().any(|chunk| chunk.sparsity().is_some()),
            _ => false,
        };
        if direct {
            linearised = linearised.factored()?;
        }
        let correct = Correct { w, left_out: &left_out, method: &options.method, jitter: None };
        let first = correct.advance(&linearised, (&self.z, &lam))?;
        let second = if rounds > 1 { Some(correct.advance(&first.linearised, (&first.z, &first.lam))?) } else { None };
        let best = second.as_ref().unwrap_or(&first);
        let corrected = self.gradient_at(&best.linearised, &best.lam, &left_out)?;
        let mut ended = best.ended.clone();
        if rounds > 1 {
            ended.iter_mut().zip(&first.ended).for_each(|(now, before)| *now = worse(*now, *before));
        }
        let target = corrected.groups();
        let mut noise = vec![0.0f64; target.len()];
        for (k, exponent) in DISTANCES.into_iter().enumerate() {
            let seed = 10 * (k as u64 + 1);
            let correct = Correct { jitter: Some(seed), ..correct };
            let z = perturbed(&best.z, |sample| self.distance(exponent, sample), seed + 2);
            let again = correct.advance(&best.linearised, (&z, &best.lam))?;
            let found = self.gradient_at(&again.linearised, &again.lam, &left_out)?.groups();
            ended.iter_mut().zip(&again.ended).for_each(|(now, new)| *now = worse(*now, *new));
            noise
                .iter_mut()
                .zip(target.iter().zip(&found))
                .for_each(|(noise, (a, b))| *noise = larger(*noise, apart(a, b)));
        }
        let epsilon = Scalar::<P>::epsilon().as_f64();
        let limit = |sample: Option<usize>| {
            let of = |s: usize| match ended[s] {
                _ if failures.contains(&s) => Limit::NoDerivative,
                Ended::Unsolved => Limit::LinearSolve,
                Ended::Moving => Limit::Moving,
                Ended::Well => Limit::Rounding,
            };
            match sample {
                Some(s) => of(s),
                // those that contribute nothing do not count
                None => {
                    let all = (0..ended.len()).filter(|s| !left_out.contains(s)).map(of);
                    all.into_iter().find(|limit| *limit != Limit::Rounding).unwrap_or(Limit::Rounding)
                }
            }
        };
        let bound = |of: &Group, noise: f64| {
            let (norm, limit) = (norm(&of.numbers), limit(of.sample));
            let rounding = MARGIN * noise + UNITS * epsilon * norm;
            let known = limit == Limit::Rounding && rounding.is_finite();
            let error = if known { rounding } else { f64::INFINITY };
            let limit = if limit == Limit::Rounding && !known { Limit::Moving } else { limit };
            Bound { sample: of.sample, norm, error, rounding: error, limit }
        };
        let remaining: Vec<Bound> = target.iter().zip(&noise).map(|(group, noise)| bound(group, *noise)).collect();
        let of_value = value.groups();
        let bounds = of_value.iter().zip(target.iter().zip(&remaining)).map(|(found, (target, left))| Bound {
            norm: norm(&found.numbers),
            error: larger(left.error + apart(found, target), 0.0),
            ..*left
        });
        let bounds = bounds.collect();
        let derivative = Derivative { value, vector: lam, reports, failures, left_out };
        Ok(GradientReport { derivative, bounds, corrected, remaining })
    }

    /// How far from z it is looked for errors of g: as far as rounding is known to hide z at least.
    fn distance(&self, exponent: f64, sample: usize) -> f64 {
        let accuracy = self.outcomes[sample].accuracy;
        let seen = if accuracy.evidence == Evidence::Rounding { 2.0 * accuracy.relative } else { 0.0 };
        let share = Scalar::<P>::epsilon().as_f64().powf(exponent);
        if exponent < 0.5 && seen.is_finite() { share.max(seen).min(FARTHEST) } else { share }
    }

    fn gradient_at(
        &self,
        linearised: &Linearised<'_, P>,
        lam: &P::State,
        left_out: &[usize],
    ) -> Result<P::Parameters, Error> {
        let (vector, left_out) = (lam.clone(), left_out.to_vec());
        let adjoint = Derivative { value: (), vector, reports: Vec::new(), failures: Vec::new(), left_out };
        self.parameter_gradient(linearised, &adjoint)
    }
}

/// The graver of two.
fn worse(a: Ended, b: Ended) -> Ended {
    if a == Ended::Well { b } else { a }
}

/// Euclidean distance.
fn apart(a: &Group, b: &Group) -> f64 {
    if a.numbers.len() != b.numbers.len() {
        return f64::INFINITY;
    }
    norm(&a.numbers.iter().zip(&b.numbers).map(|(a, b)| a - b).collect::<Vec<_>>())
}

/// The larger of two magnitudes; infinite where one is NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::INFINITY } else { a.max(b) }
}

fn norm(v: &[f64]) -> f64 {
    crate::kernels::vector::norm(v)
}
