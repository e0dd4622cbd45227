//! Chord method: Newton's with factors that are kept while they serve.

use std::sync::Arc;

use num_traits::Zero;

use super::backtrack::{Correction, Direction, LineSearch, LineSearchWork, backtrack};
use super::root::{Confirm, Finding, Question, examine};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError, UserError};
use crate::linear::{DenseLu, Inverse, each_row};
use crate::outcome::Status;
use crate::problem::{Active, Eval, Evaluator, Linearize, Scalar};

/// Chord (modified Newton, Shamanskii) method: z <- z - t dz with J dz = g, where J is the Jacobian at an earlier iterate.
///
/// The factors of a sample are renewed when a step has not reduced ||g|| below `rate` times its value, or they have served
/// `age` steps; of the other samples neither Jacobian nor factors are formed. Near a root a step reduces the error by a
/// factor proportional to the distance of the root from where the factors were made. Old factors are tried with the full
/// step only: where it is not acceptable the sample stays, and the next step makes new ones, with the line search of Newton's
/// method. The classical chord method is `rate` = infinity without `age`, Newton's is `age` = 1.
///
/// A step costs one evaluation and 2 n^2 operations, with new factors also the Jacobian and 2/3 n^3. Memory 2 n^2 per sample;
/// the last factors serve the derivative, which refines with them.
///
/// Source: C. T. Kelley (1995), doi:10.1137/1.9781611970944, section 5.4.
///
/// # A sequence of problems
///
/// With `keep`, a [`Workspace`](super::Workspace) passed to [`solve_with`](super::solve_with) again starts with the factors
/// that the last solve has left, sample by sample: where the root has moved little, along a continuation or a training run,
/// a solve then needs no factorisation at all. Whatever the workspace holds, a step must reduce the residual or the factors
/// are renewed, so that what is reported as converged is within the tolerance; but which of the points within the
/// tolerance it is, and the number of steps, depend on what has been solved before. Without `keep` a workspace changes no
/// bit. A step allocates only where it renews factors that an earlier [`Solution`](super::Solution) still holds.
///
/// ```
/// use dini::{Model, solve::Chord};
/// let s = Model::equation(|z, _| [z[0] * z[0] - 2.0]).solver(Chord::default()).solve(&[1.5])?;
/// assert!((s.converged()?[0] - 2f64.sqrt()).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Chord {
    /// Factors are renewed after a step with ||g_k|| > `rate` ||g_{k-1}||; positive (dimensionless; default 0.5).
    pub rate: f64,
    /// Steps that factors serve at most, at least 1 (default none: as long as they reduce the residual).
    pub age: Option<usize>,
    /// Whether the factors of one solve serve the next in the same workspace (default false).
    pub keep: bool,
    /// Step-length control of steps with new factors.
    pub line_search: LineSearch,
}

impl Default for Chord {
    fn default() -> Self {
        Chord { rate: 0.5, age: None, keep: false, line_search: LineSearch::default() }
    }
}

/// Factors of one sample, and how they have served.
struct Kept<T> {
    lu: Arc<DenseLu<T>>,
    /// steps since they were made
    age: usize,
    /// whether the next step needs new ones
    due: bool,
}

impl<T: Real> Kept<T> {
    fn none(n: usize) -> Self {
        Kept { lu: Arc::new(DenseLu::new(1, n)), age: 0, due: true }
    }

    /// Forgets the factors.
    fn forget(&mut self, n: usize) {
        match Arc::get_mut(&mut self.lu) {
            Some(lu) => lu.reset(1),
            None => self.lu = Arc::new(DenseLu::new(1, n)),
        }
        (self.age, self.due) = (0, true);
    }

    /// Makes factors of an earlier solve old, however new they were then.
    fn age_by_a_solve(&mut self) {
        self.age = self.age.max(1);
        self.due |= self.lu.is_singular(0);
    }

