//! Solvers chosen at run time, by name: for command lines, bindings and configuration files.

use super::{Anderson, Control, Newton, Observer, Options, Picard, Solution, Solver, Workspace, solve_with};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{Linearize, Scalar};

/// What any solver leaves behind.
pub type AnyMemory<V> = Box<dyn Inverse<V>>;

/// One of the solvers, with its options.
#[derive(Clone, Debug)]
pub enum AnySolver {
    /// [`Picard`]
    Picard(Picard),
    /// [`Anderson`]
    Anderson(Anderson),
    /// [`Newton`]
    Newton(Newton),
}

impl AnySolver {
    /// Every name [`by_name`](AnySolver::by_name) knows.
    pub const NAMES: [&'static str; 3] = ["picard", "anderson", "newton"];

    /// The solver of that name with default options; none if the name is not in [`NAMES`](AnySolver::NAMES).
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "picard" => Some(AnySolver::Picard(Picard::default())),
            "anderson" => Some(AnySolver::Anderson(Anderson::default())),
            "newton" => Some(AnySolver::Newton(Newton::default())),
            _ => None,
        }
    }

    /// [`solve`](super::solve) by this solver.
    ///
    /// # Errors
    /// As [`solve`](super::solve).
    pub fn solve<P>(
        &self,
        problem: P,
        z0: &P::State,
        options: &Options,
    ) -> Result<Solution<P, AnyMemory<P::State>>, Error>
    where
        P: Linearize,
        P::State: 'static,
    {
        self.solve_observed(problem, z0, options, &|_| Control::Continue)
    }

    /// The same with an observer that sees every iteration.
    ///
    /// # Errors
    /// As [`solve`](super::solve).
    pub fn solve_observed<P>(
        &self,
        problem: P,
        z0: &P::State,
        options: &Options,
        observer: &Observer<'_, Scalar<P>>,
    ) -> Result<Solution<P, AnyMemory<P::State>>, Error>
    where
        P: Linearize,
        P::State: 'static,
    {
        match self {
            AnySolver::Picard(s) => run(s, problem, z0, options, observer),
            AnySolver::Anderson(s) => run(s, problem, z0, options, observer),
            AnySolver::Newton(s) => run(s, problem, z0, options, observer),
        }
    }
}

fn run<P, S>(
    solver: &S,
    problem: P,
    z0: &P::State,
    options: &Options,
    observer: &Observer<'_, Scalar<P>>,
) -> Result<Solution<P, AnyMemory<P::State>>, Error>
where
    P: Linearize,
    S: Solver<P>,
    S::Memory: 'static,
{
    let solution = solve_with(problem, z0, solver, options, &mut Workspace::default(), observer)?;
    Ok(solution.map_memory(|m| Box::new(m) as AnyMemory<P::State>))
}
