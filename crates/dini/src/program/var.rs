//! Numbers that write down what is done with them.

use std::fmt;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::function::Function;
use super::names::named;
use super::node::{Id, Join};
use super::number::Truth;
use super::trace::record;

/// A number of a function that is being traced: an unknown, a parameter, or what has been made of them and of plain numbers.
///
/// It has no value, so it can't be compared by `<`; [`Var::lt`] and its kin give a [`Truth`], on which [`select`] decides.
///
/// ```compile_fail
/// # use dini::program::Var;
/// fn larger(x: Var, y: Var) -> Var {
///     if x > y { x } else { y } // traced numbers have no order: x.max(y), or select(x.gt(y), x, y)
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Var(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Number(f64),
    /// of the trace with this serial number
    Node(u32, Id),
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Number(value) => write!(f, "{value}"),
            Kind::Node(_, id) => write!(f, "#{}", id.0),
        }
    }
}

impl From<f64> for Var {
    fn from(value: f64) -> Self {
        Var::number(value)
    }
}

impl From<f32> for Var {
    fn from(value: f32) -> Self {
        Var::number(value.into())
    }
}

impl From<i32> for Var {
    fn from(value: i32) -> Self {
        Var::number(value.into())
    }
}

impl Var {
    pub(super) fn number(value: f64) -> Self {
        Var(Kind::Number(value))
    }

    pub(super) fn node(trace: u32, id: Id) -> Self {
        Var(Kind::Node(trace, id))
    }

    /// The number, or the trace and the node.
    pub(super) fn parts(self) -> Result<f64, (u32, Id)> {
        match self.0 {
            Kind::Number(value) => Ok(value),
            Kind::Node(trace, id) => Err((trace, id)),
        }
    }

    pub(crate) fn call(self, function: Function) -> Self {
        match self.0 {
            Kind::Number(value) => Var::number(function.value(value)),
            Kind::Node(..) => record([self], |graph, [x]| graph.call(function, x)),
        }
    }

    pub(crate) fn join(self, join: Join, other: Var) -> Self {
        match (self.0, other.0) {
            (Kind::Number(a), Kind::Number(b)) => Var::number(join.apply(a, b)),
            _ => record([self, other], |graph, [a, b]| graph.join(join, a, b)),
        }
    }

    /// `yes` where this truth value is 1, `no` where it is 0.
    pub(crate) fn choose(self, yes: Var, no: Var) -> Self {
        record([self, yes, no], |graph, [truth, yes, no]| graph.select(truth, yes, no))
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $function:ident),* $(,)?) => {
        impl Var {
            $($(#[$doc])* pub fn $name(self) -> Var {
                self.call(Function::$function)
            })*
        }
    };
}
named!(functions);

impl Var {
    /// x^n for a whole n.
    pub fn powi(self, n: i32) -> Var {
        self.pow(f64::from(n))
    }

    /// x^y; where y is not a plain number, x must be positive for derivatives by it.
    pub fn pow(self, y: impl Into<Var>) -> Var {
        self.join(Join::Power, y.into())
    }

    /// x^y, as [`pow`](Var::pow).
    pub fn powf(self, y: impl Into<Var>) -> Var {
        self.pow(y)
    }

    /// 1 / x
    pub fn recip(self) -> Var {
        1.0 / self
    }

    /// sqrt(x^2 + y^2) without overflow.
    pub fn hypot(self, y: impl Into<Var>) -> Var {
        self.join(Join::Hypot, y.into())
    }

    /// The angle of the point (x, self).
    pub fn atan2(self, x: impl Into<Var>) -> Var {
        self.join(Join::Atan2, x.into())
    }

    /// self less the largest multiple of y that is not above it: of the sign of y.
    pub fn modulo(self, y: impl Into<Var>) -> Var {
        self.join(Join::Mod, y.into())
    }

    /// The smaller of two numbers; NaN if one is.
    pub fn min(self, y: impl Into<Var>) -> Var {
        self.join(Join::Min, y.into())
    }

    /// The larger of two numbers; NaN if one is.
    pub fn max(self, y: impl Into<Var>) -> Var {
        self.join(Join::Max, y.into())
    }

