//! Krylov methods beyond GMRES, preconditioners and their transposes, and why a linear solve ended.

mod common;

use std::cell::Cell;
use std::sync::Arc;

use common::{dot, error, norm, numbers, rows, times};
use dini::batch::Batch;
use dini::gradient::{AnyMode, Implicit, Method};
use dini::linear::{
    BiCgStab, Cg, DenseLu, Gmres, Inverse, Krylov, LinearRecord, LinearSolver, Lsmr, Preconditioner, Refinement, System,
};
use dini::model;
use dini::outcome::Stop;
use dini::problem::Active;
use dini::solve::NewtonKrylov;
use dini::{Error, Model, Newton, OnFailure, Options, Picard, Rows, Status, solve};

fn methods() -> [Krylov; 4] {
    [Gmres::default().into(), BiCgStab::default().into(), Cg::default().into(), Lsmr::default().into()]
}

/// Solves with one column-major matrix a sample, without preconditioner; also the number of products with each form.
fn run(
    solver: &dyn LinearSolver<Rows<f64>>,
    a: &[Vec<f64>],
    b: &Rows<f64>,
    tolerance: f64,
) -> (Rows<f64>, Vec<LinearRecord>, (usize, usize)) {
    let (forward, backward) = (Cell::new(0), Cell::new(0));
    let product = |count: &Cell<usize>, v: &Rows<f64>, out: &mut Rows<f64>, transposed: bool| {
        count.set(count.get() + 1);
        (0..a.len()).for_each(|s| out.row_mut(s).copy_from_slice(&times(&a[s], v.row(s), transposed)));
        Ok(())
    };
    let mut system = System {
        operator: &mut |v, out| product(&forward, v, out, false),
        transpose: &mut |u, out| product(&backward, u, out, true),
        precondition: &|_| false,
        precondition_transpose: &|_| false,
    };
    let mut x = b.zeros(b.samples());
    let records = solver.solve(&mut system, b, &mut x, tolerance).unwrap();
    (x, records, (forward.get(), backward.get()))
}

fn one(values: &[f64]) -> Rows<f64> {
    Rows::from_vec(1, values.len(), values.to_vec()).unwrap()
}

/// M^T M + I / 10: symmetric positive definite.
fn definite(seed: u64, n: usize) -> Vec<f64> {
    let m = numbers::<f64>(seed, n * n);
    let entry =
        |i: usize, j: usize| dot(&m[i * n..(i + 1) * n], &m[j * n..(j + 1) * n]) + if i == j { 0.1 } else { 0.0 };
    (0..n * n).map(|at| entry(at % n, at / n)).collect()
}

/// Second differences: eigenvalues 2 - 2 cos(k pi / (n + 1)).
fn laplacian(n: usize) -> Vec<f64> {
    let entry = |i: usize, j: usize| match i.abs_diff(j) {
        0 => 2.0,
        1 => -1.0,
        _ => 0.0,
    };
    (0..n * n).map(|at| entry(at % n, at / n)).collect()
}

#[test]
fn every_method_finds_the_closed_form_of_the_laplacian() {
    // A x = 1 has x_i = (i + 1)(n - i) / 2
    for n in [1, 2, 7, 40] {
        let expected: Vec<f64> = (0..n).map(|i| ((i + 1) * (n - i)) as f64 / 2.0).collect();
        for method in methods() {
            let method = match method {
                Krylov::Gmres(_) => Gmres { restart: n, max_iterations: 500 }.into(),
                method => method,
            };
            let (x, records, (forward, backward)) = run(&method, &[laplacian(n)], &one(&vec![1.0; n]), 1e-12);
            assert_eq!(records[0].stop, Stop::Converged, "{method:?}, n = {n}: {records:?}");
            assert!(error(x.row(0), &expected) < 1e-9, "{method:?}, n = {n}");
            assert!(records[0].iterations <= forward + backward, "{method:?}");
            assert_eq!(backward > 0, matches!(method, Krylov::Lsmr(_)), "{method:?} and the transpose");
        }
        // in exact arithmetic one iteration for each distinct eigenvalue that b meets: the symmetric half of them
        let (_, records, _) = run(&Cg::default(), &[laplacian(n)], &one(&vec![1.0; n]), 1e-10);
        assert!(records[0].iterations <= n.div_ceil(2), "n = {n}: {records:?}");
    }
}

