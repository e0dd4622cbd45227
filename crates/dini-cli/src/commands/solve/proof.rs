//! `--certify`: what can be proved of a root.

use std::fmt;

use dini::certify::{Certificate, Programs, certify};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::equation::System;

/// A certificate with the names of what it is about.
#[derive(Clone, Debug)]
pub struct Proof {
    certificate: Option<Certificate>,
    parameters: Vec<String>,
}

impl Proof {
    /// Of the root of an answer, if there is one.
    pub(super) fn of(programs: &Programs, system: &System, answer: &Answer) -> Self {
        let certificate = answer.solved().then(|| certify(programs, &answer.solution, system.parameter_values()));
        Proof { certificate, parameters: system.parameters().to_vec() }
    }

    /// Why there is no proof; empty where there is one.
    fn reason(&self) -> String {
        match &self.certificate {
            None => "there is no root".to_owned(),
            Some(certificate) => certificate.fault.map(|fault| fault.to_string()).unwrap_or_default(),
        }
    }

    /// One JSON object: distances without a limit are null.
    pub fn to_json(&self) -> Value {
        let radii = |radius: fn(&Certificate, usize) -> f64| -> Map<String, Value> {
            let radius = |k| self.certificate.as_ref().map_or(0.0, |certificate| radius(certificate, k));
            self.parameters.iter().enumerate().map(|(k, name)| (name.clone(), json!(radius(k)))).collect()
        };
        let certificate = self.certificate.as_ref();
        json!({
            "holds": certificate.is_some_and(|c| c.holds),
            "ball": certificate.map(|c| c.ball),
            "unique_within": certificate.map(|c| c.unique_within),
            "parameters": radii(|c, k| c.parameters[k].radius),
            "together": certificate.map_or(0.0, |c| c.together.radius),
            "method": Certificate::METHOD,
            "reason": self.reason(),
        })
    }
}

/// Three digits, rounded down, or up.
fn digits(value: f64, up: bool) -> String {
    let fits = |text: &str| text.parse().is_ok_and(|shown: f64| if up { shown >= value } else { shown <= value });
    let text = format!("{value:.2e}");
    if fits(&text) {
        return text;
    }
    // one more or less of the last digit
    let moved = if up { value * 1.005 } else { value * 0.995 };
    let text = format!("{moved:.2e}");
    if fits(&text) { text } else { format!("{value:e}") }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificate = match &self.certificate {
            Some(certificate) if certificate.holds => certificate,
            _ => return writeln!(f, "not certified: {}", self.reason()),
        };
        let Certificate { ball, unique_within, parameters, together, .. } = certificate;
        write!(f, "certified: a root within {}, ", digits(*ball, true))?;
        if unique_within.is_infinite() {
            writeln!(f, "and no other anywhere")?;
        } else {
            writeln!(f, "no other within {}", digits(*unique_within, false))?;
        }
        let change = |radius: f64| {
            if radius.is_infinite() { "anything".to_owned() } else { format!("up to {}", digits(radius, false)) }
        };
        for (name, region) in self.parameters.iter().zip(parameters) {
            writeln!(f, "  it stays, alone and smooth, while {name} changes by {}", change(region.radius))?;
        }
        if parameters.len() > 1 {
            writeln!(f, "  and while all of them change by {}", change(together.radius))?;
        }
        Ok(())
    }
}
