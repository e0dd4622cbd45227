//! Second derivatives of solutions: closed forms, symmetry, differences of gradients, and refusals.

mod common;

use std::sync::Arc;

use common::{cell, dot, error, numbers, rows, weights};
use dini::cells::{Tanh, TanhGradient};
use dini::gradient::{HessianProduct, Method, OnFailure, linear_loss};
use dini::linear::{Gmres, Refinement};
use dini::model::{OnSlices, OnVars, System};
use dini::problem::{Active, Along, Linearize, ParamVjp, Problem, SecondOrder};
use dini::program::Var;
use dini::{Anderson, Error, Implicit, Model, Newton, Options, Real, Rows, Solution, Status, solve};

fn tight() -> Options {
    Options { relative: 1e-14, absolute: 1e-14, max_iterations: 3000, ..Options::default() }
}

fn start(samples: usize, n: usize, value: f64) -> Rows<f64> {
    Rows::from_vec(samples, n, vec![value; samples * n]).unwrap()
}

fn map<T: Real>(z: &Rows<T>, f: impl Fn(T) -> T) -> Rows<T> {
    Rows::from_vec(z.samples(), z.width(), z.as_slice().iter().map(|&v| f(v)).collect()).unwrap()
}

/// w of L = sum (cos z + z / 2).
fn cotangent(z: &Rows<f64>) -> Rows<f64> {
    map(z, |v| 0.5 - v.sin())
}

/// Its derivative along dz.
fn curvature(z: &Rows<f64>) -> impl Fn(&Rows<f64>) -> Rows<f64> {
    let second = map(z, |v| -v.cos());
    move |dz| {
        let pairs = second.as_slice().iter().zip(dz.as_slice());
        Rows::from_vec(dz.samples(), dz.width(), pairs.map(|(a, b)| a * b).collect()).unwrap()
    }
}

/// z^2 = a.
fn root(a: Rows<f64>) -> System<f64> {
    Model::equation(|z, a| [z[0] * z[0] - a[0]]).samples(a).system(1).unwrap()
}

/// E - e sin E = M.
fn kepler(a: Rows<f64>) -> System<f64> {
    Model::equation(|z, a| [z[0] - a[0] * z[0].sin() - a[1]]).samples(a).system(1).unwrap()
}

/// f_i = a_k (sin z_(i+1) + exp(-z_(i-1)^2) z_i) / 4 + a_k a_(k+1) + z_i a_k^2 / 8 with k = i mod p: bends in z, in a, and in both.
fn ring_model() -> Model<OnVars<'static>, f64> {
    Model::fixed_point(|z, a| -> Vec<Var> {
        let (n, p) = (z.len(), a.len());
        let f = |i: usize| {
            let (next, last) = (z[(i + 1) % n], z[(i + n - 1) % n]);
            let (a, b) = (a[i % p], a[(i + 1) % p]);
            let coupling = next.sin() + (-(last * last)).exp() * z[i];
            a * coupling * 0.25 + a * b + z[i] * a * a * 0.125
        };
        (0..n).map(f).collect()
    })
}

fn ring(n: usize, a: &Rows<f64>) -> System<f64> {
    ring_model().samples(a.clone()).system(n).unwrap()
}

fn solved<P: Problem<State = Rows<f64>> + Linearize>(
    problem: P,
    samples: usize,
    n: usize,
) -> Solution<P, impl dini::linear::Inverse<Rows<f64>>> {
    let solution = solve(problem, &start(samples, n, 0.1), &Newton::default(), &tight()).unwrap();
    solution.converged().unwrap();
    solution
}

fn direction(seed: u64, samples: usize, n: usize) -> TanhGradient<f64> {
    TanhGradient { w: numbers(seed, n * n), x: rows(seed + 1, samples, n) }
}

fn pairing(a: &TanhGradient<f64>, b: &TanhGradient<f64>) -> f64 {
    dot(&a.w, &b.w) + dot(a.x.as_slice(), b.x.as_slice())
}

