//! The one loop behind every solver: iterate, tolerances, finiteness, compaction, statistics, observers.

use num_traits::Float;
use rayon::prelude::*;

use super::{Evaluator, Iterate, Options, Solution, Solver, Status};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, UserError};
use crate::problem::{Active, Problem, ResidualScale, Scalar};
use crate::solve::solution::Record;

/// The residual must fall by 0.1 % within this many iterations, or the sample has stagnated.
const PATIENCE: usize = 100;
/// Growth of the residual beyond its first value at which a sample has diverged.
const DIVERGED: f64 = 1e10;

/// Iterations from which the scale of the residual is taken, for a start may be next to a root.
const EARLY: usize = 5;
/// A root at 0 has no size of its own: steps are then measured by this share of the largest iterate.
const ZERO_ROOT: f64 = 1e-6;

/// What an observer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// End every sample of this chunk with [`Status::Interrupted`].
    Stop,
}

/// State of one chunk after an iteration. A sample is shown up to and including the iteration in which it ends.
#[derive(Debug)]
pub struct Progress<'a, T> {
    /// Iterations done.
    pub iteration: usize,
    /// The samples shown: row i is sample `at.sample(i)`.
    pub at: Active<'a>,
    /// ||g|| per active sample.
    pub residual: &'a [T],
    /// Norm at which each active sample converges.
    pub target: &'a [T],
}

/// Sees every iteration of every chunk, possibly from several threads at once.
pub type Observer<'a, T> = dyn Fn(&Progress<'_, T>) -> Control + Sync + 'a;

/// Memory of a solve, reused when the next one has the same shape.
#[derive(Debug)]
pub struct Workspace<V: Batch, W> {
    chunks: Vec<Chunk<V, W>>,
}

impl<V: Batch, W> Default for Workspace<V, W> {
    fn default() -> Self {
        Workspace { chunks: Vec::new() }
    }
}

/// One chunk: `z` and `g` receive the results, `it` holds the samples still active.
#[derive(Debug)]
struct Chunk<V: Batch, W> {
    base: usize,
    z: V,
    g: V,
    it: Iterate<V>,
    before: Option<V>,
    work: W,
    record: Vec<Record>,
    evaluations: u64,
    slots: Vec<usize>,
    keep: Vec<usize>,
    scratch: Vec<V::Scalar>,
    watch: Vec<Watch>,
    shown: (Vec<usize>, Vec<V::Scalar>, Vec<V::Scalar>),
}

/// What the driver remembers of one active sample.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    start: f64,
    /// largest residual of the first iterations, from which divergence is measured
    early: f64,
    /// largest ||z|| so far
    largest: f64,
    best: f64,
    best_at: usize,
    step: f64,
    ended: Option<usize>,
}

pub(super) fn run<P: Problem, S: Solver<P>>(
    problem: P,
    z0: &P::State,
    solver: &S,
    options: &Options,
    workspace: &mut Workspace<P::State, S::Work>,
    observer: &Observer<'_, Scalar<P>>,
) -> Result<Solution<P, S::Memory>, Error> {
    let ranges = chunk_ranges(z0.samples(), options.chunk);
    let fits = workspace.chunks.len() == ranges.len()
        && workspace.chunks.iter().zip(&ranges).all(|(c, r)| {
            c.base == r.start
                && c.record.len() == r.len()
                && c.z.width() == z0.width()
                && c.before.is_some() == options.step.is_some()
                && solver.fits(&c.work)
        });
    if !fits {
        workspace.chunks = ranges.iter().map(|r| Chunk::new(&problem, z0, solver, options, r.start, r.len())).collect();
    }
    let parallel = ranges.len() == 1;
    let one = |chunk: &mut Chunk<P::State, S::Work>| chunk.solve(&problem, z0, solver, options, parallel, observer);
    let outcome: Result<(), UserError> = if parallel {
        workspace.chunks.iter_mut().try_for_each(one)
    } else {
        workspace.chunks.par_iter_mut().try_for_each(one)
    };
    outcome.map_err(Error::User)?;

    let (mut z, mut g) = (z0.zeros(z0.samples()), z0.zeros(z0.samples()));
    let mut records = Vec::with_capacity(z0.samples());
    let mut memory = Vec::with_capacity(ranges.len());
    let mut evaluations = 0;
    for (chunk, range) in workspace.chunks.iter_mut().zip(ranges) {
        let (to, from): (Vec<usize>, Vec<usize>) = (range.collect(), (0..chunk.record.len()).collect());
        z.put(&to, &chunk.z, &from);
        g.put(&to, &chunk.g, &from);
        records.extend_from_slice(&chunk.record);
        memory.push((chunk.base, chunk.record.len(), solver.memory(&mut chunk.work)));
        evaluations += chunk.evaluations;
    }
    Ok(Solution::new(problem, z, g, records, memory, evaluations))
}

