//! Whether and how the samples of a chunk have ended: the rule of [`root`](super::super::root), failures, records.

use num_traits::Float;

use super::super::root::{Accuracy, Evidence, FAR, Finding, Question};
use super::super::round::{Attempt, Round};
use super::super::solution::Outcome;
use super::super::{Knows, Solver};
use super::{Chunk, Task};
use crate::Real;
use crate::batch::{Batch, Keep, numbers, pick};
use crate::error::UserError;
use crate::outcome::Status;
use crate::problem::{Active, Eval, Problem, ResidualScale};

/// Residuals of a fixed point within so many units of rounding of z are nothing but rounding.
const ROUNDING: f64 = 4.0;
/// A bound is looked at again once its distance has fallen to this share, as two cut steps make it.
const CLOSER: f64 = 1e-4;
/// A point is examined again once its residual has fallen to this share.
const AGAIN: f64 = 0.5;

/// What must be found out about a row before it ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Doubt {
    /// Its residual is not known.
    Unmeasured(Status),
    /// Its correction seems small; it goes on if that is not confirmed.
    Small,
    /// It can't go on, and ends like this if it is no root.
    Last(Status),
}

/// Norms of one row.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    residual: f64,
    state: f64,
    target: f64,
}

impl<V: Batch, W: Keep> Chunk<V, W> {
    /// Judges every active sample, records those that have ended, and lists the others in `keep`.
    pub(super) fn judge<P, S>(&mut self, iteration: usize, round: &Round, task: &Task<'_, P, S>) -> Eval
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        self.now = iteration;
        let (scale, knows) = (task.problem.residual_scale(), task.solver.knows(&self.work));
        self.norms();
        self.it.z.norms(&mut self.scratch);
        self.it.rows.iter_mut().zip(&self.scratch).for_each(|(row, size)| row.size = *size);
        self.keep.clear();
        self.doubts.clear();
        for i in 0..self.slots.len() {
            if self.it.rows[i].watch.ended.is_some() {
                continue;
            }
            let sizes = self.see(i, iteration, scale, round);
            let mark = self.it.rows[i].mark;
            let measured = mark.accuracy.is_some_and(|known| known.evidence != Evidence::Bracket);
            if measured && self.is_far(i) {
                self.doubts.push((i, Doubt::Last(Status::Stagnated)));
                continue;
            }
            if let Some(accuracy) = mark.accuracy {
                let made = iteration - usize::from(mark.stayed);
                let outcome = self.on_bound_or_inside(i, accuracy, task);
                self.end(i, made, outcome, sizes, round.method);
                continue;
            }
            let failure = mark
                .ended
                .or_else(|| self.it.rows[i].watch.failure(iteration, sizes.residual, sizes.target, round.patience));
            let estimate = self.estimate(i, sizes);
            let doubt = if mark.estimated {
                failure.map(Doubt::Unmeasured)
            } else if scale == ResidualScale::State && knows != Knows::Correction {
                let accuracy = self.fixed_point(sizes, estimate);
                if let Some(accuracy) = accuracy {
                    let outcome = self.on_bound_or_inside(i, accuracy, task);
                    self.end(i, iteration, outcome, sizes, round.method);
                    continue;
                }
                failure.map(Doubt::Last)
            } else {
                let small = estimate.is_some_and(|c| c <= self.it.tolerance.of(sizes.state));
                // with a Jacobian a zero is examined at once; without, every start is worth a look
                let look = sizes.residual == 0.0 || small || (iteration == 0 && knows != Knows::Correction);
                let anew = self.it.rows[i].watch.examined.is_none_or(|then| sizes.residual <= AGAIN * then);
                let stands = sizes.residual == 0.0 && knows == Knows::Correction;
                match failure {
                    Some(status) => Some(Doubt::Last(status)),
                    None if stands => Some(Doubt::Last(Status::Stagnated)),
                    None => (look && anew && sizes.residual.is_finite()).then_some(Doubt::Small),
                }
            };
            match doubt {
                Some(doubt) => self.doubts.push((i, doubt)),
                None if self.has_vanished(i, sizes, task) => self.doubts.push((i, Doubt::Small)),
                None => self.keep.push(i),
            }
        }
        self.resolve(iteration, round, task)
    }

