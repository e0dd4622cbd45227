//! A doubtful point, examined with the Jacobian and the rounding errors of g.
//!
//! - `rounding.rs`: how large those errors are, and whether J is the slope of g;
//! - `nearby.rs`: whether a point that rounding cannot tell from it is better;
//! - `anchor.rs`: whether a residual is small against the terms that the solve began with, where J is singular or z has run far;
//! - `flat.rs`: whether g changes at all.

mod anchor;
mod flat;
mod nearby;
mod rounding;

use num_traits::Float;

use super::{
    Accuracy, Evidence, Factored, Matrix, Neighbourhood, Scan, Tolerance, away, confirmed, magnitude, pattern,
};
use crate::Real;
use crate::batch::{Batch, numbers};
use crate::error::UserError;
use crate::linear::DENSE;
use crate::problem::{Linearize, Scalar};
use anchor::Start;

/// Size up to which the claims of solvers without a Jacobian are examined, where the problem has one.
pub(crate) const SMALL: usize = 200;

/// Points a few roundings away at which the rounding errors of g are sampled.
const SAMPLES: u32 = 10;
/// Corrections within this many times those errors mean nothing.
const NOISE: f64 = 8.0;
/// Largest share of z that rounding errors may leave uncertain.
const UNCERTAIN: f64 = 0.25;
/// Relative distance at which g must have changed, or it is flat.
const AWAY: f64 = 1e-3;
/// The same in multiples of the uncertainty of z, for a root near 0 among terms near 1, and its limit.
const BEYOND: f64 = 1e3;
/// Condition number up to which a Jacobian is believed far away, where it may be made of differences.
const TRUSTED: f64 = 1e5;

/// What is asked about a point.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a, V> {
    /// The sample.
    pub sample: usize,
    /// The point, a batch of one.
    pub z: &'a V,
    /// Where the solve started, a batch of one.
    pub start: &'a V,
    /// Largest ||z|| on the way.
    pub largest: f64,
    /// Whether z has run so far away that the rounding errors of its terms may hide any residual.
    pub far: bool,
    /// How large the correction may be.
    pub tolerance: Tolerance,
    /// Whether the solver can do no better, so that rounding may decide.
    pub last: bool,
    /// Unknowns that have been pressed against a bound, and those bounds: a root may lie there.
    pub pressed: &'a [(usize, f64)],
    /// Evaluations made to answer.
    pub evaluations: &'a std::cell::Cell<u64>,
}

/// The answer.
#[derive(Debug)]
pub enum Finding<V> {
    /// It is a root; it may be better to set some unknowns to zero.
    Root(Accuracy, Option<V>),
    /// g does not change around it: a function that vanishes towards infinity, or rounding errors alone.
    Flat,
    /// It is no root.
    None,
}

/// Whether `question.z` is a root; none where there are too many unknowns for a dense Jacobian and no pattern is stated.
///
/// Costs a Jacobian, its factorisation in f64 and one evaluation where the correction is small and confirmed; otherwise about
/// 25 evaluations more, and as much again at the start where J is singular.
pub(crate) fn examine<P: Linearize>(
    problem: &P,
    question: &Question<'_, P::State>,
) -> Result<Option<Finding<P::State>>, UserError> {
    let n = question.z.width();
    if n > DENSE && pattern(problem, n).is_none() {
        return Ok(None);
    }
    let (around, jacobian) = Neighbourhood::new(problem, question.z.clone(), question.sample)?;
    let mut point = Point::new(problem, question, around, jacobian);
    let mut finding = point.judge()?;
    question.evaluations.set(question.evaluations.get() + point.evaluations());
    if let Some(nearer) = point.nearer.take() {
        finding = nearby::judge(problem, question, nearer)?;
    }
    let settled = !matches!(finding, Finding::None);
    if settled || (!question.last && question.pressed.is_empty()) {
        return Ok(Some(finding));
    }
    // unknowns that have become small against what they were may be zero
    let z = &point.around.z;
    let vanished = |j: &usize| question.last && z[*j] != 0.0 && z[*j].abs() <= point.epsilon * question.largest;
    let small = (0..z.len()).filter(vanished).map(|j| (j, 0.0));
    // what has been pressed against a bound may be on it
    let places: Vec<(usize, f64)> = small.chain(question.pressed.iter().copied()).collect();
    if places.is_empty() {
        return Ok(Some(Finding::None));
    }
    let zeroed = point.around.with_values(&places);
    let question = &Question { last: true, ..*question };
    let (around, jacobian) = Neighbourhood::new(problem, zeroed.clone(), question.sample)?;
    let exact = around.g.iter().all(|g| *g == 0.0);
    let mut point = Point::new(problem, question, around, jacobian);
    let still = |finding| match finding {
        Finding::Root(accuracy, _) => Finding::Root(accuracy, Some(zeroed)),
        other => other,
    };
    Ok(Some(if exact { still(point.judge()?) } else { Finding::None }))
}

