//! Intervals must hold every value: against values at 50 digits, and against plain numbers at random points.

use dini::interval::{Grade, Interval};
use dini::program::{Function, Join, Number, Plain};

fn named(name: &str) -> Function {
    use Function as F;
    match name {
        "exp" => F::Exp,
        "ln" => F::Ln,
        "log10" => F::Log10,
        "log2" => F::Log2,
        "ln_1p" => F::Ln1p,
        "expm1" => F::Expm1,
        "sin" => F::Sin,
        "cos" => F::Cos,
        "tan" => F::Tan,
        "asin" => F::Asin,
        "acos" => F::Acos,
        "atan" => F::Atan,
        "sinh" => F::Sinh,
        "cosh" => F::Cosh,
        "tanh" => F::Tanh,
        "asinh" => F::Asinh,
        "acosh" => F::Acosh,
        "atanh" => F::Atanh,
        "sqrt" => F::Sqrt,
        "cbrt" => F::Cbrt,
        "sigmoid" => F::Sigmoid,
        "erf" => F::Erf,
        "erfc" => F::Erfc,
        "normal" => F::NormCdf,
        "gamma" => F::Gamma,
        "ln_gamma" => F::LnGamma,
        "lambert_w" => F::LambertW,
        "j0" => F::J0,
        "j1" => F::J1,
        "tanh_slope" => F::TanhSlope,
        "sigmoid_slope" => F::SigmoidSlope,
        "gaussian" => F::Gaussian,
        "normal_density" => F::NormalDensity,
        "beside_one" => F::BesideOne,
        "digamma" => F::Polygamma(0),
        "trigamma" => F::Polygamma(1),
        "polygamma2" => F::Polygamma(2),
        "polygamma3" => F::Polygamma(3),
        "lambert_above" => F::LambertAbove,
        "lambert_slope" => F::LambertSlope,
        "bessel2" => F::Bessel(2),
        "bessel3" => F::Bessel(3),
        "j1_over" => F::J1Over,
        other => panic!("{other}?"),
    }
}

/// A value at 50 digits, as a sum.
struct Known {
    function: Function,
    x: f64,
    value: (f64, f64),
}

fn table() -> Vec<Known> {
    let lines = include_str!("data/functions.csv").lines();
    let known = lines.map(|line| {
        let mut parts = line.split(',');
        let function = named(parts.next().expect("a name"));
        let mut number = || parts.next().expect("a number").parse().expect("a number");
        Known { function, x: number(), value: (number(), number()) }
    });
    known.collect()
}

/// Whether a sum of two numbers lies in an interval, exactly.
fn holds(x: Interval, (high, low): (f64, f64)) -> bool {
    let above = x.lo() < high || (x.lo() == high && low >= 0.0);
    let below = high < x.hi() || (high == x.hi() && low <= 0.0);
    above && below
}

/// Numbers in 0..1.
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[test]
fn values_at_points_are_enclosed_closely() {
    let table = table();
    assert!(table.len() > 4000);
    for Known { function, x, value } in &table {
        let enclosed = function.enclose(Interval::point(*x));
        assert!(holds(enclosed, *value), "{function:?}({x}) = {value:?} is not in {enclosed:?}");
        let known = enclosed.is_bounded() && enclosed.grade() == Grade::Continuous;
        assert!(
            known || matches!(function, Function::Polygamma(_)) && *x < 0.0,
            "{function:?}({x}) gives {enclosed:?}"
        );
        let loose = enclosed.width() / value.0.abs().max(1e-3);
        assert!(!known || loose < 1e-8, "{function:?}({x}) in {enclosed:?} is loose");
    }
}

#[test]
fn the_margin_is_several_times_the_largest_error_found() {
    for Known { function, x, value } in &table() {
        let enclosed = function.enclose(Interval::point(*x));
        let clipped =
            [-1.0, 0.0, 0.25, 0.5, 1.0, 2.0].into_iter().any(|end| enclosed.lo() == end || enclosed.hi() == end);
        if !enclosed.is_bounded() || clipped || matches!(function, Function::Sqrt | Function::BesideOne) {
            continue;
        }
        // half of the way from either end to the middle must still hold the value
        let (middle, half) = (enclosed.middle(), 0.5 * enclosed.width());
        let off = ((value.0 - middle) + value.1).abs();
        assert!(
            off <= 0.75 * half || half <= f64::MIN_POSITIVE,
            "{function:?}({x}): off by {:.2} of the margin",
            off / half
        );
    }
}

