//! A solution followed along one parameter.

use std::ops::RangeInclusive;

use super::builder::{Lower, Model};
use super::engine::Engine;
use super::solved::Solved;
use super::system::System;
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::kernels::vector::norm;
use crate::linear::DenseLu;
use crate::outcome::{Ended, Status};
use crate::solve::root::Neighbourhood;

/// A step is tried whole, and in up to this many parts.
const PARTS: usize = 64;
/// Share of a step by which a solution may miss what the derivative at either end has predicted.
const MISS: f64 = 0.2;
/// Steps of this size, relative to the unknowns, are small enough whatever was predicted.
const SMALL: f64 = 0.01;
/// At a fold, where dz/da grows as the inverse root of the distance, so many of the last parts lead beyond it.
const AHEAD: f64 = 4.0;
/// Size up to which the sign of det dg/dz is looked at.
const DENSE: usize = 1000;

/// Solutions at several values of one parameter, each followed from the one before: [`Model::sweep`].
///
/// An iterator. After a value at which the branch can't be followed it yields an error that says so, and ends.
#[derive(Debug)]
pub struct Sweep<'m, F, T: Real> {
    model: &'m Model<F, T>,
    system: System<T>,
    parameter: usize,
    first: f64,
    last: f64,
    step: f64,
    /// of the next value
    count: usize,
    here: Option<Here<T>>,
    start: Vec<T>,
    over: bool,
}

/// Where a sweep is.
#[derive(Clone, Debug)]
struct Here<T> {
    value: f64,
    z: Vec<T>,
    /// dz/da by the parameter; none where the theorem does not hold
    slope: Option<Vec<T>>,
    /// whether det dg/dz is positive, where that is known
    positive: Option<bool>,
}

/// A point and its solution.
type Reached<T> = (Here<T>, Solved<T>);

/// Where an attempt got stuck.
struct Stuck<T> {
    /// the point before the last
    before: Option<Here<T>>,
    last: Here<T>,
    status: Status,
}

impl<T: Real> Stuck<T> {
    /// Whether dz/da grows as it does before a fold that lies within a few of the last parts.
    fn fold(&self) -> bool {
        let Some(before) = &self.before else { return false };
        match (before.steepness(), self.last.steepness()) {
            // the distances to a fold are as the inverse squares of the slopes
            (Some(early), Some(late)) => late > early && early * early <= AHEAD * (late * late - early * early),
            (early, late) => early.is_some() && late.is_none(),
        }
    }
}

/// A solution of a sweep.
#[derive(Debug)]
pub struct Point<T: Engine> {
    /// Value of the parameter.
    pub value: f64,
    /// The solution there.
    pub solved: Solved<T>,
}

impl<F: Lower<T>, T: Engine> Model<F, T> {
    /// Solutions at the values `first`, `first` + `step`, ... up to `last` of parameter `k`, beginning from the
    /// [start](Model::start): each from what the derivative of the one before predicts. A step whose prediction, from either end, is
    /// missed by a fifth of it, or across which det dg/dz changes its sign (n <= 1000), is cut in halves, down to a 64th; where that is not
    /// enough, or a solve fails, the sweep ends with
    /// [`Error::Sweep`] and says whether a fold or another branch is the likely reason.
    ///
    /// ```
    /// use dini::Model;
    /// let model = Model::equation(|z, a| [z[0] * z[0] - a[0]]).parameters(&[1.0]).start(&[1.0]);
    /// for point in model.sweep(0, 1.0..=3.0, 0.5)? {
    ///     let point = point?;
    ///     assert!((point.solved.converged()?[0] - point.value.sqrt()).abs() < 1e-6);
    /// }
    /// // towards 0 there is a fold
    /// let ends = model.sweep(0, 1.0..=-1.0, -0.25)?.last().expect("at least the first");
    /// assert!(matches!(ends, Err(dini::Error::Sweep(ended)) if ended.fold && ended.wanted < 0.1));
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// Cost: a solve, a derivative and a verdict a value, more where steps are cut.
    ///
    /// # Errors
    /// As [`system`](Model::system); [`Error::Option`] for a step that does not lead from first to last; [`Error::Shape`] for a
    /// parameter that is not there; [`Error::Empty`] where no start was given.
    pub fn sweep(&self, k: usize, values: RangeInclusive<f64>, step: f64) -> Result<Sweep<'_, F, T>, Error> {
        let (first, last) = values.into_inner();
        let system = self.system(self.start.len())?;
        let p = system.parameters().width();
        if k >= p {
            let (expected, found) = (format!("an index below {p}"), k.to_string());
            return Err(Error::Shape { what: "the parameter of a sweep", expected, found });
        }
        if system.parameters().samples() != 1 {
            return Err(Error::shape("the parameters of a sweep", (1, p), (system.parameters().samples(), p)));
        }
        let leads = step.is_finite() && first.is_finite() && last.is_finite() && step * (last - first) >= 0.0;
        if !leads || step == 0.0 {
            return Err(Error::option("step", step, "it must be finite and lead from the first value to the last"));
        }
        let start = self.start.clone();
        Ok(Sweep { model: self, system, parameter: k, first, last, step, count: 0, here: None, start, over: false })
    }
}

