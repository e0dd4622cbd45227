//! Product of one row with a matrix that is not packed: for a single sample, packing would cost more than the product.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::Real;
use crate::kernels::epilogue::{Epilogue, finish};
use crate::kernels::gemm::{PARALLEL_WORK, deal};
use crate::kernels::lane::Lane;

/// out <- epilogue(a M) for one row `a` and M row-major, `a.len()` x `out.len()`.
///
/// Bitwise the same as [`Packed::from_columns`](crate::kernels::gemm::Packed::from_columns) would have it: every element
/// is summed in the order of the inputs. Cost: one pass over M; with `parallel` spread over the current rayon pool.
pub(crate) fn apply<T: Real, E: Epilogue<T>>(m: &[T], a: &[T], out: &mut [T], parallel: bool, epilogue: &E) {
    let stride = out.len();
    deal(out, stride, parallel && m.len() >= PARALLEL_WORK, |_, column, out, width| {
        out.fill(T::zero());
        T::multiply_row(Strip { m, stride, a, inputs: 0..a.len(), column, out, down: false });
        finish(epilogue, 0, column, out, width);
    });
}

/// Adds some of the inputs to the outputs `column ..` that fit into `out`.
pub struct Strip<'a, T> {
    pub(super) m: &'a [T],
    pub(super) stride: usize,
    pub(super) a: &'a [T],
    /// those that are multiplied
    pub(super) inputs: Range<usize>,
    pub(super) column: usize,
    pub(super) out: &'a mut [T],
    /// whether the last input comes first
    pub(super) down: bool,
}

/// Rows of M taken at a time, so that the sums are loaded and stored once for as many.
const ROWS: usize = 8;

impl<T: Lane> WithSimd for Strip<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Strip { m, stride, a, inputs, column, out, down } = self;
        let (width, count) = (out.len(), inputs.len());
        let row = |i: usize| &m[i * stride + column..i * stride + column + width];
        let input = |step: usize| if down { inputs.end - 1 - step } else { inputs.start + step };
        let blocks = count / ROWS * ROWS;
        for step in (0..blocks).step_by(ROWS) {
            let inputs: [usize; ROWS] = std::array::from_fn(|r| input(step + r));
            add_rows(simd, inputs.map(|i| a[i]), &inputs.map(row), out);
        }
        for i in (blocks..count).map(input) {
            add_rows(simd, [a[i]], &[row(i)], out);
        }
    }
}

/// out <- out + sum_r a_r rows_r, in that order.
#[inline(always)]
fn add_rows<T: Lane, S: Simd, const R: usize>(simd: S, a: [T; R], rows: &[&[T]; R], out: &mut [T]) {
    let factors: [T::Vector<S>; R] = a.map(|a| T::splat(simd, a));
    let registers: [&[T::Vector<S>]; R] = std::array::from_fn(|r| T::vectors::<S>(rows[r]).0);
    let (whole, rest) = T::vectors_mut::<S>(out);
    let registers = registers.map(|row| &row[..whole.len()]);
    for (j, out) in whole.iter_mut().enumerate() {
        let mut sum = *out;
        for r in 0..R {
            sum = <T as Lane>::mul_add(simd, factors[r], registers[r][j], sum);
        }
        *out = sum;
    }
    if rest.is_empty() {
        return;
    }
    let mut sum = T::load_rest(simd, rest);
    for r in 0..R {
        let row = T::load_rest(simd, &rows[r][rows[r].len() - rest.len()..]);
        sum = <T as Lane>::mul_add(simd, factors[r], row, sum);
    }
    T::store_rest(simd, rest, sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::epilogue::Plain;
    use crate::kernels::gemm::Packed;

    #[test]
    fn agrees_bitwise_with_the_packed_product() {
        for (k, n) in [(1, 1), (7, 5), (8, 16), (33, 100), (64, 129), (500, 700)] {
            let m: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.7).sin()).collect();
            let a: Vec<f32> = (0..k).map(|i| (i as f32 * 0.3).cos()).collect();
            let (mut packed, mut direct) = (vec![0.0; n], vec![f32::NAN; n]);
            Packed::from_columns(&m, n, k).apply(&a, &mut packed, false, &Plain);
            for parallel in [false, true] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
                pool.install(|| apply(&m, &a, &mut direct, parallel, &Plain));
                assert_eq!(packed, direct, "{k} {n}");
            }
        }
    }
}
