//! Equations, values and unknowns joined into a system.

use std::collections::{BTreeSet, HashMap, HashSet};

use dini::program::{Graph, Id};

use super::checks::{check_names, check_numbers, start_vector};
use super::lower::Lowering;
use super::names::named_constant;
use super::statement::{Equation, Statement};
use super::system_error::{Role, SystemError};
use super::values::{Definition, Dependent, Values};

/// What is given along with the equations.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Values of symbols (`--with`).
    pub values: Vec<Definition>,
    /// The symbols to solve for (`--for`); if none, all without a value.
    pub unknowns: Option<Vec<String>>,
    /// Where to start the iteration (`--start`); unknowns not listed start
    /// at 0.
    pub starts: Vec<(String, f64)>,
}

/// As many equations as unknowns, with a value for every other symbol.
///
/// - The parameters are the symbols whose values are numbers: what derivatives are taken by.
/// - A value that is a formula of others is an abbreviation. It is evaluated along with the equations, so that derivatives
///   by the parameters take account of it, and is no parameter itself.
/// - A value that an index or a bound of a sum depends on is a constant: no derivative by it exists.
/// - The symbols `pi` (or `π`) and `e` stand for the constants unless they are given a value or named as unknowns.
#[derive(Clone, Debug)]
pub struct System {
    equations: Vec<Bound>,
    abbreviations: Vec<Abbreviation>,
    /// Inputs are the unknowns, then the parameters.
    graph: Graph,
    residuals: Vec<Id>,
    unknowns: Vec<String>,
    parameters: Vec<String>,
    parameter_values: Vec<f64>,
    constants: Vec<(String, f64)>,
    start: Vec<f64>,
}

/// An equation, and what its symbols stand for.
#[derive(Clone, Debug)]
struct Bound {
    equation: Equation,
    /// The unknowns among its symbols.
    unknowns: Vec<usize>,
    /// The unknowns that stand alone on a side.
    alone: [Option<usize>; 2],
}

/// A value that is a formula of others.
#[derive(Clone, Debug)]
struct Abbreviation {
    name: String,
    value: f64,
}

