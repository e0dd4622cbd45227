//! Gradient modes: each against its formula, against the exact derivative, and against bad input.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{cell, error, rows, weights};
use dini::cells::{Tanh, TanhGradient};
use dini::gradient::{
    Adjoints, Agreement, GradientMode, Implicit, Jfb, LinearisedChunk, Neumann, OnFailure, Phantom, Shine, audit,
    audit_parameters, checkpointed, hessian_vector_differences, truncated, unrolled,
};
use dini::linear::Inverse;
use dini::model::System;
use dini::problem::{Linearize, ParamVjp};
use dini::solve::{Broyden, Solver};
use dini::{Anderson, Error, Model, Newton, Options, Picard, Real, Rows, Solution, Status, UserError, solve};

fn tight() -> Options {
    Options { relative: 1e-13, max_iterations: 3000, ..Options::default() }
}

/// Owned, so that a mode for it has no lifetime to name.
type Cell = Arc<Tanh<f64>>;

fn run<S: Solver<Cell>>(cell: &Cell, solver: &S) -> Solution<Cell, S::Memory> {
    let z0 = Rows::new(cell.inputs().samples(), cell.size());
    let solution = solve(cell.clone(), &z0, solver, &tight()).unwrap();
    solution.converged().unwrap();
    solution
}

fn random(seed: u64, samples: usize, n: usize, norm: f64) -> Cell {
    Arc::new(cell(seed, samples, n, norm))
}

fn one(values: &[f64]) -> Rows<f64> {
    Rows::from_vec(values.len(), 1, values.to_vec()).unwrap()
}

/// j z = a for every j, with a = 1: z* = 1 / j, dz/da = 1 / j.
///
/// Parameters are (a, j).
fn linear(j: Vec<f64>) -> System<f64> {
    let parameters = Rows::from_vec(j.len(), 2, j.iter().flat_map(|j| [1.0, *j]).collect()).unwrap();
    Model::equation(|z, a| [a[1] * z[0] - a[0]]).samples(parameters).system(1).unwrap()
}

/// Every mode, with a treatment of failures.
fn modes<P: Linearize>(on_failure: OnFailure) -> Vec<Box<dyn GradientMode<P>>> {
    vec![
        Box::new(Implicit { on_failure, ..Implicit::default() }),
        Box::new(Jfb { on_failure }),
        Box::new(Phantom { on_failure, ..Phantom::default() }),
        Box::new(Neumann { on_failure, ..Neumann::default() }),
        Box::new(Shine { on_failure, refinements: 1 }),
    ]
}

fn lam<P: Linearize, M: Inverse<P::State>>(s: &Solution<P, M>, w: &P::State, mode: &dyn GradientMode<P>) -> P::State {
    s.adjoint(w, mode).unwrap().vector
}

#[test]
fn one_unknown_has_closed_forms() {
    let slopes = [0.3, 0.9, 1.0, 1.7];
    let solution = solve(linear(slopes.to_vec()), &one(&[1.0; 4]), &Newton::default(), &tight()).unwrap();
    let w = one(&[2.0, -1.0, 3.0, 0.5]);
    let check = |mode: &dyn GradientMode<System<f64>>, expected: &dyn Fn(f64) -> f64| {
        let gradient = solution.gradient(&w, mode).unwrap();
        for (s, &j) in slopes.iter().enumerate() {
            let (lam, w) = (gradient.vector.row(s)[0], w.row(s)[0]);
            assert!((lam - w * expected(j)).abs() < 1e-13 * w.abs() / j, "sample {s}: {lam}");
            assert_eq!(gradient.value.row(s)[0], lam, "dg/da = -1");
        }
        gradient.reports
    };
    let sum = |damping: f64, k: i32| move |j: f64| damping * (0..k).map(|i| (1.0 - damping * j).powi(i)).sum::<f64>();
    check(&Implicit::default(), &|j| 1.0 / j);
    check(&Jfb::default(), &|_| 1.0);
    check(&Shine::default(), &|j| 1.0 / j);
    for k in [1, 2, 3, 7, 20] {
        let steps = k as usize;
        for damping in [0.25, 0.5, 1.0] {
            let reports = check(&Phantom { steps, damping, ..Phantom::default() }, &sum(damping, k));
            for (report, j) in reports.iter().zip(slopes) {
                let residual = (1.0 - damping * j).abs().powi(k);
                assert!((report.residual - residual).abs() < 1e-13, "(I - damping J^T)^k w");
                assert_eq!((report.iterations, report.converged), (steps, residual < 1e-10));
            }
        }
        let reports = check(&Neumann { terms: steps, ..Neumann::default() }, &sum(1.0, k));
        for (report, j) in reports.iter().zip(slopes) {
            assert!((report.radius.unwrap() - (1.0 - j).abs()).abs() < 1e-13);
        }
    }
}

