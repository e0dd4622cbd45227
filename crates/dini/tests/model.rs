//! Models: equations, fixed points, minima; traced or on slices, with derivatives by hand, by differences and by coloured ones. All must
//! be one problem.

#![allow(clippy::needless_range_loop)]

mod common;

use common::{dot, error, numbers, rows};
use dini::batch::{Batch, Keep};
use dini::cells::TanhGradient;
use dini::gradient::{Implicit, linear_loss};
use dini::model::{OnSlices, OnVars, System};
use dini::problem::{Active, Bounds, DenseJacobian, Linearize, ParamJvp, ParamVjp, Problem, Sparsity};
use dini::program::{Var, select};
use dini::solve::{Solver, SparseNewton};
use dini::{Anderson, Error, Model, Newton, Options, Picard, Real, Rows, Status, solve};
use num_traits::Float;

/// A precision in which models are solved.
trait Scalar: Real {
    fn lowered(model: Model<OnVars<'_>, f64>, a: &Rows<Self>, n: usize) -> System<Self>;
}

impl Scalar for f64 {
    fn lowered(model: Model<OnVars<'_>, f64>, a: &Rows<f64>, n: usize) -> System<f64> {
        model.samples(a.clone()).system(n).unwrap()
    }
}

impl Scalar for f32 {
    fn lowered(model: Model<OnVars<'_>, f64>, a: &Rows<f32>, n: usize) -> System<f32> {
        model.single_precision().samples(a.clone()).system(n).unwrap()
    }
}

/// An equation, to be traced and by value, with derivatives by hand: J column-major, and dg/da column-major.
trait Case<T: Real>: Copy + Send + Sync + 'static {
    const UNKNOWNS: usize;
    fn trace(z: &[Var], a: &[Var]) -> Vec<Var>;
    fn residual(&self, z: &[T], a: &[T], out: &mut [T]);
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]);
    fn by_parameters(&self, z: &[T], a: &[T], out: &mut [T]);
    /// Parameters of `b` samples and a start.
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>);
}

/// E - e sin E = M with parameters (e, M).
#[derive(Clone, Copy)]
struct Kepler;
impl<T: Real> Case<T> for Kepler {
    const UNKNOWNS: usize = 1;
    fn trace(z: &[Var], a: &[Var]) -> Vec<Var> {
        vec![z[0] - a[0] * z[0].sin() - a[1]]
    }
    fn residual(&self, z: &[T], a: &[T], out: &mut [T]) {
        out[0] = z[0] - a[0] * Float::sin(z[0]) - a[1];
    }
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]) {
        out[0] = T::one() - a[0] * Float::cos(z[0]);
    }
    fn by_parameters(&self, z: &[T], _: &[T], out: &mut [T]) {
        out[0] = -Float::sin(z[0]);
        out[1] = -T::one();
    }
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>) {
        let u: Vec<f64> = numbers(1, 2 * b);
        let a = u.chunks(2).flat_map(|u| [T::of(0.4 + 0.3 * u[0]), T::of(1.5 + u[1])]).collect();
        (Rows::from_vec(b, 2, a).unwrap(), Rows::from_vec(b, 1, vec![T::one(); b]).unwrap())
    }
}

/// x^2 + y^2 = r, x = t y with parameters (r, t): y = sqrt(r / (1 + t^2)).
#[derive(Clone, Copy)]
struct Circle;
impl<T: Real> Case<T> for Circle {
    const UNKNOWNS: usize = 2;
    fn trace(z: &[Var], a: &[Var]) -> Vec<Var> {
        vec![z[0] * z[0] + z[1] * z[1] - a[0], z[0] - a[1] * z[1]]
    }
    fn residual(&self, z: &[T], a: &[T], out: &mut [T]) {
        out[0] = z[0] * z[0] + z[1] * z[1] - a[0];
        out[1] = z[0] - a[1] * z[1];
    }
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]) {
        let two = T::of(2.0);
        out.copy_from_slice(&[two * z[0], T::one(), two * z[1], -a[1]]);
    }
    fn by_parameters(&self, z: &[T], _: &[T], out: &mut [T]) {
        out.copy_from_slice(&[-T::one(), T::zero(), T::zero(), -z[1]]);
    }
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>) {
        let u: Vec<f64> = numbers(2, 2 * b);
        let a = u.chunks(2).flat_map(|u| [T::of(3.0 + u[0]), T::of(1.2 + 0.5 * u[1])]).collect();
        (Rows::from_vec(b, 2, a).unwrap(), Rows::from_vec(b, 2, vec![T::one(); 2 * b]).unwrap())
    }
}

/// 4 z_i + exp(c z_i) - z_{i-1} - z_{i+1}^2 / 2 = d_i with parameters (c, d_0, ..., d_4): neither symmetric nor linear.
#[derive(Clone, Copy)]
struct Chain;
const N: usize = 5;
impl<T: Real> Case<T> for Chain {
    const UNKNOWNS: usize = N;
    fn trace(z: &[Var], a: &[Var]) -> Vec<Var> {
        let at = |i: usize| z.get(i).copied().unwrap_or(0.0.into());
        let g =
            |i: usize| z[i] * 4.0 + (a[0] * z[i]).exp() - a[1 + i] - at(i.wrapping_sub(1)) - at(i + 1).powi(2) * 0.5;
        (0..N).map(g).collect()
    }
    fn residual(&self, z: &[T], a: &[T], out: &mut [T]) {
        for i in 0..N {
            out[i] = z[i] * T::of(4.0) + Float::exp(a[0] * z[i]) - a[1 + i];
            if i > 0 {
                out[i] -= z[i - 1];
            }
            if i + 1 < N {
                out[i] -= z[i + 1] * z[i + 1] * T::of(0.5);
            }
        }
    }
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for i in 0..N {
            out[i * N + i] = T::of(4.0) + a[0] * Float::exp(a[0] * z[i]);
            if i > 0 {
                out[(i - 1) * N + i] = -T::one();
            }
            if i + 1 < N {
                out[(i + 1) * N + i] = -z[i + 1];
            }
        }
    }
    fn by_parameters(&self, z: &[T], a: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for i in 0..N {
            out[i] = z[i] * Float::exp(a[0] * z[i]);
            out[(1 + i) * N + i] = -T::one();
        }
    }
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>) {
        (rows(3, b, N + 1), Rows::new(b, N))
    }
}

fn traced<T: Scalar, C: Case<T>>(_: C, a: &Rows<T>) -> System<T> {
    T::lowered(Model::equation(C::trace), a, C::UNKNOWNS)
}

/// z = g(z), traced.
fn traced_fixed<T: Scalar, C: Case<T>>(_: C, a: &Rows<T>) -> System<T> {
    T::lowered(Model::fixed_point(C::trace), a, C::UNKNOWNS)
}

fn pattern<T: Real, C: Case<T>>(_: C, a: &Rows<T>) -> Sparsity {
    let model = Model::equation(C::trace).find_pattern().parameters(&vec![0.5; a.width()]);
    model.system(C::UNKNOWNS).unwrap().capabilities().sparse.unwrap().pattern.clone()
}

/// On slices, without derivatives.
fn slices<T: Real, C: Case<T>>(case: C, a: &Rows<T>) -> Model<OnSlices<T>, T> {
    Model::equation_on_slices(move |z: &[T], a: &[T], g: &mut [T]| case.residual(z, a, g)).samples(a.clone())
}