#[test]
fn lsmr_solves_what_has_a_bad_spectrum_but_good_singular_values() {
    // a cyclic shift: GMRES(10) stagnates, BiCGStab breaks down, and A^T A = I
    let n = 24;
    let shift: Vec<f64> = (0..n * n).map(|at| f64::from(u8::from((at % n + 1) % n == at / n))).collect();
    let mut b = vec![0.0; n];
    b[0] = 1.0;
    let (x, records, _) = run(&Lsmr::default(), std::slice::from_ref(&shift), &one(&b), 1e-12);
    assert!(records[0].converged() && records[0].iterations <= 3, "{records:?}");
    assert!((x.row(0)[1] - 1.0).abs() < 1e-12);
    let gmres = Gmres { restart: 10, max_iterations: 500 };
    let (_, records, (products, _)) = run(&gmres, std::slice::from_ref(&shift), &one(&b), 1e-12);
    assert_eq!(records[0].stop, Stop::Stagnated);
    assert!(products <= 12, "a cycle that gains nothing is the last");
    let (_, records, (products, _)) = run(&BiCgStab::default(), &[shift], &one(&b), 1e-12);
    assert_eq!(records[0].stop, Stop::Breakdown);
    assert!(products <= 4, "a breakdown does not loop");
}

#[test]
fn bicgstab_breaks_down_in_a_rotation() {
    // <b, A b> = 0 for skew-symmetric A
    let rotation = vec![0.0, 1.0, -1.0, 0.0];
    let (x, records, _) = run(&BiCgStab::default(), std::slice::from_ref(&rotation), &one(&[1.0, 2.0]), 1e-10);
    assert_eq!((records[0].stop, records[0].residual), (Stop::Breakdown, 1.0));
    assert_eq!(x.row(0), [0.0, 0.0]);
}

#[test]
fn cg_stops_at_the_first_direction_of_negative_curvature() {
    let mut indefinite = definite(1, 6);
    // one eigenvalue turned negative
    indefinite[0] -= 40.0;
    let b = rows(2, 1, 6);
    let (x, records, (products, _)) = run(&Cg::default(), std::slice::from_ref(&indefinite), &b, 1e-10);
    assert_eq!(records[0].stop, Stop::NotPositiveDefinite);
    assert!(products <= 7 && x.as_slice().iter().all(|v| v.is_finite()));
    for method in [Krylov::from(Gmres::default()), Lsmr::default().into()] {
        assert!(run(&method, std::slice::from_ref(&indefinite), &b, 1e-10).1[0].converged(), "{method:?}");
    }
    // a preconditioner that is not definite is as bad
    let mut system = System {
        operator: &mut |v: &Rows<f64>, out: &mut Rows<f64>| {
            out.copy_from(v);
            Ok(())
        },
        transpose: &mut |u: &Rows<f64>, out: &mut Rows<f64>| {
            out.copy_from(u);
            Ok(())
        },
        precondition: &|r: &mut Rows<f64>| {
            r.scale(&[-1.0]);
            true
        },
        precondition_transpose: &|_| false,
    };
    let records = Cg::default().solve(&mut system, &b, &mut b.zeros(1), 1e-10).unwrap();
    assert_eq!(records[0].stop, Stop::NotPositiveDefinite);
}

#[test]
fn cg_never_claims_a_nonsymmetric_system_that_it_cannot_solve() {
    let mut a = laplacian(8);
    (0..7).for_each(|i| a[(i + 1) * 8 + i] += 3.0);
    let b = rows(3, 1, 8);
    let (x, records, _) = run(&Cg::default(), std::slice::from_ref(&a), &b, 1e-10);
    assert!(!records[0].converged(), "{records:?}");
    let r: Vec<f64> = times(&a, x.row(0), false).iter().zip(b.row(0)).map(|(ax, b)| b - ax).collect();
    assert!((norm(&r) / norm(b.row(0)) - records[0].residual).abs() < 1e-12, "the residual reported is the true one");
}

