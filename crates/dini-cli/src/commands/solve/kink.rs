//! Kinks and jumps by a parameter: the library's verdict is about z, and sees none of them.

use super::model::Model;

/// Exponents of the distances to both sides, relative to the parameter: at a kink the slopes differ at all of them, while a
/// bend is gone at the smallest and rounding at the largest.
const DISTANCES: [i32; 5] = [-10, -15, -20, -25, -30];
/// A difference of slopes that counts, relative to the larger one.
const SHARP: f64 = 1.0 / 64.0;
/// And in units of the equation and the parameter.
const LEAST: f64 = 1e-5;

/// The first parameter by which g is not differentiable at the root z; `units` are factors that bring the rows of the model to 1.
pub(super) fn kink(model: &Model<'_>, values: &[f64], z: &[f64], units: &[f64]) -> Option<usize> {
    let mut parameters = values.to_vec();
    let all = if values.is_empty() { Vec::new() } else { model.slopes(z) };
    (0..parameters.len()).find(|&p| {
        let rows = model.rows_with(p);
        let code = model.code_of(&rows);
        let g = |parameters: &[f64]| {
            let mut g = vec![0.0; rows.len()];
            code.run_one(&[z, parameters], |row, value| g[row] = value);
            g
        };
        let value = parameters[p];
        let unit = if value == 0.0 { 1.0 } else { value.abs() };
        // rows without a derivative by it may have a jump
        let mut slopes = vec![0.0; rows.len()];
        for (row, slope) in &all[p] {
            if let Ok(place) = rows.binary_search(row) {
                slopes[place] = *slope;
            }
        }
        let at = g(&parameters);
        let mut sharp = vec![true; rows.len()];
        for exponent in DISTANCES {
            let sides = [1.0, -1.0].map(|sign| {
                let distance = sign * unit * 2f64.powi(exponent);
                parameters[p] = value + distance;
                g(&parameters).into_iter().zip(&at).map(|(g, at)| (g - at) / distance).collect()
            });
            let [ahead, behind]: [Vec<f64>; 2] = sides;
            for (i, sharp) in sharp.iter_mut().enumerate() {
                let weight = unit * units[rows[i]].abs();
                *sharp &= [ahead[i], behind[i]].iter().any(|slope| differ(*slope, slopes[i], weight));
            }
        }
        parameters[p] = value;
        sharp.contains(&true)
    })
}

/// Whether two slopes differ; at the edge of a domain there is none on one side, which is as bad.
fn differ(a: f64, b: f64, weight: f64) -> bool {
    let difference = (a - b).abs();
    difference.is_nan() || (difference > SHARP * a.abs().max(b.abs()) && difference * weight > LEAST)
}
