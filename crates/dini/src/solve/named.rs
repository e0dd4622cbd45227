//! Solvers chosen at run time, by name: for command lines, bindings and configuration files.

use super::{Anderson, Newton, Options, Picard, Solution, Solver, solve};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::Linearize;

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
        fn run<P, S>(s: &S, problem: P, z0: &P::State, o: &Options) -> Result<Solution<P, AnyMemory<P::State>>, Error>
        where
            P: Linearize,
            S: Solver<P>,
            S::Memory: 'static,
        {
            solve(problem, z0, s, o).map(|solution| solution.map_memory(|m| Box::new(m) as AnyMemory<P::State>))
        }
        match self {
            AnySolver::Picard(s) => run(s, problem, z0, options),
            AnySolver::Anderson(s) => run(s, problem, z0, options),
            AnySolver::Newton(s) => run(s, problem, z0, options),
        }
    }
}
