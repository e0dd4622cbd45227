//! Intervals with outward rounding: sets that contain every value of a function, with what is known of it there.
//!
//! An [`Interval`] holds every real value that a formula takes while its arguments stay in theirs, and a [`Grade`]: whether the formula
//! is defined for all of them, and continuous. Sums, products, quotients and roots are rounded outwards by at most one unit in the last
//! place, and not at all where they are exact. Functions are those of the crate `libm`, which compute the same bits on every machine, widened
//! by several times the largest error that was found against 40-digit values (`tests/interval.rs`): that margin is the one thing here that
//! is measured and not proved.
//!
//! Source: R. E. Moore, R. B. Kearfott and M. J. Cloud (2009), doi:10.1137/1.9780898717716; the grades are the decorations of IEEE 1788-2015,
//! of which `dac` and `com` are one here.

mod arithmetic;
mod convex;
mod elementary;
mod periodic;
mod power;
mod preimage;
mod special;

use std::fmt;

/// What is known of a formula over the arguments considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It may be undefined for some; the interval holds the values for the others.
    Partial,
    /// It is defined for all.
    Defined,
    /// It is defined for all, and continuous.
    Continuous,
}

/// All numbers from `lo` to `hi`, both included where they are finite; `lo` > `hi` stands for none.
#[derive(Clone, Copy, PartialEq)]
pub struct Interval {
    lo: f64,
    hi: f64,
    grade: Grade,
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{:?}, {:?}]", self.lo, self.hi)?;
        if self.grade == Grade::Continuous { Ok(()) } else { write!(f, " ({:?})", self.grade) }
    }
}

impl Interval {
    /// All real numbers.
    pub const WHOLE: Interval = Interval { lo: f64::NEG_INFINITY, hi: f64::INFINITY, grade: Grade::Continuous };
    /// No number: the value of a formula that is nowhere defined.
    pub const EMPTY: Interval = Interval { lo: f64::INFINITY, hi: f64::NEG_INFINITY, grade: Grade::Partial };

    /// From `lo` to `hi`; no number where these are not in order.
    #[inline]
    pub fn new(lo: f64, hi: f64) -> Self {
        if lo <= hi { Interval { lo, hi, grade: Grade::Continuous } } else { Interval::EMPTY }
    }

    /// One number.
    #[inline]
    pub fn point(value: f64) -> Self {
        if value.is_finite() { Interval::new(value, value) } else { Interval::overflowed(value) }
    }

    /// Nothing is known.
    fn unknown() -> Self {
        Interval::WHOLE.at_most(Grade::Partial)
    }

    /// From one end to the other, of which neither is known where one is not a number. Ends that are computed may be in the wrong
    /// order by rounding.
    fn between(one: f64, other: f64, grade: Grade) -> Self {
        let unknown = one.is_nan() || other.is_nan();
        if unknown { Interval::unknown() } else { Interval { lo: one.min(other), hi: one.max(other), grade } }
    }

    /// What a number that has overflowed may stand for.
    fn overflowed(value: f64) -> Self {
        match value {
            f64::INFINITY => Interval::new(f64::MAX, f64::INFINITY),
            f64::NEG_INFINITY => Interval::new(f64::NEG_INFINITY, f64::MIN),
            _ => Interval::EMPTY,
        }
    }

    /// From `middle` - `radius` to `middle` + `radius`.
    pub fn around(middle: f64, radius: f64) -> Self {
        Interval::point(middle) + Interval::new(-radius, radius)
    }

    /// The least number.
    #[inline]
    pub fn lo(self) -> f64 {
        self.lo
    }

    /// The greatest number.
    #[inline]
    pub fn hi(self) -> f64 {
        self.hi
    }

    /// What is known of the formula.
    #[inline]
    pub fn grade(self) -> Grade {
        self.grade
    }

    /// The same numbers with no more known than `grade`.
    #[inline]
    pub fn at_most(self, grade: Grade) -> Self {
        Interval { grade: self.grade.min(grade), ..self }
    }

    /// The same numbers with this grade.
    #[inline]
    fn graded(self, grade: Grade) -> Self {
        Interval { grade, ..self }
    }

    /// Whether there is no number.
    #[inline]
    pub fn is_empty(self) -> bool {
        // also where an end is not a number
        !matches!(self.lo.partial_cmp(&self.hi), Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal))
    }

    /// Whether both ends are finite.
    #[inline]
    pub fn is_bounded(self) -> bool {
        self.lo.is_finite() && self.hi.is_finite()
    }

    /// Whether `value` is one of the numbers.
    #[inline]
    pub fn contains(self, value: f64) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// Whether all numbers of `other` are among these.
    #[inline]
    pub fn includes(self, other: Interval) -> bool {
        other.is_empty() || (self.lo <= other.lo && other.hi <= self.hi)
    }

    /// A number in the middle, finite.
    pub fn middle(self) -> f64 {
        let (lo, hi) = (self.lo.max(f64::MIN), self.hi.min(f64::MAX));
        (0.5 * lo + 0.5 * hi).clamp(lo.min(hi), hi.max(lo))
    }

    /// A bound on the distance of all numbers from `middle`.
    pub fn radius_around(self, middle: f64) -> f64 {
        (self.hi - middle).next_up().max((middle - self.lo).next_up())
    }

    /// `hi` - `lo`, rounded up.
    pub fn width(self) -> f64 {
        if self.lo == self.hi { 0.0 } else { (self.hi - self.lo).next_up() }
    }

    /// The largest magnitude.
    #[inline]
    pub fn magnitude(self) -> f64 {
        self.lo.abs().max(self.hi.abs())
    }

    /// The smallest magnitude.
    #[inline]
    pub fn mignitude(self) -> f64 {
        if self.contains(0.0) { 0.0 } else { self.lo.abs().min(self.hi.abs()) }
    }

    /// The numbers of both.
    #[inline]
    pub fn intersection(self, other: Interval) -> Self {
        let both = Interval::new(self.lo.max(other.lo), self.hi.min(other.hi));
        both.graded(self.grade)
    }

    /// The smallest interval with the numbers of either; no more known than of both.
    #[inline]
    pub fn hull(self, other: Interval) -> Self {
        Interval { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi), grade: self.grade.min(other.grade) }
    }

    /// Widened by `relative` of its ends and by `absolute`, and by one unit in the last place.
    fn widened(self, relative: f64, absolute: f64) -> Self {
        if self.is_empty() {
            return self;
        }
        // an end that has overflowed is beyond the largest number
        let below = |end: f64| match end {
            f64::INFINITY => f64::MAX,
            f64::NEG_INFINITY => end,
            _ => (end - (end.abs() * relative + absolute)).next_down(),
        };
        Interval { lo: below(self.lo), hi: -below(-self.hi), grade: self.grade }
    }

    /// The part within a domain: no more than partial where that is not all.
    fn within(self, domain: Interval) -> Self {
        if domain.includes(self) { self } else { self.intersection(domain).at_most(Grade::Partial) }
    }
}
