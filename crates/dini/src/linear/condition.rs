//! Condition estimates from a factorisation, dense or sparse.

use crate::Real;
use crate::kernels::vector;

/// Estimate of ||A^-1||_1, a lower bound that is nearly always within a factor of three; at most 11 solves.
///
/// `solve` maps x to A^-1 x, `solve_transpose` to A^-T x.
///
/// Source: N. J. Higham (1988), doi:10.1145/50063.214386, algorithm 2.4 (LAPACK xLACON).
pub(super) fn inverse_norm<T: Real>(n: usize, solve: impl Fn(&mut [T]), solve_transpose: impl Fn(&mut [T])) -> f64 {
    let sum = |x: &[T]| x.iter().map(|v| v.as_f64().abs()).sum::<f64>();
    let mut x = vec![T::of(1.0 / n as f64); n];
    solve(&mut x);
    let mut estimate = sum(&x);
    for _ in 0..5 {
        x.iter_mut().for_each(|v| *v = if v.is_sign_negative() { -T::one() } else { T::one() });
        solve_transpose(&mut x);
        let largest = (0..n).fold(0, |best, i| if x[i].abs() > x[best].abs() { i } else { best });
        x.fill(T::zero());
        x[largest] = T::one();
        solve(&mut x);
        let next = sum(&x);
        // NaN ends it too
        if next.partial_cmp(&estimate) != Some(std::cmp::Ordering::Greater) {
            break;
        }
        estimate = next;
    }
    // the alternating vector guards against matrices that hide from the iteration above
    for (i, v) in x.iter_mut().enumerate() {
        let magnitude = 1.0 + i as f64 / (n.max(2) - 1) as f64;
        *v = T::of(if i % 2 == 0 { magnitude } else { -magnitude });
    }
    solve(&mut x);
    estimate.max(2.0 * sum(&x) / (3.0 * n as f64))
}

/// The largest column sum of magnitudes, ||A||_1; NaN where there is one.
pub(super) fn one_norm<'a, T: Real>(columns: impl Iterator<Item = &'a [T]>) -> T {
    columns.map(vector::sum_of_magnitudes).fold(T::zero(), |max, sum| if sum > max || sum.is_nan() { sum } else { max })
}
