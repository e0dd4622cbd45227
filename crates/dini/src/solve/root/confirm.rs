//! Claims of solvers that have factors of J, confirmed by one evaluation of g each.

use num_traits::Float;

use super::super::Iterate;
use super::{Accuracy, Evidence, LOST, TOLERANCES, Tolerance, general, largest};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::outcome::Status;
use crate::problem::{Eval, Evaluator, Problem};

/// Share of that distance by which J^-1 may miss it.
const MISS: f64 = 0.5;

/// Distance of the evaluation in a component z of a vector whose largest is `largest`: four tolerances, or more where rounding
/// would hide those.
fn distance<T: Real>(tolerance: Tolerance, z: f64, (floor, largest): (f64, f64)) -> f64 {
    let size = z.abs().max(floor);
    let unit = if size == 0.0 { largest } else { size };
    TOLERANCES * tolerance.of(size).max(<T as Float>::epsilon().as_f64().sqrt() * unit)
}

/// Writes the point at which a claim at `z` is confirmed, on one side of it, to `out`.
pub(crate) fn away<T: Real>(tolerance: Tolerance, z: &[T], side: f64, out: &mut [T]) {
    let sizes = (tolerance.floor(z), largest(z));
    for ((out, z), v) in out.iter_mut().zip(z).zip(general(5)) {
        let z = z.as_f64();
        *out = T::of(z + side * distance::<T>(tolerance, z, sizes) * v);
    }
}

/// Whether a claim is confirmed, and what is known then: `correction` = J^-1 g(z) is within `share` of the tolerance, and `there` =
/// J^-1 g(`moved`) differs from it by about moved - z. Of a point that cannot be improved (`stuck`) the correction may also be below
/// what that difference leaves uncertain.
pub(crate) fn confirmed<T: Real>(
    tolerance: Tolerance,
    (share, stuck): (f64, bool),
    (z, correction): (&[T], &[T]),
    (moved, there): (&[T], &[T]),
) -> Option<Accuracy> {
    let (floor, largest) = (tolerance.floor(z), largest(z));
    let zero = LOST * tolerance.zero(z);
    let numbers = |j: usize| (z[j].as_f64(), correction[j].as_f64());
    let miss = |j: usize| {
        let (z, c) = numbers(j);
        (there[j].as_f64() - c - (moved[j].as_f64() - z)).abs()
    };
    for j in 0..z.len() {
        let ((z, c), miss) = (numbers(j), miss(j));
        let allowed = share * tolerance.of(z.abs().max(floor)) + if stuck { miss } else { 0.0 };
        // NaN fails, too
        let within = miss <= MISS * distance::<T>(tolerance, z, (floor, largest)) && c.abs() <= allowed;
        let lost = miss <= zero && z.abs().max(c.abs()) <= LOST * miss;
        if !(within || lost) {
            return None;
        }
    }
    let size = |j: usize| numbers(j).1.abs();
    // a tolerance below what the evaluation misses says more than can be known
    let known = (0..z.len()).all(|j| miss(j) <= tolerance.of(numbers(j).0.abs().max(floor)));
    Some(if known && tolerance.admits(z, correction, share) {
        Accuracy::of_components(z, (0..z.len()).map(size), Evidence::Jacobian)
    } else {
        Accuracy::of_components(z, (0..z.len()).map(|j| miss(j).max(size(j))), Evidence::Rounding)
    })
}

/// A row that may have converged.
#[derive(Clone, Copy, Debug)]
struct Claim {
    row: usize,
    /// share of the tolerance that the correction may have
    share: f64,
    /// how the row ends if it has not: its solver can do no better
    stuck: Option<Status>,
    /// whether both sides must confirm it
    twice: bool,
    /// whether the row has moved in this step
    moved: bool,
    open: bool,
}

/// Rows proposed for convergence in one step, and scratch memory.
#[derive(Debug)]
pub(in crate::solve) struct Confirm<T> {
    claims: Vec<Claim>,
    slots: Vec<usize>,
    /// n numbers a claim: J^-1 g
    corrections: Vec<T>,
    z: Vec<T>,
    moved: Vec<T>,
    row: Vec<T>,
}

impl<T: Real> Confirm<T> {
    pub fn new(samples: usize, n: usize) -> Self {
        let numbers = || vec![T::zero(); n];
        Confirm {
            claims: Vec::with_capacity(samples),
            slots: Vec::with_capacity(samples),
            corrections: Vec::with_capacity(samples * n),
            z: numbers(),
            moved: numbers(),
            row: numbers(),
        }
    }

    /// Notes that the correction of `row`, which has not moved yet, may be within `share` of the tolerance.
    pub fn propose(&mut self, row: usize, share: f64) {
        self.claims.push(Claim { row, share, stuck: None, twice: false, moved: false, open: true });
    }

