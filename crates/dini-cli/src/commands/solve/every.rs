//! `--all`: every root in a box.

use std::fmt;

use dini::certify::{Limits, Roots, roots};
use dini::interval::Interval as Side;
use dini::search::Plan;
use dini::solve::AnySolver;
use serde_json::{Map, Value, json};

use super::answer::{Answer, number};
use super::model::Model;
use super::proof::Proof;
use super::request::{Setup, SolveError};
use crate::equation::{Interval, listed};

/// Every root in a box, with its derivatives.
#[derive(Clone, Debug)]
pub struct Every {
    unknowns: Vec<String>,
    sides: Vec<Side>,
    /// of those of `found`, in the same order
    answers: Vec<(Answer, Option<Proof>)>,
    found: Roots,
}

impl Every {
    /// Looks through the box that `--box` gives; `certify` adds a certificate to every root.
    pub(super) fn of(setup: Setup, given: &[(String, Interval)], certify: bool) -> Result<Self, SolveError> {
        let unknowns = setup.system.unknowns().to_vec();
        let sides = sides(given, &unknowns)?;
        let model = Model::new(&setup.system)?;
        let programs = model.problem.programs()?;
        let found = roots(&programs, &sides, setup.system.parameter_values(), &Limits::default(), &mut |_, _, _| true)?;
        let mut setup = setup;
        setup.plan = Plan::Single(AnySolver::Newton(Default::default()));
        let mut answers = Vec::with_capacity(found.roots.len());
        for root in &found.roots {
            setup.starts = root.z.iter().copied().map(Some).collect();
            let answer = Answer::by(&model, &setup)?.at(&root.z);
            let proof = certify.then(|| Proof::of(&programs, &setup.system, &answer));
            answers.push((answer, proof));
        }
        Ok(Every { unknowns, sides, answers, found })
    }

    /// Whether it is proved that these are all.
    pub fn complete(&self) -> bool {
        self.found.is_complete()
    }

    /// One JSON object.
    pub fn to_json(&self) -> Value {
        let object = |sides: &[Side]| -> Map<String, Value> {
            self.unknowns.iter().zip(sides).map(|(name, side)| (name.clone(), json!([side.lo(), side.hi()]))).collect()
        };
        let roots = self.answers.iter().zip(&self.found.roots).map(|((answer, proof), found)| {
            let mut root = answer.to_json();
            if let Some(fields) = root.as_object_mut() {
                fields.insert("on_edge".to_owned(), json!(found.on_edge));
                if let Some(proof) = proof {
                    fields.insert("certificate".to_owned(), proof.to_json());
                }
            }
            root
        });
        let undecided = self.found.undecided.iter();
        json!({
            "box": object(&self.sides),
            "roots": roots.collect::<Vec<Value>>(),
            "complete": self.complete(),
            "undecided": undecided
                .map(|left| json!({"box": object(&left.sides), "reason": left.why.to_string()}))
                .collect::<Vec<Value>>(),
            "boxes": self.found.boxes,
        })
    }
}

/// The box: two numbers for each unknown.
fn sides(given: &[(String, Interval)], unknowns: &[String]) -> Result<Vec<Side>, SolveError> {
    let refuse = |message: String| Err(SolveError::Option(message));
    if let Some((name, _)) = given.iter().find(|(name, _)| !unknowns.contains(name)) {
        return refuse(format!("--box is for unknowns, which `{name}` is not; there are {}", listed(unknowns)));
    }
    let missing: Vec<String> =
        unknowns.iter().filter(|name| !given.iter().any(|(other, _)| other == *name)).cloned().collect();
    if !missing.is_empty() {
        return refuse(format!("--all needs a box with a side for every unknown: --box lacks {}", listed(&missing)));
    }
    let mut sides = Vec::with_capacity(unknowns.len());
    for name in unknowns {
        match given.iter().rev().find(|(other, _)| other == name) {
            Some((_, Interval { low: Some(low), high: Some(high) })) if low.is_finite() && high.is_finite() => {
                sides.push(Side::new(*low, *high));
            }
            _ => return refuse(format!("the side of `{name}` in --box must have two finite ends, as in {name}=-2..2")),
        }
    }
    Ok(sides)
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = |v: f64| number(v).trim_start().to_owned();
        let within = |sides: &[Side]| {
            let each = self
                .unknowns
                .iter()
                .zip(sides)
                .map(|(name, side)| format!("{name}={}..{}", end(side.lo()), end(side.hi())));
            each.collect::<Vec<_>>().join(", ")
        };
        let count = match self.answers.len() {
            0 => "no root".to_owned(),
            1 => "1 root".to_owned(),
            count => format!("{count} roots"),
        };
        let others = if self.complete() { "and it is proved that there are no others" } else { "and perhaps others" };
        writeln!(f, "{count} in {}, {others}    ({} boxes)", within(&self.sides), self.found.boxes)?;
        for ((answer, proof), found) in self.answers.iter().zip(&self.found.roots) {
            writeln!(f, "\n{}", answer.to_string().trim_end())?;
            if let Some(proof) = proof {
                write!(f, "{proof}")?;
            }
            if found.on_edge {
                writeln!(f, "on the edge of the box, to rounding")?;
            }
        }
        if !self.complete() {
            writeln!(f, "\nnot decided:")?;
        }
        for left in self.found.undecided.iter().take(SHOWN) {
            writeln!(f, "  {}: {}", within(&left.sides), left.why)?;
        }
        match self.found.undecided.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more boxes"),
        }
    }
}

/// Boxes left that are shown.
const SHOWN: usize = 20;
