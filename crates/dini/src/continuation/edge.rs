//! Where a branch leaves the range of the parameter or the bounds of the unknowns.

use super::border::dot;
use super::branch::Stop;
use super::curve::{Corrected, Curve, Refusal, Trouble};

/// The place where a straight step leaves.
pub(super) struct Exit {
    /// Which coordinate, n for the parameter, and its end.
    coordinate: usize,
    end: f64,
    /// Share of the step.
    share: f64,
}

/// What confines a branch.
pub(super) struct Edges {
    pub range: (f64, f64),
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
}

impl Edges {
    /// Where the step from `x` to `to` leaves first.
    pub fn exit(&self, x: &[f64], to: &[f64]) -> Option<Exit> {
        let n = x.len() - 1;
        let ends = |j: usize| if j == n { self.range } else { (self.lower[j], self.upper[j]) };
        let leaves = |j: usize| {
            let (low, high) = ends(j);
            let end = if to[j] > high || (to[j] == high && j < n) {
                high
            } else if to[j] < low || (to[j] == low && j < n) {
                low
            } else {
                return None;
            };
            let share = if to[j] == x[j] { 0.0 } else { ((end - x[j]) / (to[j] - x[j])).clamp(0.0, 1.0) };
            Some(Exit { coordinate: j, end, share })
        };
        (0..=n).filter_map(leaves).min_by(|a, b| a.share.total_cmp(&b.share))
    }

    /// The unknown that is within this scaled distance of one of its bounds.
    pub fn touched(&self, x: &[f64], scale: &[f64], distance: f64) -> Option<usize> {
        let near = |j: &usize| (x[*j] - self.lower[*j]).min(self.upper[*j] - x[*j]) <= distance * scale[*j];
        (0..self.lower.len()).find(near)
    }

    /// Whether a value of the parameter is outside the range, by more than rounding.
    pub fn outside(&self, a: f64) -> bool {
        let slack = 1e-12 * (self.range.1 - self.range.0);
        a < self.range.0 - slack || a > self.range.1 + slack
    }

    /// A value of the parameter that rounding may have moved out of the range.
    pub fn clamp(&self, a: f64) -> f64 {
        a.clamp(self.range.0, self.range.1)
    }
}

impl Exit {
    pub fn stop(&self, n: usize) -> Stop {
        if self.coordinate == n { Stop::Range } else { Stop::Bound { unknown: self.coordinate } }
    }

    /// The point of the curve at the end, near the way from `x` to `to`, with its tangent along `along`.
    pub fn land(&self, curve: &Curve<'_>, (x, to): (&[f64], &[f64]), along: &[f64]) -> Result<Corrected, Trouble> {
        let mut guess: Vec<f64> = x.iter().zip(to).map(|(x, to)| x + self.share * (to - x)).collect();
        guess[self.coordinate] = self.end;
        let held: Vec<f64> = (0..guess.len()).map(|j| if j == self.coordinate { 1.0 } else { 0.0 }).collect();
        let landed = curve.correct(&guess, &held)?;
        if dot(&curve.between(x, &landed.x), along) <= 0.0 {
            return Err(Refusal::Jump.into());
        }
        Ok(if dot(&landed.tangent, along) < 0.0 { landed.reversed() } else { landed })
    }
}
