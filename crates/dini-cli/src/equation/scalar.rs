//! Arithmetic over numbers and dual numbers that keeps derivatives right where
//! the general rules of `num-dual` lose them: at zero, at poles of the
//! derivative, at negative bases and where intermediate results overflow.

use std::cmp::Ordering;

use num_dual::DualNum;

use super::function::Function;

/// A number a formula can be evaluated over: `f64`, or a dual number carrying
/// derivatives of up to second order.
pub trait Scalar: DualNum<Primitive = f64> + Copy {}

impl<D: DualNum<Primitive = f64> + Copy> Scalar for D {}

/// Composes a function with `x`, given its value and its first two derivatives
/// at the real part of `x`.
pub(super) fn chain<D: Scalar>(x: D, [value, first, second]: [f64; 3]) -> D {
    const { assert!(D::NDERIV <= 2, "derivatives above second order") };
    if !x.re().is_finite() || !value.is_finite() {
        // Infinitesimals around infinity are not numbers; where the value is
        // finite (tanh, exp(-x)) the function is flat there. An infinite value
        // is of no use whatever its derivative, but with a derivative of 0 the
        // quotient 1 / (1 + exp(800)) keeps the right one.
        return D::from(value);
    }
    let step = infinitesimal(x);
    let linear = D::from(value) + weighted(step, first);
    if D::NDERIV < 2 {
        return linear;
    }
    linear + weighted(step * step, 0.5 * second)
}

/// `x` without its real part, which must be finite.
fn infinitesimal<D: Scalar>(x: D) -> D {
    x - x.re()
}

/// `step * factor`, where a zero step stays zero whatever the factor: what
/// does not vary has no derivative, not an undefined one.
fn weighted<D: Scalar>(step: D, factor: f64) -> D {
    if factor.is_finite() {
        return step * factor;
    }
    // The parts of a dual number cannot be inspected here, but this sends all
    // that are not zero to infinity.
    let unbounded = step * f64::MAX * f64::MAX * f64::MAX;
    if factor.is_nan() { unbounded * 0.0 } else { unbounded * factor.signum() }
}

/// Quotient.
pub(super) fn divide<D: Scalar>(a: D, b: D) -> D {
    if D::NDERIV > 0 && a.re().is_finite() && b.re().is_infinite() {
        // An overflown denominator, as in 1 / (1 + exp(800)): the general rule
        // would divide infinity by infinity.
        return D::from(a.re() / b.re());
    }
    a / b
}

/// Power with a constant exponent.
pub(super) fn raise<D: Scalar>(x: D, n: f64) -> D {
    if n == 1.0 {
        return x;
    }
    if n == 2.0 {
        return x * x;
    }
    let base = x.re();
    if D::NDERIV == 0 {
        return D::from(base.powf(n));
    }
    // A vanishing factor wins over the pole of the power it multiplies.
    let term = |factor: f64, exponent: f64| match factor {
        0.0 => 0.0,
        _ => factor * base.powf(exponent),
    };
    chain(x, [base.powf(n), term(n, n - 1.0), term(n * (n - 1.0), n - 2.0)])
}

/// Power whose exponent may vary.
pub(super) fn power<D: Scalar>(x: D, y: D) -> D {
    let (base, exponent) = (x.re(), y.re());
    if D::NDERIV == 0 || !base.is_finite() || !exponent.is_finite() {
        return D::from(base.powf(exponent));
    }
    let fixed = raise(x, exponent);
    let step = infinitesimal(y);
    if base > 0.0 {
        // x^y = x^n * exp((y - n) * ln(x)) with n the real part of y: the
        // first factor knows x to full accuracy, the second is 1 + O(step).
        fixed * Function::Exp.apply(step * Function::Ln.apply(x))
    } else if base == 0.0 && exponent > 0.0 {
        fixed
    } else {
        // No real power exists beside this exponent: nothing to differentiate.
        fixed + weighted(step, f64::NAN)
    }
}

/// Angle of the point `(x, y)`.
pub(super) fn atan2<D: Scalar>(y: D, x: D) -> D {
    let (sin, cos) = (y.re(), x.re());
    let angle = D::from(sin.atan2(cos));
    let radius = sin.hypot(cos);
    if D::NDERIV == 0 || !radius.is_finite() {
        return angle;
    }
    if radius == 0.0 {
        let undefined = |z| weighted(infinitesimal(z), f64::NAN);
        return angle + undefined(x) + undefined(y);
    }
    // Turned to the positive x axis, where the plain arctangent is regular.
    let (sin, cos) = (sin / radius, cos / radius);
    let across = infinitesimal(y) * cos - infinitesimal(x) * sin;
    angle + Function::Atan.apply(across / (x * cos + y * sin))
}

/// The smaller of two numbers, the first if they are equal, NaN if one is.
pub(super) fn min<D: Scalar>(a: D, b: D) -> D {
    if a.re() <= b.re() {
        a
    } else if b.re() < a.re() {
        b
    } else {
        D::from(f64::NAN)
    }
}

/// The larger of two numbers, the first if they are equal, NaN if one is.
pub(super) fn max<D: Scalar>(a: D, b: D) -> D {
    -min(-a, -b)
}

/// a less the largest multiple of b that is not above it: of the sign of b.
pub(super) fn modulo<D: Scalar>(a: D, b: D) -> D {
    let whole = (a.re() / b.re()).floor();
    a - b * whole
}

/// 1 if the order of two numbers is as wanted, 0 if it is not, NaN if one is NaN.
pub(super) fn compare<D: Scalar>(a: D, b: D, wanted: impl Fn(Ordering) -> bool) -> D {
    D::from(a.re().partial_cmp(&b.re()).map_or(f64::NAN, |order| if wanted(order) { 1.0 } else { 0.0 }))
}

/// Both of two truth values: false if one is, even if the other is undefined.
pub(super) fn and<D: Scalar>(a: D, b: D) -> D {
    D::from(if a.re() == 0.0 || b.re() == 0.0 { 0.0 } else { a.re() * b.re() })
}

/// One of two truth values: true if one is, even if the other is undefined.
pub(super) fn or<D: Scalar>(a: D, b: D) -> D {
    D::from(if a.re() == 1.0 || b.re() == 1.0 { 1.0 } else { a.re() + b.re() })
}
