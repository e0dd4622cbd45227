//! Several values of one symbol.

use serde_json::Value;

use super::super::{Report, SolveArgs, run};
use super::args;

fn csv(request: SolveArgs) -> Vec<Vec<String>> {
    let Report { text, .. } = run(&SolveArgs { csv: true, ..request }).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn number(field: &str) -> f64 {
    field.parse().unwrap()
}

#[test]
fn a_row_a_value_with_all_derivatives() {
    let rows = csv(args(&["z = tanh(w*z + x)"], "w=[0.5,-1,0],x=0.3", "", ""));
    assert_eq!(rows[0], ["w", "z", "dz/dw", "dz/dx", "status", "holds", "jump", "note"]);
    assert_eq!(rows.len(), 4);
    for row in &rows[1..] {
        let (w, z) = (number(&row[0]), number(&row[1]));
        assert!((z - (w * z + 0.3).tanh()).abs() < 1e-15);
        let slope = 1.0 - z * z;
        assert!((number(&row[3]) - slope / (1.0 - w * slope)).abs() < 1e-12);
        assert_eq!(row[4..], ["converged", "true", "false", ""]);
    }
    let ranges =
        [("a=1..2:0.25", 5), ("a=1..3", 3), ("a=3..1", 3), ("a=1..0:-0.5", 3), ("a=2..2", 1), ("a=0..1:0.1", 11)];
    for (with, count) in ranges {
        let rows = csv(args(&["x = a"], with, "", ""));
        assert_eq!(rows.len(), count + 1, "{with}");
        assert!(rows[1..].iter().all(|row| row[0] == row[1]));
    }
    // the end is as typed
    assert_eq!(csv(args(&["x = a"], "a=0..0.3:0.1", "", "")).last().unwrap()[0], "0.3");
}

#[test]
fn a_branch_is_followed_and_a_jump_is_said() {
    // x^3 - x = a: three branches between the folds at -+ 0.3849
    let up = csv(args(&["x^3 - x = a"], "a=-1..1:0.1", "", ""));
    let jumps: Vec<f64> = up[1..].iter().filter(|row| row[5] == "true").map(|row| number(&row[0])).collect();
    assert_eq!(jumps, [0.4]);
    assert!(up[1..].iter().all(|row| number(&row[1]) < 0.0 || number(&row[0]) > 0.39));
    let down = csv(args(&["x^3 - x = a"], "a=1..-1:-0.1", "", ""));
    let jumps: Vec<f64> = down[1..].iter().filter(|row| row[5] == "true").map(|row| number(&row[0])).collect();
    assert_eq!(jumps, [-0.4]);
    // from the middle branch on
    let middle = csv(args(&["x^3 - x = a"], "a=0..0.3:0.1", "", "x=0.1"));
    assert!(middle[1..].iter().all(|row| number(&row[1]).abs() < 0.4 && row[5] == "false"), "{middle:?}");
    // long steps on one branch are no jump
    let exponential = csv(args(&["ln(x) = a"], "a=-20..20:10", "", ""));
    assert!(exponential[1..].iter().all(|row| row[5] == "false"), "{exponential:?}");
    // beyond the fold of x^2 = a there is nothing
    let request = args(&["x^2 = a"], "a=[4,1,-1]", "", "x=2");
    let Report { text, solved } = run(&request).unwrap();
    assert!(!solved && text.contains("not solved"), "{text}");
    let rows = csv(request);
    assert_eq!((rows[3][1].as_str(), rows[3][2].as_str()), ("", ""));
}

#[test]
fn sweeps_go_with_everything_else() {
    // bounds of sums, files, bounds, brackets, json
    let sums = csv(args(&["x = sum(i, 1, n, i)"], "n=1..4", "", ""));
    assert_eq!(sums[1..].iter().map(|row| number(&row[1])).collect::<Vec<_>>(), [1.0, 3.0, 6.0, 10.0]);
    let path = std::env::temp_dir().join(format!("dini-sweep-{}.toml", std::process::id()));
    std::fs::write(
        &path,
        "equations = [\"h^2 = K*(c - h)\"]\n[with]\nK = 1e-5\nc = [0.1, 0.2]\n[bounds]\nh = \"0..\"\n",
    )
    .unwrap();
    let rows = csv(SolveArgs { file: Some(path), ..SolveArgs::default() });
    assert!(rows.len() == 3 && rows[1..].iter().all(|row| number(&row[1]) > 0.0), "{rows:?}");
    let bracket = SolveArgs { bracket: vec![0.0, 10.0], ..args(&["x^2 = a"], "a=1..4", "", "") };
    assert!(csv(bracket)[1..].iter().all(|row| (number(&row[1]) - number(&row[0]).sqrt()).abs() < 1e-15));
    let request = SolveArgs { json: true, ..args(&["x^2 = a + b"], "a=1..3,b=a/2", "", "x=1") };
    let json: Value = serde_json::from_str(&run(&request).unwrap().text).unwrap();
    assert_eq!(json["sweep"], "a");
    let row = &json["rows"][2];
    assert_eq!((row["value"].as_f64(), row["values"]["b"].as_f64()), (Some(3.0), Some(1.5)));
    assert!((row["derivatives"]["x"]["a"].as_f64().unwrap() - 1.5 / (2.0 * 4.5f64.sqrt())).abs() < 1e-12);
    // one row without a sweep
    let single = csv(args(&["x = 2*a"], "a=3", "", ""));
    assert_eq!((single[0][0].as_str(), single[1][0].as_str()), ("x", "6"));
}

#[test]
fn text_is_a_table() {
    let Report { text, solved } = run(&args(&["x^2 = a"], "a=1..3", "", "x=1")).unwrap();
    let expected = " \
 a  x            dx/da
 1  1            0.5
 2  1.414213562  0.3535533906
 3  1.732050808  0.2886751346
";
    assert!(solved);
    assert_eq!(text, expected);
}

#[test]
fn sweeps_that_do_not_fit_are_refused() {
    let message = |with: &str| run(&args(&["x = a + b"], with, "", "")).unwrap_err().to_string();
    assert!(message("a=1..2,b=1..2").contains("both `a` and `b`"));
    assert!(message("a=1..2:0,b=1").contains("do not lead from 1 to 2"));
    assert!(message("a=1..2:-1,b=1").contains("do not lead from 1 to 2"));
    assert!(message("a=1..1e9,b=1").contains("at most 10000"));
    assert!(message("a=..2,b=1").contains("has no start"));
    assert!(message("a=1..,b=1").contains("has no end"));
    assert!(message("a=[],b=1").contains("empty") || message("a=[],b=1").contains("missing"));
    assert!(message("a=1:2,b=1").contains("step of a range"));
    let family = args(&["x[i] = i for i = 1..n"], "n=1..3", "", "");
    assert!(run(&family).unwrap_err().to_string().contains("the unknowns change with `n`"));
}
