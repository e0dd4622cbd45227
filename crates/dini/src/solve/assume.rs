//! A root that was found elsewhere.

use super::solution::Outcome;
use super::{Accuracy, Solution};
use crate::batch::Batch;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::{Active, Problem};

/// Takes `z` for a root of every sample, on the caller's word: for derivatives and verdicts at a point that another program
/// has found.
///
/// Nothing is solved and nothing is judged, and the [`accuracy`](super::Outcome::accuracy) is unknown; whether the theorem holds there is what
/// [`Solution::verdict`] tells, also where it is not asked for (n <= 16). One evaluation.
///
/// ```
/// use dini::{Model, Rows, solve::assume_root};
/// let root = Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[4.0]).system(1)?;
/// let solution = assume_root(root, Rows::from_vec(1, 1, vec![2.0])?)?;
/// let slope = solution.pullback(&Rows::from_vec(1, 1, vec![1.0])?)?.value.row(0)[0];
/// assert!((slope - 0.25).abs() < 1e-12);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// A broken contract: an empty batch, shapes that do not fit, NaN or infinite input, or a fatal error of the problem's own function.
pub fn assume_root<P: Problem>(problem: P, z: P::State) -> Result<Solution<P>, Error> {
    if z.samples() == 0 || z.width() == 0 {
        return Err(Error::Empty { what: "the batch" });
    }
    problem.validate(&z)?;
    let samples = z.samples();
    let (slots, mut g) = ((0..samples).collect::<Vec<_>>(), z.zeros(samples));
    problem.residual(Active::new(&slots, 0, true), &z, &mut g).map_err(Error::User)?;
    let mut norms = vec![Default::default(); samples];
    g.norms(&mut norms);
    let record = |norm: &<P::State as Batch>::Scalar| {
        let residual = crate::Real::as_f64(*norm);
        let residual = if residual.is_nan() { f64::INFINITY } else { residual };
        let accuracy = Accuracy::default();
        Outcome { status: Status::Converged, residual, target: residual, accuracy, ..Outcome::default() }
    };
    let outcomes = norms.iter().map(record).collect();
    let (attempts, memory) = (Vec::new(), vec![(0, samples, ())]);
    Ok(Solution { problem, z, g, outcomes, attempts, memory, evaluations: samples as u64 })
}
