//! Second derivatives, and agreement between kinds of dual numbers.

use num_dual::{Dual, Dual2_64, Dual64, HyperDual64};

use super::{assert_close, differentiate, evaluate};

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
        let x = Dual2_64::from_re(0.6).derivative();
        let found = evaluate(text, &[("x", x), ("y", Dual2_64::from_re(1.7))]);
        assert_close(found.re, evaluate(text, &[("x", 0.6), ("y", 1.7)]), 1e-15, text);
        assert_close(found.v1, at(0.6), 1e-14, text);
        assert_close(found.v2, expected, 1e-8, text);
        // The same second derivative from hyper-dual numbers.
        let x = HyperDual64::new(0.6, 1.0, 1.0, 0.0);
        let hyper = evaluate(text, &[("x", x), ("y", HyperDual64::from_re(1.7))]);
        assert_close(hyper.eps1eps2, found.v2, 1e-13, text);
        // And from dual numbers of dual numbers.
        let x = Dual::new(Dual64::new(0.6, 1.0), Dual64::from_re(1.0));
        let y = Dual::from_re(Dual64::from_re(1.7));
        let nested = evaluate(text, &[("x", x), ("y", y)]);
        assert_close(nested.eps.eps, found.v2, 1e-13, text);
    }
}

#[test]
fn mixed_second_derivatives() {
    let mixed = |text: &str, x: f64, y: f64| {
        let x = HyperDual64::new(x, 1.0, 0.0, 0.0);
        let y = HyperDual64::new(y, 0.0, 1.0, 0.0);
        evaluate(text, &[("x", x), ("y", y)]).eps1eps2
    };
    let (x, y) = (0.6_f64, 1.7_f64);
    assert_close(mixed("x^2*y^3", x, y), 6.0 * x * y * y, 1e-14, "product");
    let power = x.powf(y - 1.0) * (1.0 + y * x.ln());
    assert_close(mixed("x^y", x, y), power, 1e-13, "power");
    let angle = (y * y - x * x) / (x * x + y * y).powi(2);
    assert_close(mixed("atan2(x, y)", x, y), -angle, 1e-13, "atan2");
    assert_close(mixed("x/y", x, y), -1.0 / (y * y), 1e-14, "quotient");
}

#[test]
fn second_derivatives_at_delicate_points() {
    let second = |text: &str, x: f64| {
        let x = Dual2_64::from_re(x).derivative();
        evaluate(text, &[("x", x)]).v2
    };
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
