//! The conformance suites on what dini has: one line each.

use dini::cells::Tanh;
use dini::linear::{BiCgStab, Cg, Gmres, Lsmr, Refinement};
use dini::model::{Model, OnSlices, System};
use dini::solve::{AnySolver, LineSearch};
use dini::tiny::{Equation, Plain};
use dini::{Anderson, Newton, Picard, Real, Rows};
use dini_testkit::conformance::{self, numbers::dot, numbers::numbers, numbers::rows};
use dini_testkit::equations::{BroydenTridiagonal, SkewTanh};

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

/// h_i = z_i^3 - a_3 z_{i+1} - a_i, the last term on the first two components: of h = 0, or of z = h.
fn on_slices<T: Real>(fixed_point: bool) -> Model<OnSlices<T>, T> {
    let h = |z: &[T], a: &[T], h: &mut [T]| {
        let n = z.len();
        (0..n).for_each(|i| h[i] = z[i] * z[i] * z[i] - a[2] * z[(i + 1) % n]);
        (0..2).for_each(|i| h[i] -= a[i]);
    };
    let model = if fixed_point { Model::fixed_point_on_slices(h) } else { Model::equation_on_slices(h) };
    model
        .jacobian(|z, a, j| {
            let n = z.len();
            for i in 0..n {
                j[i * n + i] = T::of(3.0) * z[i] * z[i];
                j[(i + 1) % n * n + i] = -a[2];
            }
        })
        .parameter_jacobian(|z, _, d| {
            let n = z.len();
            (0..2).for_each(|j| d[j * n + j] = T::of(-1.0));
            (0..n).for_each(|i| d[2 * n + i] = -z[(i + 1) % n]);
        })
}

fn on_slices_conforms<T: Real>() {
    let (n, z, da) = (6, rows::<T>(1, 5, 6), rows::<T>(2, 5, 3));
    for fixed_point in [false, true] {
        let problem = |t: f64| {
            let mut a = Rows::new(5, 3);
            for s in 0..5 {
                let at = [0.0, 0.0, 1.0 + s as f64].map(T::of);
                a.row_mut(s).iter_mut().zip(at).zip(da.row(s)).for_each(|((a, at), d)| *a = at + T::of(t) * *d);
            }
            on_slices(fixed_point).samples(a).system(n).unwrap()
        };
        let inner = |a: &Rows<T>, b: &Rows<T>| dot(a.as_slice(), b.as_slice());
        conformance::linearize(&problem(0.0), &z);
        conformance::parameters(problem, &z, &da, inner);
    }
}

#[test]
fn equations_and_fixed_points_on_slices_f64() {
    on_slices_conforms::<f64>();
}

#[test]
fn equations_and_fixed_points_on_slices_f32() {
    on_slices_conforms::<f32>();
}

#[test]
fn traced_equations() {
    let tridiagonal = BroydenTridiagonal { n: 9 };
    conformance::linearize(&Model::of(tridiagonal).samples(rows(1, 5, 1)).system(9).unwrap(), &rows::<f64>(2, 5, 9));
    let skew = SkewTanh { n: 8 };
    conformance::linearize(&Model::of(skew).samples(rows(3, 4, 8)).system(8).unwrap(), &rows::<f64>(4, 4, 8));
}

/// z = (z_1^2 - a z_2, z_2), whose mixed second derivative, by z_2 and a, is `mixed` in place of -1.
fn curved(mixed: f64, a: Rows<f64>) -> System<f64> {
    Model::fixed_point_on_slices(|z: &[f64], a, f| f.copy_from_slice(&[z[0] * z[0] - a[0] * z[1], z[1]]))
        .jacobian(|z, a, j| j.copy_from_slice(&[2.0 * z[0], 0.0, -a[0], 1.0]))
        .parameter_jacobian(|z, _, d| d.copy_from_slice(&[-z[1], 0.0]))
        .second_derivatives(move |_, at, out| {
            let lam = at.lam[0];
            out.copy_from_slice(&[2.0 * lam * at.dz[0], mixed * lam * at.da[0], -lam * at.dz[1]]);
        })
        .samples(a)
        .system(2)
        .unwrap()
}

fn curved_conforms(mixed: f64) {
    let da = rows::<f64>(2, 3, 1);
    let moved = |t: f64| {
        let a = da.as_slice().iter().map(|d| 1.0 + t * d).collect();
        curved(mixed, Rows::from_vec(3, 1, a).unwrap())
    };
    let inner = |a: &Rows<f64>, b: &Rows<f64>| dot(a.as_slice(), b.as_slice());
    conformance::second_order(moved, &rows(1, 3, 2), [&da, &rows(3, 3, 1)], inner);
}

#[test]
fn second_derivatives_on_slices() {
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
    let tridiagonal = BroydenTridiagonal { n: 9 };
    let differences = Model::equation_on_slices(move |z: &[f64], a, g| {
        let plain = |values: &[f64]| values.iter().map(|v| Plain(*v)).collect::<Vec<_>>();
        let mut out = vec![Plain(0.0); z.len()];
        tridiagonal.residual(&plain(z), &plain(a), &mut out);
        g.iter_mut().zip(out).for_each(|(g, value)| *g = value.0);
    });
    conformance::linearize(&differences.samples(rows(1, 5, 1)).system(9).unwrap(), &rows(2, 5, 9));
}
