//! What the solver suite solves with: a solver by its type, or one chosen by name.

use std::sync::Arc;

use dini::batch::Batch;
use dini::cells::Tanh;
use dini::model::System;
use dini::problem::Linearize;
use dini::solve::{Control, Solver, Workspace};
use dini::{Options, Real, Rows, Solution, Status, solve_with};

/// The outcome of one solve, sample by sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Run<T> {
    /// The last iterates.
    pub z: Rows<T>,
    /// How each solve ended.
    pub status: Vec<Status>,
    /// Iterations made.
    pub iterations: Vec<usize>,
    /// ||g|| as reported.
    pub residual: Vec<f64>,
    /// Norm at which the sample converges, as reported.
    pub target: Vec<f64>,
}

impl<T: Real> Run<T> {
    fn of<P: Linearize<State = Rows<T>>, M>(solution: &Solution<P, M>) -> Self {
        let every = 0..solution.samples();
        Run {
            z: solution.z().clone(),
            status: every.clone().map(|s| solution.outcomes()[s].status).collect(),
            iterations: every.clone().map(|s| solution.outcomes()[s].iterations).collect(),
            residual: every.clone().map(|s| solution.outcomes()[s].residual).collect(),
            target: every.map(|s| solution.outcomes()[s].target).collect(),
        }
    }

    /// Sample `s` alone.
    pub fn sample(&self, s: usize) -> Self {
        let mut z = self.z.zeros(1);
        z.put(&[0], &self.z, &[s]);
        Run {
            z,
            status: vec![self.status[s]],
            iterations: vec![self.iterations[s]],
            residual: vec![self.residual[s]],
            target: vec![self.target[s]],
        }
    }
}

/// A solver of the problems of the suite. Every [`Solver`] is one.
pub trait Subject {
    /// Solves equations stated as models.
    fn system(&self, problem: &System<f64>, z0: &Rows<f64>, options: &Options) -> Run<f64>;
    /// Solves tanh cells.
    fn cell(&self, problem: &Arc<Tanh<f64>>, z0: &Rows<f64>, options: &Options) -> Run<f64>;
    /// Solves tanh cells in single precision.
    fn cell_f32(&self, problem: &Arc<Tanh<f32>>, z0: &Rows<f32>, options: &Options) -> Run<f32>;
}

/// Solves twice with the same memory, which must not make a difference.
fn twice<T: Real, P, S>(solver: &S, problem: &P, z0: &Rows<T>, options: &Options) -> Run<T>
where
    P: Linearize<State = Rows<T>> + Clone,
    S: Solver<P>,
{
    let mut workspace = Workspace::default();
    let mut once = || {
        let solution = solve_with(problem.clone(), z0, solver, options, &mut workspace, &|_| Control::Continue);
        Run::of(&solution.expect("a problem, a start and options that fit"))
    };
    let first = once();
    assert_eq!(once(), first, "a second solve with the same memory");
    first
}

impl<S> Subject for S
where
    S: Solver<System<f64>> + Solver<Arc<Tanh<f64>>> + Solver<Arc<Tanh<f32>>>,
{
    fn system(&self, problem: &System<f64>, z0: &Rows<f64>, options: &Options) -> Run<f64> {
        twice(self, problem, z0, options)
    }

    fn cell(&self, problem: &Arc<Tanh<f64>>, z0: &Rows<f64>, options: &Options) -> Run<f64> {
        twice(self, problem, z0, options)
    }

    fn cell_f32(&self, problem: &Arc<Tanh<f32>>, z0: &Rows<f32>, options: &Options) -> Run<f32> {
        twice(self, problem, z0, options)
    }
}
