//! The layer z = tanh(W z + x): solved for a batch, differentiated by the implicit function theorem, and checked by
//! differences.
//!
//! The loss is L = sum c z*. One adjoint solve per sample gives dL/dW (summed over the batch) and dL/dx (per sample).
//!
//! Run with `cargo run --release -p dini --example tanh_layer`.

use dini::{Error, Newton, Options, Rows, cells::Tanh, solve};

const N: usize = 3;
const B: usize = 2;
const W: [f64; N * N] = [0.4, -0.3, 0.1, 0.2, 0.5, -0.2, -0.1, 0.3, 0.3];
const X: [f64; B * N] = [0.5, -1.0, 0.2, 0.7, 0.0, -0.4];
const C: [f64; B * N] = [1.0, 2.0, -1.0, 0.5, 1.0, 3.0];

fn rows(values: &[f64]) -> Result<Rows<f64>, Error> {
    Rows::from_vec(B, N, values.to_vec())
}

/// L for any W and x.
fn loss(w: &[f64], x: &[f64]) -> Result<f64, Error> {
    let cell = Tanh::new(N, w.to_vec(), rows(x)?)?;
    let solution = solve(&cell, &Rows::new(B, N), &Newton::default(), &tight())?;
    Ok(solution.converged()?.as_slice().iter().zip(&C).map(|(z, c)| z * c).sum())
}

fn tight() -> Options {
    Options { relative: 1e-14, ..Options::default() }
}

/// Largest difference between `gradient` and central differences of `f` around `at`.
fn error(gradient: &[f64], at: &[f64], f: impl Fn(&[f64]) -> Result<f64, Error>) -> Result<f64, Error> {
    let h = 1e-5;
    let mut worst = 0.0f64;
    for (i, g) in gradient.iter().enumerate() {
        let shifted =
            |by: f64| f(&at.iter().enumerate().map(|(j, v)| if i == j { v + by } else { *v }).collect::<Vec<_>>());
        worst = worst.max((g - (shifted(h)? - shifted(-h)?) / (2.0 * h)).abs());
    }
    Ok(worst)
}

fn main() -> Result<(), Error> {
    let cell = Tanh::new(N, W.to_vec(), rows(&X)?)?;
    let solution = solve(&cell, &Rows::new(B, N), &Newton::default(), &tight())?;
    let z = solution.converged()?;
    for s in 0..B {
        println!(
            "sample {s}: z* = {:.6?}, {} iterations, residual {:.1e}",
            z.row(s),
            solution.outcomes()[s].iterations,
            solution.outcomes()[s].residual
        );
        println!("          {}", solution.verdict(s)?);
    }
    let gradient = solution.pullback(&rows(&C)?)?.value;
    println!("dL/dW = {:.6?}", gradient.w);
    println!("dL/dx = {:.6?}", gradient.x.as_slice());
    println!("largest error of dL/dW against differences: {:.1e}", error(&gradient.w, &W, |w| loss(w, &X))?);
    println!("largest error of dL/dx against differences: {:.1e}", error(gradient.x.as_slice(), &X, |x| loss(&W, x))?);
    Ok(())
}
