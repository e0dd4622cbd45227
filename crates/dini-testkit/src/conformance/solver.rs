//! The contract of [`Solver`](dini::solve::Solver).

use std::sync::Arc;

use dini::batch::Batch;
use dini::cells::Tanh;
use dini::linear::DenseLu;
use dini::model::System;
use dini::problem::{Active, Linearize};
use dini::{Model, Options, Real, Rows, Status};

use super::numbers::{norm, numbers, rows};
use super::subject::{Run, Subject};

/// Checks a solver: it solves contractions (which every method of dini must), never claims a root that plain code does not
/// confirm, ends where there is none, leaves a root it starts on alone, contains NaN in the sample it arises in, and gives
/// a sample bitwise the same result alone, in a batch, in chunks, compacted or not.
///
/// Any [`Solver`](dini::solve::Solver) is a [`Subject`].
///
/// # Panics
/// Where a property does not hold.
pub fn solver(subject: &impl Subject) {
    contractions(subject);
    rootless(subject);
    started_on_a_root(subject);
    not_a_number(subject);
    cells(subject);
}

/// What an estimate of the correction may be off.
const SLACK: f64 = 3.0;

/// A scalar equation with its derivative, the same for every sample.
fn scalar(g: fn(f64) -> f64, derivative: fn(f64) -> f64) -> System<f64> {
    let model = Model::equation_on_slices(move |z: &[f64], _: &[f64], out: &mut [f64]| out[0] = g(z[0]));
    model.jacobian(move |z, _, j| j[0] = derivative(z[0])).system(1).expect("one unknown")
}

fn column(values: &[f64]) -> Rows<f64> {
    Rows::from_vec(values.len(), 1, values.to_vec()).expect("one number a sample")
}

fn tight() -> Options {
    Options { relative: 1e-11, max_iterations: 1000, ..Options::default() }
}

/// What holds of every result, whatever the status: above all that the correction J^-1 g which is left of a claimed root is within
/// the tolerance of z, or below `rounding(s, z)`. Methods that have no Jacobian may be off by [`SLACK`].
fn sound<T: Real>(
    name: &str,
    problem: &impl Linearize<State = Rows<T>>,
    z0: &Rows<T>,
    options: &Options,
    run: &Run<T>,
    rounding: impl Fn(usize, &Rows<T>) -> f64,
) {
    let slots: Vec<usize> = (0..z0.samples()).collect();
    let at = Active::new(&slots, 0, false);
    let residual = |z: &Rows<T>| {
        let mut g = z.zeros(z.samples());
        problem.residual(at, z, &mut g).expect("a residual");
        g
    };
    let last = residual(&run.z);
    let n = z0.width();
    let mut tape = problem.tape(&run.z);
    problem.linearize(at, &run.z, &last, &mut tape).expect("a linearisation");
    let mut lu = DenseLu::new(z0.samples(), n);
    for j in 0..n {
        let (mut unit, mut column) = (run.z.zeros(z0.samples()), run.z.zeros(z0.samples()));
        (0..z0.samples()).for_each(|s| unit.row_mut(s)[j] = T::one());
        problem.jvp(at, &tape, &unit, &mut column).expect("a product");
        for s in 0..z0.samples() {
            lu.matrices_mut()[(s * n + j) * n..(s * n + j + 1) * n].copy_from_slice(column.row(s));
        }
    }
    lu.factor_all(&slots);
    assert_eq!(run.z.first_non_finite(), None, "{name}: the last iterate is finite");
    for s in slots.iter().copied() {
        assert!(run.iterations[s] <= options.max_iterations, "{name}, sample {s}: more iterations than allowed");
        assert!(!run.residual[s].is_nan(), "{name}, sample {s}: the reported residual is a number");
        if run.status[s] == Status::Converged {
            let mut correction = last.row(s).to_vec();
            if norm(&correction) > 0.0 {
                assert!(lu.solve(s, &mut correction), "{name}: claims a root where the Jacobian is singular");
            }
            let (found, allowed) = (norm(&correction), options.absolute + options.relative * norm(run.z.row(s)));
            let rounding = rounding(s, &run.z);
            assert!(
                found <= (allowed * SLACK).max(rounding),
                "{name}: claims a root at {:?}, from which it is {found:e} away, not {allowed:e} (rounding {rounding:e})",
                run.z.row(s)
            );
            assert!(
                run.residual[s] <= run.target[s],
                "{name}, sample {s}: the residual reported is within its own target"
            );
        }
    }
}

/// Rounding of z: no closer root can be told apart. At a multiple root of order m rounding leaves eps^(1/m) of z.
fn rounding(multiple: bool, s: usize, z: &Rows<f64>) -> f64 {
    let z = z.row(s)[0].abs();
    if multiple { 1e-4 * z.max(1e-3) } else { 8.0 * f64::EPSILON * z }
}

