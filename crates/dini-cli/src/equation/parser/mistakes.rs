//! What is said about formulas that are not well formed.

use super::super::function::Callable;
use super::super::names::nearest;
use super::super::syntax_error::Fault;
use super::super::token::{Kind, Token};
use super::Parser;
use super::condition::is_connective;

impl<'t> Parser<'t> {
    /// An operand must come next and does not: the culprit is the operator that announced it, or else what came in its stead.
    pub(super) fn missing_operand(&self) -> Fault {
        let next = self.peek();
        if let Some(token) = next
            && token.kind == Kind::Operator
        {
            return Fault::new(token.position, format!("nothing for `{}` to act on at its left", token.text));
        }
        if next.is_none_or(|token| token.kind == Kind::Equals) && !self.open.is_empty() {
            return self.unclosed();
        }
        if let Some(last) = self.previous().filter(|last| last.kind == Kind::Operator) {
            return Fault::new(last.position, format!("nothing for `{}` to act on at its right", last.text));
        }
        match next {
            Some(token) if token.kind == Kind::Close && self.open.is_empty() => self.unexpected(token),
            Some(token) if matches!(token.kind, Kind::Comma | Kind::Close | Kind::CloseIndex) => {
                Fault::new(token.position, "a value is missing")
            }
            Some(token) => self.unexpected(token),
            None => Fault::new(self.previous().map_or(0, |last| last.position), "a value is missing"),
        }
    }

    /// `token` may not come here.
    pub(super) fn unexpected(&self, token: Token<'t>) -> Fault {
        let fault = |message: &str| Fault::new(token.position, message);
        match token.kind {
            Kind::Close => fault("no `(` matches this `)`"),
            Kind::CloseIndex => fault("no `[` matches this `]`"),
            Kind::OpenIndex => fault("an index comes after a name, as in x[1]"),
            Kind::Comma => fault("a comma outside the arguments of a function").hint("the decimal point is `.`"),
            Kind::Equals if !self.open.is_empty() => self.unclosed(),
            Kind::Colon => {
                fault("`:` is for the step of a range, as in --with a=1..5:0.5").hint("write a comma between values")
            }
            Kind::Range => fault("`..` is for ranges, as in x[i] = i for i = 1..3"),
            Kind::Comparison => stray_comparison(token),
            _ if is_connective(token) => {
                fault(&format!("`{}` joins comparisons in the first argument of if(...)", token.text))
            }
            _ => fault(&format!("unexpected `{}`", token.text)),
        }
    }

    /// The innermost parenthesis or bracket that is open is not closed.
    pub(super) fn unclosed(&self) -> Fault {
        match self.open.last() {
            Some(open) if open.kind == Kind::OpenIndex => Fault::new(open.position, "no `]` matches this `[`"),
            Some(open) => Fault::new(open.position, "no `)` matches this `(`"),
            None => Fault::new(0, "a value is missing"),
        }
    }

    pub(super) fn nothing_inside(&self) -> Fault {
        Fault::new(self.peek().map_or(0, |token| token.position), "nothing in the parentheses")
    }

    /// Whether a token after an operand begins another one.
    pub(super) fn starts_operand(&self, token: Token<'t>) -> bool {
        match token.kind {
            Kind::Number | Kind::Open => true,
            Kind::Name => !is_connective(token),
            _ => false,
        }
    }

    pub(super) fn missing_operator(&self, token: Token<'t>) -> Fault {
        let (left, right) = (self.previous().map_or("", |left| left.text), token.text);
        let message = format!("missing operator between `{left}` and `{right}`");
        Fault::new(token.position, message).hint(format!("write {left}*{right} for a product"))
    }

    /// The name of a function stands alone.
    pub(super) fn without_arguments(&self, name: Token<'t>) -> Fault {
        let message = format!("the function `{}` needs its argument in parentheses", name.text);
        let argument = match self.tokens.get(self.next + 1) {
            Some(next) if matches!(next.kind, Kind::Name | Kind::Number) => next.text,
            _ => "...",
        };
        Fault::new(name.position, message).hint(format!("write {}({argument})", name.text))
    }
}

/// A comparison that is not in a condition.
pub(in super::super) fn stray_comparison(token: Token<'_>) -> Fault {
    if token.text == "==" {
        return Fault::new(token.position, "`==` is not an equals sign").hint("write a single `=`");
    }
    let message = format!("`{}` is not supported here: an equation has a single `=`", token.text);
    Fault::new(token.position, message).hint("a comparison is the first argument of if, as in if(x < 1, a, b)")
}

pub(super) fn unknown_function(name: Token<'_>) -> Fault {
    let text = name.text;
    let hint = if text.chars().count() == 1 {
        format!("write {text}*(...) for a product")
    } else if let Some(near) = nearest(text, Callable::names()) {
        format!("did you mean {near}?")
    } else {
        let known: Vec<&str> = Callable::canonical().collect();
        format!("write {text}*(...) for a product; known are {}", known.join(", "))
    };
    Fault::new(name.position, format!("unknown function `{text}`")).hint(hint)
}
