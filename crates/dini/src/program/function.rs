//! The functions of one argument: values, and the slopes of which their derivatives are made.
//!
//! Values are computed in `f64` whatever the scalar. Slopes are functions, too, in closed form where the general rules would
//! overflow or cancel (tanh, the logistic function, asin near 1), so that derivatives of any order are programs again.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

use super::graph::Graph;
use super::node::{Id, Join};
use super::special;

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

    /// f'(x) as a node, where `y` = f(x); none where f is flat.
    pub(super) fn slope(self, graph: &mut Graph, x: Id, y: Id) -> Option<Slope> {
        let times = |node: Id| Some(Slope::Times(node));
        match self {
            Self::Exp => graph.gated(y, y),
            Self::Expm1 => {
                let exp = graph.call(Self::Exp, x);
                graph.gated(exp, y)
            }
            Self::Ln => graph.over(x),
            Self::Log10 => {
                let divisor = graph.scaled(x, LN_10);
                graph.over(divisor)
            }
            Self::Log2 => {
                let divisor = graph.scaled(x, LN_2);
                graph.over(divisor)
            }
            Self::Ln1p => {
                let divisor = graph.added(1.0, x);
                graph.over(divisor)
            }
            Self::Sin => times(graph.call(Self::Cos, x)),
            Self::Cos => {
                let sin = graph.call(Self::Sin, x);
                times(graph.negate(sin))
            }
            Self::Tan => {
                let square = graph.raise(y, 2.0);
                times(graph.added(1.0, square))
            }
            Self::Asin => {
                let divisor = graph.beside_one(x, true);
                graph.over(divisor)
            }
            Self::Acos => {
                let root = graph.beside_one(x, true);
                let divisor = graph.negate(root);
                graph.over(divisor)
            }
            Self::Atan => {
                let square = graph.raise(x, 2.0);
                let divisor = graph.added(1.0, square);
                graph.over(divisor)
            }
            Self::Sinh => {
                let cosh = graph.call(Self::Cosh, x);
                graph.gated(cosh, y)
            }
            Self::Cosh => {
                let sinh = graph.call(Self::Sinh, x);
                graph.gated(sinh, y)
            }
            Self::Tanh => times(graph.call(Self::TanhSlope, x)),
            Self::Asinh => {
                let one = graph.number(1.0);
                let divisor = graph.join(Join::Hypot, one, x);
                graph.over(divisor)
            }
            Self::Acosh => {
                let [below, above] = [-1.0, 1.0].map(|moved| {
                    let moved = graph.added(moved, x);
                    graph.call(Self::Sqrt, moved)
                });
                let divisor = graph.join(Join::Multiply, below, above);
                graph.over(divisor)
            }
            Self::Atanh => {
                let divisor = graph.beside_one(x, false);
                graph.over(divisor)
            }
            Self::Sqrt => {
                let half = graph.number(0.5);
                times(graph.join(Join::Divide, half, y))
            }
            Self::Cbrt => {
                let square = graph.raise(y, 2.0);
                let tripled = graph.scaled(square, 3.0);
                let one = graph.number(1.0);
                times(graph.join(Join::Divide, one, tripled))
            }
            Self::Abs => times(graph.call(Self::Sign, x)),
            Self::Sigmoid => times(graph.call(Self::SigmoidSlope, x)),
            Self::Erf => times(graph.call(Self::Gaussian, x)),
            Self::Erfc => {
                let slope = graph.call(Self::Gaussian, x);
                times(graph.negate(slope))
            }
            Self::NormCdf => times(graph.call(Self::NormalDensity, x)),
            Self::Gamma => {
                let digamma = graph.call(Self::Polygamma(0), x);
                let slope = graph.join(Join::Multiply, y, digamma);
                graph.gated(slope, y)
            }
            Self::LnGamma => {
                let digamma = graph.call(Self::Polygamma(0), x);
                graph.gated(digamma, y)
            }
            Self::LambertW | Self::LambertAbove => times(graph.call(Self::LambertSlope, x)),
            Self::J0 | Self::Bessel(0) => {
                let j1 = graph.call(Self::J1, x);
                times(graph.negate(j1))
            }
            Self::J1 => {
                let (j0, over) = (graph.call(Self::J0, x), graph.call(Self::J1Over, x));
                times(graph.join(Join::Subtract, j0, over))
            }
            Self::J1Over => {
                // -J2(x) / x = -(J1(x) + J3(x)) / 4
                let (j1, j3) = (graph.call(Self::J1, x), graph.call(Self::Bessel(3), x));
                let sum = graph.join(Join::Add, j1, j3);
                times(graph.scaled(sum, -0.25))
            }
            Self::Sign | Self::Floor | Self::Ceil => None,
            Self::BesideOne => times(graph.scaled(x, -2.0)),
            Self::TanhSlope => {
                // -2 tanh(x) / cosh(x)^2
                let tanh = graph.call(Self::Tanh, x);
                let doubled = graph.scaled(tanh, -2.0);
                times(graph.join(Join::Multiply, doubled, y))
            }
            Self::SigmoidSlope => {
                let half = graph.scaled(x, 0.5);
                let tanh = graph.call(Self::Tanh, half);
                let product = graph.join(Join::Multiply, y, tanh);
                times(graph.negate(product))
            }
            Self::Gaussian => {
                let product = graph.join(Join::Multiply, x, y);
                times(graph.scaled(product, -2.0))
            }
            Self::NormalDensity => {
                let product = graph.join(Join::Multiply, x, y);
                times(graph.negate(product))
            }
            Self::Polygamma(m) => times(graph.call(Self::Polygamma(m.saturating_add(1)), x)),
            Self::LambertSlope => {
                // -W'^2 (2 + W)/(1 + W)
                let above = graph.call(Self::LambertAbove, x);
                let square = graph.raise(y, 2.0);
                let sum = graph.added(1.0, above);
                let quotient = graph.join(Join::Divide, sum, above);
                let product = graph.join(Join::Multiply, square, quotient);
                times(graph.negate(product))
            }
            Self::Bessel(n) => times(graph.bessel_slope(n, x)),
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

    /// f'(x) as a number, where `y` = f(x): what the node of [`slope`](Function::slope) computes.
    #[inline]
    pub(crate) fn derivative(self, x: f64, y: f64) -> f64 {
        let gated = |slope: f64| Join::Gate.apply(slope, y);
        let bessel = |n: i32| libm::jn(n, x);
        match self {
            Self::Exp => gated(y),
            Self::Expm1 => gated(x.exp()),
            Self::Ln => 1.0 / x,
            Self::Log10 => 1.0 / (LN_10 * x),
            Self::Log2 => 1.0 / (LN_2 * x),
            Self::Ln1p => 1.0 / (x + 1.0),
            Self::Sin => x.cos(),
            Self::Cos => -x.sin(),
            Self::Tan => y * y + 1.0,
            Self::Asin => 1.0 / Self::BesideOne.value(x).sqrt(),
            Self::Acos => -1.0 / Self::BesideOne.value(x).sqrt(),
            Self::Atan => 1.0 / (x * x + 1.0),
            Self::Sinh => gated(x.cosh()),
            Self::Cosh => gated(x.sinh()),
            Self::Tanh => Self::TanhSlope.value(x),
            Self::Asinh => 1.0 / x.hypot(1.0),
            Self::Acosh => 1.0 / ((x - 1.0).sqrt() * (x + 1.0).sqrt()),
            Self::Atanh => 1.0 / Self::BesideOne.value(x),
            Self::Sqrt => 0.5 / y,
            Self::Cbrt => 1.0 / (3.0 * (y * y)),
            Self::Abs => Self::Sign.value(x),
            Self::Sigmoid => Self::SigmoidSlope.value(x),
            Self::Erf => Self::Gaussian.value(x),
            Self::Erfc => -Self::Gaussian.value(x),
            Self::NormCdf => Self::NormalDensity.value(x),
            Self::Gamma => gated(y * Self::Polygamma(0).value(x)),
            Self::LnGamma => gated(Self::Polygamma(0).value(x)),
            Self::LambertW | Self::LambertAbove => Self::LambertSlope.value(x),
            Self::J0 | Self::Bessel(0) => -bessel(1),
            Self::J1 => bessel(0) - Self::J1Over.value(x),
            Self::J1Over => -0.25 * (bessel(1) + bessel(3)),
            Self::Sign | Self::Floor | Self::Ceil => 0.0,
            Self::BesideOne => -2.0 * x,
            Self::TanhSlope => -2.0 * x.tanh() * y,
            Self::SigmoidSlope => -y * (0.5 * x).tanh(),
            Self::Gaussian => -2.0 * x * y,
            Self::NormalDensity => -x * y,
            Self::Polygamma(m) => Self::Polygamma(m.saturating_add(1)).value(x),
            Self::LambertSlope => {
                let above = Self::LambertAbove.value(x);
                -y * y * ((1.0 + above) / above)
            }
            Self::Bessel(n) => 0.5 * (bessel(i32::from(n) - 1) - bessel(i32::from(n) + 1)),
        }
    }
}

/// How a change of an operand becomes one of the result: a linear map.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slope {
    One,
    Minus,
    /// times a node
    Times(Id),
    /// divided by a node
    Over(Id),
    /// -(q change) / b for the quotient q = a / b
    Quotient {
        q: Id,
        b: Id,
    },
    /// where the condition is as given, else 0
    Where(Id, bool),
    /// by [`Join::Gate`], where this value is not infinite
    Gated(Id),
}
