//! The tanh cell with weights in bfloat16.

use std::any::Any;
use std::sync::OnceLock;

use super::{Residual, Tanh};
use crate::Real;
use crate::batch::Rows;
use crate::kernels::bf16::Packed;
use crate::problem::{Active, Eval, Problem, RoughResidual};

/// W, packed when the first product asks for it; none where the processor cannot multiply it.
pub(super) type Rough = OnceLock<Option<Packed>>;

/// Whether there is such a W: in f32, on a processor that has instructions for it.
pub(super) fn is_at_hand<T: Real>(cell: &Tanh<T>) -> bool {
    single(cell).is_some_and(|cell| packed(cell).is_some())
}

fn single<T: Real>(cell: &Tanh<T>) -> Option<&Tanh<f32>> {
    (cell as &dyn Any).downcast_ref()
}

fn packed(cell: &Tanh<f32>) -> Option<&Packed> {
    cell.rough.get_or_init(|| Packed::from_rows(&cell.w, cell.n, cell.n)).as_ref()
}

impl<T: Real> RoughResidual<Rows<T>> for Tanh<T> {
    /// To three digits.
    fn rough_residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let (rows, to): (&dyn Any, &mut dyn Any) = (z, out);
        if let (Some(cell), Some(z), Some(out)) = (single(self), rows.downcast_ref::<Rows<f32>>(), to.downcast_mut())
            && let Some(packed) = packed(cell)
        {
            let out: &mut Rows<f32> = out;
            packed.apply(z.as_slice(), out.as_mut_slice(), at.parallel(), &Residual { at, z, x: &cell.x });
            return Ok(());
        }
        self.residual(at, z, out)
    }
}
