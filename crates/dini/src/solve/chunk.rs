//! The loop over the samples of one chunk: rounds, iterations, compaction.

mod judge;

use num_traits::Float;

use super::driver::{Control, Observer, Progress};
use super::round::{Attempt, Round};
use super::solution::Outcome;
use super::{Iterate, Knows, Mark, Options, Row, Solver, Tolerance, rough};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{StepError, UserError};
use crate::outcome::Status;
use crate::problem::{Active, Evaluations, Evaluator, Problem, ResidualScale, RoughResidual};
use judge::Doubt;

/// Residuals within this many times their target are near it.
const NEAR: f64 = 16.0;

impl<T: Real> Row<T> {
    /// Whether the sample may converge in the next step.
    fn is_near(&self) -> bool {
        self.norm.as_f64() <= NEAR * self.target.as_f64()
    }
}

/// One chunk: `z` and `g` receive the results, `it` holds the samples still active.
#[derive(Debug)]
pub(super) struct Chunk<V: Batch, W> {
    pub base: usize,
    pub z: V,
    pub g: V,
    pub work: W,
    pub record: Vec<Outcome>,
    pub evaluations: Evaluations,
    /// what each method made of the samples it could not solve, by slot
    pub attempts: Vec<(usize, Attempt)>,
    it: Iterate<V>,
    /// the iterate before the step, where the driver measures its length
    before: Option<V>,
    /// the residual before the step, where the solver knows no correction
    residual: Option<V>,
    /// present iteration
    now: usize,
    slots: Vec<usize>,
    keep: Vec<usize>,
    /// rows of which more must be known before they end
    doubts: Vec<(usize, Doubt)>,
    scratch: Vec<V::Scalar>,
    shown: (Vec<usize>, Vec<V::Scalar>, Vec<V::Scalar>),
}

/// What does not change while a chunk is solved.
pub(super) struct Task<'a, P: Problem, S> {
    pub problem: &'a P,
    pub z0: &'a P::State,
    pub solver: &'a S,
    pub options: &'a Options,
    /// whether operators may use several threads
    pub parallel: bool,
    pub observer: &'a Observer<'a, <P::State as Batch>::Scalar>,
}

