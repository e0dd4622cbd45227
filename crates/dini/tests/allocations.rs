//! No solver allocates between its first and its last iteration.

use std::sync::Arc;

use allocation_counter::measure;
use dini::cells::Tanh;
use dini::num_dual::DualNum;
use dini::problem::{Closure, Differences, Dual, Equation, FixedPoint, Linearize, Sparse, Sparsity};
use dini::solve::{AnySolver, Bracketing, Control, Solver, SparseNewton, Workspace};
use dini::{Options, Rows, solve_with};

const N: usize = 12;

/// z_i = tanh(a (z_{i-1} + z_{i+1})) + 0.3: tridiagonal.
#[derive(Clone)]
struct Chain;

impl Equation<f64> for Chain {
    fn unknowns(&self) -> usize {
        N
    }
    fn parameters(&self) -> usize {
        1
    }
    fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        for i in 0..N {
            let below = if i > 0 { z[i - 1] } else { z[i] * 0.0 };
            let above = if i + 1 < N { z[i + 1] } else { z[i] * 0.0 };
            out[i] = (a[0] * (below + above)).tanh() + 0.3;
        }
    }
}

fn chain(samples: usize) -> Dual<Chain, f64> {
    Dual::new(Chain, Rows::from_vec(samples, 1, vec![0.2; samples]).unwrap()).unwrap()
}

fn closure() -> Closure<f64> {
    Closure::new(
        N,
        |s, z: &[f64], g: &mut [f64]| (0..N).for_each(|i| g[i] = z[i] - (0.2 * z[(i + 1) % N]).cos() - 0.1 * s as f64),
        |_, z, j| {
            for i in 0..N {
                j[i * N + i] = 1.0;
                j[(i + 1) % N * N + i] = 0.2 * (0.2 * z[(i + 1) % N]).sin();
            }
        },
    )
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
        iterations = (0..z0.samples()).map(|s| solution.iterations(s)).max().unwrap_or(0);
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
        steps_do_not_allocate(&closure(), &solver, &z0, &format!("{name}, closure"));
        steps_do_not_allocate(&FixedPoint(chain(samples)), &solver, &z0, &format!("{name}, dual numbers"));
        steps_do_not_allocate(&Differences(closure()), &solver, &z0, &format!("{name}, differences"));
        steps_do_not_allocate(&Arc::new(cell(samples)), &solver, &z0, &format!("{name}, shared"));
    }
}

#[test]
fn a_sparse_newton_does_not_allocate_while_it_iterates() {
    let sparse = Sparse { problem: FixedPoint(chain(3)), sparsity: Sparsity::tridiagonal(N).unwrap() };
    steps_do_not_allocate(&sparse, &SparseNewton::default(), &Rows::new(3, N), "sparse newton");
}

#[test]
fn bracketing_does_not_allocate_while_it_iterates() {
    let root = Closure::new(1, |s, z: &[f64], g| g[0] = z[0].exp() - 2.0 - s as f64, |_, z, j| j[0] = z[0].exp());
    let solver = Bracketing::between(-1.0, 4.0).unwrap();
    steps_do_not_allocate(&root, &solver, &Rows::from_vec(3, 1, vec![0.1; 3]).unwrap(), "bracketing");
}
