//! Factors of a matrix on the stack.

use crate::Real;

/// Entry (i, j) of the unit matrix.
#[inline]
pub(super) fn unit<T: Real>(i: usize, j: usize) -> T {
    if i == j { T::one() } else { T::zero() }
}

/// P J = L U by partial pivoting.
pub(super) struct SmallLu<T, const N: usize> {
    /// column j at index j
    columns: [[T; N]; N],
    pivots: [usize; N],
    /// ||J||_1
    norm: f64,
}

impl<T: Real, const N: usize> SmallLu<T, N> {
    #[inline]
    pub fn new(mut a: [[T; N]; N]) -> Option<Self> {
        let norm = one_norm(&a);
        let mut pivots = [0; N];
        for c in 0..N {
            let best = (c..N).fold(c, |best, r| if a[c][r].abs() > a[c][best].abs() { r } else { best });
            pivots[c] = best;
            a.iter_mut().for_each(|column| column.swap(c, best));
            let pivot = a[c][c];
            if pivot == T::zero() || !pivot.is_finite() {
                return None;
            }
            a[c][c + 1..].iter_mut().for_each(|v| *v /= pivot);
            let (done, rest) = a.split_at_mut(c + 1);
            for column in rest {
                for r in c + 1..N {
                    let known = done[c][r] * column[c];
                    column[r] -= known;
                }
            }
        }
        Some(SmallLu { columns: a, pivots, norm })
    }

    #[inline]
    pub fn solve(&self, mut x: [T; N]) -> [T; N] {
        self.pivots.iter().enumerate().for_each(|(c, &p)| x.swap(c, p));
        for c in 0..N {
            for r in c + 1..N {
                let known = self.columns[c][r] * x[c];
                x[r] -= known;
            }
        }
        for c in (0..N).rev() {
            x[c] /= self.columns[c][c];
            for r in 0..c {
                let known = self.columns[c][r] * x[c];
                x[r] -= known;
            }
        }
        x
    }

    #[inline]
    pub fn solve_transpose(&self, mut x: [T; N]) -> [T; N] {
        for c in 0..N {
            let known = (0..c).fold(T::zero(), |sum, r| sum + self.columns[c][r] * x[r]);
            x[c] = (x[c] - known) / self.columns[c][c];
        }
        for c in (0..N).rev() {
            let known = (c + 1..N).fold(T::zero(), |sum, r| sum + self.columns[c][r] * x[r]);
            x[c] -= known;
        }
        self.pivots.iter().enumerate().rev().for_each(|(c, &p)| x.swap(c, p));
        x
    }

    /// ||J||_1 ||J^-1||_1, exactly up to rounding: N solves.
    #[inline]
    pub fn condition(&self) -> f64 {
        let inverse: [[T; N]; N] = std::array::from_fn(|j| self.solve(std::array::from_fn(|i| unit(i, j))));
        self.norm * one_norm(&inverse)
    }
}

fn one_norm<T: Real, const N: usize>(columns: &[[T; N]; N]) -> f64 {
    let sum = |column: &[T; N]| column.iter().map(|v| v.as_f64().abs()).sum::<f64>();
    columns.iter().map(sum).fold(0.0, |largest, v| if v > largest || v.is_nan() { v } else { largest })
}
