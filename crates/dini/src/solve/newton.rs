//! Newton's method with a dense factorisation.

use super::backtrack::{Correction, Direction, LineSearch, LineSearchWork, backtrack};
use super::root::{Confirm, FALL, Finding, Question, SIMPLIFIED, examine, magnitude};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError, UserError};
use crate::linear::{DenseLu, Factors};
use crate::outcome::Status;
use crate::problem::{Active, Eval, Evaluator, Linearize, Problem, Scalar};

/// Newton's method: J dz = g, z <- z - t dz, with J = dg/dz factored by dense LU and t found per sample by backtracking.
///
/// Converges quadratically near a root with non-singular J. A step costs the Jacobian (directly where the problem offers
/// it, else n products), n^3 2/3 operations for the factorisation, and one evaluation per trial of the line search.
/// Memory n^2 per sample; the last factorisation is kept for the derivative.
///
/// The correction left is measured: that of the step to be made, and after a full step that has reduced ||g|| by 1000 the simplified
/// one, with the factors at hand. The evaluation that confirms a claim is the only one more ([`root`](super::root)).
///
/// Source: J. E. Dennis and R. B. Schnabel (1996), doi:10.1137/1.9781611971200, algorithms A6.1.1 and A6.3.1.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Newton {
    /// Step-length control.
    pub line_search: LineSearch,
}

/// Share of a correction that the next one may have for a full step to be taken although ||g|| does not fall.
const NATURAL: f64 = 0.5;

/// A step of Newton's method with factors of any kind, made in the slots `open`: corrections, line search, claims.
pub(super) fn newton_step<P: Problem, F: Factors<Scalar<P>>>(
    search: &LineSearch,
    problem: &Evaluator<'_, P>,
    it: &mut Iterate<P::State>,
    (lu, open): (&mut F, &[usize]),
    w: &mut StepWork<P::State>,
) -> Eval {
    let at = problem.at();
    correct(lu, (at, open), it, &mut w.dz, &mut w.rows, |_, i| w.confirm.propose(i, 1.0));
    w.confirm.run(problem, it, w.search.scratch(), &|slot, x| lu.solve(slot, x))?;
    let correction = Correction { dz: &mut w.dz, direction: &|_| Direction::Newton };
    backtrack(search, problem, it, correction, &mut w.search)?;
    natural_steps(problem, it, lu, w)?;
    for i in (0..at.len()).filter(|&i| !it.ended(i)) {
        if let Some(status) = w.search.stuck(i) {
            w.confirm.propose_stuck(i, status);
        } else if w.search.fall(it, i).is_some_and(|fall| fall <= FALL) {
            w.confirm.propose_moved(i, SIMPLIFIED);
        }
    }
    w.confirm.run(problem, it, w.search.scratch(), &|slot, x| lu.solve(slot, x))
}

/// Full steps for stuck rows whose next correction, with the same factors, is at most half of the last, each unknown in its own
/// units: the norm of g does not show equations and unknowns that are small beside others (the natural monotonicity test,
/// P. Deuflhard 2011, doi:10.1007/978-3-642-23899-4, section 3.3).
fn natural_steps<P: Problem, F: Factors<Scalar<P>>>(
    problem: &Evaluator<'_, P>,
    it: &mut Iterate<P::State>,
    lu: &F,
    w: &mut StepWork<P::State>,
) -> Eval {
    let (at, samples) = (problem.at(), it.z.samples());
    w.stuck.clear();
    w.stuck.extend((0..at.len()).filter(|&i| !it.ended(i) && w.search.stuck(i).is_some()));
    if w.stuck.is_empty() {
        return Ok(());
    }
    w.slots.clear();
    w.slots.extend(w.stuck.iter().map(|&i| at.slot(i).index()));
    let [row, z] = &mut w.rows;
    let (points, values) = w.search.scratch();
    points.reset(w.stuck.len());
    values.reset(w.stuck.len());
    for (place, &i) in w.stuck.iter().enumerate() {
        it.z.read(i, z);
        w.dz.read(i, row);
        values.write(place, z);
        z.iter_mut().zip(&*row).for_each(|(z, dz)| *z -= *dz);
        points.write(place, z);
    }
    problem.confine(values, points);
    problem.subset(&w.slots, |part| part.residual(points, values))?;
    for (place, &i) in w.stuck.iter().enumerate() {
        it.z.read(i, z);
        w.dz.read(i, row);
        let before = relative(z, row);
        values.read(place, row);
        let better = lu.solve(at.slot(i).index(), row) && relative(z, row) <= NATURAL * before;
        if better {
            it.z.put(&[i], points, &[place]);
            it.g.put(&[i], values, &[place]);
            w.moved.push(i);
        }
    }
    points.reset(samples);
    values.reset(samples);
    w.moved.drain(..).for_each(|i| w.search.release(i));
    Ok(())
}