impl System {
    /// Parses the equations and decides what each symbol stands for.
    pub fn new<S: AsRef<str>>(equations: &[S], given: Given) -> Result<Self, SystemError> {
        let statements = equations.iter().map(|text| Statement::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        check_numbers(&given.starts)?;
        let values = Values::new(&given.values)?;
        let mut lowering = Lowering::new(Some(&values.by_name));
        let mut equations = Vec::new();
        let mut written = HashSet::new();
        for statement in &statements {
            written.extend(statement.names());
            equations.extend(statement.equations(&mut lowering)?);
        }
        let mut fixed = lowering.used().clone();
        if equations.is_empty() {
            return Err(SystemError::NoEquation);
        }
        let (lowered, symbols) = lowering.finish();
        let mentioned = mentioned(&symbols, written, &mut fixed, &values);
        let given_names: Vec<String> = given.values.iter().map(|value| value.name().to_owned()).collect();
        check_names(&given_names, Role::Value, &symbols, &mentioned)?;
        let unknowns = match given.unknowns {
            Some(unknowns) => {
                check_names(&unknowns, Role::Unknown, &symbols, &mentioned)?;
                unknowns
            }
            None => symbols
                .iter()
                .filter(|name| !values.by_name.contains_key(*name) && named_constant(name).is_none())
                .cloned()
                .collect(),
        };
        if let Some(name) = unknowns.iter().find(|name| values.by_name.contains_key(*name)) {
            return Err(SystemError::ValueForUnknown { name: name.clone() });
        }
        let start = start_vector(given.starts, &unknowns, &symbols, &mentioned)?;
        Self::bind((&statements, equations), (&lowered, &symbols), values, &fixed, unknowns, start)
    }

    /// The equations in the order given.
    pub fn equations(&self) -> impl ExactSizeIterator<Item = &Equation> {
        self.equations.iter().map(|bound| &bound.equation)
    }

    /// Names of the unknowns: in the order they were named, or else in the
    /// order they appear in the equations.
    pub fn unknowns(&self) -> &[String] {
        &self.unknowns
    }

    /// Names of the symbols with a value of their own, in the order the values were given.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The values that go with [`parameters`](Self::parameters).
    pub fn parameter_values(&self) -> &[f64] {
        &self.parameter_values
    }

    /// The symbols whose values depend on others, with their values.
    pub fn abbreviations(&self) -> impl ExactSizeIterator<Item = (&str, f64)> {
        self.abbreviations.iter().map(|abbreviation| (abbreviation.name.as_str(), abbreviation.value))
    }

    /// The names that stand for constants, with their values: `pi` and `e` in order of first appearance, then what indices
    /// and bounds depend on.
    pub fn constants(&self) -> &[(String, f64)] {
        &self.constants
    }

    /// Where to start the iteration, one number for each unknown.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// The unknowns that equation `index` mentions, by their places.
    pub fn unknowns_of(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.equations[index].unknowns.iter().copied()
    }

    /// What the equations are made of: its inputs are the unknowns, then the parameters. An abbreviation that several equations use
    /// is there once.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Left side minus right side of every equation, in the graph.
    pub fn residuals(&self) -> &[Id] {
        &self.residuals
    }

    /// The unknowns that stand alone on the left and on the right of equation `index`, by their places.
    pub fn alone(&self, index: usize) -> [Option<usize>; 2] {
        self.equations[index].alone
    }

    fn bind(
        (statements, equations): (&[Statement], Vec<Equation>),
        (lowered, symbols): (&Graph, &[String]),
        values: Values,
        fixed: &BTreeSet<String>,
        unknowns: Vec<String>,
        start: Vec<f64>,
    ) -> Result<Self, SystemError> {
        let is_fixed = |name: &String| fixed.contains(name);
        let solved: HashSet<&String> = unknowns.iter().collect();
        let named: Vec<(String, f64)> = symbols
            .iter()
            .filter(|name| !solved.contains(name) && !values.by_name.contains_key(*name))
            .filter_map(|name| Some((name.clone(), named_constant(name)?)))
            .collect();
        let (parameters, parameter_values): (Vec<String>, Vec<f64>) =
            values.independent.into_iter().filter(|(name, _)| !is_fixed(name)).unzip();
        let held = fixed.iter().filter_map(|name| Some((name.clone(), *values.by_name.get(name)?)));
        let constants: Vec<(String, f64)> = named.iter().cloned().chain(held).collect();

        let mut meanings = Meanings { graph: Graph::new(), of: HashMap::new() };
        for (name, place) in unknowns.iter().zip(0..) {
            let node = meanings.graph.input(place);
            meanings.of.insert(name.clone(), node);
        }
        for (name, place) in parameters.iter().zip(0..) {
            let node = meanings.graph.input(unknowns.len() + place);
            meanings.of.insert(name.clone(), node);
        }
        for (name, value) in &constants {
            let node = meanings.graph.number(*value);
            meanings.of.insert(name.clone(), node);
        }
        let mut abbreviations = Vec::new();
        for Dependent { name, formula, value, .. } in values.dependent {
            if fixed.contains(&name) {
                continue;
            }
            let nodes = meanings.all(&formula.symbols)?;
            let node = meanings.include(&formula.graph, &[formula.output], &nodes)[0];
            meanings.of.insert(name.clone(), node);
            abbreviations.push(Abbreviation { name, value });
        }
        let nodes = meanings.all(symbols)?;
        let outputs: Vec<Id> = equations.iter().map(|equation| equation.residual).collect();
        let residuals = meanings.include(lowered, &outputs, &nodes);
        // the unknowns are the first inputs
        let unknown = |symbol: usize| meanings.graph.as_input(nodes[symbol]).filter(|input| *input < unknowns.len());
        let bound = |mut equation: Equation| Bound {
            unknowns: std::mem::take(&mut equation.symbols).into_iter().filter_map(unknown).collect(),
            alone: equation.alone.map(|symbol| unknown(symbol?)),
            equation,
        };
        let equations: Vec<Bound> = equations.into_iter().map(bound).collect();

        if unknowns.len() != equations.len() {
            let constants = named.into_iter().map(|(name, _)| name).collect();
            return Err(SystemError::Count { equations: equations.len(), unknowns, values: parameters, constants });
        }
        let letters = unknowns.iter().chain(&parameters).any(|name| name.chars().count() == 1);
        let doubtful = |(name, _): &&(String, f64)| {
            name.len() == 1 && statements.iter().any(|statement| statement.uses_as_factor(name))
        };
        if let Some((name, value)) = named.iter().find(doubtful).filter(|_| letters) {
            return Err(SystemError::LooksLikeAQuantity { name: name.clone(), value: *value });
        }
        let graph = meanings.graph;
        Ok(Self {
            equations,
            abbreviations,
            graph,
            residuals,
            unknowns,
            parameters,
            parameter_values,
            constants,
            start,
        })
    }
}

/// What names stand for, and their nodes.
struct Meanings {
    graph: Graph,
    of: HashMap<String, Id>,
}

impl Meanings {
    /// What a symbol stands for.
    fn find(&mut self, name: &str) -> Result<Id, SystemError> {
        if let Some(meaning) = self.of.get(name) {
            return Ok(*meaning);
        }
        let value = named_constant(name).ok_or_else(|| SystemError::Unbound { name: name.to_owned() })?;
        Ok(self.graph.number(value))
    }

    fn all(&mut self, names: &[String]) -> Result<Vec<Id>, SystemError> {
        names.iter().map(|name| self.find(name)).collect()
    }

    /// Copies nodes of another graph, whose inputs stand for `symbols`.
    fn include(&mut self, other: &Graph, outputs: &[Id], symbols: &[Id]) -> Vec<Id> {
        self.graph.include(other, outputs, |_, symbol| symbols[symbol])
    }
}

/// The symbols of the equations and the names `written` in them, and those that their values depend on. `fixed` are the
/// symbols that indices and bounds use, to which those they depend on are added.
fn mentioned(
    symbols: &[String],
    written: HashSet<String>,
    fixed: &mut BTreeSet<String>,
    values: &Values,
) -> HashSet<String> {
    let mut mentioned = written;
    mentioned.extend(symbols.iter().chain(&*fixed).cloned());
    for dependent in values.dependent.iter().rev() {
        if mentioned.contains(&dependent.name) {
            if fixed.contains(&dependent.name) {
                fixed.extend(dependent.formula.symbols().iter().cloned());
            }
            fixed.extend(dependent.used.iter().cloned());
            mentioned.extend(dependent.formula.symbols().iter().chain(&dependent.used).cloned());
        }
    }
    mentioned
}