#[test]
fn approximations_converge_to_the_implicit_gradient() {
    let (b, n) = (5, 12);
    let cell = random(101, b, n, 0.7);
    let solution = run(&cell, &Newton::default());
    let w = rows(103, b, n);
    let exact = solution.pullback(&w).unwrap().value;
    let distance = |mode: &dyn GradientMode<Cell>| {
        let gradient = solution.gradient(&w, mode).unwrap();
        error(&gradient.value.w, &exact.w).max(error(gradient.value.x.as_slice(), exact.x.as_slice()))
    };
    let series: [&dyn Fn(usize) -> Box<dyn GradientMode<Cell>>; 3] = [
        &|k| Box::new(Neumann { terms: k, ..Neumann::default() }),
        &|k| Box::new(Phantom { steps: k, damping: 1.0, ..Phantom::default() }),
        &|k| Box::new(Phantom { steps: 2 * k, damping: 0.6, ..Phantom::default() }),
    ];
    for mode in series {
        let errors = [2, 8, 32, 128].map(|k| distance(mode(k).as_ref()));
        assert!(errors.windows(2).all(|e| e[1] < 0.2 * e[0] || e[1] < 1e-12), "{errors:?}");
        assert!(errors[3] < 1e-12, "{errors:?}");
    }
    let neumann = Neumann { terms: 9, ..Neumann::default() };
    let phantom = Phantom { steps: 9, damping: 1.0, ..Phantom::default() };
    assert_eq!(lam(&solution, &w, &neumann), lam(&solution, &w, &phantom));
}

#[test]
fn at_the_fixed_point_jfb_and_phantom_are_unrolled_steps() {
    let (b, n) = (3, 9);
    let cell = random(111, b, n, 0.9);
    let solution = run(&cell, &Newton::default());
    let w = rows::<f64>(113, b, n);
    let agrees = |mode: &dyn GradientMode<Cell>, steps, damping| {
        let steps = unrolled(&cell, solution.z(), steps, damping, |_| w.clone()).unwrap().value;
        let mode = solution.gradient(&w, mode).unwrap().value;
        assert!(error(&mode.w, &steps.w) < 1e-11 && error(mode.x.as_slice(), steps.x.as_slice()) < 1e-11);
    };
    agrees(&Jfb::default(), 1, 1.0);
    for (steps, damping) in [(1, 1.0), (4, 0.5), (10, 0.9)] {
        agrees(&Phantom { steps, damping, ..Phantom::default() }, steps, damping);
    }
    let jfb = solution.gradient(&w, &Jfb::default()).unwrap();
    assert_eq!(jfb.vector, w);
    assert!(jfb.reports.iter().all(|r| r.residual.is_nan() && !r.converged && r.iterations == 0));
}