#[test]
fn lsmr_of_an_inconsistent_system_ends_at_the_least_squares_solution() {
    // A = [1 1; 1 1], b = (3, 1): A^T (b - A x) = 0 for x_1 + x_2 = 2
    let (x, records, _) = run(&Lsmr::default(), &[vec![1.0; 4]], &one(&[3.0, 1.0]), 1e-10);
    assert_eq!(records[0].stop, Stop::Stagnated);
    assert!(error(x.row(0), &[1.0, 1.0]) < 1e-12, "the one of least norm: {x:?}");
    assert!((records[0].residual - (2f64 / 10.0).sqrt()).abs() < 1e-12);
    // b orthogonal to the range of A
    let (x, records, _) = run(&Lsmr::default(), &[vec![1.0; 4]], &one(&[1.0, -1.0]), 1e-10);
    assert_eq!((records[0].stop, x.row(0)), (Stop::Stagnated, &[0.0, 0.0][..]));
}

#[test]
fn every_ending_has_its_reason() {
    let n = 12;
    let nan = vec![f64::NAN; n * n];
    let zero = vec![0.0; n * n];
    let b = rows(5, 1, n);
    for method in methods() {
        let stop = |a: &Vec<f64>, b: &Rows<f64>, tolerance| {
            let (x, records, _) = run(&method, std::slice::from_ref(a), b, tolerance);
            assert!(x.as_slice().iter().all(|v| v.is_finite()) && !records[0].residual.is_nan(), "{method:?}");
            records[0].stop
        };
        assert_eq!(stop(&nan, &b, 1e-8), Stop::NonFinite, "{method:?}");
        assert_eq!(stop(&definite(6, n), &b.zeros(1), 1e-8), Stop::Converged, "{method:?}");
        let expected = match method {
            Krylov::Cg(_) => Stop::NotPositiveDefinite,
            Krylov::Lsmr(_) => Stop::Stagnated,
            _ => Stop::Breakdown,
        };
        assert_eq!(stop(&zero, &b, 1e-8), expected, "{method:?}");
        let mut undefined = b.clone();
        undefined.row_mut(0)[3] = f64::INFINITY;
        assert_eq!(stop(&definite(6, n), &undefined, 1e-8), Stop::NonFinite, "{method:?}");
        for most in [1, 2, 5] {
            let few = method.clone().with_max_iterations(most);
            let (_, records, (forward, backward)) = run(&few, &[laplacian(n)], &rows(8, 1, n), 1e-13);
            assert_eq!(records[0].stop, Stop::IterationLimit, "{few:?}");
            assert!(forward + backward <= most, "{few:?}: {forward} + {backward} products");
        }
        let none = method.clone().with_max_iterations(0);
        assert!(matches!(LinearSolver::<Rows<f64>>::validate(&none), Err(Error::Option { .. })));
    }
    let sweeps = Refinement { max_iterations: 3, ..Refinement::default() };
    assert_eq!(run(&sweeps, &[laplacian(n)], &b, 1e-10).1[0].stop, Stop::IterationLimit);
    let growing: Vec<f64> = definite(6, n).iter().map(|v| 10.0 * v).collect();
    assert_eq!(run(&Refinement::default(), &[growing], &b, 1e-10).1[0].stop, Stop::Stagnated);
}

/// Easy, hard, b = 0, singular, NaN, indefinite: each answer is bitwise that of the sample alone.
#[test]
fn samples_of_a_batch_do_not_disturb_each_other() {
    let n = 16;
    let mut indefinite = definite(11, n);
    indefinite[0] -= 100.0;
    let mut undefined = definite(12, n);
    undefined[n + 3] = f64::NAN;
    let a =
        vec![definite(13, n), laplacian(n), definite(14, n), vec![0.0; n * n], undefined, indefinite, definite(15, n)];
    let mut b = rows(16, a.len(), n);
    b.row_mut(2).fill(0.0);
    for method in methods() {
        // with and without enough products for all
        for most in [20, 700] {
            let method = method.clone().with_max_iterations(most);
            let (x, records, _) = run(&method, &a, &b, 1e-9);
            for s in 0..a.len() {
                let (alone, own, _) = run(&method, &a[s..=s], &one(b.row(s)), 1e-9);
                let bits = |x: &[f64]| x.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(alone.row(0)), bits(x.row(s)), "{method:?}, sample {s}");
                assert_eq!(own[0], records[s], "{method:?}, sample {s}");
            }
        }
    }
}

