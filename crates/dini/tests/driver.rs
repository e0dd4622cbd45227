//! The loop behind every solver: statuses, tolerances, observers, memory, chunks.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{cell, error, norm, rows};
use dini::gradient::Implicit;
use dini::model::System;
use dini::problem::{Active, Eval, Linearize, ParamVjp, Problem, Slots};
use dini::solve::{Control, LineSearch, Progress, Solver, Workspace};
use dini::{
    Anderson, Error, Model, Newton, OnFailure, Options, Picard, Real, Rows, Solution, Status, solve, solve_with,
};

/// A scalar equation with its derivative, the same for every sample.
fn scalar<T: Real>(g: fn(T) -> T, derivative: fn(T) -> T) -> System<T> {
    let model = Model::equation_on_slices(move |z: &[T], _: &[T], out: &mut [T]| out[0] = g(z[0]));
    model.jacobian(move |z, _, j| j[0] = derivative(z[0])).system(1).unwrap()
}

fn start<T: Real>(values: &[T]) -> Rows<T> {
    Rows::from_vec(values.len(), 1, values.to_vec()).unwrap()
}

/// What holds of every solution, whatever the status.
fn sound<P: Problem<State = Rows<T>>, M, T: Real>(solution: &Solution<P, M>, options: &Options) {
    assert_eq!(solution.z().first_non_finite(), None, "the last iterate is finite");
    for s in 0..solution.samples() {
        let residual = solution.outcomes()[s].residual;
        assert!(!residual.is_nan(), "a residual norm is never NaN");
        assert!(solution.outcomes()[s].iterations <= options.max_iterations);
        if solution.outcomes()[s].status == Status::Converged {
            let own = norm(solution.residual().row(s));
            assert!(residual.is_finite() && residual <= solution.outcomes()[s].target);
            assert!((own - residual).abs() <= 1e-6 * residual, "{own} is reported as {residual}");
        }
    }
    let failures: Vec<usize> = solution.failures().collect();
    match solution.converged() {
        Ok(_) => assert!(failures.is_empty()),
        Err(Error::NotConverged { sample, .. }) => assert_eq!(sample, failures[0]),
        Err(other) => panic!("{other}"),
    }
}

fn run<T: Real, P, S>(problem: P, z0: &[T], solver: &S, options: &Options) -> Solution<P, S::Memory>
where
    P: Problem<State = Rows<T>>,
    S: Solver<P>,
{
    let solution = solve(problem, &start(z0), solver, options).unwrap();
    sound(&solution, options);
    solution
}

/// z^2 = a at a = 2.
fn quadratic(samples: usize) -> System<f64> {
    Model::equation(|z, a| [z[0] * z[0] - a[0]]).samples(start(&vec![2.0; samples])).system(1).unwrap()
}

#[test]
fn a_start_on_the_root_converges_without_an_iteration() {
    for options in [Options::default(), Options { relative: 1e-12, ..Options::default() }] {
        let on_root = scalar(|z: f64| z * z - 4.0, |z| 2.0 * z);
        let solution = run(&on_root, &[2.0, -2.0], &Newton::default(), &options);
        assert!(
            (0..2)
                .all(|s| solution.outcomes()[s].status == Status::Converged && solution.outcomes()[s].iterations == 0)
        );
        // g once, and once beside the root
        assert!(solution.evaluations() <= 8, "{}", solution.evaluations());
        let solution = run(&on_root, &[2.0], &Picard::default(), &options);
        assert_eq!((solution.outcomes()[0].status, solution.outcomes()[0].iterations), (Status::Converged, 0));
    }
    let near = Options { absolute: 1e-6, ..Options::default() };
    let solution = run(quadratic(1), &[2f64.sqrt() + 1e-8], &Newton::default(), &near);
    assert_eq!((solution.outcomes()[0].status, solution.outcomes()[0].iterations), (Status::Converged, 0));
}

#[test]
fn the_iteration_limit_ends_a_solve_at_that_iteration() {
    for max_iterations in [0, 1, 3] {
        let options = Options { relative: 1e-12, max_iterations, ..Options::default() };
        let solution = run(quadratic(2), &[100.0, 50.0], &Newton::default(), &options);
        for s in 0..2 {
            assert_eq!(
                (solution.outcomes()[s].status, solution.outcomes()[s].iterations),
                (Status::MaxIterations, max_iterations)
            );
        }
        let decay = scalar(|z: f64| 0.1 * z - 1.0, |_| 0.1);
        let solution = run(decay, &[0.0], &Anderson { window: 1, ridge: 10.0, ..Anderson::default() }, &options);
        assert_eq!(
            (solution.outcomes()[0].status, solution.outcomes()[0].iterations),
            (Status::MaxIterations, max_iterations)
        );
    }
}

