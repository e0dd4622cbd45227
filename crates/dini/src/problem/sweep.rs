//! Block Gauss-Seidel passes, as a problem offers them.

use num_traits::One;

use crate::batch::Batch;
pub use crate::kernels::sweep::Order;

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
    pub(super) fn take(&self, x: &mut V, change: &V) {
        if !self.hold {
            x.axpby(-V::Scalar::one(), change, V::Scalar::one());
        }
    }

    /// The same where `change` holds A x of a linear system A x = b.
    pub(super) fn take_residual(&self, b: &V, x: &mut V, change: &mut V) {
        change.axpby(-V::Scalar::one(), b, V::Scalar::one());
        self.take(x, change);
    }
}
