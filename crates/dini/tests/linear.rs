//! Linear solvers: GMRES, refinement, dense LU, and the systems of the derivative.

#![allow(clippy::needless_range_loop)]

mod common;

use common::{dot, error, norm, numbers, rows, times};
use dini::batch::Batch;
use dini::gradient::{Implicit, Method};
use dini::linear::{DenseLu, Gmres, Inverse, LinearRecord, LinearSolver, Refinement, System};
use dini::model;
use dini::problem::Active;
use dini::{Error, Model, Newton, Options, Real, Rows, Status, solve};
use faer::linalg::solvers::{FullPivLu, Solve};
use faer::{Mat, MatRef};

/// I + `size` * random, column-major: nonsymmetric.
fn matrix<T: Real>(seed: u64, n: usize, size: f64) -> Vec<T> {
    let mut a = numbers::<T>(seed, n * n);
    let scale = T::of(size * (3.0 / n as f64).sqrt());
    a.iter_mut().for_each(|v| *v *= scale);
    (0..n).for_each(|i| a[i * n + i] += T::one());
    a
}

struct Solved {
    x: Rows<f64>,
    records: Vec<LinearRecord>,
    /// calls of the operator
    products: usize,
}

/// Solves with one matrix a sample, preconditioned by `inverse`.
fn run(
    solver: &dyn LinearSolver<Rows<f64>>,
    a: &[Vec<f64>],
    b: &Rows<f64>,
    inverse: Option<&DenseLu<f64>>,
    tolerance: f64,
) -> Solved {
    let slots: Vec<usize> = (0..a.len()).collect();
    let at = Active::new(&slots, 0, false);
    let mut products = 0;
    let product = |v: &Rows<f64>, out: &mut Rows<f64>, transposed: bool| {
        (0..a.len()).for_each(|s| out.row_mut(s).copy_from_slice(&times(&a[s], v.row(s), transposed)));
        Ok(())
    };
    let mut x = b.zeros(b.samples());
    x.as_mut_slice().fill(f64::NAN); // the start must not matter
    let mut system = System {
        operator: &mut |v, out| {
            products += 1;
            product(v, out, false)
        },
        transpose: &mut |u, out| product(u, out, true),
        precondition: &|r| inverse.is_some_and(|lu| Inverse::solve(lu, at, r)),
        precondition_transpose: &|r| inverse.is_some_and(|lu| Inverse::solve_transpose(lu, at, r)),
    };
    let records = solver.solve(&mut system, b, &mut x, tolerance).unwrap();
    Solved { x, records, products }
}

/// ||b - A x|| / ||b|| by plain loops.
fn relative_residual(a: &[f64], x: &[f64], b: &[f64]) -> f64 {
    let r: Vec<f64> = times(a, x, false).iter().zip(b).map(|(ax, b)| b - ax).collect();
    norm(&r) / norm(b)
}

fn factored(a: &[Vec<f64>]) -> DenseLu<f64> {
    let n = a[0].len().isqrt();
    let mut lu = DenseLu::new(a.len(), n);
    for (s, a) in a.iter().enumerate() {
        lu.matrices_mut()[s * n * n..(s + 1) * n * n].copy_from_slice(a);
        lu.factor(s);
    }
    lu
}

#[test]
fn gmres_with_restarts_shorter_than_n_solves_nonsymmetric_systems() {
    for (n, restart) in [(1, 1), (2, 1), (7, 3), (30, 5), (30, 30), (61, 20), (10, 50)] {
        let a: Vec<_> = (0..3).map(|s| matrix(10 + s, n, 0.5)).collect();
        let b = rows(20, 3, n);
        let solved = run(&Gmres { restart, max_iterations: 2000 }, &a, &b, None, 1e-11);
        for s in 0..3 {
            let residual = relative_residual(&a[s], solved.x.row(s), b.row(s));
            assert!(solved.records[s].converged() && residual <= 1.001e-11, "n = {n}, m = {restart}: {residual}");
            assert!((solved.records[s].residual - residual).abs() <= 1e-14);
            assert!(solved.records[s].iterations <= solved.products);
        }
    }
}

#[test]
fn gmres_without_restart_ends_within_n_iterations() {
    for n in [1, 2, 5, 12] {
        let a = vec![matrix(30, n, 2.0)];
        let solved = run(&Gmres::default(), &a, &rows(31, 1, n), None, 1e-9);
        assert!(solved.records[0].converged() && solved.records[0].iterations <= n, "n = {n}: {:?}", solved.records);
    }
}

