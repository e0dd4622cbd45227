//! Derivatives by the parameters of a problem in other units.

use super::*;

impl<P: Parametric> Parametric for Scaled<P> {
    type Parameters = P::Parameters;

    fn parametrised(&self) -> Result<(), Error> {
        self.problem.parametrised()
    }

    fn zero_parameters(&self, samples: usize) -> P::Parameters {
        self.problem.zero_parameters(samples)
    }
}

impl<P: ParamVjp> ParamVjp for Scaled<P> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        y: &P::State,
        u: &P::State,
        scale: Scalar<P>,
        grad: &mut P::Parameters,
    ) -> Eval {
        self.problem.param_vjp(at, tape, &self.unscaled(y), &multiplied(u, &self.rows), scale, grad)
    }
}

impl<P: ParamJvp> ParamJvp for Scaled<P> {
    fn check_direction(&self, samples: usize, parameters: &P::Parameters) -> Result<(), Error> {
        self.problem.check_direction(samples, parameters)
    }

    fn param_jvp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        y: &P::State,
        tangent: &P::Parameters,
        out: &mut P::State,
    ) -> Eval {
        self.problem.param_jvp(at, tape, &self.unscaled(y), tangent, out)?;
        multiply(out, &self.rows);
        Ok(())
    }
}

impl<P: SecondOrder> Scaled<P> {
    /// Calls `f` with a direction in the units of the problem inside: lam^T R g(C y) is h for the adjoint R lam.
    fn along<R>(
        &self,
        along: &Along<'_, P::State, P::Parameters>,
        f: impl FnOnce(&Along<'_, P::State, P::Parameters>) -> R,
    ) -> R {
        let (z, lam, dz) = (self.unscaled(along.z), multiplied(along.lam, &self.rows), self.unscaled(along.dz));
        f(&Along { z: &z, lam: &lam, dz: &dz, da: along.da })
    }
}

impl<P: SecondOrder> SecondOrder for Scaled<P> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        along: &Along<'_, P::State, P::Parameters>,
        out: &mut P::State,
    ) -> Eval {
        self.along(along, |along| self.problem.vjp_along(at, tape, along, out))?;
        multiply(out, &self.columns);
        Ok(())
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        along: &Along<'_, P::State, P::Parameters>,
        scale: Scalar<P>,
        grad: &mut P::Parameters,
    ) -> Eval {
        self.along(along, |along| self.problem.param_vjp_along(at, tape, along, scale, grad))
    }
}
