//! Tokens to the tree of a formula, by recursive descent.
//!
//! Signs bind looser than powers and tighter than products; powers associate to the right.

mod calls;
mod condition;
mod mistakes;

pub(super) use mistakes::stray_comparison;

use dini::program::Join;

use super::function::Callable;
use super::syntax_error::Fault;
use super::token::{Kind, Token};
use super::tree::{Node, Range, Symbol};

/// Deepest nesting of parentheses, signs and powers accepted: what fits on the stack of a thread in any build.
const MAX_NESTING: usize = 100;

pub(super) struct Parser<'t> {
    tokens: &'t [Token<'t>],
    /// Index of the next token.
    next: usize,
    /// The parentheses and brackets that are open.
    open: Vec<Token<'t>>,
    /// Parentheses, signs and powers around the next token.
    depth: usize,
}

/// The tree of a formula that all the tokens make up. `whole` is where an empty formula is reported.
pub(super) fn formula(tokens: &[Token<'_>], whole: usize) -> Result<Node, Fault> {
    if tokens.is_empty() {
        return Err(Fault::new(whole, "empty expression"));
    }
    let mut parser = Parser::new(tokens);
    let node = parser.formula()?;
    parser.end()?;
    Ok(node)
}

/// The name, perhaps with indices, that the tokens begin with, and how many tokens it takes.
pub(super) fn leading_symbol(tokens: &[Token<'_>]) -> Result<(Symbol, usize), Fault> {
    let mut parser = Parser::new(tokens);
    let symbol = parser.symbol()?;
    Ok((symbol, parser.next))
}

/// The range `i = first..last` that all the tokens make up; `in` may stand for the equals sign. `whole` is where it is
/// announced.
pub(super) fn range(tokens: &[Token<'_>], whole: usize) -> Result<Range, Fault> {
    let mut parser = Parser::new(tokens);
    let (index, position) = parser.running_index(whole, "for i = 1..3")?;
    match parser.peek() {
        Some(token) if token.kind == Kind::Equals || token.text == "in" => parser.next += 1,
        other => {
            let position = other.map_or(position, |token| token.position);
            return Err(Fault::new(position, "a running index needs its range").hint(format!("write {index} = 1..3")));
        }
    }
    let first = parser.formula()?;
    match parser.peek() {
        Some(token) if token.kind == Kind::Range => parser.next += 1,
        Some(token) => return Err(parser.unexpected(token)),
        None => {
            let fault = Fault::new(position, format!("the range of `{index}` has no end"));
            return Err(fault.hint("write first..last"));
        }
    }
    let last = parser.formula()?;
    parser.end()?;
    Ok(Range { index, first, last, position })
}

impl<'t> Parser<'t> {
    fn new(tokens: &'t [Token<'t>]) -> Self {
        Self { tokens, next: 0, open: Vec::new(), depth: 0 }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).copied()
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    fn previous(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next.checked_sub(1)?).copied()
    }

    /// The next token if it is the operator of that text.
    fn peek_operator(&self, text: &str) -> Option<Token<'t>> {
        self.peek().filter(|token| token.kind == Kind::Operator && token.text == text)
    }

    /// Takes the next token, which nests what follows one level deeper.
    fn enter(&mut self, token: Token<'t>) -> Result<(), Fault> {
        self.next += 1;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            let message = format!("nested more than {MAX_NESTING} levels deep");
            return Err(Fault::new(token.position, message));
        }
        Ok(())
    }

    /// A sum of products. Both levels are read here, and signs and powers in one function below: what is nested to the limit
    /// must fit on a small stack.
    fn formula(&mut self) -> Result<Node, Fault> {
        let (mut sum, mut product) = (Vec::new(), Vec::new());
        let mut sign = Join::Add;
        let mut factor = Join::Multiply;
        loop {
            product.push((factor, self.factor()?));
            let Some(operator) = self.peek().filter(|token| token.kind == Kind::Operator) else {
                break;
            };
            self.next += 1;
            factor = if operator.text == "/" { Join::Divide } else { Join::Multiply };
            if matches!(operator.text, "+" | "-") {
                sum.push((sign, chain(std::mem::take(&mut product))));
                sign = if operator.text == "-" { Join::Subtract } else { Join::Add };
            }
        }
        sum.push((sign, chain(product)));
        Ok(chain(sum))
    }

    /// An operand with its signs and its power.
    fn factor(&mut self) -> Result<Node, Fault> {
        let depth = self.depth;
        let mut negations = 0;
        loop {
            if let Some(minus) = self.peek_operator("-") {
                self.enter(minus)?;
                negations += 1;
            } else if self.peek_operator("+").is_some() {
                self.next += 1;
            } else {
                break;
            }
        }
        let mut node = self.operand()?;
        if let Some(sign) = self.peek_operator("^") {
            self.enter(sign)?;
            node = chain(vec![(Join::Power, node), (Join::Power, self.factor()?)]);
        }
        self.depth = depth;
        for _ in 0..negations {
            node = Node::Negate(Box::new(node));
        }
        Ok(node)
    }

    fn operand(&mut self) -> Result<Node, Fault> {
        let Some(token) = self.peek() else {
            return Err(self.missing_operand());
        };
        let node = match token.kind {
            Kind::Number => {
                self.next += 1;
                // The tokens have been checked to be numbers.
                literal(token.text)
            }
            Kind::Name => self.name(token)?,
            Kind::Open => {
                self.enter(token)?;
                self.open.push(token);
                if self.peek_kind() == Some(Kind::Close) {
                    return Err(self.nothing_inside());
                }
                let inside = self.formula()?;
                self.close(Kind::Close)?;
                inside
            }
            _ => return Err(self.missing_operand()),
        };
        match self.peek() {
            Some(next) if self.starts_operand(next) => Err(self.missing_operator(next)),
            _ => Ok(node),
        }
    }

    /// Takes the parenthesis or bracket that ends a group.
    fn close(&mut self, kind: Kind) -> Result<(), Fault> {
        match self.peek() {
            Some(token) if token.kind == kind => {
                self.next += 1;
                self.depth -= 1;
                self.open.pop();
                Ok(())
            }
            Some(token) => Err(self.unexpected(token)),
            None => Err(self.unclosed()),
        }
    }

    /// A name: called, indexed or bare.
    fn name(&mut self, token: Token<'t>) -> Result<Node, Fault> {
        let called = self.tokens.get(self.next + 1).is_some_and(|next| next.kind == Kind::Open);
        if token.text == "log" {
            return Err(Fault::new(token.position, "`log` is ambiguous").hint("write ln, log10 or log2"));
        }
        match Callable::named(token.text) {
            Some(function) if called => self.call(token, function),
            Some(_) if !Callable::may_be_symbol(token.text) => Err(self.without_arguments(token)),
            None if called => Err(mistakes::unknown_function(token)),
            _ => self.symbol().map(Node::Symbol),
        }
    }

    /// A name with its indices, if it has any.
    fn symbol(&mut self) -> Result<Symbol, Fault> {
        let Some(token) = self.peek().filter(|token| token.kind == Kind::Name) else {
            return Err(self.missing_operand());
        };
        self.next += 1;
        let mut indices = Vec::new();
        if let Some(open) = self.peek().filter(|token| token.kind == Kind::OpenIndex) {
            self.enter(open)?;
            self.open.push(open);
            indices.push(self.formula()?);
            while self.peek_kind() == Some(Kind::Comma) {
                self.next += 1;
                indices.push(self.formula()?);
            }
            self.close(Kind::CloseIndex)?;
        }
        Ok(Symbol { name: token.text.to_owned(), indices, position: token.position })
    }

    /// The name of a running index; `whole` is where its absence is reported.
    fn running_index(&mut self, whole: usize, example: &str) -> Result<(String, usize), Fault> {
        match self.peek() {
            Some(token) if token.kind == Kind::Name && is_symbol(token.text) => {
                self.next += 1;
                Ok((token.text.to_owned(), token.position))
            }
            other => {
                let position = other.map_or(whole, |token| token.position);
                Err(Fault::new(position, "the name of a running index must come here").hint(format!("as in {example}")))
            }
        }
    }

    /// Refuses tokens after the end of a formula.
    fn end(&self) -> Result<(), Fault> {
        self.peek().map_or(Ok(()), |token| Err(self.unexpected(token)))
    }
}

/// The operands joined from the left, each by the join beside it; that of the first does not matter.
fn chain(operands: Vec<(Join, Node)>) -> Node {
    let mut operands = operands.into_iter();
    match (operands.next(), operands.len()) {
        (Some((_, only)), 0) => only,
        (Some((_, first)), _) => Node::Chain(Box::new(first), operands.collect()),
        (None, _) => Node::Number(0.0),
    }
}

/// Whether a name can stand for a quantity.
pub(super) fn is_symbol(name: &str) -> bool {
    Callable::named(name).is_none() || Callable::may_be_symbol(name)
}

/// Digits that any number of 53 bits can hold.
const DIGITS: usize = 15;

/// A number as it is written.
fn literal(text: &str) -> Node {
    let value = text.parse().unwrap_or(f64::NAN);
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit).count();
    // what is lost below the smallest numbers is more than the last digits
    let held = digits == 0 || (digits <= DIGITS && value.abs() >= f64::MIN_POSITIVE);
    if held { Node::Number(value) } else { Node::Rounded(value) }
}
