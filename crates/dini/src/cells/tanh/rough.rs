//! The tanh cell with weights in bfloat16.

use std::any::Any;
use std::sync::OnceLock;

use super::{Residual, Tanh};
use crate::Real;
use crate::batch::Rows;
use crate::kernels::bf16::Packed;
use crate::problem::Active;

/// W, packed when the first product asks for it; none where the processor cannot multiply it.
pub(super) type Rough = OnceLock<Option<Packed>>;

/// out <- z - tanh(W z + x) to three digits; false in f64, and where the processor has no instructions for it.
pub(super) fn residual<T: Real>(cell: &Tanh<T>, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> bool {
    let (cell, z, out): (&dyn Any, &dyn Any, &mut dyn Any) = (cell, z, out);
    let (Some(cell), Some(z), Some(out)) =
        (cell.downcast_ref::<Tanh<f32>>(), z.downcast_ref::<Rows<f32>>(), out.downcast_mut::<Rows<f32>>())
    else {
        return false;
    };
    let Some(packed) = cell.rough.get_or_init(|| Packed::from_rows(&cell.w, cell.n, cell.n)) else { return false };
    packed.apply(z.as_slice(), out.as_mut_slice(), at.parallel(), &Residual { at, z, x: &cell.x });
    true
}