/// z = g(z) on slices, without derivatives.
fn slices_fixed<T: Real, C: Case<T>>(case: C, a: &Rows<T>) -> Model<OnSlices<T>, T> {
    Model::fixed_point_on_slices(move |z: &[T], a: &[T], g: &mut [T]| case.residual(z, a, g)).samples(a.clone())
}

fn stated<T: Real, C: Case<T>>(case: C, model: Model<OnSlices<T>, T>) -> System<T> {
    let model = model.jacobian(move |z, a, j| case.jacobian(z, a, j));
    model.parameter_jacobian(move |z, a, d| case.by_parameters(z, a, d)).system(C::UNKNOWNS).unwrap()
}

fn by_hand<T: Real, C: Case<T>>(case: C, a: &Rows<T>) -> System<T> {
    stated(case, slices(case, a))
}

fn by_differences<T: Real, C: Case<T>>(case: C, a: &Rows<T>) -> System<T> {
    slices(case, a).system(C::UNKNOWNS).unwrap()
}

fn tight<T: Real>() -> Options {
    let relative = if T::epsilon().as_f64() > 1e-10 { 2e-6 } else { 1e-13 };
    Options { relative, absolute: relative, max_iterations: 2000, ..Options::default() }
}

fn newton<P: Linearize>(
    problem: P,
    z0: &P::State,
) -> dini::Solution<P, dini::linear::DenseLu<dini::problem::Scalar<P>>> {
    let options = tight::<dini::problem::Scalar<P>>();
    let solution = solve(problem, z0, &Newton::default(), &options).unwrap();
    solution.converged().unwrap();
    solution
}

fn kepler<T: Scalar>(b: usize, tolerance: f64) {
    let (a, z0): (Rows<T>, _) = Kepler.instance(b);
    let (by_trace, by_slices) = (newton(traced(Kepler, &a), &z0), newton(by_hand(Kepler, &a), &z0));
    let w = rows::<T>(7, b, 1);
    let (from_trace, from_slices) = (by_trace.pullback(&w).unwrap().value, by_slices.pullback(&w).unwrap().value);
    for s in 0..b {
        let (e, m) = (a.row(s)[0].as_f64(), a.row(s)[1].as_f64());
        // the reference: contraction in f64
        let root = (0..500).fold(m, |z: f64, _| m + e * z.sin());
        let slope = 1.0 / (1.0 - e * root.cos());
        let exact = [root.sin() * slope, slope].map(|d| d * w.row(s)[0].as_f64());
        for (solution, gradient) in [(by_trace.z(), &from_trace), (by_slices.z(), &from_slices)] {
            assert!((solution.row(s)[0].as_f64() - root).abs() < tolerance, "root of sample {s}");
            for (d, exact) in gradient.row(s).iter().zip(exact) {
                assert!((d.as_f64() - exact).abs() < 10.0 * tolerance, "gradient of sample {s}: {d} and {exact}");
            }
        }
    }
}

#[test]
fn kepler_roots_and_gradients_match_the_closed_form() {
    for b in [1, 9] {
        kepler::<f64>(b, 1e-11);
        kepler::<f32>(b, 1e-5);
    }
}

fn circle<T: Scalar>(b: usize, tolerance: f64) {
    let (a, z0): (Rows<T>, _) = Circle.instance(b);
    let (by_trace, by_slices) = (newton(traced(Circle, &a), &z0), newton(by_hand(Circle, &a), &z0));
    let w = rows::<T>(8, b, 2);
    let (from_trace, from_slices) = (by_trace.pullback(&w).unwrap().value, by_slices.pullback(&w).unwrap().value);
    for s in 0..b {
        let (r, t) = (a.row(s)[0].as_f64(), a.row(s)[1].as_f64());
        let y = (r / (1.0 + t * t)).sqrt();
        let (dy_dr, dy_dt) = (0.5 * y / r, -t * y / (1.0 + t * t));
        let (wx, wy) = (w.row(s)[0].as_f64(), w.row(s)[1].as_f64());
        let exact = [wx * t * dy_dr + wy * dy_dr, wx * (y + t * dy_dt) + wy * dy_dt];
        for (z, gradient) in [(by_trace.z(), &from_trace), (by_slices.z(), &from_slices)] {
            assert!((z.row(s)[0].as_f64() - t * y).abs() < tolerance && (z.row(s)[1].as_f64() - y).abs() < tolerance);
            for (d, exact) in gradient.row(s).iter().zip(exact) {
                assert!((d.as_f64() - exact).abs() < 10.0 * tolerance, "sample {s}: {d} and {exact}");
            }
        }
    }
}

#[test]
fn circle_and_line_match_the_closed_form() {
    for b in [1, 6] {
        circle::<f64>(b, 1e-11);
        circle::<f32>(b, 1e-5);
    }
}

#[test]
fn chain_gradient_matches_central_differences_of_the_solution() {
    for b in [1, 4] {
        let (a, z0) = Chain.instance(b);
        let w = rows::<f64>(9, b, N);
        let loss = |a: &Rows<f64>| dot(newton(traced(Chain, a), &z0).z().as_slice(), w.as_slice());
        let gradients = [
            newton(traced(Chain, &a), &z0).pullback(&w).unwrap().value,
            newton(by_hand(Chain, &a), &z0).pullback(&w).unwrap().value,
        ];
        let h = 1e-5;
        for i in 0..b * (N + 1) {
            let (mut up, mut down) = (a.clone(), a.clone());
            up.as_mut_slice()[i] += h;
            down.as_mut_slice()[i] -= h;
            let difference = (loss(&up) - loss(&down)) / (2.0 * h);
            for gradient in &gradients {
                assert!((gradient.as_slice()[i] - difference).abs() < 1e-9, "parameter {i}");
            }
        }
    }
}

#[test]
fn chain_jacobian_and_parameter_derivative_match_the_complex_step() {
    use faer::c64;
    let g = |z: &[c64], a: &[c64]| -> Vec<c64> {
        let term = |i: usize| {
            let mut v = z[i] * 4.0 + (a[0] * z[i]).exp() - a[1 + i];
            if i > 0 {
                v -= z[i - 1];
            }
            if i + 1 < N {
                v -= z[i + 1] * z[i + 1] * 0.5;
            }
            v
        };
        (0..N).map(term).collect()
    };
    let (a, _): (Rows<f64>, _) = Chain.instance(1);
    let z = rows::<f64>(10, 1, N);
    let complex = |v: &[f64], j: Option<usize>| -> Vec<c64> {
        v.iter().enumerate().map(|(i, &v)| c64::new(v, if Some(i) == j { 1e-30 } else { 0.0 })).collect()
    };
    let problem = traced(Chain, &a);
    let slots = [0];
    let at = Active::new(&slots, 0, false);
    let mut tape = problem.tape(&z);
    problem.linearize(at, &z, &z.clone(), &mut tape).unwrap();
    let mut jacobian = vec![0.0; N * N];
    problem.jacobian(at.slot(0), &tape, &mut jacobian);
    for j in 0..N {
        let column = g(&complex(z.row(0), Some(j)), &complex(a.row(0), None));
        for i in 0..N {
            assert!((jacobian[j * N + i] - column[i].im / 1e-30).abs() < 1e-14);
        }
    }
    for j in 0..=N {
        let column = g(&complex(z.row(0), None), &complex(a.row(0), Some(j)));
        let mut tangent = Rows::new(1, N + 1);
        tangent.row_mut(0)[j] = 1.0;
        let mut out = Rows::new(1, N);
        problem.param_jvp(at, &tape, &z, &tangent, &mut out).unwrap();
        for i in 0..N {
            assert!((out.row(0)[i] - column[i].im / 1e-30).abs() < 1e-14);
        }
    }
}

