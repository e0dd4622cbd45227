//! Points that rounding cannot tell from the one examined.
//!
//! Where g bends, jumps or has a pole within a few units in the last place of z, J says nothing about the nearest root, however small its
//! correction is: beside a pole g falls away from it, and next to a near miss there is a point at which g is as small as it gets.

use super::{Finding, Neighbourhood, Point, Question, anchor};
use crate::error::UserError;
use crate::problem::Linearize;

/// Distances looked at, in units in the last place: every one of the first eight, since only one of these points may be better; half of
/// one, which is whole below a power of two; and far enough to see g fall away from a pole, where a correction that is below
/// rounding is at most eight units times the order of the pole.
const UNITS: [f64; 12] = [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 16.0, 32.0, 64.0];
/// Share of a unit from which a correction moves an unknown.
const MOVED: f64 = 0.1;
/// Share of g to which it must fall for a point to be better.
const BETTER: f64 = 0.25;
/// Times that a better point is looked for: beside a pole there always is one.
const MOVES: usize = 4;

impl<P: Linearize> Point<'_, P> {
    /// A point a few units in the last place away, along the correction, at which the equation that is violated most is much better
    /// satisfied and no other is violated more than before, or than by rounding. None where all hold exactly at such a point: the
    /// one examined is then as near to a root as numbers are.
    ///
    /// Costs 24 evaluations.
    pub(super) fn nearby(&mut self, correction: &[f64]) -> Result<Option<P::State>, UserError> {
        let z = self.around.z.clone();
        let terms = anchor::terms(&self.jacobian, &z, &self.around.g);
        let unit = |j: usize| {
            let unit = self.epsilon * power_of_two(z[j]);
            if correction[j].abs() >= MOVED * unit { -unit.copysign(correction[j]) } else { 0.0 }
        };
        let units: Vec<f64> = (0..z.len()).map(unit).collect();
        let weight = |i: usize| (self.epsilon * terms[i]).max(f64::MIN_POSITIVE);
        let g = self.around.g.clone();
        let loudness = |i: &usize| g[*i].abs() / weight(*i);
        let Some(worst) = (0..g.len()).max_by(|a, b| loudness(a).total_cmp(&loudness(b))) else { return Ok(None) };
        let mut best = (BETTER * g[worst].abs(), None);
        for distance in UNITS.into_iter().flat_map(|units| [units, -units]) {
            let d: Vec<f64> = units.iter().map(|unit| distance * unit).collect();
            self.around.values(&d, &mut self.step, &mut self.change)?;
            let there = &self.change;
            let others = (0..g.len()).all(|i| i == worst || there[i].abs() <= g[i].abs().max(weight(i)));
            if others && there[worst].abs() < best.0 {
                let exact = there.iter().all(|g| *g == 0.0);
                let places = z.iter().zip(&self.step).map(|(z, step)| z + step).enumerate();
                best = (there[worst].abs(), (!exact).then(|| places.collect::<Vec<_>>()));
            }
        }
        Ok(best.1.map(|places| self.around.with_values(&places)))
    }
}

/// The largest power of two that is not above |z|; 0 for numbers below all normal ones.
fn power_of_two(z: f64) -> f64 {
    f64::from_bits(z.to_bits() & f64::INFINITY.to_bits())
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
