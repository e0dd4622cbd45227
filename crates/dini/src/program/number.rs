//! What an equation computes with, whatever it is evaluated for.

use std::fmt::Debug;
use std::iter::Sum;
use std::ops::{Add, AddAssign, BitAnd, BitOr, Div, DivAssign, Mul, MulAssign, Neg, Not, Sub, SubAssign};

use super::{Function, Join, Var, choose, named, raise};
use crate::Real;

/// A number of an [`Equation`](super::Equation): plain ([`Plain`]), with a derivative ([`Jet`](crate::tiny::Jet)), or traced ([`Var`]).
///
/// Plain numbers stand on the right: `x * 2.0`, not `2.0 * x`. There is no `<`, since a traced number has no value: comparisons give
/// a [`Truth`], on which [`select`](Number::select) decides.
///
/// ```
/// use dini::program::{Number, Plain};
/// /// sin(x) / x, continued to 0
/// fn sinc<D: Number>(x: D) -> D {
///     let small = x.abs().lt(D::number(1e-8));
///     // both are computed: a divisor that is never 0 keeps NaN out of the derivatives
///     let divisor = D::select(small, D::number(1.0), x);
///     D::select(small, D::number(1.0), x.sin() / divisor)
/// }
/// assert_eq!(sinc(Plain(0.0)), Plain(1.0));
/// assert_eq!(sinc(Plain(2.0)), Plain(2f64.sin() / 2.0));
/// ```
pub trait Number:
    Copy
    + Debug
    + Neg<Output = Self>
    + Sum
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign<f64>
    + SubAssign<f64>
    + MulAssign<f64>
    + DivAssign<f64>
{
    /// A number that depends on nothing.
    fn number(value: f64) -> Self;
    /// A function of one argument.
    fn call(self, function: Function) -> Self;
    /// Two numbers joined.
    fn join(self, join: Join, other: Self) -> Self;
    /// x^y for a plain y.
    fn powf(self, y: f64) -> Self;
    /// `yes` where `truth` is, else `no`; NaN where an operand of the comparison is. Both are computed, one counts.
    fn select(truth: Truth<Self>, yes: Self, no: Self) -> Self;

    named!(methods);

    /// x^n for a whole n.
    #[inline]
    fn powi(self, n: i32) -> Self {
        self.powf(f64::from(n))
    }

    /// x^y, of a positive x where y has a derivative.
    #[inline]
    fn pow(self, y: Self) -> Self {
        self.join(Join::Power, y)
    }

    /// 1 / x
    #[inline]
    fn recip(self) -> Self {
        Self::number(1.0) / self
    }

    /// sqrt(x^2 + y^2) without overflow.
    #[inline]
    fn hypot(self, y: Self) -> Self {
        self.join(Join::Hypot, y)
    }

    /// The angle of the point (x, self).
    #[inline]
    fn atan2(self, x: Self) -> Self {
        self.join(Join::Atan2, x)
    }

    /// self less the largest multiple of y that is not above it: of the sign of y.
    #[inline]
    fn modulo(self, y: Self) -> Self {
        self.join(Join::Mod, y)
    }

    /// The smaller of two numbers; NaN if one is.
    #[inline]
    fn min(self, y: Self) -> Self {
        self.join(Join::Min, y)
    }

    /// The larger of two numbers; NaN if one is.
    #[inline]
    fn max(self, y: Self) -> Self {
        self.join(Join::Max, y)
    }

    /// self < y
    #[inline]
    fn lt(self, y: Self) -> Truth<Self> {
        Truth(self.join(Join::Less, y))
    }

    /// self <= y
    #[inline]
    fn le(self, y: Self) -> Truth<Self> {
        Truth(self.join(Join::LessEqual, y))
    }

    /// self > y
    #[inline]
    fn gt(self, y: Self) -> Truth<Self> {
        Truth(self.join(Join::Greater, y))
    }

    /// self >= y
    #[inline]
    fn ge(self, y: Self) -> Truth<Self> {
        Truth(self.join(Join::GreaterEqual, y))
    }
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $function:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[inline]
        fn $name(self) -> Self {
            self.call(Function::$function)
        }
    )* };
}
use methods;

