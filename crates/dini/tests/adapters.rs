//! Problems stated by closures, over dual numbers, as fixed points and by differences: all must be one problem.

#![allow(clippy::needless_range_loop)]

mod common;

use common::{dot, error, numbers, rows};
use dini::batch::{Batch, Keep};
use dini::cells::TanhGradient;
use dini::gradient::Implicit;
use dini::num_dual::{DualNum, DualNumFloat};
use dini::problem::{Active, Closure, Differences, Dual, Equation, FixedPoint, Linearize, ParamJvp, ParamVjp};
use dini::solve::Solver;
use dini::{Anderson, Error, Newton, Options, Picard, Real, Rows, solve};

trait Scalar: Real + DualNumFloat + DualNum<Primitive = Self> {}
impl Scalar for f32 {}
impl Scalar for f64 {}

/// An equation with derivatives by hand: J column-major, and dg/da column-major.
trait Case<T: Real>: Equation<T> + Copy + Send + Sync + 'static {
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]);
    fn by_parameters(&self, z: &[T], a: &[T], out: &mut [T]);
    /// Parameters of `b` samples and a start.
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>);
}

/// E - e sin E = M with parameters (e, M).
#[derive(Clone, Copy)]
struct Kepler;
impl<T: Real> Equation<T> for Kepler {
    fn unknowns(&self) -> usize {
        1
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: DualNum<Primitive = T> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0] - a[0] * z[0].sin() - a[1];
    }
}
impl<T: Real> Case<T> for Kepler {
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]) {
        out[0] = T::one() - a[0] * num_traits::Float::cos(z[0]);
    }
    fn by_parameters(&self, z: &[T], _: &[T], out: &mut [T]) {
        out[0] = -num_traits::Float::sin(z[0]);
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
impl<T: Real> Equation<T> for Circle {
    fn unknowns(&self) -> usize {
        2
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: DualNum<Primitive = T> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0] * z[0] + z[1] * z[1] - a[0];
        out[1] = z[0] - a[1] * z[1];
    }
}
impl<T: Real> Case<T> for Circle {
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
impl<T: Real> Equation<T> for Chain {
    fn unknowns(&self) -> usize {
        N
    }
    fn parameters(&self) -> usize {
        N + 1
    }
    fn residual<D: DualNum<Primitive = T> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        for i in 0..N {
            out[i] = z[i] * T::of(4.0) + (a[0] * z[i]).exp() - a[1 + i];
            if i > 0 {
                out[i] -= z[i - 1];
            }
            if i + 1 < N {
                out[i] -= z[i + 1] * z[i + 1] * T::of(0.5);
            }
        }
    }
}
impl<T: Real> Case<T> for Chain {
    fn jacobian(&self, z: &[T], a: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for i in 0..N {
            out[i * N + i] = T::of(4.0) + a[0] * num_traits::Float::exp(a[0] * z[i]);
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
            out[i] = z[i] * num_traits::Float::exp(a[0] * z[i]);
            out[(1 + i) * N + i] = -T::one();
        }
    }
    fn instance(&self, b: usize) -> (Rows<T>, Rows<T>) {
        (rows(3, b, N + 1), Rows::new(b, N))
    }
}

fn closure<T: Scalar, C: Case<T>>(case: C, a: &Rows<T>) -> Closure<T> {
    let (a1, a2, a3) = (a.clone(), a.clone(), a.clone());
    Closure::new(
        case.unknowns(),
        move |s, z: &[T], g| case.residual(z, a1.row(s), g),
        move |s, z, j| case.jacobian(z, a2.row(s), j),
    )
    .parameters(case.parameters(), move |s, z, d| case.by_parameters(z, a3.row(s), d))
}

