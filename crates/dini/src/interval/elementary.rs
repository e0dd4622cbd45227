//! Functions of one argument that rise or fall, or do so on either side of 0.

use super::{Grade, Interval};

/// The margin of values of `libm`, relative: four units in the last place.
pub(super) const MARGIN: f64 = 4.0 * f64::EPSILON;
/// The same for numbers too small for that.
pub(super) const SMALLEST: f64 = 2e-323;

const ALL: f64 = f64::INFINITY;

impl Interval {
    /// The values of a function that nowhere falls, within their range.
    pub(super) fn rising(self, f: impl Fn(f64) -> f64, relative: f64, (least, most): (f64, f64)) -> Self {
        if self.is_empty() {
            return self;
        }
        let values = Interval::between(f(self.lo), f(self.hi), self.grade).widened(relative, SMALLEST);
        values.intersection(Interval::new(least, most))
    }

    /// The values of a function that nowhere rises.
    pub(super) fn falling(self, f: impl Fn(f64) -> f64, relative: f64, (least, most): (f64, f64)) -> Self {
        -self.rising(|x| -f(x), relative, (-most, -least))
    }

    /// e^x
    pub fn exp(self) -> Self {
        self.rising(libm::exp, MARGIN, (0.0, ALL))
    }

    /// e^x - 1
    pub fn expm1(self) -> Self {
        self.rising(libm::expm1, MARGIN, (-1.0, ALL))
    }

    /// ln x, of what is positive.
    pub fn ln(self) -> Self {
        self.positive().rising(libm::log, MARGIN, (-ALL, ALL))
    }

    /// log10 x, of what is positive.
    pub fn log10(self) -> Self {
        self.positive().rising(libm::log10, MARGIN, (-ALL, ALL))
    }

    /// log2 x, of what is positive.
    pub fn log2(self) -> Self {
        self.positive().rising(libm::log2, MARGIN, (-ALL, ALL))
    }

    /// ln(1 + x), of x > -1.
    pub fn ln_1p(self) -> Self {
        self.above(-1.0).rising(libm::log1p, MARGIN, (-ALL, ALL))
    }

    /// The part above 0.
    pub(super) fn positive(self) -> Self {
        self.above(0.0)
    }

    /// The part above `end`, at which the function is not defined.
    pub(super) fn above(self, end: f64) -> Self {
        let part = self.within(Interval::new(end, ALL));
        match (part.lo > end, part.hi > end) {
            (true, _) => part,
            (_, true) => part.at_most(Grade::Partial),
            _ => Interval::EMPTY,
        }
    }

    /// The angle in -pi/2..pi/2 whose sine is x.
    pub fn asin(self) -> Self {
        self.within(Interval::new(-1.0, 1.0)).rising(libm::asin, MARGIN, (-ALL, ALL))
    }

    /// The angle in 0..pi whose cosine is x.
    pub fn acos(self) -> Self {
        self.within(Interval::new(-1.0, 1.0)).falling(libm::acos, MARGIN, (0.0, ALL))
    }

    /// The angle in -pi/2..pi/2 whose tangent is x.
    pub fn atan(self) -> Self {
        self.rising(libm::atan, MARGIN, (-ALL, ALL))
    }

    /// The angle of the point (x, y): `self` is y. It jumps where x < 0 and y changes sign, and has no value at the origin.
    pub fn atan2(self, x: Self) -> Self {
        if self.is_empty() || x.is_empty() {
            return Interval::EMPTY;
        }
        let grade = self.grade.min(x.grade);
        let turn = Interval::new(-std::f64::consts::PI, std::f64::consts::PI).widened(MARGIN, 0.0);
        if self.contains(0.0) && x.contains(0.0) {
            return turn.at_most(Grade::Partial);
        }
        if x.lo < 0.0 && self.contains(0.0) && self.lo < 0.0 {
            return turn.graded(grade.min(Grade::Defined));
        }
        // beginning on the cut, where -0 would be taken for its other side
        let y = [self.lo, self.hi].map(|y| if y == 0.0 { 0.0 } else { y });
        let jumps = x.lo < 0.0 && self.contains(0.0);
        let grade = if jumps { grade.min(Grade::Defined) } else { grade };
        // the angle has no extreme inside, nor on an edge
        let angles = [(0, x.lo), (0, x.hi), (1, x.lo), (1, x.hi)].map(|(k, x)| libm::atan2(y[k], x));
        let lo = angles.iter().copied().fold(ALL, f64::min);
        let hi = angles.iter().copied().fold(-ALL, f64::max);
        Interval::between(lo, hi, grade).widened(MARGIN, SMALLEST).intersection(turn)
    }

