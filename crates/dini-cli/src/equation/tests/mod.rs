//! Tests of the equation front end as a whole.

mod assignments;
mod conditions;
mod delicate;
mod derivatives;
mod formulas;
mod mutations;
mod problem_files;
mod random;
mod references;
mod refusals;
mod robustness;
mod sums;
mod systems;
mod values;

use dini::program::{Code, Graph, Id};

use super::{Expression, SyntaxError, System};

/// A formula, and its symbols' values.
struct Formula {
    graph: Graph,
    output: Id,
    symbols: Vec<String>,
    values: Vec<f64>,
}

impl Formula {
    /// With the symbols given by name.
    fn new(text: &str, given: &[(&str, f64)]) -> Self {
        let Expression { graph, output, symbols } = Expression::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let value = |symbol: &String| {
            let found = given.iter().find(|(name, _)| name == symbol);
            found.unwrap_or_else(|| panic!("{symbol} in {text}")).1
        };
        let values = symbols.iter().map(value).collect();
        Formula { graph, output, symbols, values }
    }

    /// The derivative of a node by a symbol, backwards.
    fn slope(&mut self, of: Id, name: &str) -> Id {
        let input = self.symbols.iter().position(|symbol| symbol == name);
        let entries = self.graph.jacobian(&[of], |k| Some(k) == input, 1_000_000, 1_000_000).expect("a short formula");
        entries.first().map_or_else(|| self.graph.number(0.0), |entry| entry.value)
    }

    /// The same forwards.
    fn tangent(&mut self, of: Id, name: &str) -> Id {
        let input = self.symbols.iter().position(|symbol| symbol == name);
        let tangents = self.graph.tangent(&[of], |graph, k| (Some(k) == input).then(|| graph.number(1.0)));
        tangents[0].unwrap_or_else(|| self.graph.number(0.0))
    }

    fn at<const N: usize>(&self, nodes: [Id; N]) -> [f64; N] {
        let mut out = [f64::NAN; N];
        Code::new(&self.graph, &nodes, self.values.len()).run_one(&[&self.values], |k, value| out[k] = value);
        out
    }
}

/// Value of `text`, with the symbols given by name.
fn evaluate(text: &str, given: &[(&str, f64)]) -> f64 {
    let formula = Formula::new(text, given);
    formula.at([formula.output])[0]
}

/// Value and derivative with respect to the first symbol given.
fn differentiate(text: &str, given: &[(&str, f64)]) -> (f64, f64) {
    let [value, first, _] = twice(text, given);
    (value, first)
}

/// Value, first and second derivative with respect to the first symbol given.
fn twice(text: &str, given: &[(&str, f64)]) -> [f64; 3] {
    let mut formula = Formula::new(text, given);
    let first = formula.slope(formula.output, given[0].0);
    let second = formula.slope(first, given[0].0);
    formula.at([formula.output, first, second])
}

/// The second derivative by two symbols.
fn mixed(text: &str, given: &[(&str, f64)], [a, b]: [&str; 2]) -> f64 {
    let mut formula = Formula::new(text, given);
    let first = formula.slope(formula.output, a);
    let second = formula.slope(first, b);
    formula.at([second])[0]
}

/// Left minus right of every equation of a system.
fn residuals(system: &System, unknowns: &[f64], parameters: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; system.residuals().len()];
    let code = Code::new(system.graph(), system.residuals(), unknowns.len() + parameters.len());
    code.run_one(&[unknowns, parameters], |k, value| out[k] = value);
    out
}

/// The derivatives of the only equation of a system by its unknowns and parameters.
fn gradient(system: &System, unknowns: &[f64], parameters: &[f64]) -> Vec<f64> {
    let mut graph = system.graph().clone();
    let entries = graph.jacobian(system.residuals(), |_| true, 1_000_000, 1_000_000).expect("a short equation");
    let mut out = vec![0.0; unknowns.len() + parameters.len()];
    let values: Vec<Id> = entries.iter().map(|entry| entry.value).collect();
    let code = Code::new(&graph, &values, out.len());
    code.run_one(&[unknowns, parameters], |k, value| out[entries[k].input] = value);
    out
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let close = (found - expected).abs() <= tolerance * expected.abs().max(f64::MIN_POSITIVE);
    let same = found == expected || (found.is_nan() && expected.is_nan());
    assert!(close || same, "{what}: {found:e}, expected {expected:e}");
}

#[track_caller]
fn assert_refused<T>(result: Result<T, SyntaxError>, position: usize, message: &str, hint: &str) {
    let Err(error) = result else {
        panic!("accepted, expected: {message}");
    };
    let found = (error.position, error.message.as_str(), error.hint.as_deref().unwrap_or_default());
    assert_eq!(found, (position, message, hint), "in {}", error.text);
}
