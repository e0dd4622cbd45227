//! The chord method: roots, when factors are renewed, warm starts.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{cell, error, rows};
use dini::gradient::{Implicit, Method};
use dini::model::System;
use dini::problem::{Active, Eval, Linearize, Problem};
use dini::solve::{AnySolver, Chord, Control, LineSearch, NewtonKrylov, Shortening, Solver, Workspace};
use dini::{Error, Model, Newton, Options, Rows, Solution, Status, solve, solve_with};

/// z_i^2 + 0.1 z_{i+1} = a_s, with a counter of Jacobians.
struct Counted {
    problem: System<f64>,
    jacobians: Arc<AtomicUsize>,
}

impl Counted {
    fn new(a: &[f64]) -> Self {
        let jacobians = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&jacobians);
        let residual = |z: &[f64], a: &[f64], g: &mut [f64]| {
            (0..3).for_each(|i| g[i] = z[i] * z[i] + 0.1 * z[(i + 1) % 3] - a[0]);
        };
        let model = Model::equation_on_slices(residual)
            .jacobian(move |z, _, j| {
                counter.fetch_add(1, Ordering::Relaxed);
                (0..3).for_each(|i| (j[i * 3 + i], j[(i + 1) % 3 * 3 + i]) = (2.0 * z[i], 0.1));
            })
            .parameter_jacobian(|_, _, d| d.fill(-1.0))
            .samples(Rows::from_vec(a.len(), 1, a.to_vec()).unwrap());
        Counted { problem: model.system(3).unwrap(), jacobians }
    }

    /// Jacobians since the last call.
    fn jacobians(&self) -> usize {
        self.jacobians.swap(0, Ordering::Relaxed)
    }
}

/// The same without a matrix: its Jacobian is formed from products, which are counted as evaluations.
struct Products(System<f64>);

impl Problem for Products {
    type State = Rows<f64>;
    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        self.0.validate(z)
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.0.residual(at, z, out)
    }
}

impl Linearize for Products {
    type Tape = <System<f64> as Linearize>::Tape;
    fn tape(&self, like: &Rows<f64>) -> Self::Tape {
        self.0.tape(like)
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, g: &Rows<f64>, tape: &mut Self::Tape) -> Eval {
        self.0.linearize(at, z, g, tape)
    }
    fn jvp(&self, at: Active<'_>, tape: &Self::Tape, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.0.jvp(at, tape, v, out)
    }
    fn vjp(&self, at: Active<'_>, tape: &Self::Tape, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.0.vjp(at, tape, u, out)
    }
}

/// The root of z^2 + 0.1 z = a.
fn root(a: f64) -> f64 {
    (0.01 + 4.0 * a).sqrt() / 2.0 - 0.05
}

fn tight() -> Options {
    Options { relative: 0.0, absolute: 1e-12, ..Options::default() }
}

fn start(samples: usize) -> Rows<f64> {
    Rows::from_vec(samples, 3, vec![1.0; samples * 3]).unwrap()
}

fn classical() -> Chord {
    Chord { rate: f64::INFINITY, ..Chord::default() }
}

fn kept() -> Chord {
    Chord { keep: true, ..Chord::default() }
}

type Memory<'a> = Workspace<Rows<f64>, <Chord as Solver<&'a System<f64>>>::Work>;

fn warm<'a>(
    problem: &'a Counted,
    z0: &Rows<f64>,
    chord: &Chord,
    memory: &mut Memory<'a>,
) -> Solution<&'a System<f64>, dini::solve::ChordInverse<f64>> {
    solve_with(&problem.problem, z0, chord, &tight(), memory, &|_| Control::Continue).unwrap()
}

#[test]
fn closed_forms_and_the_number_of_jacobians() {
    let a = [1.2, 1.0, 2.0, 30.0];
    let problem = Counted::new(&a);
    let mut steps = Vec::new();
    let often = Chord { rate: 0.1, ..Chord::default() };
    for chord in [classical(), often, Chord { age: Some(1), ..classical() }] {
        let solution = solve(&problem.problem, &start(4), &chord, &tight()).unwrap();
        let z = solution.converged().unwrap();
        for (s, &a) in a.iter().enumerate() {
            assert!(z.row(s).iter().all(|z| (z - root(a)).abs() < 1e-11), "sample {s}");
        }
        let iterations: usize = (0..4).map(|s| solution.outcomes()[s].iterations).sum();
        steps.push((problem.jacobians(), iterations));
    }
    let [(once, slow), (some, middle), (every, fast)] = steps[..] else { panic!() };
    // and the one that shows that no step is needed any more
    assert_eq!(every, fast + 4, "with age 1 every step has its own Jacobian");
    assert!(once < some && some < every, "{steps:?}");
    assert!(slow > middle && middle > fast, "{steps:?}");
}

