//! Passes with a packed matrix.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::{Matrix, Operands, Order};
use crate::Real;
use crate::kernels::gemm::{PARALLEL_WORK, Packed, deal};
use crate::kernels::lane::Lane;
use crate::kernels::tiles::{Tiles, accumulate, is_narrow, load, store};

impl<T: Real> Matrix<T> for Packed<T> {
    fn size(&self) -> usize {
        self.outputs()
    }

    fn block(&self, order: Order, before: Range<usize>, block: Range<usize>, fresh: bool, rows: &mut Operands<'_, T>) {
        let n = self.size();
        let Operands { a, ahead, behind, sums } = rows;
        T::multiply_block(Block {
            panel: &self.panels(block.start)[..n * T::PANEL],
            order,
            before,
            block,
            fresh,
            a,
            ahead,
            behind,
            sums,
        });
    }

    fn group(
        &self,
        inputs: Range<usize>,
        after: Range<usize>,
        fresh: bool,
        parallel: bool,
        rows: &mut Operands<'_, T>,
    ) {
        let (n, add, count) = (self.size(), !fresh, rows.a.len() / self.size());
        let parallel = parallel && count * inputs.len() * after.len() >= PARALLEL_WORK;
        let (a, inputs) = (&*rows.a, &inputs);
        let tiles = |first: usize, column: usize, out: &mut [T], stride: usize, width: usize| {
            let rows = out.len().div_ceil(stride);
            let (panels, a) = (self.panels(column), &a[first * n..]);
            T::multiply(Tiles { panels, depth: n, inputs: inputs.clone(), a, rows, out, stride, width, add });
        };
        if count == 1 {
            deal(&mut rows.behind[after.clone()], after.len(), parallel, |_, column, out, width| {
                tiles(0, after.start + column, out, width, width);
            });
        } else {
            deal(rows.behind, n, parallel, |row, _, out, _| {
                tiles(row, after.start, &mut out[after.start..], n, after.len());
            });
        }
    }
}

/// The columns of one block, for every row.
pub struct Block<'a, T> {
    panel: &'a [T],
    order: Order,
    before: Range<usize>,
    block: Range<usize>,
    fresh: bool,
    a: &'a [T],
    ahead: &'a [T],
    behind: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Lane> WithSimd for Block<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match T::PANEL * size_of::<T>() / size_of::<T::Vector<S>>() {
            1 => self.ordered::<S, 1, 1, 12>(simd),
            2 if is_narrow::<T>(self.block.len()) => self.ordered::<S, 2, 1, 12>(simd),
            2 => self.ordered::<S, 2, 2, 6>(simd),
            4 => self.ordered::<S, 4, 4, 6>(simd),
            8 => self.ordered::<S, 8, 8, 1>(simd),
            _ => self.ordered::<S, 16, 16, 1>(simd),
        }
    }
}

