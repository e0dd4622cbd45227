//! The gradient through the iterations themselves: the reference that the implicit gradient is compared with.

use num_traits::One;

use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::problem::{Active, Eval, ParamVjp, Scalar};
use crate::solve::check_damping;

/// An unrolled Picard iteration and its gradient.
#[derive(Debug)]
pub struct Unrolled<D, V> {
    /// The last iterate, B x n.
    pub z: V,
    /// dL/da through the iterations that were differentiated.
    pub value: D,
    /// Bytes-independent measure of memory: the most iterates held at a time, each B x n.
    pub iterates: usize,
    /// Evaluations of g, of the whole batch.
    pub evaluations: usize,
}

/// dL/da of `iterations` steps of z <- z - damping g(z; a) from a constant `z0`, given the cotangent `w` of the last iterate.
///
/// Reverse accumulation over a tape of all iterates: u_k = w; dL/da -= damping (dg/da)^T u; u <- u - damping J^T u.
/// Memory grows linearly with the iterations, where the implicit gradient's does not
/// ([`checkpointed`](super::checkpointed) needs less). Costs 2 `iterations` - 1 evaluations and two products for each
/// iteration.
///
/// ```
/// use dini::{Rows, cells::Tanh, gradient::unrolled};
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let one_step = unrolled(&cell, &Rows::new(1, 1), 1, 1.0, |z| { let mut w = z.clone(); w.row_mut(0)[0] = 1.0; w })?;
/// let z = one_step.z.row(0)[0]; // tanh 0.3
/// assert!((one_step.value.x.row(0)[0] - (1.0 - z * z)).abs() < 1e-12);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: J. C. Gilbert (1992), doi:10.1080/10556789208805503.
///
/// # Errors
/// Shapes that do not fit, a damping outside (0, 1], or a fatal error of the problem.
pub fn unrolled<P: ParamVjp>(
    problem: &P,
    z0: &P::State,
    iterations: usize,
    damping: f64,
    w: impl FnOnce(&P::State) -> P::State,
) -> Result<Unrolled<P::Parameters, P::State>, Error> {
    Iterations::new(problem, z0, damping)?.reverse(z0.clone(), iterations, iterations, w)
}

/// The iteration z <- z - damping g(z; a) and its adjoint, step by step.
pub(super) struct Iterations<'p, P: ParamVjp> {
    problem: &'p P,
    slots: Vec<usize>,
    beta: Scalar<P>,
    /// g of the iterate at hand
    pub g: P::State,
    product: P::State,
    linear: P::Tape,
    pub value: P::Parameters,
    pub evaluations: usize,
}

impl<'p, P: ParamVjp> Iterations<'p, P> {
    pub fn new(problem: &'p P, z0: &P::State, damping: f64) -> Result<Self, Error> {
        if z0.samples() == 0 || z0.width() == 0 {
            return Err(Error::Empty { what: "the batch" });
        }
        check_damping(damping)?;
        problem.validate(z0)?;
        let zeros = || z0.zeros(z0.samples());
        Ok(Iterations {
            problem,
            slots: (0..z0.samples()).collect(),
            beta: Scalar::<P>::of(damping),
            g: zeros(),
            product: zeros(),
            linear: problem.tape(z0),
            value: problem.zero_parameters(z0.samples()),
            evaluations: 0,
        })
    }

    /// g <- g(z)
    pub fn evaluate(&mut self, z: &P::State) -> Eval {
        self.evaluations += 1;
        self.problem.residual(Active::new(&self.slots, 0, true), z, &mut self.g)
    }

    /// z <- z - damping g, for the g at hand.
    pub fn step(&self, z: &mut P::State) {
        z.axpby(-self.beta, &self.g, Scalar::<P>::one());
    }

    /// `steps` steps from z.
    pub fn advance(&mut self, z: &mut P::State, steps: usize) -> Eval {
        for _ in 0..steps {
            self.evaluate(z)?;
            self.step(z);
        }
        Ok(())
    }

    /// Takes u back over the step from z, whose g is at hand.
    pub fn pull(&mut self, z: &P::State, u: &mut P::State) -> Eval {
        let at = Active::new(&self.slots, 0, true);
        self.problem.linearize(at, z, &self.g, &mut self.linear)?;
        self.problem.param_vjp(at, &self.linear, z, u, -self.beta, &mut self.value)?;
        self.problem.vjp(at, &self.linear, u, &mut self.product)?;
        u.axpby(-self.beta, &self.product, Scalar::<P>::one());
        Ok(())
    }
}
