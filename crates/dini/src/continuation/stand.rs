//! Where a trace is.

use super::border::Factors;
use super::branch::{Event, Point, Tangent};
use super::curve::{Corrected, Curve, Trouble};
use super::local::Local;
use super::orientation::flips;
use super::stability::Spectrum;

/// Component of the parameter in a tangent of length 1 below which its sign means nothing.
pub(super) const LEVEL: f64 = 1e-9;

/// A point of the curve with all that the next step needs.
pub(super) struct Stand {
    pub x: Vec<f64>,
    /// of length 1
    pub tangent: Vec<f64>,
    /// Whether det (J, dg/da; tangent) is positive, where that is known.
    pub orientation: Option<bool>,
    pub unstable: Option<usize>,
    pub local: Local,
    pub factors: Factors,
    /// Scaled length from the start.
    pub way: f64,
}

impl Stand {
    pub fn new(curve: &Curve<'_>, point: Corrected, way: f64) -> Self {
        let Corrected { x, local, factors, tangent, orientation, .. } = point;
        let unstable = Spectrum::new(curve, &local).and_then(|spectrum| spectrum.unstable());
        Stand { x, tangent, orientation, unstable, local, factors, way }
    }

    /// Takes account of unknowns that have grown.
    pub fn rescale(&mut self, curve: &mut Curve<'_>) -> Result<(), Trouble> {
        let before = curve.scale.clone();
        curve.grow(&self.x, &mut self.tangent);
        if curve.scale != before {
            self.local = curve.linearise(&self.x)?;
            self.factors = self.local.factors(&self.tangent)?;
        }
        Ok(())
    }

    /// How a changes along the branch; none where that cannot be told.
    pub fn rising(&self) -> Option<bool> {
        self.tangent.last().filter(|a| a.abs() > LEVEL).map(|a| *a > 0.0)
    }

    /// Whether det J is positive: by Cramer's rule the tangent's last component has the sign of det J over the whole determinant.
    fn positive(&self) -> Option<bool> {
        Some(self.orientation? == self.rising()?)
    }

    /// Whether the determinant with the tangent has another sign at `next`, reached from here.
    pub fn flips(&self, next: &Corrected) -> bool {
        if let (Some(here), Some(there)) = (self.factors.orientation().and(self.orientation), next.orientation) {
            return here != there;
        }
        flips(&self.factors, &next.local, &next.tangent, &self.local.rows)
    }

    /// As a point of a branch.
    pub fn point(&self, curve: &Curve<'_>, event: Option<Event>) -> Point {
        let at_event = matches!(event, Some(Event::Fold { .. } | Event::BranchPoint | Event::Turn | Event::Corner));
        Point {
            positive: if at_event { None } else { self.positive() },
            unstable: if at_event { None } else { self.unstable },
            ..point(curve, &self.x, &self.tangent, self.way, event)
        }
    }
}

/// A point of a branch of which no more is known.
pub(super) fn point(curve: &Curve<'_>, x: &[f64], tangent: &[f64], way: f64, event: Option<Event>) -> Point {
    let n = curve.n;
    let mut slopes: Vec<f64> = tangent.iter().zip(&curve.scale).map(|(t, scale)| t * scale).collect();
    let slope = slopes.pop().unwrap_or(0.0);
    Point {
        a: x[n],
        z: x[..n].to_vec(),
        arclength: way,
        tangent: Tangent { z: slopes, a: slope },
        positive: None,
        unstable: None,
        event,
    }
}