#[test]
fn a_nearby_factorisation_preconditions_gmres() {
    let n = 40;
    let a: Vec<_> = (0..4).map(|s| matrix(40 + s, n, 2.0)).collect();
    let near: Vec<Vec<f64>> = a
        .iter()
        .zip(50..)
        .map(|(a, seed)| a.iter().zip(numbers::<f64>(seed, n * n)).map(|(a, e)| a + 1e-3 * e).collect())
        .collect();
    let b = rows(55, 4, n);
    let gmres = Gmres { restart: 20, max_iterations: 4000 };
    let (plain, preconditioned) =
        (run(&gmres, &a, &b, None, 1e-11), run(&gmres, &a, &b, Some(&factored(&near)), 1e-11));
    for s in 0..4 {
        assert!(preconditioned.records[s].converged() && preconditioned.records[s].iterations <= 10);
        assert!(preconditioned.records[s].iterations < plain.records[s].iterations);
        // right preconditioning: the residual is that of the system itself
        assert!(relative_residual(&a[s], preconditioned.x.row(s), b.row(s)) <= 1.001e-11);
    }
    let exact = run(&gmres, &a, &b, Some(&factored(&a)), 1e-11);
    assert!(exact.records.iter().all(|r| r.converged() && r.iterations <= 2));
}

/// Easy, hard, b = 0, singular and inconsistent, easy: the answer of each is bitwise that of the sample alone.
#[test]
fn samples_of_a_gmres_batch_do_not_disturb_each_other() {
    let n = 24;
    let mut singular = matrix(60, n, 0.5);
    (0..n).for_each(|j| singular[j * n + 3] = 0.0); // row 3 is zero, b is not
    let a = vec![matrix(61, n, 0.3), matrix(62, n, 3.0), matrix(63, n, 0.3), singular, matrix(64, n, 0.4)];
    let mut b = rows(65, 5, n);
    b.row_mut(2).fill(0.0);
    let gmres = Gmres { restart: 7, max_iterations: 300 };
    let lu: Vec<Vec<f64>> = a.iter().map(|a| a.iter().map(|v| v * 1.1).collect()).collect();
    for inverse in [None, Some(factored(&lu))] {
        let all = run(&gmres, &a, &b, inverse.as_ref(), 1e-10);
        assert_eq!(all.records.iter().map(|r| r.converged()).collect::<Vec<_>>()[2..], [true, false, true]);
        assert!(all.records[0].converged());
        assert_eq!((all.records[2].residual, all.records[2].iterations), (0.0, 0));
        assert!(all.x.row(2).iter().all(|&v| v == 0.0));
        assert!(all.x.as_slice().iter().all(|v| v.is_finite()));
        for s in 0..5 {
            let inverse = inverse.as_ref().map(|_| factored(&lu[s..=s]));
            let own = Rows::from_vec(1, n, b.row(s).to_vec()).unwrap();
            let alone = run(&gmres, &a[s..=s], &own, inverse.as_ref(), 1e-10);
            assert_eq!(alone.x.row(0), all.x.row(s), "sample {s}");
            assert_eq!(alone.records[0], all.records[s], "sample {s}");
        }
    }
}

#[test]
fn gmres_never_claims_an_inconsistent_system() {
    // A = 0, and A = diag(1, 0) with b off its range
    for (a, b) in [(vec![0.0; 4], vec![1.0, 2.0]), (vec![1.0, 0.0, 0.0, 0.0], vec![1.0, 1.0])] {
        let b = Rows::from_vec(1, 2, b).unwrap();
        let solved = run(&Gmres::default(), std::slice::from_ref(&a), &b, None, 1e-10);
        assert!(!solved.records[0].converged() && solved.records[0].residual > 0.1);
        assert!(solved.x.as_slice().iter().all(|v| v.is_finite()), "{:?}", solved.x);
        let claimed = solved.records[0].residual;
        assert!((claimed - relative_residual(&a, solved.x.row(0), b.row(0))).abs() < 1e-12);
    }
}