#[test]
fn neumann_refuses_what_diverges_and_names_it() {
    // a skew-symmetric W has imaginary eigenvalues: J = I - W is regular whatever its norm
    let n = 6;
    let entry = |i: usize, j: usize| ((3 * i + 5 * j) as f64).sin() - ((3 * j + 5 * i) as f64).sin();
    let w: Vec<f64> = (0..n * n).map(|k| entry(k / n, k % n)).collect();
    // sample 1 is saturated: tanh' is small there
    let mut x = Rows::new(3, n);
    x.row_mut(1).iter_mut().enumerate().for_each(|(i, v)| *v = if i % 2 == 0 { 30.0 } else { -30.0 });
    let cell = Arc::new(Tanh::new(n, w, x).unwrap());
    let solution = run(&cell, &Newton::default());
    let w = rows(121, 3, n);
    solution.pullback(&w).unwrap();
    match solution.gradient(&w, &Neumann::default()) {
        Err(Error::Refused { failures }) => match failures[..] {
            [Error::Divergent { sample: 0, radius, .. }, Error::Divergent { sample: 2, .. }] => assert!(radius > 1.0),
            _ => panic!("{failures:?}"),
        },
        other => panic!("{other:?}"),
    }
    for on_failure in [OnFailure::Drop, OnFailure::Accept] {
        let gradient = solution.gradient(&w, &Neumann { on_failure, ..Neumann::default() }).unwrap();
        assert_eq!(gradient.failures, [0, 2]);
        let dropped = on_failure == OnFailure::Drop;
        assert_eq!(gradient.left_out, if dropped { vec![0, 2] } else { vec![] });
        assert_eq!(gradient.value.x.row(0).iter().all(|&v| v == 0.0), dropped);
        assert!(gradient.reports[0].radius.unwrap() > 1.0 && gradient.reports[1].radius.unwrap() < 1.0);
    }
}

#[test]
fn the_guard_estimates_the_spectral_radius() {
    // I - J at z* = 0 is W
    let radius = |w: Vec<f64>| {
        let n = w.len().isqrt();
        let cell = Arc::new(Tanh::new(n, w, Rows::new(1, n)).unwrap());
        let drop = Neumann { on_failure: OnFailure::Drop, ..Neumann::default() };
        run(&cell, &Newton::default()).gradient(&rows(1, 1, n), &drop).unwrap().reports[0].radius.unwrap()
    };
    let near = |found: f64, expected: f64, tolerance: f64| {
        assert!((found - expected).abs() <= tolerance * expected, "{found} for {expected}");
    };
    near(radius(vec![0.0, 1.5, -1.5, 0.0]), 1.5, 1e-12);
    near(radius(vec![0.9, 0.0, 0.0, -0.5]), 0.9, 1e-9);
    // a rotation by 1 rad, scaled by 0.8, in a skew basis
    let (sin, cos) = 1f64.sin_cos();
    near(radius(vec![0.8 * cos, -8.0 * sin, 0.08 * sin, 0.8 * cos]), 0.8, 0.05);
    // a Jordan block, nothing at all, and a nilpotent matrix
    near(radius(vec![0.5, 1.0, 0.0, 0.5]), 0.5, 0.05);
    near(radius(vec![0.0; 9]), 0.0, 0.0);
    near(radius(vec![0.0, 7.0, 0.0, 0.0]), 0.0, 0.0);
    // W = s P with a permutation P
    let n = 7;
    near(radius((0..n * n).map(|k| if (k % n + n - k / n) % n == 1 { 1.2 } else { 0.0 }).collect()), 1.2, 1e-9);
}

#[test]
fn shine_uses_what_the_solver_left() {
    let (b, n) = (4, 20);
    let cell = random(131, b, n, 0.9);
    let w = rows(133, b, n);
    let newton = run(&cell, &Newton::default());
    let exact = newton.adjoint(&w, &Implicit::default()).unwrap().vector;
    let off = |lam: &Rows<f64>| error(lam.as_slice(), exact.as_slice());
    let shine = |refinements| Shine { refinements, ..Shine::default() };
    let errors = [0, 1, 2, 5].map(|k| off(&lam(&newton, &w, &shine(k))));
    assert!(errors[0] < 1e-2 && errors[2] < 1e-10 && errors[3] < 1e-13, "{errors:?}");
    let report = newton.adjoint(&w, &shine(5)).unwrap().reports[0];
    assert!(report.converged && !report.fallback && report.iterations == 6 && report.condition > 1.0);

    let jfb = off(&w);
    let broyden = run(&cell, &Broyden::default());
    let errors = [0, 2, 30].map(|k| off(&lam(&broyden, &w, &shine(k))));
    assert!(errors[0] < jfb && errors[1] < errors[0] && errors[2] < 1e-6, "{errors:?} against {jfb}");

    for gradient in [
        run(&cell, &Picard::default()).adjoint(&w, &shine(3)).unwrap(),
        run(&cell, &Anderson::default()).adjoint(&w, &shine(3)).unwrap(),
    ] {
        assert_eq!(gradient.vector, w);
        assert!(gradient.reports.iter().all(|r| r.fallback && r.residual.is_nan()));
    }
}