    /// Within `low` and `high`.
    pub fn clamp(self, low: impl Into<Var>, high: impl Into<Var>) -> Var {
        self.max(low).min(high)
    }

    /// self < y
    pub fn lt(self, y: impl Into<Var>) -> Truth {
        Truth(self.join(Join::Less, y.into()))
    }

    /// self <= y
    pub fn le(self, y: impl Into<Var>) -> Truth {
        Truth(self.join(Join::LessEqual, y.into()))
    }

    /// self > y
    pub fn gt(self, y: impl Into<Var>) -> Truth {
        Truth(self.join(Join::Greater, y.into()))
    }

    /// self >= y
    pub fn ge(self, y: impl Into<Var>) -> Truth {
        Truth(self.join(Join::GreaterEqual, y.into()))
    }
}

/// `yes` where `truth` is, else `no`; NaN where an operand of the comparison is. Both are computed, one counts.
pub fn select(truth: Truth, yes: impl Into<Var>, no: impl Into<Var>) -> Var {
    truth.0.choose(yes.into(), no.into())
}

/// sum_i a_i b_i, of as many terms as the shorter one has.
pub fn dot<A: Copy + Into<Var>, B: Copy + Into<Var>>(a: &[A], b: &[B]) -> Var {
    a.iter().zip(b).map(|(a, b)| (*a).into() * (*b).into()).sum()
}

impl Neg for Var {
    type Output = Var;
    fn neg(self) -> Var {
        match self.0 {
            Kind::Number(value) => Var::number(-value),
            Kind::Node(..) => record([self], |graph, [x]| graph.negate(x)),
        }
    }
}

macro_rules! operators {
    ($($operator:ident $method:ident $assign:ident $assign_method:ident $join:ident;)*) => { $(
        impl $operator for Var {
            type Output = Var;
            fn $method(self, other: Var) -> Var {
                self.join(Join::$join, other)
            }
        }
        impl $operator<f64> for Var {
            type Output = Var;
            fn $method(self, other: f64) -> Var {
                self.join(Join::$join, other.into())
            }
        }
        impl $operator<Var> for f64 {
            type Output = Var;
            fn $method(self, other: Var) -> Var {
                Var::number(self).join(Join::$join, other)
            }
        }
        impl $operator<&Var> for Var {
            type Output = Var;
            fn $method(self, other: &Var) -> Var {
                self.join(Join::$join, *other)
            }
        }
        impl $operator<Var> for &Var {
            type Output = Var;
            fn $method(self, other: Var) -> Var {
                self.join(Join::$join, other)
            }
        }
        impl $operator for &Var {
            type Output = Var;
            fn $method(self, other: &Var) -> Var {
                self.join(Join::$join, *other)
            }
        }
        impl $operator<f64> for &Var {
            type Output = Var;
            fn $method(self, other: f64) -> Var {
                self.join(Join::$join, other.into())
            }
        }
        impl $operator<&Var> for f64 {
            type Output = Var;
            fn $method(self, other: &Var) -> Var {
                Var::number(self).join(Join::$join, *other)
            }
        }
        impl<R> $assign<R> for Var where Var: $operator<R, Output = Var> {
            fn $assign_method(&mut self, other: R) {
                *self = self.$method(other);
            }
        }
    )* };
}

operators! {
    Add add AddAssign add_assign Add;
    Sub sub SubAssign sub_assign Subtract;
    Mul mul MulAssign mul_assign Multiply;
    Div div DivAssign div_assign Divide;
}

impl Neg for &Var {
    type Output = Var;
    fn neg(self) -> Var {
        -*self
    }
}

impl Sum for Var {
    fn sum<I: Iterator<Item = Var>>(terms: I) -> Var {
        terms.fold(Var::number(0.0), |sum, term| sum + term)
    }
}

impl<'a> Sum<&'a Var> for Var {
    fn sum<I: Iterator<Item = &'a Var>>(terms: I) -> Var {
        terms.copied().sum()
    }
}

impl Product for Var {
    fn product<I: Iterator<Item = Var>>(factors: I) -> Var {
        factors.fold(Var::number(1.0), |product, factor| product * factor)
    }
}
