//! Bracketing: roots, poles, jumps, brackets per sample.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dini::problem::{Active, Eval, Problem};
use dini::solve::Bracketing;
use dini::{Error, Model, Options, Real, Rows, Solution, Status, solve};

/// A problem that has a residual and nothing else.
struct Plain<F>(F);

impl<F: Fn(usize, f64) -> f64 + Sync> Problem for Plain<F> {
    type State = Rows<f64>;
    fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
        Ok(())
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        (0..at.len()).for_each(|i| out.row_mut(i)[0] = (self.0)(at.sample(i).index(), z.row(i)[0]));
        Ok(())
    }
}

fn column<T: Real>(values: &[T]) -> Rows<T> {
    Rows::from_vec(values.len(), 1, values.to_vec()).unwrap()
}

fn tight() -> Options {
    Options { relative: 0.0, absolute: 1e-13, ..Options::default() }
}

/// A tolerance that rounding does not allow.
fn exact() -> Options {
    Options { relative: 0.0, absolute: 1e-300, ..Options::default() }
}

fn run<F: Fn(usize, f64) -> f64 + Sync>(f: F, lo: f64, hi: f64, options: &Options) -> Solution<Plain<F>> {
    let bracket = Bracketing::between(lo, hi).unwrap();
    solve(Plain(f), &bracket.middle(1), &bracket, options).unwrap()
}

#[test]
fn closed_forms() {
    type Case = (fn(f64) -> f64, f64, f64, f64);
    let cases: [Case; 8] = [
        (|z| z * z - 2.0, 0.0, 2.0, std::f64::consts::SQRT_2),
        (|z| z.powi(3) - 5.0, -4.0, 9.0, 1.709975946676697),
        (|z| z.exp() - 10.0, -50.0, 50.0, std::f64::consts::LN_10),
        (|z| 1.0 / z - 4.0, 1e-8, 7.0, 0.25),
        (|z| z.cos() - z, 0.0, 3.0, 0.7390851332151607),
        (|z| (z - 0.3).cbrt(), -1.0, 1.0, 0.3),
        (|z| -(1e10 * (z - 0.7)).tanh(), 0.0, 1.0, 0.7),
        (|z| z.ln(), 0.0, 1e6, 1.0),
    ];
    for (k, (f, lo, hi, root)) in cases.into_iter().enumerate() {
        let solution = run(move |_, z| f(z), lo, hi, &exact());
        assert_eq!(solution.outcomes()[0].status, Status::Converged, "case {k}");
        let z = solution.z().row(0)[0];
        assert!((z - root).abs() <= 4.0 * f64::EPSILON * root, "case {k}: {z}");
        assert!(solution.outcomes()[0].iterations <= 100, "case {k}: {} iterations", solution.outcomes()[0].iterations);
    }
}

#[test]
fn smooth_equations_take_few_evaluations() {
    // bisection would take over 45
    let cases: [fn(f64) -> f64; 3] = [|z| z * z - 2.0, |z| z.exp() - 3.0, |z| z.cos() - z];
    for (k, f) in cases.into_iter().enumerate() {
        let solution = run(move |_, z| f(z), 0.0, 2.0, &tight());
        assert_eq!(solution.outcomes()[0].status, Status::Converged);
        assert!(solution.evaluations() <= 14, "case {k}: {} evaluations", solution.evaluations());
        // the start, both ends, one for each further step, and three to examine an exact zero
        let examined = if solution.outcomes()[0].residual == 0.0 { 3 } else { 0 };
        assert_eq!(solution.evaluations(), 2 + examined + solution.outcomes()[0].iterations as u64);
    }
}

#[test]
fn every_sample_has_its_own_bracket() {
    let a: Vec<f64> = (1..40).map(f64::from).collect();
    let lo: Vec<f64> = a.iter().map(|a| 0.1 * a.sqrt()).collect();
    let hi: Vec<f64> = a.iter().map(|a| a + 1.0).collect();
    let bracket = Bracketing::new(column(&lo), column(&hi)).unwrap();
    let values = a.clone();
    let f = move |s: usize, z: f64| z * z - values[s];
    let mut whole = None;
    for (chunk, compaction) in [(None, 0.125), (None, 0.0), (None, 1.0), (Some(1), 0.125), (Some(7), 0.0)] {
        let options = Options { chunk, compaction, ..tight() };
        let solution = solve(Plain(&f), &bracket.middle(39), &bracket, &options).unwrap();
        for (s, a) in a.iter().enumerate() {
            assert!((solution.converged().unwrap().row(s)[0] - a.sqrt()).abs() <= 1e-13);
        }
        let z = solution.into_z();
        assert_eq!(*whole.get_or_insert(z.clone()), z, "bit for bit: chunk {chunk:?}, compaction {compaction}");
    }
    let whole = whole.unwrap();
    for s in [0, 17, 38] {
        let alone = Bracketing::between(lo[s], hi[s]).unwrap();
        let g = |_, z| f(s, z);
        let solution = solve(Plain(g), &alone.middle(1), &alone, &tight()).unwrap();
        assert_eq!(solution.z().row(0), whole.row(s));
    }
}

