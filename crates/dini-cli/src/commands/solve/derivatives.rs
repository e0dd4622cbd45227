//! dz/da at a root, where it exists.

use dini::Rows;
use dini::search::Found;

use super::answer::Judgement;
use super::kink::kink;
use super::model::Model;
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
    model: &Model<'_>,
    found: &Found<'_, Model<'_>>,
    judgement: Judgement,
) -> (Judgement, Option<Vec<Vec<f64>>>) {
    if !judgement.holds {
        return (judgement, None);
    }
    if too_many(system.unknowns(), system.parameters()) {
        let reason = format!("{}; {UNSEEN}", judgement.reason);
        return (Judgement { reason, ..judgement }, None);
    }
    let refused = |reason: String| (Judgement { holds: false, reason, condition: judgement.condition }, None);
    if let Some(p) = found.row_units().and_then(|rows| kink(model, system.parameter_values(), found.z(), rows)) {
        let (name, value) = (&system.parameters()[p], system.parameter_values()[p]);
        return refused(format!(
            "g is not differentiable by {name} at {name} = {value}: it has a kink, a jump or the edge of its domain there"
        ));
    }
    match rows(found, system.parameters().len()) {
        Ok(rows) => {
            let missing = (0..system.parameters().len()).find(|&p| rows.iter().any(|row| !row[p].is_finite()));
            match missing {
                Some(p) => refused(format!("there is no finite derivative by {}", system.parameters()[p])),
                None => (judgement, Some(rows)),
            }
        }
        Err(refusal) => refused(refusal.to_string()),
    }
}

/// Whether there are too many derivatives to make them.
pub(super) fn too_many(unknowns: &[String], parameters: &[String]) -> bool {
    unknowns.len().saturating_mul(parameters.len()) > MOST
}

/// dz_i/da_p by unknown and parameter, from as few solves as there are of either where there are many.
fn rows(found: &Found<'_, Model<'_>>, parameters: usize) -> Result<Vec<Vec<f64>>, dini::Error> {
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
