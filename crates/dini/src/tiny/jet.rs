//! Numbers with a derivative along one direction.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::Real;
use crate::program::{Function, Join, Number, Truth, arithmetic, choose, raise, raised_derivative};

/// A value and its derivative along one direction, carried through a computation.
///
/// What does not depend on the direction has the derivative 0 also where a function has none, such as sqrt at 0. What depends on it, but
/// happens to have the derivative 0, has none there: the rules of calculus say nothing of 0 times infinity.
///
/// Source: A. Griewank and A. Walther (2008), doi:10.1137/1.9780898717761, section 3.1.
///
/// ```
/// use dini::{program::Number, tiny::Jet};
/// let x = Jet::new(2.0, 1.0);
/// assert_eq!(x * x.exp(), Jet::new(2.0 * 2f64.exp(), 3.0 * 2f64.exp()));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Jet<T> {
    /// The value.
    pub value: T,
    /// Its derivative.
    pub slope: T,
    /// Whether it depends on the direction.
    moves: bool,
}

impl<T: Real> PartialEq for Jet<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.value, self.slope) == (other.value, other.slope)
    }
}

impl<T: Real> Jet<T> {
    /// A number that changes by `slope` along the direction; it does not depend on it where that is 0.
    #[inline]
    pub fn new(value: T, slope: T) -> Self {
        Jet { value, slope, moves: slope != T::zero() }
    }

    /// The part of a derivative that comes from a change of this number.
    #[inline]
    fn part(self, derivative: impl FnOnce() -> T) -> T {
        if self.moves { self.slope * derivative() } else { T::zero() }
    }

    /// A function of this number.
    #[inline]
    fn along(self, value: T, derivative: impl FnOnce() -> T) -> Self {
        Jet { value, slope: self.part(derivative), moves: self.moves }
    }
}

impl<T: Real> Number for Jet<T> {
    #[inline]
    fn number(value: f64) -> Self {
        Jet::new(T::of(value), T::zero())
    }
    #[inline]
    fn call(self, function: Function) -> Self {
        let (x, y) = (self.value, function.apply(self.value));
        self.along(y, || T::of(function.derivative(x.as_f64(), y.as_f64())))
    }
    #[inline]
    fn join(self, join: Join, other: Self) -> Self {
        let operands = (self.value, other.value);
        let value = join.apply(self.value, other.value);
        let by = |first| move || join.derivative(operands, value, first);
        Jet { value, slope: self.part(by(true)) + other.part(by(false)), moves: self.moves || other.moves }
    }
    #[inline]
    fn powf(self, y: f64) -> Self {
        let (x, value) = (self.value, raise(self.value, y));
        self.along(value, || raised_derivative(x, y, value))
    }
    #[inline]
    fn select(truth: Truth<Self>, yes: Self, no: Self) -> Self {
        let truth = truth.0.value;
        let (value, slope) = (choose(truth, yes.value, no.value), choose(truth, yes.slope, no.slope));
        Jet { value, slope, moves: yes.moves || no.moves }
    }
}

arithmetic! {
    Jet, x y c, Jet { value: -x.value, slope: -x.slope, moves: x.moves };
    Add add AddAssign add_assign: Jet { value: x.value + y.value, slope: x.slope + y.slope, moves: x.moves || y.moves },
        Jet { value: x.value + c, slope: x.slope, moves: x.moves };
    Sub sub SubAssign sub_assign: Jet { value: x.value - y.value, slope: x.slope - y.slope, moves: x.moves || y.moves },
        Jet { value: x.value - c, slope: x.slope, moves: x.moves };
    Mul mul MulAssign mul_assign: Jet { value: x.value * y.value, slope: x.slope * y.value + x.value * y.slope, moves: x.moves || y.moves },
        Jet { value: x.value * c, slope: x.slope * c, moves: x.moves };
    Div div DivAssign div_assign: {
        let value = x.value / y.value;
        Jet { value, slope: (x.slope - value * y.slope) / y.value, moves: x.moves || y.moves }
    }, Jet { value: x.value / c, slope: x.slope / c, moves: x.moves };
}
