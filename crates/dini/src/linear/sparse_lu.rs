//! Sparse LU factorisations of a chunk of samples, with transpose and condition estimate.

use std::sync::{Mutex, PoisonError};

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::sparse::linalg::lu::{LuRef, NumericLu, SymbolicLu, factorize_symbolic_lu};
use faer::sparse::linalg::qr::factorize_symbolic_qr;
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Conj, MatMut, Par};

use super::Factors;
use super::condition::{inverse_norm, one_norm};
use super::lu::each_row;
use super::{Inverse, State};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::problem::{Active, Sparsity};

/// The order of elimination and the structure of the factors of every matrix of one pattern.
pub(crate) struct Symbolic(SymbolicLu<usize>);

impl Symbolic {
    /// None where a row or a column is empty, so that every matrix of the pattern is singular, or where memory ran out.
    pub fn new(starts: &[usize], rows: &[usize]) -> Option<Self> {
        let n = starts.len() - 1;
        let mut met = vec![false; n];
        rows.iter().for_each(|&i| met[i] = true);
        if met.contains(&false) || starts.windows(2).any(|range| range[0] == range[1]) {
            return None;
        }
        factorize_symbolic_lu(symbolic_matrix(starts, rows), Default::default()).ok().map(Symbolic)
    }

    fn scratch<T: Real>(&self) -> StackReq {
        let factor = self.0.factorize_numeric_lu_scratch::<T>(Par::Seq, Default::default());
        factor
            .or(self.0.solve_in_place_scratch::<T>(1, Par::Seq))
            .or(self.0.solve_transpose_in_place_scratch::<T>(1, Par::Seq))
    }
}

/// Most entries that the factors of a matrix of this pattern can have, whichever rows are exchanged: those of its orthogonal factors
/// with the same order of the columns, or n^2.
///
/// Source: A. George and E. Ng (1987), doi:10.1137/0908072.
pub(crate) fn largest_fill(sparsity: &Sparsity) -> usize {
    let (starts, rows) = sparsity.compressed();
    let n = sparsity.size();
    let square = n.saturating_mul(n);
    let symbolic = factorize_symbolic_qr(symbolic_matrix(starts, rows), Default::default());
    symbolic.map_or(square, |symbolic| symbolic.len_val().min(square))
}

fn symbolic_matrix<'a>(starts: &'a [usize], rows: &'a [usize]) -> SymbolicSparseColMatRef<'a, usize> {
    let n = starts.len() - 1;
    SymbolicSparseColMatRef::new_checked(n, n, starts, None, rows)
}

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
        let need = sparsity.symbolic().map_or(StackReq::EMPTY, Symbolic::scratch::<T>);
        let mut lu = SparseLu {
            sparsity,
            values: Vec::new(),
            factors: Vec::new(),
            norms: Vec::new(),
            state: Vec::new(),
            scratch: Mutex::new(MemBuffer::new(need)),
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
        let Some(Symbolic(symbolic)) = sparsity.symbolic().filter(|_| self.norms[slot].is_finite()) else { return };
        let (starts, rows) = sparsity.compressed();
        let matrix = SparseColMatRef::new(symbolic_matrix(starts, rows), values);
        let stack = self.scratch.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (factors, params) = (&mut self.factors[slot], Default::default());
        if symbolic.factorize_numeric_lu(factors, matrix, Par::Seq, MemStack::new(stack), params).is_ok() {
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
        let Some(Symbolic(symbolic)) = self.sparsity.symbolic() else { return false };
        let mut scratch = self.scratch.lock().unwrap_or_else(PoisonError::into_inner);
        let (factors, stack) = (LuRef::new_unchecked(symbolic, &self.factors[slot]), MemStack::new(&mut scratch));
        let n = x.len();
        let rhs = MatMut::from_column_major_slice_mut(&mut *x, n, 1);
        if transposed {
            factors.solve_transpose_in_place_with_conj(Conj::No, rhs, Par::Seq, stack);
        } else {
            factors.solve_in_place_with_conj(Conj::No, rhs, Par::Seq, stack);
        }
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
