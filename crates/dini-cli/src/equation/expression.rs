//! A formula ready for evaluation, and the value of a formula of numbers.

use super::lower::Lowering;
use super::parser;
use super::program::Program;
use super::scalar::Scalar;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Token, tokenize};
use super::tree::Node;

/// A formula, translated once and evaluable over any [`Scalar`].
#[derive(Clone, Debug)]
pub struct Expression {
    pub(super) symbols: Vec<String>,
    pub(super) program: Program,
}

impl Expression {
    /// Parses a formula without `=`, in which indices and the bounds of sums use no symbols.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let parse = || -> Result<_, Fault> {
            let tree = parser::formula(&tokenize(text)?, 0)?;
            let mut lowering = Lowering::new(None);
            let program = lowering.program(&tree)?;
            Ok(Self { symbols: lowering.take_symbols(), program })
        };
        parse().map_err(|fault| fault.in_text(text))
    }

    /// The symbols that occur, in order of first appearance; `pi` and `e` are
    /// among them, since what they stand for is for the [`System`] to decide.
    ///
    /// [`System`]: super::System
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// Value with `value(k)` in place of the symbol `symbols()[k]`.
    pub fn evaluate<D: Scalar>(&self, value: impl Fn(usize) -> D) -> D {
        self.program.run(value)
    }
}

/// Value of a formula of numbers, `pi` and `e` alone, for use as `what`.
pub(super) fn constant(tokens: &[Token<'_>], whole: usize, what: &str) -> Result<f64, Fault> {
    let tree = parser::formula(tokens, whole)?;
    let position = tokens.first().map_or(whole, |token| token.position);
    finite(&tree, position, what)
}

/// As [`constant`], of a text.
pub(super) fn parse_constant(text: &str, what: &str) -> Result<f64, SyntaxError> {
    tokenize(text).and_then(|tokens| constant(&tokens, 0, what)).map_err(|fault| fault.in_text(text))
}

/// The value of a tree of numbers, `pi` and `e` alone, if it is finite.
pub(super) fn finite(tree: &Node, position: usize, what: &str) -> Result<f64, Fault> {
    let value = Lowering::new(None).constant(tree, what.to_owned())?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(Fault::new(position, format!("{what} must be finite, not {value}")))
}
