//! What arguments an operation must have had for its value to lie in an interval.

use super::{Grade, Interval};

const ALL: f64 = f64::INFINITY;

impl Interval {
    /// All x with x b in `self`, for some b of `other`: those of one sign where 0 is between the b.
    pub fn divided_out(self, other: Self) -> Self {
        if !other.contains(0.0) {
            return self / other;
        }
        if self.contains(0.0) || (other.lo < 0.0 && other.hi > 0.0) {
            return Interval::WHOLE;
        }
        self / other
    }

    /// All x with x^n in `self`.
    pub fn unraised(self, n: f64) -> Self {
        if self.is_empty() || n == 0.0 {
            return if self.is_empty() { self } else { Interval::WHOLE };
        }
        if n < 0.0 {
            let inverted = if self.contains(0.0) && self.lo < 0.0 && self.hi > 0.0 {
                Interval::WHOLE
            } else {
                Interval::point(1.0) / self
            };
            return inverted.unraised(-n);
        }
        let root = |y: Interval| if n == 2.0 { y.sqrt() } else { y.raise(1.0 / n, 1e-15 / n) };
        let whole = n.fract() == 0.0;
        let even = whole && (0.5 * n).fract() == 0.0;
        let positive = root(self.intersection(Interval::new(0.0, ALL)));
        match (whole, even) {
            (false, _) => positive,
            (_, true) => positive.hull(-positive),
            _ => positive.hull(-root((-self).intersection(Interval::new(0.0, ALL)))),
        }
    }

    /// The numbers with no less known of them than of any.
    pub fn numbers(self) -> Self {
        if self.is_empty() { self } else { self.graded(Grade::Continuous) }
    }
}
