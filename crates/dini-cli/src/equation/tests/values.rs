//! Values that depend on values.

use super::{assert_close, gradient, residuals};
use crate::equation::{Given, System, SystemError, parse_values};

fn system(equations: &[&str], with: &str) -> Result<System, SystemError> {
    let values = if with.is_empty() { Vec::new() } else { parse_values(with).expect(with) };
    System::new(equations, Given { values, ..Given::default() })
}

#[test]
fn dependent_values_are_abbreviations() {
    let system = system(&["z = a + b*c"], "c=b^2,b=a/3,a=2").expect("valid");
    assert_eq!(system.parameters(), ["a"]);
    assert_eq!(system.parameter_values(), [2.0]);
    let values: Vec<(&str, f64)> = system.abbreviations().collect();
    assert_eq!(values, [("b", 2.0 / 3.0), ("c", (2.0_f64 / 3.0) * (2.0 / 3.0))]);
    // g = z - (a + a³/27), its derivative by a through all of them
    assert_close(residuals(&system, &[1.0], &[2.0])[0], 1.0 - (2.0 + 8.0 / 27.0), 1e-15, "g");
    assert_close(gradient(&system, &[1.0], &[2.0])[1], -(1.0 + 12.0 / 27.0), 1e-15, "dg/da");
}

#[test]
fn a_value_that_is_used_by_values_alone_is_mentioned() {
    let found = system(&["z = b"], "a=2,b=a/3").expect("valid");
    assert_eq!(found.parameters(), ["a"]);
    assert_eq!(found.abbreviations().count(), 1);
    let error = system(&["z = a"], "a=2,b=a/3").expect_err("b is used by nothing").to_string();
    assert_eq!(error, "--with `b`: no equation mentions `b`");
}

#[test]
fn a_value_may_be_written_where_no_equation_is_left() {
    let equations = ["x[i] = a*x[i-1] + if(i > 1, sum(k, 1, n, c*k), k) for i = 2..n", "x[1] = b"];
    let found = system(&equations, "n=1,a=3,b=2,c=4,k=1").expect("valid");
    assert_eq!(found.parameters(), ["a", "b", "c", "k"]);
    assert_eq!(found.unknowns(), ["x[1]"]);
    let error = system(&equations, "n=1,a=3,b=2,c=4,k=1,i=3").expect_err("i is a running index").to_string();
    assert_eq!(error, "--with `i`: no equation mentions `i`");
}

#[test]
fn formulas_of_numbers_stay_parameters() {
    let found = system(&["z = a + b"], "a=pi/2,b=sum(i,1,3,i)").expect("valid");
    assert_eq!(found.parameters(), ["a", "b"]);
    assert_eq!(found.parameter_values(), [std::f64::consts::FRAC_PI_2, 6.0]);
    // a constant that is given a value is a value like others
    let found = system(&["z = a"], "a=e/2,e=3").expect("valid");
    assert_eq!((found.parameters(), found.parameter_values()), (&["e".to_owned()][..], &[3.0][..]));
}

#[test]
fn what_bounds_and_indices_depend_on_is_constant() {
    let found = system(&["sum(i, 1, n, x[i]) = a/n*x[n]", "x[1] = a"], "a=2,n=2*m,m=1").expect("valid");
    assert_eq!(found.parameters(), ["a"]);
    assert_eq!(found.constants(), [("m".to_owned(), 1.0), ("n".to_owned(), 2.0)]);
    assert_eq!(found.abbreviations().count(), 0);
    // a value with a sum in it
    let found = system(&["z = s"], "s=sum(i, 1, n, i*a),a=2,n=3").expect("valid");
    assert_eq!(found.parameters(), ["a"]);
    assert_eq!(found.constants(), [("n".to_owned(), 3.0)]);
    assert_eq!(found.abbreviations().collect::<Vec<_>>(), [("s", 12.0)]);
    // indexed values
    let found = system(&["z = sum(i, 1, 2, c[i]*z^i) + 1"], "c[2]=c[1]/2,c[1]=0.5").expect("valid");
    assert_eq!(found.parameters(), ["c[1]"]);
    let found = system(&["x[c[1]] = 2"], "c[1]=3").expect("valid");
    assert_eq!(found.unknowns(), ["x[3]"]);
}

#[test]
fn what_cannot_be_worked_out_is_said_by_name() {
    let cases = [
        ("a=b,b=c,c=a", "the values of --with depend on each other in a circle: a -> b -> c -> a"),
        ("a=2*a", "the values of --with depend on each other in a circle: a -> a"),
        ("x=a,a=b,b=a+1", "the values of --with depend on each other in a circle: a -> b -> a"),
        (
            "a=2*speed,speeed=1",
            "--with `a` depends on `speed`, which has no value: give it one (--with speed=...), or make `a = ...` an \
             equation; did you mean `speeed`?",
        ),
        (
            "a=2*z",
            "--with `a` depends on `z`, which has no value: give it one (--with z=...), or make `a = ...` an equation",
        ),
        ("a=1/b,b=0", "--with `a` must be finite, not inf"),
        ("a=pi-pi,b=ln(a)", "--with `b` must be finite, not -inf"),
    ];
    for (with, message) in cases {
        assert_eq!(system(&["z = a + b + x"], with).expect_err(with).to_string(), message);
    }
    let error = system(&["z = a"], "a=sum(i,1,n,i)").expect_err("n has no value").to_string();
    let first = error.lines().next();
    assert_eq!(first, Some("the last value of `i` must be a constant, but `n` is not (--with n=... gives it a value)"));
}

#[test]
fn a_long_chain_of_values_takes_no_time() {
    let chain: Vec<String> = (1..=300).map(|i| format!("a{}=a{}+1", i, i - 1)).collect();
    let with = format!("{},a0=1", chain.join(","));
    let found = system(&["z = a300"], &with).expect("valid");
    assert_eq!(found.abbreviations().last(), Some(("a300", 301.0)));
}
