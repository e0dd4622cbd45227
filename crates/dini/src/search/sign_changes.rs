//! One unknown: a sign change on a grid, and bisection.

use super::attempt::Site;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::Linearize;

/// Points of the grid per factor of ten.
const PER_DECADE: i32 = 12;
/// Decades of the distance from the centre: 10^-12 to 10^12.
const DECADES: i32 = 12;
/// Halvings that reach neighbouring numbers from any bracket of the grid.
const HALVINGS: usize = 120;

/// A point and g there.
type Point = (f64, f64);

impl<P> Site<'_, '_, P>
where
    P: Linearize<State = Rows<f64>>,
{
    /// Where g changes sign, near to the centre first; at most `most` points, none of them a pole.
    ///
    /// Costs about 580 evaluations, and up to 120 for each bracket.
    pub fn sign_changes(&self, centre: f64, most: usize) -> Result<Vec<f64>, Error> {
        let offset = |k: i32| 10f64.powf(f64::from(k) / f64::from(PER_DECADE));
        let bounds = self.options.bounds.as_ref();
        let mut found: Vec<f64> = Vec::new();
        // both sides in turn, outward
        let mut ends = [(centre, self.value(centre)?); 2];
        for k in -DECADES * PER_DECADE..=DECADES * PER_DECADE {
            for (end, sign) in ends.iter_mut().zip([1.0, -1.0]) {
                let z = centre + sign * offset(k);
                if bounds.is_some_and(|bounds| !bounds.holds(0, z)) {
                    continue;
                }
                let here = (z, self.value(z)?);
                let (a, b) = (*end, here);
                *end = here;
                // an overflow has a sign, too
                if (a.1 < 0.0 && b.1 > 0.0) || (a.1 > 0.0 && b.1 < 0.0) {
                    found.extend(self.bisect(a, b)?);
                }
                if found.len() >= most {
                    return Ok(found);
                }
            }
        }
        Ok(found)
    }

    fn value(&self, z: f64) -> Result<f64, Error> {
        Ok(self.residual(&[z])?[0])
    }

    /// The sign change between a and b; none where |g| has not fallen on the way, as at a pole or a jump.
    fn bisect(&self, mut a: Point, mut b: Point) -> Result<Option<f64>, Error> {
        let before = a.1.abs().min(b.1.abs()).min(f64::MAX);
        for _ in 0..HALVINGS {
            let middle = 0.5 * a.0 + 0.5 * b.0;
            let value = self.value(middle)?;
            if value.is_nan() {
                return Ok(None);
            }
            if middle == a.0 || middle == b.0 {
                break;
            }
            if value == 0.0 {
                return Ok(Some(middle));
            }
            if (value < 0.0) == (a.1 < 0.0) { a = (middle, value) } else { b = (middle, value) }
        }
        let (z, value) = if a.1.abs() <= b.1.abs() { a } else { b };
        Ok((value.abs() <= 1e-3 * before || value.abs() < f64::EPSILON).then_some(z))
    }
}