#[test]
fn gmres_makes_no_more_products_than_allowed() {
    let n = 50;
    let a = vec![matrix(70, n, 4.0)];
    for (restart, max_iterations) in [(5, 1), (5, 5), (5, 17), (50, 20)] {
        let solved = run(&Gmres { restart, max_iterations }, &a, &rows(71, 1, n), None, 1e-14);
        assert!(!solved.records[0].converged());
        assert!(solved.products <= max_iterations, "{} products, {max_iterations} allowed", solved.products);
    }
}

#[test]
fn the_condition_seen_by_gmres_is_a_lower_bound() {
    for (seed, n) in [(80, 5), (81, 20), (82, 40)] {
        let a = matrix::<f64>(seed, n, 1.0);
        let singular = Mat::from_fn(n, n, |i, j| a[j * n + i]).singular_values().unwrap();
        let solved = run(&Gmres { restart: 15, max_iterations: 500 }, &[a], &rows(83, 1, n), None, 1e-10);
        let condition = solved.records[0].condition;
        assert!((1.0..=1.0001 * singular[0] / singular[n - 1]).contains(&condition), "{condition} of {singular:?}");
    }
}

#[test]
fn refinement_with_exact_factors_takes_a_sweep_or_two_and_with_near_factors_a_few() {
    let n = 30;
    let a: Vec<_> = (0..3).map(|s| matrix(90 + s, n, 1.0)).collect();
    let near: Vec<Vec<f64>> = a
        .iter()
        .zip(95..)
        .map(|(a, seed)| a.iter().zip(numbers::<f64>(seed, n * n)).map(|(a, e)| a + 1e-5 * e).collect())
        .collect();
    let mut b = rows(98, 3, n);
    b.row_mut(1).fill(0.0);
    for (inverse, most) in [(factored(&a), 2), (factored(&near), 8)] {
        let solved = run(&Refinement::default(), &a, &b, Some(&inverse), 1e-13);
        assert!(solved.records.iter().all(|r| r.converged() && r.iterations <= most), "{:?}", solved.records);
        assert!([0, 2].iter().all(|&s| relative_residual(&a[s], solved.x.row(s), b.row(s)) <= 1e-12));
        assert!(solved.x.row(1).iter().all(|&v| v == 0.0));
    }
}

#[test]
fn refinement_that_diverges_returns_its_best_iterate_and_does_not_claim_it() {
    let n = 10;
    // I - A has spectral radius far above one for sample 0, below one for sample 1
    let a = vec![matrix(100, n, 30.0), matrix(101, n, 0.3)];
    let b = rows(102, 2, n);
    let solved = run(&Refinement::default(), &a, &b, None, 1e-12);
    assert!(!solved.records[0].converged() && solved.records[1].converged());
    assert!(solved.x.as_slice().iter().all(|v| v.is_finite()));
    for s in 0..2 {
        let residual = relative_residual(&a[s], solved.x.row(s), b.row(s));
        assert!((solved.records[s].residual - residual).abs() < 1e-12, "{residual} and {:?}", solved.records[s]);
        let alone =
            run(&Refinement::default(), &a[s..=s], &Rows::from_vec(1, n, b.row(s).to_vec()).unwrap(), None, 1e-12);
        assert_eq!(alone.x.row(0), solved.x.row(s));
        assert_eq!(alone.records[0], solved.records[s]);
    }
}