#[test]
fn the_classical_chord_method_forms_one_jacobian() {
    let problem = Counted::new(&[1.2, 1.0, 1.5]);
    let solution = solve(&problem.problem, &start(3), &classical(), &tight()).unwrap();
    assert!(solution.converged().is_ok() && (0..3).all(|s| solution.outcomes()[s].iterations > 3));
    assert_eq!(problem.jacobians(), 3, "one a sample");
}

#[test]
fn only_the_samples_that_need_it_are_linearised() {
    // samples 0 and 2 start next to their roots, sample 1 far away: it alone needs new factors
    let a = [1.12, 400.0, 1.09];
    let problem = Counted::new(&a);
    let options = Options { compaction: 0.0, ..tight() };
    let chord = Chord { rate: 0.1, ..Chord::default() };
    let direct = solve(&problem.problem, &start(3), &chord, &options).unwrap();
    let jacobians = problem.jacobians() as u64;
    let far = direct.outcomes()[1].iterations as u64;
    assert!(direct.converged().is_ok() && jacobians > 4 && jacobians <= 2 + far, "{jacobians} in {far} steps");
    let products = Products(Counted::new(&a).problem);
    let formed = solve(&products, &start(3), &chord, &options).unwrap();
    assert_eq!(formed.z(), direct.z());
    assert_eq!(formed.evaluations(), direct.evaluations() + 3 * jacobians, "three products a Jacobian, for its sample");
}

#[test]
fn age_limits_how_long_factors_serve() {
    let problem = Counted::new(&[1.5]);
    for age in [1, 2, 3] {
        let chord = Chord { age: Some(age), ..classical() };
        let solution = solve(&problem.problem, &start(1), &chord, &tight()).unwrap();
        // and perhaps those that show that no step is needed any more
        let needed = solution.outcomes()[0].iterations.div_ceil(age);
        assert!((needed..=needed + 1).contains(&problem.jacobians()), "age {age}: {}", problem.jacobians());
    }
}

#[test]
fn with_age_one_it_is_newtons_method_bit_for_bit() {
    for n in [3, 30] {
        let cell = cell::<f64>(5, 6, n, 1.5);
        let chord = Chord { age: Some(1), ..Chord::default() };
        let chord = solve(&cell, &rows(9, 6, n), &chord, &tight()).unwrap();
        let newton = solve(&cell, &rows(9, 6, n), &Newton::default(), &tight()).unwrap();
        assert_eq!(chord.converged().unwrap(), newton.converged().unwrap());
    }
}

#[test]
fn a_sample_does_not_depend_on_its_batch() {
    let (samples, n) = (24, 5);
    let cell = cell::<f64>(3, samples, n, 1.2);
    let z0 = rows(4, samples, n);
    let mut whole: Option<Rows<f64>> = None;
    for (chunk, compaction) in [(None, 0.125), (None, 0.0), (None, 1.0), (Some(1), 0.125), (Some(7), 0.0)] {
        let options = Options { chunk, compaction, ..tight() };
        let solution = solve(&cell, &z0, &Chord::default(), &options).unwrap();
        let gradient = solution.pullback(&rows(8, samples, n)).unwrap().value;
        assert!(gradient.x.first_non_finite().is_none());
        let z = solution.converged().unwrap();
        assert_eq!(whole.get_or_insert_with(|| z.clone()), z, "chunk {chunk:?}, compaction {compaction}");
    }
}

#[test]
fn the_derivative_starts_from_old_factors_and_is_right() {
    let a = [1.2, 7.0];
    let problem = Counted::new(&a);
    let solution = solve(&problem.problem, &start(2), &Chord::default(), &tight()).unwrap();
    let w = Rows::from_vec(2, 3, vec![1.0; 6]).unwrap();
    let gradient = solution.pullback(&w).unwrap().value;
    for (s, &a) in a.iter().enumerate() {
        assert!((gradient.row(s)[0] - 3.0 / (2.0 * root(a) + 0.1)).abs() < 1e-10);
    }
    let cell = cell::<f64>(11, 4, 30, 0.9);
    let solution = solve(&cell, &Rows::new(4, 30), &Chord::default(), &tight()).unwrap();
    let w = rows(12, 4, 30);
    let auto = solution.pullback_with(&w, &Implicit::default()).unwrap().value;
    let dense = Implicit { method: Method::Dense, ..Implicit::default() };
    let dense = solution.pullback_with(&w, &dense).unwrap().value;
    assert!(error(&auto.w, &dense.w) < 1e-8);
}