#[test]
fn newton_settles_where_the_tolerance_is_below_rounding() {
    let exact = Options { relative: 1e-40, ..Options::default() };
    let solution = run(quadratic(1), &[1.0], &Newton::default(), &exact);
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert!((solution.z().row(0)[0] - 2f64.sqrt()).abs() < 1e-15, "as good as it gets");
    let single = scalar(|z: f32| z * z - 2.0, |z| 2.0 * z);
    assert_eq!(run(single, &[1.0], &Newton::default(), &exact).outcomes()[0].status, Status::Converged);
}

#[test]
fn stagnation_is_reported_where_no_root_exists() {
    // z^2 + 1 has its smallest residual, 1, at 0, where no root is
    let rootless = scalar(|z: f64| z * z + 1.0, |z| 2.0 * z);
    let solution = run(&rootless, &[0.7], &Newton::default(), &Options::default());
    assert!(matches!(solution.outcomes()[0].status, Status::Stagnated | Status::Singular | Status::MaxIterations));
    assert!(solution.outcomes()[0].residual >= 1.0);
    // a residual that never changes
    let constant = scalar(|_: f64| 1.0, |_| 1.0);
    let solution = run(constant, &[0.0], &Picard::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::Stagnated);
    assert!(solution.outcomes()[0].iterations < 150);
}

#[test]
fn divergence_is_reported_and_the_iterate_stays_finite() {
    let repelling = || scalar(|z: f64| 3.0 * z + 1.0, |_| 3.0);
    let solution = run(repelling(), &[1.0], &Picard::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::Diverged);
    // the iterate overflows within a few steps
    let cubic = scalar(|z: f64| z * z * z, |z| 3.0 * z * z);
    let solution = run(cubic, &[1e3, 1e20, 1e45, 0.0], &Picard::default(), &Options::default());
    for s in 0..3 {
        assert!(matches!(solution.outcomes()[s].status, Status::Diverged | Status::NonFinite), "sample {s}");
    }
    assert_eq!(solution.outcomes()[3].status, Status::Converged);
}

#[test]
fn a_start_outside_the_domain_is_non_finite() {
    let ln = || scalar(|z: f64| z.ln() - 1.0, |z| 1.0 / z);
    for s in [
        run(ln(), &[-1.0], &Picard::default(), &Options::default()).outcomes()[0].status,
        run(ln(), &[-1.0], &Anderson::default(), &Options::default()).outcomes()[0].status,
        run(ln(), &[-1.0], &Newton::default(), &Options::default()).outcomes()[0].status,
    ] {
        assert_eq!(s, Status::NonFinite);
    }
    // a domain left on the way: Picard has no line search
    let solution = run(ln(), &[0.1, 2.0], &Picard::default(), &Options { max_iterations: 50, ..Options::default() });
    assert!(!matches!(solution.outcomes()[1].status, Status::NonFinite));
    let leaves = scalar(|z: f64| (z - 1.0).sqrt() + 1.0, |z| 0.5 / (z - 1.0).sqrt());
    let solution = run(leaves, &[2.0], &Picard::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::NonFinite);
    assert_eq!(solution.outcomes()[0].residual, f64::INFINITY);
}

#[test]
fn an_exactly_singular_jacobian_ends_that_sample_only() {
    let solution = run(quadratic(2), &[0.0, 1.0], &Newton::default(), &Options::default());
    assert_eq!([solution.outcomes()[0].status, solution.outcomes()[1].status], [Status::Singular, Status::Converged]);
    assert_eq!((solution.z().row(0)[0], solution.outcomes()[0].residual), (0.0, 2.0));
}

#[test]
fn newton_backtracks_into_the_domain() {
    // from 10, the full step leads to ln of a negative number
    let ln = |a: f64| Model::equation(|z, _| [z[0].ln() - a]).system(1).unwrap();
    for a in [-3.0, -1.0, 0.5] {
        let solution =
            run(ln(a), &[10.0, 1e3, 0.01], &Newton::default(), &Options { relative: 1e-12, ..Options::default() });
        for s in 0..3 {
            assert_eq!(solution.outcomes()[s].status, Status::Converged, "ln z = {a}, sample {s}");
            assert!((solution.z().row(s)[0] / a.exp() - 1.0).abs() < 1e-10);
        }
        let full = Newton { line_search: LineSearch { halvings: 0, ..LineSearch::default() } };
        assert_eq!(run(ln(-3.0), &[10.0], &full, &Options::default()).outcomes()[0].status, Status::NonFinite);
    }
}

#[test]
fn an_observer_interrupts_its_chunk() {
    for stop_at in [0, 1, 2] {
        let options = Options { relative: 1e-12, chunk: Some(2), ..Options::default() };
        let observer = |p: &Progress<'_, f64>| match p.at.sample(0).index() < 2 && p.iteration == stop_at {
            true => Control::Stop,
            false => Control::Continue,
        };
        let mut workspace = Workspace::default();
        let z0 = start(&[1.0, 3.0, 1.0, 3.0]);
        let solution = solve_with(quadratic(4), &z0, &Newton::default(), &options, &mut workspace, &observer).unwrap();
        sound(&solution, &options);
        let statuses = [0, 1, 2, 3].map(|s| solution.outcomes()[s].status);
        assert_eq!(statuses, [Status::Interrupted, Status::Interrupted, Status::Converged, Status::Converged]);
        assert_eq!([solution.outcomes()[0].iterations, solution.outcomes()[1].iterations], [stop_at; 2]);
        let undisturbed = solve(quadratic(4), &z0, &Newton::default(), &options).unwrap();
        assert_eq!(solution.z().row(3), undisturbed.z().row(3));
    }
}