/// The point, g and J there, and what is known of the start.
struct Point<'p, P: Linearize> {
    problem: &'p P,
    question: &'p Question<'p, P::State>,
    around: Neighbourhood<'p, P>,
    jacobian: Matrix,
    epsilon: f64,
    /// linearised when it is first asked for
    start: Option<Start>,
    /// a better point that rounding cannot tell from this one, which is to be judged in its place
    nearer: Option<P::State>,
    step: Vec<f64>,
    change: Vec<f64>,
}

impl<'p, P: Linearize> Point<'p, P> {
    fn new(
        problem: &'p P,
        question: &'p Question<'p, P::State>,
        around: Neighbourhood<'p, P>,
        jacobian: Matrix,
    ) -> Self {
        let zeros = || vec![0.0; around.z.len()];
        let (step, change, epsilon) = (zeros(), zeros(), <Scalar<P> as Float>::epsilon().as_f64());
        Point { problem, question, around, jacobian, epsilon, start: None, nearer: None, step, change }
    }

    /// Evaluations so far.
    fn evaluations(&self) -> u64 {
        self.around.evaluations() + self.start.as_ref().map_or(0, |start| start.evaluations)
    }

    fn judge(&mut self) -> Result<Finding<P::State>, UserError> {
        let n = self.around.z.len();
        if !self.around.g.iter().chain(&self.around.z).all(|v| v.is_finite()) {
            return Ok(Finding::None);
        }
        let exact = self.around.g.iter().all(|g| *g == 0.0);
        if !self.jacobian.is_finite() {
            return if exact { self.unless_flat(None, &vec![0.0; n]) } else { Ok(Finding::None) };
        }
        let (far, last) = (self.question.far, self.question.last);
        if far && !self.has_arrived()? {
            return Ok(Finding::None);
        }
        let factors = Factored::new(self.jacobian.clone());
        let condition = factors.condition();
        let believed = !far || condition <= TRUSTED || self.slope_error()? * condition <= 0.5;
        let regular = believed && condition <= 0.1 / self.epsilon;
        let mut correction = self.around.g.clone();
        if regular {
            factors.solve(&mut correction);
            if self.question.tolerance.may_admit(&self.around.z, &correction, 1.0)
                && let Some(accuracy) = self.confirms(&factors, &correction)?
            {
                return Ok(Finding::Root(accuracy, None));
            }
        }
        if !last && !exact {
            return Ok(Finding::None);
        }
        let errors = (0..SAMPLES).map(|k| self.rounding(k)).collect::<Result<Vec<_>, _>>()?;
        let mut noise: Vec<f64> = (0..n).map(|i| loudest(&errors, i)).collect();
        let mut known = None;
        if regular {
            let scan = Scan::new(&mut self.around, &factors, self.epsilon)?;
            let mut uncertain = self.uncertain(&factors, errors);
            if exact {
                // all of a plateau is as good as this point of it
                uncertain.iter_mut().zip(&scan.plateau).for_each(|(u, plateau)| *u = u.max(*plateau));
            }
            let lost = exact && self.is_lost(&uncertain);
            // no z is nearer than its own rounding, whatever g does around it; far away that is no small distance
            let nearest = |(c, z): (&f64, &f64)| c.abs() <= 4.0 * self.epsilon * z.abs();
            let nearest = correction.iter().zip(&self.around.z).all(nearest);
            if scan.grows || scan.jumps {
                if !exact && !far && nearest {
                    self.nearer = self.nearby(&correction)?;
                }
                if !exact && (far || !nearest || self.nearer.is_some()) {
                    return Ok(Finding::None);
                }
                // what was sampled is a kink or a jump on the root
                uncertain = self.uncertain(&factors, Vec::new());
                noise.fill(0.0);
            }
            let size = magnitude(&self.around.z);
            let determined = uncertain.iter().all(|u| *u <= UNCERTAIN * size.max(self.epsilon * self.question.largest));
            if determined || exact {
                let small = correction.iter().zip(&uncertain).all(|(c, u)| c.abs() <= *u);
                if !small || !self.is_zero_where_it_may_be(&uncertain, &noise)? {
                    return Ok(Finding::None);
                }
                return if lost { Ok(Finding::Flat) } else { self.unless_flat(Some(uncertain), &noise) };
            }
            known = Some(uncertain);
        }
        if self.residual_has_fallen(&noise)? && !self.hides()? && self.is_consistent()? {
            self.unless_flat(known, &noise)
        } else {
            Ok(Finding::None)
        }
    }

