//! Errors of J^-1 as the inverse slope of g, over distances from a few roundings on.
//!
//! What a few units in the last place change may be no rounding: at a jump an error is the same at every distance, at a kink it grows
//! with the distance, and where large terms cancel g does not change at all nearby.

use super::{Neighbourhood, Slope, general, magnitude};
use crate::error::UserError;
use crate::problem::Linearize;

/// Distances of the scan: a few units in the last place, times powers of this.
const STRIDE: f64 = 256.0;
const FIRST: f64 = 4.0;
/// Number of distances, up to a thousandth of z in f64 and as many as that allows in f32.
const DISTANCES: i32 = 6;
const FARTHEST: f64 = 1e-2;
/// Growth of an error over a stride from which it is no rounding: a kink's is the stride, rounding does not grow.
const GROWTH: f64 = 32.0;
/// Relative difference within which the errors at several distances are the same: a jump.
const SAME: f64 = 0.05;

/// What the scan shows.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Whether errors grow with the distance, as at a kink.
    pub grows: bool,
    /// Whether they are the same at every distance on one side, as at a jump.
    pub jumps: bool,
    /// How far from z g does not change at all, or by rounding alone, where that is farther than a few units; by unknown.
    pub plateau: Vec<f64>,
}

impl Scan {
    /// Errors of J^-1 (g(z + d) - g(z)) as d, for d of growing length on both sides.
    ///
    /// About 12 evaluations and as many solves.
    pub fn new<P: Linearize>(
        around: &mut Neighbourhood<'_, P>,
        slope: &dyn Slope,
        epsilon: f64,
    ) -> Result<Self, UserError> {
        let z = around.z.clone();
        let (n, size) = (z.len(), magnitude(&z));
        let [mut step, mut change] = [vec![0.0; n], vec![0.0; n]];
        let unit = |j: usize| if z[j] == 0.0 { if size == 0.0 { 1.0 } else { size } } else { z[j].abs() };
        let mut scan = Scan { grows: false, jumps: false, plateau: vec![0.0; n] };
        for side in [1.0, -1.0] {
            // length of the step and of its error, in units of the unknowns; none on a plateau
            let mut seen: Vec<(f64, Option<Vec<f64>>)> = Vec::new();
            for k in 0..DISTANCES {
                let share = FIRST * epsilon * STRIDE.powi(k);
                if share > FARTHEST {
                    break;
                }
                let d: Vec<f64> = general(5).take(n).enumerate().map(|(j, v)| side * share * v * unit(j)).collect();
                around.change(&d, &mut step, &mut change)?;
                if !change.iter().all(|v| v.is_finite()) {
                    break;
                }
                let flat = change.iter().all(|v| *v == 0.0) && step.iter().any(|v| *v != 0.0);
                let mut error = change.clone();
                slope.miss(&step, &mut error)?;
                error.iter_mut().enumerate().for_each(|(j, e)| *e /= unit(j));
                seen.push((share, (!flat).then_some(error)));
            }
            scan.read(&seen, unit, epsilon);
        }
        Ok(scan)
    }

    /// Takes account of one side.
    fn read(&mut self, seen: &[(f64, Option<Vec<f64>>)], unit: impl Fn(usize) -> f64, epsilon: f64) {
        let errors: Vec<&Vec<f64>> = seen.iter().filter_map(|(_, error)| error.as_ref()).collect();
        let rounding = FIRST * epsilon;
        for j in 0..self.plateau.len() {
            // a plateau, and what the first step beyond it misses
            let flat = seen.iter().take_while(|(_, error)| error.is_none()).count();
            if flat > 0 {
                // all of z where it ends nowhere
                let beyond =
                    seen.get(flat).and_then(|(_, error)| error.as_ref()).map_or(1.0, |error| FIRST * error[j].abs());
                self.plateau[j] = self.plateau[j].max(beyond.max(seen[flat - 1].0) * unit(j));
                continue;
            }
            let at = |k: usize| errors.get(k).map(|error| error[j]);
            if let (Some(a), Some(b), Some(c)) = (at(0), at(1), at(2)) {
                let known = |v: f64| v.abs().max(rounding);
                self.grows |= b.abs() > GROWTH * known(a) && c.abs() > GROWTH * known(b);
            }
            let same = |a: f64, b: f64| a != 0.0 && (a - b).abs() <= SAME * a.abs();
            let level = errors.windows(2).all(|pair| same(pair[0][j], pair[1][j]));
            self.jumps |= errors.len() > 2 && level && errors[0][j].abs() > rounding;
        }
    }
}
