//! Two equations in two unknowns: what a solve costs that has next to nothing to compute.

use std::time::{Duration, Instant};

use dini::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, ParamVjp, Parametric, Problem, Slot, Slots,
};
use dini::program::{Equation, Number};
use dini::solve::{Control, Workspace, solve_with};
use dini::tiny;
use dini::{Error, Implicit, Newton, Options, Rows};

use super::case::Case;
use super::clock::{Spread, milliseconds, repeat};
use super::reference::worst;
use super::row::Row;

/// z_1 + z_2 - a_1, z_1^2 + z_2^2 - a_2 with a = (3, 9), started at (1, 5): the root (0, 3), with the derivatives
/// dz_1 = da_1 - da_2 / 6 and dz_2 = da_2 / 6.
///
/// Source: J. E. Dennis and R. B. Schnabel (1996), doi:10.1137/1.9781611971200, example 5.1.1.
struct Circle {
    a: Rows<f64>,
}

/// A solve is over in less than a microsecond: so many are timed at once.
const CALLS: u32 = 500;

impl Problem for Circle {
    type State = Rows<f64>;

    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        z.check("the start z0", (self.a.samples(), 2))
    }

    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (z, a) = (z.row(i), &self.a[at.sample(i)]);
            out.row_mut(i).copy_from_slice(&[z[0] + z[1] - a[0], z[0] * z[0] + z[1] * z[1] - a[1]]);
        }
        Ok(())
    }
}

/// J = (1, 1; p, q) with the tape (p, q) = 2 z.
impl Linearize for Circle {
    type Tape = Slots<[f64; 2]>;

    fn tape(&self, like: &Rows<f64>) -> Slots<[f64; 2]> {
        Slots::new(like.samples(), [0.0; 2])
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Slots<[f64; 2]>) -> Eval {
        for i in 0..at.len() {
            let z = z.row(i);
            tape[at.slot(i)] = [2.0 * z[0], 2.0 * z[1]];
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &Slots<[f64; 2]>, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (d, v) = (&tape[at.slot(i)], v.row(i));
            out.row_mut(i).copy_from_slice(&[v[0] + v[1], d[0] * v[0] + d[1] * v[1]]);
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Slots<[f64; 2]>, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (d, u) = (&tape[at.slot(i)], u.row(i));
            out.row_mut(i).copy_from_slice(&[u[0] + d[0] * u[1], u[0] + d[1] * u[1]]);
        }
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        Capabilities { dense: Some(self), ..Capabilities::NONE }
    }
}

impl DenseJacobian<Slots<[f64; 2]>, f64> for Circle {
    fn jacobian(&self, slot: Slot, tape: &Slots<[f64; 2]>, out: &mut [f64]) {
        let d = tape[slot];
        out.copy_from_slice(&[1.0, d[0], 1.0, d[1]]);
    }
}

impl Parametric for Circle {
    type Parameters = Rows<f64>;

    fn zero_parameters(&self, samples: usize) -> Rows<f64> {
        Rows::new(samples, 2)
    }
}

impl ParamVjp for Circle {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &Slots<[f64; 2]>,
        _: &Rows<f64>,
        u: &Rows<f64>,
        scale: f64,
        grad: &mut Rows<f64>,
    ) -> Eval {
        for i in 0..at.len() {
            let grad = &mut grad[at.sample(i)];
            grad.iter_mut().zip(u.row(i)).for_each(|(grad, u)| *grad -= scale * u);
        }
        Ok(())
    }
}

/// The same equations for the stack.
impl Equation for Circle {
    fn unknowns(&self) -> usize {
        2
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        out[0] = z[0] + z[1] - a[0];
        out[1] = z[0] * z[0] + z[1] * z[1] - a[1];
    }
}

/// A way to solve and differentiate the system.
#[derive(Clone, Copy)]
enum Path {
    Batched { verdict: bool },
    Stack,
}

