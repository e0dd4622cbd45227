//! What a solve returns.

use super::{Accuracy, Attempt, Options};
use crate::batch::Batch;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::Problem;

/// How one sample fared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub status: Status,
    pub iterations: usize,
    pub residual: f64,
    pub target: f64,
    pub accuracy: Accuracy,
    /// ||g(z0)||, to which the tolerance may refer
    pub first: f64,
    /// of the attempt that stands; none before the first
    pub method: Option<&'static str>,
}

impl Record {
    /// Whether another method may try.
    pub fn may_go_on(&self, options: &Options) -> bool {
        self.status != Status::Converged && self.iterations < options.max_iterations
    }
}

impl Default for Record {
    fn default() -> Self {
        Record {
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
    pub(crate) records: Vec<Record>,
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
        self.records.len()
    }

    /// How the solve of sample `s` ended.
    pub fn status(&self, s: usize) -> Status {
        self.records[s].status
    }

    /// What each method of a polyalgorithm ([`Auto`](super::Auto)) made of sample `s`, in the order tried; empty after a
    /// solver that is a single method. A sample that none has solved keeps the attempt with the smallest residual.
    pub fn attempts(&self, s: usize) -> impl Iterator<Item = Attempt> + '_ {
        self.attempts.iter().filter(move |(sample, _)| *sample == s).map(|(_, attempt)| *attempt)
    }

    /// Iterations made for sample `s`, by all methods together.
    pub fn iterations(&self, s: usize) -> usize {
        self.records[s].iterations
    }

    /// ||g|| of sample `s`; infinite where it is NaN.
    pub fn residual_norm(&self, s: usize) -> f64 {
        self.records[s].residual
    }

    /// The correction that is left of sample `s`, and how it is known: how far z is from the root, to first order.
    ///
    /// ```
    /// use dini::{Model, Newton};
    /// let s = Model::equation(|z, _| [z[0].powi(3) - 8.0]).solver(Newton::default()).solve(&[1e4])?;
    /// assert!(s.solution().accuracy(0).relative < 1e-6);
    /// assert!((s.converged()?[0] - 2.0).abs() < 2e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn accuracy(&self, s: usize) -> Accuracy {
        self.records[s].accuracy
    }

    /// Norm of the residual at which sample `s` was expected to converge; of a converged one at least its own.
    pub fn target(&self, s: usize) -> f64 {
        self.records[s].target
    }

    /// Mean number of iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.records.iter().map(|r| r.iterations as f64).sum::<f64>() / self.records.len() as f64
    }

    /// Sample-evaluations of the residual and of Jacobian products.
    pub fn evaluations(&self) -> u64 {
        self.evaluations
    }

    /// Samples that have not converged.
    pub fn failures(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.samples()).filter(|&s| self.status(s) != Status::Converged)
    }

    /// The same solution with another form of what the solver left, or with an inverse of the Jacobian in its place: `f` is
    /// called once a chunk.
    ///
    /// The derivative then starts from that inverse; it is exact all the same, since its residual is that of J at z*.
    pub fn map_memory<N>(self, f: impl Fn(M) -> N) -> Solution<P, N> {
        let Solution { problem, z, g, records, attempts, memory, evaluations } = self;
        let memory = memory.into_iter().map(|(base, len, m)| (base, len, f(m))).collect();
        Solution { problem, z, g, records, attempts, memory, evaluations }
    }

    /// Takes z out.
    pub fn into_z(self) -> P::State {
        self.z
    }

    pub(crate) fn first_failure(&self) -> Option<Error> {
        self.failures().next().and_then(|sample| self.failure(sample))
    }

    pub(crate) fn failure(&self, sample: usize) -> Option<Error> {
        let Record { status, residual, .. } = self.records[sample];
        (status != Status::Converged).then_some(Error::NotConverged { sample, status, residual })
    }

    pub(crate) fn width(&self) -> usize {
        self.z.width()
    }
}
