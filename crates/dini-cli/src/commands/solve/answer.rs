//! The result of `dini solve`, as text and as JSON.

use std::fmt;

use dini::Status;
use dini::search::{Found, Origin, Search};
use serde_json::{Map, Value, json};

use super::kink::kink;
use super::model::{Model, Problem};
use super::request::{Setup, SolveError};
use crate::equation::System;

/// Uncertainty of a root, relative to an unknown, from which it is mentioned.
const NOTABLE: f64 = 1e-9;

/// Solution, derivatives and verdict.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Names of the unknowns.
    pub unknowns: Vec<String>,
    /// Names of the parameters.
    pub parameters: Vec<String>,
    /// Names in the equations that stand for constants, with their values.
    pub constants: Vec<(String, f64)>,
    /// Names whose values are formulas of others, with these values.
    pub values: Vec<(String, f64)>,
    /// How the solve ended.
    pub status: Status,
    /// The root, or the last iterate.
    pub solution: Vec<f64>,
    /// Euclidean norm of left minus right (infinite where undefined).
    pub residual: f64,
    /// Iterations of the attempt reported.
    pub iterations: usize,
    /// The correction left, relative to each unknown (not a number where it is not known).
    pub accuracy: f64,
    /// dz_i/da_p by unknown and parameter, where they exist.
    pub derivatives: Option<Vec<Vec<f64>>>,
    /// Whether they do.
    pub verdict: Judgement,
    /// Where the solve started, unless from the start given or from 0.
    pub origin: Option<String>,
    /// Starts and methods tried.
    pub attempts: usize,
    /// The equation that is undefined at every start tried, and its unknowns, where that is why there is no root.
    pub undefined: Option<String>,
}

/// The library's verdict, with its reason in words.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Whether the implicit function theorem holds.
    pub holds: bool,
    /// Condition estimate of dg/dz (infinite where there is none).
    pub condition: f64,
    /// Why, in one sentence.
    pub reason: String,
}

impl Answer {
    /// Looks for a root, and differentiates it.
    pub(super) fn of(setup: &Setup) -> Result<Self, SolveError> {
        let model = Model::new(&setup.system);
        let problem = model.problem()?;
        let found = Search { plan: setup.plan.clone() }.root(&problem, &setup.starts, &setup.options)?;
        Ok(Answer::new(&setup.system, &model, &found))
    }

    fn new(system: &System, model: &Model<'_>, found: &Found<'_, Problem<'_>>) -> Self {
        let undefined = found.undefined().map(|row| model.equation(row)).and_then(|index| {
            let names: Vec<&str> = system.unknowns_of(index).map(|place| system.unknowns()[place].as_str()).collect();
            system.equations().nth(index).map(|equation| format!("`{equation}` (in {})", names.join(", ")))
        });
        let (verdict, derivatives) = match found.verdict() {
            Some(verdict) => {
                let judgement = Judgement {
                    holds: verdict.holds,
                    condition: verdict.condition,
                    reason: verdict.reason.to_string(),
                };
                derivatives(system, model, found, judgement)
            }
            None => {
                let reason = format!("the solve did not converge ({})", found.status());
                (Judgement { holds: false, condition: f64::INFINITY, reason }, None)
            }
        };
        Answer {
            unknowns: system.unknowns().to_vec(),
            parameters: system.parameters().to_vec(),
            constants: system.constants().to_vec(),
            values: system.abbreviations().map(|(name, value)| (name.to_owned(), value)).collect(),
            status: found.status(),
            solution: found.z().to_vec(),
            residual: found.residual_norm(),
            iterations: found.iterations(),
            accuracy: found.accuracy().relative,
            derivatives,
            verdict,
            origin: found.origin().map(|origin| describe(system.unknowns(), origin)),
            attempts: found.attempts(),
            undefined,
        }
    }

    /// Whether a root was found, be it on a bound; its derivatives may still be refused.
    pub fn solved(&self) -> bool {
        matches!(self.status, Status::Converged | Status::OnBound)
    }

    /// dz_i/da_p, if it exists.
    pub(super) fn derivative(&self, unknown: usize, parameter: usize) -> Option<f64> {
        self.derivatives.as_ref()?.get(unknown)?.get(parameter).copied().filter(|d| d.is_finite())
    }