    /// Factors `matrix`, leaving the factors that an earlier solution holds to it.
    fn renew(&mut self, n: usize, matrix: &[T]) {
        let make = |lu: &mut DenseLu<T>| {
            lu.matrices_mut().copy_from_slice(matrix);
            lu.factor(0);
        };
        match Arc::get_mut(&mut self.lu) {
            Some(lu) => make(lu),
            None => {
                let mut lu = DenseLu::new(1, n);
                make(&mut lu);
                self.lu = Arc::new(lu);
            }
        }
        (self.age, self.due) = (0, false);
    }
}

/// Scratch memory of [`Chord`].
pub struct ChordWork<P: Linearize> {
    tape: P::Tape,
    /// by slot
    factors: Vec<Kept<Scalar<P>>>,
    /// slot s: n^2 numbers
    jacobians: Vec<Scalar<P>>,
    /// slots to be factored, and the rows that hold them
    due: (Vec<usize>, Vec<usize>),
    /// z and g of those
    point: (P::State, P::State),
    columns: (P::State, P::State),
    dz: P::State,
    rows: [Vec<Scalar<P>>; 2],
    norms: Vec<Scalar<P>>,
    search: LineSearchWork<P::State>,
    confirm: Confirm<Scalar<P>>,
    keep: bool,
}

impl<P: Linearize> Keep for ChordWork<P> {
    // what is indexed by slot stays where it is
    fn keep(&mut self, rows: &[usize]) {
        self.dz.keep(rows);
        self.search.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dz.reset(samples);
        self.search.reset(samples);
        let (keep, n) = (self.keep, self.rows[0].len());
        self.factors.iter_mut().for_each(|f| if keep { f.age_by_a_solve() } else { f.forget(n) });
    }
}

impl<P: Linearize> ChordWork<P> {
    /// New factors for the rows that need them.
    fn renew(&mut self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>) -> Eval {
        let (at, n) = (problem.at(), it.z.width());
        let (slots, rows) = &mut self.due;
        slots.clear();
        rows.clear();
        for i in (0..at.len()).filter(|&i| !it.ended(i) && self.factors[at.slot(i).index()].due) {
            slots.push(at.slot(i).index());
            rows.push(i);
        }
        if slots.is_empty() {
            return Ok(());
        }
        let (z, g) = &mut self.point;
        for (part, whole) in [(&mut *z, &it.z), (&mut *g, &it.g)] {
            part.reset(rows.len());
            for (to, &from) in rows.iter().enumerate() {
                part.put(&[to], whole, &[from]);
            }
        }
        problem.subset(slots, |part| {
            part.linearize(z, g, &mut self.tape)?;
            part.jacobians(&self.tape, &mut self.columns, &mut self.jacobians)
        })?;
        for &slot in &*slots {
            self.factors[slot].renew(n, &self.jacobians[slot * n * n..(slot + 1) * n * n]);
        }
        Ok(())
    }

    /// dz <- J^-1 g for every active row; a row whose correction is small enough is proposed.
    fn solve(&mut self, at: Active<'_>, it: &mut Iterate<P::State>) {
        let [row, z] = &mut self.rows;
        for i in 0..at.len() {
            self.dz.clear(i);
            if it.ended(i) {
                continue;
            }
            let factors = &self.factors[at.slot(i).index()];
            it.g.read(i, row);
            if factors.lu.solve(0, row) {
                self.dz.write(i, row);
                it.z.read(i, z);
                let share = if factors.age == 0 { 1.0 } else { OLD };
                if it.tolerance.may_admit(z, row, share) {
                    if factors.age == 0 {
                        self.confirm.propose(i, share);
                    } else {
                        self.confirm.propose_twice(i, share);
                    }
                }
            } else {
                it.fail(i, Status::Singular);
            }
        }
    }
}

/// Share of the tolerance that a correction may have that is made with old factors.
const OLD: f64 = 0.5;

impl<P: Linearize> Solver<P> for Chord {
    type Work = ChordWork<P>;
    type Memory = ChordInverse<Scalar<P>>;

