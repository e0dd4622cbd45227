//! The special functions: what `libm` and the crate `special` do not give, or not to the last digits.

use std::f64::consts::{E, FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

use special::{Gamma, LambertW};

/// What the constants lack beside the numbers they stand for.
const E_REST: f64 = 1.445_646_891_729_250_2e-16;
const FRAC_1_SQRT_2_REST: f64 = -4.833_646_656_726_457e-17;
/// Below, the principal branch of Lambert's function is found from its distance to the branch point.
const NEAR_BRANCH_POINT: f64 = -0.3;

/// `factor * exp(-x²)`; the rounding error of x² counts where it is large.
pub(crate) fn gaussian(x: f64, factor: f64) -> f64 {
    let square = x * x;
    let rest = x.mul_add(x, -square);
    let value = factor * (-square).exp();
    if rest.is_finite() { value - rest * value } else { value }
}

/// The probability of a normal variable below x.
pub(crate) fn normal(x: f64) -> f64 {
    let scaled = -x * FRAC_1_SQRT_2;
    let rest = (-x).mul_add(FRAC_1_SQRT_2, -scaled) - x * FRAC_1_SQRT_2_REST;
    let value = libm::erfc(scaled);
    let correction = rest * gaussian(scaled, FRAC_2_SQRT_PI);
    0.5 * if correction.is_finite() { value - correction } else { value }
}

/// Its density.
pub(crate) fn normal_density(x: f64) -> f64 {
    let square = x * x;
    let rest = x.mul_add(x, -square);
    let value = 0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2 * (-0.5 * square).exp();
    if rest.is_finite() { value - 0.5 * rest * value } else { value }
}

/// The logarithmic derivative of the gamma function; by reflection where x < 0.
pub(crate) fn digamma(x: f64) -> f64 {
    if x > 0.0 { x.digamma() } else { (1.0 - x).digamma() - PI / (PI * (x - x.round())).tan() }
}

/// Its derivative.
pub(crate) fn trigamma(x: f64) -> f64 {
    if x > 0.0 {
        return x.trigamma();
    }
    let sine = (PI * (x - x.round())).sin() / PI;
    (sine * sine).recip() - (1.0 - x).trigamma()
}

/// The principal branch w of w exp(w) = x.
pub(crate) fn lambert_w(x: f64) -> f64 {
    if x < NEAR_BRANCH_POINT {
        return above_branch_point(x) - 1.0;
    }
    // polished by a step of Newton's method
    let w = x.lambert_w0();
    let step = (w - x * (-w).exp()) / (1.0 + w);
    if step.is_finite() { w - step } else { w }
}

/// 1 + W(x), exact near the branch point.
pub(crate) fn above_lambert_w(x: f64) -> f64 {
    if x < NEAR_BRANCH_POINT { above_branch_point(x) } else { 1.0 + lambert_w(x) }
}

/// The derivative of it.
pub(crate) fn lambert_w_slope(x: f64) -> f64 {
    let w = lambert_w(x);
    // exp(w) = x/w, without the rounding error of a large w
    if x > 1.0 { w / x / above_lambert_w(x) } else { (-w).exp() / above_lambert_w(x) }
}

/// B_2k / (2k)!, k = 1, 2, ...
const BERNOULLI: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3617.0 / 10_670_622_842_880_000.0,
];
/// From here on the asymptotic series is exact.
const ASYMPTOTIC: f64 = 20.0;
/// Below, the recurrence would take too long.
const REFLECTED: f64 = -1e4;

/// The derivative of order m + 1 of ln gamma for m >= 2, by recurrence and the asymptotic series (M. Abramowitz and I. A. Stegun 1964,
/// 6.4.6 and 6.4.11); NaN below -10^4.
pub(crate) fn polygamma(m: u8, x: f64) -> f64 {
    if x.is_nan() || x < REFLECTED {
        return f64::NAN;
    }
    let order = i32::from(m);
    let factorial: f64 = (1..=order).map(f64::from).product();
    let (mut at, mut sum) = (x, 0.0);
    while at < ASYMPTOTIC + f64::from(order) {
        sum += factorial * at.powi(-order - 1);
        at += 1.0;
    }
    sum += factorial / f64::from(order) * at.powi(-order) + 0.5 * factorial * at.powi(-order - 1);
    // (2k + m - 1)! / x^(2k + m)
    let mut term = factorial / f64::from(order) * at.powi(-order);
    for (k, bernoulli) in (1..).zip(BERNOULLI) {
        let high = f64::from(2 * k + order - 1);
        term *= high * (high - 1.0) / (at * at);
        sum += bernoulli * term;
    }
    if order % 2 == 0 { -sum } else { sum }
}

/// d = w + 1 for x in -1/e..-0.3. With q = e x + 1 it solves (d - 1) exp(d) + 1 = q, of which the left side is
/// d^2/2 + d^3/3 + d^4/8 + ..., the sum of d^k (k - 1)/k!.
fn above_branch_point(x: f64) -> f64 {
    let q = E.mul_add(x, 1.0) + E_REST * x;
    // the number nearest to -1/e lies just below it
    if q <= 0.0 {
        return if q > -f64::EPSILON { 0.0 } else { f64::NAN };
    }
    let mut d = (2.0 * q).sqrt();
    for _ in 0..6 {
        let (mut power_over_factorial, mut left) = (d, 0.0);
        for k in 2..24 {
            power_over_factorial *= d / f64::from(k);
            left += f64::from(k - 1) * power_over_factorial;
        }
        d -= (left - q) / (d * d.exp());
    }
    d
}