/// Chunk, iteration, samples, residuals, targets.
type Seen = (usize, usize, Vec<usize>, Vec<f64>, Vec<f64>);

/// One more iteration at a time; only samples that are still active; each above its target.
fn observed(compaction: f64) {
    let options = Options { relative: 1e-12, chunk: Some(4), compaction, ..Options::default() };
    let values: Vec<f64> = (0..10).map(|i| 1.4 + f64::from(i * i * i)).collect();
    let seen: Mutex<Vec<Seen>> = Mutex::default();
    let observer = |p: &Progress<'_, f64>| {
        let samples: Vec<usize> = (0..p.at.len()).map(|i| p.at.sample(i).index()).collect();
        assert_eq!((p.residual.len(), p.target.len()), (samples.len(), samples.len()));
        let chunk = samples[0] - p.at.slot(0).index();
        seen.lock().unwrap().push((chunk, p.iteration, samples, p.residual.to_vec(), p.target.to_vec()));
        Control::Continue
    };
    let solution =
        solve_with(quadratic(10), &start(&values), &Newton::default(), &options, &mut Workspace::default(), &observer)
            .unwrap();
    let seen = seen.into_inner().unwrap();
    let mut chunks: Vec<usize> = seen.iter().map(|s| s.0).collect();
    chunks.sort_unstable();
    chunks.dedup();
    assert_eq!(chunks.len(), 3, "10 samples in chunks of at most 4");
    for chunk in chunks {
        let own: Vec<_> = seen.iter().filter(|s| s.0 == chunk).collect();
        assert!(own.iter().enumerate().all(|(k, s)| s.1 == k), "iterations count up from zero");
        for (_, iteration, samples, residual, target) in own {
            assert!(samples.is_sorted() && !samples.is_empty());
            assert!(residual.iter().all(|r| r.is_finite()) && target.iter().all(|t| *t > 0.0));
            for &sample in samples {
                // the last iteration of a sample is shown, and the one that only finds that no step is needed
                let last = solution.outcomes()[sample].iterations + 1;
                assert!(last >= *iteration, "sample {sample} had already ended at {iteration}");
            }
        }
    }
}

#[test]
fn observers_see_consecutive_iterations_of_active_samples() {
    observed(0.0);
}

/// `Progress::at` promises active samples whatever the compaction.
#[test]
fn observers_see_only_active_samples_also_without_compaction() {
    observed(1.0);
}

/// A sample that has ended takes no further part: without compaction it costs its row, not halvings of the others' steps.
#[test]
fn samples_that_have_ended_do_not_prolong_line_searches() {
    // sample 0 starts on its root
    let g = |z: &[f64], s: &[f64], g: &mut [f64]| {
        g[0] = if s[0] == 0.0 { z[0] - 1.0 } else { z[0].powi(3) - 1e-3 };
    };
    let model =
        Model::equation_on_slices(g).jacobian(|z, s, j| j[0] = if s[0] > 0.0 { 3.0 * z[0] * z[0] } else { 1.0 });
    let problem = model.samples(start(&[0.0, 1.0])).system(1).unwrap();
    let options = |compaction| Options { relative: 1e-6, chunk: Some(2), compaction, ..Options::default() };
    let compact = solve(&problem, &start(&[1.0, 5.0]), &Newton::default(), &options(0.0)).unwrap();
    let whole = solve(&problem, &start(&[1.0, 5.0]), &Newton::default(), &options(1.0)).unwrap();
    assert_eq!(compact.converged().unwrap(), whole.converged().unwrap());
    assert!(whole.evaluations() <= 2 * compact.evaluations(), "{} and {}", whole.evaluations(), compact.evaluations());
}

#[test]
fn a_fixed_point_is_judged_relative_to_its_state() {
    let contraction = || Model::fixed_point(|z, _| [0.5 * z[0] + 500.0]).system(1).unwrap();
    for (relative, absolute) in [(1e-3, 0.0), (1e-6, 0.0), (1e-6, 0.25), (0.0, 2.0)] {
        let options = Options { relative, absolute, ..Options::default() };
        let solution = run(contraction(), &[0.0], &Picard::default(), &options);
        let z = solution.z().row(0)[0];
        assert_eq!(solution.outcomes()[0].status, Status::Converged);
        // the residual is half of the error, and both are halved in every step: not an iteration more than needed
        let (error, allowed) = (1000.0 - z, absolute + relative * z);
        assert!(error <= allowed && 2.0 * error > allowed * (1.0 - 1e-2), "{error} of {allowed}");
        assert!((solution.outcomes()[0].accuracy.correction - error).abs() <= 1e-6 * error);
        assert_eq!(solution.evaluations(), 1 + solution.outcomes()[0].iterations as u64);
    }
}

