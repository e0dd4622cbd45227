//! Points where general differentiation rules fail: zeros, poles, overflow.

use std::f64::consts::{LN_2, LN_10, PI};

use super::{assert_close, differentiate, evaluate};

#[test]
fn delicate_points() {
    let eps = f64::EPSILON;
    let tiny = 1e-10;
    // Formula, x, value and derivative.
    let cases: [(&str, f64, f64, f64); 46] = [
        ("x^2", 0.0, 0.0, 0.0),
        ("x^2", -3.0, 9.0, -6.0),
        ("x^3", 0.0, 0.0, 0.0),
        ("x^3", -2.0, -8.0, 12.0),
        ("x^1", 0.0, 0.0, 1.0),
        ("x^0", 0.0, 1.0, 0.0),
        ("0^x", 2.0, 0.0, 0.0),
        ("0^x", 0.0, 1.0, f64::NAN),
        ("x^2.5", 0.0, 0.0, 0.0),
        ("x^1.5", 0.0, 0.0, 0.0),
        ("x^0.5", 0.0, 0.0, f64::INFINITY),
        ("x^-1", -4.0, -0.25, -0.0625),
        ("x^-3", -2.0, -0.125, -0.1875),
        ("x^0.5", -1.0, f64::NAN, 0.0),
        ("x^1001", -1.0, -1.0, 1001.0),
        ("(-2)^x", 3.0, -8.0, f64::NAN),
        ("(x*0 - 2)^(x*0 + 3)", 1.0, -8.0, 0.0),
        ("x^(1 + 1)", -3.0, 9.0, -6.0),
        ("sqrt(x)", 0.0, 0.0, f64::INFINITY),
        ("sqrt(0*x)", 1.0, 0.0, 0.0),
        ("x + sqrt(0*x)", 1.0, 1.0, 1.0),
        ("sqrt(x^2)", 3.0, 3.0, 1.0),
        ("cbrt(x)", -8.0, -2.0, 1.0 / 12.0),
        ("cbrt(x)", 0.0, 0.0, f64::INFINITY),
        ("abs(x)", -2.0, 2.0, -1.0),
        ("abs(x)", 0.0, 0.0, 0.0),
        ("tanh(x)", 1e-9, 1e-9, 1.0),
        ("tanh(x)", 30.0, 1.0, 4.0 * (-60.0_f64).exp()),
        ("tanh(x)", -30.0, -1.0, 4.0 * (-60.0_f64).exp()),
        ("tanh(x)", 800.0, 1.0, 0.0),
        ("tanh(x)", -1e300, -1.0, 0.0),
        ("tanh(exp(x))", 800.0, 1.0, 0.0),
        ("exp(-x)", 700.0, (-700.0_f64).exp(), -(-700.0_f64).exp()),
        ("exp(-exp(x))", 800.0, 0.0, 0.0),
        ("1/(1 + exp(-x))", -800.0, 0.0, 0.0),
        ("1/(1 + exp(-x))", 800.0, 1.0, 0.0),
        ("sigmoid(x)", -800.0, 0.0, 0.0),
        ("sigmoid(x)", 40.0, 1.0, (-40.0_f64).exp()),
        ("1/cosh(x)", 800.0, 0.0, 0.0),
        ("atan2(x, 0)", 2.0, PI / 2.0, 0.0),
        ("atan2(0, x)", -2.0, PI, 0.0),
        ("atan2(2, x)", 0.0, PI / 2.0, -0.5),
        ("asin(x)", 1.0, PI / 2.0, f64::INFINITY),
        ("acos(x)", 0.0, PI / 2.0, -1.0),
        ("asinh(x)", 1e-12, 1e-12, 1.0),
        ("asinh(x)", 1e200, 200.0 * LN_10 + LN_2, 1e-200),
    ];
    for (text, x, value, derivative) in cases {
        let what = format!("{text} at {x}");
        assert_close(evaluate(text, &[("x", x)]), value, 4.0 * eps, &what);
        let (re, slope) = differentiate(text, &[("x", x)]);
        assert_close(re, value, 4.0 * eps, &what);
        if !value.is_nan() {
            assert_close(slope, derivative, 8.0 * eps, &what);
        }
    }
    // Near the ends of their domains, against leading terms of the series
    // around an exactly representable distance d.
    let d = 1.0 - (1.0 - tiny);
    let (_, slope) = differentiate("asin(x)", &[("x", 1.0 - d)]);
    assert_close(slope, 1.0 / (d * (2.0 - d)).sqrt(), 1e-14, "asin near 1");
    let (value, slope) = differentiate("atanh(x)", &[("x", d - 1.0)]);
    assert_close(value, -0.5 * ((2.0 - d) / d).ln(), 1e-14, "atanh near -1");
    assert_close(slope, 1.0 / (d * (2.0 - d)), 1e-14, "atanh near -1");
    let d = (1.0 + tiny) - 1.0;
    let (value, slope) = differentiate("acosh(x)", &[("x", 1.0 + d)]);
    assert_close(value, (2.0 * d).sqrt() * (1.0 - d / 12.0), 1e-14, "acosh near 1");
    assert_close(slope, 1.0 / (d * (2.0 + d)).sqrt(), 1e-14, "acosh near 1");
}

#[test]
fn a_parameter_may_be_the_exponent_of_a_negative_base() {
    // The exponent is a symbol that does not vary: no NaN from ln(-2).
    let at = [("x", -2.0), ("n", 3.0)];
    assert_eq!(differentiate("x^n", &at), (-8.0, 12.0));
    let at = [("x", -2.0), ("n", -1.0)];
    assert_eq!(differentiate("x^n", &at), (-0.5, -0.25));
    let at = [("x", 0.0), ("n", 2.0)];
    assert_eq!(differentiate("x^n", &at), (0.0, 0.0));
    let at = [("x", 0.0), ("n", 1.0)];
    assert_eq!(differentiate("x^n", &at), (0.0, 1.0));
    // Varying, it has no derivative there, and none is made up.
    let (value, slope) = differentiate("x^n", &[("n", 3.0), ("x", -2.0)]);
    assert!(value == -8.0 && slope.is_nan());
    let (value, slope) = differentiate("x^n", &[("n", 0.5), ("x", -2.0)]);
    assert!(value.is_nan() && !slope.is_infinite());
}
