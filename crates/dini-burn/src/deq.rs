//! The implicit layer as a burn module.

use std::sync::{Arc, Mutex, PoisonError};

use burn::config::Config;
use burn::module::Module;
use burn::prelude::*;
use dini::gradient::{AnyMode, Derivative, Implicit, OnFailure, Report};
use dini::problem::Problem;
use dini::solve::AnySolver;
use dini::{Error, Options, Solution, Status};

use crate::cell::{Cell, Solved};
use crate::hook::gradient_hook;

/// Solver and tolerances of both passes.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Forward solver.
    pub solver: AnySolver,
    /// Forward tolerances and limits, per sample.
    pub options: Options,
    /// Gradient mode of the backward pass, and what happens to samples without a derivative.
    pub backward: AnyMode,
}

impl Default for Settings {
    fn default() -> Self {
        DeqConfig::new().settings()
    }
}

/// Configuration of [`Deq`]; for everything beyond, see [`Deq::with_settings`].
#[derive(Config, Debug)]
pub struct DeqConfig {
    /// Relative tolerance ||z - f(z)|| <= tolerance ||z|| of the forward solve, per sample (dimensionless).
    #[config(default = 1e-4)]
    pub forward_tolerance: f64,
    /// Relative residual of the adjoint system, per sample (dimensionless).
    #[config(default = 1e-4)]
    pub backward_tolerance: f64,
    /// Iteration limit of the forward solve.
    #[config(default = 200)]
    pub max_iterations: usize,
}

impl DeqConfig {
    /// The settings this configuration stands for: Anderson acceleration forward, a matrix-free adjoint backward, and
    /// an error where either fails.
    pub fn settings(&self) -> Settings {
        Settings {
            solver: AnySolver::Anderson(Default::default()),
            options: Options {
                relative: self.forward_tolerance,
                max_iterations: self.max_iterations,
                ..Options::default()
            },
            // a verdict on every sample of every step would cost more than the step
            backward: AnyMode::Implicit(Implicit {
                tolerance: Some(self.backward_tolerance),
                verdict: Some(false),
                ..Implicit::default()
            }),
        }
    }

    /// A layer around `cell`.
    pub fn init<const D: usize, C: Cell<D>>(&self, cell: C) -> Deq<C> {
        Deq::with_settings(cell, self.settings())
    }
}

/// The layer z* = f(z*, x).
#[derive(Module, Debug)]
pub struct Deq<C: Module> {
    /// The cell f.
    pub cell: C,
    #[module(skip)]
    settings: Settings,
    /// a backward failure nobody has looked at
    #[module(skip)]
    unseen: Arc<Mutex<Option<String>>>,
}

/// How a forward solve went.
#[derive(Clone, Debug)]
pub struct ForwardReport {
    /// Status of each sample.
    pub statuses: Vec<Status>,
    /// Iterations of each sample.
    pub iterations: Vec<usize>,
    /// ||z - f(z)|| of each sample.
    pub residuals: Vec<f64>,
    /// The correction that is left of z* of each sample, relative to ||z*||, as far as it is known.
    pub accuracies: Vec<f64>,
}

impl ForwardReport {
    pub(crate) fn new<P: Problem, M>(solution: &Solution<P, M>) -> Self {
        let samples = 0..solution.samples();
        ForwardReport {
            statuses: samples.clone().map(|s| solution.outcomes()[s].status).collect(),
            iterations: samples.clone().map(|s| solution.outcomes()[s].iterations).collect(),
            residuals: samples.clone().map(|s| solution.outcomes()[s].residual).collect(),
            accuracies: samples.map(|s| solution.outcomes()[s].accuracy.relative).collect(),
        }
    }

    /// Mean iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.iterations.iter().sum::<usize>() as f64 / self.iterations.len().max(1) as f64
    }

    /// Samples that have not converged.
    pub fn failures(&self) -> usize {
        self.statuses.iter().filter(|s| **s != Status::Converged).count()
    }
}

/// How an adjoint solve went.
#[derive(Clone, Debug)]
pub struct BackwardReport {
    /// One report per sample; empty if the solve was refused as a whole.
    pub samples: Vec<Report>,
    /// Samples without a derivative, treated as the settings say.
    pub failures: Vec<usize>,
    /// Why the solve was refused; the gradient through this layer then is zero.
    pub error: Option<String>,
}

