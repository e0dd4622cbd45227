//! `if`: the branch taken gives value and derivatives, the other one nothing.

use super::{assert_close, differentiate, evaluate, twice};

#[test]
fn value_and_derivatives_are_those_of_the_branch_taken() {
    // Formula, x, value, first and second derivative.
    let cases = [
        ("if(x < 1, x^3, 2*x - 1)", 0.5, 0.125, 0.75, 3.0),
        ("if(x < 1, x^3, 2*x - 1)", 2.0, 3.0, 2.0, 0.0),
        ("if(x < 1, x^3, 2*x - 1)", 1.0, 1.0, 2.0, 0.0),
        ("if(x <= 1, x^3, 2*x - 1)", 1.0, 1.0, 3.0, 6.0),
        ("if(x > 1, 2*x - 1, x^3)", 1.0, 1.0, 3.0, 6.0),
        ("if(x >= 1, 2*x - 1, x^3)", 1.0, 1.0, 2.0, 0.0),
        ("2*if(x ≥ 1, 2*x - 1, x^3) + 1", 1.0, 3.0, 4.0, 0.0),
        ("if(0 < x and x < 1, x^2, 0)", 0.5, 0.25, 1.0, 2.0),
        ("if(0 < x && x < 1, x^2, 0)", 1.5, 0.0, 0.0, 0.0),
        ("if(0 < x < 1, x^2, 0)", -0.5, 0.0, 0.0, 0.0),
        ("if(x < 0 or x > 1, x^2, 0)", 1.5, 2.25, 3.0, 2.0),
        ("if(x < 0 || x > 1, x^2, 0)", 0.5, 0.0, 0.0, 0.0),
        ("if((x < 0 or x > 1) and x < 2, x^2, 0)", 3.0, 0.0, 0.0, 0.0),
        ("if(x < 0 or x > 1 and x < 2, x^2, 0)", -3.0, 9.0, -6.0, 2.0),
        ("if((x + 1)*2 < 4, x^2, 0)", 0.5, 0.25, 1.0, 2.0),
        ("if(((x < 1)), x^2, 0)", 0.5, 0.25, 1.0, 2.0),
        ("if(x < 0, 1, if(x < 1, x^2, x^3))", 0.5, 0.25, 1.0, 2.0),
        ("if(x < 0, 1, if(x < 1, x^2, x^3))", 2.0, 8.0, 12.0, 12.0),
        ("if(if(x < 1, 1, 3) < 2, x, -x)", 2.0, -2.0, -1.0, 0.0),
    ];
    for (text, x, value, first, second) in cases {
        assert_eq!(twice(text, &[("x", x)]), [value, first, second], "{text} at {x}");
        assert_eq!(evaluate(text, &[("x", x)]), value, "{text} at {x}");
    }
}

#[test]
fn the_other_branch_does_not_matter() {
    for (text, x, value, slope) in [
        ("if(x > 0, ln(x), x)", -1.0, -1.0, 1.0),
        ("if(x > 0, sqrt(x), 0)", 0.0, 0.0, 0.0),
        ("if(x < 1, x, 1/(x - 1))", 0.5, 0.5, 1.0),
        ("if(x > 0, 1/0, x)", -1.0, -1.0, 1.0),
        ("if(x > 0, x*ln(x), 0)", 0.0, 0.0, 0.0),
        ("if(x < 0, 1+x*(1+x*(1+x*(1+x*(1+x*(1+x*(1+x*(1+x*(1+x)))))))), x)", 1.0, 1.0, 1.0),
    ] {
        assert_eq!(differentiate(text, &[("x", x)]), (value, slope), "{text}");
    }
}

#[test]
fn an_undefined_condition_leaves_the_value_undefined() {
    for text in ["if(ln(x) < 1, 1, 2)", "if(ln(x) > 1, 1, 2) + x", "if(x < 1 and ln(x) < 1, 1, 2)"] {
        assert!(evaluate(text, &[("x", -1.0)]).is_nan(), "{text}");
    }
    // unless the rest of it decides
    for text in ["if(x > 0 and ln(x) < 1, 1, 2)", "if(ln(x) < 1 and x > 0, 1, 2)", "if(ln(x) < 1 or x < 0, 2, 1)"] {
        assert_eq!(evaluate(text, &[("x", -1.0)]), 2.0, "{text}");
    }
}

#[test]
fn a_sigmoid_in_two_branches_is_the_sigmoid() {
    let text = "if(x < 0, exp(x)/(1 + exp(x)), 1/(1 + exp(-x)))";
    for x in [-800.0, -3.0, 0.0, 0.1, 700.0] {
        let (value, slope) = differentiate(text, &[("x", x)]);
        let (expected, expected_slope) = differentiate("sigmoid(x)", &[("x", x)]);
        assert_close(value, expected, 1e-15, text);
        assert_close(slope, expected_slope, 1e-14, text);
    }
}

#[test]
fn words_of_conditions_stay_names_elsewhere() {
    assert_eq!(evaluate("and + 2*or - for", &[("and", 1.0), ("or", 2.0), ("for", 3.0)]), 2.0);
}
