//! A parsed formula, and an equation made of two.

use super::grammar;
use super::names::named_constant;
use super::program::Program;
use super::scalar::Scalar;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Kind, Token, tokenize};

/// A formula, parsed once and evaluable over any [`Scalar`].
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    symbols: Vec<String>,
    program: Program,
}

impl Expression {
    /// Parses a formula without `=`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let parse = || -> Result<_, Fault> {
            let mut symbols = Vec::new();
            let canonical = grammar::canonical(&tokenize(text)?, 0, &mut symbols)?;
            Self::compile(text, &canonical, symbols)
        };
        parse().map_err(|fault| fault.in_text(text))
    }

    /// The formula as it was written.
    pub fn text(&self) -> &str {
        &self.text
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

    fn compile(text: &str, canonical: &str, symbols: Vec<String>) -> Result<Self, Fault> {
        // Checked text parses; should it not, that is said rather than hidden.
        let program = Program::compile(canonical, &symbols)
            .map_err(|error| Fault::new(0, format!("cannot parse this: {error}")))?;
        Ok(Self { text: text.to_owned(), symbols, program })
    }
}

/// Value of a formula of numbers, `pi` and `e` alone, for use as `what`.
pub(super) fn constant(tokens: &[Token<'_>], whole: usize, what: &str) -> Result<f64, Fault> {
    let mut symbols = Vec::new();
    let canonical = grammar::canonical(tokens, whole, &mut symbols)?;
    let is_variable = |token: &&Token<'_>| {
        token.kind == Kind::Name
            && named_constant(token.text).is_none()
            && symbols.iter().any(|symbol| symbol == token.text)
    };
    if let Some(variable) = tokens.iter().find(is_variable) {
        let message = format!("{what} must be a constant, but `{}` is not", variable.text);
        return Err(Fault::new(variable.position, message));
    }
    let constants: Vec<f64> = symbols.iter().filter_map(|s| named_constant(s)).collect();
    let expression = Expression::compile("", &canonical, symbols)?;
    let value = expression.evaluate(|symbol| constants[symbol]);
    if value.is_finite() {
        return Ok(value);
    }
    let start = tokens.first().map_or(whole, |token| token.position);
    Err(Fault::new(start, format!("{what} must be finite, not {value}")))
}

/// An equation, held as the residual `left - right` that a solution makes 0.
#[derive(Clone, Debug)]
pub struct Equation {
    residual: Expression,
}

impl Equation {
    /// Parses `left = right`; a text without `=` is to equal 0.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_tokens(text).map_err(|fault| fault.in_text(text))
    }

    fn parse_tokens(text: &str) -> Result<Self, Fault> {
        let tokens = tokenize(text)?;
        let mut symbols = Vec::new();
        let mut signs = tokens.iter().enumerate().filter(|(_, t)| t.kind == Kind::Equals);
        let canonical = match (signs.next(), signs.next()) {
            (None, _) => grammar::canonical(&tokens, 0, &mut symbols)?,
            (Some(_), Some((_, second))) => {
                let message = "an equation has a single `=`";
                return Err(Fault::new(second.position, message));
            }
            (Some((index, sign)), None) => {
                let (left, right) = (&tokens[..index], &tokens[index + 1..]);
                for (side, name) in [(left, "left"), (right, "right")] {
                    if side.is_empty() {
                        let message = format!("nothing to the {name} of `=`");
                        return Err(Fault::new(sign.position, message));
                    }
                }
                let left = grammar::canonical(left, sign.position, &mut symbols)?;
                let right = grammar::canonical(right, sign.position, &mut symbols)?;
                format!("({left})-({right})")
            }
        };
        let residual = Expression::compile(text, &canonical, symbols)?;
        Ok(Self { residual })
    }

    /// The equation as it was written.
    pub fn text(&self) -> &str {
        self.residual.text()
    }

    /// Whether `name` occurs other than as the base of a power, as e does in e^x.
    pub fn uses_as_factor(&self, name: &str) -> bool {
        let tokens = tokenize(self.text()).unwrap_or_default();
        let is_base = |i: usize| tokens.get(i + 1).is_some_and(|next| next.text == "^");
        tokens.iter().enumerate().any(|(i, token)| token.text == name && !is_base(i))
    }

    /// Left side minus right side.
    pub fn residual(&self) -> &Expression {
        &self.residual
    }
}
