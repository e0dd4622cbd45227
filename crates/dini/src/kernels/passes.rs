//! Passes of block Gauss-Seidel iteration: a product whose input changes on the way.

mod packed;
mod row_major;

use std::ops::Range;

pub use packed::Block;
use pulp::{Arch, Simd, WithSimd};

pub(crate) use row_major::Transposed;

use crate::Real;
use crate::kernels::lane::Lane;
use crate::kernels::tiles::DEPTH;

/// The order in which a pass goes through the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the first component to the last.
    Ascending,
    /// From the last component to the first.
    Descending,
}

impl Order {
    /// The other one.
    pub fn reversed(self) -> Self {
        match self {
            Order::Ascending => Order::Descending,
            Order::Descending => Order::Ascending,
        }
    }

    /// Number `step` of `count` in this order.
    fn nth(self, step: usize, count: usize) -> usize {
        match self {
            Order::Ascending => step,
            Order::Descending => count - 1 - step,
        }
    }

    /// Of the indices in `all`, those that come before `part` in this order, and those that come after it.
    fn around(self, part: &Range<usize>, all: &Range<usize>) -> (Range<usize>, Range<usize>) {
        let (low, high) = (all.start..part.start, part.end..all.end);
        match self {
            Order::Ascending => (low, high),
            Order::Descending => (high, low),
        }
    }
}

/// What the sums of a block make of the iterate.
pub(crate) trait Update<T: Lane> {
    /// `sums` holds columns `column ..` of row `row` of the product, and `a` those of the rows that are multiplied, for the
    /// blocks that follow. Arrays, so that the compiler has no loop to guard.
    fn update<S: Simd, const N: usize>(&mut self, row: usize, column: usize, sums: &mut [T; N], a: &mut [T; N]);
}

/// The rows of a pass, all of them rows x n.
pub(crate) struct Operands<'a, T> {
    /// what is multiplied
    pub a: &'a mut [T],
    /// sums over the blocks after each block in the order of the pass, of an earlier pass
    pub ahead: &'a [T],
    /// sums over the blocks before each block: made by this pass
    pub behind: &'a mut [T],
    /// scratch for the sums over all blocks
    pub sums: &'a mut [T],
}

/// A square matrix M as a pass reads it.
pub(crate) trait Matrix<T: Real> {
    /// Size n.
    fn size(&self) -> usize;
    /// sums <- behind + block + ahead in the columns of `block`, where behind takes up the inputs `before` first, a group's
    /// share of them; `fresh` where there have been none.
    fn block(&self, order: Order, before: Range<usize>, block: Range<usize>, fresh: bool, rows: &mut Operands<'_, T>);
    /// Takes note of the new inputs of `block`, for the outputs `after` it in the same group.
    fn settle(&self, order: Order, block: Range<usize>, after: Range<usize>, rows: &mut Operands<'_, T>) {
        let _ = (order, block, after, rows);
    }
    /// behind <- behind + what the inputs of a group contribute to the outputs of the groups `after` it.
    fn group(&self, inputs: Range<usize>, after: Range<usize>, fresh: bool, parallel: bool, rows: &mut Operands<'_, T>);
}

/// One pass: block after block of [`Lane::PANEL`] columns, `a` M^T is formed with `a` as the blocks before have left it.
///
/// Groups of [`DEPTH`] inputs: their blocks one by one, and then the groups that follow in one product. Every element is summed
/// in one order, whatever the number of rows. Cost: half of rows x n^2 multiplications, and the diagonal blocks.
pub(crate) fn pass<T: Real, M: Matrix<T>, U: Update<T>>(
    matrix: &M,
    order: Order,
    rows: &mut Operands<'_, T>,
    parallel: bool,
    update: &mut U,
) {
    let n = matrix.size();
    let groups = n.div_ceil(DEPTH);
    for step in 0..groups {
        let start = order.nth(step, groups) * DEPTH;
        let group = start..n.min(start + DEPTH);
        let (fresh, blocks) = (step == 0, group.len().div_ceil(T::PANEL));
        for k in 0..blocks {
            let start = group.start + order.nth(k, blocks) * T::PANEL;
            let block = start..group.end.min(start + T::PANEL);
            let (before, after) = order.around(&block, &group);
            matrix.block(order, before, block.clone(), fresh, rows);
            Arch::new().dispatch(Updates { update, block: block.clone(), n, rows });
            matrix.settle(order, block, after, rows);
        }
        let (_, after) = order.around(&group, &(0..n));
        if !after.is_empty() {
            matrix.group(group, after, fresh, parallel, rows);
        }
    }
}

struct Updates<'u, 'r, T, U> {
    update: &'u mut U,
    block: Range<usize>,
    n: usize,
    rows: &'u mut Operands<'r, T>,
}

impl<T: Real, U: Update<T>> WithSimd for Updates<'_, '_, T, U> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let mut column = self.block.start;
        macro_rules! tiles {
            ($($size:literal)*) => { $(
                while self.block.end - column >= $size {
                    self.tile::<S, $size>(column);
                    column += $size;
                }
            )* };
        }
        tiles! { 16 8 4 1 }
    }
}

