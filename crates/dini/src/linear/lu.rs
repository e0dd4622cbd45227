//! Dense LU factorisations of a chunk of samples, with transpose and condition estimate.

use faer::dyn_stack::MemBuffer;

use super::condition::{inverse_norm, one_norm};
use super::interleaved::Interleaved;
use super::{Factors, Inverse, State};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::problem::Active;

/// Up to this size the elimination of several matrices at a time beats the blocked one of each.
const SMALL: usize = 48;

/// P A = L U for one n x n matrix per slot, by partial pivoting (faer above n = 48, several matrices at a time below).
///
/// Factorisation 2/3 n^3, a solve with A or A^T 2 n^2 operations.
pub struct DenseLu<T> {
    n: usize,
    /// slot s: n^2 numbers, column-major; the matrix before, L and U after [`factor`](DenseLu::factor)
    factors: Vec<T>,
    /// slot s, step c: row exchanged with row c
    pivots: Vec<usize>,
    /// ||A||_1 per slot
    norms: Vec<T>,
    state: Vec<State>,
    scratch: Scratch<T>,
}

impl<T> std::fmt::Debug for DenseLu<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DenseLu").field("n", &self.n).field("slots", &self.state.len()).finish_non_exhaustive()
    }
}

/// Memory of a factorisation.
enum Scratch<T> {
    /// of small matrices
    Small(Interleaved<T>),
    /// of faer's
    Blocked { memory: MemBuffer, forward: Vec<usize>, inverse: Vec<usize>, order: Vec<usize> },
}

impl<T: Real> Scratch<T> {
    fn new(n: usize) -> Self {
        if n <= SMALL {
            return Scratch::Small(Interleaved::new(n));
        }
        Scratch::Blocked { memory: T::lu_memory(n), forward: vec![0; n], inverse: vec![0; n], order: vec![0; n] }
    }

    fn reserve(&mut self, slots: usize) {
        if let Scratch::Small(small) = self {
            small.reserve(slots);
        }
    }
}

impl<T: Real> DenseLu<T> {
    /// Room for `slots` matrices of size n.
    pub fn new(slots: usize, n: usize) -> Self {
        let (factors, pivots, norms, state) = Default::default();
        let mut lu = DenseLu { n, factors, pivots, norms, state, scratch: Scratch::new(n) };
        lu.reset(slots);
        lu
    }

    /// All matrices, to be filled in before [`factor`](DenseLu::factor).
    pub fn matrices_mut(&mut self) -> &mut [T] {
        &mut self.factors
    }

    /// Moves the factors out, leaving an empty object that [`reset`](DenseLu::reset) makes usable again.
    pub fn take(&mut self) -> Self {
        let empty = DenseLu::new(0, self.n);
        std::mem::replace(self, empty)
    }

    /// Forgets all factors and makes room for `slots` matrices.
    pub fn reset(&mut self, slots: usize) {
        let n = self.n;
        self.factors.resize(slots * n * n, T::zero());
        self.pivots.resize(slots * n, 0);
        self.norms.resize(slots, T::zero());
        self.state.clear();
        self.state.resize(slots, State::Empty);
        self.scratch.reserve(slots);
    }

    /// Whether the determinant of the matrix factored in `slot` is positive; none where it is 0 or not a number.
    pub(crate) fn orientation(&self, slot: usize) -> Option<bool> {
        let n = self.n;
        let diagonal = (0..n).map(|k| self.factors[slot * n * n + k * (n + 1)]);
        let exchanged = (0..n).filter(|&k| self.pivots[slot * n + k] != k).count();
        let mut positive = exchanged % 2 == 0;
        for pivot in diagonal {
            if pivot == T::zero() || pivot.is_nan() {
                return None;
            }
            positive ^= pivot < T::zero();
        }
        Some(positive)
    }

    /// Factors the matrix in `slot`; afterwards [`is_singular`](DenseLu::is_singular) tells whether a pivot was zero.
    pub fn factor(&mut self, slot: usize) {
        self.factor_all(&[slot]);
    }

    /// Factors the matrices in `slots`; the factors of each are the same, bit for bit, as [`factor`](DenseLu::factor)'s.
    pub fn factor_all(&mut self, slots: &[usize]) {
        let n = self.n;
        let DenseLu { factors, pivots, norms, state, scratch, .. } = self;
        let matrix = |slot: usize| slot * n * n..(slot + 1) * n * n;
        for &slot in slots {
            norms[slot] = one_norm(factors[matrix(slot)].chunks_exact(n.max(1)));
        }
        match scratch {
            Scratch::Small(small) => small.factor(factors, pivots, slots),
            Scratch::Blocked { memory, forward, inverse, order } => {
                for &slot in slots {
                    T::lu(&mut factors[matrix(slot)], (forward, inverse), memory);
                    exchanges(forward, inverse, order, &mut pivots[slot * n..(slot + 1) * n]);
                }
            }
        }
        for &slot in slots {
            let a = &factors[matrix(slot)];
            let regular = (0..n).all(|i| a[i * n + i].is_finite() && a[i * n + i] != T::zero());
            state[slot] = if regular { State::Factored } else { State::Singular };
        }
    }

    /// Whether the matrix in `slot` had an exactly zero (or non-finite) pivot.
    pub fn is_singular(&self, slot: usize) -> bool {
        self.state[slot] == State::Singular
    }

    /// x <- A^-1 x; false, leaving zeros, where the matrix is singular.
    pub fn solve(&self, slot: usize, x: &mut [T]) -> bool {
        self.substitute(slot, x, false)
    }

    /// x <- A^-T x; false, leaving zeros, where the matrix is singular.
    pub fn solve_transpose(&self, slot: usize, x: &mut [T]) -> bool {
        self.substitute(slot, x, true)
    }

