//! Block Gauss-Seidel passes, as a problem offers them.

use num_traits::One;

use super::{Active, Eval, Linearize, Scalar};
use crate::batch::Batch;
pub use crate::kernels::passes::Order;

/// Block Gauss-Seidel passes on z = f(z), with g = z - f(z), and on the systems with its Jacobian: for
/// [`solve::GaussSeidel`](crate::solve::GaussSeidel) and [`linear::GaussSeidel`](crate::linear::GaussSeidel).
pub trait Passes<V, T> {
    /// x <- the new x and change <- the old one less the new one; on [hold](Pass::hold) x stays and change <- the residual, exactly.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn pass(&self, at: Active<'_>, of: Equations<'_, V, T>, pass: Pass<'_, V>, x: &mut V, change: &mut V) -> Eval;
}

/// The equations that a pass is made on.
#[derive(Debug)]
pub enum Equations<'a, V, T> {
    /// z = f(z), whose residual is g(z).
    Own,
    /// J x = b, whose residual is J x - b.
    Tangent {
        /// The linearisation.
        tape: &'a T,
        /// The right-hand side.
        b: &'a V,
    },
    /// J^T x = b, whose residual is J^T x - b.
    Adjoint {
        /// The linearisation.
        tape: &'a T,
        /// The right-hand side.
        b: &'a V,
    },
}

// whatever V and T are: it holds references alone
impl<V, T> Copy for Equations<'_, V, T> {}

impl<V, T> Clone for Equations<'_, V, T> {
    fn clone(&self) -> Self {
        *self
    }
}

/// A problem as one block, for which a pass is a step of Picard iteration.
#[derive(Debug)]
pub(crate) struct OneBlock<'a, P>(pub &'a P);

impl<P: Linearize> Passes<P::State, P::Tape> for OneBlock<'_, P> {
    fn pass(
        &self,
        at: Active<'_>,
        of: Equations<'_, P::State, P::Tape>,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        residual(self.0, at, of, x, change)?;
        if !pass.hold {
            let one = <Scalar<P> as One>::one();
            x.axpby(-one, change, one);
        }
        Ok(())
    }
}

/// out <- the residual of these equations at x.
pub(crate) fn residual<P: Linearize>(
    problem: &P,
    at: Active<'_>,
    of: Equations<'_, P::State, P::Tape>,
    x: &P::State,
    out: &mut P::State,
) -> Eval {
    let b = match of {
        Equations::Own => return problem.residual(at, x, out),
        Equations::Tangent { tape, b } => {
            problem.jvp(at, tape, x, out)?;
            b
        }
        Equations::Adjoint { tape, b } => {
            problem.vjp(at, tape, x, out)?;
            b
        }
    };
    let one = <Scalar<P> as One>::one();
    out.axpby(-one, b, one);
    Ok(())
}

/// One pass of block Gauss-Seidel iteration on z = f(z) with f(z) = phi(A z), A linear: block after block of z is solved for
/// with the blocks before it as they have become and the blocks after it as they were.
///
/// The sums A z over the blocks before and after each block are kept apart. A pass in one order needs those over the blocks
/// after, and makes those over the blocks before; the next pass, in the reverse order, needs just these. So a pass costs half
/// a product, and the diagonal blocks (V. Conrad and Y. Wallach 1979, Numer. Math. 32, 105-108).
#[derive(Debug)]
pub struct Pass<'a, V> {
    /// The order of the blocks.
    pub order: Order,
    /// Whether nothing is to move, so that the pass only measures the residual.
    pub hold: bool,
    /// B x n, the sums over the blocks after each block: what the last pass, in the reverse order, has left in `behind`. Zero
    /// before the first pass, from z = 0.
    pub ahead: &'a V,
    /// B x n, the sums over the blocks before each block: written by this pass.
    pub behind: &'a mut V,
}
