//! Every solver by name on every problem.
//!
//! Each case is solved from its first start with a relative tolerance of z of [`TOLERANCE`] and at most [`MAX_ITERATIONS`] iterations.
//! What a solver claims is checked by plain code: by the residual (ten times [`Case::tolerance`]: 1e-9, or 1e-3 where every root is degenerate),
//! or by the distance to a known root. The recorded table, [`RECORD`], is what the solvers are held to.

mod table;

pub use table::{Recorded, parse, print};

use std::fmt;

use dini::solve::AnySolver;
use dini::{Options, Status};

use crate::case::Case;

/// Budget of a solve.
pub const MAX_ITERATIONS: usize = 500;

/// Relative tolerance of z.
pub const TOLERANCE: f64 = 1e-9;

/// The recorded table.
pub const RECORD: &str = include_str!("../../scoreboard.txt");

/// How one solver fared on one case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// What came out.
    pub verdict: Verdict,
    /// Largest number of iterations of a sample.
    pub iterations: usize,
    /// Sample-evaluations: residuals and Jacobian products, but not Jacobians formed directly.
    pub evaluations: u64,
    /// max |g_i| at the last iterate, by plain code.
    pub residual: f64,
    /// The largest correction left of a sample, relative to z, as the solver reports it.
    pub accuracy: f64,
}

/// Judgement of a result by plain code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Claimed, and the residual is within the tolerance.
    Solved,
    /// Claimed, but the residual is not within the tolerance. A bug.
    WrongClaim,
    /// Claimed with a residual within the tolerance, but there is no root: the residual alone cannot tell.
    Vanishing,
    /// Not claimed; the status of the first sample that is not solved.
    Failed(Status),
}

/// A case and its cells, in the order of [`AnySolver::NAMES`].
#[derive(Debug)]
pub struct Line {
    /// Name of the case.
    pub name: &'static str,
    /// Number of unknowns.
    pub unknowns: usize,
    /// Whether there is a root to be found.
    pub solvable: bool,
    /// One cell a solver.
    pub cells: Vec<Cell>,
}

/// Runs every solver on `cases`.
pub fn run(cases: &[Case]) -> Vec<Line> {
    cases.iter().map(line).collect()
}

fn line(case: &Case) -> Line {
    let cell = |name: &&str| measure(case, &AnySolver::by_name(name).expect("a name from NAMES"));
    let cells = AnySolver::NAMES.iter().map(cell).collect();
    Line { name: case.name, unknowns: case.unknowns(), solvable: !case.roots.is_empty(), cells }
}

/// Solves a case from its first start.
///
/// # Panics
/// Where dini refuses the case, which is well-formed.
pub fn measure(case: &Case, solver: &AnySolver) -> Cell {
    let options = Options { relative: TOLERANCE, max_iterations: MAX_ITERATIONS, ..Options::default() };
    let solution = case.problem.solve(solver, &case.starts[0], &options).expect("a well-formed case");
    let samples = case.starts[0].samples();
    let failure = (0..samples).map(|s| solution.outcomes()[s].status).find(|s| *s != Status::Converged);
    let residual = case.residual(solution.z());
    let verdict = match failure {
        Some(status) => Verdict::Failed(status),
        None if residual > 10.0 * case.tolerance() && case.distance(solution.z()) > 10.0 * TOLERANCE => {
            Verdict::WrongClaim
        }
        None if case.roots.is_empty() => Verdict::Vanishing,
        None => Verdict::Solved,
    };
    let iterations = (0..samples).map(|s| solution.outcomes()[s].iterations).max().unwrap_or(0);
    let accuracy = (0..samples).map(|s| solution.outcomes()[s].accuracy.relative).fold(0.0, f64::max);
    Cell { verdict, iterations, evaluations: solution.evaluations(), residual, accuracy }
}

/// What is worse than recorded: a solver that solves fewer problems, and every wrong claim.
pub fn regressions(recorded: &[Recorded], lines: &[Line]) -> Vec<String> {
    let mut found = Vec::new();
    for (i, name) in AnySolver::NAMES.iter().enumerate() {
        let solved = |l: &&Line| l.cells[i].verdict == Verdict::Solved;
        let now: Vec<&str> = lines.iter().filter(solved).map(|l| l.name).collect();
        for line in lines.iter().filter(|l| l.cells[i].verdict == Verdict::WrongClaim) {
            found.push(format!("{name} claims to have solved {}, residual {:e}", line.name, line.cells[i].residual));
        }
        // a solver that is new has no record yet
        let Some(then) = recorded.iter().find(|r| r.solver == *name) else { continue };
        if now.len() < then.solved.len() {
            let lost: Vec<&String> = then.solved.iter().filter(|p| !now.contains(&p.as_str())).collect();
            found.push(format!("{name} solves {}, recorded are {}; lost: {lost:?}", now.len(), then.solved.len()));
        }
    }
    found
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.verdict {
            Verdict::Solved => write!(f, "+ {} {} {:.0e}", self.iterations, self.evaluations, self.accuracy),
            Verdict::Vanishing => write!(f, "~ {} {}", self.iterations, self.evaluations),
            Verdict::WrongClaim => write!(f, "! wrong claim"),
            Verdict::Failed(status) => write!(f, "- {}", status.name()),
        }
    }
}
