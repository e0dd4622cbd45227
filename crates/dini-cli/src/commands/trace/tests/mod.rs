//! Tests of the command through its library function.

mod files;
mod refusals;

use dini::solve::Control;
use serde_json::Value;

use super::{Report, TraceArgs, report};
use crate::failure::Failure;

fn args(equations: &[&str], along: &str, with: &str, start: &str) -> TraceArgs {
    let flag = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    TraceArgs {
        equations: equations.iter().map(|e| (*e).to_owned()).collect(),
        along: flag(along),
        with: flag(with),
        start: flag(start),
        ..TraceArgs::default()
    }
}

fn run(args: &TraceArgs) -> Result<Report, Failure> {
    report(args, &mut |_| Control::Continue)
}

fn json(args: TraceArgs) -> (Value, bool) {
    let report = run(&TraceArgs { json: true, ..args }).unwrap();
    (serde_json::from_str(&report.text).unwrap(), report.complete)
}

fn numbers(points: &Value, name: &str) -> Vec<f64> {
    let value =
        |point: &Value| if name == "a" { point["parameter"].as_f64() } else { point["unknowns"][name].as_f64() };
    points.as_array().unwrap().iter().map(|point| value(point).unwrap()).collect()
}

#[test]
fn the_s_of_a_layer_has_its_folds_and_its_stability() {
    let (found, complete) = json(args(&["z = tanh(2*z + x)"], "x=-1..1", "", "z=-0.9"));
    assert!(complete && found["complete"] == true && found["stop"] == serde_json::json!([null, "range"]));
    let (folds, z) = (numbers(&found["folds"], "a"), numbers(&found["folds"], "z"));
    assert!((folds[0] - 0.532_839_975_353_552).abs() < 1e-12 && (folds[1] + folds[0]).abs() < 1e-12);
    assert!((z[0] + 0.5f64.sqrt()).abs() < 1e-10);
    assert_eq!(found["parameter"], "x");
    assert_eq!(found["start_solved"], true);
    for point in found["points"].as_array().unwrap() {
        let (x, z) = (point["parameter"].as_f64().unwrap(), point["unknowns"]["z"].as_f64().unwrap());
        assert!((z - (2.0 * z + x).tanh()).abs() < 1e-14);
        if point["event"].is_null() {
            let slope = 1.0 - 2.0 * (1.0 - z * z);
            assert_eq!(point["stable"], slope > 0.0);
            assert_eq!(point["determinant"], if slope > 0.0 { 1 } else { -1 });
        }
    }
    let text = run(&args(&["z = tanh(2*z + x)"], "x=-1..1", "", "z=-0.9")).unwrap().text;
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(" points along x") && lines[1].starts_with("from x = -1, z = -0.99"), "{text}");
    assert!(
        lines[2].starts_with("fold: x = 0.53283997535355") && lines[3].starts_with("fold: x = -0.53283997535355"),
        "{text}"
    );
    assert!(lines[4].starts_with("to x = 1, z = 0.99"), "{text}");
    assert!(
        lines[6].starts_with("  stable from x = -1 to x = 0.532") && lines[7].starts_with("  unstable (1 of 1)"),
        "{text}"
    );
    assert_eq!(lines.len(), 9, "{text}");
}

#[test]
fn a_start_inside_is_traced_both_ways() {
    let (found, complete) = json(args(&["z^3 - z = a"], "a=-1..1", "a=0", "z=0.1"));
    assert!(complete);
    let points = numbers(&found["points"], "a");
    // the middle part rises to smaller z: the branch goes from one end to the other
    assert!(points[0].abs() == 1.0 && points[points.len() - 1] == -points[0]);
    assert_eq!(numbers(&found["folds"], "a").len(), 2);
    assert_eq!(points[found["start"].as_u64().unwrap() as usize], 0.0);
}

