//! `dini check`: the formulas of z = tanh(W z + x) on random instances.

use clap::Args;
use dini::cells::Tanh;
use dini::gradient::{Implicit, unrolled};
use dini::{Error, Newton, Options, Picard, Rows, solve};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::numbers::{between, seed, within};
use crate::failure::{Failure, Outcome};
use crate::memory;
use crate::output::say;

/// Verify the formulas of z = tanh(W z + x) on random instances: both forward methods, and dL/dx and dL/dW by the implicit
/// function theorem against central differences and against unrolling
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Sizes n of the state
    #[arg(short, long, value_delimiter = ',', default_values_t = [1, 2, 5, 20, 100], value_parser = size, allow_negative_numbers = true)]
    n: Vec<usize>,
    /// Samples per instance
    #[arg(short, long, default_value_t = 4, value_parser = size, allow_negative_numbers = true)]
    batch: usize,
    /// Instances per size
    #[arg(short, long, default_value_t = 3, value_parser = size, allow_negative_numbers = true)]
    instances: usize,
    /// Spectral norm of W, approximately; below 1, so that iterating converges
    #[arg(long, default_value_t = 0.8, value_parser = norm, allow_negative_numbers = true)]
    norm: f64,
    /// Seed of the instances
    #[arg(long, default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
}

fn size(text: &str) -> Result<usize, String> {
    within(text, 1..=4096)
}

fn norm(text: &str) -> Result<f64, String> {
    between(text, (0.0, 0.95))
}

/// Step of the central differences; their error is about h^2.
const STEP: f64 = 1e-5;

/// What is compared, and the relative error allowed.
const COLUMNS: [(&str, f64); 7] = [
    ("residual", 1e-12),
    ("Newton-Picard", 1e-10),
    ("dx differences", 1e-7),
    ("dx unrolled", 1e-9),
    ("dW differences", 1e-7),
    ("dW unrolled", 1e-9),
    ("adjoint identity", 1e-10),
];

/// Memory of an instance, at most: two n x n matrices a sample for Newton's method, the states of 300 unrolled iterations, and a
/// dozen matrices W (measured for n = 10 to 1000).
fn bytes(n: usize, batch: usize) -> u64 {
    // both are at most 4096
    let (n, batch) = (n as u64, batch as u64);
    8 * n * (2 * batch * n + 500 * batch + 12 * n)
}

struct Instance {
    n: usize,
    w: Vec<f64>,
    x: Vec<f64>,
    c: Vec<f64>,
    dw: Vec<f64>,
    dx: Vec<f64>,
}

/// Prints a row per size and fails if an error exceeds its tolerance.
///
/// # Errors
/// Code 1 if a formula does not hold, 2 without the memory for it.
pub fn run(args: &CheckArgs) -> Outcome {
    for &n in &args.n {
        memory::require(&format!("n = {n}, batch = {}", args.batch), bytes(n, args.batch))?;
    }
    say!(
        "z = tanh(W z + x), {} instances per size, {} samples each; largest relative errors",
        args.instances,
        args.batch
    );
    let cells: String = COLUMNS.iter().map(|(name, _)| format!("{name:>17}")).collect();
    say!("{:>6}{cells}", "n");
    let mut rng = StdRng::seed_from_u64(args.seed);
    let mut exceeded = Vec::new();
    for &n in &args.n {
        let mut worst = [0.0f64; COLUMNS.len()];
        for _ in 0..args.instances {
            let instance = Instance::random(n, args.batch, args.norm, &mut rng);
            let errors = instance.errors().map_err(|e| Failure::unsolved(format!("n = {n}: {e}")))?;
            // NaN must not pass for small
            worst.iter_mut().zip(errors).for_each(|(w, e)| *w = if e.is_nan() { f64::INFINITY } else { w.max(e) });
        }
        let cells: String = worst.iter().map(|e| format!("{e:>17.1e}")).collect();
        say!("{n:>6}{cells}");
        let over = COLUMNS.iter().zip(worst).filter(|((_, tolerance), error)| error > tolerance);
        exceeded
            .extend(over.map(|((name, tolerance), error)| format!("n = {n}: {name} {error:.1e} > {tolerance:.0e}")));
    }
    let cells: String = COLUMNS.iter().map(|(_, tolerance)| format!("{tolerance:>17.0e}")).collect();
    say!("{:>6}{cells}", "limit");
    if exceeded.is_empty() {
        say!("all formulas hold");
        return Ok(());
    }
    Err(Failure::unsolved(exceeded.join("; ")))
}

