//! What verdicts and bounds on gradients cost against the solve: `cargo bench -p dini --bench certainty`.
//!
//! All of a line is measured in turns; the fastest of many rounds counts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use dini::cells::Tanh;
use dini::program::Var;
use dini::solve::{AnySolver, SparseNewton};
use dini::{Implicit, Model, Options, Real, Rows, solve};

/// The fastest of each, in turns.
fn fastest<const N: usize>(rounds: usize, mut runs: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut best = [Duration::MAX; N];
    for _ in 0..rounds {
        for (run, best) in runs.iter_mut().zip(&mut best) {
            let start = Instant::now();
            run();
            *best = (*best).min(start.elapsed());
        }
    }
    best.map(|time| time.as_secs_f64())
}

/// Numbers in -1..1.
fn numbers<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    std::iter::repeat_with(next).take(count).collect()
}

fn row<T: Real>(values: Vec<T>) -> Rows<T> {
    Rows::from_vec(1, values.len(), values).expect("one row")
}

/// A tanh cell with a W of norm 0.9 or so.
fn cell<T: Real>(n: usize) -> Tanh<T> {
    let size = T::of(0.45 * (3.0 / n as f64).sqrt());
    let w = numbers::<T>(1, n * n).into_iter().map(|v| v * size).collect();
    Tanh::new(n, w, row(numbers(2, n))).expect("a cell")
}

/// Pullbacks with and without the verdict, and the report, in shares of the solve.
fn layers<T: Real>(scalar: &str, name: &str, sizes: &[usize]) {
    let solver = AnySolver::by_name(name).expect("a solver");
    for &n in sizes {
        let (cell, options) = (cell::<T>(n), Options::default());
        let z0 = Rows::new(1, n);
        let w = row(numbers(3, n));
        let solution = solve(&cell, &z0, &solver, &options).expect("a solution");
        let judged = |verdict| Implicit { verdict: Some(verdict), ..Implicit::default() };
        let (with, without) = (judged(true), judged(false));
        let rounds = (20_000_000 / (n * n * n)).clamp(7, 2000);
        let [solved, plain, certain, report] = fastest(
            rounds,
            [
                &mut || _ = black_box(solve(&cell, &z0, &solver, &options)),
                &mut || _ = black_box(solution.pullback_with(&w, &without)),
                &mut || _ = black_box(solution.pullback_with(&w, &with)),
                &mut || _ = black_box(solution.gradient_report(&w, &without)),
            ],
        );
        println!(
            "{scalar} {name} n = {n}: solve {:.1} us; gradient {:.1} %, verdict {:.1} %, report {:.1} gradients",
            1e6 * solved,
            100.0 * plain / solved,
            100.0 * (certain - plain) / solved,
            report / plain
        );
    }
}

/// Bratu's equation on a square of m x m points: sparse Newton, the verdict, and the gradient's default one.
fn bratu(m: usize) {
    let h2 = 1.0 / ((m + 1) * (m + 1)) as f64;
    let traced = move |u: &[Var], a: &[Var]| -> Vec<Var> {
        let at = |x: usize, y: usize| if x < m && y < m { u[y * m + x] } else { 0.0.into() };
        let around =
            |x: usize, y: usize| at(x.wrapping_sub(1), y) + at(x + 1, y) + at(x, y.wrapping_sub(1)) + at(x, y + 1);
        let g = |k: usize| around(k % m, k / m) - 4.0 * u[k] + a[0] * h2 * u[k].exp();
        (0..m * m).map(g).collect()
    };
    let system = Model::equation(traced).find_pattern().parameters(&[5.0]).system(m * m).expect("a system");
    let (z0, w, options) = (row(vec![0.0; m * m]), row(vec![1.0; m * m]), Options::default());
    let newton = SparseNewton::default();
    let solution = solve(&system, &z0, &newton, &options).expect("a solution");
    println!("Bratu {m} x {m}: {}", solution.verdict(0).expect("a verdict"));
    let judged = |verdict| Implicit { verdict: Some(verdict), ..Implicit::default() };
    let (with, without) = (judged(true), judged(false));
    let [solved, verdict, plain, certain, report] = fastest(
        5,
        [
            &mut || _ = black_box(solve(&system, &z0, &newton, &options)),
            &mut || _ = black_box(solution.verdict(0)),
            &mut || _ = black_box(solution.pullback_with(&w, &without)),
            &mut || _ = black_box(solution.pullback_with(&w, &with)),
            &mut || _ = black_box(solution.gradient_report(&w, &without)),
        ],
    );
    println!(
        "Bratu {m} x {m}: solve {:.0} ms; verdict {:.2} of it, gradient {:.2}, its default verdict {:.3}, report {:.1} gradients",
        1e3 * solved,
        verdict / solved,
        plain / solved,
        (certain - plain) / solved,
        report / plain
    );
}

fn main() {
    let sizes = [20, 50, 100, 200, 500];
    layers::<f64>("f64", "newton", &sizes);
    layers::<f32>("f32", "newton", &sizes);
    layers::<f64>("f64", "auto", &sizes[..4]);
    bratu(50);
    bratu(200);
}
