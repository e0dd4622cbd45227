//! The gamma function, its logarithm, and the derivatives of that.
//!
//! Between its poles, 0, -1, -2, ..., ln |gamma| is convex: its slope, the digamma function, rises.

use super::{Grade, Interval};
use crate::special;

/// Margins of the values, relative and absolute.
const GAMMA: f64 = 1e-13;
const LOG_GAMMA: f64 = 1e-13;
const DIGAMMA: (f64, f64) = (1e-12, 1e-12);
const POLYGAMMA: f64 = 1e-11;
/// Arguments from here to -`FARTHEST` are looked at; farther off poles are too close to each other.
const FARTHEST: f64 = 1e4;

impl Interval {
    /// Whether one of the poles 0, -1, -2, ... may be among the numbers, or is not told from them.
    fn holds_pole(self) -> bool {
        self.lo <= 0.0 && (self.lo < -FARTHEST || self.lo.ceil() <= self.hi.min(0.0))
    }

    /// ln |gamma(x)|
    pub fn ln_gamma(self) -> Self {
        if self.is_empty() {
            return self;
        }
        if self.holds_pole() {
            return Interval::WHOLE.at_most(Grade::Partial);
        }
        let value = |x: f64| {
            let (value, _) = libm::lgamma_r(x);
            Interval::between(value, value, Grade::Continuous).widened(LOG_GAMMA, LOG_GAMMA)
        };
        let (first, last) = (value(self.lo), value(self.hi));
        let hi = first.hi.max(last.hi);
        let slope = |x: f64| Interval::point(x).digamma();
        let (rising, falling) = (slope(self.lo), slope(self.hi));
        let lo = if rising.lo >= 0.0 {
            first.lo
        } else if falling.hi <= 0.0 {
            last.lo
        } else {
            // above both tangents
            let width = Interval::new(0.0, self.width());
            (first + rising * width).lo.max((last - falling * width).lo)
        };
        Interval::between(lo, hi, self.grade)
    }

    /// The gamma function.
    pub fn gamma(self) -> Self {
        if self.is_empty() {
            return self;
        }
        if self.holds_pole() {
            return Interval::WHOLE.at_most(Grade::Partial);
        }
        let (rising, falling) =
            (Interval::point(self.lo).digamma().lo >= 0.0, Interval::point(self.hi).digamma().hi <= 0.0);
        let size = if rising || falling {
            let [first, last] = [self.lo, self.hi].map(|x| libm::tgamma(x).abs());
            Interval::between(first.min(last), first.max(last), self.grade).widened(GAMMA, f64::MIN_POSITIVE)
        } else {
            self.ln_gamma().exp()
        };
        // negative between 0 and -1, positive between -1 and -2, ...
        if self.hi < 0.0 && self.lo.floor().rem_euclid(2.0) == 1.0 { -size } else { size }
    }

    /// The digamma function, the slope of ln |gamma(x)|: rising between the poles.
    pub fn digamma(self) -> Self {
        if self.is_empty() {
            return self;
        }
        if self.holds_pole() {
            return Interval::WHOLE.at_most(Grade::Partial);
        }
        Interval::between(special::digamma(self.lo), special::digamma(self.hi), self.grade)
            .widened(DIGAMMA.0, DIGAMMA.1)
    }

    /// The derivative of order `m` + 1 of ln gamma. For m > 0 of positive arguments, over which it falls or rises to 0.
    pub fn polygamma(self, m: u8) -> Self {
        if m == 0 {
            return self.digamma();
        }
        if self.is_empty() {
            return self;
        }
        if self.lo <= 0.0 {
            // the poles aside it is defined there, too
            let grade = if self.holds_pole() { Grade::Partial } else { self.grade };
            return Interval::WHOLE.at_most(grade);
        }
        let value = |x: f64| if m == 1 { special::trigamma(x) } else { special::polygamma(m, x) };
        let positive = m % 2 == 1;
        let [first, last] = [self.lo, self.hi].map(|x| value(x).abs());
        let size = Interval::between(last, first, self.grade).widened(POLYGAMMA, f64::MIN_POSITIVE);
        let size = size.intersection(Interval::new(0.0, f64::INFINITY));
        if positive { size } else { -size }
    }
}