/// Jacobian, products, adjoint identities and the choice of per-sample data at rows that are not the first ones.
fn products<T: Scalar, P>(problem: &P, z: &Rows<T>, exact: impl Fn(usize) -> Vec<f64>, tolerance: f64)
where
    P: Linearize<State = Rows<T>>,
{
    let n = z.width();
    // the chunk starts at sample 1 and has four slots, of which 0, 2 and 3 are active
    let slots = [0, 2, 3];
    let at = Active::new(&slots, 1, false);
    let mut tape = problem.tape(&Rows::new(4, n));
    let mut here = Rows::new(3, n);
    (0..3).for_each(|i| here.row_mut(i).copy_from_slice(&z[at.sample(i)]));
    let mut g = Rows::new(3, n);
    problem.residual(at, &here, &mut g).unwrap();
    problem.linearize(at, &here, &g, &mut tape).unwrap();
    let (u, v) = (rows::<T>(11, 3, n), rows::<T>(12, 3, n));
    let (mut jv, mut jtu) = (Rows::new(3, n), Rows::new(3, n));
    problem.jvp(at, &tape, &v, &mut jv).unwrap();
    problem.vjp(at, &tape, &u, &mut jtu).unwrap();
    for i in 0..3 {
        let exact = exact(at.sample(i).index());
        let mut matrix = vec![T::zero(); n * n];
        problem.capabilities().dense.unwrap().jacobian(at.slot(i), &tape, &mut matrix);
        for (m, e) in matrix.iter().zip(&exact) {
            assert!((m.as_f64() - e).abs() < tolerance, "row {i}: {m} and {e}");
        }
        let (a, b) = (dot(u.row(i), jv.row(i)), dot(jtu.row(i), v.row(i)));
        assert!((a - b).abs() < 100.0 * T::epsilon().as_f64(), "<u, J v> = {a}, <J^T u, v> = {b}");
        for r in 0..n {
            let entry: f64 = (0..n).map(|c| exact[c * n + r] * v.row(i)[c].as_f64()).sum();
            assert!((entry - jv.row(i)[r].as_f64()).abs() < 10.0 * tolerance);
        }
    }
}

fn parameter_products<T: Scalar, P>(problem: &P, z: &Rows<T>)
where
    P: ParamVjp<State = Rows<T>, Parameters = Rows<T>> + ParamJvp,
{
    let (b, n) = (z.samples(), z.width());
    let slots: Vec<usize> = (0..b).collect();
    let at = Active::new(&slots, 0, false);
    let mut g = Rows::new(b, n);
    let mut tape = problem.tape(z);
    problem.residual(at, z, &mut g).unwrap();
    problem.linearize(at, z, &g, &mut tape).unwrap();
    let mut gradient = problem.zero_parameters(b);
    let tangent = rows::<T>(13, b, gradient.width());
    let u = rows::<T>(14, b, n);
    let mut out = rows::<T>(15, b, n); // overwritten, not added to
    problem.param_jvp(at, &tape, z, &tangent, &mut out).unwrap();
    problem.param_vjp(at, &tape, z, &u, T::of(-2.0), &mut gradient).unwrap();
    problem.param_vjp(at, &tape, z, &u, T::one(), &mut gradient).unwrap(); // added to, scaled
    for s in 0..b {
        let (left, right) = (-dot(u.row(s), out.row(s)), dot(gradient.row(s), tangent.row(s)));
        assert!((left - right).abs() < 100.0 * T::epsilon().as_f64(), "{left} and {right}");
    }
}

fn every_way<T: Scalar, C: Case<T>>(case: C, differences: f64) {
    let (a, z0) = case.instance(5);
    let z = Rows::from_vec(5, z0.width(), numbers(16, 5 * z0.width())).unwrap();
    let n = z.width();
    let exact = |s: usize| {
        let mut j = vec![T::zero(); n * n];
        case.jacobian(z.row(s), a.row(s), &mut j);
        j.iter().map(|v| v.as_f64()).collect::<Vec<_>>()
    };
    let shifted = |s: usize| {
        let mut j: Vec<f64> = exact(s).iter().map(|v| -v).collect();
        (0..n).for_each(|i| j[i * n + i] += 1.0);
        j
    };
    let eps = 20.0 * T::epsilon().as_f64();
    let sparsity = pattern(case, &a);
    let entries = |model: Model<OnSlices<T>, T>| {
        let pattern = sparsity.clone();
        model.pattern(sparsity.clone()).jacobian(move |z, a, j| {
            let mut dense = vec![T::zero(); n * n];
            case.jacobian(z, a, &mut dense);
            let places = (0..n).flat_map(|c| pattern.rows(c).iter().map(move |r| c * n + r));
            j.iter_mut().zip(places).for_each(|(entry, place)| *entry = dense[place]);
        })
    };
    products(&traced(case, &a), &z, exact, eps);
    products(&by_hand(case, &a), &z, exact, eps);
    products(&&traced(case, &a), &z, exact, eps);
    products(&std::sync::Arc::new(by_hand(case, &a)), &z, exact, eps);
    products(&by_differences(case, &a), &z, exact, differences);
    products(&slices(case, &a).pattern(sparsity.clone()).system(n).unwrap(), &z, exact, differences);
    products(&entries(slices(case, &a)).system(n).unwrap(), &z, exact, eps);
    let fixed = || slices_fixed(case, &a);
    products(&traced_fixed(case, &a), &z, shifted, eps);
    products(&stated(case, fixed()), &z, shifted, eps);
    products(&fixed().system(n).unwrap(), &z, shifted, differences);
    products(&fixed().pattern(sparsity.clone()).system(n).unwrap(), &z, shifted, differences);
    products(&entries(fixed()).system(n).unwrap(), &z, shifted, eps);
    for system in [
        traced(case, &a),
        by_hand(case, &a),
        by_differences(case, &a),
        traced_fixed(case, &a),
        stated(case, fixed()),
        fixed().system(n).unwrap(),
    ] {
        parameter_products(&system, &z);
    }
    same_by_parameters(&traced(case, &a), &by_hand(case, &a), &z, eps);
    same_by_parameters(&traced_fixed(case, &a), &stated(case, fixed()), &z, eps);
    same_by_parameters(&by_differences(case, &a), &by_hand(case, &a), &z, differences);
    same_by_parameters(&fixed().system(n).unwrap(), &stated(case, fixed()), &z, differences);
}

/// (dg/da) t of both.
fn same_by_parameters<T: Scalar>(left: &System<T>, right: &System<T>, z: &Rows<T>, tolerance: f64) {
    let (b, n) = (z.samples(), z.width());
    let slots: Vec<usize> = (0..b).collect();
    let at = Active::new(&slots, 0, false);
    let tangent = rows::<T>(25, b, left.parameters().width());
    let [left, right] = [left, right].map(|system| {
        let mut out = Rows::new(b, n);
        system.param_jvp(at, &system.tape(z), z, &tangent, &mut out).unwrap();
        out
    });
    assert!(error(left.as_slice(), right.as_slice()) < tolerance);
}

