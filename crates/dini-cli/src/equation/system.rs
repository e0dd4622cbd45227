//! Equations, values and unknowns joined into a system.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::checks::{check_names, check_numbers, start_vector};
use super::expression::Expression;
use super::lower::Lowering;
use super::names::named_constant;
use super::scalar::Scalar;
use super::statement::{Equation, Statement};
use super::system_error::{Role, SystemError};
use super::values::{Definition, Values};

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
    equations: Vec<Bound<Equation>>,
    abbreviations: Vec<Abbreviation>,
    unknowns: Vec<String>,
    parameters: Vec<String>,
    parameter_values: Vec<f64>,
    constants: Vec<(String, f64)>,
    start: Vec<f64>,
}

/// Something with symbols, and what each of them stands for.
#[derive(Clone, Debug)]
struct Bound<T> {
    content: T,
    bindings: Vec<Binding>,
}

/// A value that is a formula of others.
#[derive(Clone, Debug)]
struct Abbreviation {
    name: String,
    value: f64,
    formula: Bound<Expression>,
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding {
    Unknown(usize),
    Parameter(usize),
    Abbreviation(usize),
    Constant(f64),
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
        let symbols = symbols(&equations);
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
        Self::bind((&statements, equations), &symbols, values, &fixed, unknowns, start)
    }

    /// The equations in the order given.
    pub fn equations(&self) -> impl ExactSizeIterator<Item = &Equation> {
        self.equations.iter().map(|equation| &equation.content)
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
        self.equations[index].bindings.iter().filter_map(|binding| match binding {
            Binding::Unknown(place) => Some(*place),
            _ => None,
        })
    }

    /// What the symbols of each abbreviation stand for.
    pub(super) fn abbreviation_bindings(&self) -> impl Iterator<Item = &[Binding]> {
        self.abbreviations.iter().map(|abbreviation| abbreviation.formula.bindings.as_slice())
    }

    /// What the symbols of each equation stand for.
    pub(super) fn equation_bindings(&self) -> impl Iterator<Item = &[Binding]> {
        self.equations.iter().map(|equation| equation.bindings.as_slice())
    }

    /// The equations at these values of the parameters.
    ///
    /// # Panics
    /// If there are fewer than the system has.
    pub fn at<'s, D: Scalar>(&'s self, parameters: &'s [D]) -> At<'s, D> {
        // without abbreviations, no allocation
        let mut at = At { system: self, parameters, abbreviations: Vec::with_capacity(self.abbreviations.len()) };
        for Abbreviation { formula: Bound { content, bindings }, .. } in &self.abbreviations {
            // a value has no unknowns
            let value = content.evaluate(|symbol| at.value(bindings[symbol], &|_| D::from(f64::NAN)));
            at.abbreviations.push(value);
        }
        at
    }

    /// Left side minus right side of every equation.
    ///
    /// # Panics
    ///
    /// If the slices are shorter than the unknowns, the parameters and the
    /// equations they belong to.
    pub fn residual<D: Scalar>(&self, unknowns: &[D], parameters: &[D], out: &mut [D]) {
        let at = self.at(parameters);
        for (index, out) in out.iter_mut().enumerate().take(self.equations.len()) {
            *out = at.residual(index, |place| unknowns[place]);
        }
    }

    fn bind(
        (statements, equations): (&[Statement], Vec<Equation>),
        symbols: &[String],
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

        let mut meanings: HashMap<String, Binding> = HashMap::new();
        meanings.extend(unknowns.iter().cloned().zip((0..).map(Binding::Unknown)));
        meanings.extend(parameters.iter().cloned().zip((0..).map(Binding::Parameter)));
        meanings.extend(constants.iter().map(|(name, value)| (name.clone(), Binding::Constant(*value))));
        let mut abbreviations = Vec::new();
        for dependent in values.dependent.into_iter().filter(|dependent| !is_fixed(&dependent.name)) {
            let bindings = bindings(dependent.formula.symbols(), &meanings)?;
            meanings.insert(dependent.name.clone(), Binding::Abbreviation(abbreviations.len()));
            let formula = Bound { content: dependent.formula, bindings };
            abbreviations.push(Abbreviation { name: dependent.name, value: dependent.value, formula });
        }
        let equations: Vec<Bound<Equation>> = equations
            .into_iter()
            .map(|content| Ok(Bound { bindings: bindings(content.residual().symbols(), &meanings)?, content }))
            .collect::<Result<_, SystemError>>()?;

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
        Ok(Self { equations, abbreviations, unknowns, parameters, parameter_values, constants, start })
    }
}

/// A system at certain values of its parameters.
#[derive(Clone, Debug)]
pub struct At<'s, D> {
    system: &'s System,
    parameters: &'s [D],
    abbreviations: Vec<D>,
}

impl<D: Scalar> At<'_, D> {
    /// Left side minus right side of equation `index`, with `unknown(place)` for the unknowns.
    pub fn residual(&self, index: usize, unknown: impl Fn(usize) -> D) -> D {
        let Bound { content, bindings } = &self.system.equations[index];
        content.residual().evaluate(|symbol| self.value(bindings[symbol], &unknown))
    }

    fn value(&self, binding: Binding, unknown: &impl Fn(usize) -> D) -> D {
        match binding {
            Binding::Unknown(place) => unknown(place),
            Binding::Parameter(index) => self.parameters[index],
            Binding::Abbreviation(index) => self.abbreviations[index],
            Binding::Constant(value) => D::from(value),
        }
    }
}

fn bindings(symbols: &[String], meanings: &HashMap<String, Binding>) -> Result<Vec<Binding>, SystemError> {
    let meaning = |name: &String| {
        let constant = || named_constant(name).map(Binding::Constant);
        let unbound = || SystemError::Unbound { name: name.clone() };
        meanings.get(name).copied().or_else(constant).ok_or_else(unbound)
    };
    symbols.iter().map(meaning).collect()
}

/// All symbols, in order of first appearance.
fn symbols(equations: &[Equation]) -> Vec<String> {
    let mut known = HashSet::new();
    let all = equations.iter().flat_map(|equation| equation.residual().symbols());
    all.filter(|name| known.insert(*name)).cloned().collect()
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
