//! What a problem can do beyond its residual and products.

use std::fmt;

use super::passes::Passes;
use super::{Active, Eval, Linearize, Problem, Slot, Sparsity};
use crate::batch::Batch;

/// What a problem can do beyond products J v and J^T u, found in one place: [`Linearize::capabilities`]. Each is there as a whole or not
/// at all, and a wrapper that changes nothing hands over those of the problem inside.
///
/// ```
/// use dini::problem::{Capabilities, Linearize};
/// use dini::{Rows, cells::Tanh};
/// let cell = Tanh::new(40, vec![0.01; 1600], Rows::<f64>::from_vec(1, 40, vec![0.3; 40])?)?;
/// assert_eq!(cell.capabilities().names(), ["dense Jacobian", "passes"]);
/// assert_eq!((&cell).capabilities().names(), cell.capabilities().names());
/// # Ok::<(), dini::Error>(())
/// ```
pub struct Capabilities<'a, V: Batch, T> {
    /// J as a matrix; without it a dense J is assembled from n products.
    pub dense: Option<&'a dyn DenseJacobian<T, V::Scalar>>,
    /// Where J may differ from zero, if that is known.
    pub sparse: Option<Sparse<'a, T, V::Scalar>>,
    /// Block Gauss-Seidel passes at half the cost of an evaluation.
    pub passes: Option<&'a dyn Passes<V, T>>,
}

/// The [`Capabilities`] of a problem.
pub type CapabilitiesOf<'a, P> = Capabilities<'a, <P as Problem>::State, <P as Linearize>::Tape>;

/// A sparse Jacobian: the same entries at every point and for every sample.
///
/// ```compile_fail
/// # use dini::problem::{Sparse, SparseJacobian};
/// fn half<'a>(entries: &'a dyn SparseJacobian<(), f64>) -> Sparse<'a, (), f64> {
///     Sparse { entries: Some(entries) } // entries of which pattern?
/// }
/// ```
pub struct Sparse<'a, T, S> {
    /// The entries.
    pub pattern: &'a Sparsity,
    /// Their values; without it they are found with one product a colour of the pattern.
    pub entries: Option<&'a dyn SparseJacobian<T, S>>,
}

/// J = dg/dz as a matrix.
pub trait DenseJacobian<T, S> {
    /// Writes the n x n Jacobian of the sample in `slot` of the tape, column-major.
    fn jacobian(&self, slot: Slot, tape: &T, out: &mut [S]);
}

/// The entries of J = dg/dz that may differ from zero.
pub trait SparseJacobian<T, S> {
    /// Writes the entries of the Jacobian of the sample in `slot` of the tape, in the order of the pattern.
    fn entries(&self, slot: Slot, tape: &T, out: &mut [S]);
}

/// g in reduced precision, where that is cheaper.
pub trait RoughResidual<V> {
    /// out <- g(z), to two or three digits.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn rough_residual(&self, at: Active<'_>, z: &V, out: &mut V) -> Eval;
}

impl<V: Batch, T> Capabilities<'_, V, T> {
    /// No more than products.
    pub const NONE: Self = Capabilities { dense: None, sparse: None, passes: None };

    /// What is there, in words.
    pub fn names(&self) -> Vec<&'static str> {
        let Capabilities { dense, sparse, passes } = self;
        let entries = sparse.as_ref().is_some_and(|sparse| sparse.entries.is_some());
        let all = [
            (dense.is_some(), "dense Jacobian"),
            (sparse.is_some(), "pattern"),
            (entries, "entries of the pattern"),
            (passes.is_some(), "passes"),
        ];
        all.into_iter().filter_map(|(is, name)| is.then_some(name)).collect()
    }
}

impl<V: Batch, T> fmt::Debug for Capabilities<'_, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Capabilities").field(&self.names()).finish()
    }
}

impl<T, S> fmt::Debug for Sparse<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pattern, entries) = (self.pattern, self.entries.is_some());
        f.debug_struct("Sparse").field("pattern", pattern).field("entries", &entries).finish()
    }
}

/// Where J of a problem may differ from zero, if that is known.
pub(crate) fn pattern<P: Linearize + ?Sized>(problem: &P) -> Option<&Sparsity> {
    problem.capabilities().sparse.map(|sparse| sparse.pattern)
}