/// Contiguous chunks of nearly equal size.
pub(crate) fn chunk_ranges(samples: usize, chunk: Option<usize>) -> Vec<std::ops::Range<usize>> {
    let size = chunk.unwrap_or_else(|| {
        let threads = rayon::current_num_threads();
        // twice as many chunks as threads, so that a thread whose samples finish early has more to do
        if threads == 1 { samples } else { samples.div_ceil(2 * threads) }
    });
    let count = samples.div_ceil(size.max(1));
    (0..count).map(|i| i * samples / count..(i + 1) * samples / count).collect()
}

impl<V: Batch, W: Keep> Chunk<V, W> {
    fn new<P, S>(problem: &P, z0: &V, solver: &S, options: &Options, base: usize, len: usize) -> Self
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
                norm: numbers(),
                target: numbers(),
                ended: vec![None; len],
            },
            before: options.step.map(|_| z0.zeros(len)),
            work: solver.work(problem, &z),
            z,
            record: vec![Record::default(); len],
            evaluations: 0,
            slots: Vec::with_capacity(len),
            keep: Vec::with_capacity(len),
            scratch: numbers(),
            watch: vec![Watch::default(); len],
            shown: (Vec::with_capacity(len), Vec::with_capacity(len), Vec::with_capacity(len)),
        }
    }

    /// Every active sample at `z0`, nothing done.
    fn reset(&mut self, z0: &V) {
        let len = self.record.len();
        self.slots.clear();
        self.slots.extend(0..len);
        self.it.z.reset(len);
        self.it.g.reset(len);
        self.before.iter_mut().for_each(|b| b.reset(len));
        self.work.reset(len);
        self.it.norm.resize(len, V::Scalar::default());
        self.it.target.resize(len, V::Scalar::default());
        self.it.ended.clear();
        self.it.ended.resize(len, None);
        self.watch.clear();
        self.watch.resize(len, Watch::default());
        self.keep.clear();
        self.keep.extend(self.base..self.base + len);
        self.it.z.put(&self.slots, z0, &self.keep);
        self.evaluations = 0;
    }

    fn solve<P, S>(
        &mut self,
        problem: &P,
        z0: &V,
        solver: &S,
        options: &Options,
        parallel: bool,
        observer: &Observer<'_, V::Scalar>,
    ) -> Result<(), UserError>
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        self.reset(z0);
        let scale = problem.residual_scale();
        {
            let eval = Evaluator::new(problem, Active::new(&self.slots, self.base, parallel));
            eval.residual(&self.it.z, &mut self.it.g)?;
            self.evaluations += eval.evaluations();
        }
        for iteration in 0.. {
            self.judge(iteration, scale, options);
            let control = self.show(iteration, parallel, observer);
            if self.keep.is_empty() {
                break;
            }
            if solver.compacts() {
                self.compact(options.compaction);
            }
            if control == Control::Stop {
                (0..self.slots.len()).for_each(|i| self.it.fail(i, Status::Interrupted));
                self.judge(iteration, scale, options);
                break;
            }
            if let Some(before) = &mut self.before {
                before.copy_from(&self.it.z);
            }
            let eval = Evaluator::new(problem, Active::new(&self.slots, self.base, parallel));
            solver.step(&eval, &mut self.it, &mut self.work)?;
            self.evaluations += eval.evaluations();
            self.measure_step();
        }
        self.restart_overflowed(problem, z0, parallel)
    }

    /// Shows the observer every sample that was active in this iteration.
    fn show(&mut self, iteration: usize, parallel: bool, observer: &Observer<'_, V::Scalar>) -> Control {
        let (slots, residual, target) = &mut self.shown;
        slots.clear();
        residual.clear();
        target.clear();
        for (i, watch) in self.watch.iter().enumerate() {
            if watch.ended.is_none_or(|at| at == iteration) {
                slots.push(self.slots[i]);
                residual.push(self.it.norm[i]);
                target.push(self.it.target[i]);
            }
        }
        observer(&Progress { iteration, at: Active::new(slots, self.base, parallel), residual, target })
    }

    /// ||z - before|| per active sample, where the step is part of the tolerance.
    fn measure_step(&mut self) {
        let Some(before) = &mut self.before else { return };
        let one = <V::Scalar as num_traits::One>::one();
        before.axpby(one, &self.it.z, -one);
        before.norms(&mut self.scratch);
        for (w, step) in self.watch.iter_mut().zip(&self.scratch) {
            w.step = step.as_f64();
        }
    }

    /// Judges every active sample, records those that have ended, and lists the others in `keep`.
    fn judge(&mut self, iteration: usize, scale: ResidualScale, options: &Options) {
        self.it.g.norms(&mut self.it.norm);
        self.it.z.norms(&mut self.scratch);
        self.keep.clear();
        for i in 0..self.slots.len() {
            let norm = self.it.norm[i].as_f64();
            let state = self.scratch[i].as_f64();
            let watch = &mut self.watch[i];
            if watch.ended.is_some() {
                continue;
            }
            if iteration == 0 {
                *watch = Watch { start: norm, best: norm, largest: state, ..Watch::default() };
            } else if norm < watch.best * 0.999 {
                (watch.best, watch.best_at) = (norm, iteration);
            }
            watch.largest = watch.largest.max(state);
            if iteration < EARLY {
                watch.early = watch.early.max(norm);
            }
            let reference = if scale == ResidualScale::State { state } else { watch.start };
            let target = options.absolute + options.relative * reference;
            self.it.target[i] = V::Scalar::of(target);
            // overflow makes nothing small: infinity is not within infinity
            let small = norm == 0.0 || (norm <= target && target.is_finite() && state.is_finite());
            let size = state.max(ZERO_ROOT * watch.largest);
            let still = options.step.is_none_or(|s| norm == 0.0 || (iteration > 0 && watch.step <= s * size));
            let status = if small && still {
                Some(Status::Converged)
            } else if let Some(status) = self.it.ended[i] {
                Some(status)
            } else if !norm.is_finite() {
                Some(Status::NonFinite)
            } else if norm > DIVERGED * watch.early.max(target) {
                Some(Status::Diverged)
            } else if iteration >= watch.best_at + PATIENCE {
                Some(Status::Stagnated)
            } else if iteration == options.max_iterations {
                Some(Status::MaxIterations)
            } else {
                None
            };
            // a sample that a solver has settled is as close as rounding allows
            let target = if status == Some(Status::Converged) { target.max(norm) } else { target };
            let Some(status) = status else {
                self.keep.push(i);
                continue;
            };
            watch.ended = Some(iteration);
            self.it.ended[i] = Some(status);
            let slot = self.slots[i];
            self.record[slot] = Record {
                status,
                iterations: iteration,
                residual: if norm.is_nan() { f64::INFINITY } else { norm },
                target: if target.is_nan() { f64::INFINITY } else { target },
            };
            self.z.put(&[slot], &self.it.z, &[i]);
            self.g.put(&[slot], &self.it.g, &[i]);
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
        if let Some(before) = &mut self.before {
            before.keep(&self.keep);
        }
        self.work.keep(&self.keep);
        for (i, &r) in self.keep.iter().enumerate() {
            self.slots[i] = self.slots[r];
            self.it.norm[i] = self.it.norm[r];
            self.it.target[i] = self.it.target[r];
            self.it.ended[i] = self.it.ended[r];
            self.watch[i] = self.watch[r];
        }
        self.slots.truncate(active);
        self.it.norm.truncate(active);
        self.it.target.truncate(active);
        self.it.ended.truncate(active);
        self.watch.truncate(active);
    }

    /// An iterate that overflowed is of no use: such samples return their start, and its residual.
    fn restart_overflowed<P>(&mut self, problem: &P, z0: &V, parallel: bool) -> Result<(), UserError>
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
        let (mut z, mut g) = (z0.zeros(slots.len()), z0.zeros(slots.len()));
        z.put(&rows, z0, &samples);
        problem.residual(Active::new(&slots, self.base, parallel), &z, &mut g)?;
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
