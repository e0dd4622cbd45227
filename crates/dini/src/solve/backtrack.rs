//! Backtracking line search, per sample, shared by the Newton-like solvers.

use num_traits::{Float, One, Zero};

use super::{Evaluator, Iterate, Status};
use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::problem::{Eval, Problem, Scalar};

/// Step-length control of Newton-like solvers.
///
/// The step is halved per sample until ||g(z - t dz)|| <= (1 - `decrease` t) ||g(z)||, or the new point is within the
/// tolerance. A non-finite residual counts as too large, so that a step out of the domain is shortened instead of failing.
///
/// Source: L. Armijo (1966), doi:10.2140/pjm.1966.16.1; C. T. Kelley (1995), doi:10.1137/1.9781611970944, section 8.1.
#[derive(Clone, Debug)]
pub struct LineSearch {
    /// Sufficient-decrease parameter in [0, 1) (dimensionless; default 1e-4).
    pub decrease: f64,
    /// Most halvings of one step; 0 takes full steps (default 40).
    pub halvings: usize,
}

impl Default for LineSearch {
    fn default() -> Self {
        LineSearch { decrease: 1e-4, halvings: 40 }
    }
}

impl LineSearch {
    pub(super) fn validate(&self) -> Result<(), Error> {
        if (0.0..1.0).contains(&self.decrease) {
            Ok(())
        } else {
            Err(Error::option("decrease", self.decrease, "it must lie in 0..1"))
        }
    }
}

/// z <- z - t dz for every active sample, with it.g = g(z); a sample without an acceptable t fails as stagnated.
///
/// `step` and `trial` hold one number per sample. Rows already accepted are changed by coefficient 0 and so stay
/// bitwise what they are.
pub(super) fn backtrack<P: Problem>(
    search: &LineSearch,
    problem: &Evaluator<'_, P>,
    it: &mut Iterate<P::State>,
    dz: &P::State,
    step: &mut [Scalar<P>],
    trial: &mut [Scalar<P>],
) -> Eval {
    let b = it.z.samples();
    let (zero, one, half) = (Scalar::<P>::zero(), Scalar::<P>::one(), Scalar::<P>::of(0.5));
    dz.norms(trial);
    for i in 0..b {
        if !Float::is_finite(trial[i]) {
            it.fail(i, Status::Singular);
        }
        step[i] = if it.failed(i) { zero } else { -one };
    }
    let mut length = 1.0;
    for halving in 0.. {
        it.z.add_combination(&step[..b], std::slice::from_ref(dz));
        problem.residual(&it.z, &mut it.g)?;
        if search.halvings == 0 {
            return Ok(());
        }
        it.g.norms(trial);
        let bound = Scalar::<P>::of(1.0 - search.decrease * length);
        let mut open = false;
        for i in 0..b {
            if step[i] == zero {
                continue;
            }
            if trial[i] <= bound * it.norm[i] || trial[i] <= it.target[i] {
                step[i] = zero;
            } else if halving == search.halvings {
                it.fail(i, if Float::is_finite(trial[i]) { Status::Stagnated } else { Status::NonFinite });
            } else {
                // from t to t / 2: back by t / 2
                step[i] = if halving == 0 { half } else { step[i] * half };
                open = true;
            }
        }
        if !open || halving == search.halvings {
            return Ok(());
        }
        length *= 0.5;
    }
    Ok(())
}
