//! Checks that tokens form a formula and rewrites them for the parser.
//!
//! `exmex` reports mistakes without a position and reads some formulas
//! differently from common usage (`-2^2` as 4, `2^3^2` as 64, a name such as
//! `sinx` by its first letters, nested calls with two arguments wrongly). Both
//! are settled here: what leaves this module is well formed, and spells signs,
//! calls, symbols and the operands of powers so that there is one reading.

use super::function::Callable;
use super::names::nearest;
use super::syntax_error::Fault;
use super::token::{Kind, Token};

/// Deepest nesting of parentheses, signs and powers accepted.
const MAX_NESTING: usize = 200;

/// A parenthesis that is open, or the formula as a whole.
#[derive(Default)]
struct Group<'t> {
    /// The opening parenthesis; none for the formula itself.
    open: Option<Token<'t>>,
    /// The function whose arguments the group holds.
    call: Option<(Token<'t>, Callable)>,
    /// Arguments finished so far.
    arguments: usize,
    /// Parentheses written for signs and powers, to be closed after the
    /// operand they apply to.
    pending: usize,
}

struct Checker<'t, 's> {
    symbols: &'s mut Vec<String>,
    output: String,
    /// The groups around `group`, outermost first.
    outer: Vec<Group<'t>>,
    group: Group<'t>,
    previous: Option<Token<'t>>,
    /// Whether an operand must come next, rather than an operator.
    operand_next: bool,
}