/// The cell at W + t dW, x + t dx.
fn moved(cell: &Tanh<f64>, v: &TanhGradient<f64>, t: f64) -> Tanh<f64> {
    let add = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + t * b).collect::<Vec<_>>();
    let x = add(cell.inputs().as_slice(), v.x.as_slice());
    let x = Rows::from_vec(cell.inputs().samples(), cell.size(), x).unwrap();
    Tanh::new(cell.size(), add(cell.weights(), &v.w), x).unwrap()
}

/// (f(h) - f(-h)) / 2h
fn central(h: f64, f: impl Fn(f64) -> Vec<f64>) -> Vec<f64> {
    f(h).iter().zip(f(-h)).map(|(a, b)| (a - b) / (2.0 * h)).collect()
}

#[test]
fn roots_and_orbits_have_their_second_derivatives() {
    let a = Rows::from_vec(2, 1, vec![4.0, 9.0]).unwrap();
    let roots = solve(root(a), &start(2, 1, 1.0), &Newton::default(), &tight()).unwrap();
    let ones = start(2, 1, 1.0);
    let product = roots.hessian_product(&ones, &ones, linear_loss).unwrap();
    for (s, z) in [2.0f64, 3.0].into_iter().enumerate() {
        assert!((product.value.row(s)[0] + 1.0 / (4.0 * z.powi(3))).abs() < 1e-15);
        assert!((product.lam.row(s)[0] - 0.5 / z).abs() < 1e-15 && (product.dz.row(s)[0] - 0.5 / z).abs() < 1e-15);
        assert!((product.dlam.row(s)[0] + 0.25 / z.powi(3)).abs() < 1e-15, "d(1 / 2z)/da");
        assert!(product.reports[s].iter().all(|report| report.converged));
    }
    // L = z^4 = a^2, where leaving out dw would give another sign
    let w = map(roots.z(), |z| 4.0 * z.powi(3));
    let bend = map(roots.z(), |z| 12.0 * z * z / (2.0 * z));
    let square = roots.hessian_product(&w, &ones, |_| bend).unwrap().value;
    assert!(error(square.as_slice(), &[2.0, 2.0]) < 1e-14);

    let orbits = [[0.1, 1.0], [0.6, 2.0], [0.9, 0.2]];
    let a = Rows::from_vec(3, 2, orbits.concat()).unwrap();
    let solution = solved(kepler(a), 3, 1);
    for (s, [e, _]) in orbits.into_iter().enumerate() {
        let (sin, cos) = solution.z().row(s)[0].sin_cos();
        let r = 1.0 - e * cos;
        let mixed = cos / (r * r) - e * sin * sin / r.powi(3);
        let by_e = 2.0 * sin * cos / (r * r) - e * sin.powi(3) / r.powi(3);
        let exact = [by_e, mixed, mixed, -e * sin / r.powi(3)];
        let hessian = solution.hessian(s, &start(3, 1, 1.0), linear_loss).unwrap();
        assert!(error(hessian.as_slice(), &exact) < 1e-12, "{hessian:?} {exact:?}");
    }
}

#[test]
fn one_tanh_unit_by_hand() {
    let (w, x) = (0.7, 0.4);
    let solution = solved(Tanh::new(1, vec![w], start(1, 1, x)).unwrap(), 1, 1);
    let z = solution.z().row(0)[0];
    let d = 1.0 - z * z;
    let (p, m) = (d / (1.0 - w * d), (1.0 - w * d).powi(-2));
    let by_xx = -2.0 * z * p * m;
    let by_xw = (d * d - 2.0 * z * z * p) * m;
    let by_ww = z * p * p + z * by_xw;
    for (dw, dx) in [(1.0, 0.0), (0.0, 1.0), (0.3, -2.0)] {
        let along = TanhGradient { w: vec![dw], x: start(1, 1, dx) };
        let product = solution.hessian_product(&start(1, 1, 1.0), &along, linear_loss).unwrap().value;
        assert!((product.w[0] - (by_ww * dw + by_xw * dx)).abs() < 1e-13);
        assert!((product.x.row(0)[0] - (by_xw * dw + by_xx * dx)).abs() < 1e-13);
    }
}

