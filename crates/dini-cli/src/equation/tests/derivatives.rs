//! Second derivatives, and agreement between the ways to get them.

use super::{Formula, assert_close, differentiate, mixed, twice};

const SMOOTH: &[&str] = &[
    "x^3*y",
    "x^2.5",
    "x^-1.5",
    "x^y",
    "y^x",
    "x^x",
    "2^x",
    "x/y",
    "y/x",
    "x/(1 + x^2)",
    "exp(x*y)",
    "ln(x + y)",
    "log10(x)",
    "log2(x)",
    "sin(x*y)",
    "cos(x)",
    "tan(x)",
    "asin(x/2)",
    "acos(x/2)",
    "atan(x*y)",
    "sinh(x)",
    "cosh(x)",
    "tanh(x*y)",
    "asinh(x)",
    "acosh(1 + x)",
    "acosh(2 + x)",
    "atanh(x/2)",
    "sqrt(x)",
    "cbrt(x)",
    "cbrt(-x)",
    "abs(-x^2)",
    "sigmoid(x*y)",
    "sigmoid(-x)",
    "atan2(x, y)",
    "atan2(y, x)",
    "atan2(x*y, -x^2)",
    "min(x, y)^2",
    "max(x, y)^2",
];

#[test]
fn first_derivatives_agree_with_central_differences() {
    let h = 1e-5;
    for text in SMOOTH {
        let at = |x: f64| differentiate(text, &[("x", x), ("y", 1.7)]);
        // Two steps of Richardson extrapolation.
        let central = |h: f64| (at(0.6 + h).0 - at(0.6 - h).0) / (2.0 * h);
        let expected = (4.0 * central(50.0 * h) - central(100.0 * h)) / 3.0;
        assert_close(at(0.6).1, expected, 1e-9, text);
    }
}

#[test]
fn second_derivatives_agree_with_differences_of_first_ones() {
    let h = 5e-4;
    for text in SMOOTH {
        let at = |x: f64| differentiate(text, &[("x", x), ("y", 1.7)]).1;
        let central = |h: f64| (at(0.6 + h) - at(0.6 - h)) / (2.0 * h);
        let expected = (4.0 * central(h) - central(2.0 * h)) / 3.0;
        let given = [("x", 0.6), ("y", 1.7)];
        let mut formula = Formula::new(text, &given);
        let (backwards, forwards) = (formula.slope(formula.output, "x"), formula.tangent(formula.output, "x"));
        let seconds = [
            formula.slope(backwards, "x"),
            formula.tangent(backwards, "x"),
            formula.slope(forwards, "x"),
            formula.tangent(forwards, "x"),
        ];
        let [first, along] = formula.at([backwards, forwards]);
        assert_close(along, first, 1e-14, text);
        let found = formula.at(seconds);
        assert_close(found[0], expected, 1e-8, text);
        found[1..].iter().for_each(|other| assert_close(*other, found[0], 1e-13, text));
    }
}

#[test]
fn mixed_second_derivatives() {
    let (x, y) = (0.6_f64, 1.7_f64);
    let mixed = |text: &str| {
        let both = [["x", "y"], ["y", "x"]].map(|order| mixed(text, &[("x", x), ("y", y)], order));
        assert_close(both[0], both[1], 1e-13, text);
        both[0]
    };
    assert_close(mixed("x^2*y^3"), 6.0 * x * y * y, 1e-14, "product");
    let power = x.powf(y - 1.0) * (1.0 + y * x.ln());
    assert_close(mixed("x^y"), power, 1e-13, "power");
    let angle = (y * y - x * x) / (x * x + y * y).powi(2);
    assert_close(mixed("atan2(x, y)"), -angle, 1e-13, "atan2");
    assert_close(mixed("x/y"), -1.0 / (y * y), 1e-14, "quotient");
}

#[test]
fn second_derivatives_at_delicate_points() {
    let second = |text: &str, x: f64| twice(text, &[("x", x)])[2];
    for (text, x, expected) in [
        ("x^2", 0.0, 2.0),
        ("x^3", 0.0, 0.0),
        ("x^3", -2.0, -12.0),
        ("x^1", 0.0, 0.0),
        ("x^0", 0.0, 0.0),
        ("x^2.5", 0.0, 0.0),
        ("tanh(x)", 800.0, 0.0),
        ("tanh(x)", 0.0, 0.0),
        ("tanh(x)", 30.0, -8.0 * (-60.0_f64).exp()),
        ("sigmoid(x)", -40.0, (-40.0_f64).exp()),
        ("1/(1 + exp(x))", 800.0, 0.0),
        ("atan(x)", 1e200, 0.0),
    ] {
        assert_close(second(text, x), expected, 1e-14, text);
    }
}
