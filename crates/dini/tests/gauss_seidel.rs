//! Symmetric block Gauss-Seidel iteration, forward and for the linear systems.

use dini::cells::Tanh;
use dini::gradient::{AnyMode, Implicit, Method};
use dini::linear::GaussSeidel as LinearGaussSeidel;
use dini::problem::{Active, Problem};
use dini::solve::{Auto, GaussSeidel};
use dini::{Error, Model, Newton, Options, Picard, Real, Rows, Status, solve};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Numbers in (-1, 1).
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| T::of(rng.random_range(-1.0..1.0))).collect()
}

fn rows<T: Real>(samples: usize, n: usize, seed: u64) -> Rows<T> {
    Rows::from_vec(samples, n, numbers(samples * n, seed)).unwrap()
}

/// A cell whose W has a spectral radius of about `radius`.
fn cell<T: Real>(n: usize, samples: usize, radius: f64) -> Tanh<T> {
    let scale = T::of(radius * (3.0 / n as f64).sqrt());
    let w = numbers::<T>(n * n, 5).into_iter().map(|w| w * scale).collect();
    Tanh::new(n, w, rows(samples, n, 6)).unwrap()
}

/// A cell with W = Q diag(0.01 .. 0.99) Q^T, Q a reflection.
fn slow(n: usize, samples: usize) -> Tanh<f64> {
    let v = numbers::<f64>(n, 7);
    let square: f64 = v.iter().map(|v| v * v).sum();
    let q = |i: usize, j: usize| f64::from(u8::from(i == j)) - 2.0 * v[i] * v[j] / square;
    let d = |k: usize| 0.01 + 0.98 * k as f64 / (n - 1) as f64;
    let w = (0..n * n).map(|k| (0..n).map(|m| q(k / n, m) * d(m) * q(m, k % n)).sum()).collect();
    let x = numbers::<f64>(samples * n, 8).into_iter().map(|x| 0.02 * x).collect();
    Tanh::new(n, w, Rows::from_vec(samples, n, x).unwrap()).unwrap()
}

fn tight() -> Options {
    Options { relative: 1e-11, ..Options::default() }
}

fn implicit(window: usize) -> Implicit {
    let method = Method::GaussSeidel(LinearGaussSeidel { window, ..LinearGaussSeidel::default() });
    Implicit { method, ..Implicit::default() }
}

