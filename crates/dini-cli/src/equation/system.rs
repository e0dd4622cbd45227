//! Equations, values and unknowns joined into a system.

use super::expression::Equation;
use super::names::{did_you_mean, named_constant};
use super::scalar::Scalar;
use super::system_error::{Role, SystemError};

/// What is given along with the equations.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Values of symbols (`--with`).
    pub values: Vec<(String, f64)>,
    /// The symbols to solve for (`--for`); if none, all without a value.
    pub unknowns: Option<Vec<String>>,
    /// Where to start the iteration (`--start`); unknowns not listed start
    /// at 0.
    pub starts: Vec<(String, f64)>,
}

/// As many equations as unknowns, with a value for every other symbol.
///
/// The symbols `pi` (or `π`) and `e` stand for the constants unless they are
/// given a value or named as unknowns.
#[derive(Clone, Debug)]
pub struct System {
    equations: Vec<Equation>,
    /// For each equation, what each of its symbols stands for.
    bindings: Vec<Vec<Binding>>,
    unknowns: Vec<String>,
    parameters: Vec<String>,
    parameter_values: Vec<f64>,
    start: Vec<f64>,
}

/// What a symbol stands for.
#[derive(Clone, Copy, Debug)]
enum Binding {
    Unknown(usize),
    Parameter(usize),
    Constant(f64),
}

impl System {
    /// Parses the equations and decides what each symbol stands for.
    pub fn new<S: AsRef<str>>(equations: &[S], given: Given) -> Result<Self, SystemError> {
        let equations = equations.iter().map(|text| Equation::parse(text.as_ref())).collect::<Result<Vec<_>, _>>()?;
        if equations.is_empty() {
            return Err(SystemError::NoEquation);
        }
        let symbols = symbols(&equations);
        check_numbers(&given.values, Role::Value)?;
        check_numbers(&given.starts, Role::Start)?;
        let (parameters, parameter_values): (Vec<String>, Vec<f64>) = given.values.into_iter().unzip();
        check_names(&parameters, Role::Value, &symbols)?;
        let unknowns = match given.unknowns {
            Some(unknowns) => {
                check_names(&unknowns, Role::Unknown, &symbols)?;
                unknowns
            }
            None => symbols
                .iter()
                .filter(|name| !parameters.contains(name) && named_constant(name).is_none())
                .cloned()
                .collect(),
        };
        let start = start_vector(given.starts, &unknowns, &symbols)?;
        let mut system = Self { equations, bindings: Vec::new(), unknowns, parameters, parameter_values, start };
        system.bind()?;
        Ok(system)
    }

    /// The equations in the order given.
    pub fn equations(&self) -> &[Equation] {
        &self.equations
    }

    /// Names of the unknowns: in the order they were named, or else in the
    /// order they appear in the equations.
    pub fn unknowns(&self) -> &[String] {
        &self.unknowns
    }

    /// Names of the symbols with a value, in the order the values were given.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The values that go with [`parameters`](Self::parameters).
    pub fn parameter_values(&self) -> &[f64] {
        &self.parameter_values
    }

    /// The names that stand for constants, with their values, in order of first appearance.
    pub fn constants(&self) -> Vec<(&str, f64)> {
        let mut constants: Vec<(&str, f64)> = Vec::new();
        for (equation, bindings) in self.equations.iter().zip(&self.bindings) {
            for (name, binding) in equation.residual().symbols().iter().zip(bindings) {
                if let Binding::Constant(value) = binding
                    && !constants.iter().any(|(known, _)| known == name)
                {
                    constants.push((name, *value));
                }
            }
        }
        constants
    }