#[test]
fn an_equation_is_judged_by_its_correction_whatever_its_units() {
    for units in [1e-100, 1e-9, 1.0, 1e9, 1e100] {
        let line = Model::equation(|z, _| [units * (0.5 * z[0] - 500.0)]).system(1).unwrap();
        for (relative, absolute) in [(1e-3, 0.0), (1e-6, 0.0), (1e-6, 0.25), (0.0, 2.0)] {
            let options = Options { relative, absolute, ..Options::default() };
            let solution = run(&line, &[0.0, 900.0, 1e-3], &Newton::default(), &options);
            for s in 0..3 {
                assert_eq!(solution.outcomes()[s].status, Status::Converged);
                assert!((solution.z().row(s)[0] - 1000.0).abs() <= absolute + relative * 1000.0);
            }
        }
        let flat = Model::equation(|z, _| [units * (z[0].powi(3) - 8.0)]).system(1).unwrap();
        let solution = run(flat, &[3.0], &Newton::default(), &Options { relative: 1e-3, ..Options::default() });
        assert!((solution.converged().unwrap().row(0)[0] - 2.0).abs() < 2e-3);
    }
}

/// An equation solved again from its own solution is solved: a restart is not a failure.
#[test]
fn a_restart_from_the_solution_converges() {
    let b = 20;
    let c: Vec<f64> = (0..b).map(|s| 1.0 + s as f64).collect();
    let model = Model::equation(|z, c| [z[0].exp() + z[1] - 3.0 * c[0], z[0] * z[1] - 0.7 / c[0]]);
    let problem = model.samples(start(&c)).system(2).unwrap();
    let z0 = Rows::from_vec(b, 2, vec![1.0; 2 * b]).unwrap();
    let options = Options { relative: 1e-12, ..Options::default() };
    let first = solve(&problem, &z0, &Newton::default(), &options).unwrap();
    first.converged().unwrap();
    let again = solve(&problem, first.z(), &Newton::default(), &options).unwrap();
    sound(&again, &options);
    let failed: Vec<_> = again
        .failures()
        .map(|s| (s, again.outcomes()[s].status, again.outcomes()[s].residual, again.outcomes()[s].target))
        .collect();
    assert!(failed.is_empty(), "{} of {b} samples: {:?} ...", failed.len(), failed[0]);
}

/// Residuals too large for their squares: ||g|| overflows, which is no reason to call the start a root.
#[test]
fn a_residual_whose_norm_overflows_is_not_converged() {
    let double = scalar(|z: f64| 1e200 * (z - 3.0), |_| 1e200);
    let solution = solve(double, &start(&[0.0]), &Newton::default(), &Options::default()).unwrap();
    let z = solution.z().row(0)[0];
    assert!(
        solution.outcomes()[0].status != Status::Converged || (z - 3.0).abs() < 1e-5,
        "f64: z = {z} is called a root"
    );
    let single = scalar(|z: f32| 1e25 * (z - 3.0), |_| 1e25);
    let solution = solve(single, &start(&[0.0]), &Newton::default(), &Options::default()).unwrap();
    let z = solution.z().row(0)[0];
    assert!(
        solution.outcomes()[0].status != Status::Converged || (z - 3.0).abs() < 1e-5,
        "f32: z = {z} is called a root"
    );
}

/// Residuals too small for their squares: ||g|| underflows to zero, which is no root either.
#[test]
fn a_residual_whose_norm_underflows_is_not_converged() {
    // an energy in joules: k_B T is 4e-21
    let single = scalar(|z: f32| 1e-23 * (z * z - 2.0), |z| 2e-23 * z);
    let solution = solve(single, &start(&[10.0]), &Newton::default(), &Options::default()).unwrap();
    let z = solution.z().row(0)[0];
    assert!(
        solution.outcomes()[0].status != Status::Converged || (z - 2f32.sqrt()).abs() < 1e-4,
        "f32: z = {z} is called a root"
    );
    let double = scalar(|z: f64| 1e-170 * (z * z - 2.0), |z| 2e-170 * z);
    let solution = solve(double, &start(&[10.0]), &Newton::default(), &Options::default()).unwrap();
    let z = solution.z().row(0)[0];
    assert!(
        solution.outcomes()[0].status != Status::Converged || (z - 2f64.sqrt()).abs() < 1e-4,
        "f64: z = {z} is called a root"
    );
}

/// The same for the state: a number density of 1e20 in f32.
#[test]
fn a_state_whose_norm_overflows_is_solved_for() {
    for solver in [Picard::default(), Picard { damping: 0.5 }] {
        let density = Model::fixed_point(|z, _| [0.5 * z[0] + 1e20]).single_precision().system(1).unwrap();
        let solution = solve(density, &start(&[1e20]), &solver, &Options::default()).unwrap();
        let z = solution.z().row(0)[0];
        assert!(
            solution.outcomes()[0].status != Status::Converged || (z / 2e20 - 1.0).abs() < 1e-4,
            "z = {z:e} is called a root"
        );
    }
}