#[test]
fn work_of_any_origin_gives_the_same_answer() {
    let (n, samples) = (10, 2);
    let a: Vec<_> = (0..samples as u64).map(|s| definite(70 + s, n)).collect();
    let b = rows(71, samples, n);
    let small = Krylov::from(Gmres { restart: 3, max_iterations: 500 });
    for method in methods() {
        let (expected, records, _) = run(&method, &a, &b, 1e-9);
        let mut product = |v: &Rows<f64>, out: &mut Rows<f64>| {
            (0..samples).for_each(|s| out.row_mut(s).copy_from_slice(&times(&a[s], v.row(s), false)));
            Ok(())
        };
        // definite() is symmetric
        let mut same = product;
        let mut system = System {
            operator: &mut product,
            transpose: &mut same,
            precondition: &|_| false,
            precondition_transpose: &|_| false,
        };
        let mut out = vec![LinearRecord::default(); samples];
        // its own, larger than needed and used twice; and that of another method
        let larger = method.work(&Rows::new(5, n));
        for mut work in [larger, small.work(&b)] {
            for _ in 0..2 {
                let mut x = b.clone();
                method.solve_in(&mut system, &b, &mut x, &[1e-9; 2], &mut work, &mut out).unwrap();
                assert!(error(x.as_slice(), expected.as_slice()) < 1e-12, "{method:?}");
                assert!(out.iter().zip(&records).all(|(a, b)| a.iterations.abs_diff(b.iterations) <= 1), "{method:?}");
            }
            assert!(method.fits(&work));
        }
    }
}

/// Adjoint identity: <u, A^-1 b> = <A^-T u, b>.
#[test]
fn a_transposed_system_is_the_adjoint() {
    let n = 9;
    let mut a = numbers::<f64>(20, n * n);
    (0..n).for_each(|i| a[i * n + i] += 4.0);
    let (b, u) = (rows(21, 1, n), rows(22, 1, n));
    for method in [Krylov::from(Gmres::default()), BiCgStab::default().into(), Lsmr::default().into()] {
        let mut forward = |v: &Rows<f64>, out: &mut Rows<f64>| {
            out.row_mut(0).copy_from_slice(&times(&a, v.row(0), false));
            Ok(())
        };
        let mut backward = |v: &Rows<f64>, out: &mut Rows<f64>| {
            out.row_mut(0).copy_from_slice(&times(&a, v.row(0), true));
            Ok(())
        };
        // a preconditioner that is far from symmetric: M^-1 = I + 0.3 e_1 e_2^T
        let mut solve = |transposed: bool, rhs: &Rows<f64>| {
            let system = System {
                operator: &mut forward,
                transpose: &mut backward,
                precondition: &|r: &mut Rows<f64>| {
                    r.row_mut(0)[0] += 0.3 * r.row(0)[1];
                    true
                },
                precondition_transpose: &|r: &mut Rows<f64>| {
                    r.row_mut(0)[1] += 0.3 * r.row(0)[0];
                    true
                },
            };
            let mut system = if transposed { system.transposed() } else { system };
            let mut x = rhs.zeros(1);
            assert!(method.solve(&mut system, rhs, &mut x, 1e-13).unwrap()[0].converged(), "{method:?}");
            x
        };
        let (x, lam) = (solve(false, &b), solve(true, &u));
        assert!((dot(u.row(0), x.row(0)) - dot(lam.row(0), b.row(0))).abs() < 1e-12, "{method:?}");
    }
}

/// Strong nonsymmetric blocks of size 3 on scales from 1 to 1000, weakly coupled; g = A z + z^3 / 10 - a.
fn coupled(n: usize, samples: usize) -> model::System<f64> {
    let mut a: Vec<f64> = numbers::<f64>(30, n * n).iter().map(|v| 0.02 * v).collect();
    let strong = numbers::<f64>(31, n * n);
    for j in 0..n {
        for i in (j / 3 * 3..j / 3 * 3 + 3).filter(|&i| i < n) {
            // upper entries large, lower ones small: a transpose that is forgotten shows
            let size = if i < j { 3.0 } else { 0.3 };
            a[j * n + i] = size * strong[j * n + i] + if i == j { 2.0 } else { 0.0 };
        }
    }
    a.iter_mut().enumerate().for_each(|(at, v)| *v *= 10f64.powi((at % n) as i32 % 4));
    let b = a.clone();
    let g = move |z: &[f64], offset: &[f64], g: &mut [f64]| {
        let product = times(&a, z, false);
        (0..n).for_each(|i| g[i] = product[i] + 0.1 * z[i].powi(3) - offset[i]);
    };
    Model::equation_on_slices(g)
        .jacobian(move |z, _, j| {
            j.copy_from_slice(&b);
            (0..n).for_each(|i| j[i * n + i] += 0.3 * z[i] * z[i]);
        })
        .parameter_jacobian(move |_, _, d| (0..n).for_each(|i| d[i * n + i] = -1.0))
        .samples(rows(32, samples, n))
        .system(n)
        .unwrap()
}

