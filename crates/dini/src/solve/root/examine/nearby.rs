//! Points that rounding cannot tell from the one examined.
//!
//! Where g bends, jumps or has a pole within a few units in the last place of z, J says nothing about the nearest root, however small its
//! correction is: beside a pole g falls away from it, and next to a near miss there is a point at which g is as small as it gets.

use super::{Finding, Neighbourhood, Point, Question, anchor};
use crate::error::UserError;
use crate::problem::Linearize;

/// Distances looked at, in units in the last place.
const UNITS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];
/// Share of a unit from which a correction moves an unknown.
const MOVED: f64 = 0.1;
/// Share of g to which it must fall for a point to be better.
const BETTER: f64 = 0.25;
/// Times that a better point is looked for: beside a pole there always is one.
const MOVES: usize = 4;

impl<P: Linearize> Point<'_, P> {
    /// A point a few units in the last place away, along the correction, at which every equation is much better satisfied, but not
    /// exactly: where one is, the point examined is as near to a root as numbers are.
    ///
    /// Costs eight evaluations.
    pub(super) fn nearby(&mut self, correction: &[f64]) -> Result<Option<P::State>, UserError> {
        let z = self.around.z.clone();
        let terms = anchor::terms(&self.jacobian, &z, &self.around.g);
        let unit = |j: usize| {
            let unit = self.epsilon * z[j].abs();
            if correction[j].abs() >= MOVED * unit { -unit.copysign(correction[j]) } else { 0.0 }
        };
        let units: Vec<f64> = (0..z.len()).map(unit).collect();
        let mut best = (BETTER, None);
        for distance in UNITS.into_iter().flat_map(|units| [units, -units]) {
            let d: Vec<f64> = units.iter().map(|unit| distance * unit).collect();
            self.around.values(&d, &mut self.step, &mut self.change)?;
            let share = |i: usize| {
                let here = self.around.g[i].abs().max(self.epsilon * terms[i]).max(f64::MIN_POSITIVE);
                let share = self.change[i].abs() / here;
                if share.is_nan() { f64::INFINITY } else { share }
            };
            let worst = (0..z.len()).map(share).fold(0.0, f64::max);
            if worst < best.0 {
                best =
                    (worst, Some(z.iter().zip(&self.step).map(|(z, step)| z + step).enumerate().collect::<Vec<_>>()));
            }
        }
        Ok(best.1.filter(|_| best.0 > 0.0).map(|places| self.around.with_values(&places)))
    }
}

/// What is found at a better point, or at one better still.
pub(super) fn judge<P: Linearize>(
    problem: &P,
    question: &Question<'_, P::State>,
    mut z: P::State,
) -> Result<Finding<P::State>, UserError> {
    for _ in 0..MOVES {
        let here = &Question { z: &z, ..*question };
        let (around, jacobian) = Neighbourhood::new(problem, z.clone(), question.sample)?;
        let mut point = Point::new(problem, here, around, jacobian);
        let finding = point.judge()?;
        question.evaluations.set(question.evaluations.get() + point.evaluations());
        match (finding, point.nearer.take()) {
            (_, Some(nearer)) => z = nearer,
            (Finding::Root(accuracy, _), None) => return Ok(Finding::Root(accuracy, Some(z))),
            (other, None) => return Ok(other),
        }
    }
    Ok(Finding::None)
}
