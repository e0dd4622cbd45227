//! Passes with a matrix that is not packed.

use std::ops::Range;

use super::{Matrix, Operands, Order};
use crate::Real;
use crate::kernels::gemm::{PARALLEL_WORK, deal};
use crate::kernels::gemv::Strip;

/// The transpose of a row-major matrix, for a single row, for which packing would cost more than the pass.
pub(crate) struct Transposed<'a, T> {
    pub n: usize,
    pub m: &'a [T],
}

impl<T: Real> Matrix<T> for Transposed<'_, T> {
    fn size(&self) -> usize {
        self.n
    }

    fn block(&self, _: Order, before: Range<usize>, block: Range<usize>, fresh: bool, rows: &mut Operands<'_, T>) {
        if fresh && before.is_empty() {
            rows.behind.fill(T::zero());
        }
        // the inputs before have been added as soon as they were known
        let sums = &mut rows.sums[block.clone()];
        sums.copy_from_slice(&rows.behind[block.clone()]);
        self.add(block.clone(), block.start, rows.a, sums, false);
        sums.iter_mut().zip(&rows.ahead[block]).for_each(|(sum, &ahead)| *sum += ahead);
    }

    fn settle(&self, order: Order, block: Range<usize>, after: Range<usize>, rows: &mut Operands<'_, T>) {
        self.add(block, after.start, rows.a, &mut rows.behind[after], order == Order::Descending);
    }

    fn group(&self, inputs: Range<usize>, after: Range<usize>, _: bool, parallel: bool, rows: &mut Operands<'_, T>) {
        let (a, parallel) = (&*rows.a, parallel && inputs.len() * after.len() >= PARALLEL_WORK);
        deal(&mut rows.behind[after.clone()], after.len(), parallel, |_, column, out, _| {
            self.add(inputs.clone(), after.start + column, a, out, false);
        });
    }
}

impl<T: Real> Transposed<'_, T> {
    fn add(&self, inputs: Range<usize>, column: usize, a: &[T], out: &mut [T], down: bool) {
        T::multiply_row(Strip { m: self.m, stride: self.n, a, inputs, column, out, down });
    }
}
