//! Product of a few rows with a packed matrix.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use rayon::prelude::*;

use crate::Real;
use crate::kernels::epilogue::{Epilogue, finish};
use crate::kernels::tiles::Tiles;
use crate::kernels::{blocks, vector};

/// A matrix M (outputs x inputs) stored in panels of `Lane::PANEL` outputs, for products a M^T with rows a.
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

    /// Number of outputs.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
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
        let zero = self.finite && a[..rows * k].iter().all(|v| *v == T::zero());
        deal(out, n, parallel && rows * k * n >= PARALLEL_WORK, |row, column, out, width| {
            if zero {
                out.fill(T::zero());
            } else {
                let (rows, panels) = (out.len() / width, self.panels(column));
                let a = &a[row * k..];
                T::multiply(Tiles { panels, depth: k, inputs: 0..k, a, rows, out, stride: width, width, add: false });
            }
            finish(epilogue, row, column, out, width);
        });
    }

    /// The panels from `column` on, which is a multiple of [`Lane::PANEL`].
    pub(super) fn panels(&self, column: usize) -> &[T] {
        &self.data[column * self.inputs..]
    }
}

/// Deals the rows of `out`, which are `width` long, out to the threads of the current rayon pool, or the panels of a single
/// row: `run` gets the first row and column, the part, and the length of its rows.
pub(super) fn deal<T: Real>(
    out: &mut [T],
    width: usize,
    parallel: bool,
    run: impl Fn(usize, usize, &mut [T], usize) + Sync,
) {
    let (rows, threads) = (out.len() / width, rayon::current_num_threads());
    if !parallel || threads < 2 {
        run(0, 0, out, width);
    } else if rows == 1 {
        let columns = width.div_ceil(threads).next_multiple_of(T::PANEL);
        out.par_chunks_mut(columns).enumerate().for_each(|(i, out)| {
            let width = out.len();
            run(0, i * columns, out, width);
        });
    } else {
        let block = rows.div_ceil(threads);
        out.par_chunks_mut(block * width).enumerate().for_each(|(i, out)| run(i * block, 0, out, width));
    }
}

#[cfg(test)]
mod tests {
    use pulp::Simd;

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
        let (depth, width) = (packed.inputs, packed.outputs);
        let (panels, inputs) = (packed.panels(0), 0..depth);
        simd.vectorize(Tiles { panels, depth, inputs, a, rows, out: &mut out, stride: width, width, add: false });
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
