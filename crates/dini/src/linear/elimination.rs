//! Gaussian elimination of small matrices, several at a time.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::kernels::lane::{Lane, has_fma};

/// Fewer matrices are faster one by one.
const FEW: usize = 3;

/// Memory for [`Lane::PANEL`] matrices, interleaved: as many as there are lanes in a 512-bit register.
pub(super) struct Interleaved<T> {
    n: usize,
    /// entry k of all matrices, column-major
    entries: Vec<T>,
    pivots: Vec<usize>,
}

impl<T: Real> Interleaved<T> {
    /// For matrices of size n.
    pub fn new(n: usize) -> Self {
        Interleaved { n, entries: Vec::new(), pivots: Vec::new() }
    }

    /// Makes room for what [`factor`](Interleaved::factor) needs where there are so many slots.
    pub fn reserve(&mut self, slots: usize) {
        if slots >= FEW {
            self.entries.resize(self.n * self.n * T::PANEL, T::zero());
            self.pivots.resize(self.n * T::PANEL, 0);
        }
    }

    /// P A = L U in place for the matrices in `slots`; n^2 numbers and n exchanges a slot.
    ///
    /// A matrix gets the same factors, bit for bit, alone and among others: one procedure serves both.
    pub fn factor(&mut self, factors: &mut [T], pivots: &mut [usize], slots: &[usize]) {
        let n = self.n;
        self.reserve(slots.len());
        for group in slots.chunks(T::PANEL) {
            if group.len() >= FEW {
                self.gather(factors, group);
                match T::PANEL {
                    8 => eliminate::<T, 8>(n, &mut self.entries, &mut self.pivots),
                    _ => eliminate::<T, 16>(n, &mut self.entries, &mut self.pivots),
                }
                self.scatter(factors, pivots, group);
                continue;
            }
            for &slot in group {
                let (a, pivots) = (&mut factors[slot * n * n..][..n * n], &mut pivots[slot * n..][..n]);
                eliminate::<T, 1>(n, a, pivots);
            }
        }
    }

    /// Lanes without a matrix of their own repeat the last one.
    fn gather(&mut self, factors: &[T], group: &[usize]) {
        let (size, lanes) = (self.n * self.n, T::PANEL);
        if whole::<T>(group) {
            let first = &factors[group[0] * size..];
            return T::transpose(first, size, &mut self.entries, lanes, (lanes, size));
        }
        for lane in 0..lanes {
            let slot = group[lane.min(group.len() - 1)];
            let entries = self.entries.iter_mut().skip(lane).step_by(lanes);
            entries.zip(&factors[slot * size..]).for_each(|(entry, &value)| *entry = value);
        }
    }

    fn scatter(&self, factors: &mut [T], pivots: &mut [usize], group: &[usize]) {
        let (size, lanes) = (self.n * self.n, T::PANEL);
        if whole::<T>(group) {
            T::transpose(&self.entries, lanes, &mut factors[group[0] * size..], size, (size, lanes));
        }
        for (lane, &slot) in group.iter().enumerate() {
            let exchanges = self.pivots.iter().skip(lane).step_by(lanes);
            pivots[slot * self.n..].iter_mut().zip(exchanges).for_each(|(pivot, &row)| *pivot = row);
            if !whole::<T>(group) {
                let entries = self.entries.iter().skip(lane).step_by(lanes);
                factors[slot * size..].iter_mut().zip(entries).for_each(|(value, &entry)| *value = entry);
            }
        }
    }
}

/// Whether the slots are as many as there are lanes, one behind the other.
fn whole<T: Real>(group: &[usize]) -> bool {
    group.len() == T::PANEL && group.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Eliminates L interleaved matrices.
fn eliminate<T: Real, const L: usize>(n: usize, entries: &mut [T], pivots: &mut [usize]) {
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
                value[l] = value[l] / pivot[l];
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matrices<T: Real>(count: usize, n: usize) -> Vec<T> {
        // no symmetry, no dominant diagonal: rows are exchanged
        (0..count * n * n).map(|i| T::of(((i * i + 3 * i + 1) as f64 * 0.731).sin())).collect()
    }

    fn agree<T: Real>() {
        for n in [1, 2, 3, 7, 8, 20, 33] {
            let a = matrices::<T>(20, n);
            let mut work = Interleaved::new(n);
            let (mut alone, mut alone_pivots) = (a.clone(), vec![0; 20 * n]);
            (0..20).for_each(|slot| work.factor(&mut alone, &mut alone_pivots, &[slot]));
            let (mut all, mut pivots) = (a.clone(), vec![0; 20 * n]);
            work.factor(&mut all, &mut pivots, &(0..20).collect::<Vec<_>>());
            assert_eq!((&all, &pivots), (&alone, &alone_pivots), "n = {n}");
            // with gaps, and what is not asked for stays
            let some: Vec<usize> = (0..20).filter(|slot| slot % 3 != 1).collect();
            let (mut few, mut few_pivots) = (a.clone(), vec![0; 20 * n]);
            work.factor(&mut few, &mut few_pivots, &some);
            for slot in 0..20 {
                let expected = if slot % 3 == 1 { &a } else { &alone };
                let range = slot * n * n..(slot + 1) * n * n;
                assert_eq!(few[range.clone()], expected[range], "n = {n}, slot {slot}");
            }
        }
    }

    #[test]
    fn a_matrix_has_the_same_factors_alone_and_among_others() {
        agree::<f32>();
        agree::<f64>();
    }

    #[test]
    fn a_singular_or_undefined_matrix_leaves_its_neighbours_alone() {
        let n = 5;
        let mut a = matrices::<f64>(8, n);
        let sound = a.clone();
        a[n * n..2 * n * n].fill(0.0);
        a[2 * n * n + 3] = f64::NAN;
        let (mut work, mut pivots) = (Interleaved::new(n), vec![0; 8 * n]);
        work.factor(&mut a, &mut pivots, &[0, 1, 2, 3, 4, 5, 6, 7]);
        let (mut expected, mut alone) = (sound, vec![0; 8 * n]);
        [0, 3, 4, 5, 6, 7].into_iter().for_each(|slot| work.factor(&mut expected, &mut alone, &[slot]));
        for slot in [0, 3, 4, 5, 6, 7] {
            assert_eq!(a[slot * n * n..(slot + 1) * n * n], expected[slot * n * n..(slot + 1) * n * n]);
        }
        assert!(a[n * n..2 * n * n].iter().any(|v| !v.is_finite() || *v == 0.0));
    }
}