/// A root beyond the square root of the largest number is a root.
#[test]
fn a_converged_state_is_returned_even_where_its_norm_overflows() {
    let line = scalar(|z: f32| 1e-10 * (z - 1.1e20), |_| 1e-10);
    let solution = solve(line, &start(&[1e20]), &Newton::default(), &Options::default()).unwrap();
    let z = solution.z().row(0)[0];
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert!((z / 1.1e20 - 1.0).abs() < 1e-4, "z = {z:e} is called a root");
}

/// A line search without an acceptable step returns where it came from, not the last point it tried.
#[test]
fn a_failed_line_search_leaves_the_iterate_alone() {
    // the domain ends at 1
    let edge = scalar(|z: f64| if z < 1.0 { f64::NAN } else { 1.0 + z }, |_| 1.0);
    let solution = run(edge, &[1.0], &Newton::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::NonFinite);
    assert_eq!((solution.z().row(0)[0], solution.outcomes()[0].residual), (1.0, 2.0));
    // a wrong derivative: no step descends
    let wrong = scalar(|z: f64| 1.0 + z * z, |_| -1.0);
    let solution = run(wrong, &[1.0], &Newton::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::Stagnated);
    assert!(solution.outcomes()[0].residual <= 2.0, "{}", solution.outcomes()[0].residual);
}

/// "Ends the row at its present iterate": a Newton correction that overflows must not throw the iterate away.
#[test]
fn a_correction_that_overflows_leaves_the_iterate_alone() {
    let cliff = scalar(|z: f64| if z == 0.0 { 1e10 } else { 1e9 }, |z| if z == 0.0 { 1e10 } else { 1e-305 });
    let solution = run(cliff, &[0.0], &Newton::default(), &Options::default());
    assert_eq!(solution.outcomes()[0].status, Status::Singular);
    assert_eq!((solution.z().row(0)[0], solution.outcomes()[0].residual), (-1.0, 1e9));
}

/// z, its residual vector and its residual norm belong together, whatever the status.
#[test]
fn the_residual_belongs_to_the_iterate() {
    let leaves = || scalar(|z: f64| (z - 1.0).sqrt() + 1.0, |z| 0.5 / (z - 1.0).sqrt());
    let overflows = || scalar(|z: f64| z * z * z, |z| 3.0 * z * z);
    // a state whose square overflows
    let large = || scalar(|z: f64| 1e-3 * z, |_| 1e-3);
    for (problem, z0) in
        [(leaves(), 2.0), (overflows(), 1e45), (quadratic(1), 0.0), (quadratic(1), 7.0), (large(), 1e156)]
    {
        let slots = [0];
        let at = Active::new(&slots, 0, false);
        let mut g = Rows::new(1, 1);
        let solution = run(&problem, &[z0], &Picard::default(), &Options { max_iterations: 20, ..Options::default() });
        problem.residual(at, solution.z(), &mut g).unwrap();
        let (own, reported) = (g.row(0)[0], solution.residual().row(0)[0]);
        assert!(
            own == reported || own.is_nan() && reported.is_nan(),
            "{}: {own} and {reported}",
            solution.outcomes()[0].status
        );
    }
}

struct Failing {
    calls: AtomicUsize,
    allowed: usize,
}

impl Failing {
    fn after(allowed: usize) -> Self {
        Failing { calls: AtomicUsize::new(0), allowed }
    }
}

impl Problem for Failing {
    type State = Rows<f64>;
    fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        if self.calls.fetch_add(1, Ordering::Relaxed) >= self.allowed {
            return Err("the table of steam properties is missing".into());
        }
        (0..at.len()).for_each(|i| out.row_mut(i)[0] = z.row(i)[0] - 0.5 * z.row(i)[0].cos());
        Ok(())
    }
}

/// By differences, so that a linearisation can fail, too.
impl Linearize for Failing {
    type Tape = Slots<f64>;
    fn tape(&self, like: &Rows<f64>) -> Slots<f64> {
        Slots::new(like.samples(), 0.0)
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Slots<f64>) -> Eval {
        let (h, mut moved) = (1e-6, z.clone());
        let [mut above, mut below] = [z.clone(), z.clone()];
        for (h, out) in [(h, &mut above), (-h, &mut below)] {
            moved.as_mut_slice().iter_mut().zip(z.as_slice()).for_each(|(moved, z)| *moved = z + h);
            self.residual(at, &moved, out)?;
        }
        (0..at.len()).for_each(|i| tape[at.slot(i)] = (above.row(i)[0] - below.row(i)[0]) / (2.0 * h));
        Ok(())
    }
    fn jvp(&self, at: Active<'_>, tape: &Slots<f64>, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        (0..at.len()).for_each(|i| out.row_mut(i)[0] = tape[at.slot(i)] * v.row(i)[0]);
        Ok(())
    }
    fn vjp(&self, at: Active<'_>, tape: &Slots<f64>, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.jvp(at, tape, u, out)
    }
}