fn equation(subject: &impl Subject, name: &str, problem: &System<f64>, z0: &[f64], options: &Options) -> Run<f64> {
    let run = subject.system(problem, &column(z0), options);
    sound(name, problem, &column(z0), options, &run, |s, z| rounding(name == "z^3", s, z));
    run
}

fn contractions(subject: &impl Subject) {
    let cosine = scalar(|z| z - z.cos(), |z| 1.0 + z.sin());
    let line = scalar(|z| 0.5 * z - 1.0, |_| 0.5);
    let logistic = scalar(|z| z - 1.0 / (1.0 + (-z).exp()), |z| 1.0 - (-z).exp() / (1.0 + (-z).exp()).powi(2));
    for (name, problem, root) in [
        ("z = cos z", cosine, 0.739_085_133_215_160_6),
        ("z = z / 2 + 1", line, 2.0),
        ("z = 1 / (1 + e^-z)", logistic, 0.659_046_068_407_407),
    ] {
        let run = equation(subject, name, &problem, &[0.0, 1.0, -0.3, 1.7], &tight());
        for s in 0..4 {
            let z = run.z.row(s)[0];
            assert_eq!(run.status[s], Status::Converged, "{name}, sample {s}");
            assert!((z - root).abs() < 1e-9, "{name}, sample {s}: {z} is not the root {root}");
        }
    }
    // z_i = a_i + 0.3 sin(z_{i+1}): nonlinear, coupled, another right-hand side in each sample
    let n = 6;
    let a = Rows::from_vec(3, n, numbers::<f64>(3, 3 * n)).expect("as many numbers");
    let coupled =
        Model::equation(|z, a| -> Vec<_> { (0..n).map(|i| z[i] - a[i] - 0.3 * z[(i + 1) % n].sin()).collect() });
    let (problem, z0) = (coupled.samples(a).system(n).expect("as many equations"), rows(4, 3, n));
    let run = subject.system(&problem, &z0, &tight());
    sound("a coupled contraction", &problem, &z0, &tight(), &run, |_, _| 0.0);
    assert_eq!(run.status, [Status::Converged; 3], "a coupled contraction");
}

fn rootless(subject: &impl Subject) {
    let problems = [
        ("z^2 + 1", scalar(|z| z * z + 1.0, |z| 2.0 * z)),
        ("e^z + 1", scalar(|z| z.exp() + 1.0, |z: f64| z.exp())),
        ("sqrt z + 1", scalar(|z| z.sqrt() + 1.0, |z| 0.5 / z.sqrt())),
        ("1", scalar(|_| 1.0, |_| 0.0)),
        ("1 with a wrong derivative", scalar(|_| 1.0, |_| 1.0)),
    ];
    for (name, problem) in problems {
        for options in [tight(), Options::default()] {
            let run = equation(subject, name, &problem, &[0.7, 3.0, 0.01], &options);
            let claimed = run.status.iter().position(|s| matches!(s, Status::Converged | Status::Interrupted));
            assert_eq!(claimed, None, "{name} has no root, but the statuses are {:?}", run.status);
        }
    }
    // roots, but none that is easy to reach
    for (name, problem) in [
        ("atan z", scalar(f64::atan, |z| 1.0 / (1.0 + z * z))),
        ("z^3", scalar(|z| z.powi(3), |z| 3.0 * z * z)),
        ("z^3 - 2 z + 2", scalar(|z| z.powi(3) - 2.0 * z + 2.0, |z| 3.0 * z * z - 2.0)),
        ("3 z + 1", scalar(|z| 3.0 * z + 1.0, |_| 3.0)),
        ("cbrt z", scalar(f64::cbrt, |z| z.abs().powf(-2.0 / 3.0) / 3.0)),
        ("1e-9 (z^3 - 8)", scalar(|z| 1e-9 * (z * z * z - 8.0), |z| 3e-9 * z * z)),
    ] {
        for options in [tight(), Options::default()] {
            equation(subject, name, &problem, &[0.0, 1.0, 5.0, -40.0, 1e8, 1e150], &options);
        }
    }
}

fn started_on_a_root(subject: &impl Subject) {
    let problem = scalar(|z| z * z - 4.0, |z| 2.0 * z);
    for options in [Options::default(), tight()] {
        let run = equation(subject, "z^2 - 4", &problem, &[2.0, -2.0], &options);
        assert_eq!(run.status, [Status::Converged; 2], "started on a root");
        assert_eq!(run.iterations, [0, 0], "started on a root: nothing to do");
        assert_eq!(run.z.as_slice(), [2.0, -2.0], "started on a root: the iterate is the start");
    }
    let exact = Options { relative: 0.0, absolute: 1e-300, ..Options::default() };
    let run = equation(subject, "z", &scalar(|z| z, |_| 1.0), &[0.0], &exact);
    assert_eq!((run.status[0], run.iterations[0]), (Status::Converged, 0));
}

