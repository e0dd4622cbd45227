//! Two chemical equilibria stated by closures: one regular, with the full Jacobian of its composition; one at a fold,
//! where the implicit function theorem fails and dini says so.
//!
//! Run with `cargo run --release -p dini --example chemistry`.

use dini::gradient::{Implicit, OnFailure};
use dini::problem::Closure;
use dini::{Error, Newton, Options, Rows, solve};

/// A + B <-> C and C + B <-> D in a closed vessel; unknowns are the extents u, v of the two reactions, so that
/// [A] = a - u, [B] = b - u - v, [C] = u - v, [D] = v. Parameters K1, K2, a, b.
fn vessel(k1: f64, k2: f64, a: f64, b: f64) -> Closure<f64> {
    let of = move |z: &[f64]| (a - z[0], b - z[0] - z[1], z[0] - z[1], z[1]);
    let residual = move |_, z: &[f64], g: &mut [f64]| {
        let (a, b, c, d) = of(z);
        g.copy_from_slice(&[k1 * a * b - c, k2 * c * b - d]);
    };
    // matrices are column-major: one line per unknown, one line per parameter
    let jacobian = move |_, z: &[f64], j: &mut [f64]| {
        let (a, b, c, _) = of(z);
        j.copy_from_slice(&[[-k1 * (a + b) - 1.0, k2 * (b - c)], [-k1 * a + 1.0, -k2 * (b + c) - 1.0]].concat());
    };
    let parameters = move |_, z: &[f64], d: &mut [f64]| {
        let (a, b, c, _) = of(z);
        d.copy_from_slice(&[[a * b, 0.0], [0.0, c * b], [k1 * b, 0.0], [k1 * a, k2 * c]].concat());
    };
    Closure::new(2, residual, jacobian).parameters(4, parameters)
}

/// A stirred tank with the autocatalysis A + 2 B -> 3 B, one per Damkohler number: Da (1 - z) z = 1, the extinguished
/// state z = 0 divided out. It burns at z = (1 + sqrt(1 - 4 / Da)) / 2 and goes out at Da = 4; below there is no root.
fn tanks(da: &'static [f64]) -> Closure<f64> {
    let residual = |s: usize, z: &[f64], g: &mut [f64]| g[0] = da[s] * (1.0 - z[0]) * z[0] - 1.0;
    let jacobian = |s: usize, z: &[f64], j: &mut [f64]| j[0] = da[s] * (1.0 - 2.0 * z[0]);
    Closure::new(1, residual, jacobian).parameters(1, |_, z, d| d[0] = (1.0 - z[0]) * z[0])
}

fn main() -> Result<(), Error> {
    let options = Options { relative: 1e-12, ..Options::default() };
    let at = |p: [f64; 4]| solve(vessel(p[0], p[1], p[2], p[3]), &Rows::new(1, 2), &Newton::default(), &options);
    let p = [5.0, 0.8, 1.0, 1.5];
    let solution = at(p)?;
    println!("vessel: extents {:.6?}, {}", solution.converged()?.row(0), solution.verdict(0)?);
    println!("{:>12} {:>10} {:>10} {:>10} {:>10} {:>12}", "", "d/dK1", "d/dK2", "d/da", "d/db", "error");
    for (i, row) in solution.jacobian(0)?.iter().enumerate() {
        let mut error = 0.0f64;
        for j in 0..4 {
            let shifted = |h: f64| {
                Ok::<f64, Error>(
                    at(std::array::from_fn(|k| p[k] + if k == j { h } else { 0.0 }))?.converged()?.row(0)[i],
                )
            };
            error = error.max((row.row(0)[j] - (shifted(1e-5)? - shifted(-1e-5)?) / 2e-5).abs());
        }
        let entries: String = row.row(0).iter().map(|v| format!(" {v:>10.6}")).collect();
        println!("{:>12}{entries} {error:>12.1e}", ["extent u", "extent v"][i]);
    }

    const DA: [f64; 5] = [8.0, 5.0, 4.1, 4.0, 3.0];
    let tanks = solve(tanks(&DA), &Rows::from_vec(5, 1, vec![0.9; 5])?, &Newton::default(), &options)?;
    let ones = Rows::from_vec(5, 1, vec![1.0; 5])?;
    // by default one sample without a root refuses the whole derivative; here it is left out and reported
    println!("\ntanks: {}", tanks.pullback(&ones).err().map_or(String::new(), |e| e.to_string()));
    let dropped = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let derivative = tanks.pullback_with(&ones, &dropped)?;
    println!("{:>4} {:>10} {:>22} {:>12}  verdict", "Da", "z", "status", "dz/dDa");
    for (s, da) in DA.iter().enumerate() {
        let (verdict, value) = (tanks.verdict(s)?, derivative.value.row(s)[0]);
        let value = if verdict.holds { format!("{value:.6}") } else { "none".into() };
        println!("{da:>4} {:>10.6} {:>22} {value:>12}  {verdict}", tanks.z().row(s)[0], tanks.status(s).to_string());
    }
    Ok(())
}