    /// Norms of the residuals.
    fn norms(&mut self) {
        self.it.g.norms(&mut self.scratch);
        self.it.rows.iter_mut().zip(&self.scratch).for_each(|(row, norm)| row.norm = *norm);
    }

    /// Takes note of the norms of row `i`.
    fn see(&mut self, i: usize, iteration: usize, scale: ResidualScale, round: &Round) -> Sizes {
        let (record, row) = (&mut self.record[self.slots[i]], &mut self.it.rows[i]);
        let (residual, state, mark) = (row.norm.as_f64(), row.size.as_f64(), row.mark);
        if iteration == 0 && record.iterations == 0 {
            record.first = residual;
        }
        row.watch.see(iteration, residual, state, round.gain);
        if let Some((length, before)) = mark.moved.filter(|_| !mark.estimated) {
            row.watch.secant.see(length, (before, residual), mark.changed);
        }
        let tolerance = self.it.tolerance.of(state);
        let target = match (row.watch.secant.slope(), scale) {
            (Some(slope), _) => tolerance / slope,
            (None, ResidualScale::State) => tolerance,
            (None, ResidualScale::Start) => self.it.tolerance.relative * record.first,
        };
        row.target = V::Scalar::of(target);
        Sizes { residual, state, target }
    }

    /// Norm of the correction left of row `i`, where there is an estimate.
    fn estimate(&self, i: usize, sizes: Sizes) -> Option<f64> {
        let secant = || Some(self.it.rows[i].watch.secant.slope()? * sizes.residual);
        self.it.rows[i].mark.proposed.or_else(secant)
    }

    /// What is known of a fixed point that has converged; its residual has the units of z.
    fn fixed_point(&self, sizes: Sizes, estimate: Option<f64>) -> Option<Accuracy> {
        let Sizes { residual, state, .. } = sizes;
        let tolerance = self.it.tolerance.of(state);
        // overflow makes nothing small
        if !state.is_finite() {
            return None;
        }
        if let Some(c) = estimate.filter(|c| *c <= tolerance && tolerance.is_finite()) {
            return Some(Accuracy::of_norm(c, state, Evidence::Secant));
        }
        let rounding = ROUNDING * <V::Scalar as Float>::epsilon().as_f64() * state;
        let uncertain = estimate.unwrap_or(residual);
        (residual <= rounding).then(|| Accuracy::of_norm(uncertain, state, Evidence::Rounding))
    }

    /// Whether z has fallen to rounding errors of what it was, or has been pressed against a bound: it may be zero, or there. Asked once,
    /// and whenever a bound has come much closer.
    fn has_vanished<P: Problem<State = V>, S>(&mut self, i: usize, sizes: Sizes, task: &Task<'_, P, S>) -> bool {
        let epsilon = <V::Scalar as Float>::epsilon().as_f64();
        let vanished = sizes.state > 0.0 && sizes.state <= epsilon * self.it.rows[i].watch.largest;
        if let Some(bounds) = &task.options.bounds {
            let closest = bounds.closest(&numbers(task.z0, self.base + self.slots[i]), &numbers(&self.it.z, i));
            if closest <= CLOSER * self.it.rows[i].watch.pressed {
                self.it.rows[i].watch.pressed = closest;
                return true;
            }
        }
        vanished && !std::mem::replace(&mut self.it.rows[i].watch.zero, true)
    }

    /// The unknowns of row `i` that have been pressed against a bound, and those bounds.
    fn pressed<P: Problem<State = V>, S>(&self, i: usize, task: &Task<'_, P, S>) -> Vec<(usize, f64)> {
        let Some(bounds) = &task.options.bounds else { return Vec::new() };
        bounds.pressed(&numbers(task.z0, self.base + self.slots[i]), &numbers(&self.it.z, i))
    }