    /// The answer as one JSON object; numbers that do not exist are null.
    pub fn to_json(&self) -> Value {
        let solution: Map<String, Value> =
            self.unknowns.iter().zip(&self.solution).map(|(name, z)| (name.clone(), json!(z))).collect();
        let row = |i: usize| -> Map<String, Value> {
            self.parameters.iter().enumerate().map(|(p, name)| (name.clone(), json!(self.derivative(i, p)))).collect()
        };
        let derivatives: Map<String, Value> =
            self.unknowns.iter().enumerate().map(|(i, name)| (name.clone(), Value::Object(row(i)))).collect();
        let object = |list: &[(String, f64)]| -> Map<String, Value> {
            list.iter().map(|(name, value)| (name.clone(), json!(value))).collect()
        };
        json!({
            "constants": object(&self.constants),
            "values": object(&self.values),
            "status": self.status.name(),
            "solution": solution,
            "residual": self.residual,
            "iterations": self.iterations,
            "accuracy": self.accuracy,
            "origin": self.origin,
            "attempts": self.attempts,
            "derivatives": derivatives,
            "verdict": {
                "holds": self.verdict.holds,
                "condition": self.verdict.condition,
                "reason": self.verdict.reason,
            },
        })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effort = format!(
            "{} iteration{}, residual {}",
            self.iterations,
            if self.iterations == 1 { "" } else { "s" },
            match self.residual {
                0.0 => "0".to_owned(),
                residual if residual.is_finite() => format!("{residual:.1e}"),
                _ => "undefined".to_owned(),
            }
        );
        for (name, value) in &self.constants {
            writeln!(f, "with the constant {name} = {value}")?;
        }
        for (name, value) in &self.values {
            writeln!(f, "with {name} = {value}")?;
        }
        if !self.solved() {
            writeln!(f, "not solved: {} ({effort}); the last iterate is", self.status)?;
        }
        let values: Vec<String> = self.solution.iter().map(|z| number(*z)).collect();
        let (name_width, value_width) = (width(&self.unknowns), width(&values));
        for (i, (name, value)) in self.unknowns.iter().zip(&values).enumerate() {
            write!(f, "{} = ", pad(name, name_width))?;
            if i == 0 && self.solved() {
                writeln!(f, "{}    ({effort})", pad(value, value_width))?;
            } else {
                writeln!(f, "{value}")?;
            }
        }
        if !self.solved() {
            if let Some(equation) = &self.undefined {
                writeln!(f, "undefined at every start tried: {equation}")?;
            }
            if self.attempts > 1 {
                writeln!(f, "tried {} starts and methods", self.attempts)?;
            }
            return writeln!(f, "{}", self.status.advice());
        }
        if let Some(origin) = &self.origin {
            writeln!(f, "found from {origin}")?;
        }
        if self.accuracy > NOTABLE {
            writeln!(f, "rounding errors of the equations leave {:.0e} of the solution uncertain", self.accuracy)?;
        }
        if self.verdict.holds {
            self.write_derivatives(f)?;
            writeln!(
                f,
                "verdict: the implicit function theorem holds (condition estimate {})",
                if self.verdict.condition < 1e4 {
                    format!("{:.1}", self.verdict.condition)
                } else {
                    format!("{:.1e}", self.verdict.condition)
                }
            )
        } else {
            writeln!(f, "verdict: no derivatives; {}", self.verdict.reason)
        }
    }
}

impl Answer {
    fn write_derivatives(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        for (i, unknown) in self.unknowns.iter().enumerate() {
            for (p, parameter) in self.parameters.iter().enumerate() {
                let value = self.derivative(i, p).map_or_else(|| "not finite".to_owned(), number);
                lines.push((format!("d{unknown}/d{parameter}"), value));
            }
        }
        let names: Vec<String> = lines.iter().map(|(name, _)| name.clone()).collect();
        let widest = width(&names);
        lines.iter().try_for_each(|(name, value)| writeln!(f, "{} = {value}", pad(name, widest)))
    }
}

/// The derivatives where the theorem holds, unless there is a kink by a parameter or the library refuses them.
fn derivatives(
    system: &System,
    model: &Model<'_>,
    found: &Found<'_, Problem<'_>>,
    judgement: Judgement,
) -> (Judgement, Option<Vec<Vec<f64>>>) {
    if !judgement.holds {
        return (judgement, None);
    }
    let refused = |reason: String| (Judgement { holds: false, reason, condition: judgement.condition }, None);
    if let Some(p) = found.row_units().and_then(|rows| kink(system, model, found.z(), rows)) {
        let (name, value) = (&system.parameters()[p], system.parameter_values()[p]);
        return refused(format!(
            "g is not differentiable by {name} at {name} = {value}: it has a kink, a jump or the edge of its domain there"
        ));
    }
    match found.jacobian() {
        Ok(gradients) => {
            let rows: Vec<Vec<f64>> = gradients.iter().map(|gradient| gradient.row(0).to_vec()).collect();
            let missing = (0..system.parameters().len()).find(|&p| rows.iter().any(|row| !row[p].is_finite()));
            match missing {
                Some(p) => refused(format!("there is no finite derivative by {}", system.parameters()[p])),
                None => (judgement, Some(rows)),
            }
        }
        Err(refusal) => refused(refusal.to_string()),
    }
}

/// What led to the root, in words.
fn describe(unknowns: &[String], origin: &Origin) -> String {
    let short = |v: &f64| if v.to_string().len() <= 6 { v.to_string() } else { format!("{v:.3e}") };
    let start = unknowns.iter().zip(&origin.start).map(|(name, v)| format!("{name} = {}", short(v)));
    let start = start.collect::<Vec<_>>().join(", ");
    match origin.method {
        Some(method) => format!("{method} from {start}"),
        None if origin.sign_change => format!("a sign change near {start}"),
        None => start,
    }
}

/// All digits, with an exponent where that is shorter to read; positive numbers leave room for a sign.
pub(super) fn number(v: f64) -> String {
    let sign = if v.is_sign_negative() && v != 0.0 { "" } else { " " };
    let v = if v == 0.0 { 0.0 } else { v };
    if v == 0.0 || (1e-4..1e16).contains(&v.abs()) { format!("{sign}{v}") } else { format!("{sign}{v:e}") }
}

pub(super) fn width(texts: &[String]) -> usize {
    texts.iter().map(|text| text.chars().count()).max().unwrap_or(0)
}

pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}
