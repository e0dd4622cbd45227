//! One solve from one start.

use dini::{Options, Status};

use super::method::Method;
use super::model::Model;
use super::root::{is_root, residual_norm};
use super::setup::{Setup, SolveError};

/// Residual, in units of the terms at the start, below which the step alone decides.
const SMALL: f64 = 1e-10;
/// Times an iteration is balanced anew where the tolerance was not reached.
const STAGES: usize = 4;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub z: Vec<f64>,
    pub status: Status,
    pub iterations: usize,
    /// Euclidean norm of left minus right, recomputed at z.
    pub residual: f64,
}

/// Iterates from `start` until z is a root by [`is_root`], whatever the solver thinks of its own residual.
///
/// The first stage stops at a step of `tolerance` |z|. Where that was not enough (a component much smaller than the
/// others, terms that have changed their size on the way), the equations are balanced anew and iterated down to rounding.
pub(super) fn attempt(setup: &Setup, method: &Method, start: &[f64]) -> Result<Attempt, SolveError> {
    let mut z = start.to_vec();
    let (mut iterations, mut status) = (0, Status::MaxIterations);
    for stage in 0..STAGES {
        let model = Model::around(&setup.system, &z, method.form);
        let (y, columns) = (model.scaled(&z)?, model.columns().to_vec());
        let first = stage == 0;
        let options = Options {
            relative: 0.0,
            absolute: if first { SMALL } else { f64::MIN_POSITIVE },
            step: first.then_some(setup.tolerance),
            max_iterations: setup.max_iterations - iterations,
            ..Options::default()
        };
        let run = (method.run)(model.problem()?, &y, &options)?;
        z = run.y.iter().zip(&columns).map(|(y, c)| y * c).collect();
        iterations += run.iterations;
        status = run.status;
        if is_root(&setup.system, &z, setup.tolerance) {
            status = Status::Converged;
            break;
        }
        // a residual that vanishes away from a root is no success, and an iteration that made no step makes none again
        if status == Status::Converged {
            status = Status::Stagnated;
        } else if status != Status::Stagnated || run.iterations <= 1 {
            break;
        }
        if iterations >= setup.max_iterations {
            status = Status::MaxIterations;
            break;
        }
    }
    let residual = residual_norm(&setup.system, &z);
    Ok(Attempt { z, status, iterations, residual })
}
