//! Level-1 operations on slices; written so that the compiler vectorises them under each instruction set.

use std::slice::ChunksExact;

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::kernels::lane::{Lane, has_fma};

/// Below this length the call through the dispatcher costs more than it saves.
const SHORT: usize = 16;
/// s <- a x + b s; with b = 0 the old content of s is ignored.
pub fn axpby<T: Real>(s: &mut [T], a: T, x: &[T], b: T) {
    let short = x.len() < SHORT;
    let mut run = || {
        if b == T::zero() {
            s.iter_mut().zip(x).for_each(|(s, &x)| *s = a * x);
        } else if b == T::one() {
            s.iter_mut().zip(x).for_each(|(s, &x)| *s = a * x + *s);
        } else {
            s.iter_mut().zip(x).for_each(|(s, &x)| *s = a * x + b * *s);
        }
    };
    if short { run() } else { Arch::new().dispatch(run) }
}

/// s <- s + a x in the instruction set behind `S`, for loops that have dispatched already.
#[inline(always)]
pub fn add<T: Real, S: Simd>(s: &mut [T], a: T, x: &[T]) {
    for (s, &x) in s.iter_mut().zip(x) {
        *s = if has_fma::<S>() { a.mul_add(x, *s) } else { a * x + *s };
    }
}

/// out_i <- a_i b_i
pub fn product<T: Real>(out: &mut [T], a: &[T], b: &[T]) {
    Arch::new().dispatch(|| out.iter_mut().zip(a).zip(b).for_each(|((out, &a), &b)| *out = a * b));
}

/// <a, b>
pub fn dot<T: Real>(a: &[T], b: &[T]) -> T {
    if a.len() < SHORT {
        return a.iter().zip(b).fold(T::zero(), |sum, (&a, &b)| sum + a * b);
    }
    Arch::new().dispatch(Dot(a, b))
}

/// out_i <- <a, x(i)>
pub fn dots<'a, T: Real>(a: &[T], x: impl Fn(usize) -> &'a [T], out: &mut [T]) {
    if a.len() < SHORT {
        out.iter_mut().enumerate().for_each(|(i, out)| *out = dot(a, x(i)));
    } else {
        Arch::new().dispatch(Dots { a, x, out });
    }
}

/// Many products with one vector, dispatched once.
struct Dots<'s, T, F> {
    a: &'s [T],
    x: F,
    out: &'s mut [T],
}

impl<'a, T: Real, F: Fn(usize) -> &'a [T]> WithSimd for Dots<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.out.iter_mut().enumerate().for_each(|(i, out)| *out = Dot(self.a, (self.x)(i)).with_simd(simd));
    }
}

/// <a, b> in registers.
pub struct Dot<'a, T>(pub &'a [T], pub &'a [T]);

impl<T: Real> WithSimd for Dot<'_, T> {
    type Output = T;
    /// Four sums in flight, for an addition takes four cycles.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> T {
        let ((a, a_rest), (b, b_rest)) = (T::vectors::<S>(self.0), T::vectors::<S>(self.1));
        let mut sums = [T::splat(simd, T::zero()); 4];
        let (a_blocks, b_blocks) = (a.chunks_exact(4), b.chunks_exact(4));
        let tails = a_blocks.remainder().iter().zip(b_blocks.remainder());
        for (a, b) in a_blocks.zip(b_blocks) {
            for i in 0..4 {
                sums[i] = <T as Lane>::mul_add(simd, a[i], b[i], sums[i]);
            }
        }
        for (sum, (&a, &b)) in sums.iter_mut().zip(tails) {
            *sum = <T as Lane>::mul_add(simd, a, b, *sum);
        }
        if !a_rest.is_empty() {
            let (a, b) = (T::load_rest(simd, a_rest), T::load_rest(simd, b_rest));
            sums[3] = <T as Lane>::mul_add(simd, a, b, sums[3]);
        }
        let halves = (<T as Lane>::add(simd, sums[0], sums[1]), <T as Lane>::add(simd, sums[2], sums[3]));
        <T as Lane>::sum(simd, <T as Lane>::add(simd, halves.0, halves.1))
    }
}

/// out <- A v for an A that is column-major.
pub fn multiply<T: Real>(a: &[T], v: &[T], out: &mut [T]) {
    out.fill(T::zero());
    a.chunks_exact(out.len().max(1)).zip(v).for_each(|(column, &v)| axpby(out, v, column, T::one()));
}

/// out <- A^T u for an A that is column-major.
pub fn multiply_transposed<T: Real>(a: &[T], u: &[T], out: &mut [T]) {
    a.chunks_exact(u.len().max(1)).zip(out).for_each(|(column, out)| *out = dot(column, u));
}

/// sum_i |a_i|, in sixteen partial sums; NaN where there is one.
pub fn sum_of_magnitudes<T: Real>(a: &[T]) -> T {
    Arch::new().dispatch(|| {
        let (whole, rest) = a.as_chunks::<16>();
        let mut sums = [T::zero(); 16];
        for block in whole {
            (0..16).for_each(|l| sums[l] += block[l].abs());
        }
        sums.into_iter().chain(rest.iter().map(|v| v.abs())).fold(T::zero(), |sum, v| sum + v)
    })
}

/// Whether no number is NaN or infinite.
pub fn all_finite<T: Real>(a: &[T]) -> bool {
    all_within(a, T::max_value())
}

