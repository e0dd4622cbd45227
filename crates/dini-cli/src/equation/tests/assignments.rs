//! Assignment lists, good and bad.

use super::assert_refused;
use crate::equation::{Interval, parse_assignments, parse_bounds, parse_names, parse_values};

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
        ("x[a]", 2, "an index of `x` must be a constant, but `a` is not"),
        ("x[0.5]", 0, "an index of `x` must be a whole number, not 0.5"),
        ("x[1", 1, "no `]` matches this `[`"),
        ("x[]", 2, "a value is missing"),
    ] {
        assert_refused(parse_names(text), position, message, "");
    }
    let names = parse_names("x[1], a[ 2+1,-1 ] ,gamma").expect("valid");
    assert_eq!(names, ["x[1]", "a[3,-1]", "gamma"]);
    let starts = parse_assignments("x[1]=1,a[2,3]=max(1,2)").expect("valid");
    assert_eq!(starts, [("x[1]".to_owned(), 1.0), ("a[2,3]".to_owned(), 2.0)]);
    assert_refused(parse_assignments("x[1]=1,x[2-1]=2"), 7, "`x[1]` is given twice", "");
}

#[test]
fn values_may_depend_on_names() {
    let values = parse_values("w=x/2,x[1]=2*w").expect("valid");
    let names: Vec<&str> = values.iter().map(|value| value.name()).collect();
    assert_eq!(names, ["w", "x[1]"]);
    assert_refused(parse_values("w=1,w=x"), 4, "`w` is given twice", "");
    assert_refused(parse_values("w=1, x=ln(-1)"), 7, "the value of `x` must be finite, not NaN", "");
    assert_refused(parse_values("w=x y"), 4, "missing operator between `x` and `y`", "write x*y for a product");
}

#[test]
fn bounds() {
    let found = parse_bounds("h=0..,V=0..1, w=..pi/2,x[1]=-1..max(1,2)").expect("valid");
    let interval = |low, high| Interval { low, high };
    let expected = [
        ("h", interval(Some(0.0), None)),
        ("V", interval(Some(0.0), Some(1.0))),
        ("w", interval(None, Some(std::f64::consts::FRAC_PI_2))),
        ("x[1]", interval(Some(-1.0), Some(2.0))),
    ];
    assert_eq!(found, expected.map(|(name, bounds)| (name.to_owned(), bounds)));
    let write = "write 0..1, 0.. or ..1";
    for (text, position, message, hint) in [
        ("h", 0, "the value of `h` is missing", "write h=0..1"),
        ("h=", 1, "the value of `h` is missing", ""),
        ("h=0", 2, "the bounds of `h` must be an interval", write),
        ("h=0..1..2", 2, "the bounds of `h` must be an interval", write),
        ("h=..", 2, "the bounds of `h` have no end", write),
        ("h=1..0", 2, "the lower bound of `h`, 1, must be below the upper one, 0", ""),
        ("h=1..1", 2, "the lower bound of `h`, 1, must be below the upper one, 1", ""),
        ("h=a..1", 2, "the lower bound of `h` must be a constant, but `a` is not", ""),
        ("h=0..1/0", 5, "the upper bound of `h` must be finite, not inf", ""),
        ("h=0..1,h=0..", 7, "`h` is given twice", ""),
        ("h=0..1 2", 7, "missing operator between `1` and `2`", "write 1*2 for a product"),
    ] {
        assert_refused(parse_bounds(text), position, message, hint);
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
