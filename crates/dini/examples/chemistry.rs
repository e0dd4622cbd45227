//! Two chemical equilibria: one regular, with the full Jacobian of its composition; one at a fold,
//! where the implicit function theorem fails and dini says so.
//!
//! Run with `cargo run --release -p dini --example chemistry`.

use dini::gradient::{Implicit, OnFailure};
use dini::{Error, Model, Newton, Rows};

fn main() -> Result<(), Error> {
    // A + B <-> C and C + B <-> D in a closed vessel; unknowns are the extents u, v of the two reactions, parameters K1, K2, a, b
    let vessel = |p: &[f64; 4]| {
        Model::equation(|z, p| {
            let (a, b, c, d) = (p[2] - z[0], p[3] - z[0] - z[1], z[0] - z[1], z[1]);
            [p[0] * a * b - c, p[1] * c * b - d]
        })
        .parameters(p)
        .tolerance(1e-12)
        .solve(&[0.0, 0.0])
    };
    let p = [5.0, 0.8, 1.0, 1.5];
    let solved = vessel(&p)?;
    println!("vessel: extents {:.6?}, {}", solved.converged()?, solved.verdict()?);
    println!("{:>12} {:>10} {:>10} {:>10} {:>10} {:>12}", "", "d/dK1", "d/dK2", "d/da", "d/db", "error");
    let jacobian = solved.jacobian()?;
    for (i, name) in ["extent u", "extent v"].into_iter().enumerate() {
        let mut error = 0.0f64;
        for j in 0..4 {
            let shifted = |h: f64| -> Result<f64, Error> {
                Ok(vessel(&std::array::from_fn(|k| p[k] + if k == j { h } else { 0.0 }))?.converged()?[i])
            };
            error = error.max((jacobian.row(i)[j] - (shifted(1e-5)? - shifted(-1e-5)?) / 2e-5).abs());
        }
        let entries: String = jacobian.row(i).iter().map(|v| format!(" {v:>10.6}")).collect();
        println!("{name:>12}{entries} {error:>12.1e}");
    }

    // a stirred tank with the autocatalysis A + 2 B -> 3 B, one per Damkohler number: Da (1 - z) z = 1, the extinguished state z = 0
    // divided out. It burns at z = (1 + sqrt(1 - 4 / Da)) / 2 and goes out at Da = 4; below there is no root
    const DA: [f64; 5] = [8.0, 5.0, 4.1, 4.0, 3.0];
    let tanks = Model::equation(|z, da| [da[0] * (1.0 - z[0]) * z[0] - 1.0]).solver(Newton::default()).tolerance(1e-12);
    let tanks = tanks.samples(Rows::from_vec(5, 1, DA.to_vec())?).solve_samples(&Rows::from_vec(1, 1, vec![0.9])?)?;
    let ones = Rows::from_vec(5, 1, vec![1.0; 5])?;
    // by default one sample without a root refuses the whole derivative; here it is left out and reported
    println!("\ntanks: {}", tanks.pullback(&ones).err().map_or(String::new(), |e| e.to_string()));
    let dropped = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let derivative = tanks.pullback_with(&ones, &dropped)?;
    println!("{:>4} {:>10} {:>22} {:>12}  verdict", "Da", "z", "status", "dz/dDa");
    for (s, da) in DA.iter().enumerate() {
        let (verdict, value) = (tanks.verdict(s)?, derivative.value.row(s)[0]);
        let value = if verdict.holds { format!("{value:.6}") } else { "none".into() };
        println!(
            "{da:>4} {:>10.6} {:>22} {value:>12}  {verdict}",
            tanks.z().row(s)[0],
            tanks.outcomes()[s].status.to_string()
        );
    }
    Ok(())
}
