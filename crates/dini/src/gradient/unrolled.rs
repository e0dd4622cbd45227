//! The gradient through the iterations themselves: the reference that the implicit gradient is compared with.

use num_traits::One;

use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::problem::{Active, Eval, ParamVjp, Scalar};

/// An unrolled Picard iteration and its gradient.
#[derive(Debug)]
pub struct Unrolled<D, V> {
    /// The last iterate, B x n.
    pub z: V,
    /// dL/da through all iterations.
    pub value: D,
    /// Bytes-independent measure of memory: iterates kept, each B x n.
    pub iterates: usize,
}

/// dL/da of `iterations` steps of z <- z - damping g(z; a) from a constant `z0`, given the cotangent `w` of the last iterate.
///
/// Reverse accumulation over a tape of all iterates: u_k = w; dL/da -= damping (dg/da)^T u; u <- u - damping J^T u.
/// Memory grows linearly with the iterations, where the implicit gradient's does not. Costs two products more per
/// iteration than the forward pass.
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
    if z0.samples() == 0 || z0.width() == 0 {
        return Err(Error::Empty { what: "the batch" });
    }
    crate::solve::check_damping(damping)?;
    problem.validate(z0)?;
    let slots: Vec<usize> = (0..z0.samples()).collect();
    let at = Active::new(&slots, 0, true);
    let beta = Scalar::<P>::of(damping);
    let one = Scalar::<P>::one();

    let mut tape = vec![z0.clone()];
    let mut g = z0.zeros(z0.samples());
    for k in 0..iterations {
        problem.residual(at, &tape[k], &mut g).map_err(Error::User)?;
        let mut next = tape[k].clone();
        next.axpby(-beta, &g, one);
        tape.push(next);
    }
    let z = tape[iterations].clone();
    let mut u = w(&z);
    if (u.samples(), u.width()) != (z0.samples(), z0.width()) {
        return Err(Error::shape("the cotangent", (z0.samples(), z0.width()), (u.samples(), u.width())));
    }

    let mut value = problem.zero_parameters(z0.samples());
    let mut backward = || -> Eval {
        let mut linear = problem.tape(z0);
        let mut product = z0.zeros(z0.samples());
        for z in tape[..iterations].iter().rev() {
            problem.residual(at, z, &mut g)?;
            problem.linearize(at, z, &g, &mut linear)?;
            problem.param_vjp(at, &linear, z, &u, -beta, &mut value)?;
            problem.vjp(at, &linear, &u, &mut product)?;
            u.axpby(-beta, &product, one);
        }
        Ok(())
    };
    backward().map_err(Error::User)?;
    Ok(Unrolled { z, value, iterates: iterations + 1 })
}
