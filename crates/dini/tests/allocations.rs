//! No solver allocates between its first and its last iteration.

use std::sync::Arc;

use allocation_counter::measure;
use dini::cells::Tanh;
use dini::model::System;
use dini::problem::{Linearize, Sparsity};
use dini::program::Var;
use dini::solve::{AnySolver, Bracketing, Control, Solver, SparseNewton, Workspace};
use dini::{Model, Options, Rows, solve_with};

const N: usize = 12;

/// z_i = tanh(a (z_{i-1} + z_{i+1})) + 0.3, traced: tridiagonal.
fn chain(samples: usize, sparse: bool) -> System<f64> {
    let f = |z: &[Var], a: &[Var]| -> [Var; N] {
        let at = |i: usize| z.get(i).copied().unwrap_or(0.0.into());
        std::array::from_fn(|i| (a[0] * (at(i.wrapping_sub(1)) + at(i + 1))).tanh() + 0.3)
    };
    let model = Model::fixed_point(f).samples(Rows::from_vec(samples, 1, vec![0.2; samples]).unwrap());
    if sparse { model.find_pattern() } else { model }.system(N).unwrap()
}

/// z_i - cos(0.2 z_{i+1}) - 0.1 s of sample s, by value.
fn residual(z: &[f64], a: &[f64], g: &mut [f64]) {
    (0..N).for_each(|i| g[i] = z[i] - (0.2 * z[(i + 1) % N]).cos() - a[0]);
}

fn shifts(samples: usize) -> Rows<f64> {
    Rows::from_vec(samples, 1, (0..samples).map(|s| 0.1 * s as f64).collect()).unwrap()
}

fn slices(samples: usize) -> System<f64> {
    let model = Model::equation_on_slices(residual).jacobian(|z, _, j| {
        for i in 0..N {
            j[i * N + i] = 1.0;
            j[(i + 1) % N * N + i] = 0.2 * (0.2 * z[(i + 1) % N]).sin();
        }
    });
    model.samples(shifts(samples)).system(N).unwrap()
}

fn differences(samples: usize) -> System<f64> {
    Model::equation_on_slices(residual).samples(shifts(samples)).system(N).unwrap()
}

/// As `chain` by value, with coloured differences.
fn coloured(samples: usize) -> System<f64> {
    let f = |z: &[f64], a: &[f64], f: &mut [f64]| {
        let at = |i: usize| z.get(i).copied().unwrap_or(0.0);
        (0..N).for_each(|i| f[i] = (a[0] * (at(i.wrapping_sub(1)) + at(i + 1))).tanh() + 0.3);
    };
    let model = Model::fixed_point_on_slices(f).pattern(Sparsity::tridiagonal(N).unwrap());
    model.samples(Rows::from_vec(samples, 1, vec![0.2; samples]).unwrap()).system(N).unwrap()
}

fn cell(samples: usize) -> Tanh<f64> {
    let w = (0..N * N).map(|i| 0.5 / N as f64 * (i as f64 * 0.7).sin()).collect();
    let x = (0..samples * N).map(|i| (i as f64 * 0.3).cos()).collect();
    Tanh::new(N, w, Rows::from_vec(samples, N, x).unwrap()).unwrap()
}

/// Allocations of a solve with memory that has been used before, and its iterations.
fn cost<P, S>(problem: &P, solver: &S, z0: &Rows<f64>, relative: f64) -> (u64, usize)
where
    P: Linearize<State = Rows<f64>>,
    S: Solver<P>,
    for<'a> S: Solver<&'a P>,
{
    let options = Options { relative, chunk: Some(z0.samples()), ..Options::default() };
    let mut workspace = Workspace::default();
    let mut iterations = 0;
    let mut run = || {
        let solution = solve_with(problem, z0, solver, &options, &mut workspace, &|_| Control::Continue).unwrap();
        assert!(solution.converged().is_ok());
        iterations = (0..z0.samples()).map(|s| solution.outcomes()[s].iterations).max().unwrap_or(0);
    };
    run();
    (measure(&mut run).count_total, iterations)
}

/// More iterations must not mean more allocations.
fn steps_do_not_allocate<P, S>(problem: &P, solver: &S, z0: &Rows<f64>, what: &str)
where
    P: Linearize<State = Rows<f64>>,
    S: Solver<P>,
    for<'a> S: Solver<&'a P>,
{
    let (loose, few) = cost(problem, solver, z0, 0.3);
    let (tight, many) = cost(problem, solver, z0, 1e-9);
    assert!(few < many, "{what}: {few} and {many} iterations tell nothing");
    // a closer look at a point allocates, each time that the residual has halved since the last one; an iteration does not
    let looks = 16 * z0.samples() as u64;
    assert!(tight <= loose + looks, "{what}: {loose} and {tight} allocations in {few} and {many} iterations");
}

#[test]
fn solvers_do_not_allocate_while_they_iterate() {
    let (samples, z0) = (5, Rows::new(5, N));
    for name in AnySolver::NAMES {
        let solver = AnySolver::by_name(name).unwrap();
        steps_do_not_allocate(&cell(samples), &solver, &z0, &format!("{name}, tanh cell"));
        steps_do_not_allocate(&slices(samples), &solver, &z0, &format!("{name}, slices"));
        steps_do_not_allocate(&chain(samples, false), &solver, &z0, &format!("{name}, traced"));
        steps_do_not_allocate(&differences(samples), &solver, &z0, &format!("{name}, differences"));
        steps_do_not_allocate(&Arc::new(cell(samples)), &solver, &z0, &format!("{name}, shared"));
    }
}

#[test]
fn a_sparse_newton_does_not_allocate_while_it_iterates() {
    for (samples, z0) in [(1, Rows::new(1, N)), (3, Rows::new(3, N))] {
        steps_do_not_allocate(&chain(samples, true), &SparseNewton::default(), &z0, "sparse newton");
        steps_do_not_allocate(&coloured(samples), &SparseNewton::default(), &z0, "sparse newton by differences");
    }
}

#[test]
fn products_of_a_trace_do_not_allocate() {
    // every unknown depends on every other: above 64, such a fixed point has products alone
    let n = 70;
    let f = |z: &[Var], a: &[Var]| -> Vec<Var> {
        let mean = z.iter().sum::<Var>() / n as f64;
        z.iter().map(|z| (0.3 * z + 0.4 * mean + a[0] + 0.2).tanh()).collect()
    };
    for samples in [1, 5] {
        let system = Model::fixed_point(f).samples(shifts(samples)).system(n).unwrap();
        let z0 = Rows::from_vec(samples, n, (0..samples * n).map(|k| (k as f64).sin()).collect()).unwrap();
        for name in ["picard", "anderson", "newton-krylov"] {
            steps_do_not_allocate(&system, &AnySolver::by_name(name).unwrap(), &z0, &format!("{name}, products"));
        }
    }
}

#[test]
fn bracketing_does_not_allocate_while_it_iterates() {
    let parameters = Rows::from_vec(3, 1, vec![2.0, 3.0, 4.0]).unwrap();
    let root = Model::equation(|z, a| [z[0].exp() - a[0]]).samples(parameters).system(1).unwrap();
    let solver = Bracketing::between(-1.0, 4.0).unwrap();
    steps_do_not_allocate(&root, &solver, &Rows::from_vec(3, 1, vec![0.1; 3]).unwrap(), "bracketing");
}