/// Newton with the factors of its last step for the gradient, without and with a verdict on the theorem's hypotheses; and
/// Newton on the stack.
pub(super) fn rows(case: &Case, budget: Duration) -> [Row; 3] {
    let paths = [
        ("newton", "auto", Path::Batched { verdict: false }),
        ("newton", "auto+verdict", Path::Batched { verdict: true }),
        ("newton-on-the-stack", "dense", Path::Stack),
    ];
    paths.map(|(solver, adjoint, path)| {
        let mut row = Row::new(case, (solver, adjoint), rayon::current_num_threads());
        let timed = match path {
            Path::Batched { verdict } => time(case.tol, verdict, budget),
            Path::Stack => time_stack(case.tol, budget),
        };
        match timed {
            Ok(Timed { forward, total, repetitions, evaluations, errors: [z, gradient] }) => {
                row.set_times(forward, total, repetitions);
                row.evaluations = Some(evaluations);
                (row.z_error, row.dx_error) = (Some(z), Some(gradient));
            }
            Err(error) => row.status = error.to_string(),
        }
        row
    })
}

struct Timed {
    forward: Spread,
    total: Spread,
    repetitions: usize,
    evaluations: f64,
    errors: [f64; 2],
}

fn time_stack(tol: f64, budget: Duration) -> Result<Timed, Error> {
    use std::hint::black_box;
    let problem = Circle { a: Rows::default() };
    let options = Options { relative: tol, ..Options::default() };
    let solve = || tiny::solve(&problem, black_box([1.0, 5.0]), black_box([3.0, 9.0]), &options);
    let ([forward, total], repetitions) = repeat(budget, || {
        let clock = Instant::now();
        for _ in 0..CALLS {
            black_box(solve()?);
        }
        let forward = milliseconds(clock);
        let clock = Instant::now();
        for _ in 0..CALLS {
            black_box(solve()?.pullback(black_box([1.0, -2.0]))?);
        }
        Ok::<_, Error>([forward, milliseconds(clock)])
    })?;
    let root = solve()?;
    let row = |values: [f64; 2]| Rows::from_vec(1, 2, values.to_vec());
    let errors =
        [worst(&row(root.z)?, &row([0.0, 3.0])?), worst(&row(root.pullback([1.0, -2.0])?)?, &row([1.0, -0.5])?)];
    let each = |spread: Spread| spread.scaled(1.0 / f64::from(CALLS));
    // a residual at the start, and a Jacobian of two evaluations with derivatives and a residual a step
    let evaluations = 1.0 + 3.0 * root.iterations as f64;
    Ok(Timed { forward: each(forward), total: each(total), repetitions, evaluations, errors })
}

fn time(tol: f64, verdict: bool, budget: Duration) -> Result<Timed, Error> {
    let problem = Circle { a: Rows::from_vec(1, 2, vec![3.0, 9.0])? };
    let start = Rows::from_vec(1, 2, vec![1.0, 5.0])?;
    let c = Rows::from_vec(1, 2, vec![1.0, -2.0])?;
    let root = Rows::from_vec(1, 2, vec![0.0, 3.0])?;
    let derivative = Rows::from_vec(1, 2, vec![1.0, -0.5])?;
    let options = Options { relative: tol, ..Options::default() };
    let mode = Implicit { verdict: Some(verdict), ..Implicit::default() };
    let mut workspace = Workspace::default();
    let mut solve =
        || solve_with(&problem, &start, &Newton::default(), &options, &mut workspace, &|_| Control::Continue);
    let mut gradient = None;
    let ([forward, total], repetitions) = repeat(budget, || {
        let clock = Instant::now();
        for _ in 0..CALLS {
            std::hint::black_box(solve()?.converged()?);
        }
        let forward = milliseconds(clock);
        let clock = Instant::now();
        for _ in 0..CALLS {
            gradient = Some(solve()?.gradient(&c, &mode)?.value);
        }
        Ok::<_, Error>([forward, milliseconds(clock)])
    })?;
    let solution = solve()?;
    let gradient = gradient.map_or(f64::NAN, |gradient| worst(&gradient, &derivative));
    let errors = [worst(solution.z(), &root), gradient];
    let each = |spread: Spread| spread.scaled(1.0 / f64::from(CALLS));
    let evaluations = solution.evaluations() as f64;
    Ok(Timed { forward: each(forward), total: each(total), repetitions, evaluations, errors })
}