impl<F: Lower<T>, T: Engine> Sweep<'_, F, T> {
    fn solve(&self, value: f64, z0: &[T]) -> Result<Solved<T>, Error> {
        let mut parameters = self.system.parameters().clone();
        parameters.row_mut(0)[self.parameter] = T::of(value);
        self.model.solve_system(self.system.with_parameters(parameters)?, z0)
    }

    fn here(&self, value: f64, solved: &Solved<T>) -> Result<Here<T>, Error> {
        let slope = solved.jacobian_by(&[self.parameter]).ok().map(Rows::into_vec);
        Ok(Here { value, z: solved.z().to_vec(), slope, positive: positive(solved)? })
    }

    /// The next point on the branch.
    fn follow(&self, from: &Here<T>, wanted: f64) -> Result<Reached<T>, Error> {
        let mut farthest: Option<Stuck<T>> = None;
        let mut parts = 1;
        while parts <= PARTS {
            match self.walk(from, wanted, parts)? {
                Ok(reached) => return Ok(reached),
                Err(stuck) => {
                    let way = |stuck: &Stuck<T>| (stuck.last.value - from.value).abs();
                    if farthest.as_ref().is_none_or(|far| way(&stuck) >= way(far)) {
                        farthest = Some(stuck);
                    }
                }
            }
            parts *= 2;
        }
        let (last, status, fold) = match farthest {
            Some(stuck) => (stuck.last.value, stuck.status, stuck.fold()),
            None => (from.value, Status::Stagnated, false),
        };
        Err(Error::Sweep(Ended { last, wanted, status, fold }))
    }

    /// In so many equal parts.
    fn walk(&self, from: &Here<T>, wanted: f64, parts: usize) -> Result<Result<Reached<T>, Stuck<T>>, Error> {
        let (mut before, mut last) = (None, from.clone());
        for part in 1..parts {
            let value = from.value + (wanted - from.value) * part as f64 / parts as f64;
            match self.step(&last, value)? {
                Ok((next, _)) => before = Some(std::mem::replace(&mut last, next)),
                Err(status) => return Ok(Err(Stuck { before, last, status })),
            }
        }
        Ok(self.step(&last, wanted)?.map_err(|status| Stuck { before, last, status }))
    }

    /// One step, or how its solve ended.
    fn step(&self, from: &Here<T>, value: f64) -> Result<Result<Reached<T>, Status>, Error> {
        let solved = self.solve(value, &from.predicted(value))?;
        if solved.status() != Status::Converged {
            return Ok(Err(solved.status()));
        }
        let next = self.here(value, &solved)?;
        Ok(if from.leads_to(&next) { Ok((next, solved)) } else { Err(Status::Converged) })
    }
}

/// Whether det dg/dz is positive; none where it is 0, or n too large to tell.
fn positive<T: Engine>(solved: &Solved<T>) -> Result<Option<bool>, Error> {
    let (solution, n) = (solved.solution(), solved.z().len());
    if n > DENSE {
        return Ok(None);
    }
    let (_, matrix) = Neighbourhood::new(solution.problem(), solution.z().clone(), 0).map_err(Error::User)?;
    if !matrix.is_finite() {
        return Ok(None);
    }
    let mut lu = DenseLu::new(1, n);
    lu.matrices_mut().copy_from_slice(&matrix.to_dense());
    lu.factor(0);
    Ok(lu.orientation(0))
}

impl<T: Real> Here<T> {
    /// |dz/da|
    fn steepness(&self) -> Option<f64> {
        self.slope.as_ref().map(|slope| norm(slope).as_f64())
    }

    /// z at another value, to first order where there is a derivative.
    fn predicted(&self, value: f64) -> Vec<T> {
        match &self.slope {
            Some(slope) => {
                let change = T::of(value - self.value);
                self.z.iter().zip(slope).map(|(&z, &slope)| z + slope * change).collect()
            }
            None => self.z.clone(),
        }
    }

    /// Whether two solutions lie on one branch as far as the derivatives at both say: each predicts the other, or all is small.
    fn leads_to(&self, next: &Here<T>) -> bool {
        let turned = self.positive.is_some_and(|a| next.positive.is_some_and(|b| a != b));
        if turned || self.slope.is_none() || next.slope.is_none() {
            return false;
        }
        let (ahead, back) = (self.predicted(next.value), next.predicted(self.value));
        let distance = |a: &[T], b: &[T]| {
            let relative = |(j, (a, b)): (usize, (&T, &T))| {
                let size = self.z[j].as_f64().abs().max(next.z[j].as_f64().abs());
                if a == b { 0.0 } else { (*a - *b).as_f64().abs() / size }
            };
            a.iter().zip(b).enumerate().map(relative).fold(0.0, f64::max)
        };
        let reach = distance(&ahead, &self.z).max(distance(&back, &next.z)).max(distance(&next.z, &self.z));
        let miss = distance(&ahead, &next.z).max(distance(&back, &self.z));
        miss <= MISS * reach || reach <= SMALL
    }
}

impl<F: Lower<T>, T: Engine> Iterator for Sweep<'_, F, T> {
    type Item = Result<Point<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let value = self.first + self.count as f64 * self.step;
        // a last value that rounding has moved is one all the same
        let beyond = (value - self.last) / self.step;
        if self.over || beyond > 1e-9 {
            return None;
        }
        let value = if beyond > -1e-9 { self.last } else { value };
        self.count += 1;
        let reached = match &self.here {
            Some(here) => self.follow(here, value),
            None => self.solve(value, &self.start).and_then(|solved| Ok((self.here(value, &solved)?, solved))),
        };
        Some(match reached {
            Ok((_, solved)) if solved.status() != Status::Converged => {
                self.over = true;
                let (last, status) = (value, solved.status());
                Err(Error::Sweep(Ended { last, wanted: value, status, fold: false }))
            }
            Ok((here, solved)) => {
                self.here = Some(here);
                Ok(Point { value, solved })
            }
            Err(error) => {
                self.over = true;
                Err(error)
            }
        })
    }
}