#[test]
fn an_error_of_the_users_function_ends_the_solve_as_user_error() {
    for chunk in [None, Some(1)] {
        let options = Options { chunk, ..Options::default() };
        let z0 = start(&[1.0, 2.0, 3.0]);
        for allowed in 0..4 {
            let outcomes = [
                solve(Failing::after(allowed), &z0, &Picard::default(), &options).err(),
                solve(Failing::after(allowed), &z0, &Anderson::default(), &options).err(),
                solve(Failing::after(allowed), &z0, &Newton::default(), &options).err(),
            ];
            for outcome in outcomes {
                match outcome {
                    Some(Error::User(e)) => assert!(e.to_string().contains("steam")),
                    other => panic!("{other:?}"),
                }
            }
        }
    }
    // a workspace survives it
    let mut workspace = Workspace::default();
    let (z0, newton, options) = (start(&[1.0, 2.0]), Newton::default(), Options::default());
    let quiet = |_: &Progress<'_, f64>| Control::Continue;
    let failed = solve_with(Failing::after(3), &z0, &newton, &options, &mut workspace, &quiet);
    assert!(matches!(failed, Err(Error::User(_))));
    let good = solve_with(Failing::after(usize::MAX), &z0, &newton, &options, &mut workspace, &quiet).unwrap();
    let fresh = solve(Failing::after(usize::MAX), &z0, &newton, &options).unwrap();
    assert_eq!(good.converged().unwrap(), fresh.z());
}

#[test]
fn an_error_of_the_users_function_ends_a_derivative_too() {
    let solution =
        solve(Failing::after(12), &start(&[1.0]), &Picard::default(), &Options { relative: 0.1, ..Options::default() })
            .unwrap();
    solution.converged().unwrap();
    let options = Implicit::default();
    let outcomes: Vec<_> = (0..20).map(|_| solution.adjoint(&start(&[1.0]), &options).err()).collect();
    assert!(matches!(outcomes.last().unwrap(), Some(Error::User(_))));
}

type Fate = (Vec<f64>, Vec<(Status, usize, f64)>);

fn outcome<P: Problem<State = Rows<f64>>, M>(solution: &Solution<P, M>) -> Fate {
    let records = (0..solution.samples())
        .map(|s| (solution.outcomes()[s].status, solution.outcomes()[s].iterations, solution.outcomes()[s].residual));
    (solution.z().as_slice().to_vec(), records.collect())
}

fn quiet(_: &Progress<'_, f64>) -> Control {
    Control::Continue
}

#[test]
fn a_reused_workspace_changes_nothing() {
    fn check<S: for<'a> Solver<&'a dini::cells::Tanh<f64>>>(solver: &S) {
        let options = Options { relative: 1e-11, chunk: Some(3), ..Options::default() };
        let looser = Options { relative: 1e-9, ..options.clone() };
        let cells =
            [cell::<f64>(1, 7, 9, 0.9), cell(2, 7, 9, 0.5), cell(3, 4, 9, 0.8), cell(4, 7, 5, 0.9), cell(5, 1, 1, 0.3)];
        let mut workspace = Workspace::default();
        for (i, options) in [(0, &options), (1, &options), (0, &options), (0, &looser), (2, &options), (3, &options)]
            .into_iter()
            .chain([(4, &looser), (0, &options)])
        {
            let cell = &cells[i];
            let z0 = Rows::new(cell.inputs().samples(), cell.size());
            let reused = solve_with(cell, &z0, solver, options, &mut workspace, &quiet).unwrap();
            let fresh = solve(cell, &z0, solver, options).unwrap();
            assert_eq!(outcome(&reused), outcome(&fresh));
        }
    }
    check(&Picard::default());
    check(&Anderson::default());
    check(&Newton::default());
}

#[test]
fn a_solution_survives_the_reuse_of_its_workspace() {
    let (first, second) = (cell::<f64>(11, 5, 6, 0.9), cell::<f64>(12, 5, 6, 0.9));
    let (z0, w) = (Rows::new(5, 6), rows(13, 5, 6));
    let mut workspace = Workspace::default();
    let solution = solve_with(&first, &z0, &Newton::default(), &Options::default(), &mut workspace, &quiet).unwrap();
    let before = solution.pullback(&w).unwrap().value;
    solve_with(&second, &z0, &Newton::default(), &Options::default(), &mut workspace, &quiet).unwrap();
    assert_eq!(solution.pullback(&w).unwrap().value, before);
}

/// The options of a solver are no part of its work's type: another window must be noticed.
#[test]
fn a_workspace_serves_a_solver_with_other_options() {
    let cell = cell::<f64>(21, 4, 8, 0.9);
    let z0 = Rows::new(4, 8);
    let options = Options { relative: 1e-11, ..Options::default() };
    let mut workspace = Workspace::default();
    for window in [2, 1, 6, 3] {
        let anderson = Anderson { window, ..Anderson::default() };
        let reused = solve_with(&cell, &z0, &anderson, &options, &mut workspace, &quiet).unwrap();
        let fresh = solve(&cell, &z0, &anderson, &options).unwrap();
        assert_eq!(outcome(&reused), outcome(&fresh), "window {window}");
    }
}