    /// The hyperbolic sine.
    pub fn sinh(self) -> Self {
        self.rising(libm::sinh, MARGIN, (-ALL, ALL))
    }

    /// The hyperbolic cosine.
    pub fn cosh(self) -> Self {
        self.abs().rising(libm::cosh, MARGIN, (1.0, ALL))
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Self {
        self.rising(libm::tanh, MARGIN, (-1.0, 1.0))
    }

    /// The inverse of the hyperbolic sine.
    pub fn asinh(self) -> Self {
        self.rising(libm::asinh, MARGIN, (-ALL, ALL))
    }

    /// The inverse of the hyperbolic cosine, of x >= 1.
    pub fn acosh(self) -> Self {
        // the formula of `libm` cancels near 1
        let acosh = |x: f64| {
            if x < 2.0 { libm::log1p(x - 1.0 + libm::sqrt(x - 1.0) * libm::sqrt(x + 1.0)) } else { libm::acosh(x) }
        };
        self.within(Interval::new(1.0, ALL)).rising(acosh, 2.0 * MARGIN, (0.0, ALL))
    }

    /// The inverse of the hyperbolic tangent, of -1 < x < 1.
    pub fn atanh(self) -> Self {
        let inside = -(-self.above(-1.0)).above(-1.0);
        inside.rising(libm::atanh, MARGIN, (-ALL, ALL))
    }

    /// The cube root.
    pub fn cbrt(self) -> Self {
        self.rising(libm::cbrt, MARGIN, (-ALL, ALL))
    }

    /// 1 / (1 + e^-x)
    pub fn sigmoid(self) -> Self {
        let sigmoid = |x: f64| {
            let decay = libm::exp(-x.abs());
            (if x < 0.0 { decay } else { 1.0 }) / (1.0 + decay)
        };
        self.rising(sigmoid, 2.0 * MARGIN, (0.0, 1.0))
    }

    /// 1 / cosh(x)^2
    pub fn tanh_slope(self) -> Self {
        let slope = |x: f64| {
            let decay = libm::exp(-2.0 * x);
            4.0 * decay / ((1.0 + decay) * (1.0 + decay))
        };
        self.abs().falling(slope, 4.0 * MARGIN, (0.0, 1.0))
    }

    /// The slope of the logistic function.
    pub fn sigmoid_slope(self) -> Self {
        let slope = |x: f64| {
            let decay = libm::exp(-x);
            decay / ((1.0 + decay) * (1.0 + decay))
        };
        self.abs().falling(slope, 4.0 * MARGIN, (0.0, 0.25))
    }

    /// 1 - x^2
    pub fn beside_one(self) -> Self {
        let size = self.abs();
        let one = Interval::point(1.0);
        // increasing sizes fall: both ends by themselves
        let at = |x: f64| (one - Interval::point(x)) * (one + Interval::point(x));
        if size.is_empty() {
            return size;
        }
        Interval::between(at(size.hi).lo, at(size.lo).hi, self.grade)
    }

    /// -1, 0 or 1.
    pub fn sign(self) -> Self {
        if self.is_empty() {
            return self;
        }
        let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
        self.stepped(sign(self.lo), sign(self.hi))
    }

    /// The largest whole number that is not above x.
    pub fn floor(self) -> Self {
        if self.is_empty() { self } else { self.stepped(self.lo.floor(), self.hi.floor()) }
    }

    /// The smallest whole number that is not below x.
    pub fn ceil(self) -> Self {
        -(-self).floor()
    }

    fn stepped(self, lo: f64, hi: f64) -> Self {
        // a step of what jumps may be missed only if the step is the same everywhere
        let grade = match self.grade {
            Grade::Partial => Grade::Partial,
            _ if lo == hi => Grade::Continuous,
            _ => Grade::Defined,
        };
        Interval { lo, hi, grade }
    }

    /// x less the largest multiple of y that is not above it.
    pub fn modulo(self, y: Self) -> Self {
        self - y * (self / y).floor()
    }
}