    /// How row `i` ends, which is a root: on a bound or inside.
    fn on_bound_or_inside<P: Problem<State = V>, S>(
        &self,
        i: usize,
        accuracy: Accuracy,
        task: &Task<'_, P, S>,
    ) -> (Status, Accuracy) {
        let touches = task.options.bounds.as_ref().is_some_and(|bounds| {
            // what was asked for, or what is known
            bounds.touches::<V::Scalar>(&numbers(&self.it.z, i), (2.0 * accuracy.relative).max(task.options.relative))
        });
        (if touches { Status::OnBound } else { Status::Converged }, accuracy)
    }

    /// Whether z of row `i` is so far from where it started that a residual may be lost among its terms.
    fn is_far(&self, i: usize) -> bool {
        self.it.rows[i].size.as_f64() > FAR * self.it.rows[i].watch.started.max(1.0)
    }

    /// Finds out what must be known, and ends the rows or lets them go on.
    fn resolve<P, S>(&mut self, iteration: usize, round: &Round, task: &Task<'_, P, S>) -> Eval
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        if self.doubts.is_empty() {
            return Ok(());
        }
        let (doubts, scale) = (std::mem::take(&mut self.doubts), task.problem.residual_scale());
        self.measure(&doubts, task)?;
        for &(i, doubt) in &doubts {
            let outcome = match doubt {
                Doubt::Unmeasured(status) if scale == ResidualScale::State => Some(self.ended_unmeasured(i, status)),
                Doubt::Small => self.look(i, false, task)?,
                Doubt::Unmeasured(status) | Doubt::Last(status) => {
                    let plausible = matches!(status, Status::Stagnated | Status::MaxIterations | Status::Singular);
                    let found = if plausible { self.look(i, true, task)? } else { None };
                    Some(found.unwrap_or((status, Accuracy::default())))
                }
            };
            match outcome {
                None => self.keep.push(i),
                Some(outcome) => {
                    let (residual, state, target) =
                        (self.it.rows[i].norm.as_f64(), self.it.rows[i].size.as_f64(), self.it.rows[i].target.as_f64());
                    self.end(i, iteration, outcome, Sizes { residual, state, target }, round.method);
                }
            }
        }
        self.keep.sort_unstable();
        self.doubts = doubts;
        Ok(())
    }

