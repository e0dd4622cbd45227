//! The core example z = tanh(W z + x): forward methods, gradients and hypotheses.

mod common;

use common::{cell, error, numbers, rows, weights};
use dini::cells::{Tanh, TanhGradient};
use dini::gradient::{Implicit, Method, unrolled};
use dini::linear::{BiCgStab, Gmres, Lsmr, Preconditioner, Refinement};
use dini::problem::{Active, DenseJacobian, Linearize, ParamJvp, ParamVjp, Parametric, Problem};
use dini::{Anderson, Error, Newton, OnFailure, Options, Picard, Real, Rows, Solution, Status, solve};

fn tight() -> Options {
    Options { relative: 1e-13, max_iterations: 2000, ..Options::default() }
}

fn newton(cell: &Tanh<f64>) -> Solution<&Tanh<f64>, dini::linear::DenseLu<f64>> {
    let z0 = Rows::new(cell.inputs().samples(), cell.size());
    solve(cell, &z0, &Newton::default(), &tight()).unwrap()
}

/// L = <c, z*>
fn loss(n: usize, w: Vec<f64>, x: Rows<f64>, c: &Rows<f64>) -> f64 {
    let cell = Tanh::new(n, w, x).unwrap();
    let z = newton(&cell).into_z();
    z.as_slice().iter().zip(c.as_slice()).map(|(z, c)| z * c).sum()
}

#[test]
fn every_forward_method_finds_the_same_point() {
    for (b, n) in [(1, 1), (1, 7), (5, 16), (3, 33), (40, 20)] {
        let cell = cell::<f64>(3, b, n, 0.9);
        let z0 = Rows::new(b, n);
        let exact = newton(&cell).converged().unwrap().clone();
        let picard = solve(&cell, &z0, &Picard::default(), &tight()).unwrap();
        let anderson = solve(&cell, &z0, &Anderson::default(), &tight()).unwrap();
        assert!(error(picard.converged().unwrap().as_slice(), exact.as_slice()) < 1e-11);
        assert!(error(anderson.converged().unwrap().as_slice(), exact.as_slice()) < 1e-11);
        assert!(anderson.mean_iterations() <= picard.mean_iterations());
    }
}

#[test]
fn f32_reaches_its_tolerance() {
    let cell = cell::<f32>(5, 20, 30, 0.8);
    let z0 = Rows::new(20, 30);
    let options = Options { relative: 1e-6, ..Options::default() };
    for solution in [
        solve(&cell, &z0, &Newton::default(), &options).unwrap().converged().unwrap().clone(),
        solve(&cell, &z0, &Anderson::default(), &options).unwrap().converged().unwrap().clone(),
    ] {
        let double = Tanh::new(
            30,
            cell.weights().iter().map(|&v| f64::from(v)).collect(),
            Rows::from_vec(20, 30, cell.inputs().as_slice().iter().map(|&v| f64::from(v)).collect()).unwrap(),
        )
        .unwrap();
        let exact: Vec<f32> = newton(&double).z().as_slice().iter().map(|&v| v as f32).collect();
        assert!(error(solution.as_slice(), &exact) < 1e-5);
    }
}

#[test]
fn scalar_gradient_matches_the_closed_form() {
    // z = tanh(w z + x): dz/dx = d / (1 - w d), dz/dw = z dz/dx, d = 1 - z^2
    for (w, x) in [(0.5, 0.3), (-2.0, 1.0), (0.9, -0.1)] {
        let cell = Tanh::new(1, vec![w], Rows::from_vec(1, 1, vec![x]).unwrap()).unwrap();
        let solution = newton(&cell);
        let z: f64 = solution.z().row(0)[0];
        let d = 1.0 - z * z;
        let gradient = solution.pullback(&Rows::from_vec(1, 1, vec![1.0]).unwrap()).unwrap().value;
        assert!((gradient.x.row(0)[0] - d / (1.0 - w * d)).abs() < 1e-12);
        assert!((gradient.w[0] - z * d / (1.0 - w * d)).abs() < 1e-12);
    }
}

#[test]
fn gradient_matches_central_differences() {
    let (b, n) = (4, 6);
    let (w, x, c) = (weights::<f64>(11, n, 0.9), rows::<f64>(12, b, n), rows::<f64>(13, b, n));
    let cell = Tanh::new(n, w.clone(), x.clone()).unwrap();
    let gradient = newton(&cell).pullback(&c).unwrap().value;
    let h = 1e-5;
    let difference = |f: &dyn Fn(f64) -> f64| (f(h) - f(-h)) / (2.0 * h);
    for i in 0..n * n {
        let dw = difference(&|h| {
            let mut w = w.clone();
            w[i] += h;
            loss(n, w, x.clone(), &c)
        });
        assert!((dw - gradient.w[i]).abs() < 1e-8);
    }
    for i in 0..b * n {
        let dx = difference(&|h| {
            let mut x = x.clone();
            x.as_mut_slice()[i] += h;
            loss(n, w.clone(), x, &c)
        });
        assert!((dx - gradient.x.as_slice()[i]).abs() < 1e-8);
    }
}

