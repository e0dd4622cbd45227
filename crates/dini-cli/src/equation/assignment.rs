//! Lists on the command line: `--with w=0.5,x=w/2`, `--start x=1` and `--for x,y[1]`.

use std::collections::HashSet;

use super::expression::constant;
use super::interval::{Interval, interval};
use super::lower::Lowering;
use super::parser::{is_symbol, leading_symbol, stray_comparison};
use super::statement::outside_groups;
use super::syntax_error::{Fault, SyntaxError};
use super::token::{Kind, Token, tokenize};
use super::values::Definition;

/// Reads `name=value,...`, where a value is a formula of numbers and of other names.
pub fn parse_values(text: &str) -> Result<Vec<Definition>, SyntaxError> {
    list(text, |item| {
        let (name, value) = item.assignment("0.5")?;
        let formula = Definition::new(name, text, value.tokens, value.end)?;
        Ok((formula.name().to_owned(), formula))
    })
    .map(|list| list.into_iter().map(|(_, formula)| formula).collect())
}

/// Reads `name=value,...`, where a value is a number or a formula of numbers,
/// `pi` and `e`.
pub fn parse_assignments(text: &str) -> Result<Vec<(String, f64)>, SyntaxError> {
    list(text, |item| {
        let (name, value) = item.assignment("0.5")?;
        let number = constant(value.tokens, value.end, &format!("the value of `{name}`"))?;
        Ok((name, number))
    })
}

/// Reads `name=low..high,...`; one end of an interval may be missing.
pub fn parse_bounds(text: &str) -> Result<Vec<(String, Interval)>, SyntaxError> {
    list(text, |item| {
        let (name, value) = item.assignment("0..1")?;
        let bounds = interval(value.tokens, value.end, &name)?;
        Ok((name, bounds))
    })
}

/// Reads `name,...`.
pub fn parse_names(text: &str) -> Result<Vec<String>, SyntaxError> {
    let parse = || -> Result<_, Fault> {
        let tokens = tokenize(text)?;
        items(&tokens)
            .iter()
            .map(|item| {
                let (name, length) = item.name()?;
                match item.tokens.get(length) {
                    Some(extra) => Err(Fault::new(extra.position, "a comma must come here")),
                    None => Ok(name),
                }
            })
            .collect()
    };
    parse().map_err(|fault| fault.in_text(text))
}

/// Reads a single name, perhaps with indices.
pub(super) fn parse_name(text: &str) -> Result<String, SyntaxError> {
    match parse_names(text)?.as_slice() {
        [name] => Ok(name.clone()),
        _ => Err(Fault::new(0, "a single name must come here").in_text(text)),
    }
}

/// Reads a list of entries that `read` makes of its items, each with a name that must not be repeated.
fn list<T>(
    text: &str,
    read: impl Fn(&Item<'_>) -> Result<(String, T), Fault>,
) -> Result<Vec<(String, T)>, SyntaxError> {
    let parse = || -> Result<_, Fault> {
        let tokens = tokenize(text)?;
        let (mut entries, mut known) = (Vec::new(), HashSet::new());
        for item in items(&tokens) {
            let (name, entry) = read(&item)?;
            if !known.insert(name.clone()) {
                let position = item.tokens.first().map_or(item.end, |token| token.position);
                return Err(Fault::new(position, format!("`{name}` is given twice")));
            }
            entries.push((name, entry));
        }
        Ok(entries)
    };
    parse().map_err(|fault| fault.in_text(text))
}

/// What lies between two commas.
struct Item<'t> {
    tokens: &'t [Token<'t>],
    /// Where the item ends: its comma, or the last comma for the last item; for a value, its equals sign.
    end: usize,
}

/// Splits at the commas that are in no parentheses or brackets.
fn items<'t>(tokens: &'t [Token<'t>]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    let (mut start, mut end) = (0, 0);
    for index in outside_groups(tokens, |token| token.kind == Kind::Comma) {
        end = tokens[index].position;
        items.push(Item { tokens: &tokens[start..index], end });
        start = index + 1;
    }
    items.push(Item { tokens: &tokens[start..], end });
    items
}

impl<'t> Item<'t> {
    /// The name the item begins with, and its number of tokens.
    fn name(&self) -> Result<(String, usize), Fault> {
        let Some(first) = self.tokens.first() else {
            return Err(Fault::new(self.end, "a name is missing"));
        };
        if first.kind != Kind::Name {
            let message = format!("a name must come here, not `{}`", first.text);
            return Err(Fault::new(first.position, message));
        }
        if !is_symbol(first.text) {
            let message = format!("`{}` is a function, not a symbol", first.text);
            return Err(Fault::new(first.position, message));
        }
        let (symbol, length) = leading_symbol(self.tokens)?;
        Ok((Lowering::new(None).full_name(&symbol)?, length))
    }

    /// The name and what it is to be, for which `example` stands in messages.
    fn assignment(&self, example: &str) -> Result<(String, Item<'t>), Fault> {
        let (name, length) = self.name()?;
        let what = format!("the value of `{name}` is missing");
        match self.tokens.get(length) {
            Some(sign) if sign.kind == Kind::Equals => {
                let tokens = &self.tokens[length + 1..];
                if tokens.is_empty() {
                    return Err(Fault::new(sign.position, what));
                }
                Ok((name, Item { tokens, end: sign.position }))
            }
            Some(comparison) if comparison.kind == Kind::Comparison => Err(stray_comparison(*comparison)),
            other => {
                let position = other.or(self.tokens.first()).map_or(self.end, |token| token.position);
                Err(Fault::new(position, what).hint(format!("write {name}={example}")))
            }
        }
    }
}
