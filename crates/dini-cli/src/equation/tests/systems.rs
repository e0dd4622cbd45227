//! Which symbol plays which part, and what is refused.

use super::{gradient, residuals};
use crate::equation::{Definition, Given, System, parse_assignments, parse_names, parse_values};

fn given(with: &str, unknowns: &str, start: &str) -> Given {
    let values = if with.is_empty() { Vec::new() } else { parse_values(with).expect("valid values") };
    let starts = if start.is_empty() { Vec::new() } else { parse_assignments(start).expect("valid starts") };
    Given { values, unknowns: (!unknowns.is_empty()).then(|| parse_names(unknowns).expect("valid names")), starts }
}

#[test]
fn symbols_without_a_value_are_the_unknowns() {
    let given = given("w=0.5,x=0.3", "", "");
    let system = System::new(&["z = tanh(w*z + x)"], given).expect("valid");
    assert_eq!(system.unknowns(), ["z"]);
    assert_eq!(system.parameters(), ["w", "x"]);
    assert_eq!(system.parameter_values(), [0.5, 0.3]);
    assert_eq!(system.start(), [0.0]);
    let texts: Vec<String> = system.equations().map(ToString::to_string).collect();
    assert_eq!(texts, ["z = tanh(w*z + x)"]);

    assert_eq!(residuals(&system, &[0.2], system.parameter_values()), [0.2 - 0.4_f64.tanh()]);

    // the derivatives in z, w and x
    let slope = 1.0 - 0.4_f64.tanh().powi(2);
    let found = gradient(&system, &[0.2], &[0.5, 0.3]);
    let expected = [1.0 - 0.5 * slope, -0.2 * slope, -slope];
    assert!(found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15), "{found:?}");
}

#[test]
fn the_order_of_unknowns_is_that_of_appearance_or_as_named() {
    let equations = ["y + a*x = 1", "x - y = b"];
    let system = System::new(&equations, given("b=2,a=3", "", "x=5")).expect("valid");
    assert_eq!(system.unknowns(), ["y", "x"]);
    assert_eq!(system.parameters(), ["b", "a"]);
    assert_eq!(system.start(), [0.0, 5.0]);
    assert_eq!(
        residuals(&system, &[10.0, 20.0], system.parameter_values()),
        [10.0 + 3.0 * 20.0 - 1.0, 20.0 - 10.0 - 2.0]
    );

    let system = System::new(&equations, given("b=2,a=3", "x,y", "y=1,x=2")).expect("valid");
    assert_eq!(system.unknowns(), ["x", "y"]);
    assert_eq!(system.start(), [2.0, 1.0]);
}

#[test]
fn constants_may_be_overridden() {
    let residual = |with: &str, unknowns: &str| {
        let system = System::new(&["z = e^1*pi"], given(with, unknowns, "")).expect("valid");
        residuals(&system, &[0.0], system.parameter_values())[0]
    };
    assert_eq!(residual("", ""), -std::f64::consts::E * std::f64::consts::PI);
    assert_eq!(residual("e=2", ""), -2.0 * std::f64::consts::PI);
    assert_eq!(residual("z=7", "e"), 7.0);
}

#[test]
fn inconsistent_systems_are_refused() {
    // Equations, --with, --for, --start, message.
    let cases: &[(&[&str], &str, &str, &str, &str)] = &[
        (&[], "", "", "", "no equation is given"),
        (
            &["x = y"],
            "",
            "",
            "",
            "1 equation but 2 unknowns (x, y): give a value to 1 of them (--with y=...), or add 1 equation",
        ),
        (
            &["x = y", "x = 1", "y = 2"],
            "",
            "",
            "",
            "3 equations but 2 unknowns (x, y): leave out 1 equation; there is no least-squares fit here",
        ),
        (&["x = 1"], "x=1", "", "", "1 equation but no unknown: every symbol has a value"),
        (&["1 = 2"], "", "", "", "1 equation but no unknown: every symbol has a value"),
        (&["x = y"], "x=1", "x", "", "`x` is to be solved for (--for) and cannot have a value (--with) as well"),
        (
            &["z = weight*z"],
            "wieght=1",
            "",
            "",
            "--with `wieght`: no equation mentions `wieght`; did you mean `weight`?",
        ),
        (&["z = w*z"], "q=1", "", "", "--with `q`: no equation mentions `q`"),
        (&["z = w*z"], "w=1", "zz", "", "--for `zz`: no equation mentions `zz`; did you mean `z`?"),
        (&["z = w*z"], "", "z", "", "`w` has neither a value (--with w=...) nor a place in --for"),
        (&["z = w*z"], "w=1", "z,z", "", "--for `z` is given twice"),
        (&["z = w*z"], "w=1", "", "w=2", "--start `w`: `w` has a fixed value; starts are for the unknowns (z)"),
        (&["z = w*z"], "w=1", "", "v=2", "--start `v`: no equation mentions `v`"),
    ];
    for &(equations, with, unknowns, start, message) in cases {
        let error = System::new(equations, given(with, unknowns, start)).expect_err(message);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn numbers_are_checked_whatever_their_source() {
    let values = |list: &[(&str, f64)]| list.iter().map(|&(n, v)| Definition::number(n, v)).collect();
    let refusal = |given: Given| System::new(&["z = w*z"], given).expect_err("refused").to_string();
    assert_eq!(
        refusal(Given { values: values(&[("w", f64::NAN)]), ..Given::default() }),
        "--with `w` must be finite, not NaN"
    );
    assert_eq!(
        refusal(Given { starts: vec![("z".to_owned(), f64::INFINITY)], ..Given::default() }),
        "--start `z` must be finite, not inf"
    );
    assert_eq!(
        refusal(Given { values: values(&[("w", 1.0), ("w", 2.0)]), ..Given::default() }),
        "--with `w` is given twice"
    );
}
