//! Newton's method with a sparse factorisation.

use super::backtrack::LineSearch;
use super::newton::{StepWork, newton_step};
use super::root::{Finding, Question, examine};
use super::{Iterate, Knows, Solver};
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError, UserError};
use crate::linear::SparseLu;
use crate::problem::{Evaluator, Linearize, Scalar, pattern};
use crate::sparsity::{Sparsity, covers, direction};

/// Newton's method for sparse Jacobians: J dz = g by sparse LU, z <- z - t dz with t found per sample by backtracking.
///
/// The problem states where J may differ from zero ([`Linearize::capabilities`]); for a [`Model`](crate::Model) that is read off the
/// function ([`find_pattern`](crate::Model::find_pattern)) or given ([`pattern`](crate::Model::pattern)). A step costs the entries of
/// J, by themselves or from one product J v per colour of the pattern, a factorisation of the cost of its fill, and one evaluation per
/// trial of the line search. The last factorisation is kept for the derivative.
///
/// The first step makes one more product, in a direction in general position, and compares it with the assembled J. A
/// pattern that misses entries ends the solve: Newton would fail slowly with it. An entry that is zero at the start and not
/// later shows as slow convergence only; a derivative is measured against the problem's own products in any case.
///
/// ```
/// use dini::{Model, program::Var, solve::SparseNewton};
/// // z_i = tanh(0.4 (z_{i-1} + z_{i+1}) + x_i)
/// let chain = Model::fixed_point(|z, x| {
///     let at = |i: usize| z.get(i).copied().unwrap_or(0.0.into());
///     (0..z.len()).map(|i| (0.4 * (at(i.wrapping_sub(1)) + at(i + 1)) + x[i]).tanh()).collect::<Vec<Var>>()
/// });
/// let s = chain.find_pattern().solver(SparseNewton::default()).parameters(&[1.0; 50]).solve(&[0.0; 50])?;
/// assert!(s.gradient(&[1.0; 50])?.iter().all(|d| *d > 0.0));
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// A solve returns [`Error::NoSparsity`] where the problem states no pattern, [`Error::Shape`] where it is of another
/// size, [`Error::IncompleteSparsity`] where it misses entries.
///
/// Source: as for [`Newton`](super::Newton) and [`SparseLu`].
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct SparseNewton {
    /// Step-length control.
    pub line_search: LineSearch,
}

/// Scratch memory of [`SparseNewton`].
pub struct SparseNewtonWork<P: Linearize> {
    open: Vec<usize>,
    tape: P::Tape,
    lu: SparseLu<Scalar<P>>,
    step: StepWork<P::State>,
    vectors: (P::State, P::State),
    row: Vec<Scalar<P>>,
    /// a vector in general position
    direction: Vec<Scalar<P>>,
    checked: bool,
}

impl<P: Linearize> Keep for SparseNewtonWork<P> {
    // tape and factors are indexed by slot and made anew in every step
    fn keep(&mut self, rows: &[usize]) {
        self.step.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.step.reset(samples);
        self.lu.reset(samples);
        self.checked = false;
    }
}

impl<P: Linearize> SparseNewtonWork<P> {
    /// Compares the assembled Jacobians with one product in general position.
    fn check(&mut self, problem: &Evaluator<'_, P>, sparsity: &Sparsity) -> Result<(), StepError> {
        let (at, (v, product)) = (problem.at(), &mut self.vectors);
        v.reset(at.len());
        product.reset(at.len());
        (0..at.len()).for_each(|i| v.write(i, &self.direction));
        problem.jvp(&self.tape, v, product)?;
        for i in 0..at.len() {
            product.read(i, &mut self.row);
            if !covers(sparsity, self.lu.values(at.slot(i).index()), &self.direction, &self.row) {
                return Err(StepError::IncompleteSparsity { sample: at.sample(i).index() });
            }
        }
        self.checked = true;
        Ok(())
    }
}

impl<P: Linearize> Solver<P> for SparseNewton {
    type Work = SparseNewtonWork<P>;
    type Memory = SparseLu<Scalar<P>>;

    fn validate(&self) -> Result<(), Error> {
        self.line_search.validate()
    }

    fn accepts(&self, problem: &P, z0: &P::State) -> Result<(), Error> {
        let (size, n) = (pattern(problem).ok_or(Error::NoSparsity)?.size(), z0.width());
        if size == n { Ok(()) } else { Err(Error::shape("the sparsity pattern", (n, n), (size, size))) }
    }

    fn work(&self, problem: &P, like: &P::State) -> SparseNewtonWork<P> {
        let (b, n) = (like.samples(), like.width());
        let sparsity = pattern(problem).cloned().unwrap_or_else(|| Sparsity::empty(n));
        SparseNewtonWork {
            open: Vec::with_capacity(b),
            tape: problem.tape(like),
            lu: SparseLu::new(b, sparsity),
            step: StepWork::new(like),
            vectors: (like.zeros(b), like.zeros(b)),
            row: vec![num_traits::Zero::zero(); n],
            direction: direction(n),
            checked: false,
        }
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut SparseNewtonWork<P>,
    ) -> Result<(), StepError> {
        // what has none is not accepted
        let sparsity = problem.sparsity().ok_or("the pattern has gone")?;
        if w.lu.sparsity() != sparsity {
            // memory that is reused for another problem
            w.lu = SparseLu::new(w.lu.slots(), sparsity.clone());
        }
        problem.linearize(&it.z, &it.g, &mut w.tape)?;
        let (tape, vectors, lu) = (&w.tape, &mut w.vectors, &mut w.lu);
        let open = it.open(problem.at(), &mut w.open);
        problem.subset(open, |part| part.sparse_jacobians(sparsity, tape, vectors, lu.values_mut()))?;
        if !w.checked {
            // out of the memory that the check works in, and back
            let open = std::mem::take(&mut w.open);
            problem.subset(&open, |part| w.check(part, sparsity))?;
            w.open = open;
        }
        Ok(newton_step(&self.line_search, problem, it, (&mut w.lu, &w.open), &mut w.step)?)
    }

    fn knows(&self, _: &SparseNewtonWork<P>) -> Knows {
        Knows::Correction
    }

    fn examine(
        &self,
        problem: &P,
        _: &SparseNewtonWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        examine(problem, question)
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, work: &mut SparseNewtonWork<P>) -> Self::Memory {
        work.lu.take()
    }
}