/// exp, cross terms, per-sample data; some samples fail, at different iterations.
fn mixed() -> [(System<f64>, Rows<f64>); 2] {
    let b = 17;
    // gain, whether there is a root, and what it ends at
    let of = |s: usize| match s {
        9 => [0.45, 1.0, 0.2],
        s if s % 6 == 5 => [4.0, 0.0, 1e6],
        s => [0.05 * s as f64, 0.0, 1e6],
    };
    let parameters = Rows::from_vec(b, 3, (0..b).flat_map(of).collect()).unwrap();
    let traced = Model::fixed_point(|z, a| {
        let root = a[1] * (a[2] - z[0]).sqrt();
        [a[0] * z[1].sin() + 0.3, 0.5 * a[0] * z[2].cos() - 0.1 * z[0], 0.2 * (z[0] * z[1]).tanh() + root]
    });
    let f = |z: &[f64], a: &[f64], f: &mut [f64]| {
        let root = a[1] * (a[2] - z[0]).sqrt();
        f[0] = a[0] * z[1].sin() + 0.3;
        f[1] = 0.5 * a[0] * z[2].cos() - 0.1 * z[0];
        f[2] = 0.2 * (z[0] * z[1]).tanh() + root;
    };
    let by_hand = Model::fixed_point_on_slices(f).jacobian(|z, a, j| {
        let d = 0.2 * (1.0 - (z[0] * z[1]).tanh().powi(2));
        let root = -0.5 * a[1] / (a[2] - z[0]).sqrt();
        let (third, second) = (-0.5 * a[0] * z[2].sin(), a[0] * z[1].cos());
        j.copy_from_slice(&[0.0, -0.1, d * z[1] + root, second, 0.0, d * z[0], 0.0, third, 0.0]);
    });
    let systems = [traced.samples(parameters.clone()).system(3), by_hand.samples(parameters).system(3)];
    systems.map(|system| (system.unwrap(), rows(31, b, 3)))
}

#[test]
fn chunks_and_compaction_change_no_bit_for_any_solver() {
    fn check<S: for<'a> Solver<&'a System<f64>>>(solver: &S) {
        mixed().iter().for_each(|(problem, z0)| alike(solver, problem, z0));
    }
    fn alike<S: for<'a> Solver<&'a System<f64>>>(solver: &S, problem: &System<f64>, z0: &Rows<f64>) {
        let mut reference = None;
        for relative in [1e-10, 1e-5] {
            reference = None.or(if relative < 1e-9 { reference } else { None });
            for chunk in [None, Some(1), Some(2), Some(5), Some(16), Some(17), Some(1000)] {
                for compaction in [0.0, 0.125, 0.5, 1.0] {
                    let options = Options { relative, max_iterations: 120, chunk, compaction, ..Options::default() };
                    let solution = solve(problem, z0, solver, &options).unwrap();
                    sound(&solution, &options);
                    let own = outcome(&solution);
                    assert_eq!(&own, reference.get_or_insert_with(|| own.clone()), "{chunk:?}, {compaction}");
                }
            }
            let statuses: Vec<_> = reference.as_ref().unwrap().1.iter().map(|r| r.0).collect();
            assert!(statuses.iter().filter(|s| **s == Status::Converged).count() >= 10, "{statuses:?}");
            assert!(statuses.iter().any(|s| *s != Status::Converged), "a failing sample is part of the test");
        }
    }
    check(&Picard::default());
    check(&Picard { damping: 0.6 });
    check(&Anderson::default());
    check(&Anderson { window: 2, damping: 0.8, ridge: 0.0 });
    check(&Newton::default());
    check(&Newton { line_search: LineSearch { halvings: 0, ..LineSearch::default() } });
}

#[test]
fn threads_change_no_bit() {
    let options = Options { relative: 1e-10, max_iterations: 120, ..Options::default() };
    for (problem, z0) in mixed() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| outcome(&solve(&problem, &z0, &Newton::default(), &options).unwrap()))
        };
        assert_eq!(with(1), with(3));
    }
}

/// ln z = a with parameter a; sample 1 starts outside the domain, where the residual and its derivatives are NaN.
fn half_outside() -> (System<f64>, Rows<f64>) {
    let model = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].ln() - a[0])
        .jacobian(|z, _, j| j[0] = 1.0 / z[0])
        .parameter_jacobian(|z, _, d| d[0] = -z[0].ln() / z[0].ln());
    (model.samples(start(&[0.5; 3])).system(1).unwrap(), start(&[1.0, -1.0, 2.0]))
}