fn worst(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn finds_the_root_with_about_half_of_the_evaluations() {
    for (n, samples) in [(9, 1), (16, 3), (37, 4), (100, 7), (300, 2)] {
        let (cell, z0) = (cell::<f64>(n, samples, 0.7), Rows::new(samples, n));
        let exact = solve(&cell, &z0, &Newton::default(), &tight()).unwrap();
        let picard = solve(&cell, &z0, &Picard::default(), &tight()).unwrap();
        for window in [0, 1, 5] {
            let found = solve(&cell, &z0, &GaussSeidel { window }, &tight()).unwrap();
            let difference = worst(found.converged().unwrap().as_slice(), exact.z().as_slice());
            assert!(difference < 1e-9, "{n} {window}: {difference}");
            let share = found.evaluations() as f64 / picard.evaluations() as f64;
            assert!(n < 37 || share < 0.5, "{n} {window}: {share}");
        }
    }
}

#[test]
fn the_residual_reported_is_that_of_the_result() {
    for (radius, most, window) in [(0.5, 1000, 0), (0.5, 1000, 4), (0.5, 3, 0), (0.5, 1, 2), (3.0, 7, 0), (3.0, 7, 5)] {
        let (cell, z0) = (cell::<f64>(50, 3, radius), rows(3, 50, 1));
        let options = Options { max_iterations: most, ..tight() };
        let found = solve(&cell, &z0, &GaussSeidel { window }, &options).unwrap();
        let mut g = Rows::new(3, 50);
        cell.residual(Active::new(&[0, 1, 2], 0, false), found.z(), &mut g).unwrap();
        assert!(worst(g.as_slice(), found.residual().as_slice()) < 1e-14, "{radius} {most}");
        for s in 0..3 {
            let norm = g.row(s).iter().map(|g| g * g).sum::<f64>().sqrt();
            assert!((norm - found.outcomes()[s].residual).abs() <= 1e-14 * (1.0 + norm), "{radius} {most}");
            assert_eq!(
                found.outcomes()[s].status == Status::Converged,
                norm <= found.outcomes()[s].target,
                "{radius} {most}"
            );
        }
        assert_eq!(most < 1000, found.converged().is_err(), "{radius} {most}");
    }
}

#[test]
fn the_linear_systems_are_solved_as_by_elimination() {
    for n in [16, 60, 130] {
        let (cell, z0, w) = (cell::<f64>(n, 3, 0.7), Rows::new(3, n), rows::<f64>(3, n, 2));
        let solution = solve(&cell, &z0, &Newton::default(), &tight()).unwrap();
        let dense = Implicit { method: Method::Dense, ..Implicit::default() };
        let exact = solution.gradient(&w, &dense).unwrap();
        let direction = dini::cells::TanhGradient { w: numbers(n * n, 3), x: rows(3, n, 4) };
        let along = solution.pushforward_with(&direction, &dense).unwrap();
        for window in [0, 4] {
            let made = solution.gradient(&w, &implicit(window)).unwrap();
            assert!(worst(made.vector.as_slice(), exact.vector.as_slice()) < 1e-8, "{n} {window}");
            assert!(worst(&made.value.w, &exact.value.w) < 1e-8, "{n} {window}");
            let dz = solution.pushforward_with(&direction, &implicit(window)).unwrap();
            assert!(worst(dz.value.as_slice(), along.value.as_slice()) < 1e-6, "{n} {window}");
            // <dL/da, da> = <w, dz>
            let pair = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let left = pair(&made.value.w, &direction.w) + pair(made.value.x.as_slice(), direction.x.as_slice());
            let right = pair(w.as_slice(), dz.value.as_slice());
            assert!((left - right).abs() < 1e-7 * left.abs().max(1.0), "{n} {window}: {left} {right}");
        }
    }
}

/// Alone, in a batch, beside samples that start elsewhere, in chunks: bitwise the same.
fn does_not_depend_on_the_batch<T: Real>() {
    let (n, samples) = (100, 9);
    let (cell, mut z0, w) = (cell::<T>(n, samples, 0.6), rows::<T>(samples, n, 9), rows::<T>(samples, n, 2));
    for zero in [0, 4, 5] {
        z0.row_mut(zero).fill(T::zero());
    }
    for window in [0, 3] {
        let run = |cell: &Tanh<T>, z0: &Rows<T>, w: &Rows<T>, chunk| {
            let options = Options { chunk, ..Options::default() };
            let solution = solve(cell, z0, &GaussSeidel { window }, &options).unwrap();
            let lam = solution.adjoint(w, &implicit(window)).unwrap().vector;
            (solution.z().clone(), lam)
        };
        let (z, lam) = run(&cell, &z0, &w, None);
        for chunk in [1, 2, samples] {
            assert!(run(&cell, &z0, &w, Some(chunk)) == (z.clone(), lam.clone()), "{window} {chunk}");
        }
        for s in 0..samples {
            let one = |rows: &Rows<T>| Rows::from_vec(1, n, rows.row(s).to_vec()).unwrap();
            let alone = Tanh::new(n, cell.weights().to_vec(), one(cell.inputs())).unwrap();
            let (z_alone, lam_alone) = run(&alone, &one(&z0), &one(&w), None);
            assert!(z_alone.row(0) == z.row(s) && lam_alone.row(0) == lam.row(s), "{window} {s}");
        }
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    does_not_depend_on_the_batch::<f32>();
    does_not_depend_on_the_batch::<f64>();
}

#[test]
fn a_start_at_the_root_is_recognised_and_one_close_to_it_used() {
    let (cell, zero) = (cell::<f64>(60, 4, 0.8), Rows::new(4, 60));
    let cold = solve(&cell, &zero, &GaussSeidel::default(), &tight()).unwrap();
    let again = solve(&cell, cold.z(), &GaussSeidel::default(), &tight()).unwrap();
    // two passes show the rate of the contraction, without which a small residual says little
    assert!(again.evaluations() <= 12 && again.outcomes()[0].iterations <= 2);
    let exact = solve(&cell, cold.z(), &GaussSeidel::default(), &Options { relative: 1e-9, ..tight() }).unwrap();
    assert!(exact.outcomes()[0].iterations <= 2);
    let mut near = cold.z().clone();
    near.as_mut_slice().iter_mut().for_each(|z| *z += 1e-8);
    let warm = solve(&cell, &near, &GaussSeidel::default(), &tight()).unwrap();
    assert!(warm.converged().is_ok() && warm.evaluations() * 3 < cold.evaluations() * 2);
}

#[test]
fn mixing_accelerates_what_contracts_slowly() {
    let (cell, z0, w) = (slow(120, 3), Rows::new(3, 120), rows(3, 120, 2));
    let options = Options { relative: 1e-8, max_iterations: 5000, ..Options::default() };
    let plain = solve(&cell, &z0, &GaussSeidel::default(), &options).unwrap();
    let mixed = solve(&cell, &z0, &GaussSeidel { window: 8 }, &options).unwrap();
    assert!(plain.converged().is_ok() && mixed.converged().is_ok());
    assert!(mixed.evaluations() * 3 < plain.evaluations(), "{} {}", mixed.evaluations(), plain.evaluations());
    let products = |window| {
        let options = Implicit { tolerance: Some(1e-5), ..implicit(window) };
        mixed.gradient(&w, &options).unwrap().mean_iterations()
    };
    assert!(products(8) * 3.0 < products(0), "{} {}", products(8), products(0));
}

#[test]
fn auto_begins_with_it_and_knows_when_to_do_something_else() {
    let methods = |cell: &Tanh<f64>| {
        let solution =
            solve(cell, &Rows::new(cell.inputs().samples(), cell.size()), &Auto::default(), &tight()).unwrap();
        assert!(solution.converged().is_ok());
        solution.attempts(0).map(|attempt| attempt.method).collect::<Vec<_>>()
    };
    assert_eq!(methods(&cell(96, 2, 0.5)), ["gauss-seidel"]);
    assert_eq!(methods(&slow(96, 2)), ["gauss-seidel", "gauss-seidel, accelerated"]);
    assert_eq!(methods(&cell(95, 2, 0.4)), ["picard"]);
    assert_eq!(methods(&cell(8, 2, 0.5)), ["newton"]);
}

#[test]
fn a_problem_without_blocks_is_iterated_as_a_whole() {
    let problem = Model::fixed_point(|z, _| [z[0].cos()]).system(1).unwrap();
    let start = Rows::from_vec(1, 1, vec![0.5]).unwrap();
    for window in [0, 2] {
        let solution = solve(&problem, &start, &GaussSeidel { window }, &tight()).unwrap();
        let z = solution.converged().unwrap().row(0)[0];
        assert!((z - z.cos()).abs() < 1e-10);
        let lam = solution.adjoint(&Rows::from_vec(1, 1, vec![1.0]).unwrap(), &implicit(window)).unwrap().vector;
        assert!((lam.row(0)[0] - 1.0 / (1.0 + z.sin())).abs() < 1e-9);
    }
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let (cell, w) = (cell::<f64>(40, 2, 1.5), rows(2, 40, 2));
    let newton = Options { relative: 1e-10, ..Options::default() };
    let solution = solve(&cell, &Rows::new(2, 40), &Auto::default(), &newton).unwrap();
    assert!(solution.converged().is_ok());
    let few = LinearGaussSeidel { max_iterations: 2, ..LinearGaussSeidel::default() };
    let options = Implicit { method: Method::GaussSeidel(few), ..Implicit::default() };
    let error = solution.gradient(&w, &options).unwrap_err();
    let Error::Refused { failures } = &error else { panic!("{error}") };
    assert!(matches!(failures[..], [Error::LinearSolve { sample: 0, iterations: 1..=2, .. }, _]), "{error}");
    // and where the method is left to the library, it is solved all the same
    assert!(solution.gradient(&w, &Implicit::default()).is_ok());
}

#[test]
fn options_are_checked_by_name() {
    let (cell, z0) = (cell::<f64>(20, 1, 0.5), Rows::new(1, 20));
    let error = solve(&cell, &z0, &GaussSeidel { window: 17 }, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Option { name: "window", .. }), "{error}");
    let solution = solve(&cell, &z0, &GaussSeidel::default(), &Options::default()).unwrap();
    let fine = LinearGaussSeidel::default();
    for (name, method) in [
        ("window", LinearGaussSeidel { window: 17, ..fine.clone() }),
        ("max_iterations", LinearGaussSeidel { max_iterations: 0, ..fine.clone() }),
        ("patience", LinearGaussSeidel { patience: 0, ..fine.clone() }),
        ("gain", LinearGaussSeidel { gain: 1.0, ..fine }),
    ] {
        let options = Implicit { method: Method::GaussSeidel(method), ..Implicit::default() };
        let error = solution.gradient(&z0, &options).unwrap_err();
        assert!(matches!(error, Error::Option { name: found, .. } if found == name), "{error}");
    }
    assert!(AnyMode::by_name("gauss-seidel").is_some());
}
