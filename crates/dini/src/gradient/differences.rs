//! Second derivatives, by differences of first ones.

use crate::Real;
use crate::error::Error;

/// Most step sizes that are tried.
const STEPS: usize = 8;
/// Factor between neighbouring step sizes.
const RATIO: f64 = 1.6;
/// Growth of the error, relative to the least so far, at which smaller steps only add rounding.
const WORSE: f64 = 2.0;

/// A derivative by differences.
#[derive(Clone, Debug, PartialEq)]
pub struct Extrapolated {
    /// The derivative.
    pub value: Vec<f64>,
    /// Estimate of its error, in the largest component and the units of `value`; infinite or NaN where there is none.
    pub error: f64,
    /// Gradients evaluated.
    pub gradients: usize,
}

/// A Hessian-vector product by finite differences: d/dt of `gradient`(t) = dL/da at a + t da, at t = 0.
///
/// An approximation, for want of second derivatives of g. Central differences over the steps `step`, `step` / 1.6, ... are
/// extrapolated to zero, and the entry of the tableau with the least estimated error is returned with that estimate.
/// `step` should be large, about the t over which the gradient changes by as much as itself; every gradient must exist
/// between -`step` and `step`. Accuracy is limited by that of the gradients (the tolerances of the forward and of the
/// linear solve) divided by the step that is chosen.
///
/// Cost: two gradients, each with its solve, for each of up to 8 steps; memory 17 gradients.
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::hessian_vector_differences, solve};
/// // L = z* with z = tanh(z / 2 + x): L'' from the gradients L'(x + t)
/// let gradient = |t: f64| {
///     let cell = Tanh::new(1, vec![0.5], Rows::from_vec(1, 1, vec![0.3 + t])?)?;
///     let options = Options { relative: 1e-14, ..Options::default() };
///     let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &options)?;
///     let z = solution.z().row(0)[0];
///     Ok((solution.pullback(&Rows::from_vec(1, 1, vec![1.0])?)?.value.x.into_vec(), z))
/// };
/// let second = hessian_vector_differences(0.2, |t| Ok(gradient(t)?.0))?;
/// let (slope, z) = gradient(0.0)?;
/// let d = 1.0 - z * z; // z' = d / (1 - d / 2), so z'' = d' / (1 - d / 2)^2 with d' = -2 z z'
/// let exact = -2.0 * z * slope[0] / (1.0 - 0.5 * d).powi(2);
/// assert!((second.value[0] - exact).abs() < 1e-8 && second.error < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: C. J. F. Ridders (1982), doi:10.1016/S0141-1195(82)80057-0.
///
/// # Errors
/// [`Error::Option`] for a `step` that is not positive and finite, [`Error::Shape`] where gradients differ in length, or
/// whatever `gradient` returns.
pub fn hessian_vector_differences<T: Real>(
    step: f64,
    mut gradient: impl FnMut(f64) -> Result<Vec<T>, Error>,
) -> Result<Extrapolated, Error> {
    if !(step > 0.0 && step.is_finite()) {
        return Err(Error::option("step", step, "it must be positive and finite"));
    }
    let mut best = Extrapolated { value: Vec::new(), error: f64::INFINITY, gradients: 0 };
    let mut previous: Vec<Vec<f64>> = Vec::new();
    for i in 0..STEPS {
        let h = step / RATIO.powi(i as i32);
        let (above, below) = (gradient(h)?, gradient(-h)?);
        best.gradients += 2;
        let p = previous.first().map_or(above.len(), Vec::len);
        if (above.len(), below.len()) != (p, p) {
            return Err(Error::shape("the gradients at +h and -h", (p, p), (above.len(), below.len())));
        }
        let mut row = Vec::with_capacity(i + 1);
        row.push(above.iter().zip(&below).map(|(a, b)| (a.as_f64() - b.as_f64()) / (2.0 * h)).collect::<Vec<f64>>());
        for (j, coarser) in previous.iter().enumerate() {
            // removes the term of order h^(2 j + 2)
            let factor = RATIO.powi(2 * (j as i32 + 1));
            let finer = &row[j];
            let next: Vec<f64> = finer.iter().zip(coarser).map(|(f, c)| f + (f - c) / (factor - 1.0)).collect();
            let error = distance(&next, finer).max(distance(&next, coarser));
            if error <= best.error {
                (best.error, best.value) = (error, next.clone());
            }
            row.push(next);
        }
        match previous.last() {
            None => best.value.clone_from(&row[0]),
            Some(last) if distance(&row[i], last) >= WORSE * best.error => break,
            Some(_) => {}
        }
        previous = row;
    }
    Ok(best)
}

/// Largest difference of two components; NaN where one is.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |max: f64, d| if d > max || d.is_nan() { d } else { max })
}
