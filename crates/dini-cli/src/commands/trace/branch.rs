//! The root at the start, and the branch through it.

use dini::continuation::{Branch, Flow, Options, Point, trace_with};
use dini::search::Search;
use dini::solve::Control;
use dini::{Error, Status};

use super::request::Traceable;
use crate::commands::solve::{Answer, Model, SolveError};

/// Distance, relative to an unknown, within which a start counts as the root.
const NEAR: f64 = 1e-6;

/// A branch and its names.
#[derive(Clone, Debug)]
pub(super) struct Traced {
    pub parameter: String,
    pub unknowns: Vec<String>,
    pub constants: Vec<(String, f64)>,
    pub values: Vec<(String, f64)>,
    pub flow: Flow,
    /// Whether the root at the start was searched for.
    pub solved: bool,
    pub branch: Branch,
}

/// How that went.
pub(super) enum Ended {
    Traced(Box<Traced>),
    /// The answer of the search for a root at the start; whether that is one, through which there is no single branch.
    NoBranch(Box<Answer>, bool),
}

pub(super) fn trace(
    request: &Traceable,
    flow: Flow,
    watch: &mut dyn FnMut(&Point) -> Control,
) -> Result<Ended, SolveError> {
    let Traceable { setup, parameter, range, .. } = request;
    let (system, model) = (&setup.system, Model::new(&setup.system)?);
    let found = Search { plan: setup.plan.clone() }.root(&model.problem, &setup.starts, &setup.options)?;
    if found.status() != Status::Converged {
        return Ok(Ended::NoBranch(Box::new(Answer::new(system, &model, &found)), false));
    }
    let plain = Options::default();
    let options = Options {
        flow,
        max_points: request.max_points.unwrap_or(plain.max_points),
        largest_step: request.largest_step.unwrap_or(plain.largest_step),
        bounds: setup.options.bounds.clone(),
        ..plain
    };
    let family = model.problem.family(*parameter)?;
    let start = (found.z(), system.parameter_values()[*parameter]);
    let branch = match trace_with(&family, start, range.0..=range.1, &options, watch) {
        // a root without a branch: the curve has no direction there
        Err(Error::NotConverged { .. }) => {
            return Ok(Ended::NoBranch(Box::new(Answer::new(system, &model, &found)), true));
        }
        other => other?,
    };
    let near =
        |(start, z): (&Option<f64>, &f64)| start.is_some_and(|start| (start - z).abs() <= NEAR * z.abs().max(NEAR));
    Ok(Ended::Traced(Box::new(Traced {
        parameter: request.name.clone(),
        unknowns: system.unknowns().to_vec(),
        constants: system.constants().to_vec(),
        values: system.abbreviations().map(|(name, value)| (name.to_owned(), value)).collect(),
        flow,
        solved: !setup.starts.iter().zip(found.z()).all(near),
        branch,
    })))
}