#[test]
fn a_closed_branch_a_crossing_and_a_hopf_point_are_said() {
    let (found, complete) = json(args(&["z^2 + a^2 = 1"], "a=-2..2", "a=0", "z=1"));
    assert!(complete && found["closed"] == true && numbers(&found["folds"], "a").len() == 2);
    let (found, _) = json(args(&["z^3 = a*z"], "a=-1..1", "", "z=0"));
    assert!(numbers(&found["branch_points"], "a")[0].abs() < 1e-12 && numbers(&found["folds"], "a").is_empty());
    let equations = ["A - (b + 1)*x + x^2*y = 0", "b*x - x^2*y = 0"];
    let mut brusselator = args(&equations, "b=0.5..4", "A=1.2", "x=1.2,y=0.5");
    brusselator.flow = Some("plus".to_owned());
    let (found, complete) = json(brusselator);
    assert!(complete, "{found:#}");
    assert!((numbers(&found["hopf"], "a")[0] - 2.44).abs() < 1e-10);
    assert!((found["hopf"][0]["frequency"].as_f64().unwrap() - 1.2).abs() < 1e-8);
}

#[test]
fn a_kink_is_no_fold() {
    for equation in ["abs(z) + a = 1", "if(z < 0, -z, 2*z) + a = 1", "max(z, -z) = 1 - a"] {
        let (found, complete) = json(args(&[equation], "a=0..2", "", "z=-1"));
        assert!(complete && numbers(&found["folds"], "a").is_empty(), "{equation}: {}", found["reason"]);
        let turns = numbers(&found["turns"], "a");
        assert!(turns.len() == 1 && (turns[0] - 1.0).abs() < 1e-9, "{equation}");
    }
    let text = run(&args(&["abs(z) + a = 1"], "a=0..2", "", "z=-1")).unwrap().text;
    assert!(text.contains("turn, no regular fold: a = ") && !text.contains("fold: a = 1\n"), "{text}");
}

#[test]
fn what_ends_early_is_incomplete_and_shown() {
    let mut short = args(&["z = a"], "a=0..1", "", "");
    short.max_points = Some(3);
    let report = run(&short).unwrap();
    assert!(!report.complete && report.text.contains("beyond the last point: the most points allowed were reached"));
    assert!(report.text.starts_with("4 points along a\n"), "{}", report.text);
    let (found, complete) = json(args(&["z = sqrt(a)"], "a=-1..1", "a=1", ""));
    assert!(!complete && found["stop"][0] == "domain" && found["points"].as_array().unwrap().len() > 10);
    let mut bounded = args(&["z^3 - z = a"], "a=-1..1", "a=1", "z=1.4");
    bounded.bounds = vec!["z=-0.7..2".to_owned()];
    let (found, complete) = json(bounded);
    assert!(complete && found["reason"][0] == "z is at its bound" && found["points"][0]["unknowns"]["z"] == -0.7);
    let stopped = report_with_stop();
    assert!(!stopped.complete && stopped.text.contains("interrupted"), "{}", stopped.text);
}

fn report_with_stop() -> Report {
    let mut seen = 0;
    report(&args(&["z = a"], "a=0..1", "", ""), &mut |_| {
        seen += 1;
        if seen < 5 { Control::Continue } else { Control::Stop }
    })
    .unwrap()
}

#[test]
fn without_a_root_at_the_start_the_search_is_shown() {
    let report = run(&args(&["z^2 = a"], "a=-1..1", "", "")).unwrap();
    assert!(!report.complete && report.text.starts_with("not solved: "), "{}", report.text);
    assert!(report.text.ends_with("begin elsewhere with --with\n"), "{}", report.text);
    let crossing = run(&args(&["z^3 = a*z"], "a=-1..1", "a=0", "z=0")).unwrap();
    assert!(
        !crossing.complete && crossing.text.contains("not traced: there is no single direction"),
        "{}",
        crossing.text
    );
    let (found, complete) = json(args(&["z^2 = a"], "a=-1..1", "", ""));
    assert!(!complete && found["search"]["status"] != "converged" && found["points"].as_array().unwrap().is_empty());
}

#[test]
fn other_values_and_constants_are_said() {
    let report = run(&args(&["z = k*a + pi*c"], "a=0..1", "c=2,k=c/4", "")).unwrap();
    assert!(
        report.text.contains("with the constant pi = 3.14") && report.text.contains("with k = 0.5"),
        "{}",
        report.text
    );
}
