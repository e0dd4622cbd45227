//! The verdict on the hypotheses of the theorem, at regular and at degenerate roots.

use dini::model::System;
use dini::outcome::Reason;
use dini::program::{Var, select};
use dini::solve::assume_root;
use dini::verdict::Verdict;
use dini::{Model, Newton, Options, Real, Rows, Status, cells, solve};

/// Newton to the last digit from `start`, then the verdict there and at a few roundings of the same root.
fn verdicts(problem: &System<f64>, start: &[f64]) -> Vec<(Vec<f64>, Verdict)> {
    let row = |z: &[f64]| Rows::from_vec(1, z.len(), z.to_vec()).unwrap();
    let tight = Options { relative: 1e-17, ..Options::default() };
    let root = solve(problem, &row(start), &Newton::default(), &tight).unwrap().into_z().into_vec();
    let ulps = [0, 1, -1, 3];
    let rounded = ulps.map(|k| root.iter().map(|z| z * (1.0 + f64::from(k) * f64::EPSILON)).collect::<Vec<f64>>());
    let judge = |z: Vec<f64>| {
        let solution = assume_root(problem, row(&z)).unwrap();
        (z, solution.verdict(0).unwrap())
    };
    rounded.into_iter().map(judge).collect()
}

/// `|z| [g_1, ...]` from a start.
macro_rules! verdicts {
    ($start:expr, |$z:ident| [$($g:expr),+ $(,)?]) => {{
        let problem = Model::equation(|$z, _| [$($g),+]).system($start.len()).unwrap();
        (concat!($(stringify!($g), "; "),+), verdicts(&problem, &$start))
    }};
}

macro_rules! regular {
    ($($start:expr, |$z:ident| [$($g:expr),+ $(,)?];)+) => {
        let mut wrong = String::new();
        $({
            let (name, verdicts) = verdicts!($start, |$z| [$($g),+]);
            for (z, verdict) in verdicts {
                let sane = verdict.condition.is_finite() && verdict.condition >= 0.9;
                if !(verdict.holds && verdict.reason == Reason::Regular && sane) {
                    wrong += &format!("\n{name}at {z:?}: {verdict:?}");
                }
            }
        })+
        assert!(wrong.is_empty(), "{wrong}");
    };
}

macro_rules! degenerate {
    ($reason:pat, $($start:expr, |$z:ident| [$($g:expr),+ $(,)?];)+) => {
        let mut wrong = String::new();
        $({
            let (name, verdicts) = verdicts!($start, |$z| [$($g),+]);
            for (z, verdict) in verdicts {
                if verdict.holds || !matches!(verdict.reason, $reason) || verdict.condition.is_nan() {
                    wrong += &format!("\n{name}at {z:?}: {verdict:?}");
                }
            }
        })+
        assert!(wrong.is_empty(), "{wrong}");
    };
}

/// |z|, with the slope of its positive branch at 0.
fn abs(z: Var) -> Var {
    select(z.lt(0.0), -z, z)
}