#[test]
fn every_adjoint_method_agrees_with_unrolling() {
    for (b, n) in [(1, 1), (7, 12), (3, 40)] {
        let cell = cell::<f64>(21, b, n, 0.8);
        let c = rows::<f64>(22, b, n);
        let reference = unrolled(&cell, &Rows::new(b, n), 400, 1.0, |_| c.clone()).unwrap().value;
        let solution = newton(&cell);
        let matrix_free = solve(&cell, &Rows::new(b, n), &Picard::default(), &tight()).unwrap();
        for method in [
            Method::Auto,
            Method::Dense,
            Method::Krylov(Gmres { restart: 5, ..Gmres::default() }.into()),
            Method::Krylov(BiCgStab::default().into()),
            Method::Krylov(Lsmr::default().into()),
            Method::Preconditioned(Gmres::default().into(), Preconditioner::Blocks(3)),
            Method::FixedPoint(Refinement::default()),
        ] {
            let options = Implicit { method, tolerance: Some(1e-13), ..Implicit::default() };
            for gradient in [
                solution.pullback_with(&c, &options).unwrap().value,
                matrix_free.pullback_with(&c, &options).unwrap().value,
            ] {
                assert!(error(&gradient.w, &reference.w) < 1e-10, "{:?}", options.method);
                assert!(error(gradient.x.as_slice(), reference.x.as_slice()) < 1e-10);
            }
        }
    }
}

#[test]
fn reused_factors_take_one_or_two_sweeps() {
    let cell = cell::<f64>(31, 6, 50, 0.9);
    let gradient = newton(&cell).pullback(&rows(32, 6, 50)).unwrap();
    assert!(gradient.reports.iter().all(|r| r.converged && r.iterations <= 2 && r.condition < 1e3));
}

fn products<T: Real>(tolerance: f64) {
    let (b, n) = (5, 37);
    let cell = cell::<T>(41, b, n, 1.5);
    let slots: Vec<usize> = (0..b).collect();
    let at = Active::new(&slots, 0, false);
    let (z, u, v) = (rows::<T>(42, b, n), rows::<T>(43, b, n), rows::<T>(44, b, n));
    let (mut g, mut jv, mut jtu) = (Rows::new(b, n), Rows::new(b, n), Rows::new(b, n));
    let mut tape = cell.tape(&z);
    cell.residual(at, &z, &mut g).unwrap();
    cell.linearize(at, &z, &g, &mut tape).unwrap();
    cell.jvp(at, &tape, &v, &mut jv).unwrap();
    cell.vjp(at, &tape, &u, &mut jtu).unwrap();
    let dot = |a: &[T], b: &[T]| a.iter().zip(b).map(|(a, b)| a.as_f64() * b.as_f64()).sum::<f64>();
    for s in 0..b {
        let difference = dot(u.row(s), jv.row(s)) - dot(jtu.row(s), v.row(s));
        assert!(difference.abs() < tolerance, "<u, J v> = <J^T u, v>: {difference}");
        let mut dense = vec![T::zero(); n * n];
        cell.jacobian(at.slot(s), &tape, &mut dense);
        for i in 0..n {
            let entry: f64 = (0..n).map(|j| dense[j * n + i].as_f64() * v.row(s)[j].as_f64()).sum();
            assert!((entry - jv.row(s)[i].as_f64()).abs() < tolerance);
        }
    }
    // the same identity for the parameters
    let tangent = TanhGradient { w: numbers(45, n * n), x: rows(46, b, n) };
    let mut gradient = cell.zero_parameters(b);
    let mut forward = Rows::new(b, n);
    cell.param_vjp(at, &tape, &z, &u, T::one(), &mut gradient).unwrap();
    cell.param_jvp(at, &tape, &z, &tangent, &mut forward).unwrap();
    let left = dot(u.as_slice(), forward.as_slice());
    let right = dot(&gradient.w, &tangent.w) + dot(gradient.x.as_slice(), tangent.x.as_slice());
    assert!((left - right).abs() < 100.0 * tolerance);
}

#[test]
fn products_satisfy_the_adjoint_identity() {
    products::<f64>(1e-12);
    products::<f32>(1e-4);
}