impl<T: Real, U: Update<T>> Updates<'_, '_, T, U> {
    /// N columns of every row.
    #[inline(always)]
    fn tile<S: Simd, const N: usize>(&mut self, column: usize) {
        let rows = self.rows.sums.chunks_exact_mut(self.n).zip(self.rows.a.chunks_exact_mut(self.n));
        for (row, (sums, a)) in rows.enumerate() {
            if let (Some(sums), Some(a)) = (sums[column..].first_chunk_mut(), a[column..].first_chunk_mut()) {
                self.update.update::<S, N>(row, column, sums, a);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::gemm::Packed;

    fn numbers<T: Real>(count: usize, seed: f64) -> Vec<T> {
        (0..count).map(|i| T::of((i as f64 * 0.7 + seed).sin())).collect()
    }

    /// a <- a + sums / 64, so that every block depends on those before it.
    struct Mix;
    impl<T: Real> Update<T> for Mix {
        fn update<S: Simd, const N: usize>(&mut self, _: usize, _: usize, sums: &mut [T; N], a: &mut [T; N]) {
            sums.iter().zip(a).for_each(|(&sum, a)| *a += sum * T::of(1.0 / 64.0));
        }
    }

    /// a and the sums behind after one pass.
    fn passed<T: Real, M: Matrix<T>>(matrix: &M, order: Order, a: &[T], parallel: bool) -> (Vec<T>, Vec<T>) {
        let (mut a, mut behind, mut sums) = (a.to_vec(), vec![T::nan(); a.len()], vec![T::nan(); a.len()]);
        let ahead = numbers(a.len(), 0.4);
        let mut rows = Operands { a: &mut a, ahead: &ahead, behind: &mut behind, sums: &mut sums };
        pass(matrix, order, &mut rows, parallel, &mut Mix);
        (a, behind)
    }

    const SIZES: [usize; 6] = [1, 9, 40, 100, 300, 700];

    #[test]
    fn every_block_sees_what_those_before_it_have_become() {
        for (n, order) in SIZES.into_iter().flat_map(|n| [(n, Order::Ascending), (n, Order::Descending)]) {
            let (m, a, ahead) = (numbers::<f64>(n * n, 0.1), numbers(3 * n, 0.9), numbers::<f64>(3 * n, 0.4));
            let (made, behind) = passed(&Packed::from_rows(&m, n, n), order, &a, false);
            for row in 0..3 {
                let mut a = a[row * n..(row + 1) * n].to_vec();
                let blocks = n.div_ceil(8);
                for k in 0..blocks {
                    let start = 8 * order.nth(k, blocks);
                    let block = start..n.min(start + 8);
                    let (before, _) = order.around(&block, &(0..n));
                    let sum =
                        |j: usize, inputs: &Range<usize>| inputs.clone().map(|i| m[j * n + i] * a[i]).sum::<f64>();
                    let sums: Vec<(f64, f64)> = block.clone().map(|j| (sum(j, &before), sum(j, &block))).collect();
                    for (j, (outer, inner)) in block.zip(sums) {
                        assert!((behind[row * n + j] - outer).abs() < 1e-11, "{n} {order:?}");
                        a[j] += (outer + inner + ahead[row * n + j]) / 64.0;
                    }
                }
                let worst = a.iter().zip(&made[row * n..]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-11, "{n} {order:?} {worst}");
            }
        }
    }

    /// A row alone, in a batch, on several threads, with a matrix that is packed or not.
    fn bits_agree<T: Real>() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for (n, order) in SIZES.into_iter().flat_map(|n| [(n, Order::Ascending), (n, Order::Descending)]) {
            let (m, a): (Vec<T>, Vec<T>) = (numbers(n * n, 0.1), numbers(7 * n, 0.9));
            let packed = Packed::from_columns(&m, n, n);
            let many = passed(&packed, order, &a, false);
            assert!(many == pool.install(|| passed(&packed, order, &a, true)), "{n} {order:?}");
            let one = passed(&packed, order, &a[..n], false);
            assert!(one.0 == many.0[..n] && one.1 == many.1[..n], "{n} {order:?}");
            for parallel in [false, true] {
                let direct = pool.install(|| passed(&Transposed { n, m: &m }, order, &a[..n], parallel));
                assert!(direct == one, "{n} {order:?} {parallel}");
            }
        }
    }

    #[test]
    fn a_row_does_not_depend_on_the_others() {
        bits_agree::<f32>();
        bits_agree::<f64>();
    }
}
