//! `dini solve` on problems that people have asked about in public, and on equations at which it was wrong before.
//!
//! `data/solve.json`: command lines with their source, the root and its derivatives, computed at 60 digits with mpmath and rounded
//! to f64. The equations and numbers are facts taken from the places named there.

use assert_cmd::Command;
use serde_json::Value;

fn solve(args: &[&str]) -> (i32, String, String) {
    let output = Command::cargo_bin("dini").expect("the command").arg("solve").args(args).output().expect("a run");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// Values that `--with` gives, where they are plain numbers.
fn values(args: &[&str]) -> Vec<(String, f64)> {
    let lists = args.iter().zip(args.iter().skip(1)).filter(|(flag, _)| **flag == "--with");
    let entries = lists.flat_map(|(_, list)| list.split(','));
    entries
        .filter_map(|entry| Some((entry.split_once('=')?.0.to_owned(), entry.split_once('=')?.1.parse().ok()?)))
        .collect()
}

#[test]
fn real_problems_have_their_recorded_roots_and_derivatives() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/solve.json")).expect("JSON");
    assert_eq!(cases.len(), 120);
    let mut wrong = Vec::new();
    for case in &cases {
        let args: Vec<&str> = case["args"].as_array().expect("args").iter().filter_map(Value::as_str).collect();
        let (code, out, err) = solve(&[&["--json"], args.as_slice()].concat());
        if code != 0 {
            wrong.push(format!("{}: exit {code}: {err}", case["id"]));
            continue;
        }
        let found: Value = serde_json::from_str(&out).expect("JSON");
        let roots = case["solution"].as_object().expect("a solution");
        let off = |name: &str, root: &Value| {
            let (found, root) = (found["solution"][name].as_f64(), root.as_f64().expect("a number"));
            !found.is_some_and(|found| (found - root).abs() <= 1e-9 * root.abs())
        };
        if roots.iter().any(|(name, root)| off(name, root)) {
            // another root is right, too
            let residual = found["residual"].as_f64().unwrap_or(f64::INFINITY);
            if residual > 1e-9 {
                wrong.push(format!("{}: {}", case["id"], found["solution"]));
            }
            continue;
        }
        let given = values(&args);
        for (name, expected) in case["derivatives"].as_object().expect("derivatives") {
            let (unknown, parameter) = name[1..].split_once("/d").expect("d<unknown>/d<parameter>");
            let (found, expected) = (&found["derivatives"][unknown][parameter], expected.as_f64().expect("a number"));
            // an entry that is small beside z / p is known to that scale
            let p = given.iter().find(|(known, _)| known == parameter).map_or(1.0, |(_, p)| p.abs());
            let scale = expected.abs().max(1e-6 * roots[unknown].as_f64().map_or(0.0, f64::abs) / p.max(1e-300));
            if !found.as_f64().is_some_and(|found| (found - expected).abs() <= 1e-8 * scale) {
                wrong.push(format!("{}: {name} = {found}, not {expected}", case["id"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_has_no_root_is_not_solved() {
    let cases: [&[&str]; 16] = [
        &["x + y = 1", "2*x + 2*y = 3"],
        &["x*y = 2", "3*x*y = 7"],
        &["x + 2*y + 3*z = 1", "4*x + 5*y + 6*z = 2", "7*x + 8*y + 9*z = 4"],
        &["a + b = 10", "a + b + c = 12", "c = 3"],
        &["a + b = 10", "3*a + 3*b = 25", "c = a*b"],
        &["sin(x) = 1.5", "y = 2"],
        &["cos(x) = 2", "y = 3*x"],
        &["(x - 6)*(y - 5) = 0", "(y - 2)/(x + y - 8) = 3", "--start", "x=6,y=-10"],
        &["y^2 = 4973.2", "y + 0.003*y^3 + 0.0933*ln(x + 3167) = 4.862"],
        &["x/(1+x) = 1"],
        &["1/x + 1/y = 0", "x + y = 1"],
        &["tanh(x) = 1"],
        &["tanh(x) = 1", "--start", "x=18"],
        &["exp(-x) = 0"],
        &["x + y = 1", "2*x + 2*y = 3", "--start", "x=1e15,y=-1e15"],
        &["(x - 1)^2 + 1e-13 = 0"],
    ];
    for args in cases {
        let (code, out, err) = solve(args);
        assert_eq!(code, 1, "{args:?}: {out}{err}");
    }
}

#[test]
fn random_inconsistent_systems_are_not_solved() {
    let mut state = 12345u64;
    let mut digit = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (state >> 33) % 9
    };
    for _ in 0..60 {
        let (a, b, c, k) = (digit(), digit(), digit(), 1 + digit());
        let first = format!("{a}*x + {b}*y = {c}");
        let second = format!("{}*x + {}*y = {}", k * a, k * b, k * c + digit());
        let (code, out, _) = solve(&[&first, &second]);
        assert_eq!(code, 1, "{first}, {second}: {out}");
    }
}

#[test]
fn right_answers_are_found() {
    type Expected = (&'static str, f64);
    let cases: [(&[&str], &[Expected]); 14] = [
        (&["ln(T/300 - 1) = a", "p = 2*T", "--with", "a=0.5"], &[("T", 794.616_381_210_038_4)]),
        (&["sqrt(x - 500) = 2", "y = 3*x"], &[("x", 504.0), ("y", 1512.0)]),
        (&["-x + y = 1", "x*y = 3"], &[]),
        (&["x^2 = 0", "--start", "x=0.3"], &[("x", 0.0)]),
        (&["x^2 = y", "y = 0", "--start", "x=0.5,y=0.5"], &[("x", 0.0), ("y", 0.0)]),
        (&["exp(x^2) = cos(x)", "--start", "x=2"], &[("x", 0.0)]),
        (&["x^2 + y^2 = 1", "0.3*x^2 + 0.3*y^2 = 0.3", "--start", "x=1,y=2"], &[]),
        (&["E - e*sin(E) = M", "--with", "M=1,e=0.1"], &[("E", 1.088_597_752_397_893_6)]),
        (&["e^2 = 4", "--for", "e", "--start", "e=1"], &[("e", 2.0)]),
        (&["erf(x) = 0.5"], &[("x", 0.476_936_276_204_469_9)]),
        (&["lambertw(x) = 1"], &[("x", std::f64::consts::E)]),
        (&["gamma(x) = 6", "--start", "x=3.5"], &[("x", 4.0)]),
        (&["mod(x, 3) = 1.5", "--start", "x=7"], &[("x", 7.5)]),
        (&["max(x, 1, 2*x) = 6", "--start", "x=1"], &[("x", 3.0)]),
    ];
    for (args, expected) in cases {
        let (code, out, err) = solve(&[&["--json"], args].concat());
        assert_eq!(code, 0, "{args:?}: {out}{err}");
        let found: Value = serde_json::from_str(&out).expect("JSON");
        for (name, root) in expected {
            let z = found["solution"][name].as_f64().expect("a number");
            assert!((z - root).abs() <= 1e-7_f64.max(1e-12 * root.abs()), "{args:?}: {name} = {z}, not {root}");
        }
    }
}

#[test]
fn a_singular_start_leads_to_a_root_within_a_turn() {
    // a two-link arm, targets within reach
    let mut near = 0;
    for k in 0..40 {
        let (radius, angle) = (0.2 + 0.015 * f64::from(k), 0.37 * f64::from(k));
        let target = format!("l1=0.5,l2=0.4,x={},y={}", radius * angle.cos(), radius * angle.sin());
        let equations = ["x = l1*cos(q1) + l2*cos(q1 + q2)", "y = l1*sin(q1) + l2*sin(q1 + q2)"];
        let (code, out, _) = solve(&["--json", equations[0], equations[1], "--with", &target, "--start", "q1=0,q2=0"]);
        let found: Value = serde_json::from_str(&out).expect("JSON");
        let turn = 2.0 * std::f64::consts::PI;
        let within = |name: &str| found["solution"][name].as_f64().is_some_and(|q| q.abs() <= turn);
        near += usize::from(code == 0 && within("q1") && within("q2"));
    }
    assert!(near >= 36, "{near} of 40");
}

#[test]
fn a_fold_is_called_a_fold() {
    let equations = ["x = l1*cos(q1) + l2*cos(q1 + q2)", "y = l1*sin(q1) + l2*sin(q1 + q2)"];
    let with = ["--with", "l1=0.5,l2=0.4,x=0.9,y=0", "--start", "q1=0.1,q2=0.1"];
    let (code, out, _) = solve(&[&equations[..], &with[..]].concat());
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("fold") || out.contains("singular"), "{out}");
}

#[test]
fn equations_come_from_plain_files_and_standard_input() {
    let mut command = Command::cargo_bin("dini").expect("the command");
    command.args(["solve", "--file", "-"]).write_stdin("# a pair\nx + y = 3\n\nx*y = 2  # and its product\n");
    command.assert().success();
    let mut command = Command::cargo_bin("dini").expect("the command");
    let output = command.args(["solve", "--file", "-"]).write_stdin("x + y = 3\nx*y == 2\n").output().expect("a run");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(2) && err.contains("line 2"), "{err}");
}

#[test]
fn mistakes_have_hints() {
    for (equation, hint) in [
        ("E - e*sin(E) = 1", "--with e="),
        ("e^2 = 4", "--for e"),
        ("x! = 6", "gamma(x + 1)"),
        ("|x| = 3", "abs("),
        ("x % 3 = 1", "mod(x, y)"),
        ("sin(30°) = x", "pi/180"),
        ("frobnicate(x) = 1", "known are"),
    ] {
        let (code, _, err) = solve(&[equation]);
        assert!(code == 2 && err.contains(hint), "{equation}: {err}");
    }
    let (code, _, err) = solve(&["x = 1", "x + y = 2", "y = 3"]);
    assert!(code == 2 && err.contains("3 equations but 2 unknowns"), "{err}");
}
