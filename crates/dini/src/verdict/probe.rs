//! Differences of g on both sides of z*, compared with J over a range of distances.

use crate::error::UserError;
use crate::problem::Linearize;
use crate::solve::root::{Neighbourhood, Slope, general_position};

/// Largest disagreement e at a regular root: z* is then known to e^2 / 4 of the distance over which J changes by itself. In f64 that
/// is 1/4000, in f32, where rounding leaves more of z uncertain, 1/256. At a double root e is 1/4.
pub(super) fn tolerance(epsilon: f64) -> f64 {
    if epsilon > 1e-10 { 1.0 / 8.0 } else { 1.0 / 32.0 }
}
/// Ratio of neighbouring distances: coarse enough that the V of rounding against curvature has a sharp tip.
const RATIO: f64 = 8.0;
/// Neighbours of a least disagreement within this factor of it make it flat: a kink. At the tip of a V one is 4 times it.
const FLAT: f64 = 2.0;
/// Largest uncertainty of z*, in units of z*, at which a kink can be told from the global shape of g.
const NEAR: f64 = 1.0 / 64.0;
/// Largest distance in units of z*; linear equations of high condition need room above their rounding errors.
const FARTHEST: f64 = 1024.0;
/// Lengths tried at each distance, so that rounding does not agree with J by chance.
const LENGTHS: [f64; 3] = [1.0, 0.8, 0.6];

/// What the differences of g show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Finding {
    /// They agree with J on both sides.
    Smooth,
    /// The two sides disagree at every distance.
    Kink(f64),
    /// g is straight, but J is not its slope.
    Wrong(f64),
    /// Rounding hides g up to where its curvature sets in.
    Curved(f64),
}

impl Finding {
    fn deviation(self) -> f64 {
        match self {
            Finding::Smooth => 0.0,
            Finding::Kink(deviation) | Finding::Wrong(deviation) | Finding::Curved(deviation) => deviation,
        }
    }
}

/// A Newton step.
pub(super) struct Step<V> {
    /// Length relative to z*, in the largest component.
    pub size: f64,
    /// Where it leads: a batch of one.
    pub to: V,
}

/// How far differences of g disagree with J at one distance, relative to the step.
#[derive(Clone, Copy, Debug)]
struct Deviation {
    /// one side or the other from J
    slope: f64,
    /// half the difference of the two sides
    bend: f64,
    /// change of g as J weighs it, the smaller of the two sides
    moved: f64,
}

impl Deviation {
    fn largest(self) -> f64 {
        self.slope.max(self.bend)
    }
}

/// The test of one solution.
pub(super) struct Probe<'a, 'p, P: Linearize> {
    around: Neighbourhood<'p, P>,
    j: &'a dyn Slope,
    epsilon: f64,
    newton: Vec<f64>,
    /// step taken, and J^-1 (change of g) - step: forward, backward
    steps: [(Vec<f64>, Vec<f64>); 2],
}

impl<'a, 'p, P: Linearize> Probe<'a, 'p, P> {
    pub fn new(around: Neighbourhood<'p, P>, j: &'a dyn Slope, epsilon: f64) -> Result<Self, UserError> {
        let mut newton = around.g.clone();
        j.solve_near(&vec![0.0; newton.len()], &mut newton)?;
        let numbers = || (vec![0.0; newton.len()], vec![0.0; newton.len()]);
        let steps = [numbers(), numbers()];
        Ok(Probe { around, j, epsilon, newton, steps })
    }

    /// The Newton step from z*, unless it is lost in rounding.
    pub fn step(self) -> Option<Step<P::State>> {
        let largest = norm(&self.around.z, &vec![1.0; self.newton.len()]);
        let size = norm(&self.newton, &vec![largest; self.newton.len()]);
        (size > 8.0 * self.epsilon).then(|| Step { size, to: self.around.moved(&self.newton) })
    }

    /// The worst finding over all directions.
    pub fn run(&mut self) -> Result<Finding, UserError> {
        let n = self.newton.len();
        let mut directions = vec![None];
        if n > 1 {
            // the weakest direction is tested last: a kink is told from a fold by the others
            directions = vec![Some(1), Some(2), None];
        }
        for seed in directions {
            let finding = self.direction(seed)?;
            if finding != Finding::Smooth {
                return Ok(finding);
            }
        }
        Ok(Finding::Smooth)
    }

    /// Along one direction it is enough that g is confirmed in one set of units of the unknowns.
    fn direction(&mut self, seed: Option<u64>) -> Result<Finding, UserError> {
        let mut best = Finding::Curved(f64::INFINITY);
        for units in units(&self.around.z) {
            let mut direction = match seed {
                Some(seed) => general_position(units.len(), seed),
                None => self.j.weakest().iter().zip(&units).map(|(v, s)| v / s).collect(),
            };
            let length = direction.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
            // in this order: units may be as small as 1e-300
            direction.iter_mut().zip(&units).for_each(|(v, s)| *v = *v / length * s);
            if !(length > 0.0 && direction.iter().all(|v| v.is_finite())) {
                continue;
            }
            match self.scan(&direction, &units)? {
                Finding::Smooth => return Ok(Finding::Smooth),
                new if new.deviation() <= best.deviation() => best = new,
                _ => {}
            }
        }
        Ok(best)
    }

