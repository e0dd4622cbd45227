//! Values and first derivatives of formulas against closed forms.

use std::f64::consts::{E, LN_2, LN_10, PI};

use super::{assert_close, differentiate, evaluate};

const X: f64 = 0.7;
const Y: f64 = -1.3;

/// Formula of x = 0.7 and y = -1.3, its value and its derivative in x.
fn regular() -> Vec<(&'static str, f64, f64)> {
    let (x, y) = (X, Y);
    vec![
        // Literals and precedence.
        ("1 + x*0", 1.0, 0.0),
        ("1.5 + 0*x", 1.5, 0.0),
        (".5 + 0*x", 0.5, 0.0),
        ("5. + 0*x", 5.0, 0.0),
        ("1e-3 + 0*x", 1e-3, 0.0),
        ("2.5E+4 + 0*x", 2.5e4, 0.0),
        ("1e3*x", 700.0, 1e3),
        ("1 + 2*3 - 4/2 + 0*x", 5.0, 0.0),
        ("(1 + 2)*3 + 0*x", 9.0, 0.0),
        ("10 - 3 - 2 + 0*x", 5.0, 0.0),
        ("16/4/2 + 0*x", 2.0, 0.0),
        ("16/4*2 + 0*x", 8.0, 0.0),
        ("2^3^2 + 0*x", 512.0, 0.0),
        ("(2^3)^2 + 0*x", 64.0, 0.0),
        ("-2^2 + 0*x", -4.0, 0.0),
        ("(-2)^2 + 0*x", 4.0, 0.0),
        ("2^-1 + 0*x", 0.5, 0.0),
        ("2^-2^2 + 0*x", 0.0625, 0.0),
        ("2^(-1)^2*3 + 0*x", 6.0, 0.0),
        ("3*-2^2 + 0*x", -12.0, 0.0),
        ("3--2 + 0*x", 5.0, 0.0),
        ("3 - - -2 + 0*x", 1.0, 0.0),
        ("+3 + 0*x", 3.0, 0.0),
        ("2*+3 + 0*x", 6.0, 0.0),
        ("--x", x, 1.0),
        ("-x^2", -x * x, -2.0 * x),
        ("-x*y", -x * y, -y),
        ("-x^2*y - 1", -x * x * y - 1.0, -2.0 * x * y),
        ("4/-x", -4.0 / x, 4.0 / (x * x)),
        ("((((x))))", x, 1.0),
        ("-(x)", -x, -1.0),
        ("-(-(-(x)))", -x, -1.0),
        ("x-1e-1", x - 0.1, 1.0),
        ("x\n +\t y", x + y, 1.0),
        // Arithmetic and powers.
        ("x*y/(x + 2)", x * y / (x + 2.0), 2.0 * y / ((x + 2.0) * (x + 2.0))),
        ("x^2", x * x, 2.0 * x),
        ("y^2*x", y * y * x, y * y),
        ("x^3 - 2*x^5", x.powi(3) - 2.0 * x.powi(5), 3.0 * x * x - 10.0 * x.powi(4)),
        ("x^0.5", x.sqrt(), 0.5 / x.sqrt()),
        ("x^(1/3)", x.cbrt(), x.cbrt() / (3.0 * x)),
        ("x^-2", 1.0 / (x * x), -2.0 / x.powi(3)),
        ("x^0", 1.0, 0.0),
        ("2^x", 2.0_f64.powf(x), LN_2 * 2.0_f64.powf(x)),
        ("0.5^-x", 2.0_f64.powf(x), LN_2 * 2.0_f64.powf(x)),
        ("x^y", x.powf(y), y * x.powf(y - 1.0)),
        ("x^x", x.powf(x), x.powf(x) * (x.ln() + 1.0)),
        ("x^x^2", x.powf(x * x), x.powf(x * x) * (2.0 * x * x.ln() + x)),
        ("pow(x, 3)", x.powi(3), 3.0 * x * x),
        ("pow(2, pow(x, 2)) - 1", 2.0_f64.powf(x * x) - 1.0, 2.0_f64.powf(x * x) * LN_2 * 2.0 * x),
        ("-pow(x + 1, 2)^2", -(x + 1.0).powi(4), -4.0 * (x + 1.0).powi(3)),
        // Functions.
        ("exp(x)", x.exp(), x.exp()),
        ("exp(-x^2)", (-x * x).exp(), -2.0 * x * (-x * x).exp()),
        ("ln(x)", x.ln(), 1.0 / x),
        ("log10(x)", x.log10(), 1.0 / (x * LN_10)),
        ("log2(x)", x.log2(), 1.0 / (x * LN_2)),
        ("sin(x)", x.sin(), x.cos()),
        ("cos(x)", x.cos(), -x.sin()),
        ("tan(x)", x.tan(), 1.0 / (x.cos() * x.cos())),
        ("asin(x)", x.asin(), 1.0 / (1.0 - x * x).sqrt()),
        ("arcsin(x)", x.asin(), 1.0 / (1.0 - x * x).sqrt()),
        ("acos(x)", x.acos(), -1.0 / (1.0 - x * x).sqrt()),
        ("arccos(x)", x.acos(), -1.0 / (1.0 - x * x).sqrt()),
        ("atan(x)", x.atan(), 1.0 / (1.0 + x * x)),
        ("arctan(x)", x.atan(), 1.0 / (1.0 + x * x)),
        ("sinh(x)", x.sinh(), x.cosh()),
        ("cosh(x)", x.cosh(), x.sinh()),
        ("tanh(x)", x.tanh(), 1.0 / (x.cosh() * x.cosh())),
        ("asinh(x)", x.asinh(), 1.0 / (1.0 + x * x).sqrt()),
        ("acosh(x + 2)", (x + 2.0).acosh(), 1.0 / ((x + 2.0).powi(2) - 1.0).sqrt()),
        ("atanh(x)", x.atanh(), 1.0 / (1.0 - x * x)),
        ("sqrt(x)", x.sqrt(), 0.5 / x.sqrt()),
        ("cbrt(y*x)", (x * y).cbrt(), (x * y).cbrt() / (3.0 * x)),
        ("abs(x) + abs(y)", x - y, 1.0),
        ("abs(y*x)", -x * y, -y),
        ("sigmoid(x)", 1.0 / (1.0 + (-x).exp()), 0.25 / (0.5 * x).cosh().powi(2)),
        ("atan2(x, y)", x.atan2(y), y / (x * x + y * y)),
        ("atan2(y, x)", y.atan2(x), -y / (x * x + y * y)),
        ("min(x, y)*x", x * y, y),
        ("max(x, y)*x", x * x, 2.0 * x),
        ("max(min(x, 2), min(y, 3))", x, 1.0),
        ("atan2(max(x, 0), sin(min(1, y)))", x.atan2(y.sin()), y.sin() / (x * x + y.sin().powi(2))),
        ("sin(cos(tan(x)))", x.tan().cos().sin(), -x.tan().cos().cos() * x.tan().sin() / x.cos().powi(2)),
        ("2^sin(x)", 2.0_f64.powf(x.sin()), LN_2 * x.cos() * 2.0_f64.powf(x.sin())),
        ("sin(x)^2 + cos(x)^2", 1.0, 0.0),
        ("-sin(x)^2", -x.sin().powi(2), -2.0 * x.sin() * x.cos()),
        ("exp(x)/(1 + exp(x))", 1.0 / (1.0 + (-x).exp()), 0.25 / (0.5 * x).cosh().powi(2)),
    ]
}