#[test]
fn regular_roots_of_one_equation_hold() {
    regular! {
        [1.0], |z| [z[0].powi(2) - 2.0];
        [1.0], |z| [z[0] - z[0].cos()];
        [0.0], |z| [z[0] * 1e-12 - 1e-12];
        [1.0], |z| [z[0] * 1e-150 - 1e-150];
        [1.0], |z| [z[0].powi(3) - 1e-9];
        [1.0], |z| [z[0].powi(3) - 1e-30];
        [1e11], |z| [z[0].powi(3) - 1e30];
        [3.0], |z| [z[0] - z[0].sin() * 0.999 - 0.001];
        [0.5], |z| [(z[0] * 50.0).exp() - 1e10];
        [0.5], |z| [z[0] - (z[0] * 20.0 + 0.3).tanh()];
        [0.001], |z| [z[0].recip() - 1000.0];
        [1e6], |z| [z[0] - ((z[0] * 1e-6).cos() * 0.1 + 1.0) * 1e6];
        [1.0], |z| [z[0].ln() - 1.0];
        [1.0], |z| [z[0].exp() - 1.0];
        [0.5], |z| [z[0].cos() - 1.0 + z[0]];
        [1e-17], |z| [z[0].cos() - 1.0 + z[0]];
        [1e-13], |z| [z[0].sqrt() - 1e-6];
        [0.5e-200], |z| [z[0].sqrt() - 1e-100];
        [1.0], |z| [abs(z[0]) - 1e-9];
        [1.1], |z| [abs(z[0] - 1.0) - 1e-9];
        [1.0000001], |z| [(z[0] - 1.0).powi(2) - 1e-16];
        [1e-7], |z| [z[0].powi(2) - 1e-16];
        [1.1], |z| [z[0].powi(2) - z[0] * 2.0 + 1.0 - 1e-8];
        [1.0000001], |z| [(z[0] * 1e6).sin() - 0.5];
        [0.0], |z| [z[0] - (z[0] * 0.5 + 0.3).tanh()];
        [0.5], |z| [z[0] - (z[0] + 1e-3).tanh()];
        [0.5], |z| [z[0].powi(3) + z[0] * 1e-10];
        [0.0], |z| [z[0].powi(3) + z[0] * 1e-20];
        [3.4], |z| [z[0].powi(3) - z[0].powi(2) * 6.0 + z[0] * 11.0 - 6.0];
        [20.0], |z| [z[0] + z[0].exp() * 1e-14 - 20.0];
        [1e-3], |z| [z[0].powi(2) * 1e8 + z[0] - 1e-12];
        [2.0], |z| [z[0].powf(1.5) - z[0]];
    }
}

#[test]
fn regular_roots_of_systems_hold() {
    regular! {
        [1.0, 2.0], |z| [z[0].powi(2) + z[1].powi(2) - 4.0, z[0] - z[1]];
        // water: [H+] [OH-] = 1e-14
        [1e-3, 1e-11], |z| [z[0] * z[1] * 1e14 - 1.0, z[0] - z[1] - 1e-3];
        [1e-7, 1e-7], |z| [z[0] * z[1] - 1e-14, z[0] - z[1]];
        [1e-7, 1e-7, 1.0], |z| [z[0] * z[1] - z[2] * 1e-14, z[0] - z[1], z[2].powi(2) - 1.0];
        // an unknown that is 0 and computed as rounding noise
        [2.0, 1.0], |z| [z[0].powi(2) - 1.0, z[1] - z[0] + 1.0];
        [2.0, 1.0], |z| [z[1] + (z[0] - 1.0).powi(2), z[0] - 1.0];
        [1.0, 1e-17], |z| [z[0] - 1.0, z[1] + z[0].cos() - 1.0f64.cos()];
        [1.0, 1e-10, 0.1], |z| [z[0] - 1.0, z[1].powi(2) - 1e-20, z[2] + z[0].cos() - 1.0f64.cos()];
        // condition 4e8, and a line that nearly touches a circle
        [1.0, 1.0], |z| [z[0] + z[1] - 2.0, z[0] + z[1] * (1.0 + 1e-8) - 2.0 - 1e-8];
        [0.8, 0.6], |z| [z[0].powi(2) + z[1].powi(2) - 1.0, z[0] + z[1] - 2f64.sqrt() + 1e-8];
        [1.0, 0.5, -0.5], |z| [
            z[0] * 3.0 - (z[1] * z[2]).cos() - 0.5,
            z[0].powi(2) - (z[1] + 0.1).powi(2) * 81.0 + z[2].sin() + 1.06,
            (-z[0] * z[1]).exp() + z[2] * 20.0 + (10.0 * std::f64::consts::PI - 3.0) / 3.0,
        ];
        // rows and columns in odd units
        [1.0, 1.0], |z| [(z[0] * 1e30 + z[1] * 1e-20 - 2.0) * 1e-90, (z[0] * 1e30 - z[1] * 1e-20) * 1e80];
        [0.0; 10], |z| [
            z[0] - (z[1] * 0.9 + 0.1).tanh(), z[1] - (z[2] * -0.8 + 0.2).tanh(), z[2] - (z[3] * 1.7 - 0.3).tanh(),
            z[3] - (z[4] * 0.6 + 0.4).tanh(), z[4] - (z[5] * -0.5 - 0.5).tanh(), z[5] - (z[6] * 0.4 + 0.6).tanh(),
            z[6] - (z[7] * 0.3 - 0.7).tanh(), z[7] - (z[8] * -1.2 + 0.8).tanh(), z[8] - (z[9] * 0.1 + 0.9).tanh(),
            z[9] - (z[0] * 0.2 - 1.0).tanh(),
        ];
    }
}

