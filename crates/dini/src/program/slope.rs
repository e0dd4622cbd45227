//! The rules of differentiation, stated once: for programs, whose derivatives are programs again, and for numbers.

use std::f64::consts::{LN_2, LN_10};
use std::marker::PhantomData;

use super::function::Function;
use super::graph::Graph;
use super::node::{Id, Join, raise};
use crate::Real;

/// What derivatives are computed in.
pub(crate) trait Calculus {
    type Value: Copy;
    fn number(&mut self, value: f64) -> Self::Value;
    fn negate(&mut self, x: Self::Value) -> Self::Value;
    /// x^n
    fn raise(&mut self, x: Self::Value, n: f64) -> Self::Value;
    fn call(&mut self, function: Function, x: Self::Value) -> Self::Value;
    fn join(&mut self, join: Join, a: Self::Value, b: Self::Value) -> Self::Value;

    /// x times a number.
    #[inline]
    fn scaled(&mut self, x: Self::Value, factor: f64) -> Self::Value {
        let factor = self.number(factor);
        self.join(Join::Multiply, factor, x)
    }

    /// A number and x.
    #[inline]
    fn added(&mut self, number: f64, x: Self::Value) -> Self::Value {
        let number = self.number(number);
        self.join(Join::Add, x, number)
    }

    /// The slope 1/x.
    #[inline]
    fn over(&mut self, x: Self::Value) -> Option<Slope<Self::Value>> {
        let one = self.number(1.0);
        Some(Slope::Times(self.join(Join::Divide, one, x)))
    }

    /// A slope that counts where `value` is not infinite.
    #[inline]
    fn gated(&mut self, slope: Self::Value, value: Self::Value) -> Option<Slope<Self::Value>> {
        Some(Slope::Times(self.join(Join::Gate, slope, value)))
    }

    /// 1 - x^2, or the root of it.
    #[inline]
    fn beside_one(&mut self, x: Self::Value, root: bool) -> Self::Value {
        let product = self.call(Function::BesideOne, x);
        if root { self.call(Function::Sqrt, product) } else { product }
    }

    /// (J_{n-1} - J_{n+1}) / 2
    #[inline]
    fn bessel_slope(&mut self, n: u8, x: Self::Value) -> Self::Value {
        let order = |n: u8| match n {
            0 => Function::J0,
            1 => Function::J1,
            _ => Function::Bessel(n),
        };
        let (below, above) = (self.call(order(n - 1), x), self.call(order(n.saturating_add(1)), x));
        let difference = self.join(Join::Subtract, below, above);
        self.scaled(difference, 0.5)
    }
}

impl Calculus for Graph {
    type Value = Id;
    fn number(&mut self, value: f64) -> Id {
        Graph::number(self, value)
    }
    fn negate(&mut self, x: Id) -> Id {
        Graph::negate(self, x)
    }
    fn raise(&mut self, x: Id, n: f64) -> Id {
        Graph::raise(self, x, n)
    }
    fn call(&mut self, function: Function, x: Id) -> Id {
        Graph::call(self, function, x)
    }
    fn join(&mut self, join: Join, a: Id, b: Id) -> Id {
        Graph::join(self, join, a, b)
    }
}

/// Plain numbers.
#[derive(Default)]
struct Numbers<T>(PhantomData<T>);

impl<T: Real> Calculus for Numbers<T> {
    type Value = T;
    #[inline]
    fn number(&mut self, value: f64) -> T {
        T::of(value)
    }
    #[inline]
    fn negate(&mut self, x: T) -> T {
        -x
    }
    #[inline]
    fn raise(&mut self, x: T, n: f64) -> T {
        raise(x, n)
    }
    #[inline]
    fn call(&mut self, function: Function, x: T) -> T {
        function.apply(x)
    }
    #[inline]
    fn join(&mut self, join: Join, a: T, b: T) -> T {
        join.apply(a, b)
    }
}

/// How a change of an operand becomes one of the result: a linear map.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Slope<V> {
    One,
    Minus,
    /// times a factor
    Times(V),
    /// divided by a divisor
    Over(V),
    /// -(q change) / b for the quotient q = a / b
    Quotient {
        q: V,
        b: V,
    },
    /// where the condition is as given, else 0
    Where(V, bool),
    /// by [`Join::Gate`], where this value is not infinite
    Gated(V),
}

impl<T: Real> Slope<T> {
    /// The factor that it is, of numbers.
    #[inline]
    fn factor(self) -> T {
        match self {
            Slope::One => T::one(),
            Slope::Minus => -T::one(),
            Slope::Times(factor) => factor,
            Slope::Over(b) => b.recip(),
            Slope::Quotient { q, b } => -q / b,
            Slope::Where(truth, _) if truth.is_nan() => truth,
            Slope::Where(truth, wanted) => T::of(f64::from(u8::from((truth != T::zero()) == wanted))),
            Slope::Gated(value) => Join::Gate.apply(T::one(), value),
        }
    }
}