#[test]
fn hessians_are_symmetric() {
    for (b, n) in [(1, 1), (3, 5), (4, 20)] {
        let solution = solved(cell::<f64>(7, b, n, 0.8), b, n);
        let (u, v) = (direction(11, b, n), direction(13, b, n));
        let times = |v| solution.hessian_product(&cotangent(solution.z()), v, curvature(solution.z())).unwrap().value;
        let (left, right) = (pairing(&u, &times(&v)), pairing(&v, &times(&u)));
        assert!((left - right).abs() < 1e-10 * left.abs().max(1.0), "{b} {n}: {left} {right}");

        let solution = solved(ring(n, &rows(17, b, 3)), b, n);
        let (u, v) = (rows::<f64>(19, b, 3), rows::<f64>(23, b, 3));
        let times = |v| solution.hessian_product(&cotangent(solution.z()), v, curvature(solution.z())).unwrap().value;
        let (hv, hu) = (times(&v), times(&u));
        for s in 0..b {
            let (left, right) = (dot(u.row(s), hv.row(s)), dot(v.row(s), hu.row(s)));
            assert!((left - right).abs() < 1e-10 * left.abs().max(1.0), "{b} {n}: {left} {right}");
        }
    }
}

#[test]
fn products_are_differences_of_gradients() {
    let (b, n) = (3, 12);
    let cell = cell::<f64>(31, b, n, 0.8);
    let v = direction(33, b, n);
    let gradient = |t: f64| {
        let solution = solved(moved(&cell, &v, t), b, n);
        let TanhGradient { w, x } = solution.pullback(&cotangent(solution.z())).unwrap().value;
        [w, x.into_vec()].concat()
    };
    let solution = solved(&cell, b, n);
    let TanhGradient { w, x } =
        solution.hessian_product(&cotangent(solution.z()), &v, curvature(solution.z())).unwrap().value;
    assert!(error(&[w, x.into_vec()].concat(), &central(1e-4, gradient)) < 1e-6);

    let (a, v) = (rows::<f64>(35, b, 5), rows::<f64>(37, b, 5));
    let gradient = |t: f64| {
        let a = a.as_slice().iter().zip(v.as_slice()).map(|(a, v)| a + t * v).collect();
        let solution = solved(ring(n, &Rows::from_vec(b, 5, a).unwrap()), b, n);
        solution.pullback(&cotangent(solution.z())).unwrap().value.into_vec()
    };
    let solution = solved(ring(n, &a), b, n);
    let product = solution.hessian_product(&cotangent(solution.z()), &v, curvature(solution.z())).unwrap();
    assert!(error(product.value.as_slice(), &central(1e-4, gradient)) < 1e-6);
}

#[test]
fn second_derivatives_of_a_problem_are_those_of_its_products() {
    let (b, n) = (4, 6);
    let (cell, da) = (cell::<f64>(41, b, n, 1.5), direction(43, b, n));
    // rows that are not in the order of the samples
    let slots = [2, 0];
    let at = Active::new(&slots, 1, false);
    let [z, lam, dz] = [45, 46, 47].map(|seed| rows::<f64>(seed, 2, n));
    let along = Along { z: &z, lam: &lam, dz: &dz, da: &da };
    let first = |t: f64| {
        let cell = moved(&cell, &da, t);
        let z = Rows::from_vec(2, n, z.as_slice().iter().zip(dz.as_slice()).map(|(z, d)| z + t * d).collect()).unwrap();
        let (mut g, mut tape) = (Rows::new(2, n), cell.tape(&Rows::new(3, n)));
        cell.residual(at, &z, &mut g).unwrap();
        cell.linearize(at, &z, &g, &mut tape).unwrap();
        (cell, z, tape, g)
    };
    let vjp = |t: f64| {
        let (cell, _, tape, mut out) = first(t);
        cell.vjp(at, &tape, &lam, &mut out).unwrap();
        out.into_vec()
    };
    let param_vjp = |t: f64| {
        let (cell, z, tape, _) = first(t);
        let mut grad = TanhGradient { w: vec![0.0; n * n], x: Rows::new(b, n) };
        cell.param_vjp(at, &tape, &z, &lam, -0.5, &mut grad).unwrap();
        [grad.w, grad.x.into_vec()].concat()
    };
    let (cell, _, tape, mut out) = first(0.0);
    cell.vjp_along(at, &tape, &along, &mut out).unwrap();
    assert!(error(out.as_slice(), &central(1e-5, vjp)) < 1e-8);
    let mut grad = TanhGradient { w: vec![1.0; n * n], x: Rows::from_vec(b, n, vec![1.0; b * n]).unwrap() };
    cell.param_vjp_along(at, &tape, &along, -0.5, &mut grad).unwrap();
    let added: Vec<f64> = [grad.w, grad.x.into_vec()].concat().iter().map(|v| v - 1.0).collect();
    assert!(error(&added, &central(1e-5, param_vjp)) < 1e-8);
}

