//! What a solve returns.

use super::{Accuracy, Attempt, Options};
use crate::batch::Batch;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::Problem;

/// How one sample fared.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Outcome {
    /// How its solve ended.
    pub status: Status,
    /// Iterations made, by all methods together.
    pub iterations: usize,
    /// ||g||; infinite where it is NaN.
    pub residual: f64,
    /// Norm of the residual at which it was expected to converge; where it has, at least that of its own.
    pub target: f64,
    /// The correction that is left, and how it is known: how far z is from the root, to first order.
    pub accuracy: Accuracy,
    /// ||g(z0)||, to which the tolerance may refer
    pub(crate) first: f64,
    /// of the attempt that stands; none before the first
    pub(crate) method: Option<&'static str>,
}

impl Outcome {
    /// Whether another method may try.
    pub(crate) fn may_go_on(&self, options: &Options) -> bool {
        self.status != Status::Converged && self.iterations < options.max_iterations
    }
}

impl Default for Outcome {
    fn default() -> Self {
        Outcome {
            status: Status::MaxIterations,
            iterations: 0,
            residual: f64::INFINITY,
            target: 0.0,
            accuracy: Accuracy::default(),
            first: 0.0,
            method: None,
        }
    }
}

/// z* of every sample, how each solve ended, and what the derivative starts from.
///
/// Derivatives are in [`gradient`](crate::gradient): `solution.pullback(&w)` for dL/da given w = dL/dz*.
#[derive(Debug)]
pub struct Solution<P: Problem, M = ()> {
    pub(crate) problem: P,
    pub(crate) z: P::State,
    pub(crate) g: P::State,
    pub(crate) outcomes: Vec<Outcome>,
    /// (sample, attempt), in order for each sample
    pub(crate) attempts: Vec<(usize, Attempt)>,
    /// (first sample, number of samples, memory) of each chunk
    pub(crate) memory: Vec<(usize, usize, M)>,
    pub(crate) evaluations: u64,
}

impl<P: Problem, M> Solution<P, M> {
    /// The last iterate of every sample, B x n, converged or not.
    pub fn z(&self) -> &P::State {
        &self.z
    }

    /// The residual g(z) at [`z`](Solution::z), as recomputed in the last iteration.
    pub fn residual(&self) -> &P::State {
        &self.g
    }

    /// The problem that was solved.
    pub fn problem(&self) -> &P {
        &self.problem
    }

    /// z*, if every sample has converged.
    ///
    /// # Errors
    /// [`Error::NotConverged`] naming the first sample that has not.
    pub fn converged(&self) -> Result<&P::State, Error> {
        match self.first_failure() {
            None => Ok(&self.z),
            Some(error) => Err(error),
        }
    }

    /// Number of samples B.
    pub fn samples(&self) -> usize {
        self.outcomes.len()
    }

    /// How each sample fared.
    ///
    /// ```
    /// use dini::{Model, Newton};
    /// let s = Model::equation(|z, _| [z[0].powi(3) - 8.0]).solver(Newton::default()).solve(&[1e4])?;
    /// assert!(s.solution().outcomes()[0].accuracy.relative < 1e-6);
    /// assert!((s.converged()?[0] - 2.0).abs() < 2e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// What each method of a polyalgorithm ([`Auto`](super::Auto)) made of sample `s`, in the order tried; empty after a
    /// solver that is a single method. A sample that none has solved keeps the attempt with the smallest residual.
    pub fn attempts(&self, s: usize) -> impl Iterator<Item = Attempt> + '_ {
        self.attempts.iter().filter(move |(sample, _)| *sample == s).map(|(_, attempt)| *attempt)
    }

    /// Mean number of iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.outcomes.iter().map(|r| r.iterations as f64).sum::<f64>() / self.outcomes.len() as f64
    }

    /// Sample-evaluations of the residual and of Jacobian products.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Samples that have not converged.
    pub fn failures(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.samples()).filter(|&s| self.outcomes[s].status != Status::Converged)
    }

    /// The same solution with another form of what the solver left, or with an inverse of the Jacobian in its place: `f` is
    /// called once a chunk.
    ///
    /// The derivative then starts from that inverse; it is exact all the same, since its residual is that of J at z*.
    pub fn map_memory<N>(self, f: impl Fn(M) -> N) -> Solution<P, N> {
        let Solution { problem, z, g, outcomes, attempts, memory, evaluations } = self;
        let memory = memory.into_iter().map(|(base, len, m)| (base, len, f(m))).collect();
        Solution { problem, z, g, outcomes, attempts, memory, evaluations }
    }

    /// Takes z out.
    pub fn into_z(self) -> P::State {
        self.z
    }

    pub(crate) fn first_failure(&self) -> Option<Error> {
        self.failures().next().and_then(|sample| self.failure(sample))
    }

    pub(crate) fn failure(&self, sample: usize) -> Option<Error> {
        let Outcome { status, residual, .. } = self.outcomes[sample];
        (status != Status::Converged).then_some(Error::NotConverged { sample, status, residual })
    }

    pub(crate) fn width(&self) -> usize {
        self.z.width()
    }
}