    /// What rounding errors of g leave uncertain of z: those that were sampled, and one rounding of every term, as data have it.
    fn uncertain(&self, factors: &Factored, mut errors: Vec<Vec<f64>>) -> Vec<f64> {
        let (z, n) = (&self.around.z, self.around.z.len());
        errors.iter_mut().for_each(|error| factors.solve(error));
        let mut uncertain: Vec<f64> =
            (0..n).map(|j| (NOISE * loudest(&errors, j)).max(4.0 * self.epsilon * z[j].abs())).collect();
        let mut of_terms = vec![0.0; n];
        for (i, term) in anchor::terms(&self.jacobian, z, &self.around.g).into_iter().enumerate() {
            let mut column = vec![0.0; n];
            column[i] = self.epsilon * term;
            factors.solve(&mut column);
            of_terms.iter_mut().zip(column).for_each(|(sum, v)| *sum += v.abs());
        }
        uncertain.iter_mut().zip(of_terms).for_each(|(u, of_terms)| *u = u.max(of_terms));
        uncertain
    }

    /// Whether g is defined and no larger where unknowns are 0 that cannot be told from it: beside 0 / 0 they only seem to be.
    fn is_zero_where_it_may_be(&mut self, uncertain: &[f64], noise: &[f64]) -> Result<bool, UserError> {
        let z = &self.around.z;
        let doubtful = |j: usize| z[j] != 0.0 && uncertain[j] > UNCERTAIN * z[j].abs();
        let d: Vec<f64> = (0..z.len()).map(|j| if doubtful(j) { -z[j] } else { 0.0 }).collect();
        if d.iter().all(|d| *d == 0.0) {
            return Ok(true);
        }
        self.around.change(&d, &mut self.step, &mut self.change)?;
        let terms = anchor::terms(&self.jacobian, &self.around.z, &self.around.g);
        let allowed = |i: usize| terms[i].max(NOISE * noise[i]);
        Ok((0..d.len()).all(|i| (self.around.g[i] + self.change[i]).abs() <= allowed(i)))
    }

    /// Whether an unknown has grown, and rounding hides more than half of it: g has lost what it depends on.
    fn is_lost(&self, uncertain: &[f64]) -> bool {
        let begun = numbers(self.question.start, 0);
        let lost = |((u, z), begun): ((&f64, &f64), &f64)| *u > 0.5 * z.abs() && z.abs() > begun.abs().max(1.0);
        uncertain.iter().zip(&self.around.z).zip(&begun).any(lost)
    }

    /// The root, whose unknowns are uncertain by that much if that is known, unless g is flat.
    fn unless_flat(&mut self, uncertain: Option<Vec<f64>>, noise: &[f64]) -> Result<Finding<P::State>, UserError> {
        let z = &self.around.z;
        let accuracy = uncertain.as_ref().map_or_else(Accuracy::default, |uncertain| {
            Accuracy::of_components(z, uncertain.iter().copied(), Evidence::Rounding)
        });
        let uncertain = uncertain.unwrap_or_else(|| vec![0.0; z.len()]);
        Ok(if self.changes(noise, &uncertain)? { Finding::Root(accuracy, None) } else { Finding::Flat })
    }

    /// Whether J^-1 takes the change of g at four tolerances back to within half of that distance.
    fn confirms(&mut self, factors: &Factored, correction: &[f64]) -> Result<Option<Accuracy>, UserError> {
        let (z, mut moved) = (self.around.z.clone(), vec![0.0; correction.len()]);
        for side in [1.0, -1.0] {
            away(self.question.tolerance, &z, side, &mut moved);
            let d: Vec<f64> = moved.iter().zip(&z).map(|(moved, z)| moved - z).collect();
            self.around.change(&d, &mut self.step, &mut self.change)?;
            if self.change.iter().all(|v| v.is_finite()) {
                factors.solve(&mut self.change);
                let there: Vec<f64> = self.change.iter().zip(correction).map(|(v, c)| v + c).collect();
                moved.iter_mut().zip(&z).zip(&self.step).for_each(|((moved, z), step)| *moved = z + step);
                return Ok(confirmed(self.question.tolerance, (1.0, false), (&z, correction), (&moved, &there)));
            }
        }
        Ok(None)
    }
}

/// Largest magnitude of entry `i`.
fn loudest(errors: &[Vec<f64>], i: usize) -> f64 {
    errors.iter().fold(0.0, |max: f64, error| max.max(error[i].abs()))
}
