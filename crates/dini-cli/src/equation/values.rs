//! Values of symbols that may depend on each other: `a = 2, b = a/3`.

use std::collections::{BTreeSet, HashMap};

use super::expression::{Expression, finite};
use super::lower::Lowering;
use super::names::{did_you_mean, named_constant};
use super::parser;
use super::sweep::sweep;
use super::syntax_error::{Fault, SyntaxError};
use super::system_error::{Role, SystemError};
use super::token::{Token, tokenize};
use super::tree::Node;

/// A value as typed, or several.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    name: String,
    /// The text that holds the formula, for messages.
    text: String,
    formula: Node,
    /// The values that are to be taken one after the other, if there are several; the formula is the first.
    sweep: Option<Vec<f64>>,
}

impl Definition {
    /// A plain number.
    pub fn number(name: impl Into<String>, value: f64) -> Self {
        Self { name: name.into(), text: String::new(), formula: Node::Number(value), sweep: None }
    }

    /// Several numbers, to be taken one after the other; none where there is no number.
    pub(super) fn several(name: impl Into<String>, values: Vec<f64>) -> Option<Self> {
        let first = *values.first()?;
        Some(Self { sweep: Some(values), ..Self::number(name, first) })
    }

    /// Parses a formula.
    pub(super) fn parse(name: String, text: &str) -> Result<Self, SyntaxError> {
        tokenize(text).and_then(|tokens| Self::new(name, text, &tokens, 0)).map_err(|fault| fault.in_text(text))
    }

    /// From the tokens of a formula in `text`; `whole` is where an empty formula is reported.
    pub(super) fn new(name: String, text: &str, tokens: &[Token<'_>], whole: usize) -> Result<Self, Fault> {
        if let Some(definition) = sweep(tokens, whole, &name)?.and_then(|values| Self::several(name.as_str(), values)) {
            return Ok(definition);
        }
        let formula = parser::formula(tokens, whole)?;
        let position = tokens.first().map_or(whole, |token| token.position);
        if is_number(&formula) {
            finite(&formula, position, &format!("the value of `{name}`"))?;
        }
        Ok(Self { name, text: text.to_owned(), formula, sweep: None })
    }

    /// The symbol.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The values to be taken one after the other, if there are several.
    pub fn sweep(&self) -> Option<&[f64]> {
        self.sweep.as_deref()
    }
}

/// Whether a formula has no symbol, not even `pi`.
fn is_number(formula: &Node) -> bool {
    let mut lowering = Lowering::new(None);
    lowering.program(formula).is_ok() && lowering.take_symbols().is_empty()
}

/// Values in such an order that each depends on earlier ones alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Values {
    /// In the order given: the symbols whose values are numbers.
    pub(super) independent: Vec<(String, f64)>,
    /// The others, after those they depend on.
    pub(super) dependent: Vec<Dependent>,
    /// All values by name.
    pub(super) by_name: HashMap<String, f64>,
}

/// A value that is a formula of other values.
#[derive(Clone, Debug)]
pub(super) struct Dependent {
    pub(super) name: String,
    pub(super) formula: Expression,
    /// Symbols whose values its indices and bounds use.
    pub(super) used: BTreeSet<String>,
    pub(super) value: f64,
}

impl Values {
    /// Works out the values.
    pub(super) fn new(definitions: &[Definition]) -> Result<Self, SystemError> {
        for (index, definition) in definitions.iter().enumerate() {
            if definitions[..index].iter().any(|earlier| earlier.name == definition.name) {
                return Err(SystemError::Duplicate { role: Role::Value, name: definition.name.clone() });
            }
        }
        let names: Vec<&str> = definitions.iter().map(|definition| definition.name.as_str()).collect();
        let mut values = Self::default();
        let mut waiting: Vec<&Definition> = definitions.iter().collect();
        // Each pass takes those whose symbols are known by now; usually there is one pass for each step of dependence.
        while !waiting.is_empty() {
            let mut blocked = Vec::new();
            let before = waiting.len();
            for definition in std::mem::take(&mut waiting) {
                if let Some(obstacle) = values.accept(definition, &names)? {
                    blocked.push((definition, obstacle));
                }
            }
            if let Some(first) = blocked.first().filter(|_| blocked.len() == before) {
                return Err(deadlock(first, &blocked, &names));
            }
            waiting = blocked.into_iter().map(|(definition, _)| definition).collect();
        }
        // The order given is of more use than the one found.
        values.independent.sort_by_key(|(name, _)| names.iter().position(|known| known == name));
        Ok(values)
    }

    /// Adds a value, unless it waits for another.
    fn accept(&mut self, definition: &Definition, names: &[&str]) -> Result<Option<Obstacle>, SystemError> {
        let name = &definition.name;
        let mut lowering = Lowering::new(Some(&self.by_name));
        let program = match lowering.program(&definition.formula) {
            Ok(program) => program,
            Err(fault) => return Ok(Some(Obstacle::Fault(fault.in_text(&definition.text)))),
        };
        let formula = Expression { symbols: lowering.take_symbols(), program };
        let used = lowering.used().clone();
        let known = |symbol: &String| {
            let constant = || named_constant(symbol).filter(|_| !names.contains(&symbol.as_str()));
            self.by_name.get(symbol).copied().or_else(constant)
        };
        let mut operands = Vec::new();
        for symbol in formula.symbols() {
            match known(symbol) {
                Some(value) => operands.push(value),
                None => return Ok(Some(Obstacle::Symbol(symbol.clone()))),
            }
        }
        let value = formula.evaluate(|symbol| operands[symbol]);
        if !value.is_finite() {
            return Err(SystemError::NotFinite { role: Role::Value, name: name.clone(), value });
        }
        let is_number = used.is_empty() && !formula.symbols().iter().any(|symbol| names.contains(&symbol.as_str()));
        self.by_name.insert(name.clone(), value);
        if is_number {
            self.independent.push((name.clone(), value));
        } else {
            self.dependent.push(Dependent { name: name.clone(), formula, used, value });
        }
        Ok(None)
    }
}

/// Why a value cannot be worked out yet.
enum Obstacle {
    /// A symbol without a value so far.
    Symbol(String),
    /// An index or a bound without one, or a mistake.
    Fault(SyntaxError),
}

type Blocked<'d> = (&'d Definition, Obstacle);

/// Why none of the values left can be worked out: what comes of following the obstacles from the first.
fn deadlock(first: &Blocked<'_>, blocked: &[Blocked<'_>], names: &[&str]) -> SystemError {
    let mut path: Vec<&str> = Vec::new();
    let mut current = first;
    loop {
        let (definition, obstacle) = current;
        let symbol = match obstacle {
            Obstacle::Fault(mistake) => return mistake.clone().into(),
            Obstacle::Symbol(symbol) => symbol,
        };
        path.push(&definition.name);
        if let Some(start) = path.iter().position(|name| name == symbol) {
            let circle = path[start..].iter().chain([&path[start]]);
            return SystemError::Circle { circle: circle.map(|name| (*name).to_owned()).collect() };
        }
        current = match blocked.iter().find(|(waiting, _)| waiting.name == *symbol) {
            Some(next) => next,
            None => {
                let suggestion = did_you_mean(symbol, names.iter().copied());
                return SystemError::NoValue { name: definition.name.clone(), symbol: symbol.clone(), suggestion };
            }
        };
    }
}
