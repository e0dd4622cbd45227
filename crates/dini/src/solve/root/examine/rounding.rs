//! Rounding errors of g around a point, and whether J is its slope.
//!
//! What a few units in the last place change need not be rounding: a [scan](super::super::scan) over distances tells.

use super::super::{general, magnitude};
use super::Point;
use crate::error::UserError;
use crate::problem::Linearize;

impl<P: Linearize> Point<'_, P> {
    /// Rounding error of g: what a few units in the last place of z change beyond J.
    ///
    /// In every second sample the units are those of 1, because a root near 0 does not show the rounding of terms near 1
    /// (exp(z) - 1); there only the part of the error that is odd in the step counts, since the even one is curvature.
    pub(super) fn rounding(&mut self, sample: u32) -> Result<Vec<f64>, UserError> {
        let z = self.around.z.clone();
        let size = magnitude(&z);
        let absolute = sample % 2 == 1;
        let unit = |v: f64| match v.abs() {
            v if absolute => v.max(1.0),
            0.0 => size,
            v => v,
        };
        // no whole number of units: the same rounding everywhere would show as none
        let units = |j: usize| 1.618 * (f64::from((sample * 5 + j as u32 * 3) % 11) - 5.0);
        let d: Vec<f64> = z.iter().enumerate().map(|(j, v)| units(j) * self.epsilon * unit(*v)).collect();
        let mut error = self.beyond(&d)?;
        if absolute {
            let back = self.beyond(&d.iter().map(|d| -d).collect::<Vec<_>>())?;
            error.iter_mut().zip(back).for_each(|(e, back)| *e = 0.5 * (*e - back));
        }
        // beside the domain nothing is known of the errors
        error.iter_mut().filter(|e| !e.is_finite()).for_each(|e| *e = 0.0);
        Ok(error)
    }

    /// g(z + d) - g(z) - J d
    fn beyond(&mut self, d: &[f64]) -> Result<Vec<f64>, UserError> {
        self.around.change(d, &mut self.step, &mut self.change)?;
        let mut error = self.change.clone();
        self.jacobian.each(|i, j, v| error[i] -= v * self.step[j]);
        Ok(error)
    }

    /// Relative error of J as the slope of g, over a quarter of z on both sides: far away a J made of differences may be nothing
    /// but the rounding errors of g, and look regular for that.
    pub(super) fn slope_error(&mut self) -> Result<f64, UserError> {
        let d: Vec<f64> = self.around.z.iter().zip(general(5)).map(|(z, v)| 0.25 * v * z).collect();
        let back: Vec<f64> = d.iter().map(|d| -d).collect();
        self.around.change(&d, &mut self.step, &mut self.change)?;
        let (step, change) = (self.step.clone(), self.change.clone());
        self.around.change(&back, &mut self.step, &mut self.change)?;
        let n = d.len();
        let (mut slopes, mut sizes) = (vec![0.0; n], vec![0.0; n]);
        self.jacobian.each(|i, j, v| {
            let product = 0.5 * v * (step[j] - self.step[j]);
            slopes[i] += product;
            sizes[i] += product.abs();
        });
        let error = |i: usize| {
            let gap = (0.5 * (change[i] - self.change[i]) - slopes[i]).abs();
            if gap == 0.0 { 0.0 } else { gap / sizes[i] }
        };
        Ok((0..n).map(error).fold(0.0, |max: f64, error| if error.is_nan() { f64::INFINITY } else { max.max(error) }))
    }
}