    /// Evaluates g of the rows that fail while their residual is not known.
    fn measure<P, S>(&mut self, doubts: &[(usize, Doubt)], task: &Task<'_, P, S>) -> Eval
    where
        P: Problem<State = V>,
    {
        let unmeasured = doubts.iter().filter(|(_, doubt)| matches!(doubt, Doubt::Unmeasured(_)));
        let (rows, slots): (Vec<usize>, Vec<usize>) = unmeasured.map(|&(i, _)| (i, self.slots[i])).unzip();
        if rows.is_empty() {
            return Ok(());
        }
        let (_, g) = residual_at(task, (self.base, &slots), &self.it.z, &rows)?;
        self.evaluations.add(slots.len() as u64);
        self.it.g.put(&rows, &g, &(0..rows.len()).collect::<Vec<_>>());
        self.norms();
        Ok(())
    }

    /// How a row of a fixed point ends whose residual has just been measured: small it may be after all.
    fn ended_unmeasured(&self, i: usize, status: Status) -> (Status, Accuracy) {
        let (residual, state) = (self.it.rows[i].norm.as_f64(), self.it.rows[i].size.as_f64());
        let sizes = Sizes { residual, state, target: 0.0 };
        let estimate = self.estimate(i, sizes);
        self.fixed_point(sizes, estimate).map_or((status, Accuracy::default()), |found| (Status::Converged, found))
    }

    /// Looks closer at row `i`: with the solver's Jacobian where it has one, else by an evaluation in a new direction.
    ///
    /// Returns how it ends; none where it goes on, or where it is to end as it would have.
    fn look<P, S>(
        &mut self,
        i: usize,
        last: bool,
        task: &Task<'_, P, S>,
    ) -> Result<Option<(Status, Accuracy)>, UserError>
    where
        P: Problem<State = V>,
        S: Solver<P, Work = W>,
    {
        let Task { problem, z0, solver, .. } = *task;
        let (residual, state) = (self.it.rows[i].norm.as_f64(), self.it.rows[i].size.as_f64());
        self.it.rows[i].watch.examined = Some(residual);
        let (slot, tolerance) = (self.slots[i], self.it.tolerance);
        let sample = self.base + slot;
        let (z, start) = (pick(&self.it.z, &[i]), pick(z0, &[sample]));
        let largest = self.it.rows[i].watch.largest;
        let vanished = state <= <V::Scalar as Float>::epsilon().as_f64() * largest;
        let far = self.is_far(i);
        let spent = std::cell::Cell::new(0);
        let last = last || vanished;
        let pressed = &self.pressed(i, task);
        let evaluations = &spent;
        let question = Question { sample, z: &z, start: &start, largest, far, tolerance, last, pressed, evaluations };
        let finding = solver.examine(problem, &self.work, &question)?;
        self.evaluations.add(spent.get());
        if let Some(finding) = finding {
            return Ok(match finding {
                Finding::Root(accuracy, zeroed) => {
                    if let Some(zeroed) = zeroed {
                        self.replace(i, &zeroed, task)?;
                    }
                    Some(self.on_bound_or_inside(i, accuracy, task))
                }
                Finding::Flat => Some((Status::Vanishing, Accuracy::default())),
                Finding::None => None,
            });
        }
        if vanished {
            let (before, value) = (pick(&self.it.z, &[i]), pick(&self.it.g, &[i]));
            self.replace(i, &z.zeros(1), task)?;
            if self.it.rows[i].norm.as_f64() == 0.0 {
                return Ok(Some((Status::Converged, Accuracy::of_norm(state, state, Evidence::Rounding))));
            }
            self.it.z.put(&[i], &before, &[0]);
            self.it.g.put(&[i], &value, &[0]);
            self.it.rows[i].norm = V::Scalar::of(residual);
        }
        if problem.residual_scale() == ResidualScale::State {
            return Ok(None);
        }
        let slots = [slot];
        let at = Active::new(&slots, self.base, task.parallel);
        let rows = (&self.it.z, &self.it.g, i);
        let first = self.record[slot].first;
        let far = far.then_some(first);
        let accuracy = self.it.rows[i].watch.secant.confirm(problem, at, rows, (residual, tolerance), far)?;
        self.evaluations.add(1);
        Ok(match accuracy {
            None if residual == 0.0 => Some((Status::Vanishing, Accuracy::default())),
            Some(accuracy) if accuracy.correction <= tolerance.of(state) => {
                Some(self.on_bound_or_inside(i, accuracy, task))
            }
            _ => None,
        })
    }

    /// Makes row `i` of the iterate `z`.
    fn replace<P, S>(&mut self, i: usize, z: &V, task: &Task<'_, P, S>) -> Eval
    where
        P: Problem<State = V>,
    {
        let (z, g) = residual_at(task, (self.base, &[self.slots[i]]), z, &[0])?;
        self.evaluations.add(1);
        let mut norm = [V::Scalar::default()];
        g.norms(&mut norm);
        self.it.rows[i].norm = norm[0];
        self.it.z.put(&[i], &z, &[0]);
        self.it.g.put(&[i], &g, &[0]);
        Ok(())
    }

    /// Records how row `i` has ended; of several attempts that failed, the one with the smallest residual stands.
    fn end(
        &mut self,
        i: usize,
        iteration: usize,
        (status, accuracy): (Status, Accuracy),
        sizes: Sizes,
        method: &'static str,
    ) {
        let (slot, norm) = (self.slots[i], sizes.residual);
        self.it.rows[i].mark.ended = Some(status);
        self.it.rows[i].watch.ended = Some(self.now);
        let (residual, converged) = (if norm.is_nan() { f64::INFINITY } else { norm }, status == Status::Converged);
        let target = if converged { sizes.target.max(norm) } else { sizes.target };
        let target = if target.is_nan() { f64::INFINITY } else { target };
        let record = &mut self.record[slot];
        let iterations = record.iterations + iteration;
        let first = record.method.is_none();
        // where g has vanished its size says nothing
        let better = residual < record.residual && status != Status::Vanishing && record.status != Status::OnBound;
        if first || converged || better || status == Status::OnBound {
            let method = Some(method);
            *record = Outcome { status, iterations, residual, target, accuracy, method, ..*record };
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
