//! A doubtful point, examined with a dense Jacobian and the rounding errors of g.

use num_traits::Float;

use super::{Accuracy, Evidence, Factors, Neighbourhood, Tolerance, away, confirmed, general};
use crate::Real;
use crate::batch::Batch;
use crate::error::UserError;
use crate::linear::{DENSE, DenseLu};
use crate::problem::{Linearize, Scalar};

/// Size up to which the claims of solvers without a Jacobian are examined, where the problem has one.
pub(crate) const SMALL: usize = 200;

/// Points a few roundings away at which the rounding errors of g are sampled.
const SAMPLES: u32 = 10;
/// Corrections within this many times those errors mean nothing.
const NOISE: f64 = 8.0;
/// The same for residuals where J is singular, in units of rounding of the terms.
const TERMS: f64 = 64.0;
/// Largest share of z that rounding errors may leave uncertain.
const UNCERTAIN: f64 = 0.25;
/// Squared share of J below which a direction counts as one that J does not see.
const RIDGE: f64 = 1e-12;
/// Condition number up to which a Jacobian is believed far away, where it may be made of differences.
const TRUSTED: f64 = 1e5;
/// Share of the terms at the start to which a residual far away must have fallen.
const FALLEN: f64 = 1e-6;
/// Share of them that rounding errors must not hide.
const HIDDEN: f64 = 1e-2;
/// Relative distance at which g must have changed, or it is flat.
const AWAY: f64 = 1e-3;
/// The same in multiples of the uncertainty of z, for a root near 0 among terms near 1, and its limit.
const BEYOND: f64 = 1e3;
const NEAR: f64 = 1e-6;

/// What is asked about a point.
#[derive(Debug)]
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

/// Whether `question.z` is a root; none where there are too many unknowns for a dense Jacobian.
///
/// Costs a Jacobian, its factorisation in f64 and one evaluation where the correction is small and confirmed; otherwise about
/// 25 evaluations more, and as much again at the start where J is singular.
pub(crate) fn examine<P: Linearize>(
    problem: &P,
    question: &Question<'_, P::State>,
) -> Result<Option<Finding<P::State>>, UserError> {
    if question.z.width() > DENSE {
        return Ok(None);
    }
    let (around, jacobian) = Neighbourhood::new(problem, question.z.clone(), question.sample)?;
    let mut point = Point::new(around, jacobian, question, <Scalar<P> as Float>::epsilon().as_f64());
    let finding = point.judge(problem, question)?;
    question.evaluations.set(question.evaluations.get() + point.around.evaluations());
    if !matches!(finding, Finding::None) || !question.last {
        return Ok(Some(finding));
    }
    // unknowns that have become small against what they were may be zero
    let z = &point.around.z;
    let small: Vec<usize> =
        (0..z.len()).filter(|&j| z[j] != 0.0 && z[j].abs() <= point.epsilon * question.largest).collect();
    if small.is_empty() {
        return Ok(Some(Finding::None));
    }
    let zeroed = point.around.with_zeros(&small);
    let (around, jacobian) = Neighbourhood::new(problem, zeroed.clone(), question.sample)?;
    let exact = around.g.iter().all(|g| *g == 0.0);
    let mut point = Point::new(around, jacobian, question, <Scalar<P> as Float>::epsilon().as_f64());
    let still = |finding| match finding {
        Finding::Root(accuracy, _) => Finding::Root(accuracy, Some(zeroed)),
        other => other,
    };
    Ok(Some(if exact { still(point.judge(problem, question)?) } else { Finding::None }))
}

struct Point<'p, P: Linearize> {
    around: Neighbourhood<'p, P>,
    jacobian: Vec<f64>,
    tolerance: Tolerance,
    largest: f64,
    epsilon: f64,
    step: Vec<f64>,
    change: Vec<f64>,
}