#[test]
fn old_factors_that_fail_are_renewed() {
    // atan diverges under Newton's full steps from 3, and an old slope overshoots: only new factors with a line search help
    let slopes = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&slopes);
    let atan =
        Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g[0] = z[0].atan()).jacobian(move |z, _, j| {
            count.fetch_add(1, Ordering::Relaxed);
            j[0] = 1.0 / (1.0 + z[0] * z[0]);
        });
    let atan = atan.system(1).unwrap();
    let z0 = Rows::from_vec(1, 1, vec![3.0]).unwrap();
    for shortening in [Shortening::Halving, Shortening::Interpolation] {
        let chord = Chord { line_search: LineSearch { shortening, ..LineSearch::default() }, ..classical() };
        let solution = solve(&atan, &z0, &chord, &tight()).unwrap();
        assert!(solution.converged().unwrap().row(0)[0].abs() < 1e-11);
        assert!(slopes.swap(0, Ordering::Relaxed) > 1);
    }
}

#[test]
fn a_warm_start_needs_no_factorisation() {
    let cold = Counted::new(&[1.2, 3.0, 9.0]);
    let near = Counted::new(&[1.2001, 3.0002, 8.999]);
    let far = Counted::new(&[900.0, 1.0, 0.01]);
    let mut memory = Memory::default();
    let first = warm(&cold, &start(3), &kept(), &mut memory);
    assert!(cold.jacobians() >= 3);
    let second = warm(&near, first.z(), &kept(), &mut memory);
    assert_eq!(near.jacobians(), 0, "the factors of the first solve serve the second");
    let alone = solve(&near.problem, first.z(), &Chord::default(), &tight()).unwrap();
    assert!(near.jacobians() >= 3);
    assert!(error(second.converged().unwrap().as_slice(), alone.converged().unwrap().as_slice()) < 1e-11);
    // both solutions are alive, and share factors with the workspace: neither is harmed by a third solve
    let third = warm(&far, &start(3), &kept(), &mut memory);
    assert!(far.jacobians() > 0);
    for (s, a) in [900.0, 1.0, 0.01].into_iter().enumerate() {
        assert!(third.converged().unwrap().row(s).iter().all(|z| (z - root(a)).abs() < 1e-10));
    }
    let w = start(3);
    for (solution, a) in [(&first, [1.2, 3.0, 9.0]), (&second, [1.2001, 3.0002, 8.999]), (&third, [900.0, 1.0, 0.01])] {
        let gradient = solution.pullback(&w).unwrap().value;
        for (s, a) in a.into_iter().enumerate() {
            let exact = 3.0 / (2.0 * root(a) + 0.1);
            assert!((gradient.row(s)[0] - exact).abs() < 1e-8 * exact);
        }
    }
}

#[test]
fn whatever_the_workspace_holds_the_result_is_right() {
    // factors of the wrong sign, of another scale, and singular ones
    let cube = || Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g[0] = z[0].powi(3) - 8.0);
    let with = |j: f64| cube().jacobian(move |_, _, out| out[0] = j).system(1).unwrap();
    let good = cube().jacobian(|z, _, j| j[0] = 3.0 * z[0] * z[0]).system(1).unwrap();
    let z0 = Rows::from_vec(2, 1, vec![1.0, 30.0]).unwrap();
    for halvings in [0, 40] {
        let chord = Chord { line_search: LineSearch { halvings, ..LineSearch::default() }, ..kept() };
        for slope in [-1.0, 1e-300, 1e300, 1e-3, 0.0, f64::NAN] {
            let mut memory = Memory::default();
            let (bad, few) = (with(slope), Options { max_iterations: 2, ..tight() });
            let _ = solve_with(&bad, &z0, &chord, &few, &mut memory, &|_| Control::Continue).unwrap();
            let solution = solve_with(&good, &z0, &chord, &tight(), &mut memory, &|_| Control::Continue).unwrap();
            let z = solution.converged().unwrap();
            assert!((0..2).all(|s| (z.row(s)[0] - 2.0).abs() < 1e-12), "{slope}, {halvings}");
        }
    }
}