#[test]
fn every_way_to_state_has_the_exact_jacobian_and_satisfies_the_adjoint_identities() {
    every_way::<f64, _>(Kepler, 1e-9);
    every_way::<f64, _>(Circle, 1e-9);
    every_way::<f64, _>(Chain, 1e-9);
    every_way::<f32, _>(Kepler, 1e-3);
    every_way::<f32, _>(Circle, 1e-3);
    every_way::<f32, _>(Chain, 1e-3);
}

#[test]
fn products_alone_are_those_of_the_entries() {
    // above 64 unknowns a fixed point in which all depend on all has products alone
    let n = 70;
    let model = || {
        Model::fixed_point(|z, a| -> Vec<Var> {
            let mean = z.iter().sum::<Var>() / n as f64;
            z.iter().enumerate().map(|(i, z)| (0.3 * z + (0.1 * i as f64) * mean + a[0]).tanh()).collect()
        })
        .samples(rows(26, 5, 1))
    };
    let (alone, entries) = (model().system(n).unwrap(), model().find_pattern().system(n).unwrap());
    let slots = [0, 2, 3];
    let at = Active::new(&slots, 1, false);
    let [z, v] = [27, 28].map(|seed| rows::<f64>(seed, 3, n));
    let products = |system: &System<f64>| {
        let (mut g, mut tape) = (Rows::new(3, n), system.tape(&Rows::new(4, n)));
        system.residual(at, &z, &mut g).unwrap();
        system.linearize(at, &z, &g, &mut tape).unwrap();
        let [mut jv, mut jtv] = [Rows::new(3, n), Rows::new(3, n)];
        system.jvp(at, &tape, &v, &mut jv).unwrap();
        system.vjp(at, &tape, &v, &mut jtv).unwrap();
        (system.capabilities().dense.is_some(), jv, jtv)
    };
    let ((dense, jv, jtv), (written, right, turned)) = (products(&alone), products(&entries));
    assert_eq!((dense, written), (false, true));
    assert!(error(jv.as_slice(), right.as_slice()) < 1e-14 && error(jtv.as_slice(), turned.as_slice()) < 1e-14);
}

fn transposes<T: Scalar, P>(problem: P, z0: &Rows<T>, tolerance: f64)
where
    P: ParamVjp<State = Rows<T>, Parameters = Rows<T>> + ParamJvp,
{
    let (b, n) = (z0.samples(), z0.width());
    let solution = newton(problem, z0);
    let w = rows::<T>(17, b, n);
    let gradient = solution.pullback(&w).unwrap().value;
    let tangent = rows::<T>(18, b, gradient.width());
    let forward = solution.pushforward(&tangent).unwrap();
    assert!(forward.failures.is_empty());
    for s in 0..b {
        let (left, right) = (dot(w.row(s), forward.value.row(s)), dot(gradient.row(s), tangent.row(s)));
        assert!((left - right).abs() < tolerance, "sample {s}: {left} and {right}");
        for (i, row) in solution.jacobian(s).unwrap().iter().enumerate() {
            let entry = dot(row.row(s), tangent.row(s));
            assert!((entry - forward.value.row(s)[i].as_f64()).abs() < tolerance);
            assert!((0..b).filter(|&o| o != s).all(|o| row.row(o).iter().all(|v| *v == T::zero())));
        }
    }
}

#[test]
fn pushforward_is_the_transpose_of_pullback_and_jacobian_has_its_rows() {
    fn all<T: Scalar, C: Case<T>>(case: C, tolerance: f64) {
        for b in [1, 4] {
            let (a, z0) = case.instance(b);
            transposes(traced(case, &a), &z0, tolerance);
            transposes(by_hand(case, &a), &z0, tolerance);
        }
    }
    all::<f64, _>(Kepler, 1e-11);
    all::<f64, _>(Circle, 1e-11);
    all::<f64, _>(Chain, 1e-11);
    all::<f32, _>(Kepler, 1e-4);
    all::<f32, _>(Circle, 1e-4);
    all::<f32, _>(Chain, 1e-4);
}

#[test]
fn differences_solve_like_the_exact_derivative() {
    let (a, z0): (Rows<f64>, _) = Chain.instance(4);
    let exact = newton(traced(Chain, &a), &z0);
    let near = newton(by_differences(Chain, &a), &z0);
    assert!(error(near.z().as_slice(), exact.z().as_slice()) < 1e-12);
    let w = rows(19, 4, N);
    let options = Implicit::default();
    let (lam, reference) = (near.adjoint(&w, &options).unwrap().vector, exact.adjoint(&w, &options).unwrap().vector);
    assert!(error(lam.as_slice(), reference.as_slice()) < 1e-9);
    let (gradient, reference) = (near.pullback(&w).unwrap().value, exact.pullback(&w).unwrap().value);
    assert!(error(gradient.as_slice(), reference.as_slice()) < 1e-9);
}

/// f = z - g / 6 as a fixed point, and g / 6 = 0: traced, or by hand.
fn contraction(a: &Rows<f64>, tracing: bool) -> (System<f64>, System<f64>) {
    if tracing {
        let step =
            |z: &[Var], a: &[Var]| <Chain as Case<f64>>::trace(z, a).into_iter().map(|g| g / 6.0).collect::<Vec<_>>();
        let f = |z: &[Var], a: &[Var]| step(z, a).iter().zip(z).map(|(g, z)| z - g).collect::<Vec<_>>();
        return (f64::lowered(Model::fixed_point(f), a, N), f64::lowered(Model::equation(step), a, N));
    }
    let by_parameters = |sign: f64| {
        move |z: &[f64], a: &[f64], d: &mut [f64]| {
            Chain.by_parameters(z, a, d);
            d.iter_mut().for_each(|v| *v *= sign / 6.0);
        }
    };
    let f = Model::fixed_point_on_slices(|z: &[f64], a: &[f64], f: &mut [f64]| {
        Chain.residual(z, a, f);
        f.iter_mut().zip(z).for_each(|(f, z)| *f = z - *f / 6.0);
    });
    let f = f.jacobian(|z, a, j| {
        Chain.jacobian(z, a, j);
        j.iter_mut().for_each(|v| *v /= -6.0);
        (0..N).for_each(|i| j[i * N + i] += 1.0);
    });
    let g = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| {
        Chain.residual(z, a, g);
        g.iter_mut().for_each(|g| *g /= 6.0);
    });
    let g = g.jacobian(|z, a, j| {
        Chain.jacobian(z, a, j);
        j.iter_mut().for_each(|v| *v /= 6.0);
    });
    let system = |model: Model<OnSlices<f64>, f64>| model.samples(a.clone()).system(N).unwrap();
    (system(f.parameter_jacobian(by_parameters(-1.0))), system(g.parameter_jacobian(by_parameters(1.0))))
}

#[test]
fn a_fixed_point_is_the_equation_z_minus_f_for_every_solver() {
    fn check<S: Solver<System<f64>>>(solver: S) {
        let b = 6;
        let (a, z0) = Chain.instance(b);
        // an absolute tolerance, which means the same to both
        let options = Options { relative: 0.0, absolute: 1e-13, ..Options::default() };
        let exact = newton(traced(Chain, &a), &z0);
        let w = rows(20, b, N);
        let reference = exact.pullback(&w).unwrap().value;
        for tracing in [true, false] {
            let (fixed, equation) = contraction(&a, tracing);
            let left = solve(fixed, &z0, &solver, &options).unwrap();
            let right = solve(equation, &z0, &solver, &options).unwrap();
            assert!(error(left.converged().unwrap().as_slice(), right.converged().unwrap().as_slice()) < 1e-12);
            assert!(error(left.z().as_slice(), exact.z().as_slice()) < 1e-12);
            let (left_gradient, right_gradient) = (left.pullback(&w).unwrap().value, right.pullback(&w).unwrap().value);
            assert!(error(left_gradient.as_slice(), reference.as_slice()) < 1e-9);
            assert!(error(right_gradient.as_slice(), reference.as_slice()) < 1e-9);
            let tangent = rows(21, b, N + 1);
            let (dz, dz_right) =
                (left.pushforward(&tangent).unwrap().value, right.pushforward(&tangent).unwrap().value);
            assert!(error(dz.as_slice(), dz_right.as_slice()) < 1e-9);
        }
    }
    check(Picard::default());
    check(Picard { damping: 0.7 });
    check(Anderson::default());
    check(Newton::default());
}