fn tight() -> Options {
    Options { relative: 1e-12, ..Options::default() }
}

/// Ten times what rounding allows LSMR here, whatever the instruction set.
fn with(method: Method) -> Implicit {
    Implicit { method, tolerance: Some(1e-12), ..Implicit::default() }
}

#[test]
fn the_adjoint_is_preconditioned_by_the_transpose() {
    // 20 is no multiple of 3: the last block is smaller
    let (n, samples) = (20, 3);
    let problem = coupled(n, samples);
    let solution = solve(&problem, &Rows::new(samples, n), &Newton::default(), &tight()).unwrap();
    // a start that is good enough leaves a solution without memory
    let enough = Options { absolute: 1e-6, ..Options::default() };
    let bare = solve(&problem, solution.z(), &Picard::default(), &enough).unwrap();
    let w = rows(33, samples, n);
    let exact = solution.pullback_with(&w, &with(Method::Dense)).unwrap();
    let tangent = rows(34, samples, n);
    let exact_tangent = solution.pushforward_with(&tangent, &with(Method::Dense)).unwrap();
    let gmres = || Krylov::from(Gmres { restart: n, max_iterations: 2000 });
    let plain = bare.pullback_with(&w, &with(Method::Krylov(gmres()))).unwrap();
    for (krylov, blocks) in [
        (gmres(), Preconditioner::Blocks(3)),
        (gmres(), Preconditioner::Blocks(n + 5)),
        (BiCgStab::default().into(), Preconditioner::Blocks(3)),
        (Lsmr::default().into(), Preconditioner::Blocks(3)),
    ] {
        let method = Method::Preconditioned(krylov, blocks);
        let adjoint = bare.pullback_with(&w, &with(method.clone())).unwrap();
        assert!(error(adjoint.vector.as_slice(), exact.vector.as_slice()) < 1e-10, "{method:?}");
        assert!(error(adjoint.value.as_slice(), exact.value.as_slice()) < 1e-10, "{method:?}");
        let dz = bare.pushforward_with(&tangent, &with(method.clone())).unwrap();
        assert!(error(dz.value.as_slice(), exact_tangent.value.as_slice()) < 1e-10, "{method:?}");
        if matches!(method, Method::Preconditioned(Krylov::Gmres(_), _)) {
            for (with, without) in adjoint.reports.iter().zip(&plain.reports) {
                assert!(2 * with.iterations <= without.iterations, "{with:?} instead of {without:?}");
            }
        }
    }
    // M^-1 in place of M^-T is of no use in the adjoint
    let lu = factored(&problem, solution.z());
    let wrong = bare.map_memory(|()| Transposed(lu.clone())).pullback_with(&w, &with(Method::Krylov(gmres()))).unwrap();
    let right = Method::Preconditioned(gmres(), Preconditioner::Blocks(n));
    let right = solution.pullback_with(&w, &with(right)).unwrap();
    assert!(right.reports.iter().all(|r| r.iterations <= 2), "{:?}", right.reports);
    assert!(wrong.reports.iter().all(|r| r.iterations > 5), "{:?}", wrong.reports);
}

/// Factors of the Jacobians at z.
fn factored(problem: &model::System<f64>, z: &Rows<f64>) -> Arc<DenseLu<f64>> {
    use dini::problem::{DenseJacobian, Linearize, Problem};
    let slots: Vec<usize> = (0..z.samples()).collect();
    let (at, n) = (Active::new(&slots, 0, false), z.width());
    let mut g = z.clone();
    problem.residual(at, z, &mut g).unwrap();
    let mut tape = problem.tape(z);
    problem.linearize(at, z, &g, &mut tape).unwrap();
    let mut lu = DenseLu::new(z.samples(), n);
    for s in 0..z.samples() {
        problem.jacobian(at.slot(s), &tape, &mut lu.matrices_mut()[s * n * n..(s + 1) * n * n]);
        lu.factor(s);
    }
    Arc::new(lu)
}

/// The mistake of applying M^-1 where M^-T is due.
struct Transposed(Arc<DenseLu<f64>>);

