//! A branch whose direction jumps: a kink of g.

use super::border::{dot, normalise};
use super::curve::{Corrected, Curve, Refusal, Trouble, angle};
use super::stand::Stand;

/// Distances beyond the corner at which the branch is looked for; it must be there at each.
const DISTANCES: [f64; 3] = [1e-8, 1e-7, 1e-6];
/// Angle by which a straight piece may miss its own direction.
const STRAIGHT: f64 = 0.1;

/// The branch beyond a corner just ahead of `here`. On both sides of a kink the determinant of derivatives and tangent has one sign, which
/// says in which of two directions it goes on.
///
/// Source: E. L. Allgower and K. Georg (2003), doi:10.1137/1.9780898719154, chapter 12 (piecewise linear paths are oriented).
pub(super) fn beyond(curve: &Curve<'_>, here: &Stand) -> Result<Corrected, Trouble> {
    let orientation = here.orientation.ok_or(Refusal::Turn)?;
    let mut found = Err(Refusal::Turn.into());
    for distance in DISTANCES {
        let across = curve.linearise(&curve.moved(&here.x, distance, &here.tangent))?;
        let mut tangent = curve.first_tangent(&across)?;
        if across.orientation(&tangent).ok_or(Refusal::Singular)? != orientation {
            tangent.iter_mut().for_each(|t| *t = -*t);
        }
        let next = curve.correct(&curve.moved(&here.x, distance, &tangent), &tangent)?;
        let mut chord = curve.between(&here.x, &next.x);
        normalise(&mut chord).ok_or(Refusal::Jump)?;
        // not back along the branch, and straight on from the corner
        let back = dot(&chord, &here.tangent) < -(1.0 - STRAIGHT * STRAIGHT);
        let same = next.orientation.is_none_or(|there| there == orientation);
        if back || !same || angle(&chord, &tangent) > STRAIGHT || angle(&next.tangent, &tangent) > STRAIGHT {
            return Err(Refusal::Turn.into());
        }
        found = Ok(next);
    }
    found
}
