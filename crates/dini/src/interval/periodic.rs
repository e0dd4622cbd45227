//! Sine, cosine and tangent.

use std::f64::consts::{FRAC_1_PI, FRAC_PI_2, PI};

use super::elementary::{MARGIN, SMALLEST};
use super::{Grade, Interval};

/// Arguments up to here are placed among the extremes.
const PLACED: f64 = 1e9;
/// An argument may miss its place, counted in half turns, by less than this up to there.
const MISS: f64 = 1e-6;
/// Periods over which arguments are looked for one by one.
const PERIODS: f64 = 8.0;

/// pi
fn half_turn() -> Interval {
    Interval::new(PI, PI.next_up())
}

impl Interval {
    /// Whether some x = (k + `offset`) pi with a whole k lies in the interval; true where that is not certain.
    fn meets(self, offset: f64, even: Option<bool>) -> bool {
        if self.magnitude() > PLACED {
            return true;
        }
        let (lo, hi) = (self.lo * FRAC_1_PI - offset - MISS, self.hi * FRAC_1_PI - offset + MISS);
        match even {
            None => lo.ceil() <= hi,
            // k even: k / 2 whole; k odd: (k - 1) / 2 whole
            Some(even) => {
                let shift = if even { 0.0 } else { 1.0 };
                (0.5 * (lo - shift)).ceil() <= 0.5 * (hi - shift)
            }
        }
    }

    /// The sine.
    pub fn sin(self) -> Self {
        self.wave(libm::sin, 0.5)
    }

    /// The cosine.
    pub fn cos(self) -> Self {
        self.wave(libm::cos, 0.0)
    }

    /// A sine or a cosine, which is 1 at (2 k + `offset`) pi.
    fn wave(self, f: impl Fn(f64) -> f64, offset: f64) -> Self {
        if self.is_empty() {
            return self;
        }
        let all = Interval::new(-1.0, 1.0).graded(self.grade);
        if !self.is_bounded() || self.width() >= 4.0 * FRAC_PI_2 {
            return all;
        }
        let (a, b) = (f(self.lo), f(self.hi));
        let ends = Interval::between(a.min(b), a.max(b), self.grade).widened(MARGIN, SMALLEST);
        let lo = if self.meets(offset, Some(false)) { -1.0 } else { ends.lo };
        let hi = if self.meets(offset, Some(true)) { 1.0 } else { ends.hi };
        Interval::between(lo, hi, self.grade).intersection(all)
    }

    /// The tangent.
    pub fn tan(self) -> Self {
        if self.is_empty() {
            return self;
        }
        if !self.is_bounded() || self.width() >= 2.0 * FRAC_PI_2 || self.meets(0.5, None) {
            // a pole is near, or is not told from one that is
            let single = self.lo == self.hi;
            return if single {
                self.rising(libm::tan, 2.0 * MARGIN, (f64::NEG_INFINITY, f64::INFINITY))
            } else {
                Interval::WHOLE.at_most(Grade::Partial)
            };
        }
        self.rising(libm::tan, 2.0 * MARGIN, (f64::NEG_INFINITY, f64::INFINITY))
    }

    /// The x of `self` with sin(x) in `y`.
    pub fn with_sine(self, y: Self) -> Self {
        let first = y.asin().numbers();
        let turn = half_turn() + half_turn();
        self.repeated(first, turn).hull(self.repeated(half_turn() - first, turn))
    }

    /// The x of `self` with cos(x) in `y`.
    pub fn with_cosine(self, y: Self) -> Self {
        let first = y.acos().numbers();
        let turn = half_turn() + half_turn();
        self.repeated(first, turn).hull(self.repeated(-first, turn))
    }

    /// The x of `self` with tan(x) in `y`.
    pub fn with_tangent(self, y: Self) -> Self {
        self.repeated(y.atan().numbers(), half_turn())
    }

    /// The part of `self` that meets `first` shifted by whole periods.
    fn repeated(self, first: Self, period: Self) -> Self {
        if self.is_empty() || first.is_empty() {
            return Interval::EMPTY;
        }
        let least = ((self.lo - first.hi) / period.hi).floor() - 1.0;
        let most = ((self.hi - first.lo) / period.hi).ceil() + 1.0;
        let few = most - least <= PERIODS && self.magnitude() <= PLACED;
        if !few {
            return self;
        }
        let (mut met, mut k) = (Interval::EMPTY, least);
        while k <= most {
            met = met.hull(self.intersection(first + Interval::point(k) * period).numbers());
            k += 1.0;
        }
        if met.is_empty() { met } else { met.numbers() }
    }
}
