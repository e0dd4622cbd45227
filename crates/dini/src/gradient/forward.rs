//! Forward mode: dz* for a direction da.

use num_traits::One;

use super::implicit::Implicit;
use super::linear::Linearised;
use super::mode::{Derivative, linearise};
use super::system::Method;
use crate::batch::{Batch, pick};
use crate::error::Error;
use crate::linear::Inverse;
use crate::outcome::Status;
use crate::problem::{ParamJvp, Parametric, Scalar};
use crate::solve::Solution;

impl<P: ParamJvp, M: Inverse<P::State>> Solution<P, M> {
    /// dz* = -J^-1 (dg/da) da for a direction da, under default options.
    ///
    /// # Errors
    /// As [`pushforward_with`](Solution::pushforward_with).
    pub fn pushforward(&self, tangent: &<P as Parametric>::Parameters) -> Result<Derivative<P::State, ()>, Error> {
        self.pushforward_with(tangent, &Implicit::default())
    }

    /// dz* = -J^-1 (dg/da) da for a direction da; dz* is the `value` of the result.
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn pushforward_with(
        &self,
        tangent: &<P as Parametric>::Parameters,
        options: &Implicit,
    ) -> Result<Derivative<P::State, ()>, Error> {
        self.problem.parametrised()?;
        self.problem.check_direction(self.samples(), tangent)?;
        let linearised = linearise(self, options)?;
        let converged = |sample: usize| self.outcomes()[sample].status == Status::Converged;
        Ok(self.tangent_along(&linearised, tangent, options, converged)?.into_tangent())
    }

    /// dz* of one sample for several directions da: one factorisation, and a solve for each.
    ///
    /// # Errors
    /// As [`jacobian`](Solution::jacobian).
    pub(crate) fn tangents(
        &self,
        sample: usize,
        directions: impl IntoIterator<Item = <P as Parametric>::Parameters>,
    ) -> Result<Vec<P::State>, Error> {
        self.problem.parametrised()?;
        let mut options = Implicit { method: Method::Dense, ..Implicit::default() };
        let linearised = Linearised::single(self, sample)?;
        let mut tangents = Vec::new();
        for direction in directions {
            self.problem.check_direction(self.samples(), &direction)?;
            tangents.push(self.tangent_along(&linearised, &direction, &options, |_| true)?.vector);
            // one verdict is enough
            options.verdict = Some(false);
        }
        Ok(tangents)
    }

    /// The same at what is already linearised; zero for the samples that are not `wanted`.
    pub(super) fn tangent_along(
        &self,
        linearised: &Linearised<'_, P>,
        tangent: &<P as Parametric>::Parameters,
        options: &Implicit,
        wanted: impl Fn(usize) -> bool,
    ) -> Result<Derivative<(), P::State>, Error> {
        let mut rhs = self.z.zeros(self.samples());
        for chunk in &linearised.chunks {
            let slots: Vec<usize> = chunk.slots().iter().copied().filter(|&slot| wanted(chunk.sample(slot))).collect();
            let samples = chunk.samples(&slots);
            let rows: Vec<usize> = (0..slots.len()).collect();
            let (mut part, z) = (rhs.zeros(slots.len()), pick(&chunk.z, &slots));
            self.problem.param_jvp(chunk.alone(&slots), &chunk.tape, &z, tangent, &mut part).map_err(Error::User)?;
            rhs.put(&samples, &part, &rows);
        }
        rhs.scale(&vec![-Scalar::<P>::one(); self.samples()]);
        options.tangent(self, linearised, &rhs)
    }
}