/// Rewrites the tokens of one formula, and adds the symbols not yet in
/// `symbols` in order of appearance. `whole` is where an empty formula is
/// reported.
pub(super) fn canonical(tokens: &[Token<'_>], whole: usize, symbols: &mut Vec<String>) -> Result<String, Fault> {
    if tokens.is_empty() {
        return Err(Fault::new(whole, "empty expression"));
    }
    let mut checker = Checker {
        symbols,
        output: String::new(),
        outer: Vec::new(),
        group: Group::default(),
        previous: None,
        operand_next: true,
    };
    for (index, token) in tokens.iter().enumerate() {
        checker.accept(*token, tokens.get(index + 1))?;
    }
    checker.finish()
}

impl<'t> Checker<'t, '_> {
    fn accept(&mut self, token: Token<'t>, next: Option<&Token<'t>>) -> Result<(), Fault> {
        match token.kind {
            Kind::Number => {
                self.start_operand(token)?;
                self.output.push_str(token.text);
                self.operand_next = false;
            }
            Kind::Name => self.name(token, next)?,
            Kind::Operator => self.operator(token)?,
            Kind::Open => self.open(token)?,
            Kind::Close => self.close(token)?,
            Kind::Comma => self.comma(token)?,
            Kind::Equals => return Err(Fault::new(token.position, "unexpected `=`")),
        }
        self.previous = Some(token);
        let pending: usize = self.outer.iter().map(|group| group.pending).sum();
        if self.outer.len() + pending + self.group.pending > MAX_NESTING {
            let message = format!("nested more than {MAX_NESTING} levels deep");
            return Err(Fault::new(token.position, message));
        }
        Ok(())
    }

    fn start_operand(&self, token: Token<'_>) -> Result<(), Fault> {
        match self.previous {
            Some(previous) if !self.operand_next => {
                let (left, right) = (previous.text, token.text);
                let message = format!("missing operator between `{left}` and `{right}`");
                let hint = format!("write {left}*{right} for a product");
                Err(Fault::new(token.position, message).hint(hint))
            }
            _ => Ok(()),
        }
    }

    fn name(&mut self, token: Token<'t>, next: Option<&Token<'t>>) -> Result<(), Fault> {
        let name = token.text;
        let called = next.is_some_and(|next| next.kind == Kind::Open);
        if name == "log" {
            let fault = Fault::new(token.position, "`log` is ambiguous");
            return Err(fault.hint("write ln, log10 or log2"));
        }
        self.start_operand(token)?;
        match Callable::named(name) {
            // The parenthesis that follows opens the call.
            Some(_) if called => {}
            Some(_) if !Callable::may_be_symbol(name) => {
                let message = format!("the function `{name}` needs its argument in parentheses");
                let argument = match next {
                    Some(next) if matches!(next.kind, Kind::Name | Kind::Number) => next.text,
                    _ => "...",
                };
                let fault = Fault::new(token.position, message);
                return Err(fault.hint(format!("write {name}({argument})")));
            }
            None if called => {
                let fault = Fault::new(token.position, format!("unknown function `{name}`"));
                return Err(fault.hint(match nearest(name, Callable::names()) {
                    Some(near) => format!("did you mean {near}?"),
                    None if name.chars().count() == 1 => format!("write {name}*(...) for a product"),
                    None => format!("write {name}*(...) for a product; known are {}", Callable::canonical().join(", ")),
                }));
            }
            _ => {
                if !self.symbols.iter().any(|symbol| symbol == name) {
                    self.symbols.push(name.to_owned());
                }
                // Braces keep the parser from finding operators in the name.
                self.output.extend(["{", name, "}"]);
                self.operand_next = false;
            }
        }
        Ok(())
    }

    fn operator(&mut self, token: Token<'t>) -> Result<(), Fault> {
        match (self.operand_next, token.text) {
            (true, "+") => {}
            (true, "-") => {
                self.output.push_str("neg(");
                self.group.pending += 1;
            }
            (true, operator) => {
                let message = format!("nothing for `{operator}` to act on at its left");
                return Err(Fault::new(token.position, message));
            }
            // The parenthesis makes powers associate to the right and lets the
            // exponent carry a sign.
            (false, "^") => {
                self.output.push_str("^(");
                self.group.pending += 1;
            }
            (false, operator) => {
                self.close_pending();
                self.output.push_str(operator);
            }
        }
        self.operand_next = true;
        Ok(())
    }

    fn open(&mut self, token: Token<'t>) -> Result<(), Fault> {
        self.start_operand(token)?;
        let call = self
            .previous
            .filter(|previous| previous.kind == Kind::Name && self.operand_next)
            .and_then(|name| Some((name, Callable::named(name.text)?)));
        match call {
            Some((_, function)) if function.arity == 1 => {
                self.output.extend([function.operator, "("]);
            }
            // `f(a, b)` is written `((a) f (b))`.
            Some(_) => self.output.push_str("(("),
            None => self.output.push('('),
        }
        let group = Group { open: Some(token), call, ..Group::default() };
        self.outer.push(std::mem::replace(&mut self.group, group));
        Ok(())
    }

    fn comma(&mut self, token: Token<'t>) -> Result<(), Fault> {
        let Some((name, function)) = self.group.call else {
            let fault = Fault::new(token.position, "a comma outside the arguments of a function");
            return Err(fault.hint("the decimal point is `.`"));
        };
        self.end_argument(token)?;
        if self.group.arguments >= function.arity && !function.more {
            return Err(argument_count(name, function, None));
        }
        self.output.extend([")", function.operator, "("]);
        self.operand_next = true;
        Ok(())
    }

    fn close(&mut self, token: Token<'t>) -> Result<(), Fault> {
        let Some(outer) = self.outer.pop() else {
            return Err(Fault::new(token.position, "no `(` matches this `)`"));
        };
        let empty = self.previous.is_some_and(|last| last.kind == Kind::Open);
        match self.group.call {
            Some((name, function)) if empty => {
                return Err(argument_count(name, function, Some(0)));
            }
            _ if empty => return Err(Fault::new(token.position, "nothing in the parentheses")),
            _ => self.end_argument(token)?,
        }
        if let Some((name, function)) = self.group.call {
            if self.group.arguments < function.arity {
                return Err(argument_count(name, function, Some(self.group.arguments)));
            }
            self.output.push_str(if function.arity == 1 { "" } else { ")" });
        }
        self.output.push(')');
        self.group = outer;
        self.operand_next = false;
        Ok(())
    }

    fn end_argument(&mut self, end: Token<'_>) -> Result<(), Fault> {
        self.require_operand(end.position)?;
        self.close_pending();
        self.group.arguments += 1;
        Ok(())
    }

    /// Refuses an end of an operand that has not come: the culprit is what
    /// announced it, or else what came in its stead.
    fn require_operand(&self, end: usize) -> Result<(), Fault> {
        match self.previous {
            Some(last) if self.operand_next && last.kind == Kind::Operator => {
                let message = format!("nothing for `{}` to act on at its right", last.text);
                Err(Fault::new(last.position, message))
            }
            _ if self.operand_next => Err(Fault::new(end, "a value is missing")),
            _ => Ok(()),
        }
    }

    fn close_pending(&mut self) {
        let pending = std::mem::take(&mut self.group.pending);
        self.output.extend(std::iter::repeat_n(')', pending));
    }

    fn finish(mut self) -> Result<String, Fault> {
        if let Some(open) = self.group.open {
            return Err(Fault::new(open.position, "no `)` matches this `(`"));
        }
        self.require_operand(0)?;
        self.close_pending();
        Ok(self.output)
    }
}

/// `given` is none if there are too many arguments to say how many.
fn argument_count(name: Token<'_>, function: Callable, given: Option<usize>) -> Fault {
    let plural = if function.arity == 1 { "" } else { "s" };
    let given = given.map_or_else(|| "more".to_owned(), |given| given.to_string());
    let message = format!("`{}` takes {} argument{plural}, not {given}", name.text, function.arity,);
    Fault::new(name.position, message)
}
