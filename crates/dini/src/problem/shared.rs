//! A reference or an `Arc` to a problem is a problem, so that a solution can own either.

use std::sync::Arc;

use super::*;

macro_rules! forward {
    ($($pointer:ty $(where P: $bound:ident)?;)*) => { $(
        impl<P: Problem $(+ $bound)?> Problem for $pointer {
            type State = P::State;
            fn validate(&self, z: &P::State) -> Result<(), Error> {
                (**self).validate(z)
            }
            fn residual_scale(&self) -> ResidualScale {
                (**self).residual_scale()
            }
            fn residual(&self, at: Active<'_>, z: &P::State, out: &mut P::State) -> Eval {
                (**self).residual(at, z, out)
            }
            fn rough_residual(&self, at: Active<'_>, z: &P::State, out: &mut P::State) -> Result<bool, UserError> {
                (**self).rough_residual(at, z, out)
            }
            fn sweeps(&self) -> bool {
                (**self).sweeps()
            }
            fn sweep(
                &self, at: Active<'_>, pass: Pass<'_, P::State>, z: &mut P::State, change: &mut P::State,
            ) -> Eval {
                (**self).sweep(at, pass, z, change)
            }
        }
        impl<P: Linearize $(+ $bound)?> Linearize for $pointer {
            type Tape = P::Tape;
            fn tape(&self, like: &P::State) -> P::Tape {
                (**self).tape(like)
            }
            fn linearize(&self, at: Active<'_>, z: &P::State, g: &P::State, tape: &mut P::Tape) -> Eval {
                (**self).linearize(at, z, g, tape)
            }
            fn jvp(&self, at: Active<'_>, tape: &P::Tape, v: &P::State, out: &mut P::State) -> Eval {
                (**self).jvp(at, tape, v, out)
            }
            fn vjp(&self, at: Active<'_>, tape: &P::Tape, u: &P::State, out: &mut P::State) -> Eval {
                (**self).vjp(at, tape, u, out)
            }
            fn jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
                (**self).jacobian(slot, tape, out)
            }
            fn sweep_tangent(
                &self, at: Active<'_>, tape: &P::Tape, b: &P::State, pass: Pass<'_, P::State>, x: &mut P::State,
                change: &mut P::State,
            ) -> Eval {
                (**self).sweep_tangent(at, tape, b, pass, x, change)
            }
            fn sweep_adjoint(
                &self, at: Active<'_>, tape: &P::Tape, b: &P::State, pass: Pass<'_, P::State>, x: &mut P::State,
                change: &mut P::State,
            ) -> Eval {
                (**self).sweep_adjoint(at, tape, b, pass, x, change)
            }
            fn sparse_jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
                (**self).sparse_jacobian(slot, tape, out)
            }
            fn sparsity(&self) -> Option<&Sparsity> {
                (**self).sparsity()
            }
        }
        impl<P: Parametric $(+ $bound)?> Parametric for $pointer {
            type Parameters = P::Parameters;
            fn zero_parameters(&self, samples: usize) -> P::Parameters {
                (**self).zero_parameters(samples)
            }
            fn check_parameters(&self, samples: usize, parameters: &P::Parameters) -> Result<(), Error> {
                (**self).check_parameters(samples, parameters)
            }
        }
        impl<P: ParamVjp $(+ $bound)?> ParamVjp for $pointer {
            fn param_vjp(
                &self, at: Active<'_>, tape: &P::Tape, z: &P::State, u: &P::State, scale: Scalar<P>, grad: &mut P::Parameters,
            ) -> Eval {
                (**self).param_vjp(at, tape, z, u, scale, grad)
            }
            fn param_vjp_all(
                &self, samples: usize, parts: &[Part<'_, P::State, P::Tape>], scale: Scalar<P>,
            ) -> Result<P::Parameters, UserError> {
                (**self).param_vjp_all(samples, parts, scale)
            }
        }
        impl<P: ParamJvp $(+ $bound)?> ParamJvp for $pointer {
            fn param_jvp(
                &self, at: Active<'_>, tape: &P::Tape, z: &P::State, tangent: &P::Parameters, out: &mut P::State,
            ) -> Eval {
                (**self).param_jvp(at, tape, z, tangent, out)
            }
        }
        impl<P: SecondOrder $(+ $bound)?> SecondOrder for $pointer {
            fn vjp_along(
                &self, at: Active<'_>, tape: &P::Tape, along: &Along<'_, P::State, P::Parameters>, out: &mut P::State,
            ) -> Eval {
                (**self).vjp_along(at, tape, along, out)
            }
            fn param_vjp_along(
                &self, at: Active<'_>, tape: &P::Tape, along: &Along<'_, P::State, P::Parameters>, scale: Scalar<P>,
                grad: &mut P::Parameters,
            ) -> Eval {
                (**self).param_vjp_along(at, tape, along, scale, grad)
            }
        }
    )* };
}

forward! {
    &P;
    Arc<P> where P: Send;
}
