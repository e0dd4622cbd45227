//! The conformance suites on what dini has: one line each.

use dini::cells::Tanh;
use dini::linear::{BiCgStab, Cg, Gmres, Lsmr, Refinement};
use dini::model::{OnSlices, OnVars};
use dini::problem::{Each, Eval, Linearize, OneSample, OneSampleVjp, Scaled, SecondOrder, Sparsity};
use dini::program::Var;
use dini::solve::{AnySolver, LineSearch};
use dini::{Anderson, Model, Newton, Picard, Real, Rows};
use dini_testkit::conformance::{self, numbers::dot, numbers::numbers, numbers::rows};

#[test]
fn rows_f64() {
    conformance::batch(Rows::<f64>::new);
}

#[test]
fn rows_f32() {
    conformance::batch(Rows::<f32>::new);
}

#[test]
fn picard() {
    conformance::solver(&Picard::default());
    conformance::solver(&Picard { damping: 0.5 });
}

#[test]
fn anderson() {
    conformance::solver(&Anderson::default());
    conformance::solver(&Anderson { window: 1, damping: 0.7, ..Anderson::default() });
    conformance::solver(&Anderson { window: 16, ..Anderson::default() });
}

#[test]
fn newton() {
    conformance::solver(&Newton::default());
    conformance::solver(&Newton { line_search: LineSearch { halvings: 0, ..LineSearch::default() } });
}