impl<'p, P: Linearize> Point<'p, P> {
    fn new(around: Neighbourhood<'p, P>, jacobian: Vec<f64>, question: &Question<'_, P::State>, epsilon: f64) -> Self {
        let zeros = || vec![0.0; around.z.len()];
        let (step, change) = (zeros(), zeros());
        Point { around, jacobian, tolerance: question.tolerance, largest: question.largest, epsilon, step, change }
    }

    fn judge(&mut self, problem: &P, question: &Question<'_, P::State>) -> Result<Finding<P::State>, UserError> {
        let n = self.around.z.len();
        if !self.around.g.iter().chain(&self.around.z).all(|v| v.is_finite()) {
            return Ok(Finding::None);
        }
        let zeros = vec![0.0; n];
        if !self.jacobian.iter().all(|v| v.is_finite()) {
            let exact = self.around.g.iter().all(|g| *g == 0.0);
            return if exact { self.unless_flat(problem, question, zeros.clone(), &zeros) } else { Ok(Finding::None) };
        }
        let factors = Factors::new(self.jacobian.clone());
        let condition = factors.condition();
        if question.far && !self.has_arrived(problem, question)? {
            return Ok(Finding::None);
        }
        let believed = !question.far || condition <= TRUSTED || self.slope_error()? * condition <= 0.5;
        let regular = believed && condition <= 0.1 / self.epsilon;
        let mut correction = self.around.g.clone();
        if regular {
            factors.solve(&mut correction);
            if self.tolerance.may_admit(&self.around.z, &correction, 1.0)
                && let Some(accuracy) = self.confirms(&factors, &correction)?
            {
                return Ok(Finding::Root(accuracy, None));
            }
        }
        if !question.last && !(self.around.g.iter().all(|g| *g == 0.0)) {
            return Ok(Finding::None);
        }
        let errors = (0..SAMPLES).map(|k| self.rounding(k)).collect::<Result<Vec<_>, _>>()?;
        let noise: Vec<f64> = (0..n).map(|i| loudest(&errors, i)).collect();
        if regular {
            let propagated: Vec<Vec<f64>> = errors
                .into_iter()
                .map(|mut error| {
                    factors.solve(&mut error);
                    error
                })
                .collect();
            let uncertain: Vec<f64> = (0..n)
                .map(|j| (NOISE * loudest(&propagated, j)).max(4.0 * self.epsilon * self.around.z[j].abs()))
                .collect();
            let largest = self.around.z.iter().fold(0.0, |max: f64, z| max.max(z.abs()));
            let determined = uncertain.iter().all(|u| *u <= UNCERTAIN * largest.max(self.epsilon * self.largest));
            let exact = self.around.g.iter().all(|g| *g == 0.0);
            if determined || exact {
                let small = correction.iter().zip(&uncertain).all(|(c, u)| c.abs() <= *u);
                return if small { self.unless_flat(problem, question, uncertain, &noise) } else { Ok(Finding::None) };
            }
        }
        if self.residual_has_fallen(&noise)? && self.nearest_agrees()? && !self.hides(problem, question)? {
            self.unless_flat(problem, question, zeros, &noise)
        } else {
            Ok(Finding::None)
        }
    }

    /// The root, whose unknowns are uncertain by that much, unless g is flat.
    fn unless_flat(
        &mut self,
        problem: &P,
        question: &Question<'_, P::State>,
        uncertain: Vec<f64>,
        noise: &[f64],
    ) -> Result<Finding<P::State>, UserError> {
        if !self.changes(problem, question, noise, &uncertain)? {
            return Ok(Finding::Flat);
        }
        let accuracy = Accuracy::of_components(&self.around.z, uncertain.into_iter(), Evidence::Rounding);
        Ok(Finding::Root(accuracy, None))
    }

