//! Random formulas against a direct evaluation of the tree they were printed
//! from: precedence, associativity and nesting all have to come out the same.

use super::evaluate;

/// A small linear congruential generator; the test must not vary.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Text, value, and how tightly the outermost operator binds.
struct Formula {
    text: String,
    value: f64,
    binding: u8,
}

const SUM: u8 = 0;
const PRODUCT: u8 = 1;
const SIGN: u8 = 2;
const POWER: u8 = 3;
const ATOM: u8 = 4;

const SYMBOLS: [(&str, f64); 4] = [("x", 0.3), ("sinh_1", 1.7), ("e2", -0.9), ("μ", 2.2)];

impl Formula {
    /// The text, in parentheses unless it binds at least as tightly as asked.
    fn at_least(&self, binding: u8) -> String {
        if self.binding >= binding { self.text.clone() } else { format!("({})", self.text) }
    }
}

fn formula(random: &mut Random, depth: u32) -> Formula {
    let space = ["", " "][random.below(2) as usize];
    let infix = |a: String, operator: &str, b: String| format!("{a}{space}{operator}{space}{b}");
    if depth == 0 {
        let (name, value) = SYMBOLS[random.below(4) as usize];
        return match random.below(3) {
            0 => Formula { text: "2.5e-1".to_owned(), value: 0.25, binding: ATOM },
            _ => Formula { text: name.to_owned(), value, binding: ATOM },
        };
    }
    let a = formula(random, depth - 1);
    let choice = random.below(13);
    if choice < 3 {
        let (text, value, binding) = match choice {
            0 => (format!("-{space}{}", a.at_least(SIGN)), -a.value, SIGN),
            1 => (format!("sin{space}({})", a.text), a.value.sin(), ATOM),
            _ => (format!("tanh({})", a.text), a.value.tanh(), ATOM),
        };
        return Formula { text, value, binding };
    }
    let right_depth = random.below(u64::from(depth)) as u32;
    let b = formula(random, right_depth);
    let (text, value, binding) = match choice {
        3 => (infix(a.at_least(SUM), "+", b.at_least(PRODUCT)), a.value + b.value, SUM),
        4 => (infix(a.at_least(SUM), "-", b.at_least(PRODUCT)), a.value - b.value, SUM),
        5 => (infix(a.at_least(PRODUCT), "*", b.at_least(SIGN)), a.value * b.value, PRODUCT),
        6 => (infix(a.at_least(PRODUCT), "/", b.at_least(SIGN)), a.value / b.value, PRODUCT),
        7 => (format!("atan2({},{space}{})", a.text, b.text), a.value.atan2(b.value), ATOM),
        8 => (format!("max({},{space}{})", a.text, b.text), a.value.max(b.value), ATOM),
        9 => {
            let text = format!("if({}{space}<{space}{} and 0 < 1, {}, {})", a.text, b.text, b.text, a.text);
            (text, if a.value < b.value { b.value } else { a.value }, ATOM)
        }
        10 => (format!("sum(k,{space}2, 3, {}*k)", a.at_least(PRODUCT)), a.value * 2.0 + a.value * 3.0, ATOM),
        11 => (format!("prod(k, 1, 2, {}{space}+ k)", a.text), (a.value + 1.0) * (a.value + 2.0), ATOM),
        // A sign may stand in an exponent without parentheses.
        _ => (infix(a.at_least(ATOM), "^", b.at_least(SIGN)), power(a.value, b.value), POWER),
    };
    Formula { text, value, binding }
}

/// The square is computed as a product, which can differ in the last digit.
fn power(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { a.powf(b) }
}

#[test]
fn random_formulas_evaluate_to_the_last_bit() {
    let mut random = Random(2024);
    let mut numbers = 0;
    for round in 0..4_000 {
        let Formula { text, value, .. } = formula(&mut random, 1 + round % 7);
        let found = evaluate(&text, &SYMBOLS);
        // max() of the standard library ignores NaN, the formula's does not.
        if value.is_nan() || found.is_nan() {
            continue;
        }
        numbers += 1;
        assert_eq!(found, value, "{text}");
    }
    assert!(numbers > 2_000, "{numbers} formulas had a value");
}
