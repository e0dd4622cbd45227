//! A start from a residual in reduced precision.

use num_traits::{One, Zero};

use super::Options;
use crate::Real;
use crate::batch::Batch;
use crate::error::UserError;
use crate::problem::{Active, RoughResidual};

/// Steps at most.
const STEPS: usize = 20;
/// Relative residual below which bfloat16 says nothing about the next step.
const FLOOR: f64 = 5e-3;
/// A step that reduces the residual less is not taken, and the last.
const GAIN: f64 = 0.7;

/// Picard steps on a [`RoughResidual`] from `z`, for each sample as long as they contract; `g` is scratch.
///
/// Returns the evaluations made. A sample that no step improves stays where it is.
pub(super) fn start<V: Batch>(
    problem: &dyn RoughResidual<V>,
    at: Active<'_>,
    options: &Options,
    (z, g): (&mut V, &mut V),
) -> Result<u64, UserError> {
    let (one, samples) = (V::Scalar::one(), at.len());
    problem.rough_residual(at, z, g)?;
    let mut evaluations = samples as u64;
    let (mut norm, mut size) = (vec![Zero::zero(); samples], vec![Zero::zero(); samples]);
    g.norms(&mut norm);
    z.norms(&mut size);
    let floor = FLOOR.max(options.relative);
    // a start that is closer than the reduced precision can tell stays
    let far = |norm: f64, size: f64| norm > floor * size + options.absolute;
    let mut best: Vec<f64> = norm.iter().map(|norm| norm.as_f64()).collect();
    let mut running: Vec<bool> = (0..samples).map(|i| best[i].is_finite() && far(best[i], size[i].as_f64())).collect();
    let (mut trial, mut better) = (z.clone(), Vec::with_capacity(samples));
    for _ in 0..STEPS {
        if !running.contains(&true) {
            break;
        }
        trial.axpby(-one, g, one);
        problem.rough_residual(at, &trial, g)?;
        evaluations += samples as u64;
        g.norms(&mut norm);
        trial.norms(&mut size);
        better.clear();
        for i in 0..samples {
            let (now, size) = (norm[i].as_f64(), size[i].as_f64());
            let gained = running[i] && size.is_finite() && now <= GAIN * best[i];
            running[i] = gained && far(now, size);
            if gained {
                better.push(i);
                best[i] = now;
            }
        }
        z.put(&better, &trial, &better);
    }
    Ok(evaluations)
}