#[test]
fn without_keep_a_workspace_changes_no_bit() {
    let (one, two) = (Counted::new(&[1.2, 40.0]), Counted::new(&[7.0, 1.3]));
    let w = start(2);
    let mut memory = Memory::default();
    let first = warm(&one, &start(2), &Chord::default(), &mut memory);
    for z0 in [start(2), first.z().clone()] {
        let reused = warm(&two, &z0, &Chord::default(), &mut memory);
        let fresh = solve(&two.problem, &z0, &Chord::default(), &tight()).unwrap();
        assert_eq!(reused.z(), fresh.z());
        assert_eq!(reused.pullback(&w).unwrap().value, fresh.pullback(&w).unwrap().value);
    }
    // a start on the root leaves no factors, old ones included
    let done = first.z().clone();
    let reused = warm(&one, &done, &Chord::default(), &mut memory);
    let fresh = solve(&one.problem, &done, &Chord::default(), &tight()).unwrap();
    assert_eq!(reused.pullback(&w).unwrap().value, fresh.pullback(&w).unwrap().value);
    // another option, another workspace
    warm(&two, &start(2), &kept(), &mut memory);
    two.jacobians();
    warm(&two, &start(2), &Chord::default(), &mut memory);
    assert!(two.jacobians() >= 2);
}

#[test]
fn singular_and_non_finite_jacobians_are_statuses() {
    let flat = Model::equation(|z, _| [z[0] * z[0] - 1.0]).system(1).unwrap();
    let z0 = Rows::from_vec(2, 1, vec![0.0, 3.0]).unwrap();
    let solution = solve(&flat, &z0, &Chord::default(), &tight()).unwrap();
    assert_eq!((solution.outcomes()[0].status, solution.outcomes()[1].status), (Status::Singular, Status::Converged));
    let nan = Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g[0] = z[0] - 1.0);
    let nan = nan.jacobian(|_, _, j| j[0] = f64::NAN).system(1).unwrap();
    let solution = solve(nan, &z0, &Chord::default(), &tight()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Singular);
    let rootless = Model::equation(|z, _| [z[0] * z[0] + 1.0]).system(1).unwrap();
    let solution = solve(rootless, &Rows::from_vec(1, 1, vec![0.7]).unwrap(), &Chord::default(), &tight()).unwrap();
    assert!(solution.outcomes()[0].status != Status::Converged && solution.z().first_non_finite().is_none());
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let problem = Counted::new(&[1.0]);
    let search = LineSearch { decrease: 2.0, ..LineSearch::default() };
    for (chord, expected) in [
        (Chord { rate: 0.0, ..Chord::default() }, "rate"),
        (Chord { rate: f64::NAN, ..Chord::default() }, "rate"),
        (Chord { age: Some(0), ..Chord::default() }, "age"),
        (Chord { line_search: search, ..Chord::default() }, "decrease"),
    ] {
        match solve(&problem.problem, &start(1), &chord, &tight()) {
            Err(Error::Option { name, .. }) => assert_eq!(name, expected),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn interpolated_steps_come_back_into_the_domain() {
    let a = [0.5f64, 2.0, 0.1];
    let parameters = Rows::from_vec(3, 1, a.to_vec()).unwrap();
    let ln = Model::equation(|z, a| [z[0].ln() - a[0].ln()]).samples(parameters).system(1).unwrap();
    let z0 = Rows::from_vec(3, 1, vec![9.0; 3]).unwrap();
    let line_search = LineSearch { shortening: Shortening::Interpolation, ..LineSearch::default() };
    let krylov = NewtonKrylov { line_search: line_search.clone(), ..NewtonKrylov::default() };
    for solver in [AnySolver::Newton(Newton { line_search }), AnySolver::NewtonKrylov(krylov)] {
        let solution = solve(&ln, &z0, &solver, &tight()).unwrap();
        let z = solution.converged().unwrap();
        assert!((0..3).all(|s| (z.row(s)[0] - a[s]).abs() < 1e-11), "{solver:?}");
        // step lengths belong to one sample
        let options = Options { chunk: Some(1), ..tight() };
        assert_eq!(solve(&ln, &z0, &solver, &options).unwrap().z(), z);
    }
}