impl BackwardReport {
    /// Mean iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.samples.iter().map(|r| r.iterations as f64).sum::<f64>() / self.samples.len().max(1) as f64
    }
}

/// Where the report of the backward pass appears once it has run.
#[derive(Clone, Debug)]
pub struct BackwardTicket {
    report: Arc<Mutex<Option<BackwardReport>>>,
    unseen: Arc<Mutex<Option<String>>>,
}

impl BackwardTicket {
    /// The report; none before the backward pass. Looking at a failure acknowledges it.
    pub fn report(&self) -> Option<BackwardReport> {
        let report = lock(&self.report).clone();
        if report.as_ref().is_some_and(|r| r.error.is_some()) {
            *lock(&self.unseen) = None;
        }
        report
    }
}

/// Output of a forward pass.
#[derive(Debug)]
#[must_use]
pub struct DeqOutput<const D: usize> {
    /// z*, tracked by autodiff where the cell's parameters or x are.
    pub z: Tensor<D>,
    /// How the forward solve went.
    pub forward: ForwardReport,
    /// Where the report of the backward solve will be.
    pub backward: BackwardTicket,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<C: Module> Deq<C> {
    /// A layer with full control over solvers and failure policy.
    pub fn with_settings(cell: C, settings: Settings) -> Self {
        Deq { cell, settings, unseen: Arc::default() }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// z* from z = 0, with the shape of x.
    ///
    /// # Errors
    /// As [`forward_from`](Deq::forward_from).
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Result<DeqOutput<D>, Error>
    where
        C: Cell<D>,
    {
        let start = Tensor::zeros(x.shape(), (&x.device(), x.dtype()));
        self.forward_from(start, x)
    }

    /// z* from a start `z0`, which also gives its shape.
    ///
    /// The solve itself is not tracked. f is then applied once more with tracking, at the constant z*
    /// ([`Cell::at_solution`]); the backward pass first maps its gradient w to the adjoint lam, so that parameters and x
    /// receive lam^T df.
    ///
    /// # Errors
    /// A broken contract (shapes, non-finite input, settings); [`Error::NotConverged`] unless the settings allow
    /// samples to fail; a failure of the previous backward pass that nobody has looked at.
    pub fn forward_from<const D: usize>(&self, z0: Tensor<D>, x: Tensor<D>) -> Result<DeqOutput<D>, Error>
    where
        C: Cell<D>,
    {
        if let Some(failure) = lock(&self.unseen).take() {
            return Err(Error::User(format!("the previous backward pass failed: {failure}").into()));
        }
        // detached copies: the backward pass may not touch a node of the outer graph
        let Solved { z, report, adjoint } = self.cell.valid().solve(x.clone().inner(), z0.inner(), &self.settings)?;
        if self.settings.backward.on_failure() == OnFailure::Refuse
            && let Some(sample) = report.statuses.iter().position(|s| *s != Status::Converged)
        {
            return Err(Error::NotConverged {
                sample,
                status: report.statuses[sample],
                residual: report.residuals[sample],
            });
        }
        let ticket = BackwardTicket { report: Arc::default(), unseen: self.unseen.clone() };
        let tracked = if x.is_autodiff() { Tensor::from_inner(z.clone()) } else { z.clone() };
        let y = self.cell.at_solution(tracked, x);
        if !y.is_autodiff() || !y.is_tracked() {
            return Ok(DeqOutput { z, forward: report, backward: ticket });
        }
        let seen = ticket.clone();
        let z = gradient_hook(y, move |w| match adjoint(w.clone()) {
            Ok((lam, Derivative { reports, failures, .. })) => {
                *lock(&seen.report) = Some(BackwardReport { samples: reports, failures, error: None });
                lam
            }
            Err(error) => {
                *lock(&seen.unseen) = Some(error.to_string());
                let error = Some(error.to_string());
                *lock(&seen.report) = Some(BackwardReport { samples: Vec::new(), failures: Vec::new(), error });
                w.zeros_like()
            }
        });
        Ok(DeqOutput { z, forward: report, backward: ticket })
    }
}
