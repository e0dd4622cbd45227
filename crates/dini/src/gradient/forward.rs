//! Forward mode: dz* for a direction da.

use num_traits::One;

use super::implicit::{Derivative, Implicit};
use super::linear::{Linearised, Side};
use crate::batch::Batch;
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{ParamJvp, Parametric, Scalar};
use crate::solve::{Solution, Status};

impl<P: ParamJvp, M: Inverse<P::State>> Solution<P, M> {
    /// dz* = -J^-1 (dg/da) da for a direction da, under default options.
    ///
    /// # Errors
    /// As [`pushforward_with`](Solution::pushforward_with).
    pub fn pushforward(&self, tangent: &<P as Parametric>::Parameters) -> Result<Derivative<(), P::State>, Error> {
        self.pushforward_with(tangent, &Implicit::default())
    }

    /// dz* = -J^-1 (dg/da) da for a direction da; dz* is the `vector` of the result.
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn pushforward_with(
        &self,
        tangent: &<P as Parametric>::Parameters,
        options: &Implicit,
    ) -> Result<Derivative<(), P::State>, Error> {
        self.problem.check_parameters(self.samples(), tangent)?;
        options.check(self)?;
        let linearised = Linearised::new(self, &options.method)?;
        let mut rhs = self.z.zeros(self.samples());
        for chunk in &linearised.chunks {
            let converged = |slot: &usize| self.status(chunk.base + slot) == Status::Converged;
            let slots: Vec<usize> = chunk.slots.iter().copied().filter(converged).collect();
            let samples: Vec<usize> = slots.iter().map(|slot| chunk.base + slot).collect();
            let rows: Vec<usize> = (0..slots.len()).collect();
            let (mut part, mut z) = (rhs.zeros(slots.len()), rhs.zeros(slots.len()));
            z.put(&rows, &chunk.z, &slots);
            self.problem.param_jvp(chunk.at(&slots), &chunk.tape, &z, tangent, &mut part).map_err(Error::User)?;
            rhs.put(&samples, &part, &rows);
        }
        rhs.scale(&vec![-Scalar::<P>::one(); self.samples()]);
        options.solve(self, &linearised, Side::Tangent, &rhs)
    }
}
