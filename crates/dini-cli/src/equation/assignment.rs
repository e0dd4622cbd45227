//! Lists on the command line: `--with w=0.5,x=pi/2` and `--for x,y`.

use super::expression::constant;
use super::function::Callable;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Kind, Token, tokenize};

/// Reads `name=value,...`, where a value is a number or a formula of numbers,
/// `pi` and `e`.
pub fn parse_assignments(text: &str) -> Result<Vec<(String, f64)>, SyntaxError> {
    let parse = || -> Result<_, Fault> {
        let tokens = tokenize(text)?;
        let mut assignments: Vec<(String, f64)> = Vec::new();
        for item in items(&tokens) {
            let name = item.name()?;
            if assignments.iter().any(|(known, _)| known == name.text) {
                let message = format!("`{}` is given twice", name.text);
                return Err(Fault::new(name.position, message));
            }
            assignments.push((name.text.to_owned(), item.value(name)?));
        }
        Ok(assignments)
    };
    parse().map_err(|fault| fault.in_text(text))
}

/// Reads `name,...`.
pub fn parse_names(text: &str) -> Result<Vec<String>, SyntaxError> {
    let parse = || -> Result<_, Fault> {
        let tokens = tokenize(text)?;
        items(&tokens)
            .iter()
            .map(|item| {
                let name = item.name()?;
                match item.tokens.get(1) {
                    Some(extra) => Err(Fault::new(extra.position, "a comma must come here")),
                    None => Ok(name.text.to_owned()),
                }
            })
            .collect()
    };
    parse().map_err(|fault| fault.in_text(text))
}

/// Value of a formula of numbers, `pi` and `e`; `what` says in messages what
/// the value is for.
pub(super) fn parse_constant(text: &str, what: &str) -> Result<f64, SyntaxError> {
    tokenize(text).and_then(|tokens| constant(&tokens, 0, what)).map_err(|fault| fault.in_text(text))
}

/// What lies between two commas.
struct Item<'t> {
    tokens: &'t [Token<'t>],
    /// Where the item ends: its comma, or the last comma for the last item.
    end: usize,
}

/// Splits at the commas that are not between the arguments of a function.
fn items<'t>(tokens: &'t [Token<'t>]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    let (mut start, mut end, mut depth) = (0, 0, 0_i64);
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth -= 1,
            Kind::Comma if depth == 0 => {
                end = token.position;
                let tokens = &tokens[start..index];
                items.push(Item { tokens, end });
                start = index + 1;
            }
            _ => {}
        }
    }
    let tokens = &tokens[start..];
    items.push(Item { tokens, end });
    items
}

impl<'t> Item<'t> {
    fn name(&self) -> Result<Token<'t>, Fault> {
        let Some(first) = self.tokens.first() else {
            return Err(Fault::new(self.end, "a name is missing"));
        };
        if first.kind != Kind::Name {
            let message = format!("a name must come here, not `{}`", first.text);
            return Err(Fault::new(first.position, message));
        }
        if Callable::named(first.text).is_some() {
            let message = format!("`{}` is a function, not a symbol", first.text);
            return Err(Fault::new(first.position, message));
        }
        Ok(*first)
    }

    fn value(&self, name: Token<'_>) -> Result<f64, Fault> {
        let what = format!("the value of `{}`", name.text);
        match self.tokens.get(1) {
            Some(sign) if sign.kind == Kind::Equals => {
                let value = &self.tokens[2..];
                if value.is_empty() {
                    return Err(Fault::new(sign.position, format!("{what} is missing")));
                }
                constant(value, sign.position, &what)
            }
            other => {
                let position = other.map_or(name.position, |token| token.position);
                let fault = Fault::new(position, format!("{what} is missing"));
                Err(fault.hint(format!("write {}=0.5", name.text)))
            }
        }
    }
}