    /// Compares over all distances, in units of `units`, that cover the Newton step and are representable.
    fn scan(&mut self, direction: &[f64], units: &[f64]) -> Result<Finding, UserError> {
        let nearest = (2.0 * norm(&self.newton, units)).max(8.0 * self.epsilon * norm(&self.around.z, units).max(1.0));
        if !nearest.is_finite() {
            return Ok(Finding::Curved(f64::INFINITY));
        }
        // by far the most likely distance first
        let usual = self.deviation(direction, units, nearest.max(self.epsilon.sqrt()))?;
        let sharp = self.epsilon.cbrt();
        if usual.bend <= sharp && usual.slope <= tolerance(self.epsilon) {
            return Ok(Finding::Smooth);
        }
        let mut curve = Vec::new();
        let mut distance = nearest;
        while distance <= FARTHEST || curve.is_empty() {
            let deviation = self.deviation(direction, units, distance)?;
            if deviation.bend <= sharp && deviation.slope <= tolerance(self.epsilon) {
                return Ok(Finding::Smooth);
            }
            curve.push(deviation);
            distance *= RATIO;
        }
        Ok(match classify(&curve, sharp, tolerance(self.epsilon)) {
            Finding::Kink(deviation) if nearest > NEAR || self.is_delicate() => Finding::Curved(deviation),
            Finding::Wrong(deviation) if self.is_delicate() || !self.stays_wrong(direction, units, deviation)? => {
                Finding::Curved(deviation)
            }
            finding => finding,
        })
    }

    /// Whether J is as wrong a slope farther away: at a fold near 0 it only looks so where g is lost in rounding.
    fn stays_wrong(&mut self, direction: &[f64], units: &[f64], deviation: f64) -> Result<bool, UserError> {
        let largest = units.iter().fold(0.0, |max: f64, v| max.max(*v));
        let there = self.deviation(direction, units, self.epsilon.cbrt() * largest.recip().max(1.0))?;
        let same = there.slope.max(deviation) < FLAT * there.slope.min(deviation);
        Ok(same && there.bend < there.slope / RATIO)
    }

    /// Whether J is so close to singular that its inverse shows a fold as a jump of the slopes.
    fn is_delicate(&self) -> bool {
        self.j.condition() > self.epsilon.sqrt().recip()
    }

    /// Disagreement at one distance, the largest over [`LENGTHS`].
    fn deviation(&mut self, direction: &[f64], units: &[f64], distance: f64) -> Result<Deviation, UserError> {
        let mut worst = Deviation { slope: 0.0, bend: 0.0, moved: f64::INFINITY };
        for length in LENGTHS {
            for (sign, (step, error)) in [1.0, -1.0].into_iter().zip(&mut self.steps) {
                let d: Vec<f64> = direction.iter().map(|v| sign * length * distance * v).collect();
                self.around.change(&d, step, error)?;
                self.j.solve_near(step, error)?;
                worst.moved = worst.moved.min(norm(error, units) / norm(step, units));
                error.iter_mut().zip(&*step).for_each(|(e, s)| *e -= s);
            }
            let [(forward, ahead), (backward, behind)] = &self.steps;
            let both: Vec<f64> = ahead.iter().zip(behind).map(|(a, b)| a + b).collect();
            let size = norm(forward, units).min(norm(backward, units));
            worst.slope = larger(worst.slope, norm(ahead, units).max(norm(behind, units)) / size);
            worst.bend = larger(worst.bend, norm(&both, units) / (2.0 * size));
        }
        Ok(worst)
    }
}

/// The units in which steps are measured: each unknown in its own, all in that of the largest, and 1.
///
/// An unknown that should be 0 and is rounding noise has no unit of its own; one that is small for good reason has no
/// other.
fn units(z: &[f64]) -> Vec<Vec<f64>> {
    let largest = z.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    let common = if largest > 0.0 { largest } else { 1.0 };
    let own: Vec<f64> = z.iter().map(|v| if *v == 0.0 { common } else { v.abs() }).collect();
    let mut all = vec![own, vec![common; z.len()], vec![1.0; z.len()]];
    all.dedup();
    all
}

/// What a curve of disagreement over distance means.
fn classify(curve: &[Deviation], sharp: f64, tolerance: f64) -> Finding {
    let least = (0..curve.len()).min_by(|&a, &b| curve[a].largest().total_cmp(&curve[b].largest()));
    let Some((least, at)) = least.map(|i| (i, curve[i])) else { return Finding::Curved(f64::INFINITY) };
    if at.largest().is_infinite() {
        return Finding::Kink(f64::INFINITY);
    }
    let flat = |value: fn(&Deviation) -> f64| {
        let near = |i: usize| curve.get(i).is_none_or(|d| value(d).max(value(&at)) < FLAT * value(d).min(value(&at)));
        curve.len() > 1 && near(least + 1) && near(least.wrapping_sub(1))
    };
    let kink = at.bend > sharp && flat(|d| d.bend);
    // g is straight, and no plateau of rounding, but J is not its slope
    let wrong = at.slope > tolerance && at.bend < at.slope / RATIO && at.moved > tolerance && flat(|d| d.slope);
    if kink {
        Finding::Kink(at.largest())
    } else if wrong {
        Finding::Wrong(at.slope)
    } else if at.largest() <= tolerance {
        Finding::Smooth
    } else {
        Finding::Curved(at.largest())
    }
}

/// Largest |v_j| / units_j; infinite where one is NaN.
fn norm(v: &[f64], units: &[f64]) -> f64 {
    v.iter().zip(units).fold(0.0, |max, (v, s)| larger(max, v.abs() / s))
}

/// The larger of two magnitudes; infinite where one is NaN.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::INFINITY } else { a.max(b) }
}
