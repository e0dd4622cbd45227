//! Sums of outer products: gradients by a matrix that all samples share.

use super::epilogue::Plain;
use super::gemm::Packed;
use super::{blocks, scratch, vector};
use crate::Real;

/// Below this many samples the result is made row by row: writing it is then the work.
const FEW: usize = 8;
/// Multiplications from which a second thread is worth waking.
const PARALLEL: usize = 2_000_000;
/// Most rows of the result that are made at a time.
const ROWS: usize = 96;

/// sum_i u_i z_i^T over the rows of `u` (B x m) and `z` (B x n), m x n and row-major.
///
/// Every element is summed in the order of the samples, whatever the number of threads. Cost: B m n multiplications on all
/// threads of the current rayon pool.
pub(crate) fn sum<T: Real>(u: &[T], z: &[T], (m, n): (usize, usize)) -> Vec<T> {
    let samples = z.len() / n;
    if samples < FEW {
        return blocks::collect(m * n, n, m * n >= blocks::PARALLEL, |i, row| {
            row.fill(T::zero());
            for (u, z) in u.chunks_exact(m).zip(z.chunks_exact(n)) {
                vector::axpby(row, u[i], z, T::one());
            }
        });
    }
    let threads = rayon::current_num_threads();
    let rows = m.div_ceil(threads * m.div_ceil(threads * ROWS));
    let packed = Packed::from_columns(z, n, samples);
    blocks::collect(m * n, rows * n, samples * m * n >= PARALLEL, |b, block| {
        let (first, rows) = (b * rows, block.len() / n);
        scratch::with(rows * samples, |turned| {
            T::transpose(&u[first..], m, turned, samples, (samples, rows));
            packed.apply(turned, block, false, &Plain);
        });
    })
}

/// a <- a + sum_i u_i z_i^T
pub(crate) fn add<T: Real>(a: &mut [T], u: &[T], z: &[T], (m, n): (usize, usize), parallel: bool) {
    let rows = z.len() / n;
    // a few rows are bound by memory, which a second thread does not speed up
    T::add_product(a, u, z, (m, n), parallel && rows >= FEW && rows * m * n > 500_000);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_a_plain_loop_on_any_number_of_threads() {
        for (samples, m, n) in [(1, 1, 1), (1, 400, 300), (3, 20, 7), (8, 16, 16), (30, 129, 65), (64, 300, 200)] {
            let u: Vec<f64> = (0..samples * m).map(|i| (i as f64 * 0.7).sin()).collect();
            let z: Vec<f64> = (0..samples * n).map(|i| (i as f64 * 0.3).cos()).collect();
            let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let made = pool(1).install(|| sum(&u, &z, (m, n)));
            assert_eq!(made, pool(3).install(|| sum(&u, &z, (m, n))), "bitwise");
            let mut added = vec![1.0; m * n];
            add(&mut added, &u, &z, (m, n), true);
            for k in 0..m * n {
                let exact: f64 = (0..samples).map(|s| u[s * m + k / n] * z[s * n + k % n]).sum();
                assert!((made[k] - exact).abs() < 1e-12 && (added[k] - 1.0 - exact).abs() < 1e-12, "{samples} {m} {n}");
            }
        }
    }
}