#[test]
fn samples_without_a_sign_change_do_not_disturb_the_others() {
    let shift = [-2.0, 1.0, -1.0, 0.0];
    let bracket = Bracketing::between(0.0, 3.0).unwrap();
    let solution = solve(Plain(|s: usize, z: f64| z * z + shift[s]), &bracket.middle(4), &bracket, &tight()).unwrap();
    assert_eq!(solution.outcomes()[1].status, Status::NoSignChange);
    assert_eq!(solution.z().row(1)[0], 0.0, "the best of the points seen");
    for (s, root) in [(0, 2f64.sqrt()), (2, 1.0), (3, 0.0)] {
        assert_eq!(solution.outcomes()[s].status, Status::Converged);
        assert!((solution.z().row(s)[0] - root).abs() < 1e-13);
    }
    let message = solution.converged().unwrap_err().to_string();
    assert!(message.contains("no sign change") && message.contains("bracket"), "{message}");
}

#[test]
fn the_start_may_be_the_point_where_the_sign_differs() {
    let bracket = Bracketing::between(-2.0, 2.0).unwrap();
    let dip = |_: usize, z: f64| z * z - 1.0;
    let solution = solve(Plain(dip), &column(&[0.5]), &bracket, &tight()).unwrap();
    assert!((solution.converged().unwrap().row(0)[0].abs() - 1.0).abs() < 1e-13);
    let solution = solve(Plain(dip), &column(&[1.5]), &bracket, &tight()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::NoSignChange);
}

#[test]
fn roots_at_the_ends_and_at_the_start() {
    for (lo, hi, start) in [(1.0, 2.0, 1.5), (0.0, 1.0, 0.5), (0.0, 2.0, 1.0), (1.0, 2.0, 2.0), (0.0, 1.0, 1.0)] {
        let bracket = Bracketing::between(lo, hi).unwrap();
        let solution = solve(Plain(|_, z: f64| z - 1.0), &column(&[start]), &bracket, &exact()).unwrap();
        assert_eq!((solution.outcomes()[0].status, solution.z().row(0)[0]), (Status::Converged, 1.0));
    }
}

#[test]
fn poles_and_jumps_are_not_roots() {
    let pole = |_: usize, z: f64| 1.0 / (z - 1.0);
    let jump = |_: usize, z: f64| if z < 1.0 { z - 3.0 } else { z + 2.0 };
    let small = |_: usize, z: f64| (z - 1.0) + 1e-8f64.copysign(z - 1.0);
    for options in [Options::default(), tight(), exact()] {
        for (lo, hi) in [(0.0, 3.0), (0.9, 1.2), (-1e6, 1e5)] {
            let solution = run(pole, lo, hi, &options);
            assert!(
                matches!(solution.outcomes()[0].status, Status::Stagnated | Status::Diverged),
                "{:?}",
                solution.outcomes()[0].status
            );
            let solution = run(jump, lo, hi, &options);
            assert_eq!(solution.outcomes()[0].status, Status::Stagnated);
            assert!((solution.z().row(0)[0] - 1.0).abs() < 1e-15, "where g jumps");
        }
    }
    for options in [tight(), exact()] {
        assert_eq!(run(small, 0.0, 3.0, &options).outcomes()[0].status, Status::Stagnated);
    }
}

#[test]
fn a_residual_that_is_not_a_number_ends_the_sample() {
    let solution = run(|_, z: f64| (z - 1.0).sqrt() - 1.0, 0.0, 5.0, &tight());
    assert_eq!((solution.outcomes()[0].status, solution.z().row(0)[0]), (Status::NonFinite, 2.5));
    // a hole in the middle
    let hole = |_, z: f64| if (0.1..0.4).contains(&z) { f64::NAN } else { z - 0.2 };
    let solution = run(hole, 0.0, 1.0, &tight());
    assert_eq!(solution.outcomes()[0].status, Status::NonFinite);
    assert!(solution.z().first_non_finite().is_none() && solution.outcomes()[0].residual.is_finite());
}