fn dual<T: Scalar, C: Case<T>>(case: C, a: &Rows<T>) -> Dual<C, T> {
    Dual::new(case, a.clone()).unwrap()
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
    let (by_dual, by_closure) = (newton(dual(Kepler, &a), &z0), newton(closure(Kepler, &a), &z0));
    let w = rows::<T>(7, b, 1);
    let (from_dual, from_closure) = (by_dual.pullback(&w).unwrap().value, by_closure.pullback(&w).unwrap().value);
    for s in 0..b {
        let (e, m) = (a.row(s)[0].as_f64(), a.row(s)[1].as_f64());
        // the reference: contraction in f64
        let root = (0..500).fold(m, |z: f64, _| m + e * z.sin());
        let slope = 1.0 / (1.0 - e * root.cos());
        let exact = [root.sin() * slope, slope].map(|d| d * w.row(s)[0].as_f64());
        for (solution, gradient) in [(by_dual.z(), &from_dual), (by_closure.z(), &from_closure)] {
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
    let (by_dual, by_closure) = (newton(dual(Circle, &a), &z0), newton(closure(Circle, &a), &z0));
    let w = rows::<T>(8, b, 2);
    let (from_dual, from_closure) = (by_dual.pullback(&w).unwrap().value, by_closure.pullback(&w).unwrap().value);
    for s in 0..b {
        let (r, t) = (a.row(s)[0].as_f64(), a.row(s)[1].as_f64());
        let y = (r / (1.0 + t * t)).sqrt();
        let (dy_dr, dy_dt) = (0.5 * y / r, -t * y / (1.0 + t * t));
        let (wx, wy) = (w.row(s)[0].as_f64(), w.row(s)[1].as_f64());
        let exact = [wx * t * dy_dr + wy * dy_dr, wx * (y + t * dy_dt) + wy * dy_dt];
        for (z, gradient) in [(by_dual.z(), &from_dual), (by_closure.z(), &from_closure)] {
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
        let loss = |a: &Rows<f64>| dot(newton(dual(Chain, a), &z0).z().as_slice(), w.as_slice());
        let gradients = [
            newton(dual(Chain, &a), &z0).pullback(&w).unwrap().value,
            newton(closure(Chain, &a), &z0).pullback(&w).unwrap().value,
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
    let problem = dual(Chain, &a);
    let slots = [0];
    let at = Active::new(&slots, 0, false);
    let mut tape = problem.tape(&z);
    problem.linearize(at, &z, &z.clone(), &mut tape).unwrap();
    let mut jacobian = vec![0.0; N * N];
    assert!(problem.jacobian(0, &tape, &mut jacobian));
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
    (0..3).for_each(|i| here.row_mut(i).copy_from_slice(z.row(at.sample(i))));
    let mut g = Rows::new(3, n);
    problem.residual(at, &here, &mut g).unwrap();
    problem.linearize(at, &here, &g, &mut tape).unwrap();
    let (u, v) = (rows::<T>(11, 3, n), rows::<T>(12, 3, n));
    let (mut jv, mut jtu) = (Rows::new(3, n), Rows::new(3, n));
    problem.jvp(at, &tape, &v, &mut jv).unwrap();
    problem.vjp(at, &tape, &u, &mut jtu).unwrap();
    for i in 0..3 {
        let exact = exact(at.sample(i));
        let mut matrix = vec![T::zero(); n * n];
        assert!(problem.jacobian(at.slot(i), &tape, &mut matrix));
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

fn every_adapter<T: Scalar, C: Case<T>>(case: C, differences: f64) {
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
    products(&dual(case, &a), &z, exact, eps);
    products(&closure(case, &a), &z, exact, eps);
    products(&&dual(case, &a), &z, exact, eps);
    products(&std::sync::Arc::new(closure(case, &a)), &z, exact, eps);
    products(&Differences(closure(case, &a)), &z, exact, differences);
    products(&FixedPoint(dual(case, &a)), &z, shifted, eps);
    products(&FixedPoint(closure(case, &a)), &z, shifted, eps);
    products(&FixedPoint(Differences(dual(case, &a))), &z, shifted, differences);
    products(&Differences(FixedPoint(dual(case, &a))), &z, shifted, differences);
    parameter_products(&dual(case, &a), &z);
    parameter_products(&closure(case, &a), &z);
    parameter_products(&FixedPoint(dual(case, &a)), &z);
    parameter_products(&FixedPoint(closure(case, &a)), &z);
}

#[test]
fn every_adapter_has_the_exact_jacobian_and_satisfies_the_adjoint_identities() {
    every_adapter::<f64, _>(Kepler, 1e-9);
    every_adapter::<f64, _>(Circle, 1e-9);
    every_adapter::<f64, _>(Chain, 1e-9);
    every_adapter::<f32, _>(Kepler, 1e-3);
    every_adapter::<f32, _>(Circle, 1e-3);
    every_adapter::<f32, _>(Chain, 1e-3);
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
        let (left, right) = (dot(w.row(s), forward.vector.row(s)), dot(gradient.row(s), tangent.row(s)));
        assert!((left - right).abs() < tolerance, "sample {s}: {left} and {right}");
        for (i, row) in solution.jacobian(s).unwrap().iter().enumerate() {
            let entry = dot(row.row(s), tangent.row(s));
            assert!((entry - forward.vector.row(s)[i].as_f64()).abs() < tolerance);
            assert!((0..b).filter(|&o| o != s).all(|o| row.row(o).iter().all(|v| *v == T::zero())));
        }
    }
}

#[test]
fn pushforward_is_the_transpose_of_pullback_and_jacobian_has_its_rows() {
    fn all<T: Scalar, C: Case<T>>(case: C, tolerance: f64) {
        for b in [1, 4] {
            let (a, z0) = case.instance(b);
            transposes(dual(case, &a), &z0, tolerance);
            transposes(closure(case, &a), &z0, tolerance);
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
    let exact = newton(dual(Chain, &a), &z0);
    let near = newton(Differences(closure(Chain, &a)), &z0);
    assert!(error(near.z().as_slice(), exact.z().as_slice()) < 1e-12);
    let w = rows(19, 4, N);
    let options = Implicit::default();
    let (lam, reference) = (near.adjoint(&w, &options).unwrap().vector, exact.adjoint(&w, &options).unwrap().vector);
    assert!(error(lam.as_slice(), reference.as_slice()) < 1e-9);
}

/// f = z - g / 6, by hand and as a fixed point.
fn contraction(a: &Rows<f64>) -> (FixedPoint<Closure<f64>>, Closure<f64>) {
    let (a, b, c) = (a.clone(), a.clone(), a.clone());
    let f = Closure::new(
        N,
        {
            let a = a.clone();
            move |s, z: &[f64], f| {
                Chain.residual(z, a.row(s), f);
                f.iter_mut().zip(z).for_each(|(f, z)| *f = z - *f / 6.0);
            }
        },
        {
            let b = b.clone();
            move |s, z, j| {
                Chain.jacobian(z, b.row(s), j);
                j.iter_mut().for_each(|v| *v /= -6.0);
                (0..N).for_each(|i| j[i * N + i] += 1.0);
            }
        },
    )
    .parameters(N + 1, {
        let c = c.clone();
        move |s, z, d| {
            Chain.by_parameters(z, c.row(s), d);
            d.iter_mut().for_each(|v| *v /= -6.0);
        }
    });
    let g = Closure::new(
        N,
        move |s, z: &[f64], g| {
            Chain.residual(z, a.row(s), g);
            g.iter_mut().for_each(|g| *g /= 6.0);
        },
        move |s, z, j| {
            Chain.jacobian(z, b.row(s), j);
            j.iter_mut().for_each(|v| *v /= 6.0);
        },
    )
    .parameters(N + 1, move |s, z, d| {
        Chain.by_parameters(z, c.row(s), d);
        d.iter_mut().for_each(|v| *v /= 6.0);
    });
    (FixedPoint(f), g)
}

#[test]
fn a_fixed_point_is_the_equation_z_minus_f_for_every_solver() {
    fn check<S>(solver: S)
    where
        S: Solver<FixedPoint<Closure<f64>>> + Solver<Closure<f64>>,
    {
        let b = 6;
        let (a, z0) = Chain.instance(b);
        let (fixed, equation) = contraction(&a);
        // an absolute tolerance, which means the same to both
        let options = Options { relative: 0.0, absolute: 1e-13, ..Options::default() };
        let left = solve(fixed, &z0, &solver, &options).unwrap();
        let right = solve(equation, &z0, &solver, &options).unwrap();
        assert!(error(left.converged().unwrap().as_slice(), right.converged().unwrap().as_slice()) < 1e-12);
        let exact = newton(dual(Chain, &a), &z0);
        assert!(error(left.z().as_slice(), exact.z().as_slice()) < 1e-12);
        let w = rows(20, b, N);
        let reference = exact.pullback(&w).unwrap().value;
        let (left_gradient, right_gradient) = (left.pullback(&w).unwrap().value, right.pullback(&w).unwrap().value);
        assert!(error(left_gradient.as_slice(), reference.as_slice()) < 1e-9);
        assert!(error(right_gradient.as_slice(), reference.as_slice()) < 1e-9);
        let tangent = rows(21, b, N + 1);
        let (dz, dz_right) = (left.pushforward(&tangent).unwrap().vector, right.pushforward(&tangent).unwrap().vector);
        assert!(error(dz.as_slice(), dz_right.as_slice()) < 1e-9);
    }
    check(Picard::default());
    check(Picard { damping: 0.7 });
    check(Anderson::default());
    check(Newton::default());
}

#[test]
fn equations_without_parameters_have_an_empty_gradient() {
    struct Cosine;
    impl Equation<f64> for Cosine {
        fn unknowns(&self) -> usize {
            1
        }
        fn parameters(&self) -> usize {
            0
        }
        fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], _: &[D], out: &mut [D]) {
            out[0] = z[0] - z[0].cos();
        }
    }
    let solution = newton(Dual::new(Cosine, Rows::new(2, 0)).unwrap(), &Rows::new(2, 1));
    assert!((solution.z().row(1)[0] - 0.739_085_133_215_160_6).abs() < 1e-14);
    let gradient = solution.pullback(&Rows::from_vec(2, 1, vec![1.0; 2]).unwrap()).unwrap().value;
    assert_eq!((gradient.samples(), gradient.width()), (2, 0));
}

#[test]
fn shapes_of_parameters_and_starts_are_checked() {
    let (a, z0): (Rows<f64>, _) = Circle.instance(3);
    assert!(matches!(Dual::new(Circle, Rows::<f64>::new(3, 3)), Err(Error::Shape { .. })));
    assert!(matches!(Dual::new(Circle, Rows::<f64>::new(0, 2)), Err(Error::Empty { .. })));
    let mut nan = a.clone();
    nan.row_mut(2)[1] = f64::NAN;
    assert!(matches!(Dual::new(Circle, nan), Err(Error::NonFinite { sample: 2, .. })));
    let options = Options::default();
    for bad in [Rows::new(2, 2), Rows::new(3, 1), Rows::new(3, 3)] {
        assert!(matches!(solve(dual(Circle, &a), &bad, &Newton::default(), &options), Err(Error::Shape { .. })));
    }
    let wide = Rows::new(3, 3);
    assert!(matches!(solve(closure(Circle, &a), &wide, &Newton::default(), &options), Err(Error::Shape { .. })));
    let mut infinite = z0.clone();
    infinite.row_mut(1)[0] = f64::INFINITY;
    let refused = solve(dual(Circle, &a), &infinite, &Newton::default(), &options);
    assert!(matches!(refused, Err(Error::NonFinite { sample: 1, .. })));
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
    let (by_dual, by_closure) = (newton(dual(Circle, &a), &z0), newton(closure(Circle, &a), &z0));
    let by_cell = newton(common::cell::<f64>(22, 3, 4, 0.5), &Rows::new(3, 4));
    let mut complaints = Vec::new();
    for (b, p) in [(3, 1), (3, 3), (2, 2), (4, 2)] {
        let tangent = Rows::new(b, p);
        complaints.extend(complaint(&format!("Dual, {b} x {p}"), || by_dual.pushforward(&tangent).err()));
        complaints.extend(complaint(&format!("Closure, {b} x {p}"), || by_closure.pushforward(&tangent).err()));
    }
    for (weights, b, n) in [(0, 3, 4), (12, 3, 4), (20, 3, 4), (16, 2, 4), (16, 4, 4), (16, 3, 3), (16, 3, 5)] {
        let tangent = TanhGradient { w: vec![1.0; weights], x: Rows::new(b, n) };
        let name = format!("tanh cell, {weights} weights, {b} x {n}");
        complaints.extend(complaint(&name, || by_cell.pushforward(&tangent).err()));
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
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
