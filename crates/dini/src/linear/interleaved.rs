//! Small matrices factored together, one in each lane of a register.

use crate::Real;

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
                T::eliminate(n, T::PANEL, &mut self.entries, &mut self.pivots);
                self.scatter(factors, pivots, group);
                continue;
            }
            for &slot in group {
                let (a, pivots) = (&mut factors[slot * n * n..][..n * n], &mut pivots[slot * n..][..n]);
                T::eliminate(n, 1, a, pivots);
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
