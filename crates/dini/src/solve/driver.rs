//! The driver behind every solver: chunks of samples on threads, observers, the solution.

use std::ops::Range;

use rayon::prelude::*;

use super::chunk::{Chunk, Task};
use super::{Options, Solution, Solver};
use crate::batch::Batch;
use crate::error::{Error, StepError};
use crate::problem::{Active, Evaluations, Problem, Scalar};

/// What an observer wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// End every sample of this chunk with [`Status::Interrupted`](super::Status::Interrupted).
    Stop,
}

/// State of one chunk after an iteration. A sample is shown up to and including the iteration in which it ends.
#[derive(Debug)]
pub struct Progress<'a, T> {
    /// Iterations done by the present method.
    pub iteration: usize,
    /// Name of the method, where the solver has several ([`Auto`](super::Auto)), else empty.
    pub method: &'static str,
    /// The samples shown: row i is sample `at.sample(i)`.
    pub at: Active<'a>,
    /// ||g|| per active sample; where the solver does not know it, a norm of about its size ([`Iterate::estimate`](super::Iterate::estimate)).
    pub residual: &'a [T],
    /// Norm at which each active sample is expected to converge.
    pub target: &'a [T],
}

/// Sees every iteration of every chunk, possibly from several threads at once.
pub type Observer<'a, T> = dyn Fn(&Progress<'_, T>) -> Control + Sync + 'a;

/// Memory of a solve, reused when the next one has the same shape.
#[derive(Debug)]
pub struct Workspace<V: Batch, W> {
    /// made by the thread that first solves them
    chunks: Vec<Place<V, W>>,
}

type Place<V, W> = Option<Chunk<V, W>>;

impl<V: Batch, W> Default for Workspace<V, W> {
    fn default() -> Self {
        Workspace { chunks: Vec::new() }
    }
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
    workspace.chunks.resize_with(ranges.len(), || None);
    for (chunk, range) in workspace.chunks.iter_mut().zip(&ranges) {
        chunk.take_if(|c| !(c.fits(range, z0.width()) && solver.fits(&c.work)));
    }
    let single = ranges.len() == 1;
    let parallel = spare_threads(ranges.len());
    let task = Task { problem: &problem, z0, solver, options, parallel, observer };
    let one = |(range, chunk): (&Range<usize>, &mut Place<P::State, S::Work>)| {
        let new = || Chunk::new(&problem, z0, solver, range.start, range.len());
        chunk.get_or_insert_with(new).solve(&task)
    };
    let outcome: Result<(), StepError> = if single {
        ranges.iter().zip(&mut workspace.chunks).try_for_each(one)
    } else {
        ranges.par_iter().zip(&mut workspace.chunks).try_for_each(one)
    };
    outcome.map_err(StepError::into_error)?;

    let (mut z, mut g) = (z0.zeros(z0.samples()), z0.zeros(z0.samples()));
    let mut outcomes = Vec::with_capacity(z0.samples());
    let mut memory = Vec::with_capacity(ranges.len());
    let (mut attempts, mut evaluations) = (Vec::new(), Evaluations::default());
    for (chunk, range) in workspace.chunks.iter_mut().flatten().zip(ranges) {
        let (to, from): (Vec<usize>, Vec<usize>) = (range.collect(), (0..chunk.record.len()).collect());
        z.put(&to, &chunk.z, &from);
        g.put(&to, &chunk.g, &from);
        outcomes.extend_from_slice(&chunk.record);
        attempts.extend(chunk.attempts.iter().map(|(slot, attempt)| (chunk.base + slot, *attempt)));
        memory.push((chunk.base, chunk.record.len(), solver.memory(&mut chunk.work)));
        evaluations += chunk.evaluations;
    }
    Ok(Solution { problem, z, g, outcomes, attempts, memory, evaluations: evaluations.total() })
}

/// Whether so many chunks leave threads without one, which operators may then use.
pub(crate) fn spare_threads(chunks: usize) -> bool {
    chunks == 1 || chunks < rayon::current_num_threads()
}

/// Samples from which a chunk gains nothing by being larger: products with so many rows are as fast as they get.
const LARGE: usize = 64;

/// Contiguous chunks of nearly equal size.
pub(crate) fn chunk_ranges(samples: usize, chunk: Option<usize>) -> Vec<Range<usize>> {
    let threads = rayon::current_num_threads();
    let count = match chunk {
        Some(size) => samples.div_ceil(size.max(1)),
        None if threads == 1 => 1,
        // a thread whose samples finish early has more to do
        None if samples >= 2 * threads * LARGE => 2 * threads,
        None => samples.min(threads),
    };
    (0..count).map(|i| i * samples / count..(i + 1) * samples / count).collect()
}