    /// Where to start the iteration, one number for each unknown.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// The unknowns that equation `index` mentions, by their places.
    pub fn unknowns_of(&self, index: usize) -> impl Iterator<Item = usize> + '_ {
        self.bindings[index].iter().filter_map(|binding| match binding {
            Binding::Unknown(place) => Some(*place),
            _ => None,
        })
    }

    /// Left side minus right side of every equation.
    ///
    /// # Panics
    ///
    /// If the slices are shorter than the unknowns, the parameters and the
    /// equations they belong to.
    pub fn residual<D: Scalar>(&self, unknowns: &[D], parameters: &[D], out: &mut [D]) {
        for (row, (equation, bindings)) in self.equations.iter().zip(&self.bindings).enumerate() {
            out[row] = equation.residual().evaluate(|symbol| match bindings[symbol] {
                Binding::Unknown(index) => unknowns[index],
                Binding::Parameter(index) => parameters[index],
                Binding::Constant(value) => D::from(value),
            });
        }
    }

    fn bind(&mut self) -> Result<(), SystemError> {
        for name in &self.unknowns {
            if self.parameters.contains(name) {
                let name = name.clone();
                return Err(SystemError::ValueForUnknown { name });
            }
        }
        self.bindings = self
            .equations
            .iter()
            .map(|equation| {
                let symbols = equation.residual().symbols().iter();
                symbols.map(|name| self.binding(name)).collect()
            })
            .collect::<Result<_, _>>()?;
        if self.unknowns.len() != self.equations.len() {
            let constants = self.constants().into_iter().map(|(name, _)| name.to_owned()).collect();
            let unknowns = self.unknowns.clone();
            return Err(SystemError::Count { equations: self.equations.len(), unknowns, constants });
        }
        let letters = self.unknowns.iter().chain(&self.parameters).any(|name| name.chars().count() == 1);
        let doubtful =
            |(name, _): &(&str, f64)| name.len() == 1 && self.equations.iter().any(|e| e.uses_as_factor(name));
        match self.constants().into_iter().find(doubtful).filter(|_| letters) {
            Some((name, value)) => Err(SystemError::LooksLikeAQuantity { name: name.to_owned(), value }),
            None => Ok(()),
        }
    }

    fn binding(&self, name: &String) -> Result<Binding, SystemError> {
        let place_in = |names: &[String]| names.iter().position(|known| known == name);
        place_in(&self.unknowns)
            .map(Binding::Unknown)
            .or_else(|| place_in(&self.parameters).map(Binding::Parameter))
            .or_else(|| named_constant(name).map(Binding::Constant))
            .ok_or_else(|| SystemError::Unbound { name: name.clone() })
    }
}

/// All symbols, in order of first appearance.
fn symbols(equations: &[Equation]) -> Vec<String> {
    let mut symbols: Vec<String> = Vec::new();
    for name in equations.iter().flat_map(|e| e.residual().symbols()) {
        if !symbols.contains(name) {
            symbols.push(name.clone());
        }
    }
    symbols
}

fn check_numbers(numbers: &[(String, f64)], role: Role) -> Result<(), SystemError> {
    match numbers.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(SystemError::NotFinite { role, name: name.clone(), value: *value }),
        None => Ok(()),
    }
}

/// Refuses names that are repeated or occur in no equation.
fn check_names(names: &[String], role: Role, symbols: &[String]) -> Result<(), SystemError> {
    for (index, name) in names.iter().enumerate() {
        let name = name.clone();
        if names[..index].contains(&name) {
            return Err(SystemError::Duplicate { role, name });
        }
        if !symbols.contains(&name) {
            let suggestion = did_you_mean(&name, symbols.iter().map(String::as_str));
            return Err(SystemError::NotInEquations { role, name, suggestion });
        }
    }
    Ok(())
}

fn start_vector(starts: Vec<(String, f64)>, unknowns: &[String], symbols: &[String]) -> Result<Vec<f64>, SystemError> {
    let (names, values): (Vec<String>, Vec<f64>) = starts.into_iter().unzip();
    check_names(&names, Role::Start, symbols)?;
    let mut start = vec![0.0; unknowns.len()];
    for (name, value) in names.into_iter().zip(values) {
        match unknowns.iter().position(|unknown| *unknown == name) {
            Some(index) => start[index] = value,
            None => {
                let unknowns = unknowns.to_vec();
                return Err(SystemError::StartForKnown { name, unknowns });
            }
        }
    }
    Ok(start)
}