impl Function {
    /// f'(x) at `y` = f(x); none where f is flat.
    #[inline]
    pub(super) fn slope<C: Calculus>(self, c: &mut C, x: C::Value, y: C::Value) -> Option<Slope<C::Value>> {
        let times = |factor| Some(Slope::Times(factor));
        match self {
            Self::Exp => c.gated(y, y),
            Self::Expm1 => {
                let exp = c.call(Self::Exp, x);
                c.gated(exp, y)
            }
            Self::Ln => c.over(x),
            Self::Log10 => {
                let divisor = c.scaled(x, LN_10);
                c.over(divisor)
            }
            Self::Log2 => {
                let divisor = c.scaled(x, LN_2);
                c.over(divisor)
            }
            Self::Ln1p => {
                let divisor = c.added(1.0, x);
                c.over(divisor)
            }
            Self::Sin => times(c.call(Self::Cos, x)),
            Self::Cos => {
                let sin = c.call(Self::Sin, x);
                times(c.negate(sin))
            }
            Self::Tan => {
                let square = c.raise(y, 2.0);
                times(c.added(1.0, square))
            }
            Self::Asin => {
                let divisor = c.beside_one(x, true);
                c.over(divisor)
            }
            Self::Acos => {
                let root = c.beside_one(x, true);
                let divisor = c.negate(root);
                c.over(divisor)
            }
            Self::Atan => {
                let square = c.raise(x, 2.0);
                let divisor = c.added(1.0, square);
                c.over(divisor)
            }
            Self::Sinh => {
                let cosh = c.call(Self::Cosh, x);
                c.gated(cosh, y)
            }
            Self::Cosh => {
                let sinh = c.call(Self::Sinh, x);
                c.gated(sinh, y)
            }
            Self::Tanh => times(c.call(Self::TanhSlope, x)),
            Self::Asinh => {
                let one = c.number(1.0);
                let divisor = c.join(Join::Hypot, one, x);
                c.over(divisor)
            }
            Self::Acosh => {
                let [below, above] = [-1.0, 1.0].map(|moved| {
                    let moved = c.added(moved, x);
                    c.call(Self::Sqrt, moved)
                });
                let divisor = c.join(Join::Multiply, below, above);
                c.over(divisor)
            }
            Self::Atanh => {
                let divisor = c.beside_one(x, false);
                c.over(divisor)
            }
            Self::Sqrt => {
                let half = c.number(0.5);
                times(c.join(Join::Divide, half, y))
            }
            Self::Cbrt => {
                let square = c.raise(y, 2.0);
                let tripled = c.scaled(square, 3.0);
                let one = c.number(1.0);
                times(c.join(Join::Divide, one, tripled))
            }
            Self::Abs => times(c.call(Self::Sign, x)),
            Self::Sigmoid => times(c.call(Self::SigmoidSlope, x)),
            Self::Erf => times(c.call(Self::Gaussian, x)),
            Self::Erfc => {
                let slope = c.call(Self::Gaussian, x);
                times(c.negate(slope))
            }
            Self::NormCdf => times(c.call(Self::NormalDensity, x)),
            Self::Gamma => {
                let digamma = c.call(Self::Polygamma(0), x);
                let slope = c.join(Join::Multiply, y, digamma);
                c.gated(slope, y)
            }
            Self::LnGamma => {
                let digamma = c.call(Self::Polygamma(0), x);
                c.gated(digamma, y)
            }
            Self::LambertW | Self::LambertAbove => times(c.call(Self::LambertSlope, x)),
            Self::J0 | Self::Bessel(0) => {
                let j1 = c.call(Self::J1, x);
                times(c.negate(j1))
            }
            Self::J1 => {
                let (j0, over) = (c.call(Self::J0, x), c.call(Self::J1Over, x));
                times(c.join(Join::Subtract, j0, over))
            }
            Self::J1Over => {
                // -J2(x) / x = -(J1(x) + J3(x)) / 4
                let (j1, j3) = (c.call(Self::J1, x), c.call(Self::Bessel(3), x));
                let sum = c.join(Join::Add, j1, j3);
                times(c.scaled(sum, -0.25))
            }
            Self::Sign | Self::Floor | Self::Ceil => None,
            Self::BesideOne => times(c.scaled(x, -2.0)),
            Self::TanhSlope => {
                // -2 tanh(x) / cosh(x)^2
                let tanh = c.call(Self::Tanh, x);
                let doubled = c.scaled(tanh, -2.0);
                times(c.join(Join::Multiply, doubled, y))
            }
            Self::SigmoidSlope => {
                let half = c.scaled(x, 0.5);
                let tanh = c.call(Self::Tanh, half);
                let product = c.join(Join::Multiply, y, tanh);
                times(c.negate(product))
            }
            Self::Gaussian => {
                let product = c.join(Join::Multiply, x, y);
                times(c.scaled(product, -2.0))
            }
            Self::NormalDensity => {
                let product = c.join(Join::Multiply, x, y);
                times(c.negate(product))
            }
            Self::Polygamma(m) => times(c.call(Self::Polygamma(m.saturating_add(1)), x)),
            Self::LambertSlope => {
                // -W'^2 (2 + W)/(1 + W)
                let above = c.call(Self::LambertAbove, x);
                let square = c.raise(y, 2.0);
                let sum = c.added(1.0, above);
                let quotient = c.join(Join::Divide, sum, above);
                let product = c.join(Join::Multiply, square, quotient);
                times(c.negate(product))
            }
            Self::Bessel(n) => times(c.bessel_slope(n, x)),
        }
    }

