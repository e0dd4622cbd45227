//! One solve from one start, and what the theorem says of its result.

use super::found::Origin;
use super::units::Units;
use crate::batch::Rows;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::{Active, Bounds, Linearize, Scaled};
use crate::solve::{
    Accuracy, AnySolver, Bracketing, Evidence, LineSearch, Newton, Options, Solution, SparseNewton, assume_root, solve,
};
use crate::verdict::Verdict;

/// Residuals within this many roundings of what they were at the start are rounding.
const ROUNDING: f64 = 8.0;

/// How an attempt ended.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub z: Vec<f64>,
    pub status: Status,
    pub iterations: usize,
    /// Euclidean norm of g at z.
    pub residual: f64,
    /// The correction left.
    pub accuracy: Accuracy,
}

impl Attempt {
    /// Of a start from which nothing was tried.
    pub fn none(z: Vec<f64>) -> Self {
        let (status, accuracy) = (Status::Stagnated, Accuracy::default());
        Attempt { z, status, iterations: 0, residual: f64::INFINITY, accuracy }
    }
}

/// A root and what the theorem says there.
pub(super) struct Root<'p, P: Linearize> {
    pub attempt: Attempt,
    pub verdict: Verdict,
    /// The root in units that make the entries of the Jacobian about 1.
    pub solution: Solution<Scaled<&'p P>>,
    pub origin: Option<Origin>,
}

impl<P: Linearize> Root<'_, P> {
    /// Largest distance of an unknown from `start`.
    pub fn distance(&self, start: &[f64]) -> f64 {
        self.attempt.z.iter().zip(start).fold(0.0, |max: f64, (z, start)| max.max((z - start).abs()))
    }

    /// Whether that is more than `times` the size of the start, or than `times` 1.
    pub fn is_beyond(&self, times: f64, start: &[f64]) -> bool {
        self.distance(start) > times * start.iter().fold(1.0, |max: f64, z| max.max(z.abs()))
    }
}

/// What is solved, and to which tolerance.
#[derive(Debug)]
pub(super) struct Site<'s, 'p, P> {
    pub problem: &'p P,
    pub options: &'s Options,
    /// Whether the Jacobian is formed and factored by its pattern.
    pub sparse: bool,
}

/// A batch of one.
pub(super) fn row(z: &[f64]) -> Result<Rows<f64>, Error> {
    Rows::from_vec(1, z.len(), z.to_vec())
}

