//! The iteration that the approximations of J^-T w have in common.

use num_traits::{One, Zero};

use super::implicit::default_tolerance;
use super::linear::LinearisedChunk;
use super::mode::{Adjoints, Assessed, Report};
use crate::Real;
use crate::batch::Batch;
use crate::error::UserError;
use crate::problem::{Active, Linearize, Scalar};

/// lam <- lam + damping M (w - J^T lam), `steps` times from lam = 0, for the samples in `slots`.
///
/// `correct` is r <- M r. One product with J^T a step; the last one measures the result. Memory: two vectors.
///
/// Source: L. F. Richardson (1911), doi:10.1098/rsta.1911.0009.
pub(super) fn richardson<P: Linearize>(
    chunk: &LinearisedChunk<'_, P>,
    slots: &[usize],
    w: &P::State,
    (steps, damping): (usize, f64),
    correct: impl Fn(Active<'_>, &mut P::State),
) -> Result<Adjoints<P::State>, UserError> {
    let (zero, one, damping) = (Scalar::<P>::zero(), Scalar::<P>::one(), Scalar::<P>::of(damping));
    let (mut lam, mut r) = (w.zeros(w.samples()), w.clone());
    for step in 0..steps {
        correct(chunk.at(slots), &mut r);
        // an empty sum plus a term is that term, bit for bit
        lam.axpby(damping, &r, if step == 0 { zero } else { one });
        chunk.vjp(slots, &lam, &mut r)?;
        r.axpby(one, w, -one);
    }
    let numbers = || vec![zero; slots.len()];
    let (mut norm_w, mut norm_r) = (numbers(), numbers());
    w.norms(&mut norm_w);
    r.norms(&mut norm_r);
    let report = |(i, &slot): (usize, &usize)| {
        let residual = if norm_w[i] == zero { 0.0 } else { (norm_r[i] / norm_w[i]).as_f64() };
        Report {
            converged: residual <= default_tolerance::<Scalar<P>>(),
            residual,
            iterations: steps,
            condition: chunk.memory().condition(slot).unwrap_or(1.0),
            ..Report::default()
        }
    };
    let assessed = slots
        .iter()
        .enumerate()
        .map(report)
        .map(|report| Assessed { report, refusal: None, doubtful: false })
        .collect();
    Ok(Adjoints { vector: lam, assessed })
}
