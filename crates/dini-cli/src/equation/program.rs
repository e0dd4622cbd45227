//! Formulas in the form they are evaluated in: a postfix program.
//!
//! An `exmex` expression is bound to the one scalar type it was parsed for,
//! whereas a formula here is wanted over `f64` and over several dual numbers.
//! So `exmex` parses a formula over [`Program`] as its "number" type, and
//! evaluating that expression once joins the programs of the operands instead
//! of adding and multiplying numbers. The result is parsed once, independent
//! of the scalar type, and needs no allocation to run.

use std::str::FromStr;

use exmex::{BinOp, Express, FlatEx, MakeOperators, MatchLiteral, Operator};

use super::function::{Function, function_operators};
use super::scalar::{self, Scalar};
use super::token;

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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Combination {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Atan2,
    Min,
    Max,
    Mod,
}

impl Combination {
    fn apply<D: Scalar>(self, a: D, b: D) -> D {
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
    /// Compiles text in the canonical form written by the grammar check, with
    /// symbol `symbols[k]` becoming symbol `k`.
    pub(super) fn compile(canonical: &str, symbols: &[String]) -> exmex::ExResult<Self> {
        let expression = FlatEx::<Self, Operators, Numbers>::parse_wo_compile(canonical)?;
        let operands: Vec<Self> = expression
            .var_names()
            .iter()
            .filter_map(|name| symbols.iter().position(|symbol| symbol == name))
            .map(|symbol| Self::leaf(Instruction::Load(symbol)))
            .collect();
        expression.eval(&operands)
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
        for instruction in &self.code {
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
            }
        }
        stack[0]
    }

    fn leaf(instruction: Instruction) -> Self {
        Self { code: vec![instruction], slots: 1 }
    }

    /// The number this program computes, if it is nothing but a number.
    fn constant(&self) -> Option<f64> {
        match self.code[..] {
            [Instruction::Constant(number)] => Some(number),
            _ => None,
        }
    }

    /// This program with a function of its result. Numbers are folded, not
    /// least so that the exponents of `x^-2` and `x^(1/2)` are seen as such.
    pub(super) fn call(self, function: Function) -> Self {
        self.then(Instruction::Call(function), |x| function.apply(x))
    }

    fn negate(self) -> Self {
        self.then(Instruction::Negate, |x| -x)
    }

    fn then(mut self, instruction: Instruction, fold: impl Fn(f64) -> f64) -> Self {
        if let Some(number) = self.constant() {
            return Self::leaf(Instruction::Constant(fold(number)));
        }
        self.code.push(instruction);
        self
    }

    fn combine(mut self, combination: Combination, other: Self) -> Self {
        match (self.constant(), other.constant()) {
            (Some(a), Some(b)) => Self::leaf(Instruction::Constant(combination.apply(a, b))),
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
}

impl FromStr for Program {
    type Err = std::num::ParseFloatError;

    /// Reads a number literal, as the expression parser asks of its numbers.
    fn from_str(literal: &str) -> Result<Self, Self::Err> {
        literal.parse().map(|number| Self::leaf(Instruction::Constant(number)))
    }
}

/// The operators of canonical text. Signs, function calls and the order of
/// repeated powers are explicit there, so only the four infix precedences are
/// left to the expression parser.
#[derive(Clone, Debug)]
struct Operators;

impl MakeOperators<Program> for Operators {
    fn make<'a>() -> Vec<Operator<'a, Program>> {
        use Combination::{Add, Atan2, Divide, Max, Min, Mod, Multiply, Power, Subtract};
        let mut operators = function_operators();
        operators.push(Operator::make_unary("neg", Program::negate));
        operators.extend([
            infix("+", 0, |a, b| a.combine(Add, b)),
            infix("-", 0, |a, b| a.combine(Subtract, b)),
            infix("*", 1, |a, b| a.combine(Multiply, b)),
            infix("/", 1, |a, b| a.combine(Divide, b)),
            infix("^", 2, |a, b| a.combine(Power, b)),
            infix("atan2", 3, |a, b| a.combine(Atan2, b)),
            infix("min", 3, |a, b| a.combine(Min, b)),
            infix("max", 3, |a, b| a.combine(Max, b)),
            infix("mod", 3, |a, b| a.combine(Mod, b)),
        ]);
        operators
    }
}

fn infix<'a>(spelling: &'a str, prio: i64, apply: fn(Program, Program) -> Program) -> Operator<'a, Program> {
    // Calling an operator commutative would let the parser reorder a sum.
    let is_commutative = false;
    Operator::make_bin(spelling, BinOp { apply, prio, is_commutative })
}

/// Finds number literals; the default one of `exmex` knows no exponents.
#[derive(Clone, Debug)]
struct Numbers;

impl MatchLiteral for Numbers {
    fn is_literal(text: &str) -> Option<&str> {
        let length = token::number_length(text);
        (length > 0).then(|| &text[..length])
    }
}
