//! Whether and how the samples of a chunk have ended: tolerances, finiteness, records.

use num_traits::Float;

use super::super::Status;
use super::super::round::{Attempt, Round};
use super::super::solution::Record;
use super::{Chunk, Task};
use crate::Real;
use crate::batch::{Batch, Keep, pick};
use crate::error::UserError;
use crate::problem::{Active, Eval, Problem, ResidualScale};

/// A root at 0 has no size of its own: steps are then measured by this share of the largest iterate.
const ZERO_ROOT: f64 = 1e-6;

impl<V: Batch, W: Keep> Chunk<V, W> {
    /// Judges every active sample, records those that have ended, and lists the others in `keep`.
    pub(super) fn judge<P, S>(
        &mut self,
        iteration: usize,
        scale: ResidualScale,
        round: &Round,
        task: &Task<'_, P, S>,
    ) -> Eval
    where
        P: Problem<State = V>,
    {
        self.it.g.norms(&mut self.it.norm);
        self.it.z.norms(&mut self.scratch);
        self.keep.clear();
        self.unsure.clear();
        for i in 0..self.slots.len() {
            if self.watch[i].ended.is_some() {
                continue;
            }
            let (norm, state) = (self.it.norm[i].as_f64(), self.scratch[i].as_f64());
            let first = &mut self.first[self.slots[i]];
            if iteration == 0 && self.record[self.slots[i]].iterations == 0 {
                *first = norm;
            }
            let reference = if scale == ResidualScale::State { state } else { *first };
            let target = task.options.absolute + task.options.relative * reference;
            self.it.target[i] = V::Scalar::of(target);
            let watch = &mut self.watch[i];
            watch.see(iteration, norm, state, round.gain);
            // overflow makes nothing small: infinity is not within infinity
            let small = norm == 0.0 || (norm <= target && target.is_finite() && state.is_finite());
            let size = state.max(ZERO_ROOT * watch.largest);
            let still = task.options.step.is_none_or(|s| norm == 0.0 || (iteration > 0 && watch.step <= s * size));
            let estimate = self.it.estimated[i];
            let status = if small && still && !estimate {
                Some(Status::Converged)
            } else {
                self.it.ended[i].or_else(|| watch.failure(iteration, norm, target, round.patience))
            };
            match status {
                None => self.keep.push(i),
                Some(status) if estimate => self.unsure.push((i, status)),
                Some(status) => self.end(i, iteration, status, (norm, target), round.method),
            }
        }
        self.end_measured(iteration, round, task)
    }

    /// Ends the samples that fail while their residual is not known: it is evaluated first, and may be small after all.
    fn end_measured<P, S>(&mut self, iteration: usize, round: &Round, task: &Task<'_, P, S>) -> Eval
    where
        P: Problem<State = V>,
    {
        if self.unsure.is_empty() {
            return Ok(());
        }
        let (rows, slots): (Vec<usize>, Vec<usize>) = self.unsure.iter().map(|&(i, _)| (i, self.slots[i])).unzip();
        let (_, g) = residual_at(task, (self.base, &slots), &self.it.z, &rows)?;
        self.halves += 2 * slots.len() as u64;
        self.it.g.put(&rows, &g, &(0..rows.len()).collect::<Vec<_>>());
        self.it.g.norms(&mut self.it.norm);
        for (i, status) in std::mem::take(&mut self.unsure) {
            let (norm, target) = (self.it.norm[i].as_f64(), self.it.target[i].as_f64());
            let finite = target.is_finite() && self.scratch[i].is_finite();
            let converged = task.options.step.is_none() && finite && norm <= target;
            self.end(i, iteration, if converged { Status::Converged } else { status }, (norm, target), round.method);
        }
        Ok(())
    }

    /// Records how row `i` has ended; of several attempts that failed, the one with the smallest residual stands.
    fn end(&mut self, i: usize, iteration: usize, status: Status, (norm, target): (f64, f64), method: &'static str) {
        let slot = self.slots[i];
        self.watch[i].ended = Some(iteration);
        self.it.ended[i] = Some(status);
        let (residual, converged) = (if norm.is_nan() { f64::INFINITY } else { norm }, status == Status::Converged);
        // a sample that a solver has settled is as close as rounding allows
        let target = if converged { target.max(norm) } else { target };
        let target = if target.is_nan() { f64::INFINITY } else { target };
        let record = &mut self.record[slot];
        let iterations = record.iterations + iteration;
        let first = record.method.is_none();
        if first || converged || residual < record.residual {
            *record = Record { status, iterations, residual, target, method: Some(method) };
            self.z.put(&[slot], &self.it.z, &[i]);
            self.g.put(&[slot], &self.it.g, &[i]);
        }
        record.iterations = iterations;
        if !method.is_empty() {
            self.attempts.push((slot, Attempt { method, status, iterations: iteration, residual }));
        }
    }
}

/// Some rows of `z`, and g there.
pub(super) fn residual_at<P: Problem, S>(
    task: &Task<'_, P, S>,
    (base, slots): (usize, &[usize]),
    z: &P::State,
    rows: &[usize],
) -> Result<(P::State, P::State), UserError> {
    let (part, mut g) = (pick(z, rows), z.zeros(rows.len()));
    task.problem.residual(Active::new(slots, base, task.parallel), &part, &mut g)?;
    Ok((part, g))
}