#[test]
fn every_solver_by_name() {
    let failed = |name: &&str| {
        let solver = AnySolver::by_name(name).unwrap();
        // the panic has said what is wrong; go on with the others
        std::panic::catch_unwind(|| conformance::solver(&solver)).is_err()
    };
    let failed: Vec<&str> = AnySolver::NAMES.into_iter().filter(failed).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn gmres() {
    conformance::linear_solver(&Gmres::default());
    conformance::linear_solver(&Gmres { restart: 5, max_iterations: 200 });
}

#[test]
fn bicgstab() {
    conformance::linear_solver(&BiCgStab::default());
}

#[test]
fn lsmr() {
    conformance::linear_solver(&Lsmr::default());
}

#[test]
fn cg() {
    conformance::symmetric_linear_solver(&Cg::default());
}

#[test]
fn refinement() {
    conformance::linear_solver(&Refinement::default());
}

fn cell<T: Real>(samples: usize, n: usize, t: f64) -> Tanh<T> {
    let moved = |seed: u64, count: usize| -> Vec<T> {
        let (at, by) = (numbers::<T>(seed, count), numbers::<T>(seed + 1, count));
        at.iter().zip(&by).map(|(a, d)| *a + T::of(t) * *d).collect()
    };
    Tanh::new(n, moved(1, n * n), Rows::from_vec(samples, n, moved(3, samples * n)).unwrap()).unwrap()
}

fn cell_conforms<T: Real>() {
    for (samples, n) in [(1, 1), (5, 7), (6, 24), (4, 33)] {
        let z = rows::<T>(7, samples, n);
        conformance::linearize(&cell::<T>(samples, n, 0.0), &z);
        let tangent = dini::cells::TanhGradient { w: numbers(2, n * n), x: rows(4, samples, n) };
        let inner = |a: &dini::cells::TanhGradient<T>, b: &dini::cells::TanhGradient<T>| {
            dot(&a.w, &b.w) + dot(a.x.as_slice(), b.x.as_slice())
        };
        conformance::parameters(|t| cell::<T>(samples, n, t), &z, &tangent, inner);
        let other = dini::cells::TanhGradient { w: numbers(5, n * n), x: rows(6, samples, n) };
        conformance::second_order(|t| cell::<T>(samples, n, t), &z, [&tangent, &other], inner);
    }
}

#[test]
fn tanh_cell_f64() {
    cell_conforms::<f64>();
}

#[test]
fn tanh_cell_f32() {
    cell_conforms::<f32>();
}

const N: usize = 6;

type Function<T> = fn(&[T], &[T], &mut [T]);
type Stated<T> = fn(Function<T>) -> Model<OnSlices<T>, T>;

/// z_i^3 - c z_{i+1} - a_i with the parameters (a_0, a_1, c), a_i being 0 for i > 1.
fn by_hand<T: Real>(kind: Stated<T>) -> Model<OnSlices<T>, T> {
    kind(|z: &[T], a: &[T], g: &mut [T]| {
        (0..N).for_each(|i| g[i] = z[i] * z[i] * z[i] - a[2] * z[(i + 1) % N]);
        (0..2).for_each(|i| g[i] -= a[i]);
    })
    .jacobian(|z, a, j| {
        for i in 0..N {
            j[i * N + i] = T::of(3.0) * z[i] * z[i];
            j[(i + 1) % N * N + i] = -a[2];
        }
    })
    .parameter_jacobian(|z, _, d| {
        (0..2).for_each(|j| d[j * N + j] = T::of(-1.0));
        (0..N).for_each(|i| d[2 * N + i] = -z[(i + 1) % N]);
    })
}

/// The same and a term that bends in z and a.
fn bent(z: &[Var], a: &[Var]) -> Vec<Var> {
    let shift = |i: usize| if i < 2 { a[i] } else { 0.0.into() };
    (0..N).map(|i| z[i].powi(3) - a[2] * z[(i + 1) % N] - shift(i) + (a[0] * z[i]).sin() * a[2]).collect()
}

/// (1 + s + t da) of every sample s, in turn.
fn moved<T: Real>(da: &Rows<T>, t: f64) -> Rows<T> {
    let mut a = da.clone();
    for s in 0..da.samples() {
        a.row_mut(s).iter_mut().for_each(|v| *v = T::of(1.0 + s as f64) + T::of(t) * *v);
    }
    a
}

fn slices_conform<T: Real>() {
    let (z, da) = (rows::<T>(1, 5, N), rows::<T>(2, 5, 3));
    let inner = |a: &Rows<T>, b: &Rows<T>| dot(a.as_slice(), b.as_slice());
    let kinds: [Stated<T>; 2] = [|f| Model::equation_on_slices(f), |f| Model::fixed_point_on_slices(f)];
    for kind in kinds {
        let system = by_hand(kind).samples(moved(&da, 0.0)).system(N).unwrap();
        conformance::linearize(&system, &z);
        conformance::parameters(|t| system.with_parameters(moved(&da, t)).unwrap(), &z, &da, inner);
    }
}

#[test]
fn slices_f64() {
    slices_conform::<f64>();
}

#[test]
fn slices_f32() {
    slices_conform::<f32>();
}

/// Everything that can wrap a problem keeps what that can do.
fn wrapped<P: SecondOrder<State = Rows<f64>>>(problem: &P, z: &Rows<f64>) {
    conformance::wrapper(problem, &problem);
    let n = z.width();
    // powers of two, so that a product is exact: a fixed point stays one
    let units: Vec<f64> = (0..n).map(|j| [1.0, 2.0, 0.25][j % 3]).collect();
    let scaled = Scaled::new(problem, units.iter().map(|unit| 1.0 / unit).collect(), units).unwrap();
    conformance::wrapper(problem, &scaled);
    conformance::linearize(&scaled, z);
    // in other units for the equations it is none, and has no passes
    let other = Scaled::new(problem, vec![2.0; n], vec![1.0; n]).unwrap();
    assert!(other.capabilities().passes.is_none());
    conformance::linearize(&other, z);
}

#[test]
fn wrappers_lose_nothing() {
    let z = rows::<f64>(1, 5, N);
    for model in traced() {
        wrapped(&model.samples(rows(2, 5, 3)).system(N).unwrap(), &z);
    }
    let n = 24;
    let w = (0..n * n).map(|k| 0.3 * ((k * 7 % 11) as f64 - 5.0) / (n as f64).sqrt()).collect();
    let cell = Tanh::new(n, w, rows(3, 2, n)).unwrap();
    assert_eq!(cell.capabilities().names(), ["dense Jacobian", "passes"]);
    let cell = std::sync::Arc::new(cell);
    wrapped(&*cell, &rows(4, 2, n));
    conformance::wrapper(&*cell, &cell);
}

#[test]
fn second_derivatives_in_other_units_conform() {
    let (z, da, other) = (rows::<f64>(1, 5, N), rows::<f64>(2, 5, 3), rows::<f64>(3, 5, 3));
    let inner = |a: &Rows<f64>, b: &Rows<f64>| dot(a.as_slice(), b.as_slice());
    let system = Model::equation(bent).samples(moved(&da, 0.0)).system(N).unwrap();
    let at = |t| {
        let (rows, columns) = ((0..N).map(|i| 1.5 - 0.2 * i as f64), (0..N).map(|j| 0.5 + 0.3 * j as f64));
        Scaled::new(system.with_parameters(moved(&da, t)).unwrap(), rows.collect(), columns.collect()).unwrap()
    };
    conformance::parameters(at, &z, &da, inner);
    conformance::second_order(at, &z, [&da, &other], inner);
}

/// The second power of each component, stated for one sample: g_i = z_i^2 + c z_{i-1} - x_i, with c shared.
struct Powers {
    c: f64,
    x: Rows<f64>,
}

impl OneSample for Powers {
    type Scalar = f64;
    fn shape(&self) -> (usize, usize) {
        (self.x.samples(), self.x.width())
    }
    fn residual(&self, sample: usize, z: &[f64], g: &mut [f64]) -> Eval {
        let n = z.len();
        (0..n).for_each(|i| g[i] = z[i] * z[i] + self.c * z[(i + n - 1) % n] - self.x.row(sample)[i]);
        Ok(())
    }
    fn jacobian(&self, _: usize, z: &[f64], j: &mut [f64]) -> Eval {
        let n = z.len();
        j.fill(0.0);
        (0..n).for_each(|i| j[i * n + i] += 2.0 * z[i]);
        (0..n).for_each(|i| j[(i + n - 1) % n * n + i] += self.c);
        Ok(())
    }
}

impl OneSampleVjp for Powers {
    type Gradient = (f64, Rows<f64>);
    fn zero(&self) -> Self::Gradient {
        (0.0, Rows::new(self.x.samples(), self.x.width()))
    }
    fn param_vjp(&self, sample: usize, z: &[f64], u: &[f64], grad: &mut Self::Gradient) -> Eval {
        let n = z.len();
        grad.0 += (0..n).map(|i| z[(i + n - 1) % n] * u[i]).sum::<f64>();
        grad.1.row_mut(sample).iter_mut().zip(u).for_each(|(x, u)| *x -= u);
        Ok(())
    }
}

#[test]
fn one_sample_at_a_time_conforms() {
    let x: Vec<f64> = rows::<f64>(5, 4, N).as_slice().iter().map(|x| x + 2.0).collect();
    let powers = |c: f64| Powers { c, x: Rows::from_vec(4, N, x.clone()).unwrap() };
    let z = rows::<f64>(1, 4, N);
    conformance::linearize(&Each(powers(0.3)), &z);
    // the gradient by the shared parameter against differences
    let start = Rows::from_vec(4, N, vec![1.0; 4 * N]).unwrap();
    let ones = start.clone();
    let options = dini::Options { relative: 1e-12, ..Default::default() };
    let solved = |c: f64| dini::solve(Each(powers(c)), &start, &Newton::default(), &options).unwrap();
    let sum = |c: f64| solved(c).converged().unwrap().as_slice().iter().sum::<f64>();
    let gradient = solved(0.3).pullback(&ones).unwrap().value;
    let slope = (sum(0.3 + 1e-5) - sum(0.3 - 1e-5)) / 2e-5;
    assert!((gradient.0 - slope).abs() < 1e-7 * slope.abs(), "{} and {slope}", gradient.0);
    assert!(matches!(
        dini::solve(Each(powers(0.3)), &Rows::new(3, N), &Newton::default(), &options),
        Err(dini::Error::Shape { .. })
    ));
}

fn traced() -> [Model<OnVars<'static>, f64>; 6] {
    // sparse where that is asked for; and a minimum, whose own function is a sum
    let phi = |z: &[Var], a: &[Var]| bent(z, a).into_iter().map(|r| r * r).sum::<Var>();
    [
        Model::equation(bent),
        Model::fixed_point(bent),
        Model::minimum(phi),
        Model::least_squares(N, |z, a, r| r.copy_from_slice(&bent(z, a))),
        Model::equation(bent).find_pattern(),
        Model::fixed_point(bent).find_pattern(),
    ]
}

#[test]
fn traced_f64() {
    let (z, da, other) = (rows::<f64>(1, 5, N), rows::<f64>(2, 5, 3), rows::<f64>(3, 5, 3));
    let inner = |a: &Rows<f64>, b: &Rows<f64>| dot(a.as_slice(), b.as_slice());
    for model in traced() {
        let system = model.samples(moved(&da, 0.0)).system(N).unwrap();
        let at = |t| system.with_parameters(moved(&da, t)).unwrap();
        conformance::linearize(&system, &z);
        conformance::parameters(at, &z, &da, inner);
        conformance::second_order(at, &z, [&da, &other], inner);
    }
}

#[test]
fn traced_f32() {
    let (z, da, other) = (rows::<f32>(1, 5, N), rows::<f32>(2, 5, 3), rows::<f32>(3, 5, 3));
    let inner = |a: &Rows<f32>, b: &Rows<f32>| dot(a.as_slice(), b.as_slice());
    for model in [Model::equation(bent), Model::fixed_point(bent), Model::equation(bent).find_pattern()] {
        let system = model.single_precision().samples(moved(&da, 0.0)).system(N).unwrap();
        let at = |t| system.with_parameters(moved(&da, t)).unwrap();
        conformance::linearize(&system, &z);
        conformance::parameters(at, &z, &da, inner);
        conformance::second_order(at, &z, [&da, &other], inner);
    }
}

/// g = (z_1^2 - a z_2, z_2), whose mixed second derivative, by z_2 and a, is `mixed` in place of -1.
fn curved_conforms(mixed: f64) {
    let g = |z: &[f64], a: &[f64], g: &mut [f64]| g.copy_from_slice(&[z[0] * z[0] - a[0] * z[1], z[1]]);
    let da = rows::<f64>(2, 3, 1);
    let curved = Model::fixed_point_on_slices(g)
        .jacobian(|z, a, j| j.copy_from_slice(&[2.0 * z[0], 0.0, -a[0], 1.0]))
        .parameter_jacobian(|z, _, d| d.copy_from_slice(&[-z[1], 0.0]))
        .second_derivatives(move |_, at, out| {
            let lam = at.lam[0];
            out.copy_from_slice(&[2.0 * lam * at.dz[0], mixed * lam * at.da[0], -lam * at.dz[1]]);
        });
    let curved = curved.samples(moved(&da, 0.0)).system(2).unwrap();
    let at = |t| curved.with_parameters(moved(&da, t)).unwrap();
    let inner = |a: &Rows<f64>, b: &Rows<f64>| dot(a.as_slice(), b.as_slice());
    conformance::second_order(at, &rows(1, 3, 2), [&da, &rows(3, 3, 1)], inner);
}

#[test]
fn second_derivatives_by_hand() {
    curved_conforms(-1.0);
}

#[test]
#[should_panic(expected = "(J^T lam)'")]
fn second_derivatives_that_leave_out_a_term_do_not_conform() {
    curved_conforms(0.0);
}

#[test]
fn differences() {
    // exact to rounding for a quadratic residual
    let tridiagonal = || {
        Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| {
            let at = |i: usize| z.get(i).copied().unwrap_or(0.0);
            (0..9).for_each(|i| g[i] = (3.0 - 2.0 * z[i]) * z[i] - at(i.wrapping_sub(1)) - 2.0 * at(i + 1) + a[0]);
        })
        .samples(rows(1, 5, 1))
    };
    conformance::linearize(&tridiagonal().system(9).unwrap(), &rows(2, 5, 9));
    let coloured = tridiagonal().pattern(Sparsity::tridiagonal(9).unwrap());
    conformance::linearize(&coloured.system(9).unwrap(), &rows(2, 5, 9));
}
