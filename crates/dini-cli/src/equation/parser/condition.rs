//! The first argument of `if`: comparisons joined by `and` and `or`.

use dini::program::Join;

use super::super::syntax_error::Fault;
use super::super::token::{Kind, Token};
use super::super::tree::Condition;
use super::Parser;

impl<'t> Parser<'t> {
    /// A condition; `name` is the `if` it belongs to. `and` binds tighter than `or`.
    pub(super) fn condition(&mut self, name: Token<'t>) -> Result<Condition, Fault> {
        let (mut any, mut all) = (Vec::new(), Vec::new());
        loop {
            all.push(self.comparison(name)?);
            let Some(connective) = self.peek().and_then(connective) else {
                break;
            };
            self.next += 1;
            if connective == Join::Or {
                any.push(joined(Join::And, std::mem::take(&mut all)));
            }
        }
        any.push(joined(Join::And, all));
        Ok(joined(Join::Or, any))
    }

    /// A comparison such as `x < 1` or `0 < x <= 1`, or a condition in parentheses.
    fn comparison(&mut self, name: Token<'t>) -> Result<Condition, Fault> {
        if let Some(open) = self.peek().filter(|_| self.is_group()) {
            self.enter(open)?;
            self.open.push(open);
            let inside = self.condition(name)?;
            self.close(Kind::Close)?;
            return Ok(inside);
        }
        let mut left = self.formula()?;
        let mut comparisons = Vec::new();
        while let Some(token) = self.peek().filter(|token| matches!(token.kind, Kind::Comparison | Kind::Equals)) {
            let join = comparison_of(token)?;
            self.next += 1;
            let right = self.formula()?;
            comparisons.push(Condition::Compare(join, left, right.clone()));
            left = right;
        }
        if comparisons.is_empty() {
            let fault = Fault::new(name.position, "the first argument of `if` must be a comparison");
            return Err(fault.hint("as in if(x < 1, a, b)"));
        }
        Ok(joined(Join::And, comparisons))
    }

    /// Whether the parenthesis that comes next is around a condition rather than around a part of a formula: after it comes
    /// nothing that would go on with a formula.
    fn is_group(&self) -> bool {
        if self.peek_kind() != Some(Kind::Open) {
            return false;
        }
        let mut depth = 0;
        let mut rest = self.tokens[self.next..].iter().skip_while(|token| {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                _ => {}
            }
            depth > 0
        });
        let after = rest.nth(1);
        after.is_some_and(|token| matches!(token.kind, Kind::Comma | Kind::Close) || is_connective(*token))
    }
}

/// Several conditions as one.
fn joined(join: Join, mut parts: Vec<Condition>) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        last => Condition::Join(join, parts.into_iter().chain(last).collect()),
    }
}

/// Whether a token joins conditions.
pub(super) fn is_connective(token: Token<'_>) -> bool {
    connective(token).is_some()
}

fn connective(token: Token<'_>) -> Option<Join> {
    match (token.kind, token.text) {
        (Kind::Logic, "&&") | (Kind::Name, "and") => Some(Join::And),
        (Kind::Logic, "||") | (Kind::Name, "or") => Some(Join::Or),
        _ => None,
    }
}

fn comparison_of(token: Token<'_>) -> Result<Join, Fault> {
    match token.text {
        "<" => Ok(Join::Less),
        "<=" | "≤" => Ok(Join::LessEqual),
        ">" => Ok(Join::Greater),
        ">=" | "≥" => Ok(Join::GreaterEqual),
        text => {
            let message = format!("`{text}` is no condition: two real numbers are hardly ever equal to the last digit");
            Err(Fault::new(token.position, message).hint("write < or >, or abs(x - 1) < 1e-6 for nearness"))
        }
    }
}
