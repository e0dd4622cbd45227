//! The problem linearised at z*, chunk by chunk.

use rayon::prelude::*;

use super::mode::{Adjoints, Assessed, Derivative};
use crate::batch::{Batch, pick};
use crate::error::{Error, UserError};
use crate::linear::{DenseLu, Inverse, Precondition, SparseLu};
use crate::problem::{Active, Eval, Evaluator, Linearize, Problem, Scalar, Sparsity};
use crate::solve::root::pattern;
use crate::solve::{Solution, spare_threads};
use crate::verdict::screen;

/// A problem linearised at z*, chunk by chunk.
pub(super) struct Linearised<'a, P: Linearize> {
    pub chunks: Vec<LinearisedChunk<'a, P>>,
}

/// Some samples of a batch, linearised at z*: what a [`GradientMode`](super::GradientMode) works with.
///
/// Its samples are numbered by slots 0..B; a batch passed along with `slots` has one row per slot, in that order.
pub struct LinearisedChunk<'a, P: Linearize> {
    pub(super) problem: &'a P,
    base: usize,
    pub(super) slots: Vec<usize>,
    pub(super) tape: P::Tape,
    pub(super) z: P::State,
    pub(super) g: P::State,
    /// by slot: the correction left of z, relative to it
    pub(super) corrections: Vec<f64>,
    pub(super) memory: &'a dyn Inverse<P::State>,
    /// factors of the Jacobians at z*, where they are used more than once
    pub(super) fresh: Option<Box<dyn Inverse<P::State>>>,
    parallel: bool,
}

/// What is linearised, and lam or dz there.
pub(super) type Solved<'a, P> = (Linearised<'a, P>, Derivative<(), <P as Problem>::State>);

/// One vector per sample of the whole batch, and the assessed of the samples that were mapped.
pub(super) type Mapped<V> = (V, Vec<(usize, Assessed)>);

impl<'a, P: Linearize> Linearised<'a, P> {
    /// Linearises at the solution; no evaluation where the problem's tape needs none beyond g(z*).
    pub fn new<M: Inverse<P::State>>(solution: &'a Solution<P, M>) -> Result<Self, Error> {
        let chunks = each(&solution.memory, |memory| LinearisedChunk::of(solution, memory));
        Ok(Linearised { chunks: chunks.map_err(Error::User)? })
    }

    /// The same, and [`map`](Linearised::map) in one go: threads are woken once.
    pub fn mapped<M: Inverse<P::State>>(
        solution: &'a Solution<P, M>,
        b: &P::State,
        f: impl Fn(&LinearisedChunk<'a, P>, &P::State) -> Result<Adjoints<P::State>, UserError> + Sync + Send,
    ) -> Result<(Self, Mapped<P::State>), Error> {
        let both = each(&solution.memory, |memory| {
            let chunk = LinearisedChunk::of(solution, memory)?;
            let answer = f(&chunk, &pick(b, &chunk.samples(&chunk.slots)))?;
            Ok((chunk, answer))
        });
        let (chunks, answers) = both.map_err(Error::User)?.into_iter().unzip();
        let linearised = Linearised { chunks };
        let mapped = linearised.gather(b, answers)?;
        Ok((linearised, mapped))
    }

    /// Linearises and factors one sample alone.
    pub fn single<M>(solution: &'a Solution<P, M>, sample: usize) -> Result<Self, Error> {
        let chunk = LinearisedChunk::new(solution, sample..sample + 1, &(), true).map_err(Error::User)?;
        Linearised { chunks: vec![chunk] }.factored()
    }

    /// Factors every Jacobian at z*, where the factors serve more than once.
    pub fn factored(mut self) -> Result<Self, Error> {
        let factor = |chunk: &mut LinearisedChunk<'a, P>| {
            chunk.fresh = Some(match pattern(chunk.problem, chunk.z.width()) {
                Some(pattern) => Box::new(chunk.factor_sparse(&chunk.slots, pattern)?),
                None => Box::new(chunk.factor(&chunk.slots)?),
            });
            Ok(())
        };
        let outcome: Result<(), UserError> = if self.chunks.len() == 1 {
            self.chunks.iter_mut().try_for_each(factor)
        } else {
            self.chunks.par_iter_mut().try_for_each(factor)
        };
        outcome.map_err(Error::User).map(|()| self)
    }

