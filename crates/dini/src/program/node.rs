//! What a program is made of: operations and the nodes that apply them.

use std::hash::{Hash, Hasher};

use super::function::Function;

/// A node of a [`Graph`](super::Graph), by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub(super) u32);

impl Id {
    #[inline]
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation. Numbers are held as their bits, so that equal operations are equal as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Input(u32),
    Constant(u64),
    Negate,
    Call(Function),
    /// Raises to a constant power.
    Raise(u64),
    Join(Join),
    /// Whichever of the last two operands the first one, a truth value, says; NaN where it is NaN.
    Select,
}

/// What two values can be joined to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Join {
    /// a + b
    Add,
    /// a - b
    Subtract,
    /// a b
    Multiply,
    /// a / b
    Divide,
    /// a^b
    Power,
    /// The angle of the point (b, a).
    Atan2,
    /// The length of the vector (a, b).
    Hypot,
    /// The smaller of two numbers, the first if they are equal, NaN if one is.
    Min,
    /// The larger of two numbers, the first if they are equal, NaN if one is.
    Max,
    /// a less the largest multiple of b that is not above it: of the sign of b.
    Mod,
    /// Comparisons give 1 for true, 0 for false, and NaN where an operand is NaN.
    Less,
    /// a <= b
    LessEqual,
    /// a > b
    Greater,
    /// a >= b
    GreaterEqual,
    /// Both of two truth values: false if one is, even if the other is undefined.
    And,
    /// One of two truth values: true if one is, even if the other is undefined.
    Or,
    /// a b, and 0 where a is 0 whatever b: an exponent times a power.
    Weigh,
    /// a, but 0 where b is infinite: the slope a of a value b that has overflowed, which whatever saturates takes no account of.
    Gate,
    /// a^b ln(a)^k, the k-th derivative of a^b by b.
    PowerLog(u8),
}

/// An operation with its operands, as many as it has; the others are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub op: Op,
    pub operands: [Id; 3],
}

impl Hash for Node {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c] = self.operands.map(|id| u64::from(id.0));
        self.op.hash(state);
        state.write_u64(a | b << 32);
        state.write_u64(c);
    }
}

impl Node {
    /// How many of the operands count.
    #[inline]
    pub fn arity(&self) -> usize {
        match self.op {
            Op::Input(_) | Op::Constant(_) => 0,
            Op::Negate | Op::Call(_) | Op::Raise(_) => 1,
            Op::Join(_) => 2,
            Op::Select => 3,
        }
    }

    #[inline]
    pub fn operands(&self) -> &[Id] {
        &self.operands[..self.arity()]
    }
}

impl Join {
    /// The value, of numbers.
    #[inline(always)]
    pub(crate) fn apply<T: crate::Real>(self, a: T, b: T) -> T {
        let truth = |known: bool| if known { T::one() } else { T::zero() };
        let compare = |known: bool| if a.is_nan() || b.is_nan() { T::nan() } else { truth(known) };
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => num_traits::Float::powf(a, b),
            Self::Atan2 => a.atan2(b),
            Self::Hypot => a.hypot(b),
            Self::Min if a <= b => a,
            Self::Min if b < a => b,
            Self::Max if a >= b => a,
            Self::Max if b > a => b,
            Self::Min | Self::Max => T::nan(),
            Self::Mod => a - b * (a / b).floor(),
            Self::Less => compare(a < b),
            Self::LessEqual => compare(a <= b),
            Self::Greater => compare(a > b),
            Self::GreaterEqual => compare(a >= b),
            Self::And if a == T::zero() || b == T::zero() => T::zero(),
            Self::And => a * b,
            Self::Or if a == T::one() || b == T::one() => T::one(),
            Self::Or => a + b,
            Self::Weigh | Self::Gate if a == T::zero() => T::zero(),
            Self::Weigh => a * b,
            Self::Gate if b.is_infinite() => T::zero(),
            Self::Gate => a,
            Self::PowerLog(k) if a > T::zero() => {
                num_traits::Float::powf(a, b) * num_traits::Float::powi(num_traits::Float::ln(a), i32::from(k))
            }
            Self::PowerLog(_) if a == T::zero() && b > T::zero() => T::zero(),
            Self::PowerLog(_) => T::nan(),
        }
    }
}

/// x^n. Small whole exponents are products, which are faster and as exact.
#[inline(always)]
pub(crate) fn raise<T: crate::Real>(x: T, n: f64) -> T {
    if n == 2.0 {
        x * x
    } else if n == 3.0 {
        x * x * x
    } else if n == 4.0 {
        let square = x * x;
        square * square
    } else if n == -1.0 {
        x.recip()
    } else {
        num_traits::Float::powf(x, T::of(n))
    }
}

/// What a truth value says: `yes`, `no`, or NaN.
#[inline(always)]
pub(crate) fn choose<T: crate::Real>(truth: T, yes: T, no: T) -> T {
    if truth.is_nan() {
        truth
    } else if truth == T::zero() {
        no
    } else {
        yes
    }
}
