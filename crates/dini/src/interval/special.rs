//! The error function, Lambert's function and Bessel functions.

use super::Interval;
use super::elementary::MARGIN;
use crate::special;

const ALL: f64 = f64::INFINITY;
/// The margin of values near 1 of a slope e^(-x^2), relative.
const BELL: f64 = 1e-14;
/// The margin of Lambert's function, relative.
const LAMBERT: f64 = 1e-13;
/// The margin of Bessel functions, absolute, up to the largest argument for which they are computed.
const BESSEL: f64 = 1e-14;
const FARTHEST: f64 = 1e6;
/// The largest |J0'| = |J1|, and of all others |J_n'|: a bound.
const STEEPEST: f64 = 0.5819;
/// The nearest number above -1/e.
const BRANCH_POINT: f64 = -0.367_879_441_171_442_3;

impl Interval {
    /// The error function.
    pub fn erf(self) -> Self {
        self.rising(libm::erf, MARGIN, (-1.0, 1.0))
    }

    /// 1 - erf(x)
    pub fn erfc(self) -> Self {
        self.falling(libm::erfc, BELL, (0.0, 2.0))
    }

    /// The probability of a normal variable below x.
    pub fn normal(self) -> Self {
        self.rising(special::normal, BELL, (0.0, 1.0))
    }

    /// 2 / sqrt(pi) e^(-x^2)
    pub fn gaussian(self) -> Self {
        let value = |x| special::gaussian(x, std::f64::consts::FRAC_2_SQRT_PI);
        self.abs().falling(value, BELL, (0.0, 1.2))
    }

    /// The density of the normal distribution.
    pub fn normal_density(self) -> Self {
        self.abs().falling(special::normal_density, BELL, (0.0, 0.4))
    }

    fn beyond_branch_point(self) -> Self {
        self.within(Interval::new(BRANCH_POINT, ALL))
    }

    /// The principal branch w of w e^w = x.
    pub fn lambert_w(self) -> Self {
        let inside = self.beyond_branch_point();
        if inside.is_empty() {
            return inside;
        }
        let ends = Interval::between(special::lambert_w(inside.lo), special::lambert_w(inside.hi), inside.grade);
        ends.widened(LAMBERT, 2.0 * f64::MIN_POSITIVE)
    }

    /// 1 + W(x)
    pub fn lambert_above(self) -> Self {
        self.beyond_branch_point().rising(special::above_lambert_w, LAMBERT, (0.0, ALL))
    }

    /// W'(x), which falls.
    pub fn lambert_slope(self) -> Self {
        self.beyond_branch_point().falling(special::lambert_w_slope, 1e-12, (0.0, ALL))
    }

    /// The Bessel function of the first kind of order n.
    pub fn bessel(self, n: u8) -> Self {
        let range = if n == 0 { Interval::new(-0.4028, 1.0) } else { Interval::new(-STEEPEST, STEEPEST) };
        let value = |x: f64| match n {
            0 => libm::j0(x),
            1 => libm::j1(x),
            n => libm::jn(i32::from(n), x),
        };
        self.swinging(value, STEEPEST, range)
    }

    /// J1(x) / x, whose slope is -(J1(x) + J3(x)) / 4.
    pub fn bessel_over(self) -> Self {
        let value = |x: f64| if x == 0.0 { 0.5 } else { libm::j1(x) / x };
        self.swinging(value, 0.26, Interval::new(-0.07, 0.5))
    }

    /// The values of a function with slopes up to `steepest`, from that in the middle.
    fn swinging(self, f: impl Fn(f64) -> f64, steepest: f64, range: Interval) -> Self {
        if self.is_empty() {
            return self;
        }
        let range = range.graded(self.grade);
        if self.magnitude() > FARTHEST {
            return range;
        }
        let middle = self.middle();
        let value = f(middle);
        let reach = (self.radius_around(middle) * steepest).next_up();
        Interval::between(value - reach, value + reach, self.grade).widened(MARGIN, BESSEL).intersection(range)
    }
}
