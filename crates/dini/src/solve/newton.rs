//! Newton's method with a dense factorisation.

use super::backtrack::{Correction, Direction, LineSearch, LineSearchWork, backtrack};
use super::{Evaluator, Iterate, Solver, Status};
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::linear::{DenseLu, Factors};
use crate::problem::{Active, Eval, Linearize, Scalar};

/// Newton's method: J dz = g, z <- z - t dz, with J = dg/dz factored by dense LU and t found per sample by backtracking.
///
/// Converges quadratically near a root with non-singular J. A step costs the Jacobian (directly where the problem offers
/// it, else n products), n^3 2/3 operations for the factorisation, and one evaluation per trial of the line search.
/// Memory n^2 per sample; the last factorisation is kept for the derivative.
///
/// Source: J. E. Dennis and R. B. Schnabel (1996), doi:10.1137/1.9781611971200, algorithms A6.1.1 and A6.3.1.
#[derive(Clone, Debug, Default)]
pub struct Newton {
    /// Step-length control.
    pub line_search: LineSearch,
}

/// Scratch memory of [`Newton`].
pub struct NewtonWork<P: Linearize> {
    open: Vec<usize>,
    tape: P::Tape,
    lu: DenseLu<Scalar<P>>,
    dz: P::State,
    columns: (P::State, P::State),
    row: Vec<Scalar<P>>,
    search: LineSearchWork<P::State>,
}

/// Factors the Jacobian of every row that has not ended, in the slots `open`, and solves J dz = g; a row whose Jacobian is
/// singular ends.
pub(super) fn corrections<V: Batch>(
    lu: &mut impl Factors<V::Scalar>,
    (at, open): (Active<'_>, &[usize]),
    it: &mut Iterate<V>,
    dz: &mut V,
    row: &mut [V::Scalar],
) {
    lu.factor(open);
    for i in 0..at.len() {
        if it.ended(i) {
            continue;
        }
        let slot = at.slot(i);
        it.g.read(i, row);
        if !lu.solve(slot, row) {
            it.fail(i, Status::Singular);
        }
        dz.write(i, row);
    }
}

impl<P: Linearize> Keep for NewtonWork<P> {
    // tape and factors are indexed by slot and made anew in every step
    fn keep(&mut self, rows: &[usize]) {
        self.dz.keep(rows);
        self.search.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dz.reset(samples);
        self.search.reset(samples);
        self.lu.reset(samples);
    }
}

impl<P: Linearize> Solver<P> for Newton {
    type Work = NewtonWork<P>;
    type Memory = DenseLu<Scalar<P>>;

    fn validate(&self) -> Result<(), Error> {
        self.line_search.validate()
    }

    fn work(&self, problem: &P, like: &P::State) -> NewtonWork<P> {
        let (b, n) = (like.samples(), like.width());
        NewtonWork {
            open: Vec::with_capacity(b),
            tape: problem.tape(like),
            lu: DenseLu::new(b, n),
            dz: like.zeros(b),
            columns: (like.zeros(b), like.zeros(b)),
            row: vec![num_traits::Zero::zero(); n],
            search: LineSearchWork::new(like),
        }
    }

    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, w: &mut NewtonWork<P>) -> Eval {
        problem.linearize(&it.z, &it.g, &mut w.tape)?;
        let (tape, columns, lu) = (&w.tape, &mut w.columns, &mut w.lu);
        let open = it.open(problem.at(), &mut w.open);
        problem.subset(open, |part| part.jacobians(tape, columns, lu.matrices_mut()))?;
        corrections(&mut w.lu, (problem.at(), &w.open), it, &mut w.dz, &mut w.row);
        let correction = Correction { dz: &mut w.dz, direction: &|_| Direction::Newton };
        backtrack(&self.line_search, problem, it, correction, &mut w.search)
    }

    fn memory(&self, work: &mut NewtonWork<P>) -> Self::Memory {
        work.lu.take()
    }
}
