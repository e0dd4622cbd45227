//! Trees to graphs: indices become parts of names, sums and products are written out, and an `if` that is decided by
//! indices alone keeps one branch.

use std::collections::{BTreeSet, HashMap};

use dini::program::{Graph, Id, Join};

use super::expression::Expression;
use super::names::named_constant;
use super::syntax_error::Fault;
use super::tree::{Condition, Node, Range, Repeat, Symbol};

/// Most terms of one sum.
const MAX_TERMS: i64 = 100_000;
/// Most equations of one system.
const MAX_EQUATIONS: usize = 100_000;
/// Most nodes visited in one system: its sums written out take about a second.
const MAX_WORK: usize = 4_000_000;
/// Whole numbers up to here are exact.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Translates the trees of one formula, or of one system.
pub(super) struct Lowering<'v> {
    /// Values that indices and the bounds of sums may use; none where there cannot be any.
    values: Option<&'v HashMap<String, f64>>,
    /// Those of them that were used.
    used: BTreeSet<String>,
    /// What the formulas are made of; a symbol is the input of its place.
    graph: Graph,
    /// The symbols met so far in order of appearance, and the place of each.
    symbols: Vec<String>,
    places: HashMap<String, usize>,
    /// Those of the present formula, and by place the formula in which a symbol was met last.
    met: Vec<usize>,
    met_in: Vec<usize>,
    formula: usize,
    /// Running indices, the innermost last.
    running: Vec<(String, f64)>,
    /// What a constant is wanted for, while one is.
    constant: Option<String>,
    /// The symbol whose value an index or a bound could not do without.
    missing: Option<String>,
    work: usize,
    equations: usize,
}

impl<'v> Lowering<'v> {
    pub(super) fn new(values: Option<&'v HashMap<String, f64>>) -> Self {
        Self {
            values,
            used: BTreeSet::new(),
            graph: Graph::new(),
            symbols: Vec::new(),
            places: HashMap::new(),
            met: Vec::new(),
            met_in: Vec::new(),
            formula: 0,
            running: Vec::new(),
            constant: None,
            missing: None,
            work: 0,
            equations: 0,
        }
    }

    /// Makes room for one more equation, or refuses it at `position`.
    pub(super) fn begin_equation(&mut self, position: usize) -> Result<(), Fault> {
        self.equations += 1;
        if self.equations <= MAX_EQUATIONS {
            return Ok(());
        }
        Err(Fault::new(position, format!("with this there are more than {MAX_EQUATIONS} equations")))
    }

    /// The symbol whose value an index or a bound could not do without, if that is why a formula was refused.
    pub(super) fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// The symbols of all formulas, by their places.
    pub(super) fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// The symbols met since the last call, by their places; the next formula begins anew.
    pub(super) fn take_met(&mut self) -> Vec<usize> {
        self.formula += 1;
        std::mem::take(&mut self.met)
    }

    /// What the formulas are made of.
    pub(super) fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    /// The graph and its symbols.
    pub(super) fn finish(self) -> (Graph, Vec<String>) {
        (self.graph, self.symbols)
    }

    /// The only formula, by itself.
    pub(super) fn expression(self, output: Id) -> Expression {
        Expression { graph: self.graph, output, symbols: self.symbols }
    }

    /// The symbols whose values indices and bounds have used.
    pub(super) fn used(&self) -> &BTreeSet<String> {
        &self.used
    }

