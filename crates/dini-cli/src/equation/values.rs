//! Values of symbols that may depend on each other: `a = 2, b = a/3`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    lowering.lower(formula).is_ok() && lowering.symbols().is_empty()
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
        let mut names: HashMap<&str, usize> = HashMap::with_capacity(definitions.len());
        for (place, definition) in definitions.iter().enumerate() {
            if names.insert(&definition.name, place).is_some() {
                return Err(SystemError::Duplicate { role: Role::Value, name: definition.name.clone() });
            }
        }
        let mut values = Self::default();
        // pass and place: what waits for a later value is taken up again in the next pass
        let mut next: BTreeSet<(usize, usize)> = (0..definitions.len()).map(|place| (0, place)).collect();
        let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
        let mut blocked: BTreeMap<usize, Obstacle> = BTreeMap::new();
        while let Some((pass, place)) = next.pop_first() {
            let definition = &definitions[place];
            match values.accept(definition, &names)? {
                Some(obstacle) => {
                    if let Some(symbol) = obstacle.symbol() {
                        waiting.entry(symbol.to_owned()).or_default().push(place);
                    }
                    blocked.insert(place, obstacle);
                }
                None => {
                    for waiting in waiting.remove(&definition.name).unwrap_or_default() {
                        blocked.remove(&waiting);
                        next.insert((pass + usize::from(waiting < place), waiting));
                    }
                }
            }
        }
        if let Some(first) = blocked.first_key_value() {
            return Err(deadlock(first, definitions, &blocked, &names));
        }
        // The order given is of more use than the one found.
        values.independent.sort_by_key(|(name, _)| names.get(name.as_str()));
        Ok(values)
    }

    /// Adds a value, unless it waits for another.
    fn accept(
        &mut self,
        definition: &Definition,
        names: &HashMap<&str, usize>,
    ) -> Result<Option<Obstacle>, SystemError> {
        let name = &definition.name;
        let mut lowering = Lowering::new(Some(&self.by_name));
        let output = match lowering.lower(&definition.formula) {
            Ok(output) => output,
            Err(fault) => {
                let missing = lowering.missing().map(str::to_owned);
                return Ok(Some(Obstacle::Fault(fault.in_text(&definition.text), missing)));
            }
        };
        let used = lowering.used().clone();
        let formula = lowering.expression(output);
        let known = |symbol: &String| {
            let constant = || named_constant(symbol).filter(|_| !names.contains_key(symbol.as_str()));
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
        let is_number = used.is_empty() && !formula.symbols().iter().any(|symbol| names.contains_key(symbol.as_str()));
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
    Fault(SyntaxError, Option<String>),
}

impl Obstacle {
    /// The symbol whose value is waited for.
    fn symbol(&self) -> Option<&str> {
        match self {
            Self::Symbol(symbol) => Some(symbol),
            Self::Fault(_, symbol) => symbol.as_deref(),
        }
    }
}

/// Why none of the values left can be worked out: what comes of following the obstacles from the first.
fn deadlock(
    first: (&usize, &Obstacle),
    definitions: &[Definition],
    blocked: &BTreeMap<usize, Obstacle>,
    names: &HashMap<&str, usize>,
) -> SystemError {
    let mut path: Vec<&str> = Vec::new();
    let mut met: HashMap<&str, usize> = HashMap::new();
    let (mut place, mut obstacle) = first;
    loop {
        let name = definitions[*place].name.as_str();
        let symbol = match obstacle {
            Obstacle::Fault(mistake, _) => return mistake.clone().into(),
            Obstacle::Symbol(symbol) => symbol,
        };
        met.insert(name, path.len());
        path.push(name);
        if let Some(&start) = met.get(symbol.as_str()) {
            let circle = path[start..].iter().chain([&path[start]]);
            return SystemError::Circle { circle: circle.map(|name| (*name).to_owned()).collect() };
        }
        (place, obstacle) = match names.get(symbol.as_str()).and_then(|place| blocked.get_key_value(place)) {
            Some(next) => next,
            None => {
                let suggestion = did_you_mean(symbol, definitions.iter().map(|definition| definition.name.as_str()));
                return SystemError::NoValue { name: name.to_owned(), symbol: symbol.clone(), suggestion };
            }
        };
    }
}