#[test]
fn values_and_derivatives_agree_with_closed_forms() {
    for (text, value, derivative) in regular() {
        let at = [("x", X), ("y", Y)];
        let plain = evaluate(text, &at);
        assert_close(plain, value, 4e-15, text);
        let (re, eps) = differentiate(text, &at);
        assert_close(re, value, 4e-15, text);
        // Only the identity sin² + cos² = 1 leaves a rounding error beside 0.
        if derivative == 0.0 {
            assert!(eps.abs() < 1e-15, "{text}: {eps}");
        } else {
            assert_close(eps, derivative, 1e-14, text);
        }
    }
}

#[test]
fn names_that_begin_like_functions_are_variables() {
    for name in [
        "expo", "sinx", "e1", "pivot", "tan_h", "exp_", "ln2", "atan2x", "minimum", "max1", "negx", "neg", "_", "_1",
        "E", "PI", "α", "Ω_1", "λ2", "sin2", "xsin", "a1b2", "tanhtanh", "nege",
    ] {
        let text = format!("2*{name} + sin({name})*{name}");
        let expected = 2.0 * X + X.sin() * X;
        assert_close(evaluate(&text, &[(name, X)]), expected, 1e-15, name);
    }
}

#[test]
fn symbols_come_in_order_of_appearance_and_include_constants() {
    let expression = super::Expression::parse("z + b*sin(a) - z*pi^e").expect("valid");
    assert_eq!(expression.symbols(), ["z", "b", "a", "pi", "e"]);
    let values = [2.0, 3.0, 0.0, PI, E];
    let found = expression.evaluate(|symbol| values[symbol]);
    assert_close(found, 2.0 - 2.0 * PI.powf(E), 1e-15, "pi^e");
}

#[test]
fn long_and_deep_formulas_within_the_limits_evaluate() {
    let sum = format!("x{}", "+x".repeat(3_999));
    assert_eq!(evaluate(&sum, &[("x", 1.0)]), 4_000.0);
    let nested = format!("{}x{}", "sin(".repeat(99), ")".repeat(99));
    let mut expected = X;
    for _ in 0..99 {
        expected = expected.sin();
    }
    assert_eq!(evaluate(&nested, &[("x", X)]), expected);
    // Each level keeps one more value waiting than the stack holds inline.
    let waiting = format!("{}x{}", "1+x*(".repeat(60), ")".repeat(60));
    let mut expected = X;
    for _ in 0..60 {
        expected = 1.0 + X * expected;
    }
    assert_close(evaluate(&waiting, &[("x", X)]), expected, 1e-15, "waiting");
}