#[test]
fn methods_and_pointers_agree() {
    let (b, n) = (5, 18);
    let (cell, v) = (Arc::new(cell::<f64>(51, b, n, 0.7)), direction(53, b, n));
    let flat = |product: HessianProduct<TanhGradient<f64>, Rows<f64>>| {
        assert!(product.reports.iter().flatten().all(|report| report.converged) && product.failures.is_empty());
        [product.value.w, product.value.x.into_vec()].concat()
    };
    let solution = solved(cell.clone(), b, n);
    let w = cotangent(solution.z());
    let exact = flat(solution.hessian_product(&w, &v, curvature(solution.z())).unwrap());
    let borrowed = solved(&*cell, b, n);
    assert_eq!(exact, flat(borrowed.hessian_product(&w, &v, curvature(solution.z())).unwrap()));
    let methods = [
        Method::Dense,
        Method::Krylov(Gmres { restart: 30, max_iterations: 300 }.into()),
        Method::FixedPoint(Refinement::default()),
    ];
    for method in methods {
        let options = Implicit { method, verdict: Some(true), tolerance: Some(1e-12), ..Implicit::default() };
        let product = solution.hessian_product_with(&w, &v, curvature(solution.z()), &options).unwrap();
        assert!(error(&flat(product), &exact) < 1e-10, "{options:?}");
    }
    let other = solve(&*cell, &start(b, n, 0.0), &Anderson::default(), &tight()).unwrap();
    assert!(error(&flat(other.hessian_product(&w, &v, curvature(other.z())).unwrap()), &exact) < 1e-9);
}