#[test]
fn hilbert_matrices_hold_up_to_the_limit() {
    for (n, holds) in [(4, true), (8, true), (10, true), (14, false)] {
        let entry = |i: usize, j: usize| 1.0 / (i + j + 1) as f64;
        let model = Model::equation(|z, _| -> Vec<Var> {
            (0..n).map(|i| (0..n).map(|j| entry(i, j) * (z[j] - 1.0)).sum()).collect()
        });
        let verdict = model.solver(Newton::default()).solve(&vec![1.0; n]).unwrap().verdict().unwrap();
        assert_eq!(verdict.holds, holds, "n = {n}: {verdict:?}");
    }
}

#[test]
fn multiple_roots_and_folds_do_not_hold() {
    degenerate! { Reason::NearlySingular { .. } | Reason::Singular { .. },
        [1.0], |z| [z[0].powi(2)];
        [1e-9], |z| [z[0].powi(2)];
        [1e-200], |z| [z[0].powi(2)];
        [0.0], |z| [z[0].powi(2)];
        [1.0], |z| [z[0].powi(3)];
        [1.0], |z| [z[0].powi(4)];
        [1e-10], |z| [z[0].powi(4)];
        [2.0], |z| [z[0].powi(2) - z[0] * 2.0 + 1.0];
        [1.0 + 0.5e-8], |z| [z[0].powi(2) - z[0] * 2.0 + 1.0];
        [1.0 - 0.9e-8], |z| [z[0].powi(2) - z[0] * 2.0 + 1.0];
        [1.0 + 2e-9], |z| [z[0] * z[0] - z[0] * 2.0 + 1.0];
        [2.0], |z| [(z[0] - 1.0).powi(2)];
        [1.0 + f64::EPSILON], |z| [(z[0] - 1.0).powi(2)];
        [2.0], |z| [z[0].powi(3) - z[0].powi(2) * 3.0 + z[0] * 3.0 - 1.0];
        [3.0], |z| [(z[0] - 2.0).powi(4)];
        [0.3], |z| [z[0] - z[0].tanh()];
        [1.0], |z| [z[0] - z[0].sin()];
        [1e-5], |z| [z[0].cos() - 1.0];
        [1.0], |z| [(z[0] * 1e6).powi(2)];
        [3.0], |z| [z[0].sin() - 1.0];
        [1.0], |z| [z[0].exp() - z[0] * 1f64.exp()];
        // no root at all, though g is small
        [1.0], |z| [z[0].powi(2) + 1e-12];
        [1.0], |z| [(-z[0]).exp()];
        [1.0], |z| [z[0].recip()];
        [30.0], |z| [z[0] + (-z[0]).exp() - z[0]];
        [1.0, 1.0], |z| [z[0] - z[1], z[0] * 2.0 - z[1] * 2.0];
        [1.0, 2.0], |z| [z[0] + z[1] - 2.0, z[0] + z[1] * (1.0 + 1e-16) - 2.0];
        [1.0, 1.0], |z| [z[0] + z[1] - 2.0, z[0] + z[1] * (1.0 + 4e-16) - 2.0];
        [1.0, 0.0], |z| [z[0].powi(2) + z[1].powi(2) - 1.0, z[0] + z[1] - 2f64.sqrt()];
        [1.0, 0.5], |z| [z[0].powi(2) + z[1].powi(2) - 1.0, z[1] - 1.0];
        [1.0, 3.0], |z| [z[0] * z[1] - 1.0, z[0] * z[1] * 2.0 - 2.0];
        [1.0, 1.0], |z| [z[0] * z[1], z[0] + z[1]];
        [1.0, 1.0], |z| [z[0] - 1.0, z[1].powi(2) * 1e8];
        [1.0, 2.0, 3.0], |z| [z[0] + z[1] + z[2] - 6.0, z[0] - z[2] + 2.0, z[0] * 2.0 + z[1] - 4.0];
        [0.5, 0.5, 0.5], |z| [z[0] - z[1].tanh(), z[1] - z[2].tanh(), z[2] - z[0].tanh()];
    }
}

