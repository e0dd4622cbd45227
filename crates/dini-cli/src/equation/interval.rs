//! Intervals for unknowns: `0..1`, `0..` and `..pi/2`.

use super::expression::constant;
use super::statement::outside_groups;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Kind, Token, tokenize};

/// From `low` to `high`, both included; without an end that is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least value.
    pub low: Option<f64>,
    /// The greatest value.
    pub high: Option<f64>,
}

/// Reads an interval for `name`, whose ends are formulas of numbers, `pi` and `e`.
pub(super) fn parse_interval(text: &str, name: &str) -> Result<Interval, SyntaxError> {
    tokenize(text).and_then(|tokens| interval(&tokens, 0, name)).map_err(|fault| fault.in_text(text))
}

/// The interval that the tokens make up; `whole` is where an absent one is reported.
pub(super) fn interval(tokens: &[Token<'_>], whole: usize, name: &str) -> Result<Interval, Fault> {
    let position = tokens.first().map_or(whole, |token| token.position);
    let [middle] = outside_groups(tokens, |token| token.kind == Kind::Range)[..] else {
        let fault = Fault::new(position, format!("the bounds of `{name}` must be an interval"));
        return Err(fault.hint("write 0..1, 0.. or ..1"));
    };
    let (low, high) = (&tokens[..middle], &tokens[middle + 1..]);
    let end = |side: &[Token<'_>], which: &str| match side {
        [] => Ok(None),
        _ => constant(side, position, &format!("the {which} bound of `{name}`")).map(Some),
    };
    let interval = Interval { low: end(low, "lower")?, high: end(high, "upper")? };
    match interval {
        Interval { low: None, high: None } => {
            Err(Fault::new(position, format!("the bounds of `{name}` have no end")).hint("write 0..1, 0.. or ..1"))
        }
        Interval { low: Some(low), high: Some(high) } if low >= high => Err(Fault::new(
            position,
            format!("the lower bound of `{name}`, {low}, must be below the upper one, {high}"),
        )),
        _ => Ok(interval),
    }
}
