//! The bracket of one sample, and where Chandrupatla's method divides it.

use crate::Real;

/// Half way from a to b, also where a - b overflows.
pub(super) fn middle<T: Real>(a: T, b: T) -> T {
    let half = T::of(0.5);
    half * a + half * b
}

/// A bracket this many times as wide as one that is narrow enough shows how g behaves around a sign change.
const WIDE: f64 = 1024.0;
/// Across a narrow one g must change by less than this share of its change across such a bracket: 1 / `WIDE` at a
/// simple root and more at roots like that of a cube root, 1 and above at jumps and poles.
const SHRUNK: f64 = 0.125;

/// z and g(z).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point<T> {
    pub z: T,
    pub g: T,
}

/// The bracket between `a`, the newest point, and `b`; `c` is the point that was dropped last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bracket<T> {
    pub a: Point<T>,
    b: Point<T>,
    c: Point<T>,
    /// change of g across the last bracket that was wide
    change: T,
}

impl<T: Real> Bracket<T> {
    /// Between the middle one of three points and the first or last, where their signs differ.
    pub fn around([lo, start, hi]: [Point<T>; 3]) -> Option<Self> {
        let between = |b: Point<T>, c: Point<T>| {
            let differ = start.g.is_sign_positive() != b.g.is_sign_positive();
            differ.then(|| Bracket { a: start, b, c, change: (start.g - b.g).abs() })
        };
        between(lo, hi).or_else(|| between(hi, lo))
    }

    /// The end with the smaller residual.
    pub fn best(&self) -> Point<T> {
        if self.a.g.abs() < self.b.g.abs() { self.a } else { self.b }
    }

    pub fn width(&self) -> T {
        (self.a.z - self.b.z).abs()
    }

    /// Distance of neighbouring numbers, within a factor of 2.
    fn rounding(&self) -> T {
        T::epsilon() * self.best().z.abs() + T::min_positive_value()
    }

    /// Where to divide the bracket; none where there is no number between its ends.
    pub fn division(&self) -> Option<T> {
        let Bracket { a, b, c, .. } = *self;
        let half = T::of(0.5);
        // overflow makes these NaN, and the bracket is halved
        let xi = (a.z - b.z) / (c.z - b.z);
        let phi = (a.g - b.g) / (c.g - b.g);
        let monotone = phi * phi < xi && (T::one() - phi) * (T::one() - phi) < T::one() - xi;
        let inside = |z: &T| *z != a.z && *z != b.z;
        let interpolated = monotone.then(|| {
            let t = a.g / (b.g - a.g) * (c.g / (b.g - c.g))
                + (c.z - a.z) / (b.z - a.z) * (a.g / (c.g - a.g)) * (b.g / (c.g - b.g));
            let least = (self.rounding() / self.width()).min(half);
            a.z + t.max(least).min(T::one() - least) * (b.z - a.z)
        });
        interpolated.filter(inside).or_else(|| Some(middle(a.z, b.z)).filter(inside))
    }

    /// Keeps the part of the bracket with the sign change; one of width `narrow` is narrow enough.
    pub fn divide(&mut self, at: Point<T>, narrow: T) {
        if at.g.is_sign_positive() == self.a.g.is_sign_positive() {
            self.c = self.a;
        } else {
            self.c = self.b;
            self.b = self.a;
        }
        self.a = at;
        let wide = self.width() > T::of(WIDE) * narrow.max(self.rounding());
        if wide || !self.change.is_finite() {
            self.change = (self.a.g - self.b.g).abs();
        }
    }

    /// Whether g has shrunk along with the bracket, as it does at a root and neither at a jump nor at a pole.
    pub fn has_shrunk(&self) -> bool {
        self.change.is_finite() && (self.a.g - self.b.g).abs() <= T::of(SHRUNK) * self.change
    }
}