/// The largest |c_j| / |z_j|; NaN counts as infinite, and an unknown at 0 has the size of the largest.
fn relative<T: Real>(z: &[T], c: &[T]) -> f64 {
    let largest = magnitude(z);
    z.iter().zip(c).fold(0.0, |max: f64, (z, c)| {
        let size = if *z == T::zero() { largest } else { z.as_f64().abs() };
        let c = c.as_f64().abs();
        let ratio = if c == 0.0 { 0.0 } else { c / size };
        if ratio.is_nan() { f64::INFINITY } else { max.max(ratio) }
    })
}

/// Factors the Jacobian of every row that has not ended and solves J dz = g; a row whose Jacobian is singular ends, and
/// `small` is called for one whose correction is within the tolerance.
pub(super) fn correct<V: Batch>(
    lu: &mut impl Factors<V::Scalar>,
    (at, open): (Active<'_>, &[usize]),
    it: &mut Iterate<V>,
    dz: &mut V,
    [row, z]: &mut [Vec<V::Scalar>; 2],
    mut small: impl FnMut(&mut Iterate<V>, usize),
) {
    lu.factor(open);
    for i in 0..at.len() {
        if it.ended(i) {
            continue;
        }
        let slot = at.slot(i).index();
        it.g.read(i, row);
        if !lu.solve(slot, row) {
            it.fail(i, Status::Singular);
        } else {
            it.z.read(i, z);
            if it.tolerance.may_admit(z, row, 1.0) {
                small(it, i);
            }
        }
        dz.write(i, row);
    }
}

/// Scratch memory of [`newton_step`].
pub(super) struct StepWork<V: Batch> {
    pub dz: V,
    pub search: LineSearchWork<V>,
    pub confirm: Confirm<V::Scalar>,
    rows: [Vec<V::Scalar>; 2],
    /// rows that are stuck, their slots, and those of them that have moved
    stuck: Vec<usize>,
    slots: Vec<usize>,
    moved: Vec<usize>,
}

impl<V: Batch> StepWork<V> {
    pub fn new(like: &V) -> Self {
        let (b, n) = (like.samples(), like.width());
        let numbers = || vec![V::Scalar::default(); n];
        StepWork {
            dz: like.zeros(b),
            search: LineSearchWork::new(like),
            confirm: Confirm::new(b, n),
            rows: [numbers(), numbers()],
            stuck: Vec::with_capacity(b),
            slots: Vec::with_capacity(b),
            moved: Vec::with_capacity(b),
        }
    }
}

impl<V: Batch> Keep for StepWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.dz.keep(rows);
        self.search.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dz.reset(samples);
        self.search.reset(samples);
    }
}

/// Scratch memory of [`Newton`].
pub struct NewtonWork<P: Linearize> {
    open: Vec<usize>,
    tape: P::Tape,
    lu: DenseLu<Scalar<P>>,
    columns: (P::State, P::State),
    step: StepWork<P::State>,
}

impl<P: Linearize> Keep for NewtonWork<P> {
    // tape and factors are indexed by slot and made anew in every step
    fn keep(&mut self, rows: &[usize]) {
        self.step.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.step.reset(samples);
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
            columns: (like.zeros(b), like.zeros(b)),
            step: StepWork::new(like),
        }
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut NewtonWork<P>,
    ) -> Result<(), StepError> {
        problem.linearize(&it.z, &it.g, &mut w.tape)?;
        let (tape, columns, lu) = (&w.tape, &mut w.columns, &mut w.lu);
        let open = it.open(problem.at(), &mut w.open);
        problem.subset(open, |part| part.jacobians(tape, columns, lu.matrices_mut()))?;
        Ok(newton_step(&self.line_search, problem, it, (&mut w.lu, &w.open), &mut w.step)?)
    }

    fn knows(&self, _: &NewtonWork<P>) -> Knows {
        Knows::Correction
    }

    fn examine(
        &self,
        problem: &P,
        _: &NewtonWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        examine(problem, question)
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, work: &mut NewtonWork<P>) -> Self::Memory {
        work.lu.take()
    }
}
