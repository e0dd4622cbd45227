//! A problem together with the pattern of its Jacobian.

use super::*;

/// States where the Jacobian of any problem may differ from zero; everything else is the problem's own.
///
/// [`SparseNewton`](crate::solve::SparseNewton) and the derivative then form J from as many products as the pattern has
/// colours and factor it sparsely. For a problem that has a residual only see [`ColouredDifferences`].
///
/// ```
/// use dini::solve::{SparseNewton, solve};
/// use dini::{Options, Rows, problem::{Closure, Sparse, Sparsity}};
/// // z_i^3 + z_i = 2: a diagonal Jacobian
/// let cubes = Closure::new(
///     4,
///     |_, z: &[f64], g| g.iter_mut().zip(z).for_each(|(g, z)| *g = z * z * z + z - 2.0),
///     |_, z, j| (0..4).for_each(|i| j[5 * i] = 3.0 * z[i] * z[i] + 1.0),
/// );
/// let problem = Sparse { problem: cubes, sparsity: Sparsity::banded(4, 0, 0)? };
/// let solution = solve(&problem, &Rows::new(1, 4), &SparseNewton::default(), &Options::default())?;
/// assert!(solution.converged()?.row(0).iter().all(|z| (z - 1.0).abs() < 1e-6));
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sparse<P> {
    /// The problem.
    pub problem: P,
    /// The pattern of its Jacobian.
    pub sparsity: Sparsity,
}

/// The state must be as wide as the pattern.
pub(crate) fn check_size<V: Batch>(sparsity: &Sparsity, z: &V) -> Result<(), Error> {
    if sparsity.size() == z.width() {
        return Ok(());
    }
    let (expected, found) = ((z.width(), z.width()), (sparsity.size(), sparsity.size()));
    Err(Error::shape("the sparsity pattern", expected, found))
}

impl<P: Problem> Problem for Sparse<P> {
    type State = P::State;

    fn validate(&self, z: &P::State) -> Result<(), Error> {
        check_size(&self.sparsity, z)?;
        self.problem.validate(z)
    }

    fn residual_scale(&self) -> ResidualScale {
        self.problem.residual_scale()
    }

    fn residual(&self, at: Active<'_>, z: &P::State, out: &mut P::State) -> Eval {
        self.problem.residual(at, z, out)
    }

    fn rough_residual(&self, at: Active<'_>, z: &P::State, out: &mut P::State) -> Result<bool, UserError> {
        self.problem.rough_residual(at, z, out)
    }

    fn sweeps(&self) -> bool {
        self.problem.sweeps()
    }

    fn sweep(&self, at: Active<'_>, pass: Pass<'_, P::State>, z: &mut P::State, change: &mut P::State) -> Eval {
        self.problem.sweep(at, pass, z, change)
    }
}

impl<P: Linearize> Linearize for Sparse<P> {
    type Tape = P::Tape;

    fn tape(&self, like: &P::State) -> P::Tape {
        self.problem.tape(like)
    }

    fn linearize(&self, at: Active<'_>, z: &P::State, g: &P::State, tape: &mut P::Tape) -> Eval {
        self.problem.linearize(at, z, g, tape)
    }

    fn jvp(&self, at: Active<'_>, tape: &P::Tape, v: &P::State, out: &mut P::State) -> Eval {
        self.problem.jvp(at, tape, v, out)
    }

    fn vjp(&self, at: Active<'_>, tape: &P::Tape, u: &P::State, out: &mut P::State) -> Eval {
        self.problem.vjp(at, tape, u, out)
    }

    fn jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
        self.problem.jacobian(slot, tape, out)
    }

    // entries in the order of another pattern would be of no use
    fn sparse_jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
        self.problem.sparsity() == Some(&self.sparsity) && self.problem.sparse_jacobian(slot, tape, out)
    }

    fn sweep_tangent(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        self.problem.sweep_tangent(at, tape, b, pass, x, change)
    }

    fn sweep_adjoint(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        self.problem.sweep_adjoint(at, tape, b, pass, x, change)
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        Some(&self.sparsity)
    }
}

impl<P: SecondOrder> SecondOrder for Sparse<P> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        along: &Along<'_, P::State, P::Parameters>,
        out: &mut P::State,
    ) -> Eval {
        self.problem.vjp_along(at, tape, along, out)
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        along: &Along<'_, P::State, P::Parameters>,
        scale: Scalar<P>,
        grad: &mut P::Parameters,
    ) -> Eval {
        self.problem.param_vjp_along(at, tape, along, scale, grad)
    }
}

impl<P: Parametric> Parametric for Sparse<P> {
    type Parameters = P::Parameters;

    fn zero_parameters(&self, samples: usize) -> P::Parameters {
        self.problem.zero_parameters(samples)
    }

    fn check_parameters(&self, samples: usize, parameters: &P::Parameters) -> Result<(), Error> {
        self.problem.check_parameters(samples, parameters)
    }
}

impl<P: ParamVjp> ParamVjp for Sparse<P> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        z: &P::State,
        u: &P::State,
        scale: Scalar<P>,
        grad: &mut P::Parameters,
    ) -> Eval {
        self.problem.param_vjp(at, tape, z, u, scale, grad)
    }

    fn param_vjp_all(
        &self,
        samples: usize,
        parts: &[Part<'_, P::State, P::Tape>],
        scale: Scalar<P>,
    ) -> Result<P::Parameters, UserError> {
        self.problem.param_vjp_all(samples, parts, scale)
    }
}

impl<P: ParamJvp> ParamJvp for Sparse<P> {
    fn param_jvp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        z: &P::State,
        tangent: &P::Parameters,
        out: &mut P::State,
    ) -> Eval {
        self.problem.param_jvp(at, tape, z, tangent, out)
    }
}