    fn validate(&self) -> Result<(), Error> {
        if self.rate.is_nan() || self.rate <= 0.0 {
            return Err(Error::option("rate", self.rate, "it must be positive"));
        }
        if self.age == Some(0) {
            return Err(Error::option("age", 0, "factors serve at least one step"));
        }
        self.line_search.validate()
    }

    fn work(&self, problem: &P, like: &P::State) -> ChordWork<P> {
        let (b, n) = (like.samples(), like.width());
        ChordWork {
            tape: problem.tape(like),
            factors: (0..b).map(|_| Kept::none(n)).collect(),
            jacobians: vec![Scalar::<P>::zero(); b * n * n],
            due: (Vec::with_capacity(b), Vec::with_capacity(b)),
            point: (like.zeros(b), like.zeros(b)),
            columns: (like.zeros(b), like.zeros(b)),
            dz: like.zeros(b),
            rows: std::array::from_fn(|_| vec![Scalar::<P>::zero(); n]),
            norms: vec![Scalar::<P>::zero(); b],
            search: LineSearchWork::new(like),
            confirm: Confirm::new(b, n),
            keep: self.keep,
        }
    }

    fn fits(&self, work: &ChordWork<P>) -> bool {
        work.keep == self.keep
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut ChordWork<P>,
    ) -> Result<(), StepError> {
        let at = problem.at();
        w.renew(problem, it)?;
        w.solve(at, it);
        let factors = &w.factors;
        let solve = |slot: usize, x: &mut [Scalar<P>]| factors[slot].lu.solve(0, x);
        w.confirm.run(problem, it, w.search.scratch(), &solve)?;
        let direction =
            |i: usize| if factors[at.slot(i).index()].age == 0 { Direction::Newton } else { Direction::Stale };
        let correction = Correction { dz: &mut w.dz, direction: &direction };
        backtrack(&self.line_search, problem, it, correction, &mut w.search)?;
        for i in (0..at.len()).filter(|&i| !it.ended(i)) {
            if let Some(status) = w.search.stuck(i) {
                w.confirm.propose_stuck(i, status);
            }
        }
        w.confirm.run(problem, it, w.search.scratch(), &solve)?;
        it.g.norms(&mut w.norms);
        for i in (0..at.len()).filter(|&i| !it.ended(i)) {
            let factors = &mut w.factors[at.slot(i).index()];
            factors.age += 1;
            let slow = w.norms[i].as_f64() > self.rate * it.norm(i).as_f64();
            factors.due = slow || w.search.rejected(i) || self.age.is_some_and(|age| factors.age >= age);
        }
        Ok(())
    }

    fn knows(&self, _: &ChordWork<P>) -> Knows {
        Knows::Correction
    }

    fn examine(
        &self,
        problem: &P,
        _: &ChordWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        examine(problem, question)
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, work: &mut ChordWork<P>) -> Self::Memory {
        ChordInverse { lus: work.factors.iter().map(|f| Arc::clone(&f.lu)).collect() }
    }
}

/// What [`Chord`] leaves: dense factors of each sample, shared with the workspace.
pub struct ChordInverse<T> {
    /// by slot
    lus: Vec<Arc<DenseLu<T>>>,
}

impl<T> std::fmt::Debug for ChordInverse<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChordInverse").field("slots", &self.lus.len()).finish()
    }
}

impl<V: Batch> Inverse<V> for ChordInverse<V::Scalar> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.lus[slot].solve(0, row))
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        each_row(at, r, |slot, row| self.lus[slot].solve_transpose(0, row))
    }
    fn is_dense(&self, _: usize) -> bool {
        true
    }
    fn known(&self, slot: usize) -> bool {
        self.lus.get(slot).is_some_and(|lu| Inverse::<V>::known(&**lu, 0))
    }
    fn norm(&self, slot: usize) -> Option<f64> {
        Inverse::<V>::norm(&*self.lus[slot], 0)
    }
    fn condition(&self, slot: usize) -> Option<f64> {
        Inverse::<V>::condition(&*self.lus[slot], 0)
    }
}
