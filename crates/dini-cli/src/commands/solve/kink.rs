//! Kinks and jumps by a parameter: the library's verdict is about z, and sees none of them.

use dini::num_dual::Dual64;

use super::model::Model;
use crate::equation::System;

/// Exponents of the distances to both sides, relative to the parameter: at a kink the slopes differ at all of them, while a
/// bend is gone at the smallest and rounding at the largest.
const DISTANCES: [i32; 5] = [-10, -15, -20, -25, -30];
/// A difference of slopes that counts, relative to the larger one.
const SHARP: f64 = 1.0 / 64.0;
/// And in units of the equation and the parameter.
const LEAST: f64 = 1e-5;

/// The first parameter by which g is not differentiable at the root z; `rows` are factors that bring the rows of the model to 1.
pub(super) fn kink(system: &System, model: &Model<'_>, z: &[f64], rows: &[f64]) -> Option<usize> {
    let mut factors = vec![1.0; rows.len()];
    rows.iter().enumerate().for_each(|(row, factor)| factors[model.equation(row)] = *factor);
    let at = residual_at(system, z, system.parameter_values());
    let mut parameters = system.parameter_values().to_vec();
    (0..parameters.len()).find(|&p| {
        let value = parameters[p];
        let unit = if value == 0.0 { 1.0 } else { value.abs() };
        let slopes = slopes(system, z, p);
        let mut sharp = vec![true; z.len()];
        for exponent in DISTANCES {
            let sides = [1.0, -1.0].map(|sign| {
                let distance = sign * unit * 2f64.powi(exponent);
                parameters[p] = value + distance;
                residual_at(system, z, &parameters).into_iter().zip(&at).map(|(g, at)| (g - at) / distance).collect()
            });
            let [ahead, behind]: [Vec<f64>; 2] = sides;
            for (i, sharp) in sharp.iter_mut().enumerate() {
                let weight = unit * factors[i].abs();
                *sharp &= [ahead[i], behind[i]].iter().any(|slope| differ(*slope, slopes[i], weight));
            }
        }
        parameters[p] = value;
        sharp.contains(&true)
    })
}

/// Left minus right of every equation.
fn residual_at(system: &System, z: &[f64], parameters: &[f64]) -> Vec<f64> {
    let mut g = vec![0.0; z.len()];
    system.residual(z, parameters, &mut g);
    g
}

/// Whether two slopes differ; at the edge of a domain there is none on one side, which is as bad.
fn differ(a: f64, b: f64, weight: f64) -> bool {
    let difference = (a - b).abs();
    difference.is_nan() || (difference > SHARP * a.abs().max(b.abs()) && difference * weight > LEAST)
}

/// dg/da for parameter `p`.
fn slopes(system: &System, z: &[f64], p: usize) -> Vec<f64> {
    let unknowns: Vec<Dual64> = z.iter().map(|v| Dual64::from_re(*v)).collect();
    let mut parameters: Vec<Dual64> = system.parameter_values().iter().map(|v| Dual64::from_re(*v)).collect();
    parameters[p] = parameters[p].derivative();
    let mut out = vec![Dual64::from_re(0.0); z.len()];
    system.residual(&unknowns, &parameters, &mut out);
    out.iter().map(|g| g.eps).collect()
}
