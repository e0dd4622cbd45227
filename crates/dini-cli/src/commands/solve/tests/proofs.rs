//! `--certify` and `--all`.

use serde_json::Value;

use super::super::{SolveArgs, SolveError, run};
use super::args;

fn certified(equations: &[&str], with: &str, start: &str) -> Value {
    let args = SolveArgs { certify: true, json: true, ..args(equations, with, "", start) };
    let report = run(&args).unwrap_or_else(|error: SolveError| panic!("{equations:?}: {error}"));
    serde_json::from_str::<Value>(&report.text).expect("JSON")["certificate"].clone()
}

fn every(equations: &[&str], with: &str, sides: &str) -> (Value, bool) {
    let args = SolveArgs { all: true, sides: vec![sides.to_owned()], json: true, ..args(equations, with, "", "") };
    let report = run(&args).unwrap_or_else(|error: SolveError| panic!("{equations:?}: {error}"));
    (serde_json::from_str(&report.text).expect("JSON"), report.solved)
}

#[test]
fn a_certificate_says_how_far_values_may_change() {
    // the fold is at x = 0.53284 with the other value at 2
    for (start, distance) in [("z=-0.9", 0.0328), ("z=0.9", 1.0328)] {
        let proof = certified(&["z = tanh(2*z + x)"], "x=0.5", start);
        assert_eq!(
            (&proof["holds"], &proof["method"], &proof["reason"]),
            (&true.into(), &"Krawczyk".into(), &"".into())
        );
        let radius = proof["parameters"]["x"].as_f64().expect("a radius");
        assert!(radius > 0.25 * distance && radius < distance, "{radius}");
        assert!(proof["ball"].as_f64().expect("a ball") < 1e-12);
        assert!(proof["unique_within"].as_f64().expect("a distance") > 1e-3);
        assert!(proof["together"].as_f64().is_some_and(|together| together > 0.25 * distance && together <= radius));
    }
    let proof = certified(&["x + y = s", "x*y = 2"], "s=3", "x=1.1,y=1.8");
    // double roots from s = 2 sqrt 2 on
    let radius = proof["parameters"]["s"].as_f64().expect("a radius");
    assert!(radius < 3.0 - 8f64.sqrt() && radius > 0.25 * (3.0 - 8f64.sqrt()), "{radius}");
}

#[test]
fn what_is_not_proved_says_why() {
    for (equations, with, start) in [
        (&["x^2 = 0"][..], "", "x=0.3"),
        (&["x = abs(a)"], "a=0", ""),
        (&["z = tanh(2*z + x)"], "x=0.5328399753535520", "z=-0.7"),
        (&["x^2 = -1"], "", ""),
        (&["x + y = 1", "2*x + 2*y = 2"], "", "x=1,y=0"),
    ] {
        let proof = certified(equations, with, start);
        assert_eq!(proof["holds"], Value::Bool(false), "{equations:?}: {proof}");
        assert!(!proof["reason"].as_str().expect("a reason").is_empty());
    }
    let text = run(&SolveArgs { certify: true, ..args(&["x^2 = a"], "a=2", "", "x=1") }).expect("a root").text;
    assert!(text.contains("certified: a root within") && text.contains("while a changes by up to"), "{text}");
}

#[test]
fn every_root_is_listed_with_its_derivatives() {
    let (json, solved) = every(&["z = tanh(2*z + x)"], "x=0.5", "z=-2..2");
    let roots = json["roots"].as_array().expect("roots");
    assert!(solved && json["complete"] == true && roots.len() == 3, "{json}");
    let z = |k: usize| roots[k]["solution"]["z"].as_f64().expect("a number");
    assert!(z(0) < z(1) && z(1) < z(2));
    assert!(
        roots.iter().all(|root| root["verdict"]["holds"] == true && root["derivatives"]["z"]["x"].is_number()),
        "{json}"
    );
    // boundaries of the box, none, and a double root
    let (json, _) = every(&["x^2 = 4"], "", "x=-2..2");
    assert!(json["roots"].as_array().is_some_and(|roots| roots.len() == 2), "{json}");
    let (json, solved) = every(&["x^2 = -1"], "", "x=-5..5");
    assert!(solved && json["complete"] == true && json["roots"].as_array().is_some_and(Vec::is_empty), "{json}");
    let (json, solved) = every(&["(x - 1)^2*(x - 2)"], "", "x=-5..5");
    let left = json["undecided"].as_array().expect("boxes");
    assert!(
        !solved && json["complete"] == false && json["roots"].as_array().is_some_and(|roots| roots.len() == 1),
        "{json}"
    );
    assert!(left.len() == 1 && left[0]["box"]["x"][0].as_f64().is_some_and(|low| low <= 1.0), "{json}");
    let (json, _) = every(&["x^2 + y^2 = 1", "y = x^2"], "", "x=-2..2,y=-2..2");
    assert!(json["complete"] == true && json["roots"].as_array().is_some_and(|roots| roots.len() == 2), "{json}");
}

#[test]
fn no_proof_rests_on_rounding() {
    // 0.1 + 0.2 is 0.3; a literal that is too small for a number; one with more digits than a number
    for (equation, sides) in [
        ("if(0.1 + 0.2 <= 0.3, x - 1, x + 1) = 0", "x=-5..5"),
        ("x^2 = 0.1*3 - 0.3", "x=-1..1"),
        ("x^2 = 1e-640", "x=-1..1"),
        ("x^2 - 2*x + 1.0000000000000000000000001 = 0", "x=-5..5"),
        ("x^2 - 2*x + 0.9999999999999999999999999 = 0", "x=-5..5"),
    ] {
        let (json, _) = every(&[equation], "", sides);
        assert!(json["complete"] == false, "{equation}: {json}");
        assert!(json["roots"].as_array().is_some_and(Vec::is_empty), "{equation}: {json}");
    }
    // what whole numbers and halves decide is decided
    let (json, _) = every(&["if(1 + 2 <= 3, x - 1, x + 1) = 0"], "", "x=-5..5");
    assert!(json["complete"] == true && json["roots"][0]["solution"]["x"] == 1.0, "{json}");
    // 1e-640 leaves a band about 0 and nothing else
    let (json, _) = every(&["x^2 = 1e-640"], "", "x=-1..1");
    assert!(json["undecided"][0]["box"]["x"][1].as_f64().is_some_and(|high| high >= 1e-320), "{json}");
}

#[test]
fn boxes_that_are_none_are_refused() {
    let refused = |sides: &str, why: &str| {
        let args =
            SolveArgs { all: true, sides: vec![sides.to_owned()], ..args(&["x + y = 1", "x = y^2"], "", "", "") };
        let message = run(&args).expect_err("a refusal").to_string();
        assert!(message.contains(why), "{sides}: {message}");
    };
    refused("x=0..1", "--box lacks y");
    refused("x=0..1,y=2..1", "must be below");
    refused("x=0..1,y=1..1", "must be below");
    refused("x=0..1,y=0..", "two finite ends");
    refused("x=0..1,y=0..1,w=0..1", "which `w` is not");
    refused("x=0..1,y=0..1/0", "");
    let sweep = SolveArgs { certify: true, ..args(&["x = a"], "a=1..3:1", "", "") };
    assert!(run(&sweep).expect_err("a refusal").to_string().contains("--certify is for one value"));
}
