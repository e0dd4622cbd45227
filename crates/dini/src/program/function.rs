//! The functions of one argument, those included of which their derivatives are made.
//!
//! Values are computed in `f64` whatever the scalar. Slopes are functions, too, in closed form where the general rules would
//! overflow or cancel (tanh, the logistic function, asin near 1), so that derivatives of any order are programs again.

use std::f64::consts::FRAC_2_SQRT_PI;

use crate::special;

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names are those of mathematics
pub enum Function {
    Exp,
    Ln,
    Log10,
    Log2,
    Ln1p,
    Expm1,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Sqrt,
    Cbrt,
    Abs,
    Sigmoid,
    Erf,
    Erfc,
    NormCdf,
    Gamma,
    LnGamma,
    LambertW,
    J0,
    J1,
    Sign,
    Floor,
    Ceil,
    /// 1 - x^2, exact near 1.
    BesideOne,
    /// tanh'(x) = 1/cosh(x)^2
    TanhSlope,
    /// The slope of the logistic function.
    SigmoidSlope,
    /// 2/sqrt(pi) exp(-x^2), the slope of erf.
    Gaussian,
    /// The density of the normal distribution.
    NormalDensity,
    /// The derivative of order m + 1 of ln gamma.
    Polygamma(u8),
    /// 1 + W(x), exact near the branch point.
    LambertAbove,
    /// W'(x)
    LambertSlope,
    /// The Bessel function of the first kind of this order.
    Bessel(u8),
    /// J1(x) / x
    J1Over,
}

impl Function {
    /// The value of the function.
    #[inline]
    pub fn value(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Log10 => x.log10(),
            Self::Log2 => x.log2(),
            Self::Ln1p => x.ln_1p(),
            Self::Expm1 => x.exp_m1(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Asinh => x.asinh(),
            // the standard library takes the logarithm of a number near 1 here
            Self::Acosh if x < 2.0 => (x - 1.0 + (x - 1.0).sqrt() * (x + 1.0).sqrt()).ln_1p(),
            Self::Acosh => x.acosh(),
            Self::Atanh => (0.5 * (2.0 * x.abs() / (1.0 - x.abs())).ln_1p()).copysign(x),
            Self::Sqrt => x.sqrt(),
            Self::Cbrt => x.cbrt(),
            Self::Abs => x.abs(),
            Self::Sigmoid => {
                let decay = (-x.abs()).exp();
                (if x < 0.0 { decay } else { 1.0 }) / (1.0 + decay)
            }
            Self::Erf => libm::erf(x),
            Self::Erfc => libm::erfc(x),
            Self::NormCdf => special::normal(x),
            Self::Gamma => libm::tgamma(x),
            Self::LnGamma => libm::lgamma(x),
            Self::LambertW => special::lambert_w(x),
            Self::J0 => libm::j0(x),
            Self::J1 => libm::j1(x),
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::BesideOne => (1.0 - x) * (1.0 + x),
            Self::TanhSlope => {
                let decay = (-2.0 * x.abs()).exp();
                4.0 * decay / ((1.0 + decay) * (1.0 + decay))
            }
            Self::SigmoidSlope => {
                let decay = (-x.abs()).exp();
                decay / ((1.0 + decay) * (1.0 + decay))
            }
            Self::Gaussian => special::gaussian(x, FRAC_2_SQRT_PI),
            Self::NormalDensity => special::normal_density(x),
            Self::Polygamma(0) => special::digamma(x),
            Self::Polygamma(1) => special::trigamma(x),
            Self::Polygamma(m) => special::polygamma(m, x),
            Self::LambertAbove => special::above_lambert_w(x),
            Self::LambertSlope => special::lambert_w_slope(x),
            Self::Bessel(n) => libm::jn(i32::from(n), x),
            Self::J1Over if x == 0.0 => 0.5,
            Self::J1Over => libm::j1(x) / x,
        }
    }

    /// The value in either scalar, as programs compute it.
    #[inline]
    pub(crate) fn apply<T: crate::Real>(self, x: T) -> T {
        match self {
            Self::Sqrt => num_traits::Float::sqrt(x),
            Self::Abs => num_traits::Float::abs(x),
            Self::Exp => num_traits::Float::exp(x),
            other => T::of(other.value(x.as_f64())),
        }
    }
}
