//! J at a point, as it is compared with differences of g.

use super::Factored;
use crate::error::UserError;

/// A Jacobian that can be inverted, by factors or by products.
pub(crate) trait Slope {
    /// Estimate of the condition number of the equilibrated J; infinite for a singular one.
    fn condition(&self) -> f64;
    /// The direction in which J changes g least.
    fn weakest(&self) -> Vec<f64>;
    /// x <- J^-1 x, which may be near `guess`.
    fn solve_near(&self, guess: &[f64], x: &mut [f64]) -> Result<(), UserError>;
    /// change <- J^-1 change - step, or what has its size where that would take a solve.
    fn miss(&self, step: &[f64], change: &mut [f64]) -> Result<(), UserError>;
}

impl Slope for Factored {
    fn condition(&self) -> f64 {
        Factored::condition(self)
    }

    fn weakest(&self) -> Vec<f64> {
        Factored::weakest(self)
    }

    fn solve_near(&self, _: &[f64], x: &mut [f64]) -> Result<(), UserError> {
        self.solve(x);
        Ok(())
    }

    fn miss(&self, step: &[f64], change: &mut [f64]) -> Result<(), UserError> {
        self.solve(change);
        change.iter_mut().zip(step).for_each(|(change, step)| *change -= step);
        Ok(())
    }
}
