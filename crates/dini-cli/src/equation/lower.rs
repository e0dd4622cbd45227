//! Trees to programs: indices become parts of names, sums and products are written out, and an `if` that is decided by
//! indices alone keeps one branch.

use std::collections::{BTreeSet, HashMap};

use super::names::named_constant;
use super::program::{Combination, Program};
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
    /// The symbols met so far in order of appearance, and the place of each.
    symbols: Vec<String>,
    places: HashMap<String, usize>,
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
            symbols: Vec::new(),
            places: HashMap::new(),
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

    /// The symbols of the programs made since the last call; the next program begins anew.
    pub(super) fn take_symbols(&mut self) -> Vec<String> {
        self.places.clear();
        std::mem::take(&mut self.symbols)
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

    pub(super) fn program(&mut self, node: &Node) -> Result<Program, Fault> {
        self.work += 1;
        match node {
            Node::Number(value) => Ok(Program::number(*value)),
            Node::Symbol(symbol) => self.symbol(symbol),
            Node::Negate(operand) => Ok(self.program(operand)?.negate()),
            Node::Call(function, argument) => Ok(self.program(argument)?.call(*function)),
            Node::Chain(first, rest) => {
                let mut chain = self.program(first)?;
                for (combination, operand) in rest {
                    chain = chain.combine(*combination, self.program(operand)?);
                }
                Ok(chain)
            }
            Node::If(condition, branches) => {
                let condition = self.condition(condition)?;
                let [yes, no] = branches.as_ref();
                match condition.constant() {
                    Some(truth) if truth.is_nan() => Ok(Program::number(truth)),
                    Some(truth) => self.program(if truth == 0.0 { no } else { yes }),
                    None => {
                        let yes = self.program(yes)?;
                        Ok(condition.choose(yes, self.program(no)?))
                    }
                }
            }
            Node::Repeat(repeat) => self.repeat(repeat),
        }
    }

    /// A program for the truth of a condition. What follows a part that decides the whole is left alone.
    fn condition(&mut self, condition: &Condition) -> Result<Program, Fault> {
        self.work += 1;
        match condition {
            Condition::Compare(comparison, left, right) => {
                let left = self.program(left)?;
                Ok(left.combine(*comparison, self.program(right)?))
            }
            Condition::Join(join, parts) => {
                let deciding = if *join == Combination::And { 0.0 } else { 1.0 };
                let mut joined = Program::number(1.0 - deciding);
                for part in parts {
                    let part = self.condition(part)?;
                    joined = match (joined.constant(), part.constant()) {
                        (_, Some(truth)) if truth == deciding => return Ok(Program::number(deciding)),
                        (Some(truth), _) if truth == 1.0 - deciding => part,
                        (_, Some(truth)) if truth == 1.0 - deciding => joined,
                        _ => joined.combine(*join, part),
                    };
                }
                Ok(joined)
            }
        }
    }

    fn repeat(&mut self, repeat: &Repeat) -> Result<Program, Fault> {
        let mut total: Option<Program> = None;
        self.each(&repeat.range, |lowering| {
            let term = lowering.program(&repeat.term)?;
            total = Some(match total.take() {
                Some(total) => total.combine(repeat.combination, term),
                None => term,
            });
            Ok(())
        })?;
        let neutral = if repeat.combination == Combination::Multiply { 1.0 } else { 0.0 };
        Ok(total.unwrap_or_else(|| Program::number(neutral)))
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

    fn symbol(&mut self, symbol: &Symbol) -> Result<Program, Fault> {
        if symbol.indices.is_empty()
            && let Some((_, value)) = self.running.iter().rev().find(|(name, _)| *name == symbol.name)
        {
            return Ok(Program::number(*value));
        }
        let name = self.full_name(symbol)?;
        if self.constant.is_some() {
            return self.value_of(symbol, name);
        }
        if let Some(place) = self.places.get(&name) {
            return Ok(Program::symbol(*place));
        }
        let place = self.symbols.len();
        self.places.insert(name.clone(), place);
        self.symbols.push(name);
        Ok(Program::symbol(place))
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
    fn value_of(&mut self, symbol: &Symbol, name: String) -> Result<Program, Fault> {
        if let Some(value) = self.values.and_then(|values| values.get(&name)) {
            self.used.insert(name);
            return Ok(Program::number(*value));
        }
        named_constant(&name).map(Program::number).ok_or_else(|| {
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
        let program = self.program(node);
        self.constant = outer;
        // Without symbols everything has been folded.
        Ok(program?.constant().unwrap_or(f64::NAN))
    }

    fn whole(&mut self, node: &Node, position: usize, what: impl Fn() -> String) -> Result<i64, Fault> {
        let value = self.constant(node, what())?;
        if value.fract() == 0.0 && value.abs() <= LARGEST_WHOLE {
            return Ok(value as i64);
        }
        Err(Fault::new(position, format!("{} must be a whole number, not {value:?}", what())))
    }
}