#[test]
fn shine_falls_back_where_a_single_sample_is_unknown() {
    // sample 1 starts at its root, so that Newton never factored its Jacobian
    let solution = solve(linear(vec![0.5, 2.0, 4.0]), &one(&[1.0, 0.5, 1.0]), &Newton::default(), &tight()).unwrap();
    let gradient = solution.gradient(&one(&[1.0; 3]), &Shine::default()).unwrap();
    assert_eq!(gradient.vector.as_slice(), [2.0, 1.0, 0.25]);
    assert_eq!([0, 1, 2].map(|s| gradient.reports[s].fallback), [false, true, false]);
}

#[test]
fn the_implicit_mode_is_the_pullback() {
    let cell = random(141, 6, 10, 0.9);
    let solution = run(&cell, &Newton::default());
    let w = rows(143, 6, 10);
    let (mode, pullback) = (solution.gradient(&w, &Implicit::default()).unwrap(), solution.pullback(&w).unwrap());
    assert_eq!((mode.value, mode.vector, mode.reports), (pullback.value, pullback.vector, pullback.reports));
}

#[test]
fn no_mode_depends_on_the_batch() {
    fn all<T: Real>(b: usize, n: usize) {
        let cell = cell::<T>(151, b, n, 0.8);
        let w = rows::<T>(153, b, n);
        let options = |chunk| Options { relative: 1e-5, chunk: Some(chunk), ..Options::default() };
        let whole = solve(&cell, &Rows::new(b, n), &Newton::default(), &options(b)).unwrap();
        let alone: Vec<Tanh<T>> = (0..b)
            .map(|s| {
                let x = Rows::from_vec(1, n, cell.inputs().row(s).to_vec()).unwrap();
                Tanh::new(n, cell.weights().to_vec(), x).unwrap()
            })
            .collect();
        for mode in modes(OnFailure::Refuse) {
            let reference = lam(&whole, &w, mode.as_ref());
            for chunk in [1, 3] {
                let parts = solve(&cell, &Rows::new(b, n), &Newton::default(), &options(chunk)).unwrap();
                assert_eq!(lam(&parts, &w, mode.as_ref()), reference);
            }
            for (s, alone) in alone.iter().enumerate() {
                let alone = solve(alone, &Rows::new(1, n), &Newton::default(), &options(1)).unwrap();
                let w = Rows::from_vec(1, n, w.row(s).to_vec()).unwrap();
                assert_eq!(lam(&alone, &w, mode.as_ref()).row(0), reference.row(s));
            }
        }
    }
    all::<f64>(7, 11);
    all::<f32>(5, 18);
}

/// Sample 1 does not converge by Picard: W = -3 is repelling there; the other inputs saturate.
fn one_failed() -> Tanh<f64> {
    Tanh::new(1, vec![-3.0], one(&[9.0, 0.0, -9.0])).unwrap()
}

#[test]
fn a_failed_sample_is_refused_or_dropped_by_every_mode() {
    let (cell, alone) = (one_failed(), Tanh::new(1, vec![-3.0], one(&[9.0])).unwrap());
    let options = Options { max_iterations: 60, ..Options::default() };
    let solution = solve(&cell, &one(&[0.0, 0.5, 0.0]), &Picard::default(), &options).unwrap();
    let single = solve(&alone, &one(&[0.0]), &Picard::default(), &options).unwrap();
    assert_eq!(solution.outcomes()[1].status, Status::MaxIterations);
    let w = one(&[1.0; 3]);
    for mode in modes(OnFailure::Refuse) {
        assert!(matches!(solution.gradient(&w, mode.as_ref()), Err(Error::NotConverged { sample: 1, .. })));
    }
    for mode in modes(OnFailure::Drop) {
        let gradient = solution.gradient(&w, mode.as_ref()).unwrap();
        assert_eq!((gradient.failures, gradient.left_out, gradient.reports.len()), (vec![1], vec![1], 3));
        assert_eq!((gradient.vector.row(1), gradient.value.x.row(1)), (&[0.0][..], &[0.0][..]));
        let expected = single.gradient(&one(&[1.0]), mode.as_ref()).unwrap();
        assert_eq!(gradient.vector.row(0), expected.vector.row(0));
        assert_eq!(gradient.value.x.row(0), expected.value.x.row(0));
        let audit = audit(&solution, &w, mode.as_ref()).unwrap();
        assert!(audit.samples[1].cosine.is_nan() && audit.samples[1].error.is_nan());
        assert!(audit.overall.cosine > 0.99 && audit.samples[2].cosine == 1.0);
    }
}