    /// Whether J^-1 takes the change of g at four tolerances back to within half of that distance.
    fn confirms(&mut self, factors: &Factors, correction: &[f64]) -> Result<Option<Accuracy>, UserError> {
        let (z, mut moved) = (self.around.z.clone(), vec![0.0; correction.len()]);
        for side in [1.0, -1.0] {
            away(self.tolerance, &z, side, &mut moved);
            let d: Vec<f64> = moved.iter().zip(&z).map(|(moved, z)| moved - z).collect();
            self.around.change(&d, &mut self.step, &mut self.change)?;
            if self.change.iter().all(|v| v.is_finite()) {
                factors.solve(&mut self.change);
                let there: Vec<f64> = self.change.iter().zip(correction).map(|(v, c)| v + c).collect();
                moved.iter_mut().zip(&z).zip(&self.step).for_each(|((moved, z), step)| *moved = z + step);
                return Ok(confirmed(self.tolerance, (1.0, false), (&z, correction), (&moved, &there)));
            }
        }
        Ok(None)
    }

    /// Rounding error of g: what a few units in the last place of z change beyond J.
    ///
    /// In every second sample the units are those of 1, because a root near 0 does not show the rounding of terms near 1
    /// (exp(z) - 1); there only the part of the error that is odd in the step counts, since the even one is curvature.
    fn rounding(&mut self, sample: u32) -> Result<Vec<f64>, UserError> {
        let z = self.around.z.clone();
        let largest = z.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
        let absolute = sample % 2 == 1;
        let unit = |v: f64| match v.abs() {
            v if absolute => v.max(1.0),
            0.0 => largest,
            v => v,
        };
        // no whole number of units: the same rounding everywhere would show as none
        let units = |j: usize| 1.618 * (f64::from((sample * 5 + j as u32 * 3) % 11) - 5.0);
        let d: Vec<f64> = z.iter().enumerate().map(|(j, v)| units(j) * self.epsilon * unit(*v)).collect();
        let mut error = self.beyond(&d)?;
        if absolute {
            let back = self.beyond(&d.iter().map(|d| -d).collect::<Vec<_>>())?;
            error.iter_mut().zip(back).for_each(|(e, back)| *e = 0.5 * (*e - back));
        }
        // beside the domain nothing is known of the errors
        error.iter_mut().filter(|e| !e.is_finite()).for_each(|e| *e = 0.0);
        Ok(error)
    }

    /// g(z + d) - g(z) - J d
    fn beyond(&mut self, d: &[f64]) -> Result<Vec<f64>, UserError> {
        self.around.change(d, &mut self.step, &mut self.change)?;
        let mut error = self.change.clone();
        for (column, step) in self.jacobian.chunks_exact(d.len()).zip(&self.step) {
            error.iter_mut().zip(column).for_each(|(e, j)| *e -= j * step);
        }
        Ok(error)
    }

    /// Whether every residual is within the rounding errors of its terms, and those do not hide what is left of the equation at 0:
    /// with a singular J, z can run along a curve of roots of the other equations until its terms hide any residual.
    fn residual_has_fallen(&mut self, noise: &[f64]) -> Result<bool, UserError> {
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        let back: Vec<f64> = self.around.z.iter().map(|z| -z).collect();
        self.around.change(&back, &mut self.step, &mut self.change)?;
        Ok((0..here.len()).all(|i| {
            let (g, at_zero) = (self.around.g[i], (self.around.g[i] + self.change[i]).abs());
            let rounding = TERMS * self.epsilon * here[i];
            let hidden = at_zero > 0.0 && at_zero.is_finite() && rounding > AWAY * at_zero;
            !hidden && g.abs() <= rounding.max((NOISE * noise[i]).min(BEYOND * rounding))
        }))
    }

