//! Anderson acceleration.

use num_traits::One;

use super::{Iterate, Solver};
use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, StepError};
use crate::linear::{MAX_WINDOW, Mixing, RIDGE};
use crate::problem::{Evaluator, Problem, Scalar};

/// Anderson acceleration of Picard iteration (type II), every coefficient per sample.
///
/// With the last m differences dz_i, dg_i: gamma = argmin ||g - sum gamma_i dg_i||, then
/// z <- z - damping g - sum gamma_i (dz_i - damping dg_i). The least-squares problem is solved by its normal equations
/// in f64 with a relative ridge; a sample for which they are not positive definite makes a Picard step. One evaluation a
/// step, 2 m + 2 vectors of memory.
///
/// Source: D. G. Anderson (1965), doi:10.1145/321296.321305; H. F. Walker and P. Ni (2011), doi:10.1137/10078356X,
/// eq. (2.3).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Anderson {
    /// Number m of differences kept, 1..=16 (default 5).
    pub window: usize,
    /// Damping factor beta in (0, 1] (dimensionless; default 1).
    pub damping: f64,
    /// Ridge added to the normal equations, relative to their diagonal (dimensionless; default 1e-7).
    pub ridge: f64,
}

impl Default for Anderson {
    fn default() -> Self {
        Anderson { window: 5, damping: 1.0, ridge: RIDGE }
    }
}

impl<P: Problem> Solver<P> for Anderson {
    /// What goes along is z - damping g.
    type Work = Mixing<P::State, 1>;
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        super::check_damping(self.damping)?;
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return Err(Error::option("window", self.window, "it must lie in 1..=16"));
        }
        if !self.ridge.is_finite() || self.ridge < 0.0 {
            return Err(Error::option("ridge", self.ridge, "it must be finite and not negative"));
        }
        Ok(())
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        Mixing::new(like, self.window, self.ridge)
    }

    fn fits(&self, work: &Self::Work) -> bool {
        work.window() == self.window && work.ridge() == self.ridge
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut Self::Work,
    ) -> Result<(), StepError> {
        it.z.axpby(-Scalar::<P>::of(self.damping), &it.g, Scalar::<P>::one());
        w.mix(&it.g, [&mut it.z]);
        Ok(problem.residual(&it.z, &mut it.g)?)
    }

    fn memory(&self, _: &mut Self::Work) {}
}