#[test]
fn pushforward_is_the_transpose_of_pullback_and_jacobian_has_its_rows() {
    let (b, n) = (3, 8);
    let cell = cell::<f64>(51, b, n, 0.9);
    let solution = newton(&cell);
    let tangent = TanhGradient { w: numbers(52, n * n), x: rows(53, b, n) };
    let w = rows::<f64>(54, b, n);
    let dz = solution.pushforward(&tangent).unwrap().value;
    let gradient = solution.pullback(&w).unwrap().value;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let right = dot(&gradient.w, &tangent.w) + dot(gradient.x.as_slice(), tangent.x.as_slice());
    assert!((dot(w.as_slice(), dz.as_slice()) - right).abs() < 1e-10);
    for s in 0..b {
        let jacobian = solution.jacobian(s).unwrap();
        for (i, row) in jacobian.iter().enumerate() {
            let entry = dot(&row.w, &tangent.w) + dot(row.x.row(s), tangent.x.row(s));
            assert!((entry - dz.row(s)[i]).abs() < 1e-10);
            assert!((0..b).filter(|&o| o != s).all(|o| row.x.row(o).iter().all(|&v| v == 0.0)));
        }
    }
}

/// Alone, in any batch, in any chunk, compacted or not: bitwise the same.
#[test]
fn results_do_not_depend_on_the_batch() {
    let (b, n) = (23, 19);
    let cell = cell::<f32>(61, b, n, 0.95);
    let options = Options { relative: 1e-5, ..Options::default() };
    let all = |chunk, compaction| Options { chunk: Some(chunk), compaction, ..options.clone() };
    fn run<S: for<'a> dini::solve::Solver<&'a Tanh<f32>>>(c: &Tanh<f32>, s: &S, o: &Options) -> (Vec<f32>, Vec<usize>) {
        let z0 = Rows::new(c.inputs().samples(), c.size());
        let solution = solve(c, &z0, s, o).unwrap();
        let iterations = (0..solution.samples()).map(|i| solution.outcomes()[i].iterations).collect();
        (solution.converged().unwrap().as_slice().to_vec(), iterations)
    }
    fn check<S: for<'a> dini::solve::Solver<&'a Tanh<f32>>>(c: &Tanh<f32>, s: &S, variants: &[Options]) {
        let reference = run(c, s, &variants[0]);
        for options in variants {
            assert_eq!(run(c, s, options), reference);
        }
        for i in 0..c.inputs().samples() {
            let x = Rows::from_vec(1, c.size(), c.inputs().row(i).to_vec()).unwrap();
            let alone = Tanh::new(c.size(), c.weights().to_vec(), x).unwrap();
            let (z, iterations) = run(&alone, s, &variants[0]);
            assert_eq!(z, reference.0[i * c.size()..(i + 1) * c.size()]);
            assert_eq!(iterations[0], reference.1[i]);
        }
    }
    let variants = [all(b, 0.0), all(b, 1.0), all(1, 0.0), all(5, 0.125), options.clone()];
    check(&cell, &Picard::default(), &variants);
    check(&cell, &Anderson::default(), &variants);
    check(&cell, &Newton::default(), &variants);
}

#[test]
fn one_bad_sample_spoils_nothing() {
    // sample 1 does not converge by Picard: W = -3 there is repelling; the others have saturated inputs
    let cell = Tanh::new(1, vec![-3.0], Rows::from_vec(3, 1, vec![9.0, 0.0, -9.0]).unwrap()).unwrap();
    let z0 = Rows::from_vec(3, 1, vec![0.0, 0.5, 0.0]).unwrap();
    let options = Options { max_iterations: 60, ..Options::default() };
    let solution = solve(&cell, &z0, &Picard::default(), &options).unwrap();
    assert_eq!(
        [0, 1, 2].map(|s| solution.outcomes()[s].status),
        [Status::Converged, Status::MaxIterations, Status::Converged]
    );
    let w = Rows::from_vec(3, 1, vec![1.0; 3]).unwrap();
    match solution.pullback(&w) {
        Err(Error::NotConverged { sample: 1, status: Status::MaxIterations, .. }) => {}
        other => panic!("{other:?}"),
    }
    let dropped = solution.pullback_with(&w, &Implicit { on_failure: OnFailure::Drop, ..Implicit::default() }).unwrap();
    assert_eq!(dropped.failures, [1]);
    assert_eq!(dropped.value.x.row(1), [0.0]);
    let alone = Tanh::new(1, vec![-3.0], Rows::from_vec(1, 1, vec![9.0]).unwrap()).unwrap();
    let single = solve(&alone, &Rows::new(1, 1), &Picard::default(), &options).unwrap();
    let gradient = single.pullback(&Rows::from_vec(1, 1, vec![1.0]).unwrap()).unwrap().value;
    assert_eq!(dropped.value.x.row(0), gradient.x.row(0));
}

