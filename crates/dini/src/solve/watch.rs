//! What is remembered of a sample from step to step, and when that says that it should be given up.

use super::root::Secant;
use crate::outcome::Status;

/// Growth of the residual beyond its first value at which a sample has diverged.
const DIVERGED: f64 = 1e10;
/// Iterations from which the scale of the residual is taken, for a start may be next to a root.
const EARLY: usize = 5;

/// What is remembered of one active sample in the present round.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Watch {
    /// largest residual of the first iterations, from which divergence is measured
    early: f64,
    /// ||z|| at the start
    pub started: f64,
    /// largest ||z|| so far
    pub largest: f64,
    best: f64,
    best_at: usize,
    pub secant: Secant,
    /// residual at which the point was last examined
    pub examined: Option<f64>,
    /// whether it has been asked if z is zero
    pub zero: bool,
    /// the least share of its distance to a bound at which that was looked at
    pub pressed: f64,
    /// iterations this round may use
    pub limit: usize,
    pub ended: Option<usize>,
}

impl Watch {
    /// Takes note of the present residual and state.
    pub fn see(&mut self, iteration: usize, norm: f64, state: f64, gain: f64) {
        if iteration == 0 {
            *self = Watch { best: norm, started: state, limit: self.limit, pressed: 1e-2, ..Watch::default() };
        } else if norm < self.best * gain {
            (self.best, self.best_at) = (norm, iteration);
        }
        self.largest = self.largest.max(state);
        if iteration < EARLY {
            self.early = self.early.max(norm);
        }
    }

    /// Whether a sample that has not converged is to be given up.
    pub fn failure(&self, iteration: usize, norm: f64, target: f64, patience: usize) -> Option<Status> {
        if !norm.is_finite() {
            Some(Status::NonFinite)
        } else if norm > DIVERGED * self.early.max(target) {
            Some(Status::Diverged)
        } else if iteration >= self.best_at + patience {
            Some(Status::Stagnated)
        } else if iteration == self.limit {
            Some(Status::MaxIterations)
        } else {
            None
        }
    }
}