impl Inverse<Rows<f64>> for Transposed {
    fn solve(&self, at: Active<'_>, r: &mut Rows<f64>) -> bool {
        Inverse::solve_transpose(&*self.0, at, r)
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut Rows<f64>) -> bool {
        Inverse::solve(&*self.0, at, r)
    }
}

#[test]
fn newton_krylov_takes_any_method_and_preconditioner_and_hands_the_last_one_on() {
    let (n, samples) = (20, 5);
    let problem = coupled(n, samples);
    let z0 = Rows::new(samples, n);
    let newton = solve(&problem, &z0, &Newton::default(), &tight()).unwrap();
    let w = rows(40, samples, n);
    let exact = newton.pullback(&w).unwrap();
    let plain = NewtonKrylov { krylov: Gmres { restart: n, max_iterations: 500 }.into(), ..NewtonKrylov::default() };
    let unpreconditioned = solve(&problem, &z0, &plain, &tight()).unwrap();
    for krylov in [plain.krylov.clone(), BiCgStab::default().into(), Lsmr::default().into()] {
        for preconditioner in [Preconditioner::Diagonal, Preconditioner::Blocks(3), Preconditioner::Blocks(n)] {
            let solver = NewtonKrylov { krylov: krylov.clone(), preconditioner, ..NewtonKrylov::default() };
            let solution = solve(&problem, &z0, &solver, &tight()).unwrap();
            assert!(error(solution.converged().unwrap().as_slice(), newton.z().as_slice()) < 1e-9, "{solver:?}");
            let adjoint = solution.pullback_with(&w, &with(Method::Auto)).unwrap();
            assert!(error(adjoint.vector.as_slice(), exact.vector.as_slice()) < 1e-9, "{solver:?}");
            if preconditioner != Preconditioner::Diagonal {
                let bare = unpreconditioned.pullback_with(&w, &with(Method::Auto)).unwrap();
                assert!(adjoint.mean_iterations() < 0.7 * bare.mean_iterations(), "{solver:?}: it starts from M");
            }
        }
    }
    // the user's own operator serves both passes, too
    let inverse: Arc<dyn Inverse<Rows<f64>>> = factored(&problem, newton.z());
    let NewtonKrylov { krylov, forcing, line_search, .. } = plain;
    let own = NewtonKrylov { krylov, preconditioner: inverse, forcing, line_search };
    let solution = solve(&problem, &z0, &own, &Options { chunk: Some(samples), ..tight() }).unwrap();
    assert!(error(solution.converged().unwrap().as_slice(), newton.z().as_slice()) < 1e-9);
    assert!(solution.evaluations() < unpreconditioned.evaluations());
    let adjoint = solution.pullback_with(&w, &with(Method::Krylov(Gmres::default().into()))).unwrap();
    assert!(adjoint.reports.iter().all(|r| r.iterations <= 3), "{:?}", adjoint.reports);
}

#[test]
fn preconditioned_newton_krylov_does_not_depend_on_the_batch() {
    let (n, samples) = (11, 6);
    let problem = coupled(n, samples);
    let z0 = rows(50, samples, n);
    for krylov in [Krylov::from(Gmres::default()), BiCgStab::default().into(), Lsmr::default().into()] {
        let solver = NewtonKrylov { krylov, preconditioner: Preconditioner::Blocks(3), ..NewtonKrylov::default() };
        let solved = |chunk, compaction| {
            solve(&problem, &z0, &solver, &Options { chunk: Some(chunk), compaction, ..tight() }).unwrap()
        };
        let (whole, w) = (solved(samples, 0.0), rows(51, samples, n));
        let gradient = whole.pullback(&w).unwrap();
        for other in [solved(1, 0.0), solved(4, 1.0), solved(samples, 1.0)] {
            assert_eq!(other.z(), whole.z(), "{solver:?}");
            assert_eq!(other.pullback(&w).unwrap().vector, gradient.vector, "{solver:?}");
        }
    }
}

