//! Whether g changes around a point.

use super::{AWAY, BEYOND, NOISE, Point};
use crate::batch::numbers;
use crate::error::UserError;
use crate::problem::Linearize;

/// Largest distance at which a root near 0 is told from a flat function, among terms near 1.
const NEAR: f64 = 1e-6;

impl<P: Linearize> Point<'_, P> {
    /// Size of the terms of every equation: the largest residual at z / 2, 0 and -z, where it is finite.
    pub(super) fn scale(&mut self) -> Result<Vec<f64>, UserError> {
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
    pub(super) fn changes(&mut self, noise: &[f64], uncertain: &[f64]) -> Result<bool, UserError> {
        let signs: [fn(usize) -> f64; 4] =
            [|_| 1.0, |_| -1.0, |j| if j % 2 == 0 { 1.0 } else { -0.5 }, |j| if j % 2 == 0 { -1.0 } else { 0.5 }];
        let z = self.around.z.clone();
        let begun = numbers(self.question.start, 0);
        let floor: Vec<f64> = self.scale()?.iter().map(|size| (self.epsilon * size).max(f64::MIN_POSITIVE)).collect();
        let mut still: Vec<usize> = (0..z.len()).collect();
        for sign in signs {
            let size = |j: usize| {
                // a root near 0 has the size of where it was sought
                let scale = z[j].abs().max(begun[j].abs());
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
        let empty = self.jacobian.zero_rows();
        if !still.iter().all(|&i| self.around.g[i] == 0.0 && empty[i]) {
            return Ok(false);
        }
        let start = self.start()?;
        let empty = start.jacobian.zero_rows();
        Ok(z != start.z && still.into_iter().all(|i| start.g[i] == 0.0 && empty[i]))
    }
}