#[test]
fn kinks_do_not_hold() {
    degenerate! { Reason::NotDifferentiable { .. },
        [0.0], |z| [abs(z[0])];
        [0.0], |z| [z[0] + abs(z[0]) * 0.1];
        [1.0], |z| [z[0] + abs(z[0]) * 1e-4];
        [2.0], |z| [abs(z[0] - 1.0) + (z[0] - 1.0) * 3.0];
        [1.0], |z| [abs(z[0] - 0.1) * 3.0 + z[0] - 0.1];
        [1.0, 1.0], |z| [abs(z[0] - z[1]) + z[0] - 1.0, z[1] - 1.0];
        [1.0, 1.0, 0.0], |z| [z[0] - 1.0, z[1] - 2.0, z[2] * 2.0 + abs(z[2])];
    }
    degenerate! { Reason::NonFiniteJacobian | Reason::NotDifferentiable { .. } | Reason::NearlySingular { .. },
        [0.0], |z| [z[0].sqrt()];
        [0.0], |z| [z[0].cbrt()];
        [1e-20], |z| [z[0].cbrt()];
        [1e-12], |z| [z[0].sqrt()];
    }
}

#[test]
fn near_a_fold_the_derivative_is_as_good_as_the_verdict_says() {
    // (z - 1)^2 = a, written out so that rounding hides it: dz/da = 1 / 2 (z - 1) loses its digits as a -> 0
    let (mut held, mut refused) = (0, 0);
    for k in 0..60 {
        let a = 10f64.powf(-0.25 * f64::from(k) - 1.0);
        let model = Model::equation(|z, a| [z[0] * z[0] - 2.0 * z[0] + 1.0 - a[0]]).parameters(&[a]);
        let problem = model.system(1).unwrap();
        let options = Options { relative: 1e-15, ..Options::default() };
        let start = Rows::from_vec(1, 1, vec![2.0]).unwrap();
        let mut root = solve(&problem, &start, &Newton::default(), &options).unwrap().into_z();
        // exact but for rounding, whatever Newton made of the noise
        root.row_mut(0)[0] = if k % 2 == 0 { root.row(0)[0] } else { 1.0 + a.sqrt() };
        let solution = assume_root(&problem, root).unwrap();
        if solution.verdict(0).unwrap().holds {
            let found = solution.pullback(&Rows::from_vec(1, 1, vec![1.0]).unwrap()).unwrap().value.row(0)[0];
            let exact = 0.5 / a.sqrt();
            assert!((found / exact - 1.0).abs() < 2e-3, "a = {a:e}: {found} for {exact}");
            held += 1;
        } else {
            assert!(a < 1e-10, "refused at a = {a:e}");
            refused += 1;
        }
    }
    assert!(held > 35 && refused > 5, "{held} held, {refused} refused");
}

#[test]
fn failures_and_bad_jacobians_are_named() {
    let solved = |z0: f64, j: f64| {
        let model = Model::equation_on_slices(|z: &[f64], _: &[f64], g: &mut [f64]| g[0] = z[0] - 1.0);
        let problem = model.jacobian(move |_, _, out| out[0] = j).system(1).unwrap();
        let start = Rows::from_vec(1, 1, vec![z0]).unwrap();
        let options = Options { max_iterations: 0, ..Options::default() };
        if z0 == 1.0 {
            return assume_root(problem, start).unwrap().verdict(0).unwrap();
        }
        solve(problem, &start, &Newton::default(), &options).unwrap().verdict(0).unwrap()
    };
    assert!(solved(1.0, 1.0).holds);
    // the Jacobian of a user who forgot a factor
    assert!(matches!(solved(1.0, 2.0).reason, Reason::WrongJacobian { deviation } if (deviation - 0.5).abs() < 1e-3));
    assert_eq!(solved(1.0, f64::NAN).reason, Reason::NonFiniteJacobian);
    assert_eq!(solved(1.0, f64::INFINITY).reason, Reason::NonFiniteJacobian);
    assert!(matches!(solved(1.0, 0.0).reason, Reason::Singular { .. }));
    assert_eq!(solved(0.0, 1.0).reason, Reason::NotConverged(Status::MaxIterations));
    assert_eq!(solved(0.0, f64::NAN).reason, Reason::NotConverged(Status::MaxIterations));
    // smooth on one side of the root and undefined on the other
    let edge = Model::equation(|z, _| [z[0] + z[0].powf(1.5)]).system(1).unwrap();
    let solution = solve(edge, &Rows::new(1, 1), &Newton::default(), &Options::default()).unwrap();
    assert_eq!(solution.verdict(0).unwrap().reason, Reason::NotDifferentiable { jump: f64::INFINITY });
    for verdict in [solved(1.0, 1.0), solved(1.0, 2.0), solved(1.0, f64::NAN), solved(1.0, 0.0), solved(0.0, 1.0)] {
        let (text, why) = (verdict.to_string(), verdict.reason.to_string());
        assert!(text.starts_with("the implicit function theorem") && !text.contains("NaN"), "{text}");
        assert!(!why.contains("NaN") && !why.contains("inf") && why.lines().count() == 1, "{why}");
    }
}

