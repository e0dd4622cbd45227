//! The test of a whole batch at once: who is plainly regular needs no verdict of its own.

use num_traits::{Float, One};

use super::probe::tolerance;
use crate::Real;
use crate::batch::{Batch, pick};
use crate::error::UserError;
use crate::linear::Inverse;
use crate::problem::{Evaluator, Linearize, Scalar};
use crate::solve::Tolerance;
use crate::solve::root::{general_position, largest};

/// Distances relative to the unknowns, as powers of rounding: between what rounding errors and what curvature hide. The second is
/// for rows that curve too much at the first.
const DISTANCES: [f64; 2] = [0.4, 0.6];

/// Rounding errors of a difference, in units of rounding of the unknown.
const ROUNDING: f64 = 16.0;

/// Which rows of z are plainly regular: on both sides, at one distance in a direction of general position, an inverse of J
/// near z takes the change of g back to the step, and the two sides agree to the cube root of rounding, or as far as rounding lets them.
///
/// Their thresholds are those of the full test, which has the last word on the others. No distance is less than twice the
/// correction left. Two evaluations and two solves a row, and as much again where the first distance does not do.
pub(crate) fn screen<P: Linearize>(
    problem: &Evaluator<'_, P>,
    (z, g): (&P::State, &P::State),
    inverse: &dyn Inverse<P::State>,
    correction: impl Fn(usize) -> f64,
) -> Result<Vec<bool>, UserError> {
    let mut regular = pass(problem, (z, g), inverse, (DISTANCES[0], &correction))?;
    let rows: Vec<usize> = (0..regular.len()).filter(|&i| !regular[i]).collect();
    if rows.is_empty() {
        return Ok(regular);
    }
    let slots: Vec<usize> = rows.iter().map(|&i| problem.at().slot(i).index()).collect();
    let (z, g) = (pick(z, &rows), pick(g, &rows));
    let closer = |part: &Evaluator<'_, P>| pass(part, (&z, &g), inverse, (DISTANCES[1], &|i| correction(rows[i])));
    for (&row, closer) in rows.iter().zip(problem.subset(&slots, closer)?) {
        regular[row] = closer;
    }
    Ok(regular)
}

/// The test at one distance.
fn pass<P: Linearize>(
    problem: &Evaluator<'_, P>,
    (z, g): (&P::State, &P::State),
    inverse: &dyn Inverse<P::State>,
    (exponent, correction): (f64, &dyn Fn(usize) -> f64),
) -> Result<Vec<bool>, UserError> {
    let (at, n) = (problem.at(), z.width());
    let epsilon = <Scalar<P> as Float>::epsilon().as_f64();
    let least = epsilon.powf(exponent);
    // NaN where nothing is known of the correction: the test is about the point itself
    let distance = |i: usize| least.max(2.0 * correction(i));
    let one = Scalar::<P>::one();
    let tolerances = Tolerance { uniform: problem.is_uniform(), ..Tolerance::default() };
    let direction = general_position(n, 7);
    let mut rows: [Vec<Scalar<P>>; 4] = std::array::from_fn(|_| vec![Scalar::<P>::default(); n]);
    let (mut points, mut changes) = ([z.clone(), z.clone()], [g.clone(), g.clone()]);
    let [row, up, down, _] = &mut rows;
    for i in 0..at.len() {
        z.read(i, row);
        let (sizes, distance) = ((tolerances.floor(row), largest(row)), distance(i));
        for (((up, down), z), v) in up.iter_mut().zip(&mut *down).zip(&*row).zip(&direction) {
            let z = z.as_f64();
            let step = distance * v * unit(z, sizes);
            (*up, *down) = (Scalar::<P>::of(z + step), Scalar::<P>::of(z - step));
        }
        points[0].write(i, up);
        points[1].write(i, down);
    }
    for (point, change) in points.iter().zip(&mut changes) {
        problem.residual(point, change)?;
        change.axpby(-one, g, one);
        if !inverse.solve(at, change) {
            return Ok(vec![false; at.len()]);
        }
    }
    // what rounding errors leave of the agreement, where that is more
    let (sharp, tolerance) = (epsilon.cbrt().max(ROUNDING * epsilon / least), tolerance(epsilon));
    let mut regular = Vec::with_capacity(at.len());
    for i in 0..at.len() {
        let [row, moved, forward, backward] = &mut rows;
        z.read(i, row);
        // what J^-1 has missed, in place of what it has made
        for (miss, (point, change)) in [forward, backward].into_iter().zip(points.iter().zip(&changes)) {
            point.read(i, moved);
            change.read(i, miss);
            miss.iter_mut().zip(&*moved).zip(&*row).for_each(|((m, p), z)| *m -= *p - *z);
        }
        let [row, moved, forward, backward] = &rows;
        let agrees = |j: usize| {
            // no component of the direction is less than a half
            let length = 0.5 * (moved[j] - row[j]).as_f64().abs();
            let (a, b) = (forward[j].as_f64(), backward[j].as_f64());
            a.abs().max(b.abs()) <= tolerance * length && (a + b).abs() <= 2.0 * sharp * length
        };
        regular.push(distance(i) <= tolerance && (0..n).all(agrees));
    }
    Ok(regular)
}

/// Length in which a step of an unknown is measured: its own, or the size below which none counts, or that of the largest for
/// zero.
fn unit(z: f64, (floor, largest): (f64, f64)) -> f64 {
    let size = z.abs().max(floor);
    // rounding of 0 is no size
    if size <= 64.0 * f64::EPSILON * largest { largest } else { size }
}
