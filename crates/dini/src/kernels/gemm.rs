//! Product of a few rows with a packed matrix.

#![allow(unsafe_code)]

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::Real;
use crate::kernels::epilogue::{Epilogue, finish};
use crate::kernels::lane::Lane;
use crate::kernels::{blocks, vector};

/// A matrix M (outputs x inputs) stored in panels of [`Lane::PANEL`] outputs, for products a M^T with rows a.
#[derive(Clone, Debug)]
pub struct Packed<T> {
    outputs: usize,
    inputs: usize,
    data: Vec<T>,
    finite: bool,
}

/// Products below this many multiplications are not worth a second thread.
pub(super) const PARALLEL_WORK: usize = 200_000;

impl<T: Real> Packed<T> {
    /// Packs `m`, row-major with `outputs` rows of `inputs` columns; a large matrix on all threads of the current rayon pool.
    pub fn from_rows(m: &[T], outputs: usize, inputs: usize) -> Self {
        Self::pack(outputs, inputs, true, |panel, column, width| {
            let rows = &m[column * inputs..(column + width) * inputs];
            T::transpose(rows, inputs, panel, T::PANEL, (width, inputs));
        })
    }

    /// Packs the transpose of `m`, row-major with `inputs` rows of `outputs` columns; on this thread alone, so that it may be
    /// called where other threads of the pool wait for the result.
    pub fn from_columns(m: &[T], outputs: usize, inputs: usize) -> Self {
        Self::pack(outputs, inputs, false, |panel, column, width| {
            let slots = panel.chunks_exact_mut(T::PANEL).zip(m.chunks_exact(outputs));
            if width == T::PANEL {
                // of a length known beforehand
                slots.for_each(|(slot, row)| slot.copy_from_slice(&row[column..column + T::PANEL]));
            } else {
                slots.for_each(|(slot, row)| slot[..width].copy_from_slice(&row[column..]));
            }
        })
    }

    fn pack(outputs: usize, inputs: usize, parallel: bool, fill: impl Fn(&mut [T], usize, usize) + Sync) -> Self {
        let (size, finite) = (T::PANEL * inputs, AtomicBool::new(true));
        let len = outputs.div_ceil(T::PANEL) * size;
        let data = blocks::collect(len, size, parallel && len >= blocks::PARALLEL, |p, panel| {
            let column = p * T::PANEL;
            let width = T::PANEL.min(outputs - column);
            if width < T::PANEL {
                panel.fill(T::zero());
            }
            fill(panel, column, width);
            // while the panel is in cache
            if !vector::all_finite(panel) {
                finite.store(false, Relaxed);
            }
        });
        Packed { outputs, inputs, data, finite: finite.into_inner() }
    }

    /// Whether the matrix holds neither NaN nor infinity.
    pub fn is_finite(&self) -> bool {
        self.finite
    }

    /// out <- epilogue(a M^T), `a` row-major rows x inputs, `out` rows x outputs.
    ///
    /// Cost: rows x inputs x outputs multiplications; with `parallel` spread over the current rayon pool. Every element
    /// is summed in the order of the inputs whatever the number of rows. Rows that are all zero (a start at z = 0) cost nothing.
    pub fn apply<E: Epilogue<T>>(&self, a: &[T], out: &mut [T], parallel: bool, epilogue: &E) {
        let (k, n) = (self.inputs, self.outputs);
        let rows = out.len() / n;
        assert!(a.len() >= rows * k, "gemm: too few input rows");
        let threads = rayon::current_num_threads();
        let zero = self.finite && a[..rows * k].iter().all(|v| *v == T::zero());
        let run = |row: usize, column: usize, a: &[T], out: &mut [T], stride: usize| {
            if zero {
                out.fill(T::zero());
            } else {
                let panels = &self.data[column / T::PANEL * T::PANEL * k..];
                T::multiply(Tiles { panels, inputs: k, a, out, stride });
            }
            finish(epilogue, row, column, out, stride);
        };
        if !parallel || threads < 2 || rows * k * n < PARALLEL_WORK {
            run(0, 0, a, out, n);
        } else if rows == 1 {
            let columns = n.div_ceil(threads).next_multiple_of(T::PANEL);
            out.par_chunks_mut(columns).enumerate().for_each(|(i, out)| {
                let width = out.len();
                run(0, i * columns, a, out, width);
            });
        } else {
            let block = rows.div_ceil(threads);
            out.par_chunks_mut(block * n)
                .enumerate()
                .for_each(|(i, out)| run(i * block, 0, &a[i * block * k..], out, n));
        }
    }
}

