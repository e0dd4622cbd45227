//! Calls: functions, `if`, `sum` and `prod`.

use dini::program::Join;

use super::super::function::Callable;
use super::super::syntax_error::Fault;
use super::super::token::{Kind, Token};
use super::super::tree::{Node, Range, Repeat};
use super::Parser;

impl<'t> Parser<'t> {
    /// The call of `function`, whose name is the next token and is followed by a parenthesis.
    pub(super) fn call(&mut self, name: Token<'t>, function: Callable) -> Result<Node, Fault> {
        self.next += 1;
        if let Some(open) = self.peek() {
            self.enter(open)?;
            self.open.push(open);
        }
        if self.peek_kind() == Some(Kind::Close) {
            return Err(argument_count(name, function, "0"));
        }
        // in functions of their own: what is nested to the limit must fit on a small stack
        let node = match function {
            Callable::Unary(unary) => Node::Call(unary, Box::new(self.formula()?)),
            Callable::Binary(join) => self.binary(name, join)?,
            Callable::If => self.conditional(name)?,
            Callable::Repeat(join) => self.repeat(name, join)?,
        };
        if self.peek_kind() == Some(Kind::Comma) {
            return Err(argument_count(name, function, "more"));
        }
        self.close(Kind::Close)?;
        Ok(node)
    }

    fn binary(&mut self, name: Token<'t>, join: Join) -> Result<Node, Fault> {
        let first = self.formula()?;
        self.argument(name, Callable::Binary(join), 1)?;
        let mut rest = vec![(join, self.formula()?)];
        let more = matches!(join, Join::Min | Join::Max);
        while more && self.peek_kind() == Some(Kind::Comma) {
            self.next += 1;
            rest.push((join, self.formula()?));
        }
        Ok(Node::Chain(Box::new(first), rest))
    }

    fn conditional(&mut self, name: Token<'t>) -> Result<Node, Fault> {
        let condition = Box::new(self.condition(name)?);
        self.argument(name, Callable::If, 1)?;
        let yes = self.formula()?;
        self.argument(name, Callable::If, 2)?;
        Ok(Node::If(condition, Box::new([yes, self.formula()?])))
    }

    fn repeat(&mut self, name: Token<'t>, join: Join) -> Result<Node, Fault> {
        let function = Callable::Repeat(join);
        let (index, position) = self.running_index(name.position, example(function))?;
        self.argument(name, function, 1)?;
        let first = self.formula()?;
        self.argument(name, function, 2)?;
        let last = self.formula()?;
        self.argument(name, function, 3)?;
        let range = Range { index, first, last, position };
        Ok(Node::Repeat(Box::new(Repeat { join, range, term: self.formula()? })))
    }

    /// Takes the comma after argument number `given`.
    fn argument(&mut self, name: Token<'t>, function: Callable, given: usize) -> Result<(), Fault> {
        match self.peek() {
            Some(token) if token.kind == Kind::Comma => {
                self.next += 1;
                Ok(())
            }
            Some(token) if token.kind == Kind::Close => Err(argument_count(name, function, &given.to_string())),
            Some(token) => Err(self.unexpected(token)),
            None => Err(self.unclosed()),
        }
    }
}

fn argument_count(name: Token<'_>, function: Callable, given: &str) -> Fault {
    let wanted = match function {
        Callable::Unary(_) => "1 argument",
        Callable::Binary(_) => "2 arguments",
        Callable::If => "3 arguments",
        Callable::Repeat(_) => "4 arguments",
    };
    let fault = Fault::new(name.position, format!("`{}` takes {wanted}, not {given}", name.text));
    match example(function) {
        "" => fault,
        example => fault.hint(format!("as in {example}")),
    }
}

/// How a form is written; empty for plain functions.
fn example(function: Callable) -> &'static str {
    match function {
        Callable::Unary(_) | Callable::Binary(_) => "",
        Callable::If => "if(x < 1, a, b)",
        Callable::Repeat(Join::Multiply) => "prod(i, 1, 3, x[i])",
        Callable::Repeat(_) => "sum(i, 1, 3, x[i])",
    }
}
