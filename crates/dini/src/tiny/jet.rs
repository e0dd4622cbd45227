//! Numbers with a derivative along one direction.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::number::{Number, Truth, arithmetic};
use crate::Real;
use crate::program::{Function, Join, choose, raise};

/// A value and its derivative along one direction, carried through a computation.
///
/// What does not change along the direction has the derivative 0 also where a function has none, such as sqrt at 0.
///
/// Source: A. Griewank and A. Walther (2008), doi:10.1137/1.9780898717761, section 3.1.
///
/// ```
/// use dini::tiny::{Jet, Number};
/// let x = Jet { value: 2.0, slope: 1.0 };
/// assert_eq!(x * x.exp(), Jet { value: 2.0 * 2f64.exp(), slope: 3.0 * 2f64.exp() });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jet<T> {
    /// The value.
    pub value: T,
    /// Its derivative.
    pub slope: T,
}

impl<T: Real> Jet<T> {
    /// A value that depends on x by `derivative` where x changes.
    #[inline]
    fn along(value: T, change: T, derivative: impl FnOnce() -> T) -> Self {
        Jet { value, slope: part(change, derivative) }
    }
}

#[inline]
fn part<T: Real>(change: T, derivative: impl FnOnce() -> T) -> T {
    if change == T::zero() { change } else { change * derivative() }
}

impl<T: Real> Number for Jet<T> {
    #[inline]
    fn number(value: f64) -> Self {
        Jet { value: T::of(value), slope: T::zero() }
    }
    #[inline]
    fn call(self, function: Function) -> Self {
        let (x, y) = (self.value, function.apply(self.value));
        Jet::along(y, self.slope, || T::of(function.derivative(x.as_f64(), y.as_f64())))
    }
    #[inline]
    fn join(self, join: Join, other: Self) -> Self {
        let operands = (self.value, other.value);
        let value = join.apply(self.value, other.value);
        let by = |first| move || join.derivative(operands, value, first);
        Jet { value, slope: part(self.slope, by(true)) + part(other.slope, by(false)) }
    }
    #[inline]
    fn powf(self, y: f64) -> Self {
        let (x, value) = (self.value, raise(self.value, y));
        Jet::along(value, self.slope, || {
            let slope = T::of(y) * raise(x, y - 1.0);
            if y == 0.0 {
                T::zero()
            } else if y == 2.0 {
                // a square overflows where its slope does not
                slope
            } else {
                Join::Gate.apply(slope, value)
            }
        })
    }
    #[inline]
    fn select(truth: Truth<Self>, yes: Self, no: Self) -> Self {
        let truth = truth.0.value;
        Jet { value: choose(truth, yes.value, no.value), slope: choose(truth, yes.slope, no.slope) }
    }
}

arithmetic! {
    Jet, x y c, Jet { value: -x.value, slope: -x.slope };
    Add add AddAssign add_assign: Jet { value: x.value + y.value, slope: x.slope + y.slope },
        Jet { value: x.value + c, slope: x.slope };
    Sub sub SubAssign sub_assign: Jet { value: x.value - y.value, slope: x.slope - y.slope },
        Jet { value: x.value - c, slope: x.slope };
    Mul mul MulAssign mul_assign: Jet { value: x.value * y.value, slope: x.slope * y.value + x.value * y.slope },
        Jet { value: x.value * c, slope: x.slope * c };
    Div div DivAssign div_assign: {
        let value = x.value / y.value;
        Jet { value, slope: (x.slope - value * y.slope) / y.value }
    }, Jet { value: x.value / c, slope: x.slope / c };
}
