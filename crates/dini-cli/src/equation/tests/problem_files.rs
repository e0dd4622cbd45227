//! Problem files, good and bad.

use crate::equation::ProblemFile;

#[test]
fn all_keys_are_read() {
    let text = r#"
equations = ["x^2 + y^2 = r^2", """
y = exp(-x)
  + c
"""]
for = ["x", "y"]
tol = 1e-12
solver = "newton"
max_iterations = 1_000

[with]
r = "sqrt(2)"
c = -1
"μ" = 0x10

[start]
y = 1
x = 2.5
"#;
    let file = ProblemFile::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let named = |list: &[(&str, f64)]| -> Vec<(String, f64)> { list.iter().map(|&(n, v)| (n.to_owned(), v)).collect() };
    let expected = ProblemFile {
        equations: Some(vec!["x^2 + y^2 = r^2".to_owned(), "y = exp(-x)\n  + c\n".to_owned()]),
        lines: file.lines.clone(),
        with: named(&[("r", 2.0_f64.sqrt()), ("c", -1.0), ("μ", 16.0)]),
        unknowns: Some(vec!["x".to_owned(), "y".to_owned()]),
        start: named(&[("y", 1.0), ("x", 2.5)]),
        tol: Some(1e-12),
        solver: Some("newton".to_owned()),
        max_iterations: Some(1_000),
    };
    assert_eq!(file, expected);
    assert_eq!(ProblemFile::parse(""), Ok(ProblemFile::default()));
}

#[test]
fn mistakes_are_reported_with_their_line() {
    let cases = [
        ("tol = 1\nequation = []", "line 2: unknown key `equation`; did you mean `equations`?"),
        ("max_iteration = 3", "line 1: unknown key `max_iteration`; did you mean `max_iterations`?"),
        (
            "[parameters]\nx = 1",
            "line 1: unknown key `parameters`; known are equations, with, for, start, tol, solver, max_iterations",
        ),
        ("equations = \"x = 1\"", "line 1: `equations` must be an array of strings, not a string"),
        ("equations = [\n\"x\",\n1]", "line 3: `equations` must be an array of strings, not an integer"),
        ("for = \"x\"", "line 1: `for` must be an array of strings, not a string"),
        ("solver = 1", "line 1: `solver` must be a string, not an integer"),
        ("with = 1", "line 1: `with` must be a table, not an integer"),
        ("[with]\nx = true", "line 2: `with.x` must be a number or a string with a formula, not a boolean"),
        ("[with]\nx = nan", "line 2: `with.x` must be finite, not NaN"),
        ("[with]\nx = 1\ny = \"2*x\"", "line 3: `with.y` must be a constant, but `x` is not\n  2*x\n    ^"),
        ("[start]\nx = \"1/0\"", "line 2: `start.x` must be finite, not inf\n  1/0\n  ^"),
        ("[start]\nx = \"\"", "line 2: empty expression\n  \n  ^"),
        ("tol = \"small\"", "line 1: `tol` must be a positive number, not a string"),
        ("tol = 0", "line 1: `tol` must be positive and finite, not 0"),
        ("tol = -1e-3", "line 1: `tol` must be positive and finite, not -0.001"),
        ("tol = nan", "line 1: `tol` must be positive and finite, not NaN"),
        ("max_iterations = 1.5", "line 1: `max_iterations` must be a positive integer, not a float"),
        ("max_iterations = 0", "line 1: `max_iterations` must be a positive integer, not 0"),
        ("max_iterations = -3", "line 1: `max_iterations` must be a positive integer, not -3"),
    ];
    for (text, message) in cases {
        let error = ProblemFile::parse(text).expect_err(text);
        assert_eq!(error.to_string(), message, "for {text}");
    }
    // The wording of the TOML parser is its own affair.
    for (text, line) in [("tol = 1\ntol = 2", 2), ("\n\nx = ", 3), ("[with\n", 1)] {
        let error = ProblemFile::parse(text).expect_err(text).to_string();
        assert!(error.starts_with(&format!("line {line}: not TOML: ")), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
}