    /// Maps the rows of `b` (the whole batch) chunk by chunk; assessed come with their samples, in order.
    pub fn map(
        &self,
        b: &P::State,
        f: impl Fn(&LinearisedChunk<'a, P>, &P::State) -> Result<Adjoints<P::State>, UserError> + Sync + Send,
    ) -> Result<Mapped<P::State>, Error> {
        let one = |chunk: &LinearisedChunk<'a, P>| f(chunk, &pick(b, &chunk.samples(&chunk.slots)));
        self.gather(b, each(&self.chunks, one).map_err(Error::User)?)
    }

    /// The answers of all chunks as one for the batch.
    fn gather(&self, b: &P::State, answers: Vec<Adjoints<P::State>>) -> Result<Mapped<P::State>, Error> {
        let mut x = b.zeros(b.samples());
        let mut numbered = Vec::with_capacity(b.samples());
        for (chunk, Adjoints { vector, assessed }) in self.chunks.iter().zip(answers) {
            let (expected, found) = ((chunk.slots.len(), b.width()), (vector.samples(), vector.width()));
            if expected != found || assessed.len() != found.0 {
                return Err(Error::shape("the mode's vectors, one outcome each", expected, found));
            }
            let samples = chunk.samples(&chunk.slots);
            x.put(&samples, &vector, &chunk.slots);
            numbered.extend(samples.into_iter().zip(assessed));
        }
        Ok((x, numbered))
    }
}

/// `f` of every item, on the threads of the current rayon pool unless there is a single one.
pub(super) fn each<'i, T: Sync, R: Send>(
    items: &'i [T],
    f: impl Fn(&'i T) -> Result<R, UserError> + Sync + Send,
) -> Result<Vec<R>, UserError> {
    if items.len() == 1 { items.iter().map(f).collect() } else { items.par_iter().map(f).collect() }
}

impl<'a, P: Linearize> LinearisedChunk<'a, P> {
    /// The samples that left this memory behind.
    fn of<M: Inverse<P::State>>(
        solution: &'a Solution<P, M>,
        (base, len, memory): &'a (usize, usize, M),
    ) -> Result<Self, UserError> {
        LinearisedChunk::new(solution, *base..base + len, memory, spare_threads(solution.memory.len()))
    }

    fn new<M>(
        solution: &'a Solution<P, M>,
        samples: std::ops::Range<usize>,
        memory: &'a dyn Inverse<P::State>,
        parallel: bool,
    ) -> Result<Self, UserError> {
        let slots: Vec<usize> = (0..samples.len()).collect();
        let base = samples.start;
        let samples: Vec<usize> = samples.collect();
        let (z, g) = (pick(&solution.z, &samples), pick(&solution.g, &samples));
        let mut tape = solution.problem.tape(&z);
        Evaluator::new(&solution.problem, Active::new(&slots, base, parallel)).linearize(&z, &g, &mut tape)?;
        let corrections = samples.iter().map(|&s| solution.outcomes()[s].accuracy.relative).collect();
        let problem = &solution.problem;
        Ok(LinearisedChunk { problem, base, slots, tape, z, g, corrections, memory, fresh: None, parallel })
    }

