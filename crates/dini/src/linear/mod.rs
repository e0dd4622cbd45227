//! Linear systems J x = b and J^T x = b.
//!
//! [`DenseLu`] factors; the [`Krylov`] methods and [`Refinement`] need products only, and a preconditioner M near A that is
//! applied from the right, so that the residual is that of the system itself. Every method measures the residual before it
//! claims to have converged, and its [`LinearRecord`] says why it ended.

mod alternation;
mod bicgstab;
mod block_diagonal;
mod cg;
mod condition;
mod cycle;
mod gauss_seidel;
mod gmres;
mod interleaved;
mod krylov;
mod lsmr;
mod lu;
mod merged;
mod mixing;
mod preconditioner;
mod record;
mod refinement;
mod sample;
mod sparse_lu;

pub(crate) use alternation::{Alternation, Look, WINDOW, WORTHWHILE};
pub use bicgstab::BiCgStab;
pub use block_diagonal::BlockDiagonal;
pub use cg::Cg;
pub use gauss_seidel::GaussSeidel;
pub use gmres::Gmres;
pub use krylov::Krylov;
pub(crate) use krylov::KrylovWork;
pub use lsmr::Lsmr;
pub use lu::DenseLu;
pub(crate) use lu::each_row;
pub use merged::Merged;
pub(crate) use mixing::{MAX_WINDOW, Mixing, RIDGE};
pub use preconditioner::{Precondition, Preconditioner};
pub use record::LinearRecord;
pub use refinement::Refinement;
pub use sparse_lu::SparseLu;

use std::sync::Arc;

/// Size up to which a dense Jacobian is formed where nobody has asked for one.
pub(crate) const DENSE: usize = 1000;

/// Size above which a Jacobian with a pattern is formed and factored sparsely where nobody has asked for a dense one.
pub(crate) const SPARSE: usize = 64;

use crate::batch::Batch;
use crate::error::Error;
use crate::problem::{Active, Eval};

/// An approximate inverse of the Jacobian, left behind by a solver or given as a preconditioner.
///
/// Both directions exist from the start, because the adjoint needs the transpose of whatever served the forward solve.
pub trait Inverse<V: Batch>: Send + Sync {
    /// r <- J^-1 r, approximately. Returns false, leaving `r` alone, where nothing is known.
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        let _ = (at, r);
        false
    }
    /// r <- J^-T r, approximately. Returns false, leaving `r` alone, where nothing is known.
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        let _ = (at, r);
        false
    }
    /// Whether the sample in `slot` is to be solved with a dense factorisation: this one's where it knows the sample, else a new one.
    fn is_dense(&self, slot: usize) -> bool {
        let _ = slot;
        false
    }
    /// Whether something is known about the Jacobian in `slot`.
    fn known(&self, slot: usize) -> bool {
        let _ = slot;
        false
    }
    /// Norm of the Jacobian in `slot`, where one is known.
    fn norm(&self, slot: usize) -> Option<f64> {
        let _ = slot;
        None
    }
    /// Estimate of the condition number of the Jacobian in `slot`, where one is known.
    fn condition(&self, slot: usize) -> Option<f64> {
        let _ = slot;
        None
    }
}

impl<V: Batch> Inverse<V> for () {}

/// Factors of one matrix per slot, dense or sparse.
pub(crate) trait Factors<T> {
    /// Factors the matrices in `slots`.
    fn factor(&mut self, slots: &[usize]);
    /// x <- A^-1 x; false, leaving zeros, where the matrix is singular.
    fn solve(&self, slot: usize, x: &mut [T]) -> bool;
}

/// What is in a slot of a factorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Empty,
    Singular,
    Factored,
}

/// What a pointer to an inverse does.
macro_rules! pointer {
    ($pointer:ident) => {
        impl<V: Batch> Inverse<V> for $pointer<dyn Inverse<V>> {
            fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
                (**self).solve(at, r)
            }
            fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
                (**self).solve_transpose(at, r)
            }
            fn is_dense(&self, slot: usize) -> bool {
                (**self).is_dense(slot)
            }
            fn known(&self, slot: usize) -> bool {
                (**self).known(slot)
            }
            fn norm(&self, slot: usize) -> Option<f64> {
                (**self).norm(slot)
            }
            fn condition(&self, slot: usize) -> Option<f64> {
                (**self).condition(slot)
            }
        }
    };
}
pointer!(Box);
pointer!(Arc);

/// A linear system A x = b for each active sample: the operator, a preconditioner M^-1 close to A^-1, and their transposes.
///
/// A method uses the transposes only where its documentation says so, but they are always there: none can be asked for a
/// product that it cannot have.
pub struct System<'a, V> {
    /// out <- A v
    pub operator: &'a mut dyn FnMut(&V, &mut V) -> Eval,
    /// out <- A^T u
    pub transpose: &'a mut dyn FnMut(&V, &mut V) -> Eval,
    /// r <- M^-1 r; false where there is none.
    pub precondition: &'a dyn Fn(&mut V) -> bool,
    /// r <- M^-T r; false where there is none.
    pub precondition_transpose: &'a dyn Fn(&mut V) -> bool,
}

impl<V> System<'_, V> {
    /// The system A^T x = b, preconditioned by M^-T.
    pub fn transposed(self) -> Self {
        System {
            operator: self.transpose,
            transpose: self.operator,
            precondition: self.precondition_transpose,
            precondition_transpose: self.precondition,
        }
    }
}

/// A method for linear systems, per sample.
pub trait LinearSolver<V: Batch>: Sync {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the field.
    fn validate(&self) -> Result<(), Error>;
    /// Solves A x = b to ||b - A x|| <= `tolerance` ||b||; one record per sample.
    ///
    /// # Errors
    /// A fatal error of the operator.
    fn solve(
        &self,
        system: &mut System<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: f64,
    ) -> Result<Vec<LinearRecord>, crate::error::UserError>;
}
