//! Backtracking line search, per sample, shared by the Newton-like solvers.

use num_traits::{Float, One, Zero};

use super::Iterate;
use super::shortening::{Shortening, Trial};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::{Eval, Evaluator, Problem, Scalar};

/// Step-length control of Newton-like solvers.
///
/// The step is shortened per sample until ||g(z - t dz)|| <= (1 + `growth` - `decrease` t) ||g(z)||. A non-finite residual counts as too large, so that a step out of the domain is shortened instead of failing.
///
/// Source: L. Armijo (1966), doi:10.2140/pjm.1966.16.1; C. T. Kelley (1995), doi:10.1137/1.9781611970944, section 8.1.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct LineSearch {
    /// Sufficient-decrease parameter in [0, 1) (dimensionless; default 1e-4).
    pub decrease: f64,
    /// Growth of the residual that is allowed all the same, relative to ||g|| (dimensionless; default 0).
    pub growth: f64,
    /// How often one step is shortened at most; 0 takes full steps (default 40).
    pub halvings: usize,
    /// How a step is shortened (default by half).
    pub shortening: Shortening,
}

impl Default for LineSearch {
    fn default() -> Self {
        LineSearch { decrease: 1e-4, growth: 0.0, halvings: 40, shortening: Shortening::default() }
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
    /// -t
    step: Vec<V::Scalar>,
    trial: Vec<V::Scalar>,
    before: Vec<Option<Trial>>,
    /// ||dz||
    length: Vec<V::Scalar>,
    open: Vec<bool>,
    rejected: Vec<bool>,
    stuck: Vec<Option<Status>>,
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
            before: vec![None; b],
            length: numbers(),
            open: vec![false; b],
            rejected: vec![false; b],
            stuck: vec![None; b],
        }
    }

    /// How row `i` fails if nothing else is known of it: no step length was acceptable, and the row is where it was.
    pub fn stuck(&self, i: usize) -> Option<Status> {
        self.stuck[i]
    }

    /// Says that row `i` is stuck no longer: a step has been found for it all the same.
    pub fn release(&mut self, i: usize) {
        self.stuck[i] = None;
    }

    /// Ends the rows for which no step length was acceptable.
    pub fn fail_stuck(&self, it: &mut Iterate<V>) {
        for i in 0..it.z.samples() {
            if let Some(status) = self.stuck[i] {
                it.fail(i, status);
            }
        }
    }

    /// Length of the step that row `i` has made.
    pub fn length(&self, i: usize) -> f64 {
        (self.length[i] * self.step[i]).as_f64().abs()
    }

    /// ||g|| of row `i` after a full step, relative to what it was; none after a shorter one.
    pub fn fall(&self, it: &Iterate<V>, i: usize) -> Option<f64> {
        (self.step[i] == -V::Scalar::one()).then(|| self.trial[i].as_f64() / it.norm(i).as_f64())
    }

    /// Two batches that hold nothing between searches.
    pub fn scratch(&mut self) -> (&mut V, &mut V) {
        (&mut self.z, &mut self.g)
    }

    /// Whether the [`Stale`](Direction::Stale) direction of row `i` was of no use: the row is where it was.
    pub fn rejected(&self, i: usize) -> bool {
        self.rejected[i]
    }

    /// Puts row `i` back where it was, for good.
    fn take_back(&mut self, it: &mut Iterate<V>, i: usize) {
        it.z.put(&[i], &self.z, &[i]);
        it.g.put(&[i], &self.g, &[i]);
        self.step[i] = V::Scalar::zero();
        self.open[i] = false;
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

/// What is known of a step dz.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// It solves J dz = g: the residual falls along it, and its being small says that a root is near.
    Newton,
    /// It is meant to reduce the residual.
    Approximate,
    /// It comes from an old Jacobian. If the full step does not do, a new Jacobian is better than a shorter step, and the
    /// row is [rejected](LineSearchWork::rejected) instead of ended.
    Stale,
    /// It is within the tolerance of z: taken wherever it leads, if g is finite there.
    Negligible,
}

