//! The gradient through the last iterations alone.

use super::unrolled::{Iterations, Unrolled};
use crate::error::Error;
use crate::problem::ParamVjp;

/// dL/da of the last `keep` of `iterations` steps of z <- z - damping g(z; a) from `z0`; the iterate before them counts as
/// constant.
///
/// Truncated backpropagation: the error falls with `keep` like the distance to z* does with the iterations, where the
/// iteration contracts. `keep` = `iterations` is [`unrolled`](super::unrolled), bit for bit; an iteration that has arrived
/// at z* long before gives what [`Phantom`](super::Phantom) gives.
///
/// Cost: `iterations` + `keep` - 1 evaluations, two products for each step kept, `keep` + 1 iterates of memory.
///
/// ```
/// use dini::{Rows, cells::Tanh, gradient::{truncated, unrolled}};
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let w = |_: &Rows<f64>| { let mut w = Rows::new(1, 1); w.row_mut(0)[0] = 1.0; w };
/// let all = unrolled(&cell, &Rows::new(1, 1), 60, 1.0, w)?;
/// let last = truncated(&cell, &Rows::new(1, 1), 60, 30, 1.0, w)?;
/// assert!((all.value.w[0] - last.value.w[0]).abs() < 1e-8 && last.iterates == 31);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: A. Shaban et al. (2019), arXiv:1810.10667.
///
/// # Errors
/// [`Error::Option`] for a `keep` outside 1..=`iterations`; else as [`unrolled`](super::unrolled).
pub fn truncated<P: ParamVjp>(
    problem: &P,
    z0: &P::State,
    iterations: usize,
    keep: usize,
    damping: f64,
    w: impl FnOnce(&P::State) -> P::State,
) -> Result<Unrolled<P::Parameters, P::State>, Error> {
    if !(1..=iterations).contains(&keep) {
        return Err(Error::option("keep", keep, "it must be at least 1 and at most the number of iterations"));
    }
    let mut iterates = Iterations::new(problem, z0, damping)?;
    let mut z = z0.clone();
    iterates.advance(&mut z, iterations - keep).map_err(Error::User)?;
    iterates.reverse(z, keep, keep, w)
}
