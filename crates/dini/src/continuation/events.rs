//! What happens on a step.

use super::border::dot;
use super::branch::Event;
use super::curve::{Corrected, Curve, Trouble};
use super::fold;
use super::stability::hopf;
use super::stand::Stand;
use crate::error::UserError;

/// Bisections of a step.
const HALVES: usize = 60;
/// Share of a step by which an event may lie beside it.
const BESIDE: f64 = 0.1;
/// Length of a bisected step below which nothing more is told from it.
const SHORT: f64 = 1e-11;

/// A step that was made.
pub(super) struct Arc<'a, 'f> {
    pub curve: &'a Curve<'f>,
    pub here: &'a Stand,
    pub next: &'a Corrected,
}

/// A point that is special.
pub(super) struct Found {
    pub x: Vec<f64>,
    pub tangent: Vec<f64>,
    pub event: Event,
}

impl Arc<'_, '_> {
    fn length(&self) -> f64 {
        dot(&self.curve.between(&self.here.x, &self.next.x), &self.here.tangent)
    }

    /// The point at a distance along the tangent at the start; none where it cannot be found.
    fn at(&self, distance: f64) -> Result<Option<Corrected>, UserError> {
        at(self.curve, self.here, distance)
    }

    /// The regular fold on the step, where there is one; `level` is a point before it at which the parameter did not seem to change.
    pub fn fold(&self, level: Option<&(Vec<f64>, Vec<f64>)>) -> Result<Option<Found>, UserError> {
        let (n, length) = (self.curve.n, self.length());
        let (before, after) = (self.here.tangent[n], self.next.tangent[n]);
        if let Some((x, tangent)) = level
            && let Some(found) = self.fold_from(x, tangent)?
        {
            return Ok(Some(found));
        }
        let (mut low, mut high) = ((0.0, before), (length, after));
        // nearer and nearer to where the parameter turns
        for _ in 0..4 {
            let share = (low.1 / (low.1 - high.1)).clamp(0.05, 0.95);
            let Some(point) = self.at(low.0 + share * (high.0 - low.0))? else { return Ok(None) };
            if let Some(found) = self.fold_from(&point.x, &point.tangent)? {
                return Ok(Some(found));
            }
            let middle = (low.0 + share * (high.0 - low.0), point.tangent[n]);
            if (middle.1 > 0.0) == (before > 0.0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Ok(None)
    }

    fn fold_from(&self, x: &[f64], tangent: &[f64]) -> Result<Option<Found>, UserError> {
        let Some(fold) = Trouble::refused(fold::fold(self.curve, x, tangent))? else { return Ok(None) };
        let (length, ahead) = (self.length(), dot(&self.curve.between(&self.here.x, &fold.x), &self.here.tangent));
        let aside = self.curve.distance(&self.curve.moved(&self.here.x, ahead, &self.here.tangent), &fold.x);
        if ahead < -BESIDE * length || ahead > (1.0 + BESIDE) * length || aside > length {
            return Ok(None);
        }
        let turned = dot(&fold.tangent, &self.here.tangent) < 0.0;
        let tangent = fold.tangent.iter().map(|t| if turned { -t } else { *t }).collect();
        Ok(Some(Found { x: fold.x, tangent, event: Event::Fold { bend: fold.bend } }))
    }

    /// Where the parameter turns, by bisection.
    pub fn turn(&self) -> Result<Option<Found>, UserError> {
        let n = self.curve.n;
        let rising = self.here.tangent[n] > 0.0;
        let (mut low, mut high) = (0.0, self.length());
        let mut found: Option<Corrected> = None;
        for _ in 0..HALVES {
            let middle = 0.5 * (low + high);
            let Some(point) = self.at(middle)? else { break };
            if (point.tangent[n] > 0.0) == rising {
                low = middle;
            } else {
                high = middle;
            }
            let better = |found: &Corrected| (point.x[n] > found.x[n]) == rising;
            if found.as_ref().is_none_or(better) {
                found = Some(point);
            }
            if high - low <= SHORT {
                break;
            }
        }
        Ok(found.map(|Corrected { x, tangent, .. }| Found { x, tangent, event: Event::Turn }))
    }

    /// The Hopf point on a step after which two directions more, or fewer, grow.
    pub fn hopf(curve: &Curve<'_>, here: &Stand, next: &Stand, length: f64) -> Result<Option<Found>, UserError> {
        let (Some(before), Some(after)) = (here.unstable, next.unstable) else { return Ok(None) };
        if before.abs_diff(after) != 2 {
            return Ok(None);
        }
        let found = hopf(curve, (before, after), length, |distance| at(curve, here, distance))?;
        Ok(found.map(|(Corrected { x, tangent, .. }, frequency)| Found {
            x,
            tangent,
            event: Event::Hopf { frequency },
        }))
    }
}

fn at(curve: &Curve<'_>, here: &Stand, distance: f64) -> Result<Option<Corrected>, UserError> {
    Trouble::refused(curve.correct(&curve.moved(&here.x, distance, &here.tangent), &here.tangent))
}
