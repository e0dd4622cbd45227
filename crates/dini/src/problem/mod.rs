//! The equation g(z; a) = 0 and what a problem can offer beyond its residual.
//!
//! A problem holds its parameters a and is never mutated. It states plain derivatives (J v, J^T u, (dg/da) t,
//! (dg/da)^T u with J = dg/dz); every sign of the implicit function theorem belongs to the library. A fixed point
//! z = f(z; a) enters as g = z - f(z; a).
//!
//! Closures become problems by [`Model`](crate::Model); the traits here are for problems with products, storage or parameters of their
//! own. Whoever has no kernels for many samples at once states [`OneSample`].

mod active;
mod bounds;
mod capabilities;
mod each;
mod evaluator;
mod groups;
mod passes;
mod scaled;
mod second_order;
mod shared;

pub use crate::sparsity::Sparsity;
pub use active::{Active, Sample, Slot, Slots};
pub use bounds::Bounds;
pub(crate) use capabilities::pattern;
pub use capabilities::{Capabilities, CapabilitiesOf, DenseJacobian, RoughResidual, Sparse, SparseJacobian};
pub use each::{Each, OneSample, OneSampleVjp};
pub(crate) use evaluator::Evaluations;
pub use evaluator::Evaluator;
pub use groups::{Group, Grouped};
pub use passes::{Equations, Order, Pass, Passes};
pub(crate) use passes::{OneBlock, residual};
pub use scaled::Scaled;
pub use second_order::{Along, SecondOrder};

use crate::batch::Batch;
use crate::error::{Error, UserError};

/// Result of an evaluation; an error is fatal and ends the whole solve.
///
/// A sample at which the function is undefined (a logarithm of a negative number) is not an error: leave NaN in its row.
/// Solvers shorten the step of that sample, or end it as [`Status::NonFinite`](crate::Status::NonFinite).
pub type Eval = Result<(), UserError>;

/// Scalar type of a problem's state.
pub type Scalar<P> = <<P as Problem>::State as Batch>::Scalar;

/// What the relative tolerance of a residual is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResidualScale {
    /// ||z||: for fixed points, whose residual z - f(z) has the units of z.
    State,
    /// ||g(z0)||: for equations in units of their own.
    Start,
}

/// One equation g(z; a) = 0 per sample.
pub trait Problem: Sync {
    /// Storage of a batch of states.
    type State: Batch;

    /// Checks that a batch shaped like `z` can be solved.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`], ...: whatever is wrong with the problem's own data.
    fn validate(&self, z: &Self::State) -> Result<(), Error>;

    /// What the relative tolerance refers to.
    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::Start
    }

    /// out <- g(z), row by row; row i is sample `at.sample(i)`.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn residual(&self, at: Active<'_>, z: &Self::State, out: &mut Self::State) -> Eval;

    /// g in reduced precision, where that is cheaper: for [`Options::mixed_precision`](crate::Options::mixed_precision).
    fn rough(&self) -> Option<&dyn RoughResidual<Self::State>> {
        None
    }
}

/// Products with the Jacobian J = dg/dz.
pub trait Linearize: Problem {
    /// What is kept of a point to form products there; one entry per slot of a chunk.
    type Tape: Send + Sync;

    /// An empty tape for as many samples as `like` has.
    fn tape(&self, like: &Self::State) -> Self::Tape;
    /// Prepares products at z, for which `g` = g(z) is known; row i goes to `at.slot(i)` of the tape.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn linearize(&self, at: Active<'_>, z: &Self::State, g: &Self::State, tape: &mut Self::Tape) -> Eval;
    /// out <- J v
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn jvp(&self, at: Active<'_>, tape: &Self::Tape, v: &Self::State, out: &mut Self::State) -> Eval;
    /// out <- J^T u
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn vjp(&self, at: Active<'_>, tape: &Self::Tape, u: &Self::State, out: &mut Self::State) -> Eval;
    /// What the problem can do beyond products.
    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        Capabilities::NONE
    }
}

/// Parameters a of a problem, as the space of their gradients and tangents.
pub trait Parametric: Linearize {
    /// A point of the parameters' space: a gradient dL/da or a direction da.
    type Parameters: Send;

    /// Checks that there is a parameter to differentiate by.
    ///
    /// # Errors
    /// [`Error::NoParameters`].
    fn parametrised(&self) -> Result<(), Error> {
        Ok(())
    }
    /// The zero of that space, for a batch of `samples`.
    fn zero_parameters(&self, samples: usize) -> Self::Parameters;
}

/// Transposed products with the derivative by the parameters.
pub trait ParamVjp: Parametric {
    /// grad <- grad + scale * (dg/da)^T u, summed over the samples where a parameter is shared.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn param_vjp(
        &self,
        at: Active<'_>,
        tape: &Self::Tape,
        z: &Self::State,
        u: &Self::State,
        scale: Scalar<Self>,
        grad: &mut Self::Parameters,
    ) -> Eval;

    /// scale * (dg/da)^T u over a whole batch of `samples`, of which `parts` are those that count.
    ///
    /// By default the sum of [`param_vjp`](ParamVjp::param_vjp) over the parts; for problems whose shared parameters cost less
    /// in one product over all samples.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn param_vjp_all(
        &self,
        samples: usize,
        parts: &[Part<'_, Self::State, Self::Tape>],
        scale: Scalar<Self>,
    ) -> Result<Self::Parameters, UserError> {
        let mut grad = self.zero_parameters(samples);
        for Part { at, tape, z, u } in parts {
            self.param_vjp(*at, tape, z, u, scale, &mut grad)?;
        }
        Ok(grad)
    }
}

/// Samples of one chunk, with what a product with the derivative by the parameters needs.
#[derive(Debug)]
pub struct Part<'a, V, T> {
    /// Which samples the rows of `z` and `u` are.
    pub at: Active<'a>,
    /// The linearisation of their chunk.
    pub tape: &'a T,
    /// The point of linearisation.
    pub z: &'a V,
    /// What is multiplied.
    pub u: &'a V,
}

/// Products with the derivative by the parameters.
pub trait ParamJvp: Parametric {
    /// Checks the shape of a direction, for a batch of `samples`.
    ///
    /// # Errors
    /// [`Error::Shape`].
    fn check_direction(&self, samples: usize, direction: &Self::Parameters) -> Result<(), Error>;
    /// out <- (dg/da) tangent
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn param_jvp(
        &self,
        at: Active<'_>,
        tape: &Self::Tape,
        z: &Self::State,
        tangent: &Self::Parameters,
        out: &mut Self::State,
    ) -> Eval;
}
