//! `--bracket`, and the solvers by name.

use clap::Args;

use super::super::plan::names;
use super::super::{SolveArgs, run, solve};
use super::{answer, args};

fn between(equations: &[&str], with: &str, bracket: &[f64]) -> SolveArgs {
    SolveArgs { bracket: bracket.to_vec(), ..args(equations, with, "", "") }
}

#[test]
fn a_bracket_decides_which_root() {
    let cubic = &["(z - 1)*(z - 2)*(z - a)"];
    for (bracket, root) in [([0.0, 1.5], 1.0), ([1.5, 2.75], 2.0), ([2.5, 1e9], 3.0), ([-1e12, 1.25], 1.0)] {
        let found = answer(&between(cubic, "a=3", &bracket));
        assert!(found.solved() && found.verdict.holds, "{bracket:?}: {found}");
        assert!((found.solution[0] - root).abs() < 1e-14, "{bracket:?}: {found}");
        // dz/da = (z - 1) (z - 2) / g'(z), which is 1 at z = a and 0 at the other roots
        let derivative = found.derivatives.unwrap()[0][0];
        assert!((derivative - f64::from(root == 3.0)).abs() < 1e-12, "{bracket:?}: {derivative}");
    }
    // the end of a bracket may be the root
    assert_eq!(answer(&between(&["z^2 = 4"], "", &[0.0, 2.0])).solution[0], 2.0);
}

#[test]
fn a_bracket_and_newton_agree_to_rounding() {
    let problems: &[(&str, &str, [f64; 2])] = &[
        ("z = cos(z)", "", [0.0, 1.0]),
        ("exp(z) = a*z", "a=3", [1.0, 2.0]),
        ("E - ecc*sin(E) = M", "ecc=0.999,M=0.01", [0.0, 4.0]),
        ("1/sqrt(f) = -2*log10(k/3.7 + 2.51/(Re*sqrt(f)))", "k=1e-4,Re=1e5", [1e-4, 1.0]),
        ("z^3 = a", "a=1e-30", [0.0, 1.0]),
    ];
    for (equation, with, bracket) in problems {
        let found = answer(&between(&[equation], with, bracket));
        let start = format!("{}={:e}", found.unknowns[0], found.solution[0]);
        let newton = answer(&SolveArgs { solver: Some("newton".to_owned()), ..args(&[equation], with, "", &start) });
        assert!(found.solved() && newton.solved(), "{equation}: {found}");
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
        assert!(close(found.solution[0], newton.solution[0]), "{equation}: {found} {newton}");
        let pairs = found.derivatives.iter().flatten().flatten().zip(newton.derivatives.iter().flatten().flatten());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() <= 1e-9 * b.abs()), "{equation}: {found} {newton}");
    }
}

#[test]
fn what_a_bracket_does_not_hold_is_not_solved() {
    // equation, bracket, status
    let problems: &[(&str, [f64; 2], &str)] = &[
        ("z^2 = 4", [3.0, 5.0], "no_sign_change"),
        ("z^2 + 1 = 0", [-2.0, 1.0], "no_sign_change"),
        ("z/abs(z) = 0.5", [-1.0, 2.0], "stagnated"),
        ("ln(z) = -40", [-1.0, 1.0], "non_finite"),
    ];
    for (equation, bracket, status) in problems {
        let found = answer(&between(&[equation], "", bracket));
        assert!(!found.solved() && found.derivatives.is_none(), "{equation}: {found}");
        assert_eq!(found.status.name(), *status, "{equation}: {found}");
    }
    // a pole has a sign change, too
    let pole = answer(&between(&["1/(z - 0.3) = 0"], "", &[0.0, 1.0]));
    assert!(!pole.solved() && pole.derivatives.is_none(), "{pole}");
    // a multiple root is found, and has no derivative
    let triple = answer(&between(&["z^3 = a"], "a=0", &[-1.0, 2.0]));
    assert!(triple.solved() && !triple.verdict.holds && triple.derivatives.is_none(), "{triple}");
    let stopped = SolveArgs { max_iterations: Some(2), ..between(&["z = cos(z)"], "", &[0.0, 1.0]) };
    assert_eq!(answer(&stopped).status.name(), "max_iterations");
}

#[test]
fn brackets_that_do_not_fit_are_refused_by_name() {
    let message = |request: &SolveArgs| run(request).unwrap_err().to_string();
    let cubic = |bracket: &[f64]| between(&["z^3 = 2"], "", bracket);
    for bracket in [[1.0, 1.0], [2.0, 1.0], [f64::NAN, 1.0], [0.0, f64::INFINITY]] {
        assert!(message(&cubic(&bracket)).starts_with("--bracket must be two finite numbers"), "{bracket:?}");
    }
    assert_eq!(message(&cubic(&[1.0])), "--bracket takes two numbers, not 1");
    let two = between(&["x + y = 1", "x = y"], "", &[0.0, 1.0]);
    assert_eq!(message(&two), "--bracket is for one unknown, not for x, y");
    let solver = |name: &str| Some(name.to_owned());
    let bare = SolveArgs { solver: solver("bracketing"), ..cubic(&[]) };
    assert_eq!(message(&bare), "the solver `bracketing` needs --bracket LOW,HIGH");
    for name in ["auto", "newton"] {
        let other = message(&SolveArgs { solver: solver(name), ..cubic(&[0.0, 2.0]) });
        assert_eq!(other, format!("--bracket is for the solver `bracketing`, not for `{name}`"));
    }
    let outside = SolveArgs { start: vec!["z=3".to_owned()], ..cubic(&[0.0, 2.0]) };
    assert_eq!(message(&outside), "the start z = 3 is not in the bracket 0,2");
    let inside = SolveArgs { start: vec!["z=1".to_owned()], solver: solver("Bracketing"), ..cubic(&[0.0, 2.0]) };
    assert!(solve(&inside).unwrap().solved());
    // the equations are read first
    assert!(message(&between(&["z = a"], "", &[0.0, 1.0])).contains("2 unknowns"));
}

#[test]
fn every_solver_solves_and_the_help_names_it() {
    let help = SolveArgs::augment_args(clap::Command::new("solve")).render_long_help().to_string();
    let known = help.split("--solver").nth(1).unwrap().split("[default").next().unwrap().replace(" or ", ",");
    let listed: Vec<&str> = known.split([',', '\n']).map(str::trim).collect();
    for name in names() {
        assert!(listed.contains(&name), "{name} in {listed:?}");
        let bracket = if name == "bracketing" { vec![0.0, 1.0] } else { Vec::new() };
        let request = args(&["z = tanh(w*z + x)"], "w=0.5,x=0.3", "", "");
        let found = answer(&SolveArgs { solver: Some(name.to_owned()), bracket, ..request });
        assert!(found.solved() && (found.solution[0] - 0.500_831_887_669_865).abs() < 1e-12, "{name}: {found}");
        let derivatives = found.derivatives.unwrap();
        assert!((derivatives[0][1] - 1.197_870_014_656_240_4).abs() < 1e-10, "{name}: {derivatives:?}");
    }
}
