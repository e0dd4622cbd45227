//! Whether a step goes along one smooth curve.

use super::border::{norm, normalise};
use super::curve::{Corrected, Curve, Refusal, Trouble, angle};
use super::stand::{LEVEL, Stand};

/// A smooth step misses its prediction by half of its turn, to within this share of the turn and this angle.
const AGREES: (f64, f64) = (0.25, 0.01);
/// Places on a step at which the cubic through its ends is compared with the curve, and share of the step by which they may differ.
const PLACES: [f64; 2] = [0.5, 0.3];
const LEAVES: f64 = 3e-4;
/// Scaled distance that corrections may leave.
const LEFT: f64 = 1e-9;
/// A cubic whose slope falls below this share of that at its ends nearly turns, in steps down to this length.
const NEARLY: (f64, f64) = (0.2, 1e-3);
/// Share of the slopes at the ends beyond 0 from which it turns.
const TURNS: f64 = 1e-3;

/// The turn from `here` to `next`, where that can be one smooth step.
pub(super) fn turn(curve: &Curve<'_>, here: &Stand, next: &Corrected) -> Result<f64, Trouble> {
    let way = curve.between(&here.x, &next.x);
    let length = norm(&way);
    let mut chord = way.clone();
    normalise(&mut chord).ok_or(Refusal::Jump)?;
    let (turn, bow) = (angle(&here.tangent, &next.tangent), angle(&here.tangent, &chord));
    if turn > curve.options.largest_turn {
        return Err(Refusal::Turn.into());
    }
    // corrections that are left bend a short chord
    let noise = 1e-11 / length;
    if (bow - 0.5 * turn).abs() > AGREES.0 * turn + AGREES.1 + noise {
        return Err(Refusal::Jump.into());
    }
    // the cubic through both ends, by the length of the arc
    let arc = if turn > 1e-3 { length * 0.5 * turn / (0.5 * turn).sin() } else { length };
    for s in PLACES {
        let (to, from, into) = (s * s * (3.0 - 2.0 * s), s * (1.0 - s) * (1.0 - s), s * s * (s - 1.0));
        let tangents = here.tangent.iter().zip(&next.tangent);
        let place = way.iter().zip(tangents).map(|(way, (t, u))| to * way + arc * (from * t + into * u));
        let place: Vec<f64> = place.collect();
        if curve.off(&curve.moved(&here.x, 1.0, &place), next)? > LEAVES * length + LEFT {
            return Err(Refusal::Jump.into());
        }
    }
    let (first, last) = (here.tangent[curve.n], next.tangent[curve.n]);
    if twice(first, last, way[curve.n] / arc, length) { Err(Refusal::Turn.into()) } else { Ok(turn) }
}

/// Whether a step of this `length` may turn back twice: the quadratic with the slopes `first` and `last` at its ends and this `mean` comes
/// to 0 in between.
fn twice(first: f64, last: f64, mean: f64, length: f64) -> bool {
    if first * last <= 0.0 {
        return false;
    }
    let sign = first.signum();
    let (first, last, mean) = (sign * first, sign * last, sign * mean);
    // q(s) = first + b s + c s^2 on 0..1
    let c = 3.0 * (first + last - 2.0 * mean);
    let b = last - first - c;
    let place = -0.5 * b / c;
    if !(c > 0.0 && (0.0..=1.0).contains(&place)) {
        return false;
    }
    let (least, noise) = (first - 0.25 * b * b / c, LEVEL + 1e-11 / length);
    least < -(TURNS * first.max(last)).max(noise) || (length > NEARLY.1 && least < NEARLY.0 * first.min(last))
}
