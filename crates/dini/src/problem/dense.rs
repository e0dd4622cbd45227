//! Dense Jacobians on a tape, for problems that state their derivative entry by entry.

use super::Active;
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::kernels::vector;

/// Dense n x n Jacobians, column-major, one per slot, and the products with them.
#[derive(Clone, Debug)]
pub struct DenseTape<T> {
    n: usize,
    matrices: Vec<T>,
}

impl<T: Real> DenseTape<T> {
    pub(super) fn new(slots: usize, n: usize) -> Self {
        DenseTape { n, matrices: vec![T::zero(); slots * n * n] }
    }

    pub(super) fn matrix(&self, slot: usize) -> &[T] {
        &self.matrices[slot * self.n * self.n..(slot + 1) * self.n * self.n]
    }

    pub(super) fn matrix_mut(&mut self, slot: usize) -> &mut [T] {
        &mut self.matrices[slot * self.n * self.n..(slot + 1) * self.n * self.n]
    }

    pub(super) fn jvp(&self, at: Active<'_>, v: &Rows<T>, out: &mut Rows<T>) {
        for i in 0..at.len() {
            let columns = self.matrix(at.slot(i)).chunks_exact(self.n);
            let out = out.row_mut(i);
            out.fill(T::zero());
            for (column, &v) in columns.zip(v.row(i)) {
                vector::axpby(out, v, column, T::one());
            }
        }
    }

    pub(super) fn vjp(&self, at: Active<'_>, u: &Rows<T>, out: &mut Rows<T>) {
        for i in 0..at.len() {
            let columns = self.matrix(at.slot(i)).chunks_exact(self.n);
            for (out, column) in out.row_mut(i).iter_mut().zip(columns) {
                *out = vector::dot(column, u.row(i));
            }
        }
    }
}

/// A direction of the parameters must be B x p.
pub(super) fn check_tangent<T: Real>(samples: usize, p: usize, tangent: &Rows<T>) -> Result<(), Error> {
    let found = (tangent.samples(), tangent.width());
    if found == (samples, p) { Ok(()) } else { Err(Error::shape("the parameters' direction", (samples, p), found)) }
}
