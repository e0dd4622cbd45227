//! Powers.

use super::{Grade, Interval};

/// Largest whole exponent for which powers are products.
const PRODUCTS: f64 = 1024.0;

impl Interval {
    /// x^n for an exponent that is known up to `uncertain`.
    pub fn raise(self, n: f64, uncertain: f64) -> Self {
        if self.is_empty() {
            return self;
        }
        if uncertain > 0.0 || n.fract() != 0.0 {
            return self.real_power(n, uncertain);
        }
        if n.abs() > PRODUCTS {
            return self.large_power(n);
        }
        let power = self.whole_power(n.abs() as u32);
        if n < 0.0 { Interval::point(1.0) / power } else { power }
    }

    /// x^n by products, each from the magnitudes.
    fn whole_power(self, n: u32) -> Self {
        match n {
            0 => return Interval::point(1.0).graded(self.grade),
            1 => return self,
            _ => {}
        }
        if n.is_multiple_of(2) {
            let size = self.abs();
            return Interval::between(repeated(size.lo, n).lo.max(0.0), repeated(size.hi, n).hi, self.grade);
        }
        Interval::between(repeated(self.lo, n).lo, repeated(self.hi, n).hi, self.grade)
    }

    /// A large whole power, by logarithms.
    fn large_power(self, n: f64) -> Self {
        let size = self.abs();
        let power = if n > 0.0 {
            (Interval::point(n) * size.ln()).exp().graded(self.grade)
        } else {
            Interval::point(1.0) / (Interval::point(-n) * size.ln()).exp().graded(self.grade)
        };
        // 0 has no logarithm, but powers
        let power = if n > 0.0 && size.lo == 0.0 { power.hull(Interval::point(0.0)).graded(self.grade) } else { power };
        let power = if n < 0.0 && size.lo == 0.0 { power.at_most(Grade::Partial) } else { power };
        let even = (0.5 * n).fract() == 0.0;
        match (even, self.lo >= 0.0, self.hi <= 0.0) {
            (true, ..) | (_, true, _) => power,
            (_, _, true) => -power,
            _ => power.hull(-power),
        }
    }

    /// x^n of what is not negative, for an exponent that is no whole number, or is uncertain.
    fn real_power(self, n: f64, uncertain: f64) -> Self {
        if n.abs() == 0.5 && uncertain == 0.0 {
            let root = self.sqrt();
            return if n > 0.0 { root } else { Interval::point(1.0) / root };
        }
        let exponent = Interval::around(n, uncertain);
        if exponent.lo > 0.0 {
            let x = self.within(Interval::new(0.0, f64::INFINITY));
            if x.is_empty() {
                return x;
            }
            let power = (exponent * x.positive().ln()).exp().graded(x.grade);
            return if x.lo > 0.0 { power } else { power.hull(Interval::point(0.0)).graded(x.grade) };
        }
        (exponent * self.ln()).exp()
    }

    /// a^b with both of them variable: of what is positive.
    pub fn power(self, exponent: Self) -> Self {
        // b may be a whole number throughout
        if exponent.lo == exponent.hi && !exponent.is_empty() {
            return self.raise(exponent.lo, 0.0).at_most(exponent.grade);
        }
        let positive = (exponent * self.ln()).exp();
        match (self.lo > 0.0, exponent.lo > 0.0) {
            (true, _) => positive,
            // powers of 0 are 0; those of negative numbers are defined for whole exponents alone
            (_, true) if self.lo == 0.0 => positive.hull(Interval::point(0.0)).graded(self.grade.min(exponent.grade)),
            _ => Interval::WHOLE.at_most(Grade::Partial),
        }
    }

    /// a^b ln(a)^k
    pub fn power_log(self, exponent: Self, k: u8) -> Self {
        if self.lo > 0.0 {
            return self.power(exponent) * self.ln().raise(f64::from(k), 0.0);
        }
        Interval::WHOLE.at_most(Grade::Partial)
    }

    /// a b, and 0 where a is 0 whatever b.
    pub fn weigh(self, b: Self) -> Self {
        if self.lo == 0.0 && self.hi == 0.0 { self } else { self * b }
    }
}

/// x^n as products of intervals, which hold the rounding errors.
fn repeated(x: f64, n: u32) -> Interval {
    if x.is_infinite() {
        let value = if x < 0.0 && n % 2 == 1 { f64::NEG_INFINITY } else { f64::INFINITY };
        return Interval::between(value, value, Grade::Continuous);
    }
    let (mut square, mut power, mut left) = (Interval::point(x), Interval::point(1.0), n);
    while left > 0 {
        if left % 2 == 1 {
            power = power * square;
        }
        left /= 2;
        if left > 0 {
            square = square.square();
        }
    }
    power
}