#[test]
fn wide_brackets_and_single_precision() {
    let solution = run(|_, z: f64| z / 4.0 - 2.5e299, -1.7e308, 1.7e308, &exact());
    assert_eq!((solution.outcomes()[0].status, solution.z().row(0)[0]), (Status::Converged, 1e300));
    // a share of the bracket that rounds to all of it is not the end
    let solution = run(|_, z: f64| z.cbrt() - 1e-6, -1.0, 1.0, &Options { max_iterations: 500, ..exact() });
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert!((solution.z().row(0)[0] / 1e-18 - 1.0).abs() < 1e-15);
    let single = Model::equation(|z, _| [z[0] * z[0] - 2.0]).single_precision().system(1).unwrap();
    let bracket = Bracketing::between(0.0f32, 2.0).unwrap();
    let solution = solve(single, &bracket.middle(1), &bracket, &exact()).unwrap();
    assert!((solution.converged().unwrap().row(0)[0] - 2f32.sqrt()).abs() <= f32::EPSILON * 1.5);
}

#[test]
fn derivatives_follow_from_the_root() {
    // z = cos(a z) at a = 1: dz/da = -z sin z / (1 + sin z)
    let f = Model::fixed_point(|z, a| [(a[0] * z[0]).cos()]).parameters(&[1.0]).system(1).unwrap();
    let bracket = Bracketing::between(0.0, 1.0).unwrap();
    let solution = solve(f, &bracket.middle(1), &bracket, &exact()).unwrap();
    let z = solution.converged().unwrap().row(0)[0];
    let gradient = solution.pullback(&column(&[1.0])).unwrap().value;
    assert!((gradient.row(0)[0] + z * z.sin() / (1.0 + z.sin())).abs() < 1e-14);
    // a fold that a bracket cannot see: the derivative is refused
    let cube = Model::equation(|z, a| [z[0].powi(3) - a[0]]).parameters(&[0.0]).system(1).unwrap();
    let bracket = Bracketing::between(-1.0, 2.0).unwrap();
    let solution = solve(cube, &bracket.middle(1), &bracket, &tight()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Converged);
    assert!(solution.pullback(&column(&[1.0])).is_err());
}

#[test]
fn broken_contracts() {
    let option = |e: Result<_, Error>, expected: &str| match e {
        Err(Error::Option { name, .. }) => assert_eq!(name, expected),
        other => panic!("{other:?}"),
    };
    let new = |lo: &[f64], hi: &[f64]| Bracketing::new(column(lo), column(hi)).map(|_| ());
    option(new(&[0.0, 2.0], &[1.0, 2.0]), "lo");
    option(new(&[f64::NAN], &[1.0]), "lo");
    option(new(&[0.0], &[f64::INFINITY]), "hi");
    option(Bracketing::between(3.0, 1.0).map(|_| ()), "lo");
    assert!(matches!(new(&[0.0], &[1.0, 2.0]), Err(Error::Shape { .. })));
    assert!(matches!(new(&[], &[]), Err(Error::Shape { .. })));
    assert!(matches!(Bracketing::new(Rows::<f64>::new(1, 2), column(&[1.0])), Err(Error::Shape { .. })));

    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let f = move |_: usize, z: f64| {
        count.fetch_add(1, Ordering::Relaxed);
        z
    };
    let two = Bracketing::new(column(&[-1.0, -2.0]), column(&[1.0, 2.0])).unwrap();
    let start = |z0: &Rows<f64>| solve(Plain(&f), z0, &two, &tight()).map(|_| ());
    assert!(matches!(start(&Rows::new(3, 1)), Err(Error::Shape { .. })), "brackets of another batch");
    assert!(matches!(start(&Rows::new(2, 2)), Err(Error::Shape { .. })), "more than one unknown");
    option(start(&column(&[0.0, 3.0])), "z0");
    option(start(&column(&[f64::NAN, 0.0])), "z0");
    assert_eq!(calls.load(Ordering::Relaxed), 0, "refused before anything is evaluated");
    assert!(start(&Rows::new(2, 1)).is_ok());
}

type Function = fn(f64) -> f64;

#[test]
fn a_function_that_has_underflowed_has_no_root() {
    // e^-z is 0 from z = 746 on
    let functions: [(Function, f64, f64); 3] =
        [(|z| (-z).exp(), 0.0, 800.0), (|z| 1.0 - z.tanh(), 0.0, 50.0), (|z| -(-z * z).exp(), -40.0, 1.0)];
    for (f, lo, hi) in functions {
        let solution = run(move |_, z| f(z), lo, hi, &tight());
        assert!(
            matches!(solution.outcomes()[0].status, Status::Vanishing | Status::NoSignChange),
            "{:?}",
            solution.z()
        );
    }
    // exact zeros that are roots, at 0 and elsewhere, simple and multiple
    let roots: [(Function, f64); 3] = [(|z| z.powi(5), 0.0), (|z| z * z * z - 8.0, 2.0), (|z| (z - 1.0).powi(3), 1.0)];
    for (f, root) in roots {
        let solution = run(move |_, z| f(z), root - 2.0, root + 2.0, &tight());
        assert_eq!(solution.converged().unwrap().row(0), [root]);
    }
}
