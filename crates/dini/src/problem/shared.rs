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
            fn rough(&self) -> Option<&dyn RoughResidual<P::State>> {
                (**self).rough()
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
            fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
                (**self).capabilities()
            }
        }
        impl<P: Parametric $(+ $bound)?> Parametric for $pointer {
            type Parameters = P::Parameters;
            fn parametrised(&self) -> Result<(), Error> {
                (**self).parametrised()
            }
            fn zero_parameters(&self, samples: usize) -> P::Parameters {
                (**self).zero_parameters(samples)
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
            fn check_direction(&self, samples: usize, parameters: &P::Parameters) -> Result<(), Error> {
                (**self).check_direction(samples, parameters)
            }
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