    /// The same where the row has moved in this step.
    pub fn propose_moved(&mut self, row: usize, share: f64) {
        self.claims.push(Claim { row, share, stuck: None, twice: false, moved: true, open: true });
    }

    /// The same of a correction made with old factors, whose error the curvature of g might make up for on one side.
    pub fn propose_twice(&mut self, row: usize, share: f64) {
        self.claims.push(Claim { row, share, stuck: None, twice: true, moved: false, open: true });
    }

    /// Notes a row that cannot be improved: it ends as `status` unless its correction is within the tolerance or rounding, seen from
    /// both sides, of which a jump has one only.
    pub fn propose_stuck(&mut self, row: usize, status: Status) {
        self.claims.push(Claim { row, share: 1.0, stuck: Some(status), twice: true, moved: true, open: true });
    }

    /// Claims the rows proposed whose correction is small and confirmed, and ends the stuck ones that are not.
    ///
    /// `it.g` is g(`it.z`) and `solve` J^-1 at or near it, by slot. Two solves and one evaluation a row; a second evaluation, on
    /// the other side, where the first is not finite.
    pub fn run<P>(
        &mut self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        (points, values): (&mut P::State, &mut P::State),
        solve: &dyn Fn(usize, &mut [T]) -> bool,
    ) -> Eval
    where
        P: Problem,
        P::State: Batch<Scalar = T>,
    {
        if self.claims.is_empty() {
            return Ok(());
        }
        let (at, samples) = (problem.at(), points.samples());
        self.correct(it, &|row| at.slot(row).index(), solve);
        for side in [1.0, -1.0] {
            self.slots.clear();
            self.slots.extend(self.claims.iter().filter(|claim| claim.open).map(|claim| at.slot(claim.row).index()));
            if self.slots.is_empty() {
                break;
            }
            points.reset(self.slots.len());
            values.reset(self.slots.len());
            let mut place = 0;
            for k in 0..self.claims.len() {
                if self.claims[k].open {
                    it.z.read(self.claims[k].row, &mut self.z);
                    away(it.tolerance, &self.z, side, &mut self.moved);
                    points.write(place, &self.moved);
                    place += 1;
                }
            }
            problem.subset(&self.slots, |part| part.residual(points, values))?;
            let mut place = 0;
            for k in 0..self.claims.len() {
                if self.claims[k].open {
                    points.read(place, &mut self.moved);
                    values.read(place, &mut self.row);
                    if self.row.iter().all(|v| Float::is_finite(*v)) {
                        let solved = solve(at.slot(self.claims[k].row).index(), &mut self.row);
                        self.decide(k, it, solved);
                    }
                    place += 1;
                }
            }
        }
        points.reset(samples);
        values.reset(samples);
        for claim in self.claims.drain(..) {
            if let Some(status) = claim.stuck {
                it.fail(claim.row, status);
            }
        }
        Ok(())
    }

    /// The corrections of all claims; closes those that are too large, and not stuck.
    fn correct<V: Batch<Scalar = T>>(
        &mut self,
        it: &Iterate<V>,
        slot: &dyn Fn(usize) -> usize,
        solve: &dyn Fn(usize, &mut [T]) -> bool,
    ) {
        self.corrections.clear();
        for claim in &mut self.claims {
            it.z.read(claim.row, &mut self.z);
            it.g.read(claim.row, &mut self.row);
            let solved = solve(slot(claim.row), &mut self.row);
            let small = claim.stuck.is_some() || it.tolerance.may_admit(&self.z, &self.row, claim.share);
            claim.open = solved && small && self.row.iter().all(|c| Float::is_finite(*c));
            self.corrections.extend_from_slice(&self.row);
        }
    }

    /// Decides claim `k`, with the point and J^-1 g there at hand.
    fn decide<V: Batch<Scalar = T>>(&mut self, k: usize, it: &mut Iterate<V>, solved: bool) {
        let (n, claim) = (self.row.len(), &mut self.claims[k]);
        it.z.read(claim.row, &mut self.z);
        let correction = &self.corrections[k * n..(k + 1) * n];
        let kind = (claim.share, claim.stuck.is_some());
        let accuracy =
            confirmed(it.tolerance, kind, (&self.z, correction), (&self.moved, &self.row)).filter(|_| solved);
        claim.open = std::mem::replace(&mut claim.twice, false) && accuracy.is_some();
        if let Some(accuracy) = accuracy.filter(|_| !claim.open) {
            claim.stuck = None;
            if claim.moved {
                it.converge(claim.row, accuracy);
            } else {
                it.converge_here(claim.row, accuracy);
            }
        }
    }
}