#[test]
fn values_inside_are_enclosed() {
    let (table, mut random) = (table(), Random(1));
    for (k, Known { function, x, .. }) in table.iter().enumerate() {
        for size in [1e-9, 1e-2, 1.0, 30.0] {
            let left = x - random.next() * size;
            let right = x + random.next() * size;
            let range = function.enclose(Interval::new(left, right));
            for other in &table[k.saturating_sub(150)..(k + 150).min(table.len())] {
                if other.function == *function && left <= other.x && other.x <= right {
                    assert!(
                        holds(range, other.value),
                        "{function:?} on {left}..{right} = {range:?}, {:?} at {}",
                        other.value,
                        other.x
                    );
                }
            }
            for _ in 0..8 {
                let at = left + random.next() * (right - left);
                let value = function.value(at);
                let near = Interval::around(value, value.abs() * 1e-11 + 1e-13);
                let meets = !range.intersection(near).is_empty();
                assert!(value.is_nan() || meets, "{function:?} on {left}..{right} = {range:?}, but {value} at {at}");
                assert!(
                    !value.is_nan() || range.grade() == Grade::Partial,
                    "{function:?} on {left}..{right} is not partial"
                );
            }
        }
    }
}

#[test]
fn joined_values_are_enclosed() {
    const JOINS: [Join; 19] = [
        Join::Add,
        Join::Subtract,
        Join::Multiply,
        Join::Divide,
        Join::Power,
        Join::Atan2,
        Join::Hypot,
        Join::Min,
        Join::Max,
        Join::Mod,
        Join::Less,
        Join::LessEqual,
        Join::Greater,
        Join::GreaterEqual,
        Join::And,
        Join::Or,
        Join::Weigh,
        Join::Gate,
        Join::PowerLog(1),
    ];
    let mut random = Random(2);
    for round in 0..40_000 {
        let join = JOINS[round % JOINS.len()];
        let size = [1e-3, 1.0, 4.0, 1e3][round / JOINS.len() % 4];
        let mut pair = || {
            let truths = matches!(join, Join::And | Join::Or);
            let mut end = || if truths { random.next().round() } else { (random.next() - 0.4) * size };
            let (a, b) = (end(), end());
            // whole numbers and zeros are places where something happens
            let (a, b) = if round % 3 == 0 { (a.round(), b.round()) } else { (a, b) };
            (a.min(b), a.max(b))
        };
        let (a, b) = (pair(), pair());
        let range = join.enclose(Interval::new(a.0, a.1), Interval::new(b.0, b.1));
        for _ in 0..6 {
            let mut inside = |(lo, hi): (f64, f64)| match random.next() {
                u if u < 0.2 => lo,
                u if u > 0.8 => hi,
                u => (lo + (u - 0.2) / 0.6 * (hi - lo)).clamp(lo, hi),
            };
            // 0 has no sign here
            let (mut x, mut y) = (inside(a) + 0.0, inside(b) + 0.0);
            if matches!(join, Join::And | Join::Or) {
                (x, y) = (x.round(), y.round());
            }
            let value = Plain(x).join(join, Plain(y)).0;
            let near = Interval::around(value, value.abs() * 1e-13 + 1e-300);
            let meets = value.is_nan() || value.is_infinite() || !range.intersection(near).is_empty();
            assert!(meets, "{join:?} of {a:?} and {b:?} = {range:?}, but {value} at {x}, {y}");
            assert!(!value.is_nan() || range.grade() == Grade::Partial, "{join:?} of {a:?} and {b:?} is not partial");
        }
    }
}