    /// Whether the residual is small also at the point nearest to 0 that a singular J cannot tell from z, if g can't either.
    ///
    /// Along such a line of points the terms of g, and with them its rounding errors, may grow until they hide a residual.
    fn nearest_agrees(&mut self) -> Result<bool, UserError> {
        let (n, z) = (self.around.z.len(), self.around.z.clone());
        // unknowns in their own units, equations in those of their terms
        let sizes = terms(&self.jacobian, &z, &vec![0.0; n]);
        let mut scaled = self.jacobian.clone();
        for (column, z) in scaled.chunks_exact_mut(n).zip(&z) {
            column.iter_mut().zip(&sizes).for_each(|(v, size)| *v = if *size > 0.0 { *v * z / size } else { 0.0 });
        }
        let mut normal = DenseLu::new(1, n);
        let dot = |a: usize, b: usize| -> f64 {
            scaled[a * n..(a + 1) * n].iter().zip(&scaled[b * n..(b + 1) * n]).map(|(a, b)| a * b).sum()
        };
        let mut kept = vec![0.0; n];
        for j in 0..n {
            for (i, kept) in kept.iter_mut().enumerate() {
                normal.matrices_mut()[j * n + i] = dot(i, j);
                *kept += dot(i, j);
            }
            normal.matrices_mut()[j * n + j] += RIDGE;
        }
        normal.factor(0);
        normal.solve(0, &mut kept);
        // what is left of an unknown may be nothing but rounding of what has gone, as the ridge magnifies it
        let gone = |kept: f64| kept.abs() <= AWAY;
        let d: Vec<f64> =
            kept.iter().zip(&z).map(|(&kept, z)| if gone(kept) { -z } else { (kept - 1.0) * z }).collect();
        let uncertain: Vec<f64> = kept.iter().zip(&z).map(|(&kept, z)| if gone(kept) { 0.0 } else { *z }).collect();
        self.around.change(&d, &mut self.step, &mut self.change)?;
        let nearest: Vec<f64> = z.iter().zip(&self.step).map(|(z, step)| z + step).collect();
        let none = vec![0.0; n];
        let (smaller, uncertain) = (terms(&self.jacobian, &nearest, &none), terms(&self.jacobian, &uncertain, &none));
        Ok((0..n).all(|i| {
            let same = self.change[i].abs() <= BEYOND * self.epsilon * sizes[i];
            let allowed = self.epsilon * (TERMS * smaller[i] + 4.0 * uncertain[i]);
            !same || (self.around.g[i] + self.change[i]).abs() <= allowed
        }))
    }

    /// Whether far away the residual is within rounding errors of its terms, or small against what the solve began with.
    fn has_arrived(&self, problem: &P, question: &Question<'_, P::State>) -> Result<bool, UserError> {
        let (start, matrix) = Neighbourhood::new(problem, question.start.clone(), question.sample)?;
        let there = terms(&matrix, &start.z, &start.g);
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        let small =
            |(g, (here, there)): (&f64, (&f64, &f64))| g.abs() <= (4.0 * self.epsilon * here).max(FALLEN * there);
        Ok(self.around.g.iter().zip(here.iter().zip(&there)).all(small))
    }

    /// Relative error of J as the slope of g, over a quarter of z on both sides: far away a J made of differences may be nothing
    /// but the rounding errors of g, and look regular for that.
    fn slope_error(&mut self) -> Result<f64, UserError> {
        let d: Vec<f64> = self.around.z.iter().zip(general(5)).map(|(z, v)| 0.25 * v * z).collect();
        let back: Vec<f64> = d.iter().map(|d| -d).collect();
        self.around.change(&d, &mut self.step, &mut self.change)?;
        let (step, change) = (self.step.clone(), self.change.clone());
        self.around.change(&back, &mut self.step, &mut self.change)?;
        let n = d.len();
        let error = |i: usize| {
            let products = (0..n).map(|j| 0.5 * self.jacobian[j * n + i] * (step[j] - self.step[j]));
            let (slope, size) = products.fold((0.0, 0.0), |(sum, size): (f64, f64), v| (sum + v, size + v.abs()));
            let gap = (0.5 * (change[i] - self.change[i]) - slope).abs();
            if gap == 0.0 { 0.0 } else { gap / size }
        };
        Ok((0..n).map(error).fold(0.0, |max: f64, error| if error.is_nan() { f64::INFINITY } else { max.max(error) }))
    }

