//! Problem files, good and bad.

use std::f64::consts::{FRAC_PI_2, TAU};

use crate::equation::{Definition, Interval, ProblemFile};

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
bracket = [-1, "2*pi"]

[with]
r = "sqrt(2*c)"
c = -1
"μ" = 0x10

[start]
y = 1
x = 2.5
"T[0]" = 3

[bounds]
y = "0..pi/2"
"x[ 1 ]" = "..-1"
"#;
    let file = ProblemFile::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let named = |list: &[(&str, f64)]| -> Vec<(String, f64)> { list.iter().map(|&(n, v)| (n.to_owned(), v)).collect() };
    let expected = ProblemFile {
        equations: Some(vec!["x^2 + y^2 = r^2".to_owned(), "y = exp(-x)\n  + c\n".to_owned()]),
        lines: file.lines.clone(),
        with: file.with.clone(),
        unknowns: Some(vec!["x".to_owned(), "y".to_owned()]),
        start: named(&[("y", 1.0), ("x", 2.5), ("T[0]", 3.0)]),
        bounds: vec![
            ("y".to_owned(), Interval { low: Some(0.0), high: Some(FRAC_PI_2) }),
            ("x[1]".to_owned(), Interval { low: None, high: Some(-1.0) }),
        ],
        bracket: Some([-1.0, TAU]),
        tol: Some(1e-12),
        solver: Some("newton".to_owned()),
        max_iterations: Some(1_000),
    };
    assert_eq!(file, expected);
    let names: Vec<&str> = file.with.iter().map(Definition::name).collect();
    assert_eq!(names, ["r", "c", "μ"]);
    assert_eq!(ProblemFile::parse(""), Ok(ProblemFile::default()));
}

#[test]
fn mistakes_are_reported_with_their_line() {
    let cases = [
        ("tol = 1\nequation = []", "line 2: unknown key `equation`; did you mean `equations`?"),
        ("max_iteration = 3", "line 1: unknown key `max_iteration`; did you mean `max_iterations`?"),
        (
            "[parameters]\nx = 1",
            "line 1: unknown key `parameters`; known are equations, with, for, start, bounds, bracket, tol, \
             solver, max_iterations",
        ),
        ("equations = \"x = 1\"", "line 1: `equations` must be an array of strings, not a string"),
        ("equations = [\n\"x\",\n1]", "line 3: `equations` must be an array of strings, not an integer"),
        ("for = \"x\"", "line 1: `for` must be an array of strings, not a string"),
        ("solver = 1", "line 1: `solver` must be a string, not an integer"),
        ("with = 1", "line 1: `with` must be a table, not an integer"),
        ("[with]\nx = true", "line 2: `with.x` must be a number or a string with a formula, not a boolean"),
        ("[with]\nx = nan", "line 2: `with.x` must be finite, not NaN"),
        ("[with]\nx = 1\ny = \"2**x\"", "line 3: `**` is not an operator (write ^ for a power)\n  2**x\n   ^"),
        ("[with]\nx = \"1/0\"", "line 2: the value of `x` must be finite, not inf\n  1/0\n  ^"),
        ("[with]\n\"2x\" = 1", "line 2: a name must come here, not `2`\n  2x\n  ^"),
        ("[start]\n\"x[\" = 1", "line 2: no `]` matches this `[`\n  x[\n   ^"),
        ("[start]\n\"x,y\" = 1", "line 2: a single name must come here\n  x,y\n  ^"),
        ("[start]\nx = \"2*y\"", "line 2: `start.x` must be a constant, but `y` is not\n  2*y\n    ^"),
        ("bracket = 1", "line 1: `bracket` must be an array of two numbers, not an integer"),
        ("bracket = [1]", "line 1: `bracket` must be two numbers, not 1"),
        ("bracket = [1, true]", "line 1: `bracket` must be a number or a string with a formula, not a boolean"),
        ("[bounds]\nh = 0", "line 2: `bounds.h` must be a string, not an integer"),
        ("[bounds]\nh = \"0\"", "line 2: the bounds of `h` must be an interval (write 0..1, 0.. or ..1)\n  0\n  ^"),
        ("[bounds]\nh = \"2..1\"", "line 2: the lower bound of `h`, 2, must be below the upper one, 1\n  2..1\n  ^"),
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