#[test]
fn a_batch_changes_no_bit() {
    let (b, n, p) = (7, 5, 3);
    let (a, v) = (rows::<f64>(61, b, p), rows::<f64>(63, b, p));
    for method in [Method::Auto, Method::Dense, Method::Krylov(Gmres { restart: 30, max_iterations: 300 }.into())] {
        let options = Implicit { method, ..Implicit::default() };
        let run = |a: &Rows<f64>, v: &Rows<f64>| {
            let solution = solved(ring(n, a), a.samples(), n);
            let product =
                solution.hessian_product_with(&cotangent(solution.z()), v, curvature(solution.z()), &options).unwrap();
            (product.value, product.dlam)
        };
        let one = |rows: &Rows<f64>, s: usize| Rows::from_vec(1, p, rows.row(s).to_vec()).unwrap();
        let (value, dlam) = run(&a, &v);
        for s in 0..b {
            let alone = run(&one(&a, s), &one(&v, s));
            assert_eq!((value.row(s), dlam.row(s)), (alone.0.row(0), alone.1.row(0)), "{options:?}");
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        assert_eq!(pool.install(|| run(&a, &v)), (value, dlam), "{options:?}");
    }
}

#[test]
fn the_whole_hessian_is_made_of_products() {
    let (b, n, p) = (3, 8, 4);
    let solution = solved(ring(n, &rows(71, b, p)), b, n);
    let (w, curvature) = (cotangent(solution.z()), curvature(solution.z()));
    for s in 0..b {
        let hessian = solution.hessian(s, &w, &curvature).unwrap();
        for j in 0..p {
            let mut unit = Rows::new(b, p);
            unit.row_mut(s)[j] = 1.0;
            let product = solution.hessian_product(&w, &unit, &curvature).unwrap().value;
            assert!(error(hessian.row(j), product.row(s)) < 1e-12);
            assert!((0..j).all(|i| (hessian.row(j)[i] - hessian.row(i)[j]).abs() < 1e-12));
        }
    }
    assert!(matches!(solution.hessian(b, &w, &curvature), Err(Error::Shape { .. })));
}

#[test]
fn folds_and_what_did_not_converge_are_refused() {
    let a = Rows::from_vec(3, 1, vec![4.0, 0.0, 9.0]).unwrap();
    let z0 = Rows::from_vec(3, 1, vec![1.0, 0.0, 1.0]).unwrap();
    let fold = solve(root(a), &z0, &Newton::default(), &tight()).unwrap();
    let ones = start(3, 1, 1.0);
    for method in [Method::Auto, Method::Dense] {
        let refuse = Implicit { method: method.clone(), ..Implicit::default() };
        let refused = fold.hessian_product_with(&ones, &ones, linear_loss, &refuse);
        assert!(matches!(refused, Err(Error::Singular { sample: 1, .. } | Error::Hypotheses { sample: 1, .. })));
        for on_failure in [OnFailure::Drop, OnFailure::Accept] {
            let options = Implicit { on_failure, method: method.clone(), ..Implicit::default() };
            let product = fold.hessian_product_with(&ones, &ones, linear_loss, &options).unwrap();
            assert_eq!(product.failures, [1]);
            assert!(product.value.as_slice().iter().all(|v| v.is_finite()));
            assert!((product.value.row(0)[0] + 1.0 / 32.0).abs() < 1e-15);
            assert!((product.value.row(2)[0] + 1.0 / 108.0).abs() < 1e-15);
            if on_failure == OnFailure::Drop {
                let zeros = [&product.value, &product.lam, &product.dz, &product.dlam].map(|rows| rows.row(1)[0]);
                assert_eq!((product.left_out.as_slice(), zeros), ([1].as_slice(), [0.0; 4]));
            }
        }
    }
    assert!(matches!(fold.hessian(1, &ones, linear_loss), Err(Error::Singular { .. } | Error::Hypotheses { .. })));
    assert!(fold.hessian(2, &ones, linear_loss).is_ok());
}

#[test]
fn samples_that_did_not_converge_are_refused_dropped_or_accepted() {
    let a = Rows::from_vec(2, 1, vec![4.0, 1.0]).unwrap();
    let z0 = Rows::from_vec(2, 1, vec![90.0, 1.0]).unwrap();
    let options = Options { max_iterations: 2, ..tight() };
    let early = solve(root(a), &z0, &Newton::default(), &options).unwrap();
    assert_eq!([early.outcomes()[0].status, early.outcomes()[1].status], [Status::MaxIterations, Status::Converged]);
    let ones = start(2, 1, 1.0);
    let run = |on_failure| {
        early.hessian_product_with(&ones, &ones, linear_loss, &Implicit { on_failure, ..Implicit::default() })
    };
    assert!(matches!(run(OnFailure::Refuse), Err(Error::NotConverged { sample: 0, .. })));
    assert!(matches!(early.hessian(0, &ones, linear_loss), Err(Error::NotConverged { sample: 0, .. })));
    let dropped = run(OnFailure::Drop).unwrap();
    assert_eq!((dropped.failures, dropped.left_out), (vec![0], vec![0]));
    assert!(dropped.value.row(0)[0] == 0.0 && (dropped.value.row(1)[0] + 0.25).abs() < 1e-15);
    // the formula at the last iterate, whatever that is worth
    let accepted = run(OnFailure::Accept).unwrap();
    let z = early.z().row(0)[0];
    assert!(accepted.left_out.is_empty() && accepted.failures == [0]);
    assert!((accepted.value.row(0)[0] * 4.0 * z.powi(3) + 1.0).abs() < 1e-12);
}

#[test]
fn a_dropped_sample_adds_nothing_to_shared_parameters() {
    let n = 6;
    let whole = cell::<f64>(91, 3, n, 0.8);
    let pick = |rows: &Rows<f64>| Rows::from_vec(2, n, [rows.row(0), rows.row(2)].concat()).unwrap();
    let part = Tanh::new(n, whole.weights().to_vec(), pick(whole.inputs())).unwrap();
    let v = direction(93, 3, n);
    let mut z0 = solved(&whole, 3, n).into_z();
    let part = solved(part, 2, n);
    let along = TanhGradient { w: v.w.clone(), x: pick(&v.x) };
    let expected = part.hessian_product(&start(2, n, 1.0), &along, linear_loss).unwrap().value;
    z0.row_mut(1).fill(3.0);
    let options = Options { max_iterations: 1, ..tight() };
    let solution = solve(&whole, &z0, &Newton::default(), &options).unwrap();
    assert_eq!(solution.failures().collect::<Vec<_>>(), [1]);
    let options = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let product = solution.hessian_product_with(&start(3, n, 1.0), &v, linear_loss, &options).unwrap();
    assert_eq!((product.failures, product.left_out), (vec![1], vec![1]));
    assert!(error(&product.value.w, &expected.w) < 1e-11);
    assert!(error(pick(&product.value.x).as_slice(), expected.x.as_slice()) < 1e-11);
    assert!(product.value.x.row(1).iter().all(|v| *v == 0.0));
}

#[test]
fn a_dropped_sample_adds_nothing_even_where_its_derivatives_are_nan() {
    // ln z = a with a = 1 / 2; sample 0 starts outside the domain, where every derivative is NaN
    let model = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].ln() - a[0])
        .jacobian(|z, _, j| j[0] = 1.0 / z[0])
        .parameter_jacobian(|z, _, d| d[0] = -z[0].ln() / z[0].ln())
        .second_derivatives(|_, at, out| {
            out[0] = -at.lam[0] * at.dz[0] / (at.z[0] * at.z[0]) + 0.0 * at.z[0].ln();
            out[1] = 0.0 * at.z[0].ln();
        });
    let problem = model.samples(start(2, 1, 0.5)).system(1).unwrap();
    let z0 = Rows::from_vec(2, 1, vec![-1.0, 1.0]).unwrap();
    let solution = solve(problem, &z0, &Newton::default(), &tight()).unwrap();
    let ones = start(2, 1, 1.0);
    for on_failure in [OnFailure::Drop, OnFailure::Accept] {
        let options = Implicit { on_failure, ..Implicit::default() };
        let product = solution.hessian_product_with(&ones, &ones, linear_loss, &options).unwrap();
        assert_eq!((product.value.row(0)[0], product.left_out), (0.0, vec![0]));
        assert!((product.value.row(1)[0] - 0.5f64.exp()).abs() < 1e-12, "z = exp(a) is its own second derivative");
    }
}