fn not_a_number(subject: &impl Subject) {
    // undefined below -1/2, a contraction elsewhere: 0.5 z = 1 + 0.1 ln(z + 0.5) has its root near 2.2
    let problem = scalar(|z| 0.5 * z - 1.0 - 0.1 * (z + 0.5).ln(), |z| 0.5 - 0.1 / (z + 0.5));
    let run = equation(subject, "0.5 z = 1 + 0.1 ln(z + 0.5)", &problem, &[1.0, -3.0, 2.0], &tight());
    assert_eq!(run.status, [Status::Converged, Status::NonFinite, Status::Converged], "a start where g is NaN");
    assert_eq!(run.z.row(1), [-3.0], "a sample that is NaN from the start keeps its start");
    assert!(run.residual[1].is_infinite(), "a NaN residual is reported as infinite");
    let apart = equation(subject, "0.5 z = 1 + 0.1 ln(z + 0.5)", &problem, &[1.0, 2.0], &tight());
    assert_eq!([run.sample(0), run.sample(2)], [apart.sample(0), apart.sample(1)], "samples beside one that is NaN");
    // NaN everywhere but at the start
    let island = scalar(|z| if z == 1.0 { 1.0 } else { f64::NAN }, |_| 1.0);
    let run = equation(subject, "NaN but at the start", &island, &[1.0], &tight());
    assert_ne!(run.status[0], Status::Converged, "every step leads to NaN");
}

/// Tanh cells: solved, and the result of a sample bitwise independent of how the batch is worked through.
fn cells(subject: &impl Subject) {
    let (n, b) = (20, 13);
    let (w, x, z0) = inputs::<f64>(n, b);
    let cell = |x: &Rows<f64>| Arc::new(Tanh::new(n, w.clone(), x.clone()).expect("a cell"));
    let options = Options { relative: 1e-9, ..Options::default() };
    let solve = |x: &Rows<f64>, z0: &Rows<f64>, options: &Options| {
        let run = subject.cell(&cell(x), z0, options);
        sound("a tanh cell", &cell(x), z0, options, &run, |_, _| 0.0);
        run
    };
    invariant(&x, &z0, &options, solve);
    let (w, x, z0) = inputs::<f32>(n, b);
    let cell = |x: &Rows<f32>| Arc::new(Tanh::new(n, w.clone(), x.clone()).expect("a cell"));
    let options = Options { relative: 1e-5, ..Options::default() };
    let solve = |x: &Rows<f32>, z0: &Rows<f32>, options: &Options| {
        let run = subject.cell_f32(&cell(x), z0, options);
        sound("a tanh cell", &cell(x), z0, options, &run, |_, _| 0.0);
        run
    };
    invariant(&x, &z0, &options, solve);
}

/// W with ||W||_2 near 0.8, inputs and starts of very different size, so that samples end at different times.
fn inputs<T: Real>(n: usize, b: usize) -> (Vec<T>, Rows<T>, Rows<T>) {
    let scale = T::of(0.4 * (3.0 / n as f64).sqrt());
    let w = numbers::<T>(21, n * n).into_iter().map(|v| v * scale).collect();
    let (mut x, mut z0) = (rows::<T>(22, b, n), rows::<T>(23, b, n));
    for s in 0..b {
        x.row_mut(s).iter_mut().for_each(|v| *v *= T::of(0.3 * (s + 1) as f64));
        z0.row_mut(s).iter_mut().for_each(|v| *v *= T::of(f64::from(u8::from(s % 3 == 0))));
    }
    (w, x, z0)
}

fn invariant<T: Real>(
    x: &Rows<T>,
    z0: &Rows<T>,
    options: &Options,
    solve: impl Fn(&Rows<T>, &Rows<T>, &Options) -> Run<T>,
) {
    let b = x.samples();
    let whole = solve(x, z0, options);
    assert_eq!(whole.status, vec![Status::Converged; b], "a contracting tanh cell");
    for chunk in [None, Some(1), Some(4), Some(100)] {
        for compaction in [0.0, 0.125, 0.5, 1.0] {
            let other = solve(x, z0, &Options { chunk, compaction, ..options.clone() });
            assert_eq!(other, whole, "chunk {chunk:?}, compaction {compaction}");
        }
    }
    for s in 0..b {
        let one = |batch: &Rows<T>| {
            let mut one = batch.zeros(1);
            one.put(&[0], batch, &[s]);
            one
        };
        assert_eq!(solve(&one(x), &one(z0), options), whole.sample(s), "sample {s} alone");
    }
    // the same samples in the reverse order
    let order: Vec<usize> = (0..b).rev().collect();
    let every: Vec<usize> = (0..b).collect();
    let reversed = |batch: &Rows<T>| {
        let mut turned = batch.zeros(b);
        turned.put(&every, batch, &order);
        turned
    };
    let run = solve(&reversed(x), &reversed(z0), options);
    (0..b).for_each(|s| assert_eq!(run.sample(b - 1 - s), whole.sample(s), "sample {s} in reverse order"));
}