    fn substitute(&self, slot: usize, x: &mut [T], transposed: bool) -> bool {
        if self.state[slot] != State::Factored {
            x.fill(T::zero());
            return false;
        }
        let n = self.n;
        let (a, pivots) = (&self.factors[slot * n * n..(slot + 1) * n * n], &self.pivots[slot * n..(slot + 1) * n]);
        let exchanges = pivots.iter().enumerate();
        if transposed {
            T::substitute(a, x, true);
            exchanges.rev().for_each(|(c, &p)| x.swap(c, p));
        } else {
            exchanges.for_each(|(c, &p)| x.swap(c, p));
            T::substitute(a, x, false);
        }
        true
    }

    /// Estimate of the 1-norm condition number ||A||_1 ||A^-1||_1 of `slot`, a lower bound that is nearly always within
    /// a factor of three; infinite for a singular matrix. At most 11 solves.
    ///
    /// Source: N. J. Higham (1988), doi:10.1145/50063.214386, algorithm 2.4 (LAPACK xLACON).
    pub fn condition(&self, slot: usize) -> f64 {
        if self.state[slot] != State::Factored {
            return f64::INFINITY;
        }
        let solve = |x: &mut [T]| {
            self.solve(slot, x);
        };
        let solve_transpose = |x: &mut [T]| {
            self.solve_transpose(slot, x);
        };
        let condition = self.norms[slot].as_f64() * inverse_norm(self.n, solve, solve_transpose);
        if condition.is_nan() { f64::INFINITY } else { condition }
    }
}

impl<T: Real> Factors<T> for DenseLu<T> {
    fn factor(&mut self, slots: &[usize]) {
        self.factor_all(slots);
    }
    fn solve(&self, slot: usize, x: &mut [T]) -> bool {
        DenseLu::solve(self, slot, x)
    }
}

impl<T: Real> Keep for DenseLu<T> {
    fn keep(&mut self, _: &[usize]) {}
    fn reset(&mut self, samples: usize) {
        DenseLu::reset(self, samples);
    }
}

impl<V: Batch> Inverse<V> for DenseLu<V::Scalar> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.solve(slot, row))
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.solve_transpose(slot, row))
    }
    fn is_dense(&self, _: usize) -> bool {
        true
    }
    fn known(&self, slot: usize) -> bool {
        self.state.get(slot).is_some_and(|s| *s == State::Factored)
    }
    fn norm(&self, slot: usize) -> Option<f64> {
        (self.state[slot] != State::Empty).then(|| self.norms[slot].as_f64())
    }
    fn condition(&self, slot: usize) -> Option<f64> {
        (self.state[slot] != State::Empty).then(|| DenseLu::condition(self, slot))
    }
}

/// Applies `f` to every row that has factors; rows without are left as they are.
pub(crate) fn each_row<V: Batch>(
    at: Active<'_>,
    r: &mut V,
    mut f: impl FnMut(usize, &mut [V::Scalar]) -> bool,
) -> bool {
    crate::kernels::scratch::with(r.width(), |row| {
        let mut any = false;
        for i in 0..at.len() {
            r.read(i, row);
            if f(at.slot(i).index(), row) {
                r.write(i, row);
                any = true;
            }
        }
        any
    })
}

/// Turns the permutation `forward` (row i comes from row forward\[i\]) into exchanges with the present row c = 0, 1, ...
///
/// Exchanges can be applied in place, in either direction. `position` and `order` are scratch: where each original row
/// lies after the exchanges so far, and which row lies where.
fn exchanges(forward: &[usize], position: &mut [usize], order: &mut [usize], pivots: &mut [usize]) {
    for (i, (p, o)) in position.iter_mut().zip(&mut *order).enumerate() {
        (*p, *o) = (i, i);
    }
    for (c, &row) in forward.iter().enumerate() {
        let from = position[row];
        pivots[c] = from;
        order.swap(c, from);
        position[order[c]] = c;
        position[order[from]] = from;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize) -> Vec<f64> {
        // no symmetry, no dominant diagonal: pivoting is exercised
        (0..n * n).map(|i| ((i * i + 3 * i + 1) as f64 * 0.731).sin()).collect()
    }

    #[test]
    fn solves_with_the_matrix_and_its_transpose() {
        for n in [1, 2, 3, 10, 24, 25, 40, 100] {
            let a = matrix(n);
            let x: Vec<f64> = (0..n).map(|i| (i as f64).cos()).collect();
            let mut lu = DenseLu::new(2, n);
            lu.matrices_mut()[n * n..].copy_from_slice(&a);
            lu.factor(1);
            let (mut b, mut bt) = (vec![0.0; n], vec![0.0; n]);
            for j in 0..n {
                for i in 0..n {
                    b[i] += a[j * n + i] * x[j];
                    bt[j] += a[j * n + i] * x[i];
                }
            }
            assert!(lu.solve(1, &mut b) && lu.solve_transpose(1, &mut bt));
            for i in 0..n {
                assert!((b[i] - x[i]).abs() < 1e-9 && (bt[i] - x[i]).abs() < 1e-9, "n = {n}");
            }
        }
    }

    #[test]
    fn condition_of_a_diagonal_and_of_a_singular_matrix() {
        let n = 30;
        let mut lu = DenseLu::<f64>::new(2, n);
        for i in 0..n {
            lu.matrices_mut()[i * n + i] = 10f64.powi(-(i as i32 % 7));
        }
        lu.factor(0);
        assert!((lu.condition(0) - 1e6).abs() < 1.0);
        lu.factor(1);
        assert!(lu.is_singular(1) && lu.condition(1).is_infinite());
        assert!(!lu.solve(1, &mut vec![1.0; n]));
    }
}
