//! Flags, problem files and output.

use std::path::PathBuf;

use serde_json::Value;

use super::super::{SolveArgs, run};
use super::{answer, args};

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("dini-solve-{}-{name}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn flags_override_and_extend_the_file() {
    let path = file(
        "overlay",
        "equations = [\"x^2 + y^2 = r^2\"]\nfor = [\"x\", \"y\"]\ntol = 1e-9\nsolver = \"newton\"\n\
         [with]\nr = \"sqrt(2)\"\nm = 1\n[start]\nx = 0.5\ny = 0.5\n",
    );
    let request = SolveArgs { file: Some(path), ..args(&["y = m*x"], "r=2*sqrt(2)", "", "x=-1,y=-1") };
    let found = answer(&request);
    assert!(found.solution.iter().all(|z| (z + 2.0).abs() < 1e-9), "{found}");
    assert_eq!(found.parameters, ["m", "r"]);
    let path = file(
        "whole",
        "equations = [\"z^2 = a\"]\nmax_iterations = 50\nsolver = \"auto\"\n[with]\na = 9\n[start]\nz = -1\n",
    );
    let found = answer(&SolveArgs { file: Some(path), ..SolveArgs::default() });
    assert!((found.solution[0] + 3.0).abs() < 1e-12);
}

#[test]
fn tolerance_and_iteration_limit_are_obeyed() {
    let slow = |tol: f64, max_iterations| {
        let request = args(&["z = 0.99*z + 0.01"], "", "", "z=2");
        answer(&SolveArgs {
            tol: Some(tol),
            max_iterations: Some(max_iterations),
            solver: Some("picard".to_owned()),
            ..request
        })
    };
    assert_eq!(slow(1e-12, 20).status.name(), "max_iterations");
    let (loose, tight) = (slow(1e-3, 100_000), slow(1e-13, 100_000));
    assert!(loose.solved() && tight.solved());
    assert!(loose.iterations < tight.iterations, "{} {}", loose.iterations, tight.iterations);
    assert!((loose.solution[0] - 1.0).abs() < 2e-3 && (tight.solution[0] - 1.0).abs() < 1e-12);
    // below what rounding allows there is still a root
    for tol in [1e-16, 1e-300] {
        let found = answer(&SolveArgs { tol: Some(tol), ..args(&["z^3 - 6*z^2 + 11*z = 6"], "", "", "z=3.3") });
        assert!(found.solved() && (found.solution[0] - 3.0).abs() < 1e-13, "{found}");
    }
}

#[test]
fn json_has_the_documented_shape() {
    let request = SolveArgs { json: true, ..args(&["z = tanh(w*z + x)"], "w=0.5,x=0.3", "", "") };
    let report = run(&request).unwrap();
    let json: Value = serde_json::from_str(&report.text).unwrap();
    assert!(report.solved && report.text.ends_with("}\n"));
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        keys(&json),
        [
            "constants",
            "values",
            "status",
            "solution",
            "residual",
            "iterations",
            "accuracy",
            "origin",
            "attempts",
            "derivatives",
            "verdict"
        ]
    );
    assert_eq!(keys(&json["derivatives"]["z"]), ["w", "x"]);
    assert_eq!(keys(&json["verdict"]), ["holds", "condition", "reason"]);
    assert_eq!(json["status"], "converged");
    let z = json["solution"]["z"].as_f64().unwrap();
    assert_eq!(json["residual"].as_f64().unwrap(), (z - (0.5 * z + 0.3).tanh()).abs());
    // no parameters: empty objects; no solution: nulls
    let request = SolveArgs { json: true, ..args(&["z = cos(z)"], "", "", "") };
    let json: Value = serde_json::from_str(&run(&request).unwrap().text).unwrap();
    assert_eq!(json["derivatives"]["z"], serde_json::json!({}));
    let request = SolveArgs { json: true, ..args(&["ln(-1 - z^2) = a"], "a=1", "", "") };
    let report = run(&request).unwrap();
    let json: Value = serde_json::from_str(&report.text).unwrap();
    assert!(!report.solved && json["residual"].is_null() && json["verdict"]["condition"].is_null());
    assert!(json["derivatives"]["z"]["a"].is_null() && json["solution"]["z"].is_number());
}

#[test]
fn text_is_aligned() {
    let found = answer(&args(&["x + long = s", "x - long = d"], "s=1,d=4", "", ""));
    let expected = "\
x    =  2.5    (1 iteration, residual 0)
long = -1.5
dx/ds    =  0.5
dx/dd    =  0.5
dlong/ds =  0.5
dlong/dd = -0.5
verdict: the implicit function theorem holds (condition estimate 2.0)
";
    assert_eq!(found.to_string(), expected);
}

#[test]
fn lists_may_be_repeated_spaced_and_negative() {
    let mut request = args(&["a*z + b = c*y", " y = 2 "], "", "z , y", "");
    request.with = vec![" a = -2 ".to_owned(), "b=-1e-3,c = -(1/4)".to_owned()];
    request.start = vec!["z=-1".to_owned(), "y=-pi".to_owned()];
    let found = answer(&request);
    assert!(found.solved() && (found.solution[0] - 0.2495).abs() < 1e-15, "{found}");
}