#[test]
fn a_right_hand_side_with_nan_is_never_claimed_solved() {
    let a = vec![matrix(110, 4, 0.3), matrix(111, 4, 0.3)];
    let mut b = rows(112, 2, 4);
    b.row_mut(0)[2] = f64::NAN;
    for solver in [&Gmres::default() as &dyn LinearSolver<Rows<f64>>, &Refinement::default()] {
        let solved = run(solver, &a, &b, None, 1e-10);
        assert!(!solved.records[0].converged(), "{:?}", solved.records[0]);
        assert!(solved.records[1].converged());
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let check = |s: &dyn LinearSolver<Rows<f64>>| matches!(s.validate(), Err(Error::Option { .. }));
    assert!(check(&Gmres { restart: 0, max_iterations: 5 }));
    assert!(check(&Gmres { restart: 5, max_iterations: 0 }));
    assert!(check(&Refinement { max_iterations: 0, ..Refinement::default() }));
}

fn against_faer<T: Real>(tolerance: f64) {
    for n in 1..=80 {
        let a = numbers::<T>(200 + n as u64, 2 * n * n);
        let x = numbers::<T>(300 + n as u64, n);
        let mut lu = DenseLu::new(2, n);
        lu.matrices_mut().copy_from_slice(&a);
        for slot in 0..2 {
            let a = &a[slot * n * n..(slot + 1) * n * n];
            lu.factor(slot);
            assert!(!lu.is_singular(slot));
            // the reference in f64, with full pivoting
            let wide = Mat::from_fn(n, n, |i, j| a[j * n + i].as_f64());
            let b = Mat::from_fn(n, 1, |i, _| x[i].as_f64());
            let singular = wide.singular_values().unwrap();
            let bound = tolerance * singular[0] / singular[n - 1];
            let reference = FullPivLu::new(wide.as_ref());
            for (transposed, exact) in [(false, reference.solve(&b)), (true, reference.solve_transpose(&b))] {
                let mut got = x.clone();
                assert!(if transposed { lu.solve_transpose(slot, &mut got) } else { lu.solve(slot, &mut got) });
                let exact: Vec<f64> = (0..n).map(|i| exact[(i, 0)]).collect();
                let got: Vec<f64> = got.iter().map(|v| v.as_f64()).collect();
                assert!(error(&got, &exact) < bound, "n = {n}, transposed: {transposed}: {}", error(&got, &exact));
            }
        }
    }
}

#[test]
fn dense_lu_agrees_with_faer_for_every_size_up_to_80() {
    against_faer::<f64>(1e-14);
    against_faer::<f32>(5e-6);
}

#[test]
fn factors_in_one_slot_leave_the_others_alone() {
    for n in [3, 24, 25, 40] {
        let a = matrix::<f64>(400, n, 1.0);
        let mut lu = factored(&[a.clone(), a.clone(), a.clone()]);
        let solve = |lu: &DenseLu<f64>, slot| {
            let mut x = numbers::<f64>(401, n);
            assert!(lu.solve(slot, &mut x));
            x
        };
        let before = solve(&lu, 2);
        assert_eq!(before, solve(&lu, 0), "slots are alike");
        lu.matrices_mut()[n * n..2 * n * n].copy_from_slice(&matrix(402, n, 1.0));
        lu.factor(1);
        assert_eq!(before, solve(&lu, 2));
        assert!(error(&solve(&lu, 1), &before) > 1e-3);
    }
}

#[test]
fn singular_and_non_finite_matrices_are_recognised() {
    for n in [1, 2, 5, 24, 25, 60] {
        for broken in 0..4 {
            let mut a = matrix::<f64>(410, n, 0.5);
            let at = (n - 1) * n + n / 2;
            match broken {
                0 => a[(n - 1) * n..].fill(0.0),
                1 => (0..n).for_each(|j| a[j * n + n / 2] = 0.0),
                2 => a[at] = f64::NAN,
                _ => a[at] = f64::INFINITY,
            }
            let lu = factored(&[a]);
            let mut x = vec![1.0; n];
            assert!(lu.is_singular(0) && !lu.solve(0, &mut x) && !lu.solve_transpose(0, &mut x), "n = {n}, {broken}");
            assert!(lu.condition(0).is_infinite());
        }
    }
}

#[test]
fn scaling_a_matrix_neither_changes_its_condition_nor_makes_it_singular() {
    for n in [1, 4, 30] {
        let a = matrix::<f64>(415, n, 0.5);
        let reference = factored(std::slice::from_ref(&a)).condition(0);
        for scale in [1e-200, 1e-100, 1e100, 1e200] {
            let lu = factored(&[a.iter().map(|v| v * scale).collect()]);
            assert!((lu.condition(0) / reference - 1.0).abs() < 1e-10, "n = {n}, scale {scale}");
            let mut x: Vec<f64> = times(&a, &numbers(416, n), false).iter().map(|v| v * scale).collect();
            assert!(lu.solve(0, &mut x) && error(&x, &numbers(416, n)) < 1e-12);
        }
    }
}

/// U diag(values) V^T with U and V products of random reflections.
fn with_singular_values(seed: u64, values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let mut a = vec![0.0; n * n];
    (0..n).for_each(|i| a[i * n + i] = values[i]);
    for r in 0..6 {
        let v = numbers::<f64>(seed + r, n);
        let c = 2.0 / dot(&v, &v);
        for k in 0..n {
            // columns for even r (from the left), rows for odd r (from the right)
            let index = |i: usize| if r % 2 == 0 { k * n + i } else { i * n + k };
            let inner: f64 = (0..n).map(|i| v[i] * a[index(i)]).sum();
            (0..n).for_each(|i| a[index(i)] -= c * inner * v[i]);
        }
    }
    a
}

#[test]
fn condition_estimates_are_within_a_factor_of_ten() {
    let norm1 = |a: MatRef<'_, f64>| a.col_iter().map(|c| c.iter().map(|v| v.abs()).sum()).fold(0.0, f64::max);
    for n in [2, 3, 8, 20, 30, 50] {
        for (k, condition) in [1.0, 30.0, 1e3, 1e6, 1e9].into_iter().enumerate() {
            // spread evenly in the logarithm, or one small value only
            for spread in [true, false] {
                let value = |i: usize| match spread {
                    true => f64::powf(condition, -(i as f64) / (n - 1) as f64),
                    false => {
                        if i == n - 1 {
                            1.0 / condition
                        } else {
                            1.0
                        }
                    }
                };
                let a = with_singular_values(500 + 10 * k as u64, &(0..n).map(value).collect::<Vec<_>>());
                let wide = Mat::from_fn(n, n, |i, j| a[j * n + i]);
                let inverse = FullPivLu::new(wide.as_ref()).solve(Mat::<f64>::identity(n, n));
                let exact = norm1(wide.as_ref()) * norm1(inverse.as_ref());
                let estimate = factored(std::slice::from_ref(&a)).condition(0);
                assert!(estimate <= 1.001 * exact && estimate >= exact / 10.0, "n = {n}: {estimate:e} of {exact:e}");
                // between norms there is a factor n at most
                assert!(estimate >= condition / 10.0 && estimate <= 1.01 * n as f64 * condition);
                if condition < 1e5 {
                    let mut lu = DenseLu::<f32>::new(1, n);
                    lu.matrices_mut().iter_mut().zip(&a).for_each(|(t, &v)| *t = v as f32);
                    lu.factor(0);
                    let estimate = lu.condition(0);
                    assert!(
                        (exact / 10.0..=1.5 * exact).contains(&estimate),
                        "f32, n = {n}: {estimate:e} of {exact:e}"
                    );
                }
            }
        }
    }
}

/// A z = c with the parameters c.
fn affine<T: Real>(a: Vec<T>, c: Rows<T>) -> model::System<T> {
    let n = c.width();
    let b = a.clone();
    let g = move |z: &[T], c: &[T], g: &mut [T]| {
        let az = times(&a, z, false);
        g.iter_mut().zip(az).zip(c).for_each(|((g, az), &c)| *g = T::of(az - c.as_f64()));
    };
    Model::equation_on_slices(g)
        .jacobian(move |_, _, j| j.copy_from_slice(&b))
        .parameter_jacobian(move |_, _, d| (0..n).for_each(|i| d[i * n + i] = -T::one()))
        .samples(c)
        .system(n)
        .unwrap()
}

/// Refinement with the solver's own factors: one or two sweeps, in f32 as in f64.
#[test]
fn reused_factors_take_few_sweeps_in_f32_and_f64() {
    fn sweeps<T: Real>() -> usize {
        let n = 20;
        let problem = affine(matrix::<T>(600, n, 0.3), rows(601, 3, n));
        let solution = solve(&problem, &Rows::new(3, n), &Newton::default(), &Options::default()).unwrap();
        let reports = solution.pullback(&rows(602, 3, n)).unwrap().reports;
        reports.iter().map(|r| r.iterations).max().unwrap()
    }
    assert!(sweeps::<f64>() <= 3, "f64: {} sweeps", sweeps::<f64>());
    assert!(sweeps::<f32>() <= 3, "f32: {} sweeps", sweeps::<f32>());
}

/// A backward stable solve is as good as the precision allows; it must not be refused for a moderate condition.
#[test]
fn moderately_conditioned_derivatives_exist_in_f32_and_f64() {
    fn refused<T: Real>(conditions: &[f64]) -> Vec<String> {
        let n = 20;
        let mut complaints = Vec::new();
        for &condition in conditions {
            let value = |i: usize| condition.powf(-(i as f64) / (n - 1) as f64);
            let a = with_singular_values(610, &(0..n).map(value).collect::<Vec<_>>());
            let problem = affine(a.iter().map(|&v| T::of(v)).collect(), rows::<T>(611, 4, n));
            let options = Options { relative: 1e-3, ..Options::default() };
            let solution = solve(&problem, &Rows::new(4, n), &Newton::default(), &options).unwrap();
            solution.converged().unwrap();
            for method in [Method::Auto, Method::Dense] {
                let options = Implicit { method, ..Implicit::default() };
                if let Err(e) = solution.pullback_with(&rows(612, 4, n), &options) {
                    complaints.push(format!("condition {condition:e}: {e}"));
                }
            }
        }
        complaints
    }
    let complaints = [refused::<f64>(&[1e2, 1e4, 1e8, 1e12]), refused::<f32>(&[10.0, 1e2, 1e3, 1e4])].concat();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// A singular Jacobian at a root is singular whatever the cotangent, and whether or not an iteration was needed.
#[test]
fn a_singular_jacobian_is_refused_even_when_the_start_was_the_root() {
    // z_0 = 0, z_1^2 = 0: J = diag(1, 0) at the root
    let problem = Model::equation(|z, a| [z[0] - a[0], z[1] * z[1] - a[0]]).parameters(&[0.0]).system(2).unwrap();
    let solution = solve(&problem, &Rows::new(1, 2), &Newton::default(), &Options::default()).unwrap();
    assert_eq!((solution.outcomes()[0].status, solution.outcomes()[0].iterations), (Status::Converged, 0));
    for w in [vec![0.0, 1.0], vec![1.0, 1.0], vec![1.0, 0.0]] {
        let refused = solution.pullback(&Rows::from_vec(1, 2, w.clone()).unwrap());
        assert!(matches!(refused, Err(Error::Singular { sample: 0, .. })), "w = {w:?}: {refused:?}");
    }
}

/// The derivative of a sample is bitwise the same alone, in a batch, and beside a sample without factors.
#[test]
fn derivatives_do_not_depend_on_the_rest_of_the_chunk() {
    let n = 6;
    // z + z^3 / 3 = A z / 4 + c: smooth, and Newton stops with factors from one iterate before
    let a = numbers::<f64>(620, n * n);
    let c = rows::<f64>(621, 3, n);
    let problem = |c: Rows<f64>| {
        let (a, b) = (a.clone(), a.clone());
        let g = move |z: &[f64], c: &[f64], g: &mut [f64]| {
            let az = times(&a, z, false);
            (0..n).for_each(|i| g[i] = z[i] + z[i].powi(3) / 3.0 - az[i] / 4.0 - c[i]);
        };
        let model = Model::equation_on_slices(g).jacobian(move |z, _, j| {
            j.iter_mut().zip(&b).for_each(|(j, b)| *j = -b / 4.0);
            (0..n).for_each(|i| j[i * n + i] += 1.0 + z[i] * z[i]);
        });
        let model = model.parameter_jacobian(move |_, _, d| (0..n).for_each(|i| d[i * n + i] = -1.0));
        model.samples(c).system(n).unwrap()
    };
    let mut z0 = Rows::new(3, n);
    let exact = solve(problem(c.clone()), &z0, &Newton::default(), &Options { absolute: 1e-14, ..Options::default() });
    // the second sample starts on its root and so leaves no factors
    z0.row_mut(1).copy_from_slice(exact.unwrap().z().row(1));
    let w = rows::<f64>(622, 3, n);
    for relative in [1e-2, 1e-4, 1e-8] {
        let options = |chunk| Options { relative, absolute: 1e-9, chunk: Some(chunk), ..Options::default() };
        let together = solve(problem(c.clone()), &z0, &Newton::default(), &options(3)).unwrap();
        assert_eq!(together.outcomes()[1].iterations, 0);
        let apart = solve(problem(c.clone()), &z0, &Newton::default(), &options(1)).unwrap();
        assert_eq!(together.z(), apart.z());
        let (together, apart) = (together.pullback(&w).unwrap(), apart.pullback(&w).unwrap());
        assert!(error(together.vector.as_slice(), apart.vector.as_slice()) < 1e-9);
        for s in 0..3 {
            assert_eq!(together.vector.row(s), apart.vector.row(s), "relative {relative}, sample {s}");
        }
    }
}
