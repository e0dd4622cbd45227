//! Backtracking line search, per sample, shared by the Newton-like solvers.

use num_traits::{Float, One, Zero};

use super::{Evaluator, Iterate, Status};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::problem::{Eval, Problem, Scalar};

/// Step-length control of Newton-like solvers.
///
/// The step is halved per sample until ||g(z - t dz)|| <= (1 + `growth` - `decrease` t) ||g(z)||, or the new point is within the
/// tolerance. A non-finite residual counts as too large, so that a step out of the domain is shortened instead of failing.
///
/// Source: L. Armijo (1966), doi:10.2140/pjm.1966.16.1; C. T. Kelley (1995), doi:10.1137/1.9781611970944, section 8.1.
#[derive(Clone, Debug)]
pub struct LineSearch {
    /// Sufficient-decrease parameter in [0, 1) (dimensionless; default 1e-4).
    pub decrease: f64,
    /// Growth of the residual that is allowed all the same, relative to ||g|| (dimensionless; default 0).
    pub growth: f64,
    /// Most halvings of one step; 0 takes full steps (default 40).
    pub halvings: usize,
}

impl Default for LineSearch {
    fn default() -> Self {
        LineSearch { decrease: 1e-4, growth: 0.0, halvings: 40 }
    }
}

impl LineSearch {
    pub(super) fn validate(&self) -> Result<(), Error> {
        if !(0.0..1.0).contains(&self.decrease) {
            return Err(Error::option("decrease", self.decrease, "it must lie in 0..1"));
        }
        if !self.growth.is_finite() || self.growth < 0.0 {
            return Err(Error::option("growth", self.growth, "it must be finite and not negative"));
        }
        Ok(())
    }
}

/// Scratch memory of the line search.
#[derive(Debug)]
pub(super) struct LineSearchWork<V: Batch> {
    z: V,
    g: V,
    step: Vec<V::Scalar>,
    trial: Vec<V::Scalar>,
    /// ||dz||
    length: Vec<V::Scalar>,
    open: Vec<bool>,
}

impl<V: Batch> LineSearchWork<V> {
    pub fn new(like: &V) -> Self {
        let b = like.samples();
        let numbers = || vec![V::Scalar::default(); b];
        LineSearchWork {
            z: like.zeros(b),
            g: like.zeros(b),
            step: numbers(),
            trial: numbers(),
            length: numbers(),
            open: vec![false; b],
        }
    }
}

impl<V: Batch> Keep for LineSearchWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.z.keep(rows);
        self.g.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.z.reset(samples);
        self.g.reset(samples);
    }
}

/// A step to be tried.
pub(super) struct Correction<'a, V> {
    pub dz: &'a mut V,
    /// Whether dz solves J dz = g: only such a step says, by being small, that a root is near.
    pub exact: bool,
}

/// z <- z - t dz for every active sample, with it.g = g(z). A sample without an acceptable t stays where it is and ends:
/// converged if dz is below the rounding of z, else stagnated or non-finite.
pub(super) fn backtrack<P: Problem>(
    search: &LineSearch,
    problem: &Evaluator<'_, P>,
    it: &mut Iterate<P::State>,
    correction: Correction<'_, P::State>,
    w: &mut LineSearchWork<P::State>,
) -> Eval {
    let Correction { dz, exact } = correction;
    let b = it.z.samples();
    let (zero, one) = (Scalar::<P>::zero(), Scalar::<P>::one());
    w.z.copy_from(&it.z);
    w.g.copy_from(&it.g);
    dz.norms(&mut w.length);
    for i in 0..b {
        if !Float::is_finite(w.length[i]) {
            it.fail(i, Status::Singular);
            // 0 times infinity is not 0
            dz.clear(i);
        }
        w.open[i] = !it.ended(i);
        w.step[i] = if w.open[i] { -one } else { zero };
    }
    let mut shortest = 1.0;
    for halving in 0.. {
        // from the old z, so that rows already accepted come out bitwise the same
        it.z.copy_from(&w.z);
        it.z.add_combination(&w.step[..b], std::slice::from_ref(dz));
        problem.residual(&it.z, &mut it.g)?;
        if search.halvings == 0 {
            return Ok(());
        }
        it.g.norms(&mut w.trial);
        let bound = Scalar::<P>::of(1.0 + search.growth - search.decrease * shortest);
        let grown = Scalar::<P>::of(1.0 + search.growth);
        for i in 0..b {
            // in short steps the bound rounds to 1: the residual must fall all the same
            let falls = w.trial[i] <= bound * it.norm[i] && w.trial[i] < grown * it.norm[i];
            w.open[i] = w.open[i] && !(falls || w.trial[i] <= it.target[i]);
        }
        if !w.open[..b].contains(&true) {
            return Ok(());
        }
        if halving == search.halvings {
            break;
        }
        shortest *= 0.5;
        for (step, _) in w.step.iter_mut().zip(&w.open).filter(|(_, open)| **open) {
            *step *= Scalar::<P>::of(0.5);
        }
    }
    give_up(it, w, exact);
    Ok(())
}

/// Puts the open rows back where they were and ends them.
fn give_up<V: Batch>(it: &mut Iterate<V>, w: &mut LineSearchWork<V>, exact: bool) {
    let rounding = V::Scalar::of(4.0) * <V::Scalar as Float>::epsilon();
    let size = &mut w.step;
    w.z.norms(size);
    for i in (0..it.z.samples()).filter(|&i| w.open[i]) {
        it.z.put(&[i], &w.z, &[i]);
        it.g.put(&[i], &w.g, &[i]);
        if exact && w.length[i] <= rounding * size[i] {
            it.settle(i);
        } else {
            it.fail(i, if Float::is_finite(w.trial[i]) { Status::Stagnated } else { Status::NonFinite });
        }
    }
}
