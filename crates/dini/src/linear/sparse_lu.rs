//! Sparse LU factorisations of a chunk of samples, with transpose and condition estimate.

use std::sync::{Mutex, PoisonError};

use faer::dyn_stack::{MemBuffer, StackReq};
use faer::sparse::linalg::lu::NumericLu;

use super::condition::{inverse_norm, one_norm};
use super::lu::each_row;
use super::{Factors, Inverse, State};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::problem::Active;
use crate::sparsity::Sparsity;

/// P A Q = L U for one sparse matrix per slot, all of one pattern, by partial pivoting (faer).
///
/// The columns are ordered once per [`Sparsity`] for little fill (COLAMD); rows are exchanged for the largest pivot. Cost
/// and memory are those of the fill: of order n for a band, n^(3/2) and n log n at best for a grid in the plane. Memory is
/// reused from one factorisation to the next; only where fill makes faer work with blocks does it allocate for itself.
///
/// ```
/// use dini::linear::SparseLu;
/// use dini::problem::Sparsity;
/// // (2 -1; -1 2) x = (1, 1)
/// let mut lu = SparseLu::new(1, Sparsity::tridiagonal(2)?);
/// lu.values_mut().copy_from_slice(&[2.0, -1.0, -1.0, 2.0]);
/// lu.factor(0);
/// let mut x = [1.0, 1.0];
/// assert!(lu.solve(0, &mut x) && x.iter().all(|x: &f64| (x - 1.0).abs() < 1e-15));
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: J. R. Gilbert and T. Peierls (1988), doi:10.1137/0909058; T. A. Davis, J. R. Gilbert, S. I. Larimore and
/// E. G. Ng (2004), doi:10.1145/1024074.1024079.
pub struct SparseLu<T> {
    sparsity: Sparsity,
    /// slot s: the numbers of the matrix, column by column
    values: Vec<T>,
    factors: Vec<NumericLu<usize, T>>,
    /// ||A||_1 per slot
    norms: Vec<T>,
    state: Vec<State>,
    /// faer's, also in a solve; a chunk is worked on by one thread, so it is not waited for
    scratch: Mutex<MemBuffer>,
}

impl<T> std::fmt::Debug for SparseLu<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut s = f.debug_struct("SparseLu");
        s.field("sparsity", &self.sparsity).field("slots", &self.state.len()).finish_non_exhaustive()
    }
}

impl<T: Real> SparseLu<T> {
    /// Room for `slots` matrices of one pattern.
    pub fn new(slots: usize, sparsity: Sparsity) -> Self {
        let memory =
            sparsity.symbolic().map_or_else(|| MemBuffer::new(StackReq::EMPTY), |symbolic| T::sparse_memory(symbolic));
        let mut lu = SparseLu {
            sparsity,
            values: Vec::new(),
            factors: Vec::new(),
            norms: Vec::new(),
            state: Vec::new(),
            scratch: Mutex::new(memory),
        };
        lu.reset(slots);
        lu
    }

    /// The pattern.
    pub fn sparsity(&self) -> &Sparsity {
        &self.sparsity
    }

    /// Number of slots.
    pub fn slots(&self) -> usize {
        self.state.len()
    }

    /// The numbers of all matrices, slot by slot in the order of the pattern; they outlast [`factor`](SparseLu::factor).
    pub fn values_mut(&mut self) -> &mut [T] {
        &mut self.values
    }

    /// The numbers of the matrix in `slot`.
    pub fn values(&self, slot: usize) -> &[T] {
        let entries = self.sparsity.entries();
        &self.values[slot * entries..(slot + 1) * entries]
    }

    /// Moves the factors out, leaving an empty object that [`reset`](SparseLu::reset) makes usable again.
    pub fn take(&mut self) -> Self {
        let empty = SparseLu::new(0, self.sparsity.clone());
        std::mem::replace(self, empty)
    }

    /// Forgets all factors and makes room for `slots` matrices.
    pub fn reset(&mut self, slots: usize) {
        self.values.resize(slots * self.sparsity.entries(), T::zero());
        self.factors.resize_with(slots, NumericLu::new);
        self.norms.resize(slots, T::zero());
        self.state.clear();
        self.state.resize(slots, State::Empty);
    }

