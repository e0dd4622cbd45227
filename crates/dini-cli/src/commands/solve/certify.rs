//! Verdict and derivatives at a root, from the library.

use dini::solve::assume_root;

use super::answer::Judgement;
use super::kink::kink;
use super::model::Model;
use super::setup::{Setup, SolveError};

/// What the implicit function theorem says at a root.
pub(super) struct Certificate {
    pub judgement: Judgement,
    /// dz_i/da_p, by unknown and parameter, where the theorem holds.
    pub derivatives: Option<Vec<Vec<f64>>>,
}

/// Asks for verdict and derivatives at the root z, with unknowns and equations in units that make the Jacobian's entries
/// about 1.
pub(super) fn certify(setup: &Setup, z: &[f64]) -> Result<Certificate, SolveError> {
    let model = Model::equilibrated(&setup.system, z);
    let (start, units, rows) = (model.scaled(z)?, model.columns().to_vec(), model.rows().to_vec());
    let solution = assume_root(model.problem()?, start)?;
    let verdict = solution.verdict(0)?;
    let mut judgement =
        Judgement { holds: verdict.holds, condition: verdict.condition, reason: verdict.reason.to_string() };
    if !verdict.holds {
        return Ok(Certificate { judgement, derivatives: None });
    }
    if let Some(p) = kink(&setup.system, z, &rows) {
        let (name, value) = (&setup.system.parameters()[p], setup.system.parameter_values()[p]);
        let reason = format!("g is not differentiable by {name} at {name} = {value}: it has a kink or a jump there");
        return Ok(Certificate { judgement: Judgement { holds: false, reason, ..judgement }, derivatives: None });
    }
    let derivatives = match solution.jacobian(0) {
        Ok(gradients) => {
            let gradients = gradients.iter().zip(&units);
            Some(gradients.map(|(gradient, unit)| gradient.row(0).iter().map(|d| d * unit).collect()).collect())
        }
        Err(refusal) => {
            judgement = Judgement { holds: false, reason: refusal.to_string(), ..judgement };
            None
        }
    };
    Ok(Certificate { judgement, derivatives })
}