    /// Whether the rounding errors of the terms at z hide a share of those that the solve began with.
    fn hides(&self, problem: &P, question: &Question<'_, P::State>) -> Result<bool, UserError> {
        let (start, matrix) = Neighbourhood::new(problem, question.start.clone(), question.sample)?;
        let there = terms(&matrix, &start.z, &start.g);
        let here = terms(&self.jacobian, &self.around.z, &self.around.g);
        Ok(here
            .iter()
            .zip(there)
            .any(|(here, there)| there > 0.0 && self.epsilon * here > HIDDEN.max(BEYOND * self.epsilon) * there))
    }

    /// Size of the terms of every equation: the largest residual at z / 2, 0 and -z, where it is finite.
    fn scale(&mut self) -> Result<Vec<f64>, UserError> {
        let z = self.around.z.clone();
        let mut largest: Vec<f64> = self.around.g.iter().map(|g| g.abs()).collect();
        for share in [-0.5, -1.0, -2.0] {
            let d: Vec<f64> = z.iter().map(|z| share * z).collect();
            self.around.change(&d, &mut self.step, &mut self.change)?;
            for ((largest, change), g) in largest.iter_mut().zip(&self.change).zip(&self.around.g) {
                let there = (change + g).abs();
                if there.is_finite() {
                    *largest = largest.max(there);
                }
            }
        }
        Ok(largest)
    }

    /// Whether every equation changes beyond its rounding errors a little way from z, in one of four directions; an equation
    /// that is zero here, there and at the start is no equation.
    fn changes(
        &mut self,
        problem: &P,
        question: &Question<'_, P::State>,
        noise: &[f64],
        uncertain: &[f64],
    ) -> Result<bool, UserError> {
        let signs: [fn(usize) -> f64; 4] =
            [|_| 1.0, |_| -1.0, |j| if j % 2 == 0 { 1.0 } else { -0.5 }, |j| if j % 2 == 0 { -1.0 } else { 0.5 }];
        let z = self.around.z.clone();
        let mut row = vec![Scalar::<P>::default(); z.len()];
        question.start.read(0, &mut row);
        let floor: Vec<f64> = self.scale()?.iter().map(|size| (self.epsilon * size).max(f64::MIN_POSITIVE)).collect();
        let mut still: Vec<usize> = (0..z.len()).collect();
        for sign in signs {
            let size = |j: usize| {
                // a root near 0 has the size of where it was sought
                let scale = z[j].abs().max(row[j].as_f64().abs());
                if scale == 0.0 { AWAY } else { (AWAY * scale).max(NEAR.min(BEYOND * uncertain[j])) }
            };
            let d: Vec<f64> = (0..z.len()).map(|j| sign(j) * size(j)).collect();
            self.around.change(&d, &mut self.step, &mut self.change)?;
            // undefined is a change, too
            still.retain(|&i| self.change[i].abs() <= NOISE * noise[i].max(floor[i]));
        }
        if still.is_empty() {
            return Ok(true);
        }
        let (start, matrix) = Neighbourhood::new(problem, question.start.clone(), question.sample)?;
        let n = z.len();
        let empty = |matrix: &[f64], i: usize| matrix.iter().skip(i).step_by(n).all(|v| *v == 0.0);
        let nothing = |i: usize| {
            self.around.g[i] == 0.0
                && start.g[i] == 0.0
                && empty(&self.jacobian, i)
                && empty(&matrix, i)
                && z != start.z
        };
        Ok(still.into_iter().all(nothing))
    }
}

/// Largest magnitude of entry `i`.
fn loudest(errors: &[Vec<f64>], i: usize) -> f64 {
    errors.iter().fold(0.0, |max: f64, error| max.max(error[i].abs()))
}

/// |g| and |J| |z|, added up, by row.
fn terms(jacobian: &[f64], z: &[f64], g: &[f64]) -> Vec<f64> {
    let mut sum: Vec<f64> = g.iter().map(|g| g.abs()).collect();
    for (column, z) in jacobian.chunks_exact(z.len().max(1)).zip(z) {
        sum.iter_mut().zip(column).for_each(|(sum, j)| *sum += (j * z).abs());
    }
    sum
}