#[test]
fn without_parameters_there_is_an_adjoint_and_no_derivative_by_them() {
    let model = Model::equation(|z, _| [z[0] - z[0].cos()]);
    // any number of samples
    let solution = newton(model.system(1).unwrap(), &Rows::new(2, 1));
    assert!((solution.z().row(1)[0] - 0.739_085_133_215_160_6).abs() < 1e-14);
    let ones = Rows::from_vec(2, 1, vec![1.0; 2]).unwrap();
    let lam = solution.adjoint(&ones, &Implicit::default()).unwrap().vector;
    assert!((lam.row(1)[0] * (1.0 + solution.z().row(1)[0].sin()) - 1.0).abs() < 1e-12);
    assert!(matches!(solution.pullback(&ones), Err(Error::NoParameters)));
    let solved = model.solve(&[0.0]).unwrap();
    assert!(matches!(solved.jacobian(), Err(Error::NoParameters)));
    assert!(matches!(solved.gradient(&[1.0]), Err(Error::NoParameters)));
    assert!(matches!(solved.tangent(&[]), Err(Error::NoParameters)));
    let message = solved.hessian(&[1.0], |dz| dz.to_vec()).unwrap_err().to_string();
    assert!(message.contains("Model::parameters"), "{message}");
}

#[test]
fn shapes_of_parameters_and_starts_are_checked() {
    let (a, z0): (Rows<f64>, _) = Circle.instance(3);
    let system = traced(Circle, &a);
    assert!(matches!(system.with_parameters(Rows::new(3, 3)), Err(Error::Shape { .. })));
    let mut nan = a.clone();
    nan.row_mut(2)[1] = f64::NAN;
    assert!(matches!(system.with_parameters(nan.clone()), Err(Error::Unusable { sample: 2, .. })));
    let refused = slices(Circle, &nan).solve_samples(&z0);
    assert!(matches!(refused, Err(Error::Unusable { sample: 2, .. })));
    let options = Options::default();
    for bad in [Rows::new(2, 2), Rows::new(3, 1), Rows::new(3, 3)] {
        for system in [traced(Circle, &a), by_hand(Circle, &a)] {
            assert!(matches!(solve(system, &bad, &Newton::default(), &options), Err(Error::Shape { .. })));
        }
    }
    let mut infinite = z0.clone();
    infinite.row_mut(1)[0] = f64::INFINITY;
    let refused = solve(system, &infinite, &Newton::default(), &options);
    assert!(matches!(refused, Err(Error::Unusable { sample: 1, .. })));
    // a batch where one system is asked for, and the other way round
    assert!(matches!(slices(Circle, &a).solve(z0.row(0)), Err(Error::Shape { .. })));
    assert!(matches!(slices(Circle, &a).solve_samples(&Rows::new(2, 2)), Err(Error::Shape { .. })));
    // as many values as unknowns, but for least squares
    let two = |z: &[Var], _: &[Var]| [z[0], z[0] + 1.0];
    let shape = |error: Error| assert!(matches!(error, Error::Shape { .. }), "{error}");
    shape(Model::equation(two).solve(&[1.0]).unwrap_err());
    shape(Model::fixed_point(two).solve(&[1.0; 3]).unwrap_err());
    shape(Model::least_squares(1, |z, _, r| r[0] = z[0] - z[1]).solve(&[1.0; 2]).unwrap_err());
    shape(Model::equation(two).pattern(Sparsity::tridiagonal(3).unwrap()).solve(&[1.0; 2]).unwrap_err());
    let none = Model::equation(two).solve(&[]).unwrap_err();
    assert!(matches!(none, Error::Empty { .. }), "{none}");
    let none = Model::equation(two).samples(Rows::new(0, 0)).solve_samples(&Rows::new(0, 2)).err().unwrap();
    assert!(matches!(none, Error::Empty { .. }), "{none}");
}

/// Calls that should be refused with `Error::Shape`; anything else, a panic included, is a complaint.
fn complaint(name: &str, call: impl FnOnce() -> Option<Error>) -> Option<String> {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)) {
        Ok(Some(Error::Shape { .. })) => None,
        Ok(Some(other)) => Some(format!("{name}: {other}")),
        Ok(None) => Some(format!("{name}: accepted")),
        Err(_) => Some(format!("{name}: panicked")),
    }
}