#[test]
fn a_singular_jacobian_is_refused_and_named() {
    // w = 1, x = 0: z* = 0, d = 1, J = 1 - w d = 0
    let cell = Tanh::new(1, vec![1.0], Rows::from_vec(2, 1, vec![5.0, 0.0]).unwrap()).unwrap();
    let solution = newton(&cell);
    let w = Rows::from_vec(2, 1, vec![1.0, 1.0]).unwrap();
    for method in [Method::Auto, Method::Dense, Method::Krylov(Gmres::default().into())] {
        let refused = solution.pullback_with(&w, &Implicit { method, ..Implicit::default() });
        match refused {
            Err(Error::Singular { sample: 1, condition }) => assert!(condition > 1e12),
            other => panic!("{other:?}"),
        }
    }
    let accepted = Implicit { on_failure: OnFailure::Accept, ..Implicit::default() };
    let accepted = solution.pullback_with(&w, &accepted).unwrap();
    assert_eq!(accepted.failures, [1]);
    assert!(accepted.value.w.iter().all(|v| v.is_finite()));
}

#[test]
fn broken_contracts_are_errors() {
    let good = cell::<f64>(71, 2, 3, 0.5);
    let z0 = Rows::new(2, 3);
    let newton = Newton::default();
    let options = Options::default();
    let x = || rows::<f64>(72, 2, 3);
    assert!(matches!(Tanh::new(3, vec![0.0; 8], x()), Err(Error::Shape { .. })));
    assert!(matches!(Tanh::new(4, vec![0.0; 16], x()), Err(Error::Shape { .. })));
    assert!(matches!(Tanh::new(0, vec![], Rows::<f64>::new(1, 0)), Err(Error::Empty { .. })));
    assert!(matches!(Tanh::new(3, vec![f64::NAN; 9], x()), Err(Error::NonFinite { .. })));
    let mut bad = x();
    bad.row_mut(1)[2] = f64::INFINITY;
    assert!(matches!(Tanh::new(3, vec![0.0; 9], bad), Err(Error::NonFinite { sample: 1, .. })));
    assert!(matches!(solve(&good, &Rows::new(0, 3), &newton, &options), Err(Error::Empty { .. })));
    assert!(matches!(solve(&good, &Rows::new(3, 3), &newton, &options), Err(Error::Shape { .. })));
    let mut nan = z0.clone();
    nan.row_mut(0)[0] = f64::NAN;
    assert!(matches!(solve(&good, &nan, &newton, &options), Err(Error::NonFinite { sample: 0, .. })));
    for (relative, absolute) in [(0.0, 0.0), (-1e-6, 0.0), (1e-6, -1.0), (f64::NAN, 1.0), (f64::INFINITY, 0.0)] {
        let bad = Options { relative, absolute, ..Options::default() };
        assert!(matches!(solve(&good, &z0, &newton, &bad), Err(Error::Option { .. })));
    }
    for damping in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(matches!(solve(&good, &z0, &Picard { damping }, &options), Err(Error::Option { name: "damping", .. })));
    }
    let anderson = Anderson { window: 17, ..Anderson::default() };
    assert!(matches!(solve(&good, &z0, &anderson, &options), Err(Error::Option { name: "window", .. })));
    let solution = solve(&good, &z0, &newton, &options).unwrap();
    assert!(matches!(solution.pullback(&Rows::new(2, 4)), Err(Error::Shape { .. })));
    assert!(matches!(solution.pullback(&nan), Err(Error::NonFinite { .. })));
    assert!(matches!(solution.jacobian(2), Err(Error::Shape { .. })));
}

/// W^T is packed by whoever needs it first while the others wait: a waiting thread must not take up work that waits for it.
#[test]
fn threads_that_share_one_packing_do_not_wait_for_each_other() {
    let (n, samples) = (400, 16);
    let (done, wait) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        pool.install(|| {
            for _ in 0..20 {
                let w = (0..n * n).map(|k| 0.02 * (k as f32).sin()).collect();
                let rows = |seed: f32| (0..samples * n).map(|k| (seed * k as f32).cos()).collect();
                let cell = Tanh::new(n, w, Rows::from_vec(samples, n, rows(0.3)).unwrap()).unwrap();
                let options = Options { chunk: Some(2), ..Options::default() };
                let solution = solve(&cell, &Rows::new(samples, n), &Picard::default(), &options).unwrap();
                solution.pullback(&Rows::from_vec(samples, n, rows(0.7)).unwrap()).unwrap();
            }
        });
        done.send(()).unwrap();
    });
    wait.recv_timeout(std::time::Duration::from_secs(120)).expect("the threads are stuck");
}