/// z^2 = a at 4 and 9 with whatever second derivative.
fn squares() -> Model<OnSlices<f64>, f64> {
    Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0] * z[0] - a[0])
        .jacobian(|z, _, j| j[0] = 2.0 * z[0])
        .parameter_jacobian(|_, _, d| d[0] = -1.0)
        .samples(Rows::from_vec(2, 1, vec![4.0, 9.0]).unwrap())
}

#[test]
fn functions_on_slices_have_the_second_derivatives_that_they_state_and_no_others() {
    let ones = start(2, 1, 1.0);
    let silent = solved(squares().system(1).unwrap(), 2, 1);
    let refused = silent.hessian_product(&ones, &ones, linear_loss);
    assert!(matches!(&refused, Err(Error::User(e)) if e.to_string().contains("second_derivatives")), "{refused:?}");
    let stated = squares().second_derivatives(|_, at, out| out[0] = 2.0 * at.lam[0] * at.dz[0]);
    let stated = solved(stated.system(1).unwrap(), 2, 1);
    let product = stated.hessian_product(&ones, &ones, linear_loss).unwrap().value;
    assert!(error(product.as_slice(), &[-1.0 / 32.0, -1.0 / 108.0]) < 1e-12);
    let undefined = squares().second_derivatives(|a, at, out| {
        out[0] = if a[0] == 4.0 { f64::NAN } else { 2.0 * at.lam[0] * at.dz[0] };
    });
    let undefined = solved(undefined.system(1).unwrap(), 2, 1);
    let refused = undefined.hessian_product(&ones, &ones, linear_loss);
    assert!(matches!(refused, Err(Error::NonFinite { what: "the second derivatives", sample: 0 })));
    let drop = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let dropped = undefined.hessian_product_with(&ones, &ones, linear_loss, &drop).unwrap();
    assert_eq!((dropped.failures, dropped.left_out), (vec![0], vec![0]));
    assert_eq!((dropped.value.row(0)[0], dropped.value.row(1)[0]), (0.0, product.row(1)[0]));
}