/// Whether every |a_i| is at most `limit`; false for NaN.
pub fn all_within<T: Real>(a: &[T], limit: T) -> bool {
    // no early exit within a block, so that it vectorises
    let within = |block: &[T]| block.iter().fold(true, |all, v| all & (v.abs() <= limit));
    Arch::new().dispatch(|| a.chunks(1024).all(within))
}

/// ||a||, also where the squares over- or underflow.
pub fn norm<T: Real>(a: &[T]) -> T {
    root(dot(a, a), a)
}

/// ||a|| of every row a of `rows`, which are `width` long; bitwise as [`norm`].
pub fn norms<T: Real>(rows: &[T], width: usize, out: &mut [T]) {
    if width == 0 {
        return out.fill(T::zero());
    }
    let rows = rows.chunks_exact(width);
    if width < SHORT {
        rows.zip(out).for_each(|(row, out)| *out = norm(row));
        return;
    }
    Arch::new().dispatch(Squares { rows: rows.clone(), out });
    rows.zip(out).for_each(|(row, out)| *out = root(*out, row));
}

/// <a, a> of many rows, dispatched once.
struct Squares<'a, T> {
    rows: ChunksExact<'a, T>,
    out: &'a mut [T],
}

impl<T: Real> WithSimd for Squares<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.rows.zip(self.out).for_each(|(row, out)| *out = Dot(row, row).with_simd(simd));
    }
}

/// ||a|| given <a, a>.
fn root<T: Real>(square: T, a: &[T]) -> T {
    let safe = T::min_positive_value() / T::epsilon();
    if square.is_finite() && square > safe {
        return square.sqrt();
    }
    if a.iter().any(|v| v.is_nan()) {
        return T::nan();
    }
    let largest = a.iter().fold(T::zero(), |m, v| m.max(v.abs()));
    if largest == T::zero() || !largest.is_finite() {
        return largest;
    }
    let sum = a.iter().fold(T::zero(), |sum, &v| sum + (v / largest) * (v / largest));
    largest * sum.sqrt()
}

/// s <- s + sum_i c_i x(i)
pub fn add_combination<'a, T: Real>(s: &mut [T], c: &[T], x: impl Fn(usize) -> &'a [T]) {
    let short = s.len() < SHORT;
    let mut run = || {
        let mut i = 0;
        // four at a time: s is loaded and stored once for four vectors
        while i + 4 <= c.len() {
            let (x0, x1, x2, x3) = (x(i), x(i + 1), x(i + 2), x(i + 3));
            for ((((s, &x0), &x1), &x2), &x3) in s.iter_mut().zip(x0).zip(x1).zip(x2).zip(x3) {
                *s = c[i + 3] * x3 + (c[i + 2] * x2 + (c[i + 1] * x1 + (c[i] * x0 + *s)));
            }
            i += 4;
        }
        for (i, &c) in c.iter().enumerate().skip(i) {
            s.iter_mut().zip(x(i)).for_each(|(s, &x)| *s = c * x + *s);
        }
    };
    if short { run() } else { Arch::new().dispatch(run) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn norms_survive_overflow_and_underflow() {
        for scale in [1e-200, 1e-320, 1.0, 1e200] {
            let n: f64 = norm(&[3.0 * scale, -4.0 * scale]);
            assert!((n / (5.0 * scale) - 1.0).abs() < 1e-3, "{scale}: {n}");
        }
        assert!(norm(&[1.0, f64::NAN]).is_nan() && norm(&[1.0, f64::NEG_INFINITY]).is_infinite());
        assert_eq!((norm::<f64>(&[]), norm(&[0.0f32; 40])), (0.0, 0.0));
        for width in [0, 1, 15, 16, 67] {
            let rows: Vec<f64> = (0..3 * width).map(|i| [1e-200, 0.7, 1e200][i / width] * (i as f64).sin()).collect();
            let mut out = [f64::NAN; 3];
            norms(&rows, width, &mut out);
            assert!((0..3).all(|r| out[r] == norm(&rows[r * width..(r + 1) * width])), "{width}");
        }
    }

    #[test]
    fn agree_with_plain_loops() {
        for n in [0, 1, 15, 16, 63, 64, 65, 200, 1000] {
            let a: Vec<f64> = (0..n).map(|i| (i as f64 * 0.37).sin()).collect();
            let b: Vec<f64> = (0..n).map(|i| (i as f64 * 0.11).cos()).collect();
            let plain: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            assert!((dot(&a, &b) - plain).abs() < 1e-12);
            let mut out = [f64::NAN; 2];
            dots(&a, |i| if i == 0 { &b } else { &a }, &mut out);
            assert_eq!(out, [dot(&a, &b), dot(&a, &a)]);
            assert!(all_finite(&a));
            if let Some(last) = a.last() {
                let mut spoilt = a.clone();
                *spoilt.last_mut().unwrap() = if n % 2 == 0 { f64::NAN } else { f64::NEG_INFINITY - last };
                assert!(!all_finite(&spoilt));
            }
            let mut s = a.clone();
            axpby(&mut s, 2.0, &b, -0.5);
            assert!(s.iter().zip(&a).zip(&b).all(|((s, a), b)| (s - (2.0 * b - 0.5 * a)).abs() < 1e-15));
            let c = [0.5, -1.0, 2.0, 3.0, 0.25];
            let mut s = a.clone();
            add_combination(&mut s, &c, |i| if i % 2 == 0 { &a } else { &b });
            assert!(s.iter().zip(&a).zip(&b).all(|((s, a), b)| (s - (a + 2.75 * a + 2.0 * b)).abs() < 1e-13));
        }
    }
}
