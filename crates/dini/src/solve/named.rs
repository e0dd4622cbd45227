//! Solvers chosen at run time, by name: for command lines, bindings and configuration files.

use super::{
    Anderson, Broyden, Control, Dogleg, LevenbergMarquardt, Newton, NewtonKrylov, Observer, Options, Picard,
    PseudoTransient, Solution, Solver, Workspace, solve_with,
};
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
    /// [`NewtonKrylov`]
    NewtonKrylov(NewtonKrylov),
    /// [`Broyden`]
    Broyden(Broyden),
    /// [`Dogleg`]
    Dogleg(Dogleg),
    /// [`LevenbergMarquardt`]
    LevenbergMarquardt(LevenbergMarquardt),
    /// [`PseudoTransient`]
    PseudoTransient(PseudoTransient),
}

impl AnySolver {
    /// Every name [`by_name`](AnySolver::by_name) knows.
    pub const NAMES: [&'static str; 8] = [
        "picard",
        "anderson",
        "newton",
        "newton-krylov",
        "broyden",
        "dogleg",
        "levenberg-marquardt",
        "pseudo-transient",
    ];

    /// The solver of that name with default options; none if the name is not in [`NAMES`](AnySolver::NAMES).
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "picard" => Some(AnySolver::Picard(Picard::default())),
            "anderson" => Some(AnySolver::Anderson(Anderson::default())),
            "newton" => Some(AnySolver::Newton(Newton::default())),
            "newton-krylov" => Some(AnySolver::NewtonKrylov(NewtonKrylov::default())),
            "broyden" => Some(AnySolver::Broyden(Broyden::default())),
            "dogleg" => Some(AnySolver::Dogleg(Dogleg::default())),
            "levenberg-marquardt" => Some(AnySolver::LevenbergMarquardt(LevenbergMarquardt::default())),
            "pseudo-transient" => Some(AnySolver::PseudoTransient(PseudoTransient::default())),
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
            AnySolver::NewtonKrylov(s) => run(s, problem, z0, options, observer),
            AnySolver::Broyden(s) => run(s, problem, z0, options, observer),
            AnySolver::Dogleg(s) => run(s, problem, z0, options, observer),
            AnySolver::LevenbergMarquardt(s) => run(s, problem, z0, options, observer),
            AnySolver::PseudoTransient(s) => run(s, problem, z0, options, observer),
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
