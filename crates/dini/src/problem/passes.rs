//! Block Gauss-Seidel passes, as a problem offers them.

use num_traits::One;

use super::{Active, Eval, Linearize};
use crate::batch::Batch;
pub use crate::kernels::passes::Order;

/// Block Gauss-Seidel passes on z = f(z), with g = z - f(z), and on the systems with its Jacobian: for
/// [`solve::GaussSeidel`](crate::solve::GaussSeidel) and [`linear::GaussSeidel`](crate::linear::GaussSeidel).
///
/// Each x <- the new x and change <- the old one less the new one; on [hold](Pass::hold) x stays and change <- the residual, exactly.
pub trait Passes<V, T> {
    /// On z = f(z), whose residual is g(z).
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn pass(&self, at: Active<'_>, pass: Pass<'_, V>, z: &mut V, change: &mut V) -> Eval;
    /// On J x = b, whose residual is J x - b.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn pass_tangent(&self, at: Active<'_>, tape: &T, b: &V, pass: Pass<'_, V>, x: &mut V, change: &mut V) -> Eval;
    /// On J^T x = b, whose residual is J^T x - b.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn pass_adjoint(&self, at: Active<'_>, tape: &T, b: &V, pass: Pass<'_, V>, x: &mut V, change: &mut V) -> Eval;
}

/// A problem as one block, for which a pass is a step of Picard iteration.
#[derive(Debug)]
pub(crate) struct OneBlock<'a, P>(pub &'a P);

impl<P: Linearize> Passes<P::State, P::Tape> for OneBlock<'_, P> {
    fn pass(&self, at: Active<'_>, pass: Pass<'_, P::State>, z: &mut P::State, change: &mut P::State) -> Eval {
        self.0.residual(at, z, change)?;
        pass.take(z, change);
        Ok(())
    }

    fn pass_tangent(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        self.0.jvp(at, tape, x, change)?;
        pass.take_residual(b, x, change);
        Ok(())
    }

    fn pass_adjoint(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        self.0.vjp(at, tape, x, change)?;
        pass.take_residual(b, x, change);
        Ok(())
    }
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

impl<V: Batch> Pass<'_, V> {
    /// x <- x - change, unless nothing is to move: a pass over the whole of x as one block.
    fn take(&self, x: &mut V, change: &V) {
        if !self.hold {
            x.axpby(-V::Scalar::one(), change, V::Scalar::one());
        }
    }

    /// The same where `change` holds A x of a linear system A x = b.
    fn take_residual(&self, b: &V, x: &mut V, change: &mut V) {
        change.axpby(-V::Scalar::one(), b, V::Scalar::one());
        self.take(x, change);
    }
}
