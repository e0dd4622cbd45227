//! A formula ready for evaluation, and the value of a formula of numbers.

use dini::program::{Code, Graph, Id};

use super::lower::Lowering;
use super::parser;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Token, tokenize};
use super::tree::Node;

/// A formula by itself.
#[derive(Clone, Debug)]
pub struct Expression {
    /// A symbol is the input of its place.
    pub(super) graph: Graph,
    pub(super) output: Id,
    pub(super) symbols: Vec<String>,
}

impl Expression {
    /// Parses a formula without `=`, in which indices and the bounds of sums use no symbols.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let parse = || -> Result<_, Fault> {
            let tree = parser::formula(&tokenize(text)?, 0)?;
            let mut lowering = Lowering::new(None);
            let output = lowering.lower(&tree)?;
            Ok(lowering.expression(output))
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
    pub fn evaluate(&self, value: impl Fn(usize) -> f64) -> f64 {
        let values: Vec<f64> = (0..self.symbols.len()).map(value).collect();
        let mut result = f64::NAN;
        Code::new(&self.graph, &[self.output], values.len()).run_one(&[&values], |_, value| result = value);
        result
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