/// Rows of `a` times as many outputs as fit into the rows of `out`, which lie `stride` apart.
///
/// Not generic over what follows the product: it is compiled once a scalar type, in this crate ([`Lane::multiply`]).
pub struct Tiles<'a, T> {
    panels: &'a [T],
    inputs: usize,
    a: &'a [T],
    out: &'a mut [T],
    stride: usize,
}

/// Inputs multiplied at a time: so much of a panel stays in the first cache while every row passes it.
const DEPTH: usize = 256;

impl<T: Lane> WithSimd for Tiles<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // registers for sums: 24 of 32 (AVX-512, NEON), 12 of 16 (AVX2)
        match T::PANEL * size_of::<T>() / size_of::<T::Vector<S>>() {
            1 => self.blocks::<S, 1, 12, 24>(simd),
            2 => self.blocks::<S, 2, 6, 12>(simd),
            4 => self.blocks::<S, 4, 6, 24>(simd),
            8 => self.blocks::<S, 8, 1, 8>(simd),
            _ => self.blocks::<S, 16, 1, 16>(simd),
        }
    }
}

impl<T: Lane> Tiles<'_, T> {
    /// All tiles, for panels of C registers, with at most MR rows and SUMS sums in a tile.
    ///
    /// Panels outside and a block of inputs next, so that this part of a panel stays in the first cache while every row passes
    /// it. The sums of one block are where the next one begins: blocks change no bit.
    #[inline(always)]
    fn blocks<S: Simd, const C: usize, const MR: usize, const SUMS: usize>(&mut self, simd: S) {
        let rows = self.out.len() / self.stride;
        let panels = self.stride.div_ceil(T::PANEL);
        let count = rows.div_ceil(MR).max(1);
        // few rows leave too few sums in flight: several panels at once
        let tallest = rows.div_ceil(count);
        let together = [8, 4, 2].into_iter().find(|p| tallest * p * C <= SUMS).unwrap_or(1);
        let mut p = 0;
        while p < panels {
            let width = if p + together <= panels { together } else { 1 };
            for start in (0..self.inputs).step_by(DEPTH) {
                let inputs = start..self.inputs.min(start + DEPTH);
                for b in 0..count {
                    let (row, end) = (b * rows / count, (b + 1) * rows / count);
                    macro_rules! tiles {
                        ($($p:literal: $($r:literal)*;)*) => { match (width, end - row) {
                            $($(($p, $r) if $r * $p * C <= SUMS => self.tile::<S, C, $r, $p>(simd, row, p, inputs.clone()),)*)*
                            _ => {}
                        } };
                    }
                    tiles! { 1: 1 2 3 4 5 6 7 8 9 10 11 12; 2: 1 2 3 4 5 6 7 8 9 10 11 12; 4: 1 2 3 4 5 6; 8: 1 2 3; }
                }
            }
            p += width;
        }
    }

    /// R rows from `row` times P panels from `p`, over the inputs of one block.
    #[inline(always)]
    fn tile<S: Simd, const C: usize, const R: usize, const P: usize>(
        &mut self,
        simd: S,
        row: usize,
        p: usize,
        inputs: Range<usize>,
    ) {
        let (k, depth) = (self.inputs, inputs.len());
        let panels: [&[T::Vector<S>]; P] = std::array::from_fn(|q| {
            let start = ((p + q) * k + inputs.start) * T::PANEL;
            T::vectors::<S>(&self.panels[start..start + T::PANEL * depth]).0
        });
        let a: [&[T]; R] = std::array::from_fn(|r| &self.a[(row + r) * k..][inputs.clone()]);
        let mut sums = [[[T::splat(simd, T::zero()); C]; R]; P];
        if inputs.start > 0 {
            for (q, sums) in sums.iter_mut().enumerate() {
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = self.load::<S, C>(simd, row + r, p + q);
                }
            }
        }
        for i in 0..depth {
            // SAFETY: a panel's part holds depth * C registers (sliced so above), i < depth and c < C
            let w: [[T::Vector<S>; C]; P] =
                std::array::from_fn(|q| std::array::from_fn(|c| unsafe { *panels[q].get_unchecked(i * C + c) }));
            for r in 0..R {
                // SAFETY: every row slice has length depth, and i < depth
                let z = T::splat(simd, unsafe { *a[r].get_unchecked(i) });
                for q in 0..P {
                    for c in 0..C {
                        sums[q][r][c] = <T as Lane>::mul_add(simd, z, w[q][c], sums[q][r][c]);
                    }
                }
            }
        }
        for (q, sums) in sums.iter().enumerate() {
            for (r, sum) in sums.iter().enumerate() {
                self.store::<S, C>(simd, row + r, p + q, *sum);
            }
        }
    }

    /// The columns of panel `p` in one row of the result.
    #[inline(always)]
    fn place(&mut self, row: usize, p: usize) -> &mut [T] {
        let column = p * T::PANEL;
        let width = T::PANEL.min(self.stride - column);
        let start = row * self.stride + column;
        &mut self.out[start..start + width]
    }

    /// Takes one row of a tile up where the block before has left it.
    #[inline(always)]
    fn load<S: Simd, const C: usize>(&mut self, simd: S, row: usize, p: usize) -> [T::Vector<S>; C] {
        let (whole, rest) = T::vectors::<S>(self.place(row, p));
        std::array::from_fn(|c| match c.cmp(&whole.len()) {
            Ordering::Less => whole[c],
            Ordering::Equal => T::load_rest(simd, rest),
            Ordering::Greater => T::splat(simd, T::zero()),
        })
    }

    /// Stores one row of a tile.
    #[inline(always)]
    fn store<S: Simd, const C: usize>(&mut self, simd: S, row: usize, p: usize, sums: [T::Vector<S>; C]) {
        let (whole, rest) = T::vectors_mut::<S>(self.place(row, p));
        for (c, sum) in sums.into_iter().enumerate() {
            match c.cmp(&whole.len()) {
                Ordering::Less => whole[c] = sum,
                Ordering::Equal => T::store_rest(simd, rest, sum),
                Ordering::Greater => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::epilogue::Plain;

    fn matrix(rows: usize, columns: usize, seed: f64) -> Vec<f64> {
        (0..rows * columns).map(|i| (i as f64 * 0.7 + seed).sin()).collect()
    }

    #[test]
    fn products_are_right_and_independent_of_the_number_of_rows() {
        for (rows, n, k) in [
            (1, 1, 1),
            (1, 200, 30),
            (2, 16, 7),
            (2, 100, 33),
            (3, 70, 9),
            (5, 8, 8),
            (13, 17, 40),
            (25, 100, 100),
            (30, 129, 65),
        ] {
            let (m, a) = (matrix(n, k, 0.1), matrix(rows, k, 0.9));
            let packed = Packed::from_rows(&m, n, k);
            let mut transposed = vec![0.0; n * k];
            (0..n).for_each(|j| (0..k).for_each(|i| transposed[i * n + j] = m[j * k + i]));
            assert_eq!(packed.data, Packed::from_columns(&transposed, n, k).data);
            let mut out = vec![0.0; rows * n];
            packed.apply(&a, &mut out, false, &Plain);
            for r in 0..rows {
                for j in 0..n {
                    let exact: f64 = (0..k).map(|i| a[r * k + i] * m[j * k + i]).sum();
                    assert!((out[r * n + j] - exact).abs() < 1e-12, "{rows} {n} {k}");
                }
                let mut alone = vec![0.0; n];
                packed.apply(&a[r * k..(r + 1) * k], &mut alone, false, &Plain);
                assert_eq!(alone, out[r * n..(r + 1) * n], "bitwise");
            }
        }
    }

    #[test]
    fn zeros_give_zeros_unless_the_matrix_is_not_finite() {
        let mut m = matrix(20, 30, 0.2);
        let product = |m: &[f64]| {
            let mut out = vec![f64::NAN; 40];
            Packed::from_rows(m, 20, 30).apply(&[-0.0; 60], &mut out, false, &Plain);
            out
        };
        assert!(product(&m).iter().all(|v| v.to_bits() == 0));
        m[31] = f64::INFINITY;
        assert_eq!(product(&m).iter().filter(|v| v.is_nan()).count(), 2);
    }

    /// The product of integers, exact in any order: what each instruction set that is there makes of it.
    fn agrees_everywhere<T: Real>() {
        for (rows, n, k) in [(1, 33, 10), (2, 100, 7), (3, 65, 300), (7, 16, 40), (25, 100, 100), (13, 50, 600)] {
            let whole = |count: usize, step: usize| (0..count).map(|i| T::of((i * step % 17) as f64 - 8.0)).collect();
            let (m, a): (Vec<T>, Vec<T>) = (whole(n * k, 5), whole(rows * k, 3));
            let packed = Packed::from_rows(&m, n, k);
            let mut exact = vec![T::zero(); rows * n];
            for r in 0..rows {
                for j in 0..n {
                    let terms = (0..k).map(|i| a[r * k + i].as_f64() * m[j * k + i].as_f64());
                    exact[r * n + j] = T::of(terms.sum());
                }
            }
            assert_eq!(product(pulp::Scalar, &packed, &a, rows), exact, "portable, {rows} {n} {k}");
            #[cfg(target_arch = "x86_64")]
            {
                let avx2 = pulp::x86::V3::try_new().map(|simd| product(simd, &packed, &a, rows));
                assert_eq!(avx2.unwrap_or(exact.clone()), exact, "AVX2, {rows} {n} {k}");
                let avx512 = pulp::x86::V4::try_new().map(|simd| product(simd, &packed, &a, rows));
                assert_eq!(avx512.unwrap_or(exact.clone()), exact, "AVX-512, {rows} {n} {k}");
            }
        }
    }

    fn product<T: Real, S: Simd>(simd: S, packed: &Packed<T>, a: &[T], rows: usize) -> Vec<T> {
        let mut out = vec![T::nan(); rows * packed.outputs];
        let (inputs, stride) = (packed.inputs, packed.outputs);
        simd.vectorize(Tiles { panels: &packed.data, inputs, a, out: &mut out, stride });
        out
    }

    #[test]
    fn every_instruction_set_means_the_same() {
        agrees_everywhere::<f32>();
        agrees_everywhere::<f64>();
    }

    #[test]
    fn threads_change_nothing() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        for rows in [1, 7] {
            let (n, k) = (700, 500);
            let (m, a) = (matrix(n, k, 0.3), matrix(rows, k, 0.5));
            let packed = Packed::from_rows(&m, n, k);
            let (mut one, mut many) = (vec![0.0; rows * n], vec![0.0; rows * n]);
            packed.apply(&a, &mut one, false, &Plain);
            pool.install(|| packed.apply(&a, &mut many, true, &Plain));
            assert_eq!(one, many);
        }
    }
}
