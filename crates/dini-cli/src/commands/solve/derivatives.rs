//! dz/da at a root, where it exists.

use dini::search::Found;
use dini::{Error, Rows};

use super::answer::Judgement;
use super::kink::kink;
use super::model::Problem;
use crate::equation::System;

/// Most derivatives that are made.
pub(super) const MOST: usize = 1_000_000;
/// What a verdict without derivatives does not say.
pub(super) const UNSEEN: &str = "kinks by the values were not looked for";
/// Up to so many unknowns derivatives are made unknown by unknown.
const FEW: usize = 64;

/// The derivatives where the theorem holds, unless there is a kink by a parameter or the library refuses them.
pub(super) fn derivatives(
    system: &System,
    problem: &Problem,
    found: &Found<'_, Problem>,
    judgement: Judgement,
) -> (Judgement, Option<Vec<Vec<f64>>>) {
    if !judgement.holds {
        return (judgement, None);
    }
    if too_many(system.unknowns(), system.parameters()) {
        let reason = format!("{}; {UNSEEN}", judgement.reason);
        return (Judgement { reason, ..judgement }, None);
    }
    match rows(system, problem, found) {
        Ok(rows) => (judgement, Some(rows)),
        Err(Reason(reason)) => (Judgement { holds: false, reason, ..judgement }, None),
    }
}

/// Whether there are too many derivatives to make them.
pub(super) fn too_many(unknowns: &[String], parameters: &[String]) -> bool {
    unknowns.len().saturating_mul(parameters.len()) > MOST
}

/// Why there are no derivatives.
struct Reason(String);

impl From<Error> for Reason {
    fn from(error: Error) -> Self {
        Reason(error.to_string())
    }
}

/// dz_i/da_p by unknown and parameter.
fn rows(system: &System, problem: &Problem, found: &Found<'_, Problem>) -> Result<Vec<Vec<f64>>, Reason> {
    let (names, n) = (system.parameters(), found.z().len());
    if names.is_empty() {
        return Ok(vec![Vec::new(); n]);
    }
    let z = Rows::from_vec(1, n, found.z().to_vec())?;
    let slopes = problem.parameter_jacobians(&z)?.swap_remove(0);
    if let Some(p) = kink(problem, &z, &slopes, found.row_units().unwrap_or_default())? {
        let (name, value) = (&names[p], system.parameter_values()[p]);
        return Err(Reason(format!(
            "g is not differentiable by {name} at {name} = {value}: it has a kink, a jump or the edge of its domain there"
        )));
    }
    finite(names, (0..n).map(|i| slopes.row(i)))?;
    let rows = solved(found, names.len())?;
    finite(names, rows.iter().map(Vec::as_slice))?;
    Ok(rows)
}

/// Refuses derivatives by parameters, one row after the other, that are not all finite.
fn finite<'r>(names: &[String], rows: impl Iterator<Item = &'r [f64]> + Clone) -> Result<(), Reason> {
    match (0..names.len()).find(|&p| rows.clone().any(|row| !row[p].is_finite())) {
        Some(p) => Err(Reason(format!("there is no finite derivative by {}", names[p]))),
        None => Ok(()),
    }
}

/// From as few solves as there are unknowns or parameters where there are many.
fn solved(found: &Found<'_, Problem>, parameters: usize) -> Result<Vec<Vec<f64>>, Error> {
    let unknowns = found.z().len();
    if unknowns <= FEW || unknowns < parameters {
        return Ok(found.jacobian()?.iter().map(|gradient| gradient.row(0).to_vec()).collect());
    }
    let unit = |p: usize| {
        let mut direction = Rows::new(1, parameters);
        direction.row_mut(0)[p] = 1.0;
        direction
    };
    let columns = found.tangents((0..parameters).map(unit))?;
    Ok((0..unknowns).map(|i| columns.iter().map(|column| column[i]).collect()).collect())
}
