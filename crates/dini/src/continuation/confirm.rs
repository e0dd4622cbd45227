//! Whether a point at which corrections have become small is one of the curve.

use super::border::{Factors, norm, normalise};
use super::curve::{ATTAINABLE, Curve, Refusal, Trouble};
use super::local::Local;
use crate::solve::root::general_position;

/// Distances of the evaluation that confirms a point, in turn.
const DISTANCES: [f64; 4] = [1e-10, 1e-8, 1e-6, 1e-4];
/// Share of that distance by which any coordinate may be missed.
const MISS: f64 = 0.5;
/// A correction of so many roundings of the scales needs no excuse.
const ROUNDINGS: f64 = 64.0;
/// Others are errors of rounding if g is not straight at this share of them.
const SHARE: f64 = 1.0 / 32.0;
/// Directions in which that is looked at.
const DIRECTIONS: u64 = 3;

/// g(x), where the correction there is still small, and g changes around x as the factors, with the row c, say. Where corrections have
/// `stalled`, rounding must be the reason.
pub(super) fn confirm(
    curve: &Curve<'_>,
    (x, c): (&[f64], &[f64]),
    (local, factors): (&Local, &Factors),
    size: f64,
    stalled: bool,
) -> Result<Vec<f64>, Trouble> {
    let n = curve.n;
    let (mut at, mut beside) = (vec![0.0; n], vec![0.0; n]);
    curve.residual(x, &mut at)?;
    let mut left: Vec<f64> = at.iter().zip(&local.rows).map(|(g, row)| g * row).chain([0.0]).collect();
    let most = (100.0 * size.max(curve.options.tolerance)).min(ATTAINABLE);
    if !factors.solve(&mut left) || norm(&left) > most {
        return Err(Refusal::Unconfirmed.into());
    }
    // the step to a point as it is representable, and by how much that is missed through the factors
    let mut missed = |moved: &[f64]| -> Result<(Vec<f64>, Vec<f64>), Trouble> {
        curve.residual(moved, &mut beside)?;
        let step = curve.between(x, moved);
        let change = beside.iter().zip(&at).zip(&local.rows).map(|((b, a), row)| (b - a) * row);
        let along = c.iter().zip(&step).map(|(c, step)| c * step).sum::<f64>();
        let mut back: Vec<f64> = change.chain([along]).collect();
        if !factors.solve(&mut back) {
            return Err(Refusal::Singular.into());
        }
        back.iter_mut().zip(&step).for_each(|(back, step)| *back -= step);
        Ok((step, back))
    };
    if stalled && size > ROUNDINGS * f64::EPSILON {
        let mut rough = false;
        for seed in 11..11 + DIRECTIONS {
            let mut direction = general_position(n + 1, seed);
            normalise(&mut direction).ok_or(Refusal::Unconfirmed)?;
            let (step, missed) = missed(&curve.moved(x, SHARE * size, &direction))?;
            rough |= largest(&missed) > MISS * largest(&step);
        }
        if !rough {
            return Err(Refusal::Unconfirmed.into());
        }
    }
    let mut direction = general_position(n + 1, 3);
    normalise(&mut direction).ok_or(Refusal::Unconfirmed)?;
    let mut undefined = false;
    for distance in DISTANCES.into_iter().filter(|distance| *distance >= 4.0 * size) {
        match missed(&curve.moved(x, distance, &direction)) {
            Ok((step, missed)) if largest(&missed) <= MISS * largest(&step) => return Ok(at),
            Ok(_) => {}
            Err(Trouble::Refused(refusal)) => undefined |= refusal == Refusal::Domain,
            Err(error) => return Err(error),
        }
    }
    Err(if undefined { Refusal::Domain } else { Refusal::Unconfirmed }.into())
}

fn largest(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |max: f64, v| max.max(v.abs()))
}