    /// Factors the matrix in `slot`; afterwards [`is_singular`](SparseLu::is_singular) tells whether a pivot was zero or not
    /// finite.
    pub fn factor(&mut self, slot: usize) {
        let (sparsity, entries) = (&self.sparsity, self.sparsity.entries());
        let values = &self.values[slot * entries..(slot + 1) * entries];
        self.norms[slot] = one_norm((0..sparsity.size()).map(|j| &values[sparsity.column(j)]));
        self.state[slot] = State::Singular;
        let Some(symbolic) = sparsity.symbolic().filter(|_| self.norms[slot].is_finite()) else { return };
        let memory = self.scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
        if T::sparse_lu(symbolic, sparsity.structure(), values, &mut self.factors[slot], memory) {
            // faer goes on over a zero pivot; it shows in any solution
            let regular = crate::kernels::scratch::with(sparsity.size(), |x| {
                x.fill(T::one());
                self.apply(slot, x, false)
            });
            self.state[slot] = if regular { State::Factored } else { State::Singular };
        }
    }

    /// Whether the matrix in `slot` had a zero or non-finite pivot.
    pub fn is_singular(&self, slot: usize) -> bool {
        self.state[slot] == State::Singular
    }

    /// x <- A^-1 x; false, leaving zeros, where the matrix is singular or x overflowed.
    pub fn solve(&self, slot: usize, x: &mut [T]) -> bool {
        self.guarded(slot, x, false)
    }

    /// x <- A^-T x; false, leaving zeros, where the matrix is singular or x overflowed.
    pub fn solve_transpose(&self, slot: usize, x: &mut [T]) -> bool {
        self.guarded(slot, x, true)
    }

    fn guarded(&self, slot: usize, x: &mut [T], transposed: bool) -> bool {
        let solved = self.state[slot] == State::Factored && self.apply(slot, x, transposed);
        if !solved {
            x.fill(T::zero());
        }
        solved
    }

    /// Solves with factors that exist; whether x is finite.
    fn apply(&self, slot: usize, x: &mut [T], transposed: bool) -> bool {
        let Some(symbolic) = self.sparsity.symbolic() else { return false };
        let mut memory = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        T::sparse_solve(symbolic, &self.factors[slot], x, transposed, &mut memory);
        x.iter().all(|v| v.is_finite())
    }

    /// Estimate of the 1-norm condition number of `slot`, as that of [`DenseLu`](super::DenseLu::condition).
    pub fn condition(&self, slot: usize) -> f64 {
        if self.state[slot] != State::Factored {
            return f64::INFINITY;
        }
        // without the guard: what overflows is to count as infinite
        let apply = |transposed| {
            move |x: &mut [T]| {
                self.apply(slot, x, transposed);
            }
        };
        let condition = self.norms[slot].as_f64() * inverse_norm(self.sparsity.size(), apply(false), apply(true));
        if condition.is_nan() { f64::INFINITY } else { condition }
    }
}

impl<T: Real> Factors<T> for SparseLu<T> {
    fn factor(&mut self, slots: &[usize]) {
        slots.iter().for_each(|&slot| SparseLu::factor(self, slot));
    }
    fn solve(&self, slot: usize, x: &mut [T]) -> bool {
        SparseLu::solve(self, slot, x)
    }
}

impl<T: Real> Keep for SparseLu<T> {
    fn keep(&mut self, _: &[usize]) {}
    fn reset(&mut self, samples: usize) {
        SparseLu::reset(self, samples);
    }
}

impl<V: Batch> Inverse<V> for SparseLu<V::Scalar> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.solve(slot, row))
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.solve_transpose(slot, row))
    }
    fn known(&self, slot: usize) -> bool {
        self.state.get(slot).is_some_and(|s| *s == State::Factored)
    }
    fn norm(&self, slot: usize) -> Option<f64> {
        (self.state[slot] != State::Empty).then(|| self.norms[slot].as_f64())
    }
    fn condition(&self, slot: usize) -> Option<f64> {
        (self.state[slot] != State::Empty).then(|| SparseLu::condition(self, slot))
    }
}
