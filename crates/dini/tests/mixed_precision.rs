//! Fixed points that begin in reduced precision: the same answers, and never worse ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dini::problem::{Active, Eval, Problem, ResidualScale, RoughResidual};
use dini::solve::{Anderson, Picard, Solver};
use dini::{Error, Options, Rows, Status, cells::Tanh, solve};

/// z = f(z) for every number, with another map in its place for the rough start.
struct Pair<F, R> {
    full: F,
    rough: R,
    calls: AtomicUsize,
}

impl<F: Fn(f64) -> f64 + Sync, R: Fn(f64) -> f64 + Sync> Problem for Pair<F, R> {
    type State = Rows<f64>;

    fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.calls.fetch_add(at.len(), Ordering::Relaxed);
        out.as_mut_slice().iter_mut().zip(z.as_slice()).for_each(|(out, &z)| *out = z - (self.full)(z));
        Ok(())
    }
    fn rough(&self) -> Option<&dyn RoughResidual<Rows<f64>>> {
        Some(self)
    }
}

impl<F: Fn(f64) -> f64 + Sync, R: Fn(f64) -> f64 + Sync> RoughResidual<Rows<f64>> for Pair<F, R> {
    fn rough_residual(&self, _: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        out.as_mut_slice().iter_mut().zip(z.as_slice()).for_each(|(out, &z)| *out = z - (self.rough)(z));
        Ok(())
    }
}

fn pair<F, R>(full: F, rough: R) -> Pair<F, R> {
    Pair { full, rough, calls: AtomicUsize::new(0) }
}

fn options(mixed_precision: bool) -> Options {
    Options { relative: 1e-10, mixed_precision, ..Options::default() }
}

fn starts() -> Rows<f64> {
    Rows::from_vec(4, 1, vec![0.0, 1.0, -2.0, 5.0]).unwrap()
}

#[test]
fn a_rough_start_saves_evaluations_and_changes_no_answer() {
    let problem = pair(|z: f64| 0.5 * z.cos(), |z: f64| 0.5 * z.cos() + 1e-3);
    let plain = solve(&problem, &starts(), &Picard::default(), &options(false)).unwrap();
    let before = problem.calls.swap(0, Ordering::Relaxed);
    let mixed = solve(&problem, &starts(), &Picard::default(), &options(true)).unwrap();
    let after = problem.calls.load(Ordering::Relaxed);
    assert!(after < before, "{after} full evaluations instead of {before}");
    assert!(mixed.evaluations() > after as u64, "rough evaluations are counted");
    for sample in 0..4 {
        assert_eq!(mixed.outcomes()[sample].status, Status::Converged);
        assert!(mixed.outcomes()[sample].residual <= mixed.outcomes()[sample].target);
        assert!((mixed.z().row(sample)[0] - plain.z().row(sample)[0]).abs() < 1e-9);
    }
}

#[test]
fn pointers_pass_the_rough_residual_on() {
    let problem = pair(|z: f64| 0.5 * z.cos(), |z: f64| 0.5 * z.cos() + 1e-3);
    let plain = solve(&problem, &starts(), &Picard::default(), &options(true)).unwrap();
    let wrapped = solve(Arc::new(&problem), &starts(), &Picard::default(), &options(true)).unwrap();
    assert_eq!((wrapped.evaluations(), wrapped.z()), (plain.evaluations(), plain.z()));
}

#[test]
fn a_sample_is_solved_alike_alone_and_in_a_batch() {
    let problem = pair(|z: f64| 0.5 * z.cos(), |z: f64| 0.5 * z.cos() + 1e-3);
    let all = solve(&problem, &starts(), &Anderson::default(), &options(true)).unwrap();
    for sample in 0..4 {
        let start = Rows::from_vec(1, 1, starts().row(sample).to_vec()).unwrap();
        let alone = solve(&problem, &start, &Anderson::default(), &options(true)).unwrap();
        assert_eq!(alone.z().row(0), all.z().row(sample));
    }
}

/// Where the rough residual is of no use, everything is as without it.
fn useless(full: impl Fn(f64) -> f64 + Sync, rough: impl Fn(f64) -> f64 + Sync) {
    let problem = pair(full, rough);
    let plain = solve(&problem, &starts(), &Picard::default(), &options(false)).unwrap();
    let mixed = solve(&problem, &starts(), &Picard::default(), &options(true)).unwrap();
    for sample in 0..4 {
        assert_eq!(mixed.outcomes()[sample].status, Status::Converged);
        assert_eq!(mixed.z().row(sample), plain.z().row(sample));
    }
}

#[test]
fn rough_steps_that_do_not_contract_are_not_taken() {
    let full = |z: f64| 0.5 * z.cos();
    useless(full, |_| f64::NAN);
    useless(full, |_| f64::INFINITY);
    useless(full, |z| 3.0 * z + 1.0);
    useless(full, |z| -z + 1.0);
}

#[test]
fn a_sample_that_was_led_astray_is_solved_from_its_start() {
    // the rough map has its fixed point where the full one is undefined
    useless(|z| if z > 100.0 { f64::NAN } else { 0.5 * z.cos() }, |_| 1000.0);
}

/// z = z + 1, which has no solution, and no rough residual.
struct Drift;

impl Problem for Drift {
    type State = Rows<f64>;

    fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }
    fn residual(&self, _: Active<'_>, _: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        out.as_mut_slice().fill(-1.0);
        Ok(())
    }
}

#[test]
fn without_a_rough_residual_nothing_is_solved_twice() {
    let plain = solve(Drift, &starts(), &Picard::default(), &options(false)).unwrap();
    let mixed = solve(Drift, &starts(), &Picard::default(), &options(true)).unwrap();
    assert!(plain.converged().is_err());
    assert_eq!((mixed.evaluations(), mixed.z()), (plain.evaluations(), plain.z()));
}

#[test]
fn a_start_on_the_root_stays_there() {
    // the root of the rough map is another one
    let problem = pair(|_| 2.0, |_| 2.001);
    let start = Rows::from_vec(1, 1, vec![2.0]).unwrap();
    let solution = solve(&problem, &start, &Picard::default(), &options(true)).unwrap();
    assert_eq!((solution.outcomes()[0].iterations, solution.z().row(0)[0]), (0, 2.0));
}

fn cell_is_solved_to_tolerance<S>(solver: &S)
where
    S: for<'a> Solver<&'a Tanh<f32>>,
{
    let n = 40;
    let w: Vec<f32> = (0..n * n).map(|i| (i as f32 * 1.7).sin() / n as f32).collect();
    let x: Vec<f32> = (0..3 * n).map(|i| (i as f32 * 0.9).cos()).collect();
    let cell = Tanh::new(n, w, Rows::from_vec(3, n, x).unwrap()).unwrap();
    let options = Options { relative: 1e-5, mixed_precision: true, ..Options::default() };
    let mixed = solve(&cell, &Rows::new(3, n), solver, &options).unwrap();
    let plain = solve(&cell, &Rows::new(3, n), solver, &Options { mixed_precision: false, ..options }).unwrap();
    for (a, b) in mixed.converged().unwrap().as_slice().iter().zip(plain.converged().unwrap().as_slice()) {
        assert!((a - b).abs() < 1e-4);
    }
}

#[test]
fn the_tanh_cell_is_solved_to_the_same_tolerance() {
    // with bfloat16 where the processor has it, plainly elsewhere
    cell_is_solved_to_tolerance(&Picard::default());
    cell_is_solved_to_tolerance(&Anderson::default());
}
