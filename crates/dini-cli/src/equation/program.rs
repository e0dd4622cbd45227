//! Formulas in the form they are evaluated in: a postfix program.
//!
//! A formula is wanted over `f64` and over several dual numbers, so its program does not depend on the scalar type. It is
//! joined from the programs of its operands, and needs no allocation to run.

use super::function::Function;
use super::scalar::{self, Scalar};

/// Stack slots kept on the call stack; deeper formulas, which are rare,
/// allocate.
const INLINE_SLOTS: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Instruction {
    /// Pushes a number.
    Constant(f64),
    /// Pushes the value of a symbol.
    Load(usize),
    Negate,
    Call(Function),
    /// Raises to a constant power.
    Raise(f64),
    /// Replaces the two topmost values by their combination.
    Combine(Combination),
    /// Takes a truth value from the stack. If it is false, `otherwise` instructions are skipped; if it is undefined, so is
    /// the result, and `all` instructions are skipped.
    Branch {
        otherwise: u32,
        all: u32,
    },
    /// Skips instructions.
    Skip(u32),
}

/// What two values can be joined to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Combination {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Atan2,
    Min,
    Max,
    Mod,
    /// Comparisons give 1 for true, 0 for false, and NaN where an operand is NaN.
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    And,
    Or,
}

impl Combination {
    pub(super) fn apply<D: Scalar>(self, a: D, b: D) -> D {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => scalar::divide(a, b),
            Self::Power => scalar::power(a, b),
            Self::Atan2 => scalar::atan2(a, b),
            Self::Min => scalar::min(a, b),
            Self::Max => scalar::max(a, b),
            Self::Mod => scalar::modulo(a, b),
            Self::Less => scalar::compare(a, b, |order| order.is_lt()),
            Self::LessEqual => scalar::compare(a, b, |order| order.is_le()),
            Self::Greater => scalar::compare(a, b, |order| order.is_gt()),
            Self::GreaterEqual => scalar::compare(a, b, |order| order.is_ge()),
            Self::And => scalar::and(a, b),
            Self::Or => scalar::or(a, b),
        }
    }
}

/// Instructions that leave one value on the stack.
#[derive(Clone, Debug, Default)]
pub(super) struct Program {
    code: Vec<Instruction>,
    /// Stack slots needed.
    slots: usize,
}

impl Program {
    /// A number.
    pub(super) fn number(value: f64) -> Self {
        Self::leaf(Instruction::Constant(value))
    }

    /// The value of a symbol.
    pub(super) fn symbol(index: usize) -> Self {
        Self::leaf(Instruction::Load(index))
    }

    /// Runs the program with `value(k)` as the value of symbol `k`.
    pub(super) fn run<D: Scalar>(&self, value: impl Fn(usize) -> D) -> D {
        let zero = D::from(0.0);
        let mut inline = [zero; INLINE_SLOTS];
        let mut allocated = Vec::new();
        let stack = if self.slots <= INLINE_SLOTS {
            inline.as_mut_slice()
        } else {
            allocated.resize(self.slots, zero);
            allocated.as_mut_slice()
        };
        // Index of the next free slot; the program was joined from operands
        // and operators in such a way that it stays within 1..=slots.
        let mut top = 0;
        let mut next = 0;
        while let Some(instruction) = self.code.get(next) {
            next += 1;
            match *instruction {
                Instruction::Constant(number) => {
                    stack[top] = D::from(number);
                    top += 1;
                }
                Instruction::Load(symbol) => {
                    stack[top] = value(symbol);
                    top += 1;
                }
                Instruction::Negate => stack[top - 1] = -stack[top - 1],
                Instruction::Call(function) => stack[top - 1] = function.apply(stack[top - 1]),
                Instruction::Raise(n) => stack[top - 1] = scalar::raise(stack[top - 1], n),
                Instruction::Combine(combination) => {
                    top -= 1;
                    stack[top - 1] = combination.apply(stack[top - 1], stack[top]);
                }
                Instruction::Branch { otherwise, all } => {
                    let truth = stack[top - 1].re();
                    if truth.is_nan() {
                        stack[top - 1] = D::from(truth);
                        next += all as usize;
                    } else {
                        top -= 1;
                        next += if truth == 0.0 { otherwise as usize } else { 0 };
                    }
                }
                Instruction::Skip(count) => next += count as usize,
            }
        }
        stack[0]
    }

    fn leaf(instruction: Instruction) -> Self {
        Self { code: vec![instruction], slots: 1 }
    }

    /// The number this program computes, if it is nothing but a number.
    pub(super) fn constant(&self) -> Option<f64> {
        match self.code[..] {
            [Instruction::Constant(number)] => Some(number),
            _ => None,
        }
    }

    /// The symbol this program loads, if it does nothing else.
    pub(super) fn as_symbol(&self) -> Option<usize> {
        match self.code[..] {
            [Instruction::Load(symbol)] => Some(symbol),
            _ => None,
        }
    }

    /// This program with a function of its result. Numbers are folded, not
    /// least so that the exponents of `x^-2` and `x^(1/2)` are seen as such.
    pub(super) fn call(self, function: Function) -> Self {
        self.then(Instruction::Call(function), |x| function.apply(x))
    }

    pub(super) fn negate(self) -> Self {
        self.then(Instruction::Negate, |x| -x)
    }

    fn then(mut self, instruction: Instruction, fold: impl Fn(f64) -> f64) -> Self {
        if let Some(number) = self.constant() {
            return Self::number(fold(number));
        }
        self.code.push(instruction);
        self
    }

    pub(super) fn combine(mut self, combination: Combination, other: Self) -> Self {
        match (self.constant(), other.constant()) {
            (Some(a), Some(b)) => Self::number(combination.apply(a, b)),
            (None, Some(n)) if combination == Combination::Power => {
                self.code.push(Instruction::Raise(n));
                self
            }
            _ => {
                self.code.extend(other.code);
                self.code.push(Instruction::Combine(combination));
                self.slots = self.slots.max(1 + other.slots);
                self
            }
        }
    }

    /// `yes` where this program's result is true, `no` where it is false; only the one that is taken is run.
    pub(super) fn choose(mut self, yes: Self, no: Self) -> Self {
        // The number of instructions is limited far below the range of u32.
        let (yes_length, no_length) = (yes.code.len() as u32, no.code.len() as u32);
        let otherwise = yes_length + 1;
        self.code.push(Instruction::Branch { otherwise, all: otherwise + no_length });
        self.code.extend(yes.code);
        self.code.push(Instruction::Skip(no_length));
        self.code.extend(no.code);
        self.slots = self.slots.max(yes.slots).max(no.slots);
        self
    }
}
