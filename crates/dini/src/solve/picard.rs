//! Picard iteration.

use num_traits::One;

use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, StepError};
use crate::problem::{Evaluator, Problem, Scalar};

/// Picard (fixed-point, successive-substitution) iteration z <- z - damping g(z); with g = z - f(z), z <- f(z).
///
/// Converges linearly where the spectral radius of I - damping J is below one. One evaluation a step, no memory beyond
/// the iterate. The correction left is estimated from the rate q at which ||g|| falls, as `damping` ||g|| / (1 - q).
///
/// Source: E. Picard (1890), J. Math. Pures Appl. 6, 145-210.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Picard {
    /// Damping factor beta in (0, 1] (dimensionless; default 1).
    pub damping: f64,
}

impl Default for Picard {
    fn default() -> Self {
        Picard { damping: 1.0 }
    }
}

impl<P: Problem> Solver<P> for Picard {
    type Work = ();
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        super::check_damping(self.damping)
    }

    fn work(&self, _: &P, _: &P::State) {}

    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, (): &mut ()) -> Result<(), StepError> {
        for i in 0..it.z.samples() {
            let norm = it.norm(i).as_f64();
            it.moved(i, self.damping * norm, norm);
        }
        it.z.axpby(-Scalar::<P>::of(self.damping), &it.g, One::one());
        Ok(problem.residual(&it.z, &mut it.g)?)
    }

    fn knows(&self, (): &()) -> Knows {
        Knows::Steps
    }

    fn memory(&self, (): &mut ()) {}
}