#[test]
fn nan_in_one_sample_spoils_no_other() {
    // sample 1 leaves the domain: the square root of a negative number
    let g = |z: &[f64], a: &[f64], g: &mut [f64]| {
        g[0] = if a[0] == 1.0 { (-1.0 - z[0] * z[0]).sqrt() } else { 0.5 * z[0] - 1.0 };
    };
    let root = Model::equation_on_slices(g)
        .jacobian(|_, a, j| j[0] = if a[0] == 1.0 { f64::NAN } else { 0.5 })
        .parameter_jacobian(|_, _, d| d[0] = -1.0)
        .samples(one(&[0.0, 1.0, 0.0]))
        .system(1)
        .unwrap();
    let solution = solve(&root, &one(&[1.0; 3]), &Picard::default(), &tight()).unwrap();
    for on_failure in [OnFailure::Drop, OnFailure::Accept] {
        for mode in modes(on_failure) {
            let gradient = solution.gradient(&one(&[1.0; 3]), mode.as_ref()).unwrap();
            assert_eq!((gradient.failures, gradient.value.row(1)), (vec![1], &[0.0][..]));
            assert!(gradient.value.row(0)[0] >= 1.0 && gradient.value.row(0) == gradient.value.row(2));
        }
    }
}

#[test]
fn bad_cotangents_and_options_are_errors() {
    let cell = random(161, 2, 3, 0.5);
    let solution = run(&cell, &Newton::default());
    let w = rows::<f64>(163, 2, 3);
    for bad in [f64::NAN, f64::INFINITY] {
        let mut wrong = w.clone();
        wrong.row_mut(1)[2] = bad;
        for mode in modes(OnFailure::Drop) {
            assert!(matches!(solution.gradient(&wrong, mode.as_ref()), Err(Error::NonFinite { sample: 1, .. })));
            assert!(matches!(audit(&solution, &wrong, mode.as_ref()), Err(Error::NonFinite { sample: 1, .. })));
        }
    }
    for (samples, width) in [(2, 4), (1, 3), (0, 3)] {
        for mode in modes(OnFailure::Refuse) {
            let wrong = Rows::new(samples, width);
            assert!(matches!(solution.gradient(&wrong, mode.as_ref()), Err(Error::Shape { .. })));
            assert!(matches!(solution.adjoint(&wrong, mode.as_ref()), Err(Error::Shape { .. })));
            assert!(matches!(audit(&solution, &wrong, mode.as_ref()), Err(Error::Shape { .. })));
        }
    }
    let refused = |mode: &dyn GradientMode<Cell>, field: &str| match solution.gradient(&w, mode) {
        Err(Error::Option { name, .. }) => assert_eq!(name, field),
        other => panic!("{other:?}"),
    };
    refused(&Phantom { steps: 0, ..Phantom::default() }, "steps");
    refused(&Neumann { terms: 0, ..Neumann::default() }, "terms");
    refused(&Neumann { power_iterations: 1, ..Neumann::default() }, "power_iterations");
    for bad in [0.0, -1.0, 1.5, f64::NAN] {
        refused(&Phantom { damping: bad, ..Phantom::default() }, "damping");
        refused(&Neumann { max_radius: bad, ..Neumann::default() }, "max_radius");
    }
    refused(&Implicit { tolerance: Some(0.0), ..Implicit::default() }, "tolerance");

    let (z0, start) = (Rows::new(2, 3), |_: &Rows<f64>| w.clone());
    let name = |result: Result<_, Error>| match result {
        Err(Error::Option { name, .. }) => name,
        Err(other) => panic!("{other:?}"),
        Ok(dini::gradient::Unrolled { .. }) => panic!("accepted"),
    };
    assert_eq!(name(checkpointed(&cell, &z0, 5, 0, 1.0, start)), "snapshots");
    assert_eq!(name(checkpointed(&cell, &z0, 5, 2, 0.0, start)), "damping");
    assert_eq!(name(truncated(&cell, &z0, 5, 0, 1.0, start)), "keep");
    assert_eq!(name(truncated(&cell, &z0, 5, 6, 1.0, start)), "keep");
    assert_eq!(name(truncated(&cell, &z0, 5, 5, 2.0, start)), "damping");
    let wrong = |_: &Rows<f64>| Rows::new(2, 4);
    for iterations in [0, 1, 5] {
        assert!(matches!(checkpointed(&cell, &z0, iterations, 2, 1.0, wrong), Err(Error::Shape { .. })));
    }
    assert!(matches!(truncated(&cell, &Rows::new(0, 3), 5, 2, 1.0, start), Err(Error::Empty { .. })));
    assert!(matches!(checkpointed(&cell, &Rows::new(3, 3), 5, 2, 1.0, start), Err(Error::Shape { .. })));
}

