//! Assignment lists, good and bad.

use super::assert_refused;
use crate::equation::{parse_assignments, parse_names};

#[test]
fn assignments() {
    let cases = [
        ("", 0, "a name is missing", ""),
        ("w", 0, "the value of `w` is missing", "write w=0.5"),
        ("w 3", 2, "the value of `w` is missing", "write w=0.5"),
        ("w=", 1, "the value of `w` is missing", ""),
        ("w=,x=1", 1, "the value of `w` is missing", ""),
        ("w=1,", 3, "a name is missing", ""),
        ("w=1,,x=2", 4, "a name is missing", ""),
        ("3=w", 0, "a name must come here, not `3`", ""),
        ("sin=3", 0, "`sin` is a function, not a symbol", ""),
        ("w=1,w=2", 4, "`w` is given twice", ""),
        ("w=1,x=2*y", 8, "the value of `x` must be a constant, but `y` is not", ""),
        ("w=1/0", 2, "the value of `w` must be finite, not inf", ""),
        ("w=1, x=ln(-1)", 7, "the value of `x` must be finite, not NaN", ""),
        ("w=1=2", 3, "unexpected `=`", ""),
        ("w==1", 1, "`==` is not an equals sign", "write a single `=`"),
        ("w=(1,2)", 4, "a comma outside the arguments of a function", "the decimal point is `.`"),
        ("w=2x", 3, "missing operator between `2` and `x`", "write 2*x for a product"),
        ("w=1;x=2", 3, "unknown character `;`", "write a comma between values, one text for each equation"),
        ("w=max(1,2", 5, "no `)` matches this `(`", ""),
    ];
    for (text, position, message, hint) in cases {
        assert_refused(parse_assignments(text), position, message, hint);
    }
    for (text, position, message) in [
        ("x y", 2, "a comma must come here"),
        ("x,", 1, "a name is missing"),
        ("x,2", 2, "a name must come here, not `2`"),
        ("x=1", 1, "a comma must come here"),
    ] {
        assert_refused(parse_names(text), position, message, "");
    }
}

#[test]
fn values_may_be_formulas() {
    let found = parse_assignments(" w = pi/2, x=-2 ,y=1e-3,z=max(1, 2)^2,α=e").expect("valid");
    let expected =
        [("w", std::f64::consts::FRAC_PI_2), ("x", -2.0), ("y", 1e-3), ("z", 4.0), ("α", std::f64::consts::E)];
    assert_eq!(found.len(), expected.len());
    for ((name, value), (expected_name, expected_value)) in found.iter().zip(expected) {
        assert_eq!((name.as_str(), *value), (expected_name, expected_value));
    }
}