#[test]
fn operations_are_exact_where_they_can_be_and_one_unit_wide_else() {
    let (one, three) = (Interval::point(1.0), Interval::point(3.0));
    assert_eq!(
        (one + three, one - three, three * three),
        (Interval::point(4.0), Interval::point(-2.0), Interval::point(9.0))
    );
    let third = one / three;
    assert!(third.lo() == 1.0 / 3.0 && third.hi() == third.lo().next_up());
    // 1 + 2^-60 is above 1
    let sum = one + Interval::point(2f64.powi(-60));
    assert!(sum.lo() == 1.0 && sum.hi() == 1f64.next_up());
    assert_eq!(Interval::point(4.0).sqrt(), Interval::point(2.0));
    let root = Interval::point(2.0).sqrt();
    assert!(root.lo() < root.hi() && root.hi() == root.lo().next_up());
    assert_eq!(Interval::new(-2.0, 3.0).square(), Interval::new(0.0, 9.0));
    assert_eq!(Interval::new(-2.0, 3.0).raise(3.0, 0.0), Interval::new(-8.0, 27.0));
    assert_eq!(
        Interval::new(-2.0, 4.0).raise(-2.0, 0.0).at_most(Grade::Partial),
        Interval::new(0.0625, f64::INFINITY).at_most(Grade::Partial)
    );
}

#[test]
fn ends_of_domains_poles_and_jumps_are_seen() {
    let x = |lo, hi| Interval::new(lo, hi);
    assert_eq!(x(-1.0, 4.0).sqrt().grade(), Grade::Partial);
    assert_eq!(x(0.0, 4.0).sqrt().grade(), Grade::Continuous);
    assert!(x(-4.0, -1.0).sqrt().is_empty());
    assert_eq!(x(0.0, 1.0).ln().grade(), Grade::Partial);
    assert_eq!((x(1.0, 2.0) / x(-1.0, 1.0)).grade(), Grade::Partial);
    assert_eq!(x(1.0, 2.0).tan().grade(), Grade::Partial);
    assert_eq!(x(2.0, 4.0).tan().grade(), Grade::Continuous);
    assert_eq!(x(-1.5, -0.5).gamma().grade(), Grade::Partial);
    assert_eq!(x(-1.0, 1.0).sign().grade(), Grade::Defined);
    assert_eq!(x(0.2, 0.9).floor().grade(), Grade::Continuous);
    assert_eq!(x(0.2, 1.0).floor().grade(), Grade::Defined);
    assert_eq!(x(0.0, 1.0).less(x(2.0, 3.0)), Interval::point(1.0));
    assert_eq!(x(0.0, 1.0).less(x(1.0, 3.0)).grade(), Grade::Defined);
    let chosen = x(-1.0, 1.0).less(Interval::point(0.0)).select(x(5.0, 6.0), x(1.0, 2.0));
    assert_eq!((chosen.lo(), chosen.hi(), chosen.grade()), (1.0, 6.0, Grade::Defined));
    // a logarithm that is not taken does no harm
    let chosen = x(-2.0, -1.0).less(Interval::point(0.0)).select(x(0.0, 1.0), x(-2.0, -1.0).ln());
    assert_eq!(chosen, x(0.0, 1.0));
    assert_eq!(x(-1.0, 1.0).atan2(x(-2.0, -1.0)).grade(), Grade::Defined);
    assert_eq!(x(-1.0, 1.0).atan2(x(-1.0, 1.0)).grade(), Grade::Partial);
    assert_eq!(x(1.0, 2.0).atan2(x(-1.0, 1.0)).grade(), Grade::Continuous);
    assert_eq!(x(-3.0, 5.0).hypot(x(0.0, 12.0)).hi(), 13.0);
    assert_eq!(x(-1e-170, 1e-170).hypot(x(0.0, 0.0)).grade(), Grade::Continuous);
}

#[test]
fn what_overflows_is_beyond_the_largest_number() {
    let large = Interval::point(800.0).exp();
    assert!(large.lo() == f64::MAX && large.hi() == f64::INFINITY);
    let zero = Interval::point(0.0) * large;
    assert_eq!(zero, Interval::point(0.0));
    let sum = large - large;
    assert!(sum.lo() == f64::NEG_INFINITY && sum.hi() == f64::INFINITY);
    assert!(Interval::point(f64::NAN).is_empty());
    assert!((Interval::point(-800.0).exp() * Interval::point(1e300)).contains(0.0));
}
