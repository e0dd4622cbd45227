//! Programs evaluated on intervals.

use super::code::{Action, Code, Instruction};
use super::function::Function;
use super::node::Join;
use crate::interval::Interval;

impl Function {
    /// All values of the function.
    pub fn enclose(self, x: Interval) -> Interval {
        match self {
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Log10 => x.log10(),
            Self::Log2 => x.log2(),
            Self::Ln1p => x.ln_1p(),
            Self::Expm1 => x.expm1(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.acosh(),
            Self::Atanh => x.atanh(),
            Self::Sqrt => x.sqrt(),
            Self::Cbrt => x.cbrt(),
            Self::Abs => x.abs(),
            Self::Sigmoid => x.sigmoid(),
            Self::Erf => x.erf(),
            Self::Erfc => x.erfc(),
            Self::NormCdf => x.normal(),
            Self::Gamma => x.gamma(),
            Self::LnGamma => x.ln_gamma(),
            Self::LambertW => x.lambert_w(),
            Self::J0 => x.bessel(0),
            Self::J1 => x.bessel(1),
            Self::Sign => x.sign(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::BesideOne => x.beside_one(),
            Self::TanhSlope => x.tanh_slope(),
            Self::SigmoidSlope => x.sigmoid_slope(),
            Self::Gaussian => x.gaussian(),
            Self::NormalDensity => x.normal_density(),
            Self::Polygamma(m) => x.polygamma(m),
            Self::LambertAbove => x.lambert_above(),
            Self::LambertSlope => x.lambert_slope(),
            Self::Bessel(n) => x.bessel(n),
            Self::J1Over => x.bessel_over(),
        }
    }
}

impl Join {
    /// All values of a and b joined.
    pub fn enclose(self, a: Interval, b: Interval) -> Interval {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => a.power(b),
            Self::Atan2 => a.atan2(b),
            Self::Hypot => a.hypot(b),
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Mod => a.modulo(b),
            Self::Less => a.less(b),
            Self::LessEqual => a.less_equal(b),
            Self::Greater => b.less(a),
            Self::GreaterEqual => b.less_equal(a),
            Self::And => truths(a, b, 0.0),
            Self::Or => truths(a, b, 1.0),
            Self::Weigh => a.weigh(b),
            // what overflows is an infinite number in floating point alone
            Self::Gate => a.at_most(b.grade()),
            Self::PowerLog(k) => a.power_log(b, k),
        }
    }
}

/// Two truth values joined: `decisive` if one of them is, whatever the other.
fn truths(a: Interval, b: Interval, decisive: f64) -> Interval {
    let is = |x: Interval, value: f64| x.lo() == value && x.hi() == value;
    if let Some(decided) = [a, b].into_iter().find(|x| is(*x, decisive)) {
        return decided;
    }
    let grade = a.grade().min(b.grade());
    let other = 1.0 - decisive;
    if is(a, other) && is(b, other) {
        Interval::point(other).at_most(grade)
    } else {
        Interval::new(0.0, 1.0).at_most(grade)
    }
}

impl Code {
    /// All values of the outputs for inputs within intervals, those of `parts` one behind the other. Numbers of the formula stand for
    /// what they have been rounded from.
    pub fn enclose(&self, parts: &[&[Interval]], places: &mut Vec<Interval>, outputs: &mut Vec<Interval>) {
        places.clear();
        parts.iter().for_each(|part| places.extend_from_slice(part));
        places.resize(self.inputs, Interval::EMPTY);
        places.extend(
            self.constants.iter().zip(&self.uncertain).map(|(value, radius)| Interval::around(*value, *radius)),
        );
        places.resize(self.places, Interval::EMPTY);
        for Instruction { action, to, operands } in &self.instructions {
            let [a, b, c] = operands.map(|place| place as usize);
            places[*to as usize] = match *action {
                Action::Negate => -places[a],
                Action::Call(function) => function.enclose(places[a]),
                Action::Raise(n) => places[a].raise(n, rounded(n)),
                Action::Join(Join::Multiply) if a == b => places[a].square(),
                Action::Join(join) => join.enclose(places[a], places[b]),
                Action::Select => places[a].select(places[b], places[c]),
            };
        }
        outputs.clear();
        outputs.extend(self.outputs.iter().map(|place| places[*place as usize]));
    }
}

/// How far what a number stands for may be from it by its digits alone: a unit in its last place if it has more than 32 significant bits.
pub(super) fn rounded(value: f64) -> f64 {
    let long = value.to_bits().trailing_zeros() < 21 && value.is_finite();
    if long { value.abs().next_up() - value.abs() } else { 0.0 }
}