#[test]
fn a_singular_block_is_left_out_and_blocks_of_size_zero_are_refused() {
    // J = [0 1; 1 0]: no diagonal to divide by
    let swap = Model::equation(|z, _| [z[1] - 1.0, z[0] - 2.0]).system(2).unwrap();
    let solver = NewtonKrylov { preconditioner: Preconditioner::Diagonal, ..NewtonKrylov::default() };
    let solution = solve(&swap, &Rows::new(1, 2), &solver, &Options::default()).unwrap();
    assert!(error(solution.converged().unwrap().row(0), &[2.0, 1.0]) < 1e-9);
    let none = NewtonKrylov { preconditioner: Preconditioner::Blocks(0), ..NewtonKrylov::default() };
    let refused = solve(&swap, &Rows::new(1, 2), &none, &Options::default()).unwrap_err();
    assert!(matches!(refused, Error::Option { name: "preconditioner", .. }));
    let method = Method::Preconditioned(Gmres::default().into(), Preconditioner::Blocks(0));
    let refused = solution.adjoint(&one(&[1.0, 1.0]), &with(method)).unwrap_err();
    assert!(matches!(refused, Error::Option { name: "preconditioner", .. }));
}

#[test]
fn the_error_of_a_derivative_says_why_the_linear_solver_ended() {
    // J = diag(1, -1): regular, but not for conjugate gradients
    let saddle = Model::equation(|z, _| [z[0] - 1.0, 2.0 - z[1]]).system(2).unwrap();
    let solution = solve(&saddle, &Rows::new(1, 2), &NewtonKrylov::default(), &Options::default()).unwrap();
    let w = one(&[1.0, 3.0]);
    let method = |krylov: Krylov| Implicit { method: Method::Krylov(krylov), ..Implicit::default() };
    let refused = solution.adjoint(&w, &method(Cg::default().into())).unwrap_err();
    assert!(matches!(refused, Error::LinearSolve { stop: Stop::NotPositiveDefinite, .. }), "{refused}");
    assert!(refused.to_string().contains("not positive definite"), "{refused}");
    let accepted = Implicit { on_failure: OnFailure::Accept, ..method(Cg::default().into()) };
    let accepted = solution.adjoint(&w, &accepted).unwrap();
    assert_eq!((accepted.reports[0].stop, accepted.reports[0].converged), (Some(Stop::NotPositiveDefinite), false));
    let few = method(Krylov::from(Gmres::default()).with_max_iterations(1));
    let refused = solution.adjoint(&w, &few).unwrap_err();
    assert!(matches!(refused, Error::LinearSolve { stop: Stop::IterationLimit, .. }), "{refused}");
    let fine = solution.adjoint(&w, &method(Lsmr::default().into())).unwrap();
    assert_eq!(fine.reports[0].stop, Some(Stop::Converged));
    assert!(error(fine.vector.row(0), &[1.0, -3.0]) < 1e-9);
}

#[test]
fn a_jacobian_that_is_not_finite_ends_newton_krylov_as_singular() {
    for krylov in methods() {
        let model = Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g[0] = z[0].cbrt() - 1.0);
        let problem = model.jacobian(|_, _, j| j[0] = f64::NAN).system(1).unwrap();
        let solver = NewtonKrylov { krylov, ..NewtonKrylov::default() };
        let solution = solve(&problem, &Rows::new(1, 1), &solver, &Options::default()).unwrap();
        assert_eq!(solution.outcomes()[0].status, Status::Singular, "{solver:?}");
    }
}

#[test]
fn conjugate_gradients_by_name_are_the_dense_adjoint_of_a_symmetric_problem() {
    let n = 15;
    let (a, b) = (definite(60, n), definite(60, n));
    let g = move |z: &[f64], _: &[f64], g: &mut [f64]| {
        let product = times(&a, z, false);
        (0..n).for_each(|i| g[i] = product[i] + z[i].powi(3) - 1.0);
    };
    let model = Model::equation_on_slices(g).jacobian(move |z, _, j| {
        j.copy_from_slice(&b);
        (0..n).for_each(|i| j[i * n + i] += 3.0 * z[i] * z[i]);
    });
    let problem = model.system(n).unwrap();
    let solver = NewtonKrylov { krylov: Cg::default().into(), ..NewtonKrylov::default() };
    let solution = solve(&problem, &Rows::new(1, n), &solver, &tight()).unwrap();
    solution.converged().unwrap();
    let w = rows(61, 1, n);
    let exact = solution.adjoint(&w, &with(Method::Dense)).unwrap().vector;
    for name in ["cg", "bicgstab", "lsmr", "gmres"] {
        let mode = AnyMode::by_name(name).unwrap();
        let adjoint = solution.adjoint(&w, &mode).unwrap();
        assert!(error(adjoint.vector.as_slice(), exact.as_slice()) < 1e-7, "{name}");
    }
}
