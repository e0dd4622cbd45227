//! Dense LU: elimination of one matrix or of several interleaved ones, and substitution.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::kernels::lane::{Lane, has_fma};
use crate::kernels::vector::{self, Dot};

/// Eliminates L interleaved matrices of size n in place, entry k of all of them at k L; step c exchanges the rows c and
/// `pivots[c L + l]` of the l-th.
pub(super) fn eliminate<T: Real, const L: usize>(n: usize, entries: &mut [T], pivots: &mut [usize]) {
    let (a, pivots) = (entries.as_chunks_mut().0, pivots.as_chunks_mut().0);
    Arch::new().dispatch(Elimination::<T, L> { n, a, pivots });
}

/// Right-looking elimination with partial pivoting of L interleaved matrices, column-major.
///
/// Source: G. H. Golub and C. F. Van Loan (2013), ISBN 978-1-4214-0794-4, algorithm 3.4.1.
struct Elimination<'a, T, const L: usize> {
    n: usize,
    a: &'a mut [[T; L]],
    /// step c: row exchanged with row c
    pivots: &'a mut [[usize; L]],
}

impl<T: Real, const L: usize> WithSimd for Elimination<'_, T, L> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Elimination { n, a, pivots } = self;
        // two columns at a time: what follows is loaded and stored once for both
        for c in (0..n).step_by(2) {
            exchange(a, n, c, &mut pivots[c]);
            divide(&mut a[c * n + c..(c + 1) * n]);
            if c + 1 == n {
                return;
            }
            let (done, rest) = a.split_at_mut((c + 1) * n);
            let (first, next) = (&done[c * n + c + 1..], &mut rest[c..n]);
            let factor = next[0].map(|f| -f);
            add::<T, S, L, 1>(simd, &mut next[1..], [&factor], [first]);
            exchange(a, n, c + 1, &mut pivots[c + 1]);
            divide(&mut a[(c + 1) * n + c + 1..(c + 2) * n]);
            let (done, rest) = a.split_at_mut((c + 2) * n);
            let (first, second) = (&done[c * n + c + 1..(c + 1) * n], &done[(c + 1) * n + c + 2..]);
            for next in rest.chunks_exact_mut(n) {
                let factors = next[c].map(|f| -f);
                add::<T, S, L, 1>(simd, &mut next[c + 1..c + 2], [&factors], [&first[..1]]);
                let others = next[c + 1].map(|f| -f);
                add::<T, S, L, 2>(simd, &mut next[c + 2..], [&factors, &others], [&first[1..], second]);
            }
        }
    }
}

/// What follows the first number, divided by it.
#[inline(always)]
fn divide<T: Real, const L: usize>(column: &mut [[T; L]]) {
    if let [pivot, column @ ..] = column {
        for value in column {
            for l in 0..L {
                value[l] /= pivot[l];
            }
        }
    }
}

/// values_i <- values_i + sum_k factor_k column_k,i in each lane, in the order of k.
#[inline(always)]
fn add<T: Real, S: Simd, const L: usize, const K: usize>(
    simd: S,
    values: &mut [[T; L]],
    factors: [&[T; L]; K],
    columns: [&[[T; L]]; K],
) {
    let columns = columns.map(|column| &column[..values.len()]);
    if L == 1 {
        for (i, value) in values.iter_mut().enumerate() {
            for k in 0..K {
                let (factor, multiplier) = (factors[k][0], columns[k][i][0]);
                value[0] =
                    if has_fma::<S>() { factor.mul_add(multiplier, value[0]) } else { factor * multiplier + value[0] };
            }
        }
        return;
    }
    let factors = factors.map(|factor| T::vectors::<S>(factor).0);
    for (i, value) in values.iter_mut().enumerate() {
        for (r, value) in T::vectors_mut::<S>(value).0.iter_mut().enumerate() {
            let mut sum = *value;
            for k in 0..K {
                sum = <T as Lane>::mul_add(simd, factors[k][r], T::vectors::<S>(&columns[k][i]).0[r], sum);
            }
            *value = sum;
        }
    }
}

/// Brings the largest number of column c, from row c on, to row c of each matrix.
#[inline(always)]
fn exchange<T: Real, const L: usize>(a: &mut [[T; L]], n: usize, c: usize, pivots: &mut [usize; L]) {
    // row numbers in T, so that one comparison selects both
    let (mut largest, mut at) = (a[c * n + c].map(num_traits::Float::abs), [T::of(c as f64); L]);
    for (r, value) in a[c * n..(c + 1) * n].iter().enumerate().skip(c + 1) {
        let row = T::of(r as f64);
        for l in 0..L {
            let size = value[l].abs();
            let larger = size > largest[l];
            largest[l] = if larger { size } else { largest[l] };
            at[l] = if larger { row } else { at[l] };
        }
    }
    for l in 0..L {
        pivots[l] = at[l].as_f64() as usize;
        if pivots[l] != c {
            for column in a.chunks_exact_mut(n) {
                let value = column[c][l];
                column[c][l] = column[pivots[l]][l];
                column[pivots[l]][l] = value;
            }
        }
    }
}

/// x <- U^-1 L^-1 x with the factors of one matrix, or x <- L^-T U^-T x.
pub(super) fn substitute<T: Real>(factors: &[T], x: &mut [T], transposed: bool) {
    Arch::new().dispatch(Substitution { factors, x, transposed });
}

struct Substitution<'a, T> {
    factors: &'a [T],
    x: &'a mut [T],
    transposed: bool,
}

impl<T: Real> WithSimd for Substitution<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Substitution { factors, x, transposed } = self;
        let n = x.len();
        let columns = factors.chunks_exact(n).enumerate();
        if transposed {
            // a product with what is known for each number
            for (c, column) in columns.clone() {
                let known = Dot(&column[..c], &x[..c]).with_simd(simd);
                x[c] = (x[c] - known) / column[c];
            }
            for (c, column) in columns.rev() {
                x[c] -= Dot(&column[c + 1..], &x[c + 1..]).with_simd(simd);
            }
        } else {
            // what is known is taken from all that follow
            for (c, column) in columns.clone() {
                let (head, tail) = x.split_at_mut(c + 1);
                vector::add::<T, S>(tail, -head[c], &column[c + 1..]);
            }
            for (c, column) in columns.rev() {
                let (head, tail) = x.split_at_mut(c);
                tail[0] /= column[c];
                vector::add::<T, S>(head, -tail[0], &column[..c]);
            }
        }
    }
}
