//! The four operations, roots and comparisons, rounded outwards.

use std::ops::{Add, Div, Mul, Neg, Sub};

use super::{Grade, Interval};

/// Below, the rounding error of a product or a quotient can't be had exactly.
const TINY: f64 = 1e-280;

/// A lower bound of what was rounded to `value` with an error of the sign of `error`.
#[inline]
fn down(value: f64, error: f64) -> f64 {
    if error >= 0.0 && value.is_finite() {
        value
    } else if value == f64::INFINITY {
        f64::MAX
    } else {
        value.next_down()
    }
}

/// The rounding error of `sum` = a + b.
#[inline]
fn sum_error(a: f64, b: f64, sum: f64) -> f64 {
    let from_b = sum - a;
    (a - (sum - from_b)) + (b - from_b)
}

/// a + b from below and from above. An infinite end stands for no end.
#[inline]
fn sum_down(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        return f64::NEG_INFINITY;
    }
    let sum = a + b;
    let error = sum_error(a, b, sum);
    down(sum, if error.is_nan() { -1.0 } else { error })
}

#[inline]
fn sum_up(a: f64, b: f64) -> f64 {
    -sum_down(-a, -b)
}

/// a b from below, 0 where a factor is 0 whatever the other.
#[inline]
fn product_down(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        return 0.0;
    }
    let product = a * b;
    if product.is_infinite() {
        let no_end = a.is_infinite() || b.is_infinite();
        return if product > 0.0 && !no_end { f64::MAX } else { product };
    }
    let error = if product.abs() < TINY { -1.0 } else { a.mul_add(b, -product) };
    down(product, error)
}

#[inline]
fn product_up(a: f64, b: f64) -> f64 {
    -product_down(-a, b)
}

/// a / b from below for b other than 0.
#[inline]
fn quotient_down(a: f64, b: f64) -> f64 {
    if a == 0.0 || b.is_infinite() {
        // at an end that is no end both signs are possible: the caller takes the extremes of all corners
        return if a.is_infinite() { f64::NEG_INFINITY } else { 0.0 };
    }
    let quotient = a / b;
    if quotient.is_infinite() {
        return if quotient > 0.0 && !a.is_infinite() { f64::MAX } else { quotient };
    }
    let exact = quotient.abs() >= TINY && a.abs() >= TINY;
    // a - q b has the sign of the error times b
    let error = if exact { (-quotient).mul_add(b, a) * b.signum() } else { -1.0 };
    down(quotient, error)
}

#[inline]
fn quotient_up(a: f64, b: f64) -> f64 {
    -quotient_down(-a, b)
}

/// The extremes of an operation over the corners.
#[inline]
fn corners(a: Interval, b: Interval, below: impl Fn(f64, f64) -> f64, above: impl Fn(f64, f64) -> f64) -> (f64, f64) {
    let lo = below(a.lo, b.lo).min(below(a.lo, b.hi)).min(below(a.hi, b.lo)).min(below(a.hi, b.hi));
    let hi = above(a.lo, b.lo).max(above(a.lo, b.hi)).max(above(a.hi, b.lo)).max(above(a.hi, b.hi));
    (lo, hi)
}

impl Neg for Interval {
    type Output = Interval;

    #[inline]
    fn neg(self) -> Interval {
        Interval { lo: -self.hi, hi: -self.lo, grade: self.grade }
    }
}

impl Add for Interval {
    type Output = Interval;

    #[inline]
    fn add(self, other: Interval) -> Interval {
        if self.is_empty() || other.is_empty() {
            return Interval::EMPTY;
        }
        let (lo, hi) = (sum_down(self.lo, other.lo), sum_up(self.hi, other.hi));
        Interval { lo, hi, grade: self.grade.min(other.grade) }
    }
}

impl Sub for Interval {
    type Output = Interval;

    #[inline]
    fn sub(self, other: Interval) -> Interval {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Interval;

    #[inline]
    fn mul(self, other: Interval) -> Interval {
        if self.is_empty() || other.is_empty() {
            return Interval::EMPTY;
        }
        let (lo, hi) = corners(self, other, product_down, product_up);
        Interval { lo, hi, grade: self.grade.min(other.grade) }
    }
}

impl Div for Interval {
    type Output = Interval;

