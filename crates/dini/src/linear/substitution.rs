//! Solving with dense LU factors.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::kernels::vector::{self, Dot};

/// x <- A^-1 x with P A = L U, column-major n x n, n = `x.len()`; step c exchanges the rows c and `pivots[c]`.
pub(super) fn solve<T: Real>(factors: &[T], pivots: &[usize], x: &mut [T]) {
    for (c, &p) in pivots.iter().enumerate() {
        x.swap(c, p);
    }
    Arch::new().dispatch(Columns { factors, x });
}

/// x <- A^-T x
pub(super) fn solve_transpose<T: Real>(factors: &[T], pivots: &[usize], x: &mut [T]) {
    Arch::new().dispatch(Products { factors, x });
    for (c, &p) in pivots.iter().enumerate().rev() {
        x.swap(c, p);
    }
}

/// L and U column by column: what is known is taken from all that follow.
struct Columns<'a, T> {
    factors: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> WithSimd for Columns<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Columns { factors, x } = self;
        let n = x.len();
        for (c, column) in factors.chunks_exact(n).enumerate() {
            let (head, tail) = x.split_at_mut(c + 1);
            vector::add::<T, S>(tail, -head[c], &column[c + 1..]);
        }
        for (c, column) in factors.chunks_exact(n).enumerate().rev() {
            let (head, tail) = x.split_at_mut(c);
            tail[0] /= column[c];
            vector::add::<T, S>(head, -tail[0], &column[..c]);
        }
    }
}

/// The transposes: a product with what is known for each number.
struct Products<'a, T> {
    factors: &'a [T],
    x: &'a mut [T],
}

impl<T: Real> WithSimd for Products<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Products { factors, x } = self;
        let n = x.len();
        for (c, column) in factors.chunks_exact(n).enumerate() {
            let known = Dot(&column[..c], &x[..c]).with_simd(simd);
            x[c] = (x[c] - known) / column[c];
        }
        for (c, column) in factors.chunks_exact(n).enumerate().rev() {
            x[c] -= Dot(&column[c + 1..], &x[c + 1..]).with_simd(simd);
        }
    }
}