#[test]
fn bad_input_is_refused() {
    let solution = solved(squares().second_derivatives(|_, _, _| ()).system(1).unwrap(), 2, 1);
    let (ones, nan, wide) = (start(2, 1, 1.0), start(2, 1, f64::NAN), start(2, 3, 1.0));
    for (w, da, dw) in [(&wide, &ones, &ones), (&ones, &wide, &ones), (&ones, &ones, &wide)] {
        let refused = solution.hessian_product(w, da, |_| dw.clone());
        assert!(matches!(refused, Err(Error::Shape { .. })), "{refused:?}");
    }
    for (w, da, dw) in [(&nan, &ones, &ones), (&ones, &nan, &ones), (&ones, &ones, &nan)] {
        let refused = solution.hessian_product(w, da, |_| dw.clone());
        assert!(matches!(refused, Err(Error::NonFinite { sample: 0, .. })), "{refused:?}");
    }
    let options = Implicit { tolerance: Some(-1.0), ..Implicit::default() };
    let refused = solution.hessian_product_with(&ones, &ones, linear_loss, &options);
    assert!(matches!(refused, Err(Error::Option { name: "tolerance", .. })));
}

#[test]
fn single_precision_agrees_with_double() {
    let (b, n, p) = (3, 10, 4);
    let wide = rows::<f64>(81, b, p);
    let narrow = |rows: &Rows<f64>| {
        Rows::from_vec(rows.samples(), rows.width(), rows.as_slice().iter().map(|&v| v as f32).collect()).unwrap()
    };
    let (double, single) = (ring(n, &wide), ring_model().single_precision().samples(narrow(&wide)).system(n).unwrap());
    let (v, w) = (rows::<f64>(83, b, p), rows::<f64>(85, b, n));
    let exact = solved(double, b, n).hessian_product(&w, &v, linear_loss).unwrap().value;
    let options = Options { relative: 1e-6, ..Options::default() };
    let solution = solve(single, &Rows::new(b, n), &Newton::default(), &options).unwrap();
    let rounded = solution.hessian_product(&narrow(&w), &narrow(&v), linear_loss).unwrap().value;
    assert!(error(rounded.as_slice(), narrow(&exact).as_slice()) < 1e-4);

    let cell = Tanh::<f32>::new(n, weights(87, n, 0.7), rows(88, b, n)).unwrap();
    let exact = Tanh::<f64>::new(n, weights(87, n, 0.7), rows(88, b, n)).unwrap();
    let v = direction(89, b, n);
    let single = TanhGradient { w: v.w.iter().map(|&v| v as f32).collect(), x: narrow(&v.x) };
    let exact = solved(exact, b, n).hessian_product(&w, &v, linear_loss).unwrap().value;
    let solution = solve(cell, &Rows::new(b, n), &Newton::default(), &options).unwrap();
    let rounded = solution.hessian_product(&narrow(&w), &single, linear_loss).unwrap().value;
    assert!(error(rounded.x.as_slice(), narrow(&exact.x).as_slice()) < 1e-4);
}