/// A tangent is user input: a wrong shape must be an error, neither a panic nor a silent truncation.
#[test]
fn a_tangent_of_the_wrong_shape_is_an_error() {
    let (a, z0): (Rows<f64>, _) = Circle.instance(3);
    let (by_trace, by_slices) = (newton(traced(Circle, &a), &z0), newton(by_hand(Circle, &a), &z0));
    let by_cell = newton(common::cell::<f64>(22, 3, 4, 0.5), &Rows::new(3, 4));
    let mut complaints = Vec::new();
    for (b, p) in [(3, 1), (3, 3), (2, 2), (4, 2)] {
        let tangent = Rows::new(b, p);
        complaints.extend(complaint(&format!("traced, {b} x {p}"), || by_trace.pushforward(&tangent).err()));
        complaints.extend(complaint(&format!("on slices, {b} x {p}"), || by_slices.pushforward(&tangent).err()));
    }
    for (weights, b, n) in [(0, 3, 4), (12, 3, 4), (20, 3, 4), (16, 2, 4), (16, 4, 4), (16, 3, 3), (16, 3, 5)] {
        let tangent = TanhGradient { w: vec![1.0; weights], x: Rows::new(b, n) };
        let name = format!("tanh cell, {weights} weights, {b} x {n}");
        complaints.extend(complaint(&name, || by_cell.pushforward(&tangent).err()));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn differences_are_refused_where_a_dense_matrix_would_not_fit() {
    let identity = || Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g.copy_from_slice(z));
    let refused = identity().system(20_001).unwrap_err();
    assert!(matches!(refused, Error::TooLarge { n: 20_001, most: 20_000, .. }));
    assert!(refused.to_string().contains("Model::pattern"), "{refused}");
    let sparse = identity().pattern(Sparsity::banded(20_001, 0, 0).unwrap());
    assert_eq!(sparse.solve(&vec![1.0; 20_001]).unwrap().converged().unwrap(), vec![0.0; 20_001]);
}

#[test]
fn patterns_that_miss_entries_are_refused() {
    let (a, z0): (Rows<f64>, _) = Chain.instance(2);
    let pattern = |lower, upper| Sparsity::banded(N, lower, upper).unwrap();
    let incomplete = |error: Error| assert!(matches!(error, Error::IncompleteSparsity { sample: 0 }), "{error}");
    // at 0 one half of the entries would vanish
    let beside = rows(34, 2, N);
    for missing in [pattern(0, 1), pattern(1, 0)] {
        let model = Model::equation(<Chain as Case<f64>>::trace).samples(a.clone()).pattern(missing.clone());
        incomplete(model.system(N).unwrap_err());
        incomplete(slices(Chain, &a).pattern(missing.clone()).solve_samples(&beside).err().unwrap());
        incomplete(slices_fixed(Chain, &a).pattern(missing).solve_samples(&beside).err().unwrap());
    }
    let exact = newton(traced(Chain, &a), &z0);
    for wider in [pattern(1, 1), pattern(3, 2)] {
        let model = slices(Chain, &a).pattern(wider.clone()).solver(SparseNewton::default()).tolerance(1e-13);
        let solution = model.solve_samples(&z0).unwrap();
        assert!(error(solution.converged().unwrap().as_slice(), exact.z().as_slice()) < 1e-12);
        let system = Model::equation(<Chain as Case<f64>>::trace).samples(a.clone()).pattern(wider.clone()).system(N);
        assert_eq!(system.unwrap().capabilities().sparse.unwrap().pattern, &wider);
    }
    // where a fixed point does not mention its unknown, the pattern of f has no diagonal
    let f = |z: &[f64], _: &[f64], f: &mut [f64]| (f[0], f[1]) = (0.5 * z[1].cos(), 0.5 * z[0].sin());
    let swap = Sparsity::new(2, [(0, 1), (1, 0)]).unwrap();
    let by_value = Model::fixed_point_on_slices(f).pattern(swap.clone()).solve(&[0.0; 2]).unwrap();
    let traced =
        Model::fixed_point(|z, _| [0.5 * z[1].cos(), 0.5 * z[0].sin()]).pattern(swap).solve(&[0.0; 2]).unwrap();
    assert!(error(by_value.converged().unwrap(), traced.converged().unwrap()) < 1e-6);
}

#[test]
fn second_derivatives_by_hand_are_those_of_the_trace_and_refused_where_missing() {
    let (a, z0): (Rows<f64>, _) = Kepler.instance(3);
    // z = z - e sin z - M has roots for e > |M|
    let large = Rows::from_vec(3, 2, vec![1.5, 0.5, 2.0, 0.3, 1.2, -0.4]).unwrap();
    let kepler = |fixed: bool| {
        let model = if fixed { slices_fixed(Kepler, &large) } else { slices(Kepler, &a) };
        model.second_derivatives(|a, at, out| {
            let (sin, cos) = at.z[0].sin_cos();
            let (lam, dz, de) = (at.lam[0], at.dz[0], at.da[0]);
            out.copy_from_slice(&[lam * (a[0] * sin * dz - cos * de), -lam * cos * dz, 0.0]);
        })
    };
    let (w, da) = (rows::<f64>(31, 3, 1), rows::<f64>(32, 3, 2));
    for (by_trace, by_slices) in [
        (traced(Kepler, &a), stated(Kepler, kepler(false))),
        (traced_fixed(Kepler, &large), stated(Kepler, kepler(true))),
    ] {
        let [exact, found] = [by_trace, by_slices].map(|system| {
            let solution = newton(system, &z0);
            solution.hessian_product(&w, &da, linear_loss).unwrap().value
        });
        assert!(error(found.as_slice(), exact.as_slice()) < 1e-10);
    }
    let silent = newton(by_hand(Kepler, &a), &z0);
    let refused = silent.hessian_product(&w, &da, linear_loss).unwrap_err();
    assert!(matches!(&refused, Error::User(e) if e.to_string().contains("second_derivatives")), "{refused}");
}

#[test]
fn a_batch_is_as_many_systems() {
    let (a, z0): (Rows<f64>, _) = Chain.instance(11);
    let model = || Model::equation(<Chain as Case<f64>>::trace).tolerance(1e-12);
    let one = Rows::from_vec(1, N, z0.row(0).to_vec()).unwrap();
    let whole = model().samples(a.clone()).solve_samples(&one).unwrap();
    let z = whole.converged().unwrap();
    let w = rows::<f64>(33, 11, N);
    let gradient = whole.pullback(&w).unwrap().value;
    for s in 0..11 {
        let alone = model().parameters(a.row(s)).solve(z0.row(s)).unwrap();
        assert_eq!(alone.converged().unwrap(), z.row(s));
        assert_eq!(alone.gradient(w.row(s)).unwrap(), gradient.row(s));
        // forward, by columns and by rows
        let jacobian = alone.jacobian().unwrap();
        let tangent = alone.tangent(&[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
        let column = alone.jacobian_by(&[2]).unwrap();
        for i in 0..N {
            assert!((jacobian.row(i)[2] - tangent[i]).abs() < 1e-12 && (column.row(i)[0] - tangent[i]).abs() < 1e-12);
        }
        let by_rows: Vec<f64> = (0..=N).map(|k| (0..N).map(|i| w.row(s)[i] * jacobian.row(i)[k]).sum()).collect();
        assert!(error(&by_rows, gradient.row(s)) < 1e-10);
    }
}

#[test]
fn messages_call_things_by_their_names() {
    let names = || {
        let model = Model::equation(|z, a| [(z[0] - a[0]).ln(), z[1] - a[1]]);
        model.unknown_names(["width", "height"]).parameter_names(["mass", "load"])
    };
    let message = |error: Error| error.to_string();
    let refused = message(names().parameters(&[1.0, f64::NAN]).solve(&[1.0; 2]).unwrap_err());
    assert!(refused.contains("`load` is NaN"), "{refused}");
    let refused = message(names().parameters(&[1.0; 2]).solve(&[1.0, f64::INFINITY]).unwrap_err());
    assert!(refused.contains("`height` is inf"), "{refused}");
    let plain = Model::equation(|z, a| [z[0] - a[0]]);
    let refused = message(plain.parameters(&[f64::NAN]).solve(&[1.0]).unwrap_err());
    assert!(refused.contains("a[0] is NaN"), "{refused}");
    for wrong in [names().unknown_names(["width"]), names().parameter_names(["a", "b", "c"])] {
        assert!(matches!(wrong.parameters(&[1.0; 2]).solve(&[1.0; 2]), Err(Error::Shape { .. })));
    }
    let undefined = names().parameters(&[3.0, 1.0]).solver(Newton::default()).solve(&[1.0; 2]).unwrap();
    assert_eq!(undefined.status(), Status::NonFinite);
    let report = undefined.report().to_string();
    assert!(report.contains("equation 0 is undefined at `width` = 1, `height` = 1"), "{report}");
    let system = names().parameters(&[1.0; 2]).system(2).unwrap();
    assert_eq!((system.unknown(1), system.parameter(0)), ("`height`".into(), "`mass`".into()));
}

#[test]
fn a_minimum_is_told_from_a_saddle() {
    // (z_0^2 - a)^2 + z_1^2: minima at +-sqrt(a), a saddle between them
    let valley = || Model::minimum(|z, a| (z[0] * z[0] - a[0]).powi(2) + z[1] * z[1]).parameters(&[2.0]);
    let found = valley().tolerance(1e-12).solve(&[0.5, 1.0]).unwrap();
    assert!((found.converged().unwrap()[0] - 2f64.sqrt()).abs() < 1e-11);
    assert!((found.gradient(&[1.0, 0.0]).unwrap()[0] - 0.5 / 2f64.sqrt()).abs() < 1e-10);
    let system = valley().system(2).unwrap();
    assert!(system.objective(found.solution().z()).unwrap().unwrap()[0] < 1e-20);
    let saddle = valley().solve(&[0.0, 1.0]).unwrap();
    assert_eq!(saddle.status(), Status::Saddle);
    assert!(matches!(saddle.converged(), Err(Error::NotConverged { status: Status::Saddle, .. })));
    assert!(saddle.jacobian().is_err() && saddle.report().to_string().contains("saddle"));
    // what is a root of the gradient, and what is no problem for an equation
    let equation = Model::equation(|z, a| [4.0 * z[0] * (z[0] * z[0] - a[0]), 2.0 * z[1]]).parameters(&[2.0]);
    assert_eq!(equation.solve(&[0.0, 1.0]).unwrap().status(), Status::Converged);
    // Rosenbrock's valley, from its usual start, by a parameter in place of 1
    let rosenbrock = Model::minimum(|z, a| (a[0] - z[0]).powi(2) + 100.0 * (z[1] - z[0] * z[0]).powi(2));
    let found = rosenbrock.parameters(&[1.0]).tolerance(1e-12).solve(&[-1.2, 1.0]).unwrap();
    assert!(error(found.converged().unwrap(), &[1.0, 1.0]) < 1e-10);
    assert!(error(found.jacobian().unwrap().as_slice(), &[1.0, 2.0]) < 1e-9);
    // second derivatives of z* take third ones of phi: z* = sqrt(a), d2z/da2 = -1 / (4 a^(3/2))
    let cubic = Model::minimum(|z, a| z[0].powi(3) / 3.0 - a[0] * z[0]).parameters(&[4.0]).tolerance(1e-13);
    let hessian = cubic.solve(&[1.0]).unwrap().hessian(&[1.0], |_| vec![0.0]).unwrap();
    assert!((hessian.row(0)[0] + 1.0 / 32.0).abs() < 1e-12);
}

#[test]
fn a_point_from_which_phi_falls_is_no_minimum_though_its_second_derivatives_vanish() {
    type Phi = fn(&[Var], &[Var]) -> Var;
    let falls: [(Phi, &[f64]); 5] = [
        (|x, _| x[0].powi(3), &[0.0]),
        (|x, _| x[0].powi(3), &[1.0]),
        (|x, _| x[0].powi(2) - x[1].powi(4), &[0.0, 0.0]),
        (|x, _| x[0].powi(3) - 3.0 * x[0] * x[1] * x[1], &[0.0, 0.0]),
        (|x, _| -(x[0] * x[0] * x[1] * x[1]), &[0.0, 0.0]),
    ];
    for (place, (phi, z0)) in falls.into_iter().enumerate() {
        assert_eq!(Model::minimum(phi).solve(z0).unwrap().status(), Status::Saddle, "{place}");
    }
    // beside rounding errors of large terms it is no minimum either, whatever the reason
    let hidden: Phi = |x, _| 1e6 * (x[0] - 5.0).powi(2) - 1e-3 * (x[1] - 7.0).powi(4);
    assert_ne!(Model::minimum(hidden).solve(&[5.0, 7.0]).unwrap().status(), Status::Converged);
    let stays: [(Phi, &[f64]); 4] = [
        (|x, _| x[0].powi(4), &[0.0]),
        (|x, _| x[0].powi(2) + x[1].powi(4), &[0.0, 0.0]),
        // a valley whose floor is flat, and whose sums round
        (|x, _| (x[0] + x[1] - 0.3).powi(2) + 0.1, &[1.0, 1.0]),
        // it falls only a unit away
        (|x, _| x[0].powi(4) - x[0].powi(6), &[0.0]),
    ];
    for (place, (phi, z0)) in stays.into_iter().enumerate() {
        let found = Model::minimum(phi).solve(z0).unwrap();
        assert_ne!(found.status(), Status::Saddle, "{place}");
        assert!(!found.verdict().unwrap().holds, "{place}");
    }
}

#[test]
fn a_minimum_beyond_a_bound_is_not_blamed_on_the_start() {
    let misfit = |z: &[Var], _: &[Var], r: &mut [Var]| (0..2).for_each(|i| r[i] = (z[0] + 1.0) * (1.0 + i as f64));
    let found = Model::least_squares(2, misfit).bounds(Bounds::positive(1)).solve(&[1.0]).unwrap();
    assert_ne!(found.status(), Status::Converged);
    assert!(found.z()[0] >= 0.0);
}

#[test]
fn linear_least_squares_solve_the_normal_equations() {
    use faer::Mat;
    use faer::linalg::solvers::Solve;
    let (m, n) = (7, 3);
    let (matrix, b) = (rows::<f64>(41, m, n), numbers::<f64>(42, m));
    let model = Model::least_squares(m, |z, b, r| {
        (0..m).for_each(|i| r[i] = dini::program::dot(matrix.row(i), z) - b[i]);
    });
    let solved = model.parameters(&b).tolerance(1e-13).solve(&[0.0; 3]).unwrap();
    let a = Mat::from_fn(m, n, |i, j| matrix.row(i)[j]);
    // z = (A^T A)^-1 A^T b, and dz/db is that matrix
    let inverse = (a.transpose() * &a).partial_piv_lu().solve(a.transpose());
    let jacobian = solved.jacobian().unwrap();
    for i in 0..n {
        let z: f64 = (0..m).map(|k| inverse[(i, k)] * b[k]).sum();
        assert!((solved.converged().unwrap()[i] - z).abs() < 1e-12);
        assert!((0..m).all(|k| (jacobian.row(i)[k] - inverse[(i, k)]).abs() < 1e-11));
    }
    let residual: f64 = (0..m).map(|i| (dot(matrix.row(i), solved.z()) - b[i]).powi(2)).sum();
    let objective = solved.solution().problem().objective(solved.solution().z()).unwrap().unwrap();
    assert!((objective[0] - 0.5 * residual).abs() < 1e-12);
}

#[test]
fn sweeps_end_at_folds_and_where_they_would_change_branches() {
    let ended = |points: Vec<Result<dini::model::Point<f64>, Error>>| match points.into_iter().last() {
        Some(Err(Error::Sweep(ended))) => ended,
        other => panic!("{other:?}"),
    };
    // z^3 - z = a: the lower branch folds at a = 2 / (3 sqrt 3) = 0.3849, and beyond it there is another root
    let cubic = || Model::equation(|z, a| [z[0].powi(3) - z[0] - a[0]]).parameters(&[0.0]).start(&[-1.5]);
    let points: Vec<_> = cubic().sweep(0, -1.0..=1.0, 0.1).unwrap().collect();
    let solved = points.iter().filter_map(|point| point.as_ref().ok());
    for point in solved {
        let z = point.solved.converged().unwrap()[0];
        assert!(z < -0.577 && (z.powi(3) - z - point.value).abs() < 1e-5, "{z} at {}", point.value);
    }
    let fold = ended(points);
    assert!(fold.fold && (0.3..0.385).contains(&fold.last) && fold.to_string().contains("fold"), "{fold:?}");
    // a step in a leads to another branch without a fold
    let jump =
        Model::equation(|z, a| [z[0] - a[0] - select(a[0].gt(0.55), 10.0, 0.0)]).parameters(&[0.0]).start(&[0.0]);
    let jump = ended(jump.sweep(0, 0.0..=1.0, 0.1).unwrap().collect());
    assert!(!jump.fold && jump.status == Status::Converged && (0.49..=0.55).contains(&jump.last), "{jump:?}");
    assert!(jump.to_string().contains("another branch"), "{jump}");
    // of two branches that nearly meet, the other one has the same slopes; and where branches cross, det dg/dz changes its sign
    let near = Model::equation(|z, a| [z[0] * z[0] - a[0] * a[0] - 1e-8]).parameters(&[-1.0]).start(&[1.0]);
    let crossing = Model::equation(|z, a| [z[0] * (z[0] - a[0])]).parameters(&[-1.0]).start(&[0.0]);
    for model in [near, crossing] {
        let ended = ended(model.sweep(0, -1.0..=1.1, 0.3).unwrap().collect());
        assert!(ended.last < 1e-3 && ended.last > -0.11, "{ended:?}");
    }
    // a long step that ends just before a fold tells it all the same, and a kink is none
    let layer = Model::equation(|z, a| [z[0] - (2.0 * z[0] + a[0]).tanh()]).parameters(&[-1.0]).start(&[-0.99]);
    let fold = ended(layer.sweep(0, -1.0..=1.0, 0.3).unwrap().collect());
    assert!(fold.fold && (0.5..0.5329).contains(&fold.last), "{fold:?}");
    let kink = Model::equation(|z, a| [z[0].abs() + 2.0 * z[0] - a[0]]).parameters(&[-1.0]).start(&[-1.0]);
    let kink = ended(kink.sweep(0, -1.0..=1.1, 0.3).unwrap().collect());
    assert!(!kink.fold && kink.last.abs() < 0.11, "{kink:?}");
    // a whole branch, downwards
    let upper = cubic().start(&[1.5]);
    let values: Vec<f64> = upper.sweep(0, 1.0..=0.0, -0.25).unwrap().map(|point| point.unwrap().value).collect();
    assert_eq!(values, [1.0, 0.75, 0.5, 0.25, 0.0]);
    for step in [0.0, -0.1, f64::NAN] {
        assert!(matches!(cubic().sweep(0, 0.0..=1.0, step), Err(Error::Option { name: "step", .. })));
    }
    assert!(matches!(cubic().sweep(1, 0.0..=1.0, 0.1), Err(Error::Shape { .. })));
}

#[test]
fn results_are_tightened_traced_and_reported() {
    let model = Model::equation(|z, a| [z[0].exp() * z[0] - a[0]]).parameters(&[1.0]);
    let loose = model.solver(Newton::default()).tolerance(1e-2).solve(&[3.0]).unwrap();
    let exact = 0.567_143_290_409_783_8;
    assert!((loose.converged().unwrap()[0] - exact).abs() < 1e-2 * exact);
    let tight = loose.tighten(1e-14).unwrap();
    assert!((tight.converged().unwrap()[0] - exact).abs() < 1e-14 && tight.iterations() < loose.iterations());
    assert!(matches!(loose.tighten(-1.0), Err(Error::Option { .. })));
    let trace = loose.trace();
    // and the one that finds that no step is needed
    let last = trace.last().unwrap().iteration;
    assert!((loose.iterations()..=loose.iterations() + 1).contains(&last), "{trace:?}");
    assert!(trace.windows(2).all(|two| two[1].residual <= two[0].residual), "{trace:?}");
    let report = loose.report().to_string();
    let expected = format!("equation: 1 unknowns, 1 parameters\nconverged after {} iterations", loose.iterations());
    assert!(report.starts_with(&expected), "{report}");
    assert!(report.contains(&loose.accuracy().to_string()), "{report}");
    // what failed says what to do
    let rootless = Model::equation(|z, _| [z[0] * z[0] + 1.0]).solve(&[3.0]).unwrap();
    let report = rootless.report().to_string();
    assert!(report.contains(rootless.status().advice()) && report.contains(", then "), "{report}");
}

#[test]
fn rows_without_columns_are_harmless() {
    let mut none = Rows::<f64>::new(2, 0);
    let (mut norms, other) = ([1.0; 2], none.clone());
    none.norms(&mut norms);
    assert_eq!(norms, [0.0; 2]);
    none.axpby(1.0, &other, 1.0);
    none.keep(&[1]);
    none.reset(2);
    none.scale(&[2.0, 3.0]);
    none.add_combination(&[1.0, 1.0], std::slice::from_ref(&other));
    assert_eq!((none.samples(), none.width()), (2, 0));
}

#[test]
fn scales_change_the_way_and_not_the_units_of_the_result() {
    // x y = 1, e^-x + e^-y = 1.0001 (Powell 1970): the root is at 1.098e-5 and 9.106; y to scale, x in units of 1e-5
    let powell = |z: &[Var], a: &[Var]| [1e4 * z[0] * z[1] - a[0], (-z[0]).exp() + (-z[1]).exp() - 1.0001];
    let plain = Model::equation(powell).parameters(&[1.0]).tolerance(1e-10);
    let scaled = Model::equation(powell).parameters(&[1.0]).tolerance(1e-10).scales(&[1e-5, 10.0], &[1.0, 1e-4]);
    let (one, other) = (plain.solve(&[1e-5, 9.0]).unwrap(), scaled.solve(&[1e-5, 9.0]).unwrap());
    for (a, b) in one.converged().unwrap().iter().zip(other.converged().unwrap()) {
        assert!((a - b).abs() <= 1e-9 * a.abs(), "{a} and {b}");
    }
    for (a, b) in one.jacobian().unwrap().as_slice().iter().zip(other.jacobian().unwrap().as_slice()) {
        assert!((a - b).abs() <= 1e-6 * a.abs(), "{a} and {b}");
    }
    assert!(other.verdict().unwrap().holds && other.residual_norm() < 1e-9);
    assert!(other.accuracy().relative < 1e-10 && other.accuracy().correction < 1e-9);
    // bounds are in the units of the problem, too
    let bounds = Bounds::new(vec![1e-6, 1.0], vec![1e-4, 100.0]).unwrap();
    let within = Model::equation(powell).parameters(&[1.0]).scales(&[1e-5, 10.0], &[1.0, 1e-4]).bounds(bounds);
    assert_eq!(within.solve(&[5e-5, 2.0]).unwrap().status(), Status::Converged);
    assert!(matches!(within.solve(&[5e-5, 0.5]), Err(Error::OutOfBounds { unknown: 1, .. })));
    // sparse entries and products alone are scaled the same way
    let chain = |z: &[Var], _: &[Var]| -> Vec<Var> {
        (0..z.len()).map(|i| z[i].powi(3) + z[i] - if i == 0 { 2e-9.into() } else { z[i - 1] * 1e-3 } - 1e-9).collect()
    };
    let sizes = (vec![1e-9; 70], vec![1e-9; 70]);
    let start = vec![2e-9; 70];
    let sparse = Model::equation(chain).find_pattern().scales(&sizes.0, &sizes.1).solve(&start).unwrap();
    let dense = Model::equation(chain).solve(&start).unwrap();
    for (a, b) in sparse.converged().unwrap().iter().zip(dense.converged().unwrap()) {
        assert!((a - b).abs() <= 1e-6 * a.abs(), "{a} and {b}");
    }
    // what can't be a size is refused
    assert!(matches!(plain.clone().scales(&[1.0], &[1.0, 1.0]).solve(&[1e-5, 9.0]), Err(Error::Shape { .. })));
    assert!(matches!(plain.scales(&[1.0, 0.0], &[1.0, 1.0]).solve(&[1e-5, 9.0]), Err(Error::Option { .. })));
}
