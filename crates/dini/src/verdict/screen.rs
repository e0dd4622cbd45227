//! The test of a whole batch at once: who is plainly regular needs no verdict of its own.

use num_traits::{Float, One};

use super::probe::tolerance;
use crate::Real;
use crate::batch::Batch;
use crate::error::UserError;
use crate::linear::Inverse;
use crate::problem::{Linearize, Scalar};
use crate::solve::root::general;
use crate::solve::{Evaluator, Tolerance};

/// Which rows of z are plainly regular: on both sides, at one distance in a direction of general position, an inverse of J
/// near z takes the change of g back to the step, and the two sides agree to the cube root of rounding.
///
/// Their thresholds are those of the full test, which has the last word on the others. The distance is rounding to the power
/// 0.4, between what rounding errors and curvature hide, or twice the correction left where that is more. Two evaluations and
/// two solves a row.
pub(crate) fn screen<P: Linearize>(
    problem: &Evaluator<'_, P>,
    (z, g): (&P::State, &P::State),
    inverse: &dyn Inverse<P::State>,
    correction: impl Fn(usize) -> f64,
) -> Result<Vec<bool>, UserError> {
    let (at, n) = (problem.at(), z.width());
    let epsilon = <Scalar<P> as Float>::epsilon().as_f64();
    // NaN where nothing is known of the correction: the test is about the point itself
    let distance = |i: usize| epsilon.powf(0.4).max(2.0 * correction(i));
    let one = Scalar::<P>::one();
    let tolerances = Tolerance { uniform: problem.is_uniform(), ..Tolerance::default() };
    let mut rows: [Vec<Scalar<P>>; 4] = std::array::from_fn(|_| vec![Scalar::<P>::default(); n]);
    let (mut points, mut changes) = ([z.clone(), z.clone()], [g.clone(), g.clone()]);
    let [row, moved, ..] = &mut rows;
    for (point, side) in points.iter_mut().zip([1.0, -1.0]) {
        for i in 0..at.len() {
            z.read(i, row);
            let sizes = (tolerances.floor(row), largest(row));
            for ((moved, z), v) in moved.iter_mut().zip(&*row).zip(general(7)) {
                *moved = Scalar::<P>::of(z.as_f64() + side * distance(i) * v * unit(z.as_f64(), sizes));
            }
            point.write(i, moved);
        }
    }
    for (point, change) in points.iter().zip(&mut changes) {
        problem.residual(point, change)?;
        change.axpby(-one, g, one);
        if !inverse.solve(at, change) {
            return Ok(vec![false; at.len()]);
        }
    }
    let (sharp, tolerance) = (epsilon.cbrt(), tolerance(epsilon));
    let mut regular = Vec::with_capacity(at.len());
    for i in 0..at.len() {
        let [row, moved, forward, backward] = &mut rows;
        z.read(i, row);
        let sizes = (tolerances.floor(row), largest(row));
        // what J^-1 has missed, in place of what it has made
        for (miss, (point, change)) in [forward, backward].into_iter().zip(points.iter().zip(&changes)) {
            point.read(i, moved);
            change.read(i, miss);
            miss.iter_mut().zip(&*moved).zip(&*row).for_each(|((m, p), z)| *m -= *p - *z);
        }
        let [row, _, forward, backward] = &rows;
        let near = distance(i) <= tolerance;
        regular.push(
            near && (0..n).all(|j| {
                let length = 0.5 * distance(i) * unit(row[j].as_f64(), sizes);
                let (a, b) = (forward[j].as_f64(), backward[j].as_f64());
                a.abs().max(b.abs()) <= tolerance * length && (a + b).abs() <= 2.0 * sharp * length
            }),
        );
    }
    Ok(regular)
}

fn largest<T: Real>(z: &[T]) -> f64 {
    let largest = z.iter().fold(0.0, |max: f64, z| max.max(z.as_f64().abs()));
    if largest > 0.0 { largest } else { 1.0 }
}

/// Length in which a step of an unknown is measured: its own, or the size below which none counts, or that of the largest for
/// zero.
fn unit(z: f64, (floor, largest): (f64, f64)) -> f64 {
    let size = z.abs().max(floor);
    // rounding of 0 is no size
    if size <= 64.0 * f64::EPSILON * largest { largest } else { size }
}
