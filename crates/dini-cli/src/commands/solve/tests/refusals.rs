//! Requests that are not understood.

use std::path::PathBuf;

use super::super::{SolveArgs, run};
use super::args;

#[test]
fn bad_requests_are_refused_with_a_clear_message() {
    // equations, --with, --for, --start, part of the message
    let requests: &[(&[&str], &str, &str, &str, &str)] = &[
        (&[], "", "", "", "no equation"),
        (&["x[i] = 1 for i = 3..1"], "", "", "", "no equation"),
        (&[""], "", "", "", "empty"),
        (&["="], "", "", "", "nothing to the left"),
        (&["z ="], "", "", "", "nothing to the right"),
        (&["z = = 1"], "", "", "", "single `=`"),
        (&["z == 1"], "", "", "", "="),
        (&["z = 1 = 2"], "", "", "", "single `=`"),
        (&["z = (1"], "", "", "", "^"),
        (&["z = 1)"], "", "", "", "^"),
        (&["z = 2 +"], "", "", "", "^"),
        (&["z = * 2"], "", "", "", "^"),
        (&["z = sinn(z)"], "", "", "", "sin"),
        (&["z = sin z"], "", "", "", "^"),
        (&["z = 1..2"], "", "", "", "^"),
        (&["z = 3 $ 4"], "", "", "", "^"),
        (&["z = atan2(z)"], "", "", "", "atan2"),
        (&["z = 2 3"], "", "", "", "^"),
        (&["1 = 2"], "", "", "", "no unknown"),
        (&["z = a"], "", "", "", "2 unknowns"),
        (&["z = 1", "z = 2"], "", "", "", "2 equations"),
        (&["z = a"], "a=1,z=2", "", "", "no unknown"),
        (&["z = a"], "b=1", "", "", "no equation mentions"),
        (&["z = a"], "a=1,a=2", "", "", "twice"),
        (&["z = a"], "a=", "", "", "missing"),
        (&["z = a"], "a", "", "", "missing"),
        (&["z = a"], "=1", "", "", "name"),
        (&["z = a"], "a=b", "", "", "has no value"),
        (&["z = a"], "a=b,b=2*a", "", "", "circle: a -> b -> a"),
        (&["z = a"], "a=2*z", "", "", "make `a = ...` an equation"),
        (&["z = a < 1"], "a=1", "", "", "if(x < 1, a, b)"),
        (&["z = sum(i, 1, a, i)"], "a=1.5", "", "", "whole number"),
        (&["z = sum(i, 1, a, i)"], "", "", "", "--with a="),
        (&["z[1] = i for i = 1..3"], "", "", "", "3 equations but 1 unknown"),
        (&["x + y = 1", "x - y = 1", "x = y"], "", "", "", "leave out 1 equation"),
        (&["x + y = 1", "x - y = a", "x = y"], "a=1", "", "", "take 1 value away from a"),
        (&["x + y = 1"], "", "", "", "--with y="),
        (&["z = a"], "a=1/0", "", "", "finite"),
        (&["z = a"], "a=nan", "", "", "a"),
        (&["z = a"], "a=1e999", "", "", "a"),
        (&["z = a"], "a=1,", "", "", "name"),
        (&["z = a"], "1=a", "", "", "name"),
        (&["z = a"], "sin=1", "", "", "function"),
        (&["z = a"], "a=1", "y", "", "no equation mentions"),
        (&["z = a"], "a=1", "a", "", "cannot have a value"),
        (&["z = a"], "a=1", "z,z", "", "twice"),
        (&["z = a"], "a=1", "z z", "", "comma"),
        (&["z = a"], "", "z", "", "neither a value"),
        (&["z = a"], "a=1", "", "a=1", "starts are for the unknowns"),
        (&["z = a"], "a=1", "", "y=1", "no equation mentions"),
        (&["z = a"], "a=1", "", "z=inf", "z"),
        (&["z = a"], "a=1", "", "z=1,z=2", "twice"),
        (&["z = a"], "a=1", "", "z", "missing"),
    ];
    for (equations, with, unknowns, start, message) in requests {
        let error = run(&args(equations, with, unknowns, start))
            .expect_err(&format!("{equations:?} {with} {unknowns} {start}"));
        assert!(error.to_string().contains(message), "{equations:?} {with}: {error}");
    }
}

#[test]
fn bad_options_are_refused() {
    let request = || args(&["z = 1"], "", "", "");
    for tol in [0.0, -1e-3, f64::NAN, f64::INFINITY] {
        let error = run(&SolveArgs { tol: Some(tol), ..request() }).unwrap_err().to_string();
        assert!(error.starts_with("--tol must be positive and finite"), "{error}");
    }
    let error = run(&SolveArgs { max_iterations: Some(0), ..request() }).unwrap_err().to_string();
    assert_eq!(error, "--max-iterations must be at least 1");
    for (name, nearest) in [("newtn", "newton"), ("picrad", "picard"), ("", "auto"), ("andersen", "anderson")] {
        let error = run(&SolveArgs { solver: Some(name.to_owned()), ..request() }).unwrap_err().to_string();
        assert!(error.contains(&format!("did you mean `{nearest}`?")) && error.lines().count() == 1, "{error}");
    }
    run(&SolveArgs { solver: Some(" Newton ".to_owned()), ..request() }).unwrap();
}

#[test]
fn bad_files_are_refused_in_one_line() {
    let bad = |name: &str, bytes: &[u8]| {
        let path = std::env::temp_dir().join(format!("dini-solve-bad-{}-{name}.toml", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let files: [(PathBuf, &str); 10] = [
        (PathBuf::from("/no/such/file.toml"), "no such file"),
        (std::env::temp_dir(), ""),
        (bad("binary", &[0xff, 0xfe, 0x00]), "UTF-8"),
        (bad("toml", b"equations = [\n"), "not TOML"),
        (bad("key", b"equation = [\"z = 1\"]"), "did you mean `equations`?"),
        (bad("type", b"equations = 3"), "array of strings"),
        (bad("tol", b"equations = [\"z = 1\"]\ntol = -1"), "tol"),
        (bad("bracket", b"equations = [\"z = 1\"]\nbracket = [2, 1]"), "the lower one first"),
        (bad("bounds", b"[bounds]\nh = 1"), "line 2: `bounds.h` must be a string"),
        (bad("solver", b"equations = [\"z = 1\"]\nsolver = \"nwton\""), "newton"),
    ];
    for (file, message) in files {
        let error = run(&SolveArgs { file: Some(file.clone()), ..SolveArgs::default() }).unwrap_err().to_string();
        assert!(error.contains(message) && error.lines().count() == 1, "{}: {error}", file.display());
    }
}
