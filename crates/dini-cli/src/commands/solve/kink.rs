//! Kinks and jumps by a parameter: the library's verdict is about z, and sees none of them.

use dini::{Error, Rows};

use super::model::Problem;

/// Exponents of the distances to both sides, relative to the parameter: at a kink the slopes differ at all of them, while a
/// bend is gone at the smallest and rounding at the largest.
const DISTANCES: [i32; 5] = [-10, -15, -20, -25, -30];
/// A difference of slopes that counts, relative to the larger one.
const SHARP: f64 = 1.0 / 64.0;
/// And in units of the equation and the parameter.
const LEAST: f64 = 1e-5;

/// The first parameter by which g is not differentiable at the root z, where dg/da is `slopes`; `units` are factors that bring the
/// equations to 1.
pub(super) fn kink(
    problem: &Problem,
    z: &Rows<f64>,
    slopes: &Rows<f64>,
    units: &[f64],
) -> Result<Option<usize>, Error> {
    let beside = Beside::new(problem, z)?;
    for p in 0..slopes.width() {
        if beside.is_sharp(p, slopes, units)? {
            return Ok(Some(p));
        }
    }
    Ok(None)
}

/// g at the root, and at points beside the parameters.
struct Beside<'p> {
    problem: &'p Problem,
    at: Rows<f64>,
    /// z, once for each of those points
    z: Rows<f64>,
}

impl<'p> Beside<'p> {
    fn new(problem: &'p Problem, z: &Rows<f64>) -> Result<Self, Error> {
        let points = 2 * DISTANCES.len();
        let repeated = Rows::from_vec(points, z.width(), z.as_slice().repeat(points))?;
        Ok(Beside { problem, at: problem.values(z)?, z: repeated })
    }

    fn is_sharp(&self, p: usize, slopes: &Rows<f64>, units: &[f64]) -> Result<bool, Error> {
        let values = self.problem.parameters().row(0);
        let unit = if values[p] == 0.0 { 1.0 } else { values[p].abs() };
        let sides = DISTANCES.map(|exponent| [unit * 2f64.powi(exponent), -unit * 2f64.powi(exponent)]);
        let distances = sides.as_flattened();
        let mut parameters = Rows::from_vec(distances.len(), values.len(), values.repeat(distances.len()))?;
        distances.iter().enumerate().for_each(|(s, distance)| parameters.row_mut(s)[p] += distance);
        let g = self.problem.with_parameters(parameters)?.values(&self.z)?;
        let sharp = |i: usize| {
            let weight = unit * units[i].abs();
            let (at, slope) = (self.at.row(0)[i], slopes.row(i)[p]);
            let away = |s: usize| differ((g.row(s)[i] - at) / distances[s], slope, weight);
            (0..DISTANCES.len()).all(|d| away(2 * d) || away(2 * d + 1))
        };
        Ok((0..units.len()).any(sharp))
    }
}

/// Whether two slopes differ; at the edge of a domain there is none on one side, which is as bad.
fn differ(a: f64, b: f64, weight: f64) -> bool {
    let difference = (a - b).abs();
    difference.is_nan() || (difference > SHARP * a.abs().max(b.abs()) && difference * weight > LEAST)
}
