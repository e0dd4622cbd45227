//! How a linear solve ended.

use crate::outcome::Stop;

/// How a linear solve ended for one sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinearRecord {
    /// Why it ended.
    pub stop: Stop,
    /// ||b - A x|| / ||b||, recomputed at the end (0 for b = 0, infinite for a b that is not finite).
    pub residual: f64,
    /// Products with A and A^T made for this sample, less those that only measured the result; steps of
    /// [`Refinement`](super::Refinement).
    pub iterations: usize,
    /// Lower bound of the condition number of the preconditioned matrix seen on the way (1 where nothing was seen).
    pub condition: f64,
}

impl LinearRecord {
    /// Whether the tolerance was reached.
    pub fn converged(&self) -> bool {
        self.stop == Stop::Converged
    }
}