    /// Partial where the divisor may be 0; for a divisor that has 0 as an end, the part beyond it.
    #[inline]
    fn div(self, other: Interval) -> Interval {
        if self.is_empty() || other.is_empty() || (other.lo == 0.0 && other.hi == 0.0) {
            return Interval::EMPTY;
        }
        let grade = self.grade.min(other.grade);
        if !other.contains(0.0) {
            let (lo, hi) = corners(self, other, quotient_down, quotient_up);
            return Interval { lo, hi, grade };
        }
        // 1 / b for the b on either side of 0
        let above = |b: f64| if b > 0.0 { quotient_down(1.0, b) } else { f64::INFINITY };
        let below = |b: f64| if b < 0.0 { quotient_up(1.0, b) } else { f64::NEG_INFINITY };
        let reciprocal = match (other.lo < 0.0, other.hi > 0.0) {
            (false, _) => Interval::new(above(other.hi), f64::INFINITY),
            (_, false) => Interval::new(f64::NEG_INFINITY, below(other.lo)),
            _ => Interval::WHOLE,
        };
        (self * reciprocal).graded(Grade::Partial)
    }
}

impl Interval {
    /// |x|
    pub fn abs(self) -> Self {
        if self.is_empty() {
            return self;
        }
        Interval { lo: self.mignitude(), hi: self.magnitude(), grade: self.grade }
    }

    /// x^2
    pub fn square(self) -> Self {
        let size = self.abs();
        let square = size * size;
        if square.is_empty() { square } else { Interval { lo: square.lo.max(0.0), ..square } }
    }

    /// sqrt(x), of what is not negative.
    pub fn sqrt(self) -> Self {
        let x = self.within(Interval::new(0.0, f64::INFINITY));
        if x.is_empty() {
            return Interval::EMPTY;
        }
        let root = |x: f64| {
            let root = x.sqrt();
            let known = x.is_finite() && (x == 0.0 || x >= TINY);
            (root, if known { (-root).mul_add(root, x) } else { f64::NAN })
        };
        let (lo, below) = root(x.lo);
        let (hi, above) = root(x.hi);
        let lo = if below >= 0.0 { lo } else { lo.next_down().max(0.0) };
        let hi = if above <= 0.0 { hi } else { hi.next_up() };
        Interval { lo, hi, grade: x.grade }
    }

    /// The smaller of two.
    pub fn min(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Interval::EMPTY;
        }
        Interval { lo: self.lo.min(other.lo), hi: self.hi.min(other.hi), grade: self.grade.min(other.grade) }
    }

    /// The larger of two.
    pub fn max(self, other: Self) -> Self {
        -(-self).min(-other)
    }

    /// The length of the vector (x, y).
    pub fn hypot(self, other: Self) -> Self {
        let size = self.abs().max(other.abs()).hi;
        // squares neither overflow nor underflow in units of a power of two near the size
        let unit = if size.is_finite() && size > 0.0 { 2f64.powi(libm::ilogb(size).clamp(-1000, 1000)) } else { 1.0 };
        let unit = Interval::point(unit);
        ((self / unit).square() + (other / unit).square()).sqrt() * unit
    }

    /// Whether x < y: 1 for true, 0 for false, both where it depends on where they are.
    pub fn less(self, other: Self) -> Self {
        self.truth(other, self.hi < other.lo, self.lo >= other.hi)
    }

    /// Whether x <= y, likewise.
    pub fn less_equal(self, other: Self) -> Self {
        self.truth(other, self.hi <= other.lo, self.lo > other.hi)
    }

    fn truth(self, other: Self, certain: bool, impossible: bool) -> Self {
        if self.is_empty() || other.is_empty() {
            return Interval::EMPTY;
        }
        // of what is compared it does not matter whether it jumps, while the answer is the same everywhere
        let grade = if self.grade.min(other.grade) == Grade::Partial { Grade::Partial } else { Grade::Continuous };
        match (certain, impossible) {
            (true, _) => Interval::point(1.0).graded(grade),
            (_, true) => Interval::point(0.0).graded(grade),
            _ => Interval::new(0.0, 1.0).at_most(grade.min(Grade::Defined)),
        }
    }

    /// `yes` where `self`, a truth value, is 1, `no` where it is 0; where it may be both, either, with a jump between them.
    pub fn select(self, yes: Self, no: Self) -> Self {
        let grade = if self.grade == Grade::Partial { Grade::Partial } else { Grade::Continuous };
        match (self.lo, self.hi) {
            _ if self.is_empty() => Interval::EMPTY,
            (1.0, 1.0) => yes.at_most(grade),
            (0.0, 0.0) => no.at_most(grade),
            _ => yes.hull(no).at_most(grade.min(Grade::Defined)),
        }
    }
}
