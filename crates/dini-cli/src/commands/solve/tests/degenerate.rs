//! Equations without a root, or without derivatives at the root.

use super::{answer, args};
use dini::Status;

#[test]
fn what_has_no_root_is_not_solved() {
    let problems: &[(&[&str], &str)] = &[
        (&["exp(-z) = 0"], ""),
        (&["1/z = 0"], ""),
        (&["z^2 + 1 = 0"], ""),
        (&["z^2 + 1e-12 = 0"], ""),
        (&["z^2 + 1e-17 = 0"], ""),
        (&["z^2 + a = 0"], "a=1e-30"),
        (&["z = z + exp(-z)"], ""),
        (&["z = z + 1"], ""),
        (&["exp(z) = -1"], ""),
        (&["abs(z) = -1e-9"], ""),
        (&["sqrt(z) = -1"], ""),
        (&["sin(z) = 2"], ""),
        (&["1/z^2 = 0"], ""),
        (&["cosh(z) = a"], "a=0.999999"),
        (&["z/abs(z) = 0.5"], ""),
        (&["1/(z - 0.3) = 0"], ""),
        (&["ln(-1 - z^2) = 0"], ""),
        (&["x + y = 1", "x + y = 2"], ""),
        (&["x^2 + y^2 = 1", "x + y = 2"], ""),
        (&["x*y = 1", "x*y = 2"], ""),
    ];
    for (equations, with) in problems {
        let found = answer(&args(equations, with, "", ""));
        assert!(!found.solved(), "{equations:?}: {found}");
        assert!(!found.verdict.holds && found.derivatives.is_none());
        let (text, json) = (found.to_string(), found.to_json().to_string());
        assert!(text.starts_with("not solved: "), "{text}");
        for word in ["NaN", "nan", "inf"] {
            assert!(!text.contains(word) && !json.contains(word), "{text}{json}");
        }
    }
}

#[test]
fn degenerate_roots_have_no_derivatives() {
    let problems: &[(&[&str], &str)] = &[
        (&["z^2 = a"], "a=0"),
        (&["z^3 = a"], "a=0"),
        (&["z^4 = a"], "a=0"),
        (&["(z - 1)^2 = a"], "a=0"),
        (&["z^2 - 2*z + a = 0"], "a=1"),
        (&["z^3 - 3*z^2 + 3*z - a = 0"], "a=1"),
        (&["z = tanh(w*z)"], "w=1"),
        (&["z*a = sin(z)"], "a=1"),
        (&["sin(z) = a"], "a=1"),
        (&["cosh(z) = a"], "a=1"),
        (&["abs(z) = a"], "a=0"),
        (&["sqrt(z) = a"], "a=0"),
        (&["cbrt(z - 1) = a"], "a=0"),
        (&["max(z, 2*z) = a"], "a=0"),
        (&["exp(z) = a*z"], "a=e"),
        (&["x + y = a", "2*x + 2*y = 2"], "a=1"),
        (&["x^2 + y^2 = 1", "x + y = s"], "s=sqrt(2)"),
        (&["x^2 = a", "x*y = 0"], "a=0"),
    ];
    for (equations, with) in problems {
        let found = answer(&args(equations, with, "", ""));
        assert!(found.derivatives.is_none() && !found.verdict.holds, "{equations:?}: {found}");
        let json = found.to_json();
        for row in json["derivatives"].as_object().unwrap().values() {
            assert!(row.as_object().unwrap().values().all(|d| d.is_null()) && !row.as_object().unwrap().is_empty());
        }
        assert!(!found.to_string().contains("d z"));
        if found.status == Status::Converged {
            assert!(found.to_string().contains("verdict: no derivatives; "), "{found}");
        }
    }
}

#[test]
fn a_regular_root_is_preferred_to_a_degenerate_one() {
    // 0 is a double root and the first start
    let found = answer(&args(&["z^3 = a*z^2"], "a=1", "", ""));
    assert!(found.verdict.holds && (found.solution[0] - 1.0).abs() < 1e-12, "{found}");
    // unless it was asked for
    let found = answer(&args(&["z^3 = a*z^2"], "a=1", "", "z=0"));
    assert!(found.solved() && !found.verdict.holds && found.solution[0] == 0.0, "{found}");
}
