//! The result of `dini solve`, as text and as JSON.

use std::fmt;

use dini::Status;
use dini::search::{Found, Origin, Plan, Search};
use serde_json::{Map, Value, json};

use super::derivatives::{MOST, UNSEEN, derivatives, too_many};
use super::model::{Model, Problem};
use super::request::{Setup, SolveError};
use crate::equation::{System, listed};

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
    /// dz_i/da_p by unknown and parameter, where they exist and are not too many.
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
    pub(in crate::commands) fn of(setup: &Setup) -> Result<Self, SolveError> {
        Answer::by(&Model::new(&setup.system)?, setup)
    }

    /// The same, with the problem at hand.
    pub(super) fn by(model: &Model, setup: &Setup) -> Result<Self, SolveError> {
        let found = Search { plan: setup.plan.clone() }.root(&model.problem, &setup.starts, &setup.options);
        let found = found.map_err(|error| match (error, &setup.plan) {
            (dini::Error::TooLarge { n, most, .. }, Plan::Single(solver)) => SolveError::Option(format!(
                "{} works with dense matrices, for up to {most} unknowns, not {n}; --solver auto takes more",
                solver.name()
            )),
            (error, _) => SolveError::Core(error),
        })?;
        Ok(Answer::new(&setup.system, model, &found))
    }

    /// What a search has found.
    pub(in crate::commands) fn new(system: &System, model: &Model, found: &Found<'_, Problem>) -> Self {
        let undefined = found.undefined().map(|row| model.equation(row)).and_then(|index| {
            let names: Vec<String> = system.unknowns_of(index).map(|place| system.unknowns()[place].clone()).collect();
            system.equations().nth(index).map(|equation| format!("`{equation}` (in {})", listed(&names)))
        });
        let (verdict, derivatives) = match found.verdict() {
            Some(verdict) => {
                let judgement = Judgement {
                    holds: verdict.holds,
                    condition: verdict.condition,
                    reason: verdict.reason.to_string(),
                };
                derivatives(system, &model.problem, found, judgement)
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

    /// The answer if it is about a root at `z` that is proved; else that root without derivatives.
    pub(super) fn at(self, z: &[f64]) -> Self {
        let near = |(found, z): (&f64, &f64)| (found - z).abs() <= NOTABLE * z.abs().max(f64::MIN_POSITIVE);
        if self.solved() && self.solution.iter().zip(z).all(near) {
            return self;
        }
        let reason = "it is proved that a root is here, but a solve from it does not confirm that".to_owned();
        let verdict = Judgement { holds: false, condition: f64::INFINITY, reason };
        Answer { status: Status::Converged, solution: z.to_vec(), derivatives: None, verdict, ..self }
    }

    /// Whether a root was found, be it on a bound; its derivatives may still be refused.
    pub fn solved(&self) -> bool {
        matches!(self.status, Status::Converged | Status::OnBound)
    }

    /// dz_i/da_p, if it exists.
    pub(super) fn derivative(&self, unknown: usize, parameter: usize) -> Option<f64> {
        self.derivatives.as_ref()?.get(unknown)?.get(parameter).copied().filter(|d| d.is_finite())
    }

    /// Whether there are too many derivatives to make them.
    pub(super) fn leaves_derivatives_out(&self) -> bool {
        too_many(&self.unknowns, &self.parameters)
    }

    /// The answer as one JSON object; numbers that do not exist are null.
    pub fn to_json(&self) -> Value {
        let solution: Map<String, Value> =
            self.unknowns.iter().zip(&self.solution).map(|(name, z)| (name.clone(), json!(z))).collect();
        let row = |i: usize| -> Map<String, Value> {
            self.parameters.iter().enumerate().map(|(p, name)| (name.clone(), json!(self.derivative(i, p)))).collect()
        };
        let rows = self.unknowns.iter().enumerate().filter(|_| !self.leaves_derivatives_out());
        let derivatives: Map<String, Value> = rows.map(|(i, name)| (name.clone(), Value::Object(row(i)))).collect();
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
            if self.leaves_derivatives_out() {
                let (unknowns, parameters) = (self.unknowns.len(), self.parameters.len());
                let why = format!("{unknowns} unknowns by {parameters} values are more than {MOST}");
                writeln!(f, "derivatives left out: {why}; {UNSEEN}")?;
            } else {
                self.write_derivatives(f)?;
            }
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

/// What led to the root, in words.
fn describe(unknowns: &[String], origin: &Origin) -> String {
    let short = |v: &f64| if v.to_string().len() <= 6 { v.to_string() } else { format!("{v:.3e}") };
    let start: Vec<String> =
        unknowns.iter().zip(&origin.start).map(|(name, v)| format!("{name} = {}", short(v))).collect();
    let start = listed(&start);
    match origin.method {
        Some(method) => format!("{method} from {start}"),
        None if origin.sign_change => format!("a sign change near {start}"),
        None => start,
    }
}

/// All digits, with an exponent where that is shorter to read; positive numbers leave room for a sign.
pub(in crate::commands) fn number(v: f64) -> String {
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