/// What a comparison of numbers gives: 1 for true, 0 for false, NaN where an operand is NaN.
#[derive(Clone, Copy, Debug)]
pub struct Truth<D = Var>(pub(crate) D);

impl<D: Number> BitAnd for Truth<D> {
    type Output = Self;
    #[inline]
    fn bitand(self, other: Self) -> Self {
        Truth(self.0.join(Join::And, other.0))
    }
}

impl<D: Number> BitOr for Truth<D> {
    type Output = Self;
    #[inline]
    fn bitor(self, other: Self) -> Self {
        Truth(self.0.join(Join::Or, other.0))
    }
}

impl<D: Number> Not for Truth<D> {
    type Output = Self;
    #[inline]
    fn not(self) -> Self {
        Truth(D::number(1.0) - self.0)
    }
}

impl Number for Var {
    fn number(value: f64) -> Self {
        value.into()
    }
    fn call(self, function: Function) -> Self {
        Var::call(self, function)
    }
    fn join(self, join: Join, other: Self) -> Self {
        Var::join(self, join, other)
    }
    fn powf(self, y: f64) -> Self {
        self.pow(y)
    }
    fn select(truth: Truth<Self>, yes: Self, no: Self) -> Self {
        truth.0.choose(yes, no)
    }
}

/// A number as it is, of either scalar.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct Plain<T>(pub T);

impl<T: Real> Number for Plain<T> {
    #[inline]
    fn number(value: f64) -> Self {
        Plain(T::of(value))
    }
    #[inline]
    fn call(self, function: Function) -> Self {
        Plain(function.apply(self.0))
    }
    #[inline]
    fn join(self, join: Join, other: Self) -> Self {
        Plain(join.apply(self.0, other.0))
    }
    #[inline]
    fn powf(self, y: f64) -> Self {
        Plain(raise(self.0, y))
    }
    #[inline]
    fn select(truth: Truth<Self>, yes: Self, no: Self) -> Self {
        Plain(choose(truth.0.0, yes.0, no.0))
    }
}

/// Arithmetic of a type of numbers over a scalar `T`, with itself and with `f64` on the right; `x` and `y` are the operands and `c` is
/// the plain one.
macro_rules! arithmetic {
    ($number:ident, $x:ident $y:ident $c:ident, $negative:expr;
        $($operator:ident $method:ident $assign:ident $assign_method:ident: $own:expr, $plain:expr;)*) => {
        impl<T: Real> Neg for $number<T> {
            type Output = Self;
            #[inline]
            fn neg(self) -> Self {
                let $x = self;
                $negative
            }
        }
        impl<T: Real> Sum for $number<T> {
            #[inline]
            fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
                terms.fold(Self::number(0.0), |sum, term| sum + term)
            }
        }
        $(
            impl<T: Real> $operator for $number<T> {
                type Output = Self;
                #[inline]
                fn $method(self, $y: Self) -> Self {
                    let $x = self;
                    $own
                }
            }
            impl<T: Real> $operator<f64> for $number<T> {
                type Output = Self;
                #[inline]
                fn $method(self, plain: f64) -> Self {
                    let ($x, $c) = (self, T::of(plain));
                    $plain
                }
            }
            impl<T: Real> $assign for $number<T> {
                #[inline]
                fn $assign_method(&mut self, other: Self) {
                    *self = self.$method(other);
                }
            }
            impl<T: Real> $assign<f64> for $number<T> {
                #[inline]
                fn $assign_method(&mut self, other: f64) {
                    *self = self.$method(other);
                }
            }
        )*
    };
}
pub(crate) use arithmetic;

arithmetic! {
    Plain, x y c, Plain(-x.0);
    Add add AddAssign add_assign: Plain(x.0 + y.0), Plain(x.0 + c);
    Sub sub SubAssign sub_assign: Plain(x.0 - y.0), Plain(x.0 - c);
    Mul mul MulAssign mul_assign: Plain(x.0 * y.0), Plain(x.0 * c);
    Div div DivAssign div_assign: Plain(x.0 / y.0), Plain(x.0 / c);
}