#[test]
fn loose_solves_and_both_precisions_hold() {
    fn cell<T: Real>(tolerance: f64) {
        let w: Vec<T> = [0.9, -1.1, 0.4, 0.7, 0.3, -0.6, -0.2, 0.8, 0.5].map(T::of).to_vec();
        let x: Vec<T> = [0.3, -0.7, 0.1, 1.5, 2.0, -3.0].map(T::of).to_vec();
        let problem = cells::Tanh::new(3, w, Rows::from_vec(2, 3, x).unwrap()).unwrap();
        let options = Options { relative: tolerance, max_iterations: 2000, ..Options::default() };
        let solution = solve(&problem, &Rows::new(2, 3), &dini::Picard { damping: 0.5 }, &options).unwrap();
        for sample in 0..2 {
            let verdict = solution.verdict(sample).unwrap();
            assert!(verdict.holds, "{tolerance:e}: {verdict:?}");
        }
        assert!(solution.verdict(2).is_err());
    }
    [1e-2, 1e-4, 1e-6, 1e-12].into_iter().for_each(cell::<f64>);
    [1e-2, 1e-4, 3e-7].into_iter().for_each(cell::<f32>);
}

#[test]
fn difference_quotients_and_fixed_points_hold() {
    let by_differences = Model::fixed_point_on_slices(|z: &[f64], _: &[f64], f: &mut [f64]| f[0] = z[0].cos());
    let solved = by_differences.solver(Newton::default()).solve(&[0.0]).unwrap();
    assert!(solved.verdict().unwrap().holds);
    let traced = Model::fixed_point(|z, _| [z[0].cos()]);
    let solved = traced.solver(dini::Anderson::default()).solve(&[0.0]).unwrap();
    assert!(solved.verdict().unwrap().holds);
    // in single precision a double root is uncertain at 3e-4
    let square = Model::equation(|z, _| [z[0] * z[0] - 2.0 * z[0] + 1.0]).single_precision().system(1).unwrap();
    for start in [1.0 + 1e-4, 1.0 - 2e-4, 1.0 + 3e-5] {
        let start = Rows::from_vec(1, 1, vec![start]).unwrap();
        let verdict = assume_root(&square, start).unwrap().verdict(0).unwrap();
        assert!(!verdict.holds, "{verdict:?}");
    }
}

#[test]
fn a_grid_of_rounded_double_roots_never_holds() {
    // luck with rounding must not pass: (z - c)^2 expanded, at every distance at which g is noise
    for c in [1.0, 3.0, 0.7, 1e5, 1e-5] {
        for k in -400..=400 {
            let z = c * (1.0 + f64::from(k) * 4e-11);
            let square = Model::equation(|z, _| [z[0] * z[0] - 2.0 * c * z[0] + c * c]).system(1).unwrap();
            let start = Rows::from_vec(1, 1, vec![z]).unwrap();
            let verdict = assume_root(&square, start).unwrap().verdict(0).unwrap();
            assert!(!verdict.holds, "c = {c}, k = {k}: {verdict:?}");
        }
    }
}