impl<V: Batch, W: Keep> Chunk<V, W> {
    pub fn new<P, S>(problem: &P, z0: &V, solver: &S, base: usize, len: usize) -> Self
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        let z = z0.zeros(len);
        let numbers = || vec![V::Scalar::default(); len];
        Chunk {
            base,
            g: z0.zeros(len),
            it: Iterate {
                z: z0.zeros(len),
                g: z0.zeros(len),
                tolerance: Tolerance::default(),
                steps: 0,
                rows: vec![Row::default(); len],
            },
            before: None,
            residual: None,
            work: solver.work(problem, &z),
            z,
            record: vec![Outcome::default(); len],
            evaluations: Evaluations::default(),
            attempts: Vec::new(),
            now: 0,
            slots: Vec::with_capacity(len),
            keep: Vec::with_capacity(len),
            doubts: Vec::new(),
            scratch: numbers(),
            shown: (Vec::with_capacity(len), Vec::with_capacity(len), Vec::with_capacity(len)),
        }
    }

    /// Whether this memory suits samples `range` of width `width`.
    pub fn fits(&self, range: &std::ops::Range<usize>, width: usize) -> bool {
        self.base == range.start && self.record.len() == range.len() && self.z.width() == width
    }

    /// Solves every sample, round after round.
    pub fn solve<P, S>(&mut self, task: &Task<'_, P, S>) -> Result<(), StepError>
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        self.evaluations = Evaluations::default();
        self.attempts.clear();
        self.record.fill(Outcome::default());
        let options = task.options;
        let plain = options.bounds.is_none() && task.problem.residual_scale() == ResidualScale::State;
        let rough = task.problem.rough().filter(|_| options.mixed_precision && plain);
        if self.rounds(rough, task)? == Control::Continue && rough.is_some() {
            // what the rough start led astray gets the start it would have had
            self.record.iter_mut().filter(|r| r.status != Status::Converged).for_each(|r| *r = Outcome::default());
            if self.record.iter().any(|r| r.status != Status::Converged) {
                self.rounds(None, task)?;
            }
        }
        Ok(self.restart_overflowed(task)?)
    }

    /// Round after round, for the samples that are not solved yet, after a rough start where there is a rough residual for it.
    fn rounds<P, S>(
        &mut self,
        rough: Option<&dyn RoughResidual<V>>,
        task: &Task<'_, P, S>,
    ) -> Result<Control, StepError>
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        for number in 0.. {
            // before the memory of another method is asked for
            if number > 0 && !self.record.iter().any(|record| record.may_go_on(task.options)) {
                break;
            }
            let Some(round) = task.solver.round(task.problem, &self.z, task.options, &mut self.work, number) else {
                break;
            };
            self.open(number, &round, task);
            if self.slots.is_empty() {
                break;
            }
            if let Some(problem) = rough.filter(|_| number == 0) {
                let at = Active::new(&self.slots, self.base, task.parallel);
                let made = rough::start(problem, at, task.options, (&mut self.it.z, &mut self.it.g))?;
                self.evaluations.add(made);
            }
            if self.iterate(&round, task)? == Control::Stop {
                return Ok(Control::Stop);
            }
        }
        Ok(Control::Continue)
    }

    /// Makes the samples active that are not solved yet.
    fn open<P, S>(&mut self, number: usize, round: &Round, task: &Task<'_, P, S>)
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        let len = self.record.len();
        self.slots.clear();
        self.slots.extend(0..len);
        self.it.z.reset(len);
        self.it.g.reset(len);
        if task.solver.knows(&self.work) != Knows::Correction {
            self.residual.get_or_insert_with(|| task.z0.zeros(len)).reset(len);
        }
        if task.solver.knows(&self.work) == Knows::Nothing {
            self.before.get_or_insert_with(|| task.z0.zeros(len)).reset(len);
        }
        self.work.reset(len);
        let uniform = task.problem.residual_scale() == ResidualScale::State;
        self.it.tolerance = Tolerance { absolute: task.options.absolute, relative: task.options.relative, uniform };
        self.it.rows.clear();
        self.it.rows.resize(len, Row::default());
        self.keep.clear();
        self.keep.extend(self.base..self.base + len);
        self.it.z.put(&self.slots, task.z0, &self.keep);
        self.keep.clear();
        for slot in 0..len {
            let record = &self.record[slot];
            let left = task.options.max_iterations - record.iterations;
            self.it.rows[slot].watch.limit = (round.share * left as f64).ceil() as usize;
            if record.status == Status::Converged || (number > 0 && !record.may_go_on(task.options)) {
                continue;
            }
            if round.resume && record.residual < record.first {
                self.it.z.put(&[slot], &self.z, &[slot]);
            }
            self.keep.push(slot);
        }
        self.compact(0.0);
    }

    /// Iterates until every active sample has ended.
    fn iterate<P, S>(&mut self, round: &Round, task: &Task<'_, P, S>) -> Result<Control, StepError>
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        let Task { problem, solver, options, parallel, .. } = *task;
        {
            let eval = Evaluator::new(problem, Active::new(&self.slots, self.base, parallel));
            eval.residual(&self.it.z, &mut self.it.g)?;
            self.evaluations += eval.spent();
        }
        for iteration in 0.. {
            self.it.steps = iteration;
            self.judge(iteration, round, task)?;
            let control = self.show(iteration, round.method, task);
            if self.keep.is_empty() {
                break;
            }
            if solver.compacts() {
                self.compact(options.compaction);
            }
            if control == Control::Stop {
                (0..self.slots.len()).for_each(|i| self.it.fail(i, Status::Interrupted));
                self.judge(iteration, round, task)?;
                return Ok(Control::Stop);
            }
            let knows = solver.knows(&self.work);
            if let Some(before) = self.before.as_mut().filter(|_| knows == Knows::Nothing) {
                before.copy_from(&self.it.z);
            }
            let near = knows != Knows::Correction && self.is_near();
            if let Some(residual) = self.residual.as_mut().filter(|_| near) {
                residual.copy_from(&self.it.g);
            }
            let at = Active::new(&self.slots, self.base, parallel);
            let eval = Evaluator::new(problem, at).within(options.bounds.as_ref());
            for Row { mark, .. } in &mut self.it.rows {
                let Mark { ended, accuracy, estimated, .. } = *mark;
                *mark = Mark { ended, accuracy, was_estimated: estimated, ..Mark::default() };
            }
            solver.step(&eval, &mut self.it, &mut self.work)?;
            self.evaluations += eval.spent();
            if knows == Knows::Nothing {
                self.measure_step();
            }
            if near {
                self.measure_change();
            }
        }
        Ok(Control::Continue)
    }

    /// Shows the observer every sample that was active in this iteration.
    fn show<P, S>(&mut self, iteration: usize, method: &'static str, task: &Task<'_, P, S>) -> Control
    where
        P: Problem<State = V>,
    {
        let (slots, residual, target) = &mut self.shown;
        slots.clear();
        residual.clear();
        target.clear();
        for (slot, row) in self.slots.iter().zip(&self.it.rows) {
            if row.watch.ended.is_none_or(|at| at == iteration) {
                slots.push(*slot);
                residual.push(row.norm);
                target.push(row.target);
            }
        }
        let at = Active::new(slots, self.base, task.parallel);
        (task.observer)(&Progress { iteration, method, at, residual, target })
    }

    /// The lengths of the steps, where the solver does not say them.
    fn measure_step(&mut self) {
        let Some(before) = &mut self.before else { return };
        let one = <V::Scalar as num_traits::One>::one();
        before.axpby(one, &self.it.z, -one);
        before.norms(&mut self.scratch);
        for (i, length) in self.scratch[..self.slots.len()].iter().enumerate() {
            let residual = self.it.norm(i).as_f64();
            self.it.moved(i, length.as_f64(), residual);
        }
    }

    /// Whether a sample may converge in the next step: then it pays to know how its residual changes.
    fn is_near(&self) -> bool {
        self.it.rows.iter().any(|row| row.watch.ended.is_none() && row.is_near())
    }

    /// ||g - g before|| of every row.
    fn measure_change(&mut self) {
        let Some(before) = &mut self.residual else { return };
        let one = <V::Scalar as num_traits::One>::one();
        before.axpby(one, &self.it.g, -one);
        before.norms(&mut self.scratch);
        for (row, change) in self.it.rows.iter_mut().zip(&self.scratch) {
            // of rows whose residual is not known the change is not known, either; and each row is near for itself
            let (near, mark) = (row.is_near(), &mut row.mark);
            mark.changed = (near && !mark.estimated && !mark.was_estimated).then_some(change.as_f64());
        }
    }

    /// Drops the samples that have ended, once their share exceeds `share`.
    fn compact(&mut self, share: f64) {
        let (active, len) = (self.keep.len(), self.slots.len());
        if active == len || ((len - active) as f64) <= share * len as f64 {
            return;
        }
        self.it.z.keep(&self.keep);
        self.it.g.keep(&self.keep);
        for vector in [&mut self.before, &mut self.residual].into_iter().flatten() {
            vector.keep(&self.keep);
        }
        self.work.keep(&self.keep);
        for (i, &r) in self.keep.iter().enumerate() {
            self.slots[i] = self.slots[r];
            self.it.rows[i] = self.it.rows[r];
        }
        self.slots.truncate(active);
        self.it.rows.truncate(active);
    }

    /// An iterate that overflowed is of no use: such samples return their start, and its residual.
    fn restart_overflowed<P, S>(&mut self, task: &Task<'_, P, S>) -> Result<(), UserError>
    where
        P: Problem<State = V>,
    {
        self.z.norms(&mut self.scratch);
        let overflowed = |slot: &usize| !Float::is_finite(self.scratch[*slot]);
        let slots: Vec<usize> = (0..self.record.len()).filter(overflowed).collect();
        if slots.is_empty() {
            return Ok(());
        }
        let samples: Vec<usize> = slots.iter().map(|slot| self.base + slot).collect();
        let rows: Vec<usize> = (0..slots.len()).collect();
        let (z, g) = judge::residual_at(task, (self.base, &slots), task.z0, &samples)?;
        g.norms(&mut self.scratch);
        for (&slot, norm) in slots.iter().zip(&self.scratch) {
            let norm = norm.as_f64();
            self.record[slot].residual = if norm.is_nan() { f64::INFINITY } else { norm };
        }
        self.z.put(&slots, &z, &rows);
        self.g.put(&slots, &g, &rows);
        Ok(())
    }
}