#[test]
fn a_mode_of_wrong_shape_or_that_fails_is_an_error() {
    /// Lacks a column, or fails.
    struct Broken {
        fatal: bool,
    }
    impl<P: Linearize<State = Rows<f64>>> GradientMode<P> for Broken {
        fn validate(&self) -> Result<(), Error> {
            Ok(())
        }
        fn on_failure(&self) -> OnFailure {
            OnFailure::Refuse
        }
        fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &Rows<f64>) -> Result<Adjoints<Rows<f64>>, UserError> {
            let narrow = Adjoints::unmeasured(Rows::new(chunk.slots().len(), w.width() - 1));
            if self.fatal { Err("no lam".into()) } else { Ok(narrow) }
        }
    }
    let solution = run(&random(171, 3, 2, 0.5), &Newton::default());
    let w = rows(173, 3, 2);
    assert!(matches!(solution.gradient(&w, &Broken { fatal: false }), Err(Error::Shape { .. })));
    assert!(matches!(solution.gradient(&w, &Broken { fatal: true }), Err(Error::User(_))));
}

/// Least steps made ahead to reverse up to l steps with up to s snapshots, by trying every split.
fn optimum(l: usize, s: usize) -> Vec<Vec<usize>> {
    let mut table = vec![vec![0; s + 1]; l + 1];
    for l in 2..=l {
        table[l][1] = l * (l - 1) / 2;
        for s in 2..=s {
            table[l][s] = (1..l).map(|m| m + table[l - m][s - 1] + table[m][s]).min().unwrap();
        }
    }
    table
}

/// r l - beta(s + 1, r - 1) with beta(s, r - 1) < l <= beta(s, r), beta(s, r) = (s + r)! / (s! r!)
fn binomial(l: usize, s: usize) -> usize {
    let beta = |s: usize, r: usize| (1..=r).fold(1u128, |b, i| b * (s + i) as u128 / i as u128);
    match (0..).find(|&r| l as u128 <= beta(s, r)).unwrap() {
        0 => 0,
        r => (r as u128 * l as u128 - beta(s + 1, r - 1)) as usize,
    }
}

#[test]
fn checkpointing_gives_the_same_bits_at_the_least_cost() {
    let (b, n) = (2, 3);
    let cell = random(181, b, n, 0.9);
    let (z0, w) = (rows(183, b, n), rows::<f64>(184, b, n));
    let table = optimum(45, 12);
    for (iterations, optima) in table.iter().enumerate() {
        let all = unrolled(&cell, &z0, iterations, 0.8, |_| w.clone()).unwrap();
        assert_eq!((all.iterates, all.evaluations), (iterations + 1, (2 * iterations).saturating_sub(1)));
        for (snapshots, &optimum) in optima.iter().enumerate().skip(1) {
            let few = checkpointed(&cell, &z0, iterations, snapshots, 0.8, |_| w.clone()).unwrap();
            assert_eq!((&few.z, &few.value), (&all.z, &all.value));
            assert!(few.iterates <= (snapshots + 2).min(iterations + 1));
            assert_eq!(few.evaluations - iterations, optimum, "{iterations}, {snapshots}");
            if iterations > 0 {
                assert_eq!(optimum, binomial(iterations, snapshots));
            }
        }
    }
}