    /// f'(x) as a number, where `y` = f(x).
    #[inline]
    pub(crate) fn derivative(self, x: f64, y: f64) -> f64 {
        self.slope(&mut Numbers::default(), x, y).map_or(0.0, Slope::factor)
    }
}

impl Join {
    /// The slope of the value `y` by the first of what is joined, or by the second; none where it is flat.
    #[inline]
    pub(super) fn slope<C: Calculus>(
        self,
        c: &mut C,
        (a, b): (C::Value, C::Value),
        y: C::Value,
        first: bool,
    ) -> Option<Slope<C::Value>> {
        match self {
            Self::Add => Some(Slope::One),
            Self::Subtract => Some(if first { Slope::One } else { Slope::Minus }),
            Self::Multiply => Some(Slope::Times(if first { b } else { a })),
            Self::Divide if first => Some(Slope::Over(b)),
            Self::Divide => Some(Slope::Quotient { q: y, b }),
            Self::Power if first => {
                let exponent = c.added(-1.0, b);
                let power = c.join(Self::Power, a, exponent);
                let slope = c.join(Self::Weigh, b, power);
                c.gated(slope, y)
            }
            Self::Power => {
                let slope = c.join(Self::PowerLog(1), a, b);
                c.gated(slope, y)
            }
            Self::PowerLog(k) if first => {
                let exponent = c.added(-1.0, b);
                let power = c.join(Self::PowerLog(k), a, exponent);
                let fewer = if k == 1 { Self::Power } else { Self::PowerLog(k - 1) };
                let other = c.join(fewer, a, exponent);
                let (left, right) = (c.join(Self::Weigh, b, power), c.scaled(other, f64::from(k)));
                Some(Slope::Times(c.join(Self::Add, left, right)))
            }
            Self::PowerLog(k) => Some(Slope::Times(c.join(Self::PowerLog(k.saturating_add(1)), a, b))),
            // the angle of (b, a): b / r^2 by a, -a / r^2 by b
            Self::Atan2 => {
                let r = c.join(Self::Hypot, a, b);
                let part = c.join(Self::Divide, if first { b } else { a }, r);
                let slope = c.join(Self::Divide, part, r);
                Some(Slope::Times(if first { slope } else { c.negate(slope) }))
            }
            Self::Hypot => Some(Slope::Times(c.join(Self::Divide, if first { a } else { b }, y))),
            Self::Min => Some(Slope::Where(c.join(Self::LessEqual, a, b), first)),
            Self::Max => Some(Slope::Where(c.join(Self::GreaterEqual, a, b), first)),
            Self::Mod if first => Some(Slope::One),
            Self::Mod => {
                let quotient = c.join(Self::Divide, a, b);
                let whole = c.call(Function::Floor, quotient);
                Some(Slope::Times(c.negate(whole)))
            }
            Self::Weigh => Some(Slope::Times(if first { b } else { a })),
            Self::Gate => first.then_some(Slope::Gated(b)),
            Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual | Self::And | Self::Or => None,
        }
    }

    /// The same as a number.
    #[inline]
    pub(crate) fn derivative<T: Real>(self, operands: (T, T), y: T, first: bool) -> T {
        self.slope(&mut Numbers::default(), operands, y, first).map_or(T::zero(), Slope::factor)
    }
}

/// The slope of `y` = x^n for a plain n; none where that is constant.
#[inline]
pub(super) fn raised<C: Calculus>(c: &mut C, x: C::Value, n: f64, y: C::Value) -> Option<Slope<C::Value>> {
    if n == 0.0 {
        return None;
    }
    let power = c.raise(x, n - 1.0);
    let slope = c.scaled(power, n);
    // a square overflows where its slope does not
    if n == 2.0 { Some(Slope::Times(slope)) } else { c.gated(slope, y) }
}

/// The same as a number.
#[inline]
pub(crate) fn raised_derivative<T: Real>(x: T, n: f64, y: T) -> T {
    raised(&mut Numbers::default(), x, n, y).map_or(T::zero(), Slope::factor)
}
