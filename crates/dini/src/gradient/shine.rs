//! The inverse that the forward solver left, in place of the one at z*.

use super::linear::LinearisedChunk;
use super::mode::{Adjoints, GradientMode};
use super::richardson::richardson;
use super::{Jfb, OnFailure};
use crate::batch::{Batch, pick};
use crate::error::{Error, UserError};
use crate::problem::Linearize;

/// lam = H^T w, with the approximate inverse H of J that the forward solver left, then `refinements` times
/// lam <- lam + H^T (w - J^T lam).
///
/// A quasi-Newton solver ([`Broyden`](crate::solve::Broyden)) has built H on the way to z*, so that the backward pass needs
/// no linear solve; after [`Newton`](crate::Newton) H is the inverse at the last but one iterate. The error shrinks with
/// every refinement where the spectral radius of I - H J is below one; the residual is in the
/// [`Report`](super::Report). Samples of which nothing is known, and all of them after a solver without an inverse
/// ([`Picard`](crate::Picard), [`Anderson`](crate::Anderson)), get lam = w as [`Jfb`] would give them, without any
/// refinement; their reports say `fallback`.
///
/// Cost: `refinements` + 1 products with J^T, the last of which measures the residual, and as many with H^T; two vectors
/// of memory besides H.
///
/// ```
/// use dini::{Newton, Options, Picard, Rows, cells::Tanh, gradient::Shine, solve};
/// let cell = Tanh::new(1, vec![0.5], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let (z0, w) = (Rows::new(1, 1), Rows::from_vec(1, 1, vec![1.0])?);
/// let newton = solve(&cell, &z0, &Newton::default(), &Options::default())?;
/// let shine = newton.gradient(&w, &Shine { refinements: 2, ..Shine::default() })?;
/// assert!(shine.reports[0].residual < 1e-9 && !shine.reports[0].fallback);
/// let picard = solve(&cell, &z0, &Picard::default(), &Options::default())?;
/// assert!(picard.gradient(&w, &Shine::default())?.reports[0].fallback);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: Z. Ramzi et al. (2022), arXiv:2106.00553.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Shine {
    /// Refinements of H^T w (default 0).
    pub refinements: usize,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl<P: Linearize> GradientMode<P> for Shine {
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        let mut answer = Jfb::default().lam(chunk, w)?;
        let memory = chunk.memory();
        let known: Vec<usize> = chunk.slots().iter().copied().filter(|&slot| memory.known(slot)).collect();
        answer.assessed.iter_mut().for_each(|outcome| outcome.report.fallback = true);
        if known.is_empty() {
            return Ok(answer);
        }
        let steps = self.refinements.saturating_add(1);
        let part = richardson(chunk, &known, &pick(w, &known), (steps, 1.0), |at, r| {
            memory.solve_transpose(at, r);
        })?;
        let rows: Vec<usize> = (0..known.len()).collect();
        answer.vector.put(&known, &part.vector, &rows);
        known.iter().zip(part.assessed).for_each(|(&slot, outcome)| answer.assessed[slot] = outcome);
        Ok(answer)
    }
}