#[test]
fn long_reversals_cost_what_the_formula_says() {
    for (iterations, snapshots) in [(1, 1), (300, 1), (1000, 2), (1001, 10), (5000, 7), (5000, 50), (3000, 3000)] {
        let count = Arc::new(AtomicUsize::new(0));
        let calls = count.clone();
        let residual = move |z: &[f64], a: &[f64], g: &mut [f64]| {
            calls.fetch_add(1, Ordering::Relaxed);
            g[0] = 0.01 * (z[0] - a[0]);
        };
        let model = Model::equation_on_slices(residual).jacobian(|_, _, j| j[0] = 0.01);
        let model = model.parameter_jacobian(|_, _, d| d[0] = -0.01).parameters(&[1.0]);
        let problem = model.system(1).unwrap();
        let run = checkpointed(&problem, &one(&[0.0]), iterations, snapshots, 1.0, |_| one(&[1.0])).unwrap();
        let expected = iterations + binomial(iterations, snapshots);
        assert_eq!((run.evaluations, count.load(Ordering::Relaxed)), (expected, expected));
        assert!(run.iterates <= snapshots + 2);
        // z_k = a (1 - 0.99^k)
        let exact = 1.0 - 0.99f64.powi(iterations as i32);
        assert!((run.value.row(0)[0] - exact).abs() < 1e-12 && (run.z.row(0)[0] - exact).abs() < 1e-12);
    }
}

#[test]
fn truncation_keeps_the_last_steps() {
    let (b, n) = (3, 5);
    let cell = random(191, b, n, 0.6);
    let (z0, w) = (rows(193, b, n), rows::<f64>(194, b, n));
    let all = unrolled(&cell, &z0, 60, 1.0, |_| w.clone()).unwrap();
    let last = |keep| truncated(&cell, &z0, 60, keep, 1.0, |_| w.clone()).unwrap();
    let same = last(60);
    assert_eq!((same.z, same.value, same.iterates), (all.z.clone(), all.value.clone(), 61));
    let distance = |g: &TanhGradient<f64>| error(&g.w, &all.value.w).max(error(g.x.as_slice(), all.value.x.as_slice()));
    let errors = [2, 10, 40].map(|keep| distance(&last(keep).value));
    assert!(errors[1] < 0.1 * errors[0] && errors[2] < 1e-9, "{errors:?}");
    let few = last(10);
    assert_eq!((few.z, few.iterates, few.evaluations), (all.z, 11, 69));
    // j z = a: the last k steps have the gradient sum_{i<k} (1 - j)^i
    for keep in [1, 2, 5] {
        let value = truncated(&linear(vec![0.4]), &one(&[0.0]), 9, keep, 1.0, |_| one(&[1.0])).unwrap().value;
        let expected: f64 = (0..keep as i32).map(|i| 0.6f64.powi(i)).sum();
        assert!((value.row(0)[0] - expected).abs() < 1e-14);
    }
}

#[test]
fn audits_measure_angle_and_distance() {
    let (b, n) = (4, 8);
    let cell = random(201, b, n, 0.8);
    let solution = run(&cell, &Newton::default());
    let mut w = rows::<f64>(203, b, n);
    w.row_mut(2).fill(0.0);
    let exact = audit(&solution, &w, &Implicit::default()).unwrap();
    for agreement in exact.samples.iter().chain([&exact.overall]) {
        assert!((agreement.cosine - 1.0).abs() < 1e-12 && agreement.error == 0.0, "{agreement:?}");
    }
    // against plain formulas
    let jfb = audit(&solution, &w, &Jfb::default()).unwrap();
    let lam = solution.pullback(&w).unwrap().vector;
    let expected = |a: &[f64], e: &[f64]| {
        let difference: Vec<f64> = a.iter().zip(e).map(|(a, e)| a - e).collect();
        let cosine = common::dot(a, e) / common::norm(a) / common::norm(e);
        Agreement { cosine, error: common::norm(&difference) / common::norm(e) }
    };
    let close = |found: Agreement, expected: Agreement| {
        let off = (found.cosine - expected.cosine).abs().max((found.error - expected.error).abs());
        assert!(off < 1e-9, "{found:?} for {expected:?}");
    };
    close(jfb.overall, expected(w.as_slice(), lam.as_slice()));
    for s in [0, 1, 3] {
        close(jfb.samples[s], expected(w.row(s), lam.row(s)));
    }
    assert_eq!(jfb.samples[2], Agreement { cosine: 1.0, error: 0.0 }, "0 and 0");
    // what is opposite to the truth has cosine -1: lam = -w / 2 for J = -2
    let backward = solve(linear(vec![-2.0]), &one(&[0.0]), &Newton::default(), &tight()).unwrap();
    close(audit(&backward, &one(&[1.0]), &Jfb::default()).unwrap().overall, Agreement { cosine: -1.0, error: 3.0 });
    // the largest numbers there are
    let huge = audit(&backward, &one(&[1e308]), &Jfb::default()).unwrap();
    close(huge.overall, Agreement { cosine: -1.0, error: 3.0 });
}