/// A step to be tried, and what is known of it row by row.
pub(super) struct Correction<'a, V> {
    pub dz: &'a mut V,
    pub direction: &'a dyn Fn(usize) -> Direction,
}

/// z <- z - t dz for every active sample, with it.g = g(z). A sample without an acceptable t stays where it is, and is
/// [stuck](LineSearchWork::stuck).
pub(super) fn backtrack<P: Problem>(
    search: &LineSearch,
    problem: &Evaluator<'_, P>,
    it: &mut Iterate<P::State>,
    correction: Correction<'_, P::State>,
    w: &mut LineSearchWork<P::State>,
) -> Eval {
    let Correction { dz, direction } = correction;
    let b = it.z.samples();
    start(it, dz, direction, w);
    for shortened in 0.. {
        // from the old z, so that rows already accepted come out bitwise the same
        it.z.copy_from(&w.z);
        it.z.add_combination(&w.step[..b], std::slice::from_ref(dz));
        problem.confine(&w.z, &mut it.z);
        problem.residual(&it.z, &mut it.g)?;
        it.g.norms(&mut w.trial);
        for i in 0..b {
            let stale = direction(i) == Direction::Stale;
            let negligible = direction(i) == Direction::Negligible && Float::is_finite(w.trial[i]);
            w.open[i] = w.open[i] && (search.halvings > 0 || stale) && !negligible && !search.accepts(it, w, i);
            if w.open[i] && stale {
                w.take_back(it, i);
                w.rejected[i] = true;
            }
        }
        if !w.open[..b].contains(&true) {
            return Ok(());
        }
        if shortened == search.halvings {
            break;
        }
        for i in (0..b).filter(|&i| w.open[i]) {
            let last = Trial { t: -w.step[i].as_f64(), value: (w.trial[i] / it.norm(i)).as_f64().powi(2) };
            let t = search.shortening.shorten(direction(i) == Direction::Newton, last, w.before[i]);
            (w.step[i], w.before[i]) = (-Scalar::<P>::of(t), Some(last));
        }
    }
    give_up(it, w);
    Ok(())
}

impl LineSearch {
    /// Whether the trial of row `i` will do.
    fn accepts<V: Batch>(&self, it: &Iterate<V>, w: &LineSearchWork<V>, i: usize) -> bool {
        let bound = V::Scalar::of(1.0 + self.growth + self.decrease * w.step[i].as_f64());
        let grown = V::Scalar::of(1.0 + self.growth);
        // in short steps the bound rounds to 1: the residual must fall all the same
        w.trial[i] <= bound * it.norm(i) && w.trial[i] < grown * it.norm(i)
    }
}

/// Full steps for the active rows, none for the others.
fn start<V: Batch>(it: &mut Iterate<V>, dz: &mut V, direction: &dyn Fn(usize) -> Direction, w: &mut LineSearchWork<V>) {
    w.z.copy_from(&it.z);
    w.g.copy_from(&it.g);
    dz.norms(&mut w.length);
    for i in 0..it.z.samples() {
        let usable = Float::is_finite(w.length[i]);
        w.rejected[i] = !usable && direction(i) == Direction::Stale;
        if !usable {
            // 0 times infinity is not 0
            dz.clear(i);
            if !w.rejected[i] {
                it.fail(i, Status::Singular);
            }
        }
        w.open[i] = usable && !it.ended(i);
        w.step[i] = if w.open[i] { -V::Scalar::one() } else { V::Scalar::zero() };
        w.before[i] = None;
        w.stuck[i] = None;
    }
}

/// Puts the open rows back where they were.
fn give_up<V: Batch>(it: &mut Iterate<V>, w: &mut LineSearchWork<V>) {
    for i in 0..it.z.samples() {
        if w.open[i] {
            w.take_back(it, i);
            w.stuck[i] = Some(if Float::is_finite(w.trial[i]) { Status::Stagnated } else { Status::NonFinite });
        }
    }
}
