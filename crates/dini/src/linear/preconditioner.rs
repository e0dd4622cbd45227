//! What is to precondition the systems of a Krylov method.

use std::sync::Arc;

use super::{BlockDiagonal, Inverse};
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::problem::{Eval, Evaluator, Linearize};

/// Builds an approximate inverse M^-1 of J at the point of linearisation.
///
/// Implemented by [`Preconditioner`], which takes it from J itself, and by `Arc<dyn Inverse<V>>`, an operator of the user's
/// own that is there already. Both directions exist, so that the adjoint gets M^-T and not M^-1.
pub trait Precondition<P: Linearize>: Sync {
    /// What it builds, indexed by slot.
    type Inverse: Inverse<P::State> + Keep;

    /// Checks the options for states of size n.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the field.
    fn validate(&self) -> Result<(), Error>;
    /// An inverse of which nothing is known yet, for batches like `like`.
    fn empty(&self, like: &P::State) -> Self::Inverse;
    /// Whether `inverse` was made by these options.
    fn fits(&self, inverse: &Self::Inverse) -> bool;
    /// Builds the inverses of the active rows that are `wanted`, and leaves the others as they are.
    ///
    /// # Errors
    /// A fatal error of the problem.
    fn build(
        &self,
        problem: &Evaluator<'_, P>,
        tape: &P::Tape,
        wanted: &dyn Fn(usize) -> bool,
        inverse: &mut Self::Inverse,
    ) -> Eval;
    /// Takes out what was built last, for the derivative.
    fn take(&self, inverse: &mut Self::Inverse) -> Self::Inverse;
}

/// A preconditioner that is made of the Jacobian.
///
/// Building costs the Jacobian (directly where the problem offers it, else n products) and the factorisation of its blocks;
/// memory n^2 numbers a sample while it is built, n k afterwards for blocks of size k.
///
/// ```
/// use dini::gradient::{Implicit, Method};
/// use dini::linear::{Gmres, Preconditioner};
/// use dini::{Options, Rows, cells::Tanh, solve, solve::NewtonKrylov};
/// let cell = Tanh::new(2, vec![0.5, 0.1, 0.2, 0.3], Rows::from_vec(1, 2, vec![0.3, 0.1])?)?;
/// let newton = NewtonKrylov { preconditioner: Preconditioner::Diagonal, ..NewtonKrylov::default() };
/// let solution = solve(&cell, &Rows::new(1, 2), &newton, &Options::default())?;
/// // the derivative starts from what the solver built last, or from what it is told to build at z*
/// let method = Method::Preconditioned(Gmres::default().into(), Preconditioner::Blocks(2));
/// let gradient = solution.pullback_with(&Rows::from_vec(1, 2, vec![1.0, 0.0])?, &Implicit { method, ..Implicit::default() })?;
/// assert_eq!(gradient.reports[0].iterations, 1); // one block is the whole Jacobian
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Preconditioner {
    /// None.
    #[default]
    None,
    /// The diagonal of J (Jacobi); an entry of zero is left out.
    Diagonal,
    /// The diagonal blocks of J of this size, at least 1, by LU; a singular block is left out.
    Blocks(usize),
}

impl<P: Linearize> Precondition<P> for Preconditioner {
    type Inverse = BlockDiagonal<P::State>;

    fn validate(&self) -> Result<(), Error> {
        match self {
            Preconditioner::Blocks(0) => {
                Err(Error::option("preconditioner", 0, "blocks must have a size of at least 1"))
            }
            _ => Ok(()),
        }
    }

    fn empty(&self, like: &P::State) -> BlockDiagonal<P::State> {
        BlockDiagonal::new(like, self.size(like.width()))
    }

    fn fits(&self, inverse: &BlockDiagonal<P::State>) -> bool {
        inverse.size() == self.size(inverse.width())
    }

    fn build(
        &self,
        problem: &Evaluator<'_, P>,
        tape: &P::Tape,
        wanted: &dyn Fn(usize) -> bool,
        inverse: &mut BlockDiagonal<P::State>,
    ) -> Eval {
        if *self == Preconditioner::None {
            return Ok(());
        }
        inverse.build(problem.at(), wanted, |columns, matrices| problem.jacobians(tape, columns, matrices))
    }

    fn take(&self, inverse: &mut BlockDiagonal<P::State>) -> BlockDiagonal<P::State> {
        inverse.take()
    }
}

impl Preconditioner {
    /// Size of its blocks for states of size n; 0 for none.
    fn size(&self, n: usize) -> usize {
        match self {
            Preconditioner::None => 0,
            Preconditioner::Diagonal => 1,
            Preconditioner::Blocks(size) => (*size).min(n),
        }
    }
}

impl<V: Batch> Keep for Arc<dyn Inverse<V>> {
    // indexed by slot, or by sample
    fn keep(&mut self, _: &[usize]) {}
    fn reset(&mut self, _: usize) {}
}

impl<P: Linearize> Precondition<P> for Arc<dyn Inverse<P::State>> {
    type Inverse = Self;

    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn empty(&self, _: &P::State) -> Self {
        self.clone()
    }

    fn fits(&self, inverse: &Self) -> bool {
        Arc::ptr_eq(self, inverse)
    }

    fn build(&self, _: &Evaluator<'_, P>, _: &P::Tape, _: &dyn Fn(usize) -> bool, _: &mut Self) -> Eval {
        Ok(())
    }

    fn take(&self, inverse: &mut Self) -> Self {
        inverse.clone()
    }
}
