//! Claims of solvers without a Jacobian.

use num_traits::{Float, One};

use super::{Accuracy, Evidence, Tolerance, general};
use crate::Real;
use crate::batch::{Batch, pick};
use crate::error::UserError;
use crate::kernels::vector::norm;
use crate::problem::{Active, Problem};

/// How far z moves for a unit of the residual, as the last steps have shown: an estimate of ||J^-1|| along them.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::solve) struct Secant {
    last: [f64; 2],
}

impl Secant {
    /// Takes note of a step of this length that has changed the residual norm from `before` to `after`, and the residual by `change`,
    /// if that is known.
    ///
    /// Otherwise it has changed by at least the difference of the two: for Picard iteration at rate q that makes the estimate
    /// 1 / (1 - q), and a step that has not reduced the norm says nothing.
    pub fn see(&mut self, length: f64, (before, after): (f64, f64), change: Option<f64>) {
        let slope = length / change.unwrap_or(before - after);
        if slope.is_finite() && slope > 0.0 {
            self.last = [slope, self.last[0]];
        }
    }

    /// The larger of the last two; none before there was one.
    pub fn slope(&self) -> Option<f64> {
        let slope = self.last[0].max(self.last[1]);
        (slope > 0.0).then_some(slope)
    }

    /// What is known of a row of z whose residual has norm `residual`, from one evaluation in a direction of general position;
    /// none where g does not change there.
    ///
    /// The distance is four tolerances, or more where rounding would hide those. Of a z that has run far away the residual norm
    /// at the start is given as `first`: rounding errors of its terms must not be larger than a thousandth of that.
    pub fn confirm<P: Problem>(
        &self,
        problem: &P,
        at: Active<'_>,
        (z, g, row): (&P::State, &P::State, usize),
        (residual, tolerance): (f64, Tolerance),
        first: Option<f64>,
    ) -> Result<Option<Accuracy>, UserError> {
        let n = z.width();
        let epsilon = <<P::State as Batch>::Scalar as Float>::epsilon().as_f64();
        let mut numbers = vec![<P::State as Batch>::Scalar::default(); n];
        z.read(row, &mut numbers);
        let size = norm(&numbers).as_f64();
        let unit = if size > 0.0 { size } else { 1.0 };
        let distance = 4.0 * tolerance.of(size).max(epsilon.sqrt() * unit) / (n as f64).sqrt();
        let (mut moved, mut there, mut slope) = (pick(z, &[row]), pick(g, &[row]), None);
        for side in [1.0, -1.0] {
            let steps = numbers.iter().zip(general(5));
            let point: Vec<_> =
                steps.map(|(z, v)| <P::State as Batch>::Scalar::of(z.as_f64() + side * distance * v)).collect();
            let length = point.iter().zip(&numbers).fold(0.0, |sum: f64, (p, z)| sum.hypot(p.as_f64() - z.as_f64()));
            moved.write(0, &point);
            problem.residual(at, &moved, &mut there)?;
            let one = <P::State as Batch>::Scalar::one();
            there.axpby(-one, &pick(g, &[row]), one);
            let mut change = [<P::State as Batch>::Scalar::default()];
            there.norms(&mut change);
            if change[0].as_f64().is_finite() {
                slope = Some(length / change[0].as_f64());
                break;
            }
        }
        let Some(slope) = slope.filter(|slope| slope.is_finite()) else { return Ok(None) };
        if first.is_some_and(|first| epsilon * size > 1e-3 * slope * first) {
            return Ok(Some(Accuracy::of_norm(f64::INFINITY, size, Evidence::Rounding)));
        }
        let slope = self.slope().map_or(slope, |known| known.max(slope));
        Ok(Some(Accuracy::of_norm(slope * residual, size, Evidence::Secant)))
    }
}