impl<'p, P> Site<'_, 'p, P>
where
    P: Linearize<State = Rows<f64>>,
{
    /// Newton's method, with the factors that suit the Jacobian.
    pub fn newton(&self, line_search: LineSearch) -> AnySolver {
        if self.sparse {
            AnySolver::SparseNewton(SparseNewton { line_search })
        } else {
            AnySolver::Newton(Newton { line_search })
        }
    }

    /// g(z)
    pub fn residual(&self, z: &[f64]) -> Result<Vec<f64>, Error> {
        let z = row(z)?;
        let mut g = Rows::new(1, z.row(0).len());
        self.problem.residual(Active::new(&[0], 0, true), &z, &mut g).map_err(Error::User)?;
        Ok(g.into_vec())
    }

    /// The first equation that is undefined at z.
    pub fn undefined(&self, z: &[f64]) -> Result<Option<usize>, Error> {
        Ok(self.residual(z)?.iter().position(|g| !g.is_finite()))
    }

    /// Iterates from `start`. A root is then refined by Newton's method, as far as rounding lets it: a derivative may need more digits
    /// than the root, and what can't be refined is none, such as a point of a near miss that the tolerance does not tell from one.
    pub fn attempt(&self, solver: &AnySolver, start: &[f64]) -> Result<Attempt, Error> {
        let Some(found) = self.run(solver, start, self.options.relative)? else {
            return Ok(Attempt::none(start.to_vec()));
        };
        if found.status != Status::Converged {
            return Ok(found);
        }
        let Some(refined) = self.run(&self.newton(LineSearch::default()), &found.z, f64::EPSILON)? else {
            return Ok(Attempt { status: Status::OnBound, ..found });
        };
        // an exact zero cannot be refined, nor a multiple root, which has no correction, nor where g is rounding of what it began with
        let done = match found.accuracy.evidence {
            Evidence::None => true,
            Evidence::Rounding => found.residual <= ROUNDING * f64::EPSILON * norm(&self.residual(start)?),
            _ => found.residual == 0.0,
        };
        if refined.status != Status::Converged && done {
            return Ok(found);
        }
        Ok(Attempt { iterations: found.iterations, ..refined })
    }

    /// Iterates from `start`; none where that is so close to a bound that it is on it in the units of the search.
    fn run(&self, solver: &AnySolver, start: &[f64], relative: f64) -> Result<Option<Attempt>, Error> {
        let units = Units::around(self.problem, start, iterates(solver))?;
        let bounds = self.options.bounds.as_ref().map(|bounds| bounds.in_units(units.columns()));
        let options = Options { relative, bounds: bounds.transpose()?, ..self.options.clone() };
        let scaled = units.scaled(start);
        let inside = |bounds: &Bounds| scaled.iter().enumerate().all(|(j, z)| bounds.holds(j, *z));
        if options.bounds.as_ref().is_some_and(|bounds| !inside(bounds)) {
            return Ok(None);
        }
        let y = row(&scaled)?;
        let solution = solve(units.problem(self.problem)?, &y, solver, &options)?;
        let (status, iterations, accuracy) =
            (solution.outcomes()[0].status, solution.outcomes()[0].iterations, solution.outcomes()[0].accuracy);
        let z = units.unscaled(&solution.into_z().into_vec());
        let residual = norm(&self.residual(&z)?);
        Ok(Some(Attempt { z, status, iterations, residual, accuracy }))
    }

    /// Divides the bracket until its ends are neighbouring numbers or g is zero, first at the start if there is one.
    ///
    /// Nothing is brought to other units, since the method depends on none.
    pub fn divide(&self, (low, high): (f64, f64), start: &[Option<f64>]) -> Result<Attempt, Error> {
        let solver = Bracketing::between(low, high)?;
        let start = match start {
            [Some(start)] => row(&[*start])?,
            _ => solver.middle(1),
        };
        let options = Options { relative: f64::MIN_POSITIVE, bounds: None, ..self.options.clone() };
        let solution = solve(self.problem, &start, &solver, &options)?;
        let (status, iterations, accuracy) =
            (solution.outcomes()[0].status, solution.outcomes()[0].iterations, solution.outcomes()[0].accuracy);
        let z = solution.into_z().into_vec();
        let residual = norm(&self.residual(&z)?);
        Ok(Attempt { z, status, iterations, residual, accuracy })
    }

    /// The verdict at a root.
    pub fn certify(&self, attempt: Attempt, origin: Option<Origin>) -> Result<Root<'p, P>, Error> {
        let units = Units::equilibrated(self.problem, &attempt.z)?;
        let solution = assume_root(units.problem(self.problem)?, row(&units.scaled(&attempt.z))?)?;
        let verdict = match attempt.status {
            Status::OnBound => Verdict::on_bound(),
            _ => solution.verdict(0)?,
        };
        Ok(Root { attempt, verdict, solution, origin })
    }

    /// Whether J is singular to working precision at `start`.
    pub fn is_singular(&self, start: &[f64]) -> Result<bool, Error> {
        Units::singular(self.problem, start)
    }
}

/// Whether a solver goes along z <- z - g, so that g must be in the units of z.
fn iterates(solver: &AnySolver) -> bool {
    matches!(
        solver,
        AnySolver::Picard(_)
            | AnySolver::GaussSeidel(_)
            | AnySolver::Anderson(_)
            | AnySolver::Broyden(_)
            | AnySolver::PseudoTransient(_)
    )
}

/// Euclidean norm, scaled so that tiny residuals do not underflow to a root; infinite where one is not finite.
fn norm(g: &[f64]) -> f64 {
    let largest = g.iter().fold(0.0, |max: f64, v| if v.is_nan() { f64::INFINITY } else { max.max(v.abs()) });
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    largest * g.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
}