impl<T: Lane> Block<'_, T> {
    #[inline(always)]
    fn ordered<S: Simd, const C: usize, const U: usize, const MR: usize>(self, simd: S) {
        match self.order {
            Order::Ascending => self.tiles::<S, C, U, MR, false>(simd),
            Order::Descending => self.tiles::<S, C, U, MR, true>(simd),
        }
    }

    /// All tiles of at most MR rows, for a panel of C registers, of which U are used.
    #[inline(always)]
    fn tiles<S: Simd, const C: usize, const U: usize, const MR: usize, const DOWN: bool>(mut self, simd: S) {
        let rows = self.a.len() / (self.panel.len() / T::PANEL);
        let count = rows.div_ceil(MR);
        for b in 0..count {
            let (row, end) = (b * rows / count, (b + 1) * rows / count);
            macro_rules! tiles {
                ($($r:literal)*) => { match end - row {
                    $($r if $r <= MR => self.tile::<S, C, U, $r, DOWN>(simd, row),)*
                    _ => {}
                } };
            }
            tiles! { 1 2 3 4 5 6 7 8 9 10 11 12 }
        }
    }

    #[inline(always)]
    fn tile<S: Simd, const C: usize, const U: usize, const R: usize, const DOWN: bool>(&mut self, simd: S, row: usize) {
        let (n, block) = (self.panel.len() / T::PANEL, self.block.clone());
        let places = row * n..(row + R) * n;
        let (a, behind) = (&self.a[places.clone()], &mut self.behind[places.clone()]);
        let (ahead, out) = (&self.ahead[places.clone()], &mut self.sums[places]);
        let a: [&[T]; R] = std::array::from_fn(|r| &a[r * n..(r + 1) * n]);
        let mut sums = [[[T::splat(simd, T::zero()); U]; R]; 1];
        if !self.fresh {
            for (sum, behind) in sums[0].iter_mut().zip(behind.chunks_exact(n)) {
                *sum = load(simd, &behind[block.clone()]);
            }
        }
        accumulate::<T, S, C, U, R, 1, DOWN>(simd, [self.panel], a, self.before.clone(), &mut sums);
        for (sum, behind) in sums[0].iter().zip(behind.chunks_exact_mut(n)) {
            store(simd, &mut behind[block.clone()], *sum);
        }
        accumulate::<T, S, C, U, R, 1, false>(simd, [self.panel], a, block.clone(), &mut sums);
        for ((sum, ahead), out) in sums[0].iter().zip(ahead.chunks_exact(n)).zip(out.chunks_exact_mut(n)) {
            let mut all: [T::Vector<S>; U] = load(simd, &ahead[block.clone()]);
            for (all, sum) in all.iter_mut().zip(sum) {
                *all = <T as Lane>::add(simd, *sum, *all);
            }
            store(simd, &mut out[block.clone()], all);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One block of integers, exact in any order: what each instruction set that is there makes of it.
    fn agrees_everywhere<T: Real>() {
        for (rows, n) in [(1, 9), (2, 100), (5, 65), (13, 40), (25, 300)] {
            let whole = |count: usize, step: usize| (0..count).map(|i| T::of((i * step % 13) as f64 - 6.0)).collect();
            let (m, a, ahead): (Vec<T>, Vec<T>, Vec<T>) = (whole(n * n, 5), whole(rows * n, 3), whole(rows * n, 7));
            let packed = Packed::from_rows(&m, n, n);
            for (column, order, fresh) in (0..n.div_ceil(T::PANEL)).flat_map(|p| {
                let column = p * T::PANEL;
                [(column, Order::Ascending, true), (column, Order::Descending, false)]
            }) {
                let block = column..n.min(column + T::PANEL);
                let (before, _) = order.around(&block, &(0..n));
                let made = |simd: &dyn Fn(Block<'_, T>)| {
                    let (mut behind, mut sums) = (whole(rows * n, 2), vec![T::zero(); rows * n]);
                    let panel = &packed.panels(column)[..n * T::PANEL];
                    let (before, block) = (before.clone(), block.clone());
                    simd(Block {
                        panel,
                        order,
                        before,
                        block,
                        fresh,
                        a: &a,
                        ahead: &ahead,
                        behind: &mut behind,
                        sums: &mut sums,
                    });
                    (behind, sums)
                };
                let mut exact: (Vec<T>, Vec<T>) = (whole(rows * n, 2), vec![T::zero(); rows * n]);
                for (r, j) in (0..rows).flat_map(|r| block.clone().map(move |j| (r, j))) {
                    let sum = |inputs: &Range<usize>| {
                        T::of(inputs.clone().map(|i| m[j * n + i].as_f64() * a[r * n + i].as_f64()).sum())
                    };
                    let old = if fresh { T::zero() } else { exact.0[r * n + j] };
                    exact.0[r * n + j] = old + sum(&before);
                    exact.1[r * n + j] = exact.0[r * n + j] + sum(&block) + ahead[r * n + j];
                }
                assert!(
                    made(&|block| Simd::vectorize(pulp::Scalar, block)) == exact,
                    "portable, {rows} {n} {column} {order:?}"
                );
                #[cfg(target_arch = "x86_64")]
                {
                    if let Some(simd) = pulp::x86::V3::try_new() {
                        assert!(
                            made(&|block| Simd::vectorize(simd, block)) == exact,
                            "AVX2, {rows} {n} {column} {order:?}"
                        );
                    }
                    if let Some(simd) = pulp::x86::V4::try_new() {
                        assert!(
                            made(&|block| Simd::vectorize(simd, block)) == exact,
                            "AVX-512, {rows} {n} {column} {order:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn every_instruction_set_means_the_same() {
        agrees_everywhere::<f32>();
        agrees_everywhere::<f64>();
    }
}