#[test]
fn a_dropped_sample_contributes_zero_even_where_its_derivatives_are_nan() {
    let (problem, z0) = half_outside();
    let solution =
        solve(&problem, &z0, &Newton::default(), &Options { relative: 1e-12, ..Options::default() }).unwrap();
    assert_eq!(
        [0, 1, 2].map(|s| solution.outcomes()[s].status),
        [Status::Converged, Status::NonFinite, Status::Converged]
    );
    let w = start(&[1.0; 3]);
    assert!(matches!(solution.pullback(&w), Err(Error::NotConverged { sample: 1, .. })));
    for on_failure in [OnFailure::Drop, OnFailure::Accept] {
        let options = Implicit { on_failure, ..Implicit::default() };
        let pulled = solution.pullback_with(&w, &options).unwrap();
        assert_eq!(pulled.failures, [1]);
        assert!((pulled.value.row(0)[0] - 0.5f64.exp()).abs() < 1e-9);
        assert_eq!(pulled.value.row(1), [0.0], "{on_failure:?}");
    }
}

#[test]
fn a_dropped_sample_does_not_refuse_the_tangents_of_the_others() {
    let (problem, z0) = half_outside();
    let solution =
        solve(&problem, &z0, &Newton::default(), &Options { relative: 1e-12, ..Options::default() }).unwrap();
    let options = Implicit { on_failure: OnFailure::Drop, ..Implicit::default() };
    let pushed = solution.pushforward_with(&start(&[1.0; 3]), &options).unwrap();
    assert_eq!(pushed.failures, [1]);
    assert!((pushed.value.row(2)[0] - 0.5f64.exp()).abs() < 1e-9);
    assert_eq!(pushed.value.row(1), [0.0]);
}

/// dz*/da of one sample is a matter of that sample.
#[test]
fn the_jacobian_of_a_good_sample_exists_beside_a_failed_one() {
    let (problem, z0) = half_outside();
    let solution =
        solve(&problem, &z0, &Newton::default(), &Options { relative: 1e-12, ..Options::default() }).unwrap();
    assert!(matches!(solution.jacobian(1), Err(Error::NotConverged { sample: 1, .. })));
    let jacobian = solution.jacobian(0).unwrap();
    assert!((jacobian[0].row(0)[0] - 0.5f64.exp()).abs() < 1e-9);
}

#[test]
fn a_cotangent_with_an_infinity_is_named_as_such() {
    let solution = run(quadratic(2), &[1.0, 1.0], &Newton::default(), &Options::default());
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = solution.adjoint(&start(&[1.0, bad]), &Implicit::default());
        assert!(matches!(refused, Err(Error::NonFinite { sample: 1, .. })), "{bad}: {refused:?}");
    }
}

/// The adjoint is linear in the cotangent, whatever its size.
#[test]
fn cotangents_may_be_large_or_small() {
    let solution = run(quadratic(2), &[1.0, 1.0], &Newton::default(), &Options::default());
    for size in [1e-100, 1e100, 1e200, 1e-200] {
        let own = solution.adjoint(&start(&[1.0, size]), &Implicit::default()).unwrap();
        assert!(own.failures.is_empty());
        assert!((own.vector.row(1)[0] / (size / 8f64.sqrt()) - 1.0).abs() < 1e-6, "{size:e}: {:?}", own.vector);
    }
}

#[test]
fn every_option_out_of_range_is_refused_by_name() {
    let refused =
        |options: Options, name: &str| match solve(quadratic(1), &start(&[1.0]), &Newton::default(), &options).err() {
            Some(Error::Option { name: found, .. }) => assert_eq!(found, name),
            other => panic!("{name}: {other:?}"),
        };
    let good = Options::default;
    refused(Options { absolute: f64::INFINITY, ..good() }, "absolute");
    refused(Options { relative: f64::NAN, ..good() }, "relative");
    refused(Options { chunk: Some(0), ..good() }, "chunk");
    for compaction in [-0.1, 1.1, f64::NAN] {
        refused(Options { compaction, ..good() }, "compaction");
    }
    for decrease in [-0.1, 1.0, f64::NAN] {
        let newton = Newton { line_search: LineSearch { decrease, ..LineSearch::default() } };
        let refused = solve(quadratic(1), &start(&[1.0]), &newton, &good());
        assert!(matches!(refused, Err(Error::Option { name: "decrease", .. })));
    }
    let ridge = Anderson { ridge: f64::NAN, ..Anderson::default() };
    let refused = solve(quadratic(1), &start(&[1.0]), &ridge, &good());
    assert!(matches!(refused, Err(Error::Option { name: "ridge", .. })));
}

/// Generic code over problems takes a value, a reference or an `Arc`.
#[test]
fn owned_borrowed_and_shared_problems_solve_alike() {
    fn root<P: ParamVjp<State = Rows<f64>> + Linearize>(problem: P) -> Vec<f64> {
        let solution = solve(problem, &start(&[1.0, 2.0]), &Newton::default(), &Options::default()).unwrap();
        solution.pullback(&start(&[1.0, 1.0])).unwrap();
        solution.into_z().into_vec()
    }
    let problem = quadratic(2);
    assert_eq!(root(&problem), root(quadratic(2)));
    assert_eq!(root(std::sync::Arc::new(quadratic(2))), root(&problem));
    assert!(error(&root(problem), &[2f64.sqrt(); 2]) < 1e-6);
}
