//! One unknown between two numbers: bracketing.

use dini::problem::Closure;
use dini::solve::Bracketing;
use dini::{Options, Rows, solve};

use super::attempt::Attempt;
use super::model::{residual, residual_norm};
use super::setup::{Setup, SolveError};

/// Two numbers with a root between them, if left minus right has different signs there.
pub(super) struct Bracket {
    low: f64,
    high: f64,
}

impl Bracket {
    /// From what the user has given.
    pub fn new(ends: &[f64]) -> Result<Self, SolveError> {
        match *ends {
            [low, high] if low < high && low.is_finite() && high.is_finite() => Ok(Bracket { low, high }),
            [low, high] => {
                let message = format!("--bracket must be two finite numbers, the lower one first, not {low},{high}");
                Err(SolveError::Option(message))
            }
            [] => Err(SolveError::Option("the solver `bracketing` needs --bracket LOW,HIGH".to_owned())),
            _ => Err(SolveError::Option(format!("--bracket takes two numbers, not {}", ends.len()))),
        }
    }

    /// There must be one unknown, and a start given for it must lie in the bracket.
    pub fn check(&self, unknowns: &[String], starts: &[Option<f64>]) -> Result<(), SolveError> {
        let Bracket { low, high } = self;
        let message = match (unknowns, starts) {
            ([name], [Some(start)]) if !(low <= start && start <= high) => {
                format!("the start {name} = {start} is not in the bracket {low},{high}")
            }
            ([_], _) => return Ok(()),
            _ => format!("--bracket is for one unknown, not for {}", unknowns.join(", ")),
        };
        Err(SolveError::Option(message))
    }
}

/// Divides the bracket, first at the start if one is given, until its ends are neighbouring numbers or g is zero.
///
/// Nothing is brought to other units, since the method depends on none.
pub(super) fn divide(setup: &Setup, bracket: &Bracket) -> Result<Attempt, SolveError> {
    let solver = Bracketing::between(bracket.low, bracket.high)?;
    let start = match setup.starts[..] {
        [Some(start)] => Rows::from_vec(1, 1, vec![start])?,
        _ => solver.middle(1),
    };
    let system = setup.system.clone();
    // bracketing asks for no slope
    let problem =
        Closure::new(1, move |_, z: &[f64], g: &mut [f64]| g.copy_from_slice(&residual(&system, z)), |_, _, _| {});
    let options = Options { relative: f64::MIN_POSITIVE, max_iterations: setup.max_iterations, ..Options::default() };
    let solution = solve(problem, &start, &solver, &options)?;
    let (status, iterations, accuracy) = (solution.status(0), solution.iterations(0), solution.accuracy(0));
    let z = solution.into_z().into_vec();
    let residual = residual_norm(&setup.system, &z);
    Ok(Attempt { z, status, iterations, residual, accuracy })
}