    /// The running indices with their present values, as in `i = 2, j = 1`; empty without any.
    pub(super) fn place(&self) -> String {
        let each = self.running.iter().map(|(name, value)| format!("{name} = {value}"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// The graph's node for a formula.
    pub(super) fn lower(&mut self, node: &Node) -> Result<Id, Fault> {
        self.work += 1;
        match node {
            Node::Number(value) => Ok(self.graph.number(*value)),
            Node::Rounded(value) => Ok(self.graph.rounded(*value)),
            Node::Symbol(symbol) => self.symbol(symbol),
            Node::Negate(operand) => {
                let operand = self.lower(operand)?;
                Ok(self.graph.negate(operand))
            }
            Node::Call(function, argument) => {
                let argument = self.lower(argument)?;
                Ok(self.graph.call(*function, argument))
            }
            Node::Chain(first, rest) => {
                let mut chain = self.lower(first)?;
                for (join, operand) in rest {
                    let operand = self.lower(operand)?;
                    chain = self.graph.join(*join, chain, operand);
                }
                Ok(chain)
            }
            Node::If(condition, branches) => {
                let condition = self.condition(condition)?;
                let [yes, no] = branches.as_ref();
                match self.graph.constant(condition) {
                    Some(truth) if truth.is_nan() => Ok(condition),
                    Some(truth) => {
                        let taken = self.lower(if truth == 0.0 { no } else { yes })?;
                        // the condition stays where rounding has decided it: no proof may rest on that
                        Ok(self.graph.select(condition, taken, taken))
                    }
                    None => {
                        let (yes, no) = (self.lower(yes)?, self.lower(no)?);
                        Ok(self.graph.select(condition, yes, no))
                    }
                }
            }
            Node::Repeat(repeat) => self.repeat(repeat),
        }
    }

    /// The node for the truth of a condition. What follows a part that decides the whole is left alone.
    fn condition(&mut self, condition: &Condition) -> Result<Id, Fault> {
        self.work += 1;
        match condition {
            Condition::Compare(comparison, left, right) => {
                let (left, right) = (self.lower(left)?, self.lower(right)?);
                Ok(self.graph.join(*comparison, left, right))
            }
            Condition::Join(join, parts) => {
                let deciding = if *join == Join::And { 0.0 } else { 1.0 };
                let mut joined = self.graph.number(1.0 - deciding);
                for part in parts {
                    let part = self.condition(part)?;
                    joined = match (self.graph.constant(joined), self.graph.constant(part)) {
                        (_, Some(truth)) if truth == deciding => return Ok(part),
                        (Some(truth), _) if truth == 1.0 - deciding => part,
                        (_, Some(truth)) if truth == 1.0 - deciding => joined,
                        _ => self.graph.join(*join, joined, part),
                    };
                }
                Ok(joined)
            }
        }
    }

    fn repeat(&mut self, repeat: &Repeat) -> Result<Id, Fault> {
        let mut total = None;
        self.each(&repeat.range, |lowering| {
            let term = lowering.lower(&repeat.term)?;
            total = Some(match total {
                Some(total) => lowering.graph.join(repeat.join, total, term),
                None => term,
            });
            Ok(())
        })?;
        let neutral = if repeat.join == Join::Multiply { 1.0 } else { 0.0 };
        Ok(total.unwrap_or_else(|| self.graph.number(neutral)))
    }

    /// Calls `visit` for every value of a running index, in order.
    pub(super) fn each(
        &mut self,
        range: &Range,
        mut visit: impl FnMut(&mut Self) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let first = self.whole(&range.first, range.position, || format!("the first value of `{}`", range.index))?;
        let last = self.whole(&range.last, range.position, || format!("the last value of `{}`", range.index))?;
        if last - first >= MAX_TERMS {
            let message =
                format!("`{}` runs over {} values; at most {MAX_TERMS} are possible", range.index, last - first + 1);
            return Err(Fault::new(range.position, message));
        }
        for value in first..=last {
            self.work += 1;
            if self.work > MAX_WORK {
                let message = format!("written out, the formulas have more than {MAX_WORK} terms and operations");
                return Err(Fault::new(range.position, message));
            }
            self.running.push((range.index.clone(), value as f64));
            let visited = visit(self);
            self.running.pop();
            visited?;
        }
        Ok(())
    }

    fn symbol(&mut self, symbol: &Symbol) -> Result<Id, Fault> {
        if symbol.indices.is_empty()
            && let Some((_, value)) = self.running.iter().rev().find(|(name, _)| *name == symbol.name)
        {
            return Ok(self.graph.number(*value));
        }
        let name = self.full_name(symbol)?;
        if self.constant.is_some() {
            return self.value_of(symbol, name);
        }
        let place = match self.places.get(&name) {
            Some(place) => *place,
            None => {
                let place = self.symbols.len();
                self.places.insert(name.clone(), place);
                self.symbols.push(name);
                self.met_in.push(usize::MAX);
                place
            }
        };
        if std::mem::replace(&mut self.met_in[place], self.formula) != self.formula {
            self.met.push(place);
        }
        Ok(self.graph.input(place))
    }

    /// The name with its indices worked out, as in `a[1,2]`.
    pub(super) fn full_name(&mut self, symbol: &Symbol) -> Result<String, Fault> {
        if symbol.indices.is_empty() {
            return Ok(symbol.name.clone());
        }
        let mut indices = Vec::new();
        for index in &symbol.indices {
            let index = self.whole(index, symbol.position, || format!("an index of `{}`", symbol.name))?;
            indices.push(index.to_string());
        }
        Ok(format!("{}[{}]", symbol.name, indices.join(",")))
    }

    /// The value of a symbol where a constant is wanted.
    fn value_of(&mut self, symbol: &Symbol, name: String) -> Result<Id, Fault> {
        if let Some(value) = self.values.and_then(|values| values.get(&name)) {
            self.used.insert(name);
            return Ok(self.graph.number(*value));
        }
        named_constant(&name).map(|value| self.graph.number(value)).ok_or_else(|| {
            self.missing = Some(name.clone());
            let what = self.constant.as_deref().unwrap_or("this");
            let fault = Fault::new(symbol.position, format!("{what} must be a constant, but `{name}` is not"));
            match self.values {
                Some(_) => fault.hint(format!("--with {name}=... gives it a value")),
                None => fault,
            }
        })
    }

    /// The value of a formula that must be a constant; `what` says in messages what it is for.
    pub(super) fn constant(&mut self, node: &Node, what: String) -> Result<f64, Fault> {
        let outer = self.constant.replace(what);
        let lowered = self.lower(node);
        self.constant = outer;
        // Without symbols everything has been folded.
        Ok(self.graph.constant(lowered?).unwrap_or(f64::NAN))
    }

    fn whole(&mut self, node: &Node, position: usize, what: impl Fn() -> String) -> Result<i64, Fault> {
        let value = self.constant(node, what())?;
        if value.fract() == 0.0 && value.abs() <= LARGEST_WHOLE {
            return Ok(value as i64);
        }
        Err(Fault::new(position, format!("{} must be a whole number, not {value:?}", what())))
    }
}
