//! Fixed points z = f(z; a).

use num_traits::{One, Zero};

use super::*;
use crate::batch::{Batch, Keep};

/// The fixed point z = f(z; a) as the equation g = z - f(z; a).
///
/// The inner problem states f in place of g: its "residual" is f(z), its products are those of df/dz and df/da. So a
/// closure or an [`Equation`] may state either, and every solver sees the same equation. Picard iteration is
/// z <- f(z), and J = I - df/dz.
///
/// ```
/// use dini::{Newton, Options, Rows, problem::{Closure, FixedPoint}, solve};
/// // z = cos z
/// let f = Closure::new(1, |_, z: &[f64], out| out[0] = z[0].cos(), |_, z, out| out[0] = -z[0].sin());
/// let solution = solve(FixedPoint(f), &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// assert!((solution.converged()?.row(0)[0] - 0.739_085_133_215_160_6).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedPoint<F>(pub F);

impl<F: Problem> Problem for FixedPoint<F> {
    type State = F::State;

    fn validate(&self, z: &F::State) -> Result<(), Error> {
        self.0.validate(z)
    }

    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }

    fn residual(&self, at: Active<'_>, z: &F::State, out: &mut F::State) -> Eval {
        self.0.residual(at, z, out)?;
        out.axpby(One::one(), z, -Scalar::<F>::one());
        Ok(())
    }
}

impl<F: Linearize> Linearize for FixedPoint<F> {
    /// The inner tape, and room for f(z).
    type Tape = (F::Tape, F::State);

    fn tape(&self, like: &F::State) -> Self::Tape {
        (self.0.tape(like), like.zeros(like.samples()))
    }

    fn linearize(&self, at: Active<'_>, z: &F::State, g: &F::State, (tape, f): &mut Self::Tape) -> Eval {
        f.reset(at.len());
        f.axpby(One::one(), z, Zero::zero());
        f.axpby(-Scalar::<F>::one(), g, One::one());
        self.0.linearize(at, z, f, tape)
    }

    fn jvp(&self, at: Active<'_>, (tape, _): &Self::Tape, v: &F::State, out: &mut F::State) -> Eval {
        self.0.jvp(at, tape, v, out)?;
        out.axpby(One::one(), v, -Scalar::<F>::one());
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, (tape, _): &Self::Tape, u: &F::State, out: &mut F::State) -> Eval {
        self.0.vjp(at, tape, u, out)?;
        out.axpby(One::one(), u, -Scalar::<F>::one());
        Ok(())
    }

    fn jacobian(&self, slot: usize, (tape, f): &Self::Tape, out: &mut [Scalar<F>]) -> bool {
        if !self.0.jacobian(slot, tape, out) {
            return false;
        }
        let n = f.width();
        for (j, column) in out.chunks_exact_mut(n).enumerate() {
            column.iter_mut().for_each(|v| *v = -*v);
            column[j] += Scalar::<F>::one();
        }
        true
    }

    /// The pattern of df/dz and the diagonal.
    fn sparsity(&self) -> Option<&Sparsity> {
        self.0.sparsity().map(Sparsity::with_diagonal)
    }
}

impl<F: Parametric> Parametric for FixedPoint<F> {
    type Parameters = F::Parameters;

    fn zero_parameters(&self, samples: usize) -> F::Parameters {
        self.0.zero_parameters(samples)
    }

    fn check_parameters(&self, samples: usize, parameters: &F::Parameters) -> Result<(), Error> {
        self.0.check_parameters(samples, parameters)
    }
}

impl<F: ParamVjp> ParamVjp for FixedPoint<F> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        (tape, _): &Self::Tape,
        z: &F::State,
        u: &F::State,
        scale: Scalar<F>,
        grad: &mut F::Parameters,
    ) -> Eval {
        self.0.param_vjp(at, tape, z, u, -scale, grad)
    }

    fn param_vjp_all(
        &self,
        samples: usize,
        parts: &[Part<'_, F::State, Self::Tape>],
        scale: Scalar<F>,
    ) -> Result<F::Parameters, UserError> {
        let inner = parts.iter().map(|&Part { at, tape: (tape, _), z, u }| Part { at, tape, z, u });
        self.0.param_vjp_all(samples, &inner.collect::<Vec<_>>(), -scale)
    }
}

impl<F: ParamJvp> ParamJvp for FixedPoint<F> {
    fn param_jvp(
        &self,
        at: Active<'_>,
        (tape, _): &Self::Tape,
        z: &F::State,
        tangent: &F::Parameters,
        out: &mut F::State,
    ) -> Eval {
        self.0.param_jvp(at, tape, z, tangent, out)?;
        out.scale(&vec![-Scalar::<F>::one(); at.len()]);
        Ok(())
    }
}

impl<F: SecondOrder> SecondOrder for FixedPoint<F> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        (tape, _): &Self::Tape,
        along: &Along<'_, F::State, F::Parameters>,
        out: &mut F::State,
    ) -> Eval {
        // z itself is linear
        self.0.vjp_along(at, tape, along, out)?;
        out.scale(&vec![-Scalar::<F>::one(); at.len()]);
        Ok(())
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        (tape, _): &Self::Tape,
        along: &Along<'_, F::State, F::Parameters>,
        scale: Scalar<F>,
        grad: &mut F::Parameters,
    ) -> Eval {
        self.0.param_vjp_along(at, tape, along, -scale, grad)
    }
}
