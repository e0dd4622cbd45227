//! Fitting the parameters of an implicit equation by Newton's method, with exact second derivatives.
//!
//! The anomaly E of an orbit solves E - e sin E = M with M = t + c. From anomalies y observed at several times t, the
//! eccentricity e and the phase c are found that minimise L = sum (E - y)^2 / 2. Every observation is a sample with parameters
//! (e, M), in which e and c enter linearly, so that the gradient and the Hessian of L are the sums of theirs.
//!
//! Run with `cargo run --release -p dini --example hessian`.

use dini::{Error, Model, Rows};

const TIMES: [f64; 6] = [0.3, 0.9, 1.6, 2.2, 3.5, 4.6];
/// Anomalies at e = 0.55, c = 0.2, with errors of observation of up to 0.05.
const OBSERVED: [f64; 6] = [0.99, 1.60, 2.26, 2.64, 3.55, 4.27];
const B: usize = TIMES.len();

/// Gradient and Hessian of L by (e, c), the latter row by row.
fn derivatives([e, c]: [f64; 2]) -> Result<([f64; 2], [[f64; 2]; 2]), Error> {
    let parameters = Rows::from_vec(B, 2, TIMES.iter().flat_map(|t| [e, t + c]).collect())?;
    let kepler = Model::equation(|z, a| [z[0] - a[0] * z[0].sin() - a[1]]).tolerance(1e-14);
    let solution = kepler.samples(parameters).solve_samples(&Rows::from_vec(B, 1, OBSERVED.to_vec())?)?;
    let z = solution.converged()?.as_slice();
    // L is quadratic in E: w = E - y, and its derivative along dE is dE itself
    let w = Rows::from_vec(B, 1, z.iter().zip(OBSERVED).map(|(z, y)| z - y).collect())?;
    let sum = |rows: &Rows<f64>| [0, 1].map(|j| (0..B).map(|s| rows.row(s)[j]).sum::<f64>());
    let along = |unit: [f64; 2]| -> Result<[f64; 2], Error> {
        let direction = Rows::from_vec(B, 2, [unit; B].concat())?;
        Ok(sum(&solution.hessian_product(&w, &direction, |dz| dz.clone())?.value))
    };
    Ok((sum(&solution.pullback(&w)?.value), [along([1.0, 0.0])?, along([0.0, 1.0])?]))
}

fn main() -> Result<(), Error> {
    let mut a = [0.5, 0.3];
    println!("{:>4} {:>18} {:>18} {:>12} {:>12}", "step", "e", "c", "|dL/da|", "asymmetry");
    for step in 0..7 {
        let (g, [[ee, ec], [ce, cc]]) = derivatives(a)?;
        println!("{step:>4} {:>18.15} {:>18.15} {:>12.1e} {:>12.1e}", a[0], a[1], g[0].hypot(g[1]), (ec - ce).abs());
        let determinant = ee * cc - ec * ce;
        a = [a[0] - (cc * g[0] - ec * g[1]) / determinant, a[1] - (ee * g[1] - ce * g[0]) / determinant];
    }
    Ok(())
}
