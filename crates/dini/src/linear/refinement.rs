//! Iterative refinement.

use num_traits::{One, Zero};

use super::{LinearRecord, LinearSolver, System};
use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::outcome::Stop;

/// x <- x + M^-1 (b - A x): the preconditioned Richardson iteration.
///
/// With the factors of a nearby matrix as M it is classical iterative refinement and takes one or two steps; with M = I
/// it is the adjoint fixed point x <- x - (A x - b), whose step k gives the first k terms of the Neumann series
/// sum_i (I - A)^i b; it converges where the spectral radius of I - A is below one.
/// One product and one preconditioning a step. A sample keeps its best x; it ends when its residual stops falling.
///
/// Source: N. J. Higham (2002), doi:10.1137/1.9780898718027, chapter 12.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Refinement {
    /// Most steps (default 500).
    pub max_iterations: usize,
    /// Sweeps in a row that may miss `gain` before a sample ends (default 20).
    pub patience: usize,
    /// Factor by which a step should reduce the residual, in (0, 1) (dimensionless; default 0.99).
    pub gain: f64,
}

impl Default for Refinement {
    fn default() -> Self {
        Refinement { max_iterations: 500, patience: 20, gain: 0.99 }
    }
}

/// Growth of the residual beyond its smallest value at which a sample ends.
const DIVERGED: f64 = 1e4;

impl<V: Batch> LinearSolver<V> for Refinement {
    fn validate(&self) -> Result<(), Error> {
        if self.max_iterations == 0 {
            return Err(Error::option("max_iterations", 0, "it must be at least 1"));
        }
        if self.patience == 0 {
            return Err(Error::option("patience", 0, "it must be at least 1"));
        }
        if !(self.gain > 0.0 && self.gain < 1.0) {
            return Err(Error::option("gain", self.gain, "it must lie between 0 and 1"));
        }
        Ok(())
    }

    fn solve(
        &self,
        system: &mut System<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: f64,
    ) -> Result<Vec<LinearRecord>, UserError> {
        let (one, zero, samples) = (V::Scalar::one(), V::Scalar::zero(), b.samples());
        let mut norm_b = vec![zero; samples];
        b.norms(&mut norm_b);
        let mut norm = norm_b.clone();
        let mut records = vec![LinearRecord { residual: f64::INFINITY, condition: 1.0, ..Default::default() }; samples];
        let mut best_at = vec![0; samples];
        let mut running = vec![true; samples];
        let mut better = Vec::with_capacity(samples);
        let (mut r, mut trial, mut product) = (b.clone(), b.zeros(samples), b.zeros(samples));
        x.axpby(zero, b, zero);
        for step in 0..=self.max_iterations {
            if step > 0 {
                (system.precondition)(&mut r);
                trial.axpby(one, &r, one);
                (system.operator)(&trial, &mut product)?;
                product.axpby(one, b, -one);
                std::mem::swap(&mut r, &mut product);
                r.norms(&mut norm);
            }
            better.clear();
            for s in 0..samples {
                if !running[s] {
                    continue;
                }
                let record = &mut records[s];
                record.iterations = step;
                let residual = if norm_b[s] == zero { 0.0 } else { (norm[s] / norm_b[s]).as_f64() };
                if residual < record.residual {
                    if residual < self.gain * record.residual {
                        best_at[s] = step;
                    }
                    record.residual = residual;
                    better.push(s);
                }
                let hopeless = residual > DIVERGED * record.residual || step >= best_at[s] + self.patience;
                record.stop = if record.residual <= tolerance {
                    Stop::Converged
                } else if !residual.is_finite() {
                    Stop::NonFinite
                } else if hopeless {
                    Stop::Stagnated
                } else {
                    Stop::IterationLimit
                };
                running[s] = record.stop == Stop::IterationLimit;
            }
            x.put(&better, &trial, &better);
            if !running.contains(&true) {
                break;
            }
        }
        Ok(records)
    }
}