impl Instance {
    fn random(n: usize, batch: usize, norm: f64, rng: &mut StdRng) -> Self {
        let mut numbers = |count: usize, scale: f64| -> Vec<f64> {
            (0..count).map(|_| scale * rng.random_range(-1.0..1.0)).collect()
        };
        // uniform entries of variance s^2 / 3 make a spectral norm of about 2 s sqrt(n / 3)
        let scale = norm / 2.0 * (3.0 / n as f64).sqrt();
        Instance {
            n,
            w: numbers(n * n, scale),
            x: numbers(batch * n, 1.0),
            c: numbers(batch * n, 1.0),
            dw: numbers(n * n, 1.0),
            dx: numbers(batch * n, 1.0),
        }
    }

    fn rows(&self, values: &[f64]) -> Result<Rows<f64>, Error> {
        Rows::from_vec(values.len() / self.n, self.n, values.to_vec())
    }

    /// W + h dW, x + k dx
    fn cell(&self, h: f64, k: f64) -> Result<Tanh<f64>, Error> {
        let along = |a: &[f64], d: &[f64], h: f64| -> Vec<f64> { a.iter().zip(d).map(|(a, d)| a + h * d).collect() };
        Tanh::new(self.n, along(&self.w, &self.dw, h), self.rows(&along(&self.x, &self.dx, k))?)
    }

    fn errors(&self) -> Result<[f64; COLUMNS.len()], Error> {
        let options = Options { relative: 1e-13, max_iterations: 2000, ..Options::default() };
        let z0 = Rows::new(self.x.len() / self.n, self.n);
        let newton = |cell: &Tanh<f64>| solve(cell, &z0, &Newton::default(), &options)?.converged().cloned();
        let cell = self.cell(0.0, 0.0)?;
        let solution = solve(&cell, &z0, &Newton::default(), &options)?;
        let z = solution.converged()?.clone();
        let picard = solve(&cell, &z0, &Picard::default(), &options)?.converged()?.clone();
        let c = self.rows(&self.c)?;
        let exact = Implicit { tolerance: Some(1e-12), ..Implicit::default() };
        let gradient = solution.pullback_with(&c, &exact)?.value;
        let reference = unrolled(&cell, &z0, 300, 1.0, |_| c.clone())?.value;
        let tangent = dini::cells::TanhGradient { w: self.dw.clone(), x: self.rows(&self.dx)? };
        let forward = solution.pushforward_with(&tangent, &exact)?.value;

        let loss = |h: f64, k: f64| Ok::<f64, Error>(dot(newton(&self.cell(h, k)?)?.as_slice(), &self.c));
        let difference = |dh: f64, dk: f64| Ok::<f64, Error>((loss(dh, dk)? - loss(-dh, -dk)?) / (2.0 * STEP));
        let along_w = dot(&gradient.w, &self.dw);
        let along_x = dot(gradient.x.as_slice(), &self.dx);
        Ok([
            norm_of(solution.residual().as_slice()) / norm_of(z.as_slice()).max(f64::MIN_POSITIVE),
            apart(picard.as_slice(), z.as_slice()),
            relative(difference(0.0, STEP)?, along_x, norm_of(gradient.x.as_slice()) * norm_of(&self.dx)),
            apart(reference.x.as_slice(), gradient.x.as_slice()),
            relative(difference(STEP, 0.0)?, along_w, norm_of(&gradient.w) * norm_of(&self.dw)),
            apart(&reference.w, &gradient.w),
            relative(
                dot(&self.c, forward.as_slice()),
                along_w + along_x,
                norm_of(&self.c) * norm_of(forward.as_slice()),
            ),
        ])
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm_of(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// ||a - b|| / ||b||
fn apart(a: &[f64], b: &[f64]) -> f64 {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    norm_of(&difference) / norm_of(b).max(f64::MIN_POSITIVE)
}

/// |a - b| relative to what the two could be at most.
fn relative(a: f64, b: f64, scale: f64) -> f64 {
    (a - b).abs() / scale.max(f64::MIN_POSITIVE)
}
