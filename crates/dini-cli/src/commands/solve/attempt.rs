//! One solve from one start.

use dini::solve::{Accuracy, AnySolver};
use dini::{Newton, Options, Status, solve};

use super::method::Method;
use super::model::{Form, Model, residual_norm};
use super::setup::{Setup, SolveError};

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub z: Vec<f64>,
    pub status: Status,
    pub iterations: usize,
    /// Euclidean norm of left minus right, recomputed at z.
    pub residual: f64,
    /// The correction left.
    pub accuracy: Accuracy,
}

/// Iterates from `start`; whether it has converged is the library's decision.
///
/// A root is then refined by Newton's method, as far as rounding lets it: a derivative may need more digits than the root.
pub(super) fn attempt(setup: &Setup, method: &Method, start: &[f64]) -> Result<Attempt, SolveError> {
    let found = run(setup, &(method.solver)(), method.form, start, setup.tolerance)?;
    if found.status != Status::Converged {
        return Ok(found);
    }
    let refined = run(setup, &AnySolver::Newton(Newton::default()), Form::Equation, &found.z, f64::EPSILON)?;
    let better = refined.status == Status::Converged;
    Ok(if better { Attempt { iterations: found.iterations, ..refined } } else { found })
}

fn run(setup: &Setup, solver: &AnySolver, form: Form, start: &[f64], tolerance: f64) -> Result<Attempt, SolveError> {
    let model = Model::around(&setup.system, start, form);
    let (y, columns) = (model.scaled(start)?, model.columns().to_vec());
    let options = Options { relative: tolerance, max_iterations: setup.max_iterations, ..Options::default() };
    let solution = solve(model.problem()?, &y, solver, &options)?;
    let (status, iterations, accuracy) = (solution.status(0), solution.iterations(0), solution.accuracy(0));
    let z: Vec<f64> = solution.into_z().into_vec().iter().zip(&columns).map(|(y, c)| y * c).collect();
    let residual = residual_norm(&setup.system, &z);
    Ok(Attempt { z, status, iterations, residual, accuracy })
}