    /// The same samples linearised at another point; factors made anew are at hand there as the forward solver's are.
    pub(super) fn moved_to<'b>(&'b self, z: P::State) -> Result<LinearisedChunk<'b, P>, UserError> {
        let (slots, corrections) = (self.slots.clone(), self.corrections.clone());
        let eval = Evaluator::new(self.problem, self.at(&slots));
        let (mut g, mut tape) = (z.zeros(slots.len()), self.problem.tape(&z));
        eval.residual(&z, &mut g)?;
        eval.linearize(&z, &g, &mut tape)?;
        let memory = self.fresh.as_deref().unwrap_or(self.memory);
        let LinearisedChunk { problem, base, parallel, .. } = *self;
        Ok(LinearisedChunk { problem, base, slots, tape, z, g, corrections, memory, fresh: None, parallel })
    }

    /// All slots.
    pub fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// The sample of the whole batch in `slot`.
    pub fn sample(&self, slot: usize) -> usize {
        self.base + slot
    }

    /// The samples of the whole batch in `slots`.
    pub(super) fn samples(&self, slots: &[usize]) -> Vec<usize> {
        slots.iter().map(|&slot| self.sample(slot)).collect()
    }

    /// out <- J^T u
    ///
    /// # Errors
    /// The problem's own.
    pub fn vjp(&self, slots: &[usize], u: &P::State, out: &mut P::State) -> Eval {
        self.problem.vjp(self.at(slots), &self.tape, u, out)
    }

    /// The approximate inverse of J that the forward solver left.
    pub fn memory(&self) -> &dyn Inverse<P::State> {
        self.memory
    }

    /// The samples in `slots`, for operators.
    pub fn at<'s>(&self, slots: &'s [usize]) -> Active<'s> {
        Active::new(slots, self.base, self.parallel)
    }

    /// The same where no other chunk is being worked on, so that every thread may be used.
    pub(super) fn alone<'s>(&self, slots: &'s [usize]) -> Active<'s> {
        Active::new(slots, self.base, true)
    }

    /// The preconditioners of all samples, of the Jacobians at z*.
    pub(super) fn precondition<C: Precondition<P>>(&self, preconditioner: &C) -> Result<C::Inverse, UserError> {
        let mut inverse = preconditioner.empty(&self.z);
        let problem = Evaluator::new(self.problem, self.at(&self.slots));
        preconditioner.build(&problem, &self.tape, &|_| true, &mut inverse)?;
        Ok(inverse)
    }

    /// Dense LU of the Jacobians at z* in `slots`.
    pub(super) fn factor(&self, slots: &[usize]) -> Result<DenseLu<Scalar<P>>, UserError> {
        let mut lu = DenseLu::new(self.slots.len(), self.z.width());
        let eval = Evaluator::new(self.problem, self.at(slots));
        eval.jacobians(&self.tape, &mut (self.z.clone(), self.z.clone()), lu.matrices_mut())?;
        lu.factor_all(slots);
        Ok(lu)
    }

    /// By slot, whether the theorem plainly holds; only where there are factors.
    pub(super) fn screen(&self) -> Result<Vec<bool>, UserError> {
        let mut holds = vec![false; self.slots.len()];
        let known: Vec<usize> = self.slots.iter().copied().filter(|&slot| self.has_factors(slot)).collect();
        if known.is_empty() {
            return Ok(holds);
        }
        let eval = Evaluator::new(self.problem, self.at(&known));
        let inverse: &dyn Inverse<P::State> = self.fresh.as_deref().unwrap_or(self.memory);
        let passed = if known.len() == self.slots.len() {
            screen(&eval, (&self.z, &self.g), inverse, |i| self.corrections[i])?
        } else {
            let (z, g) = (pick(&self.z, &known), pick(&self.g, &known));
            screen(&eval, (&z, &g), inverse, |i| self.corrections[known[i]])?
        };
        known.into_iter().zip(passed).for_each(|(slot, passed)| holds[slot] = passed);
        Ok(holds)
    }

    /// Whether the solver has left factors of the Jacobian in `slot`, or they have been made anew.
    pub(super) fn has_factors(&self, slot: usize) -> bool {
        // sparse factors, too, know the norm of J
        let factored = self.memory.is_dense(slot) || self.memory.norm(slot).is_some();
        self.fresh.is_some() || (self.memory.known(slot) && factored)
    }

    /// The pattern of the Jacobian, where the problem states one that fits.
    pub(super) fn sparsity(&self) -> Option<&Sparsity> {
        crate::problem::pattern(self.problem).filter(|sparsity| sparsity.size() == self.z.width())
    }

    /// Sparse LU of the Jacobians at z* in `slots`.
    pub(super) fn factor_sparse(&self, slots: &[usize], sparsity: &Sparsity) -> Result<SparseLu<Scalar<P>>, UserError> {
        let mut lu = SparseLu::new(self.slots.len(), sparsity.clone());
        let eval = Evaluator::new(self.problem, self.at(slots));
        eval.sparse_jacobians(sparsity, &self.tape, &mut (self.z.clone(), self.z.clone()), lu.values_mut())?;
        slots.iter().for_each(|&slot| lu.factor(slot));
        Ok(lu)
    }
}