#[test]
fn audits_of_parameter_gradients() {
    fn check<P, M>(solution: &Solution<P, M>, w: &P::State)
    where
        P: ParamVjp<State = Rows<f64>, Parameters = TanhGradient<f64>>,
        M: Inverse<Rows<f64>>,
    {
        let flatten = |g: &TanhGradient<f64>| g.w.iter().chain(g.x.as_slice()).copied().collect();
        let exact = audit_parameters(solution, w, &Implicit::default(), flatten).unwrap();
        assert!((exact.cosine - 1.0).abs() < 1e-12 && exact.error == 0.0);
        let near = audit_parameters(solution, w, &Phantom { steps: 30, damping: 1.0, ..Phantom::default() }, flatten);
        let far = audit_parameters(solution, w, &Jfb::default(), flatten).unwrap();
        assert!(near.as_ref().unwrap().error < 0.01 * far.error && far.cosine > 0.5 && far.cosine < 1.0);
    }
    let cell = random(211, 3, 5, 0.6);
    check(&run(&cell, &Newton::default()), &rows(213, 3, 5));
}

#[test]
fn differences_of_gradients_are_hessian_vector_products() {
    // L = <c, z*>: the Hessian by the inputs is symmetric, <u, H v> = <v, H u>
    let (b, n) = (2, 4);
    let (weights, x, c) = (weights::<f64>(221, n, 0.8), rows::<f64>(222, b, n), rows::<f64>(223, b, n));
    let product = |direction: &Rows<f64>| {
        hessian_vector_differences(0.3, |t| {
            let moved = x.as_slice().iter().zip(direction.as_slice()).map(|(x, d)| x + t * d).collect();
            let cell = Arc::new(Tanh::new(n, weights.clone(), Rows::from_vec(b, n, moved)?)?);
            Ok(run(&cell, &Newton::default()).pullback(&c)?.value.x.into_vec())
        })
        .unwrap()
    };
    let (u, v) = (rows::<f64>(224, b, n), rows::<f64>(225, b, n));
    let (hu, hv) = (product(&u), product(&v));
    let (left, right) = (common::dot(v.as_slice(), &hu.value), common::dot(u.as_slice(), &hv.value));
    assert!((left - right).abs() < 1e-8 && left.abs() > 1e-3, "{left} and {right}");
    assert!(hu.error < 1e-7 && hu.gradients <= 16);

    let exact = hessian_vector_differences(1.0, |t: f64| Ok(vec![t, t.exp(), t.sin() + 5.0])).unwrap();
    assert!(exact.value.iter().all(|d| (d - 1.0).abs() < 1e-10) && exact.error < 1e-8, "{exact:?}");
    for step in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused = hessian_vector_differences(step, |t| Ok(vec![t]));
        assert!(matches!(refused, Err(Error::Option { name: "step", .. })));
    }
    let ragged = hessian_vector_differences(0.5, |t| Ok(vec![t; if t > 0.0 { 2 } else { 1 }]));
    assert!(matches!(ragged, Err(Error::Shape { .. })));
    assert!(!hessian_vector_differences(0.5, |t| Ok(vec![t.ln()])).unwrap().error.is_finite());
}
