//! Broyden's methods with limited memory.

use num_traits::{Float, One, Zero};

use super::backtrack::{Correction, Direction, LineSearch, LineSearchWork, backtrack};
use super::{Iterate, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError};
use crate::linear::Inverse;
use crate::problem::{Active, Evaluator, Problem, Scalar};

/// Which secant update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Update {
    /// Least change of the Jacobian: H <- H + (s - H y) (s^T H) / (s^T H y).
    #[default]
    Good,
    /// Least change of its inverse: H <- H + (s - H y) y^T / (y^T y).
    Bad,
}

/// Broyden's quasi-Newton method on H = I + sum u_i v_i^T, an approximation of J^-1; every coefficient per sample.
///
/// z <- z - t H g with t by backtracking; s and y are the changes of z and g. Once `memory` pairs are stored H starts
/// again from I, so that it always is the inverse its updates define (a ring that drops the oldest pair is not). One
/// evaluation a step and trial; 2 memory + 6 vectors. H remains for the derivative (SHINE).
///
/// Source: C. G. Broyden (1965), doi:10.1090/S0025-5718-1965-0198670-6, methods 1 and 2; limited memory with restart: C. T.
/// Kelley (1995), doi:10.1137/1.9781611970944, section 7.3.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Broyden {
    /// Secant update (default good).
    pub update: Update,
    /// Pairs stored before H starts again from I, at least 1 (default 20).
    pub memory: usize,
    /// Step-length control; quasi-Newton steps may grow the residual at first (default: by less than double).
    pub line_search: LineSearch,
}

impl Default for Broyden {
    fn default() -> Self {
        let line_search = LineSearch { growth: 1.0, halvings: 10, ..LineSearch::default() };
        Broyden { update: Update::Good, memory: 20, line_search }
    }
}

/// H = I + sum u_i v_i^T of a chunk, by slot.
#[derive(Debug)]
pub struct BroydenInverse<V> {
    u: Vec<V>,
    v: Vec<V>,
}

/// Scratch memory of [`Broyden`].
#[derive(Debug)]
pub struct BroydenWork<V: Batch> {
    /// the pairs; handed over at the end of a solve
    u: Vec<V>,
    v: Vec<V>,
    memory: usize,
    pairs: usize,
    dz: V,
    s: V,
    hy: V,
    y: V,
    search: LineSearchWork<V>,
    /// `memory` numbers a sample
    dots: Vec<V::Scalar>,
    numbers: [Vec<V::Scalar>; 3],
}

impl<V: Batch> Keep for BroydenWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.u.keep(rows);
        self.v.keep(rows);
        [&mut self.dz, &mut self.s, &mut self.hy, &mut self.y].into_iter().for_each(|b| b.keep(rows));
        self.search.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.u.reset(samples);
        self.v.reset(samples);
        self.u.resize_with(self.memory, || self.dz.zeros(samples));
        self.v.resize_with(self.memory, || self.dz.zeros(samples));
        [&mut self.dz, &mut self.s, &mut self.hy, &mut self.y].into_iter().for_each(|b| b.reset(samples));
        self.search.reset(samples);
        self.pairs = 0;
    }
}

/// r <- r + sum a_i <b_i, r0> with r0 the r at entry: H r with (a, b) = (u, v), H^T r with (v, u).
fn apply<V: Batch>(a: &[V], b: &[V], r: &mut V, dots: &mut [V::Scalar]) {
    r.dot_many(b, dots);
    r.add_combination(&dots[..r.samples() * a.len()], a);
}

impl<P: Problem> Solver<P> for Broyden {
    type Work = BroydenWork<P::State>;
    type Memory = BroydenInverse<P::State>;

    fn validate(&self) -> Result<(), Error> {
        self.line_search.validate()?;
        if self.memory == 0 {
            return Err(Error::option("memory", 0, "it must be at least 1"));
        }
        Ok(())
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let b = like.samples();
        let pairs = || (0..self.memory).map(|_| like.zeros(b)).collect();
        let numbers = |count| vec![Scalar::<P>::zero(); count];
        BroydenWork {
            u: pairs(),
            v: pairs(),
            memory: self.memory,
            pairs: 0,
            dz: like.zeros(b),
            s: like.zeros(b),
            hy: like.zeros(b),
            y: like.zeros(b),
            search: LineSearchWork::new(like),
            dots: numbers(b * self.memory),
            numbers: std::array::from_fn(|_| numbers(b)),
        }
    }

    fn fits(&self, work: &Self::Work) -> bool {
        work.memory == self.memory
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut Self::Work,
    ) -> Result<(), StepError> {
        let (one, zero) = (Scalar::<P>::one(), Scalar::<P>::zero());
        w.s.copy_from(&it.z);
        w.y.copy_from(&it.g);
        w.dz.copy_from(&it.g);
        apply(&w.u[..w.pairs], &w.v[..w.pairs], &mut w.dz, &mut w.dots);
        let correction = Correction { dz: &mut w.dz, direction: &|_| Direction::Approximate };
        backtrack(&self.line_search, problem, it, correction, &mut w.search)?;
        w.search.fail_stuck(it);
        w.s.axpby(one, &it.z, -one);
        w.y.axpby(one, &it.g, -one);

        if w.pairs == self.memory {
            w.pairs = 0;
        }
        let k = w.pairs;
        w.hy.copy_from(&w.y);
        apply(&w.u[..k], &w.v[..k], &mut w.hy, &mut w.dots);
        // u = (s - H y) / denominator, v = H^T s or y
        let [denominator, size, other] = &mut w.numbers;
        match self.update {
            Update::Good => {
                w.v[k].copy_from(&w.s);
                let (v, known) = (&mut w.v, &w.u[..k]);
                let (before, rest) = v.split_at_mut(k);
                apply(before, known, &mut rest[0], &mut w.dots);
                w.s.dot_many(std::slice::from_ref(&w.hy), denominator);
                w.s.norms(size);
                w.hy.norms(other);
                size.iter_mut().zip(&*other).for_each(|(s, o)| *s *= *o);
            }
            Update::Bad => {
                w.v[k].copy_from(&w.y);
                w.y.dot_many(std::slice::from_ref(&w.y), denominator);
                size.copy_from_slice(denominator);
            }
        }
        let tiny = Float::sqrt(<Scalar<P> as Float>::epsilon()) * Scalar::<P>::of(1e-3);
        for i in 0..it.z.samples() {
            let usable = Float::is_finite(denominator[i]) && Float::abs(denominator[i]) > tiny * size[i];
            denominator[i] = if usable && !it.ended(i) { one / denominator[i] } else { zero };
            if denominator[i] == zero {
                // no update for this sample: a pair of zeros
                w.s.clear(i);
                w.hy.clear(i);
                w.v[k].clear(i);
            }
        }
        w.u[k].copy_from(&w.s);
        w.u[k].axpby(-one, &w.hy, one);
        w.u[k].scale(&denominator[..it.z.samples()]);
        w.pairs += 1;
        Ok(())
    }

    fn compacts(&self) -> bool {
        // the inverse of every sample is wanted at the end
        false
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, w: &mut Self::Work) -> Self::Memory {
        let pairs = |mut all: Vec<P::State>| {
            all.truncate(w.pairs);
            all
        };
        BroydenInverse { u: pairs(std::mem::take(&mut w.u)), v: pairs(std::mem::take(&mut w.v)) }
    }
}

impl<V: Batch> BroydenInverse<V> {
    /// r <- r + sum a_i <b_i, r> at the slots of `at`.
    fn product(a: &[V], b: &[V], at: Active<'_>, r: &mut V) -> bool {
        let slots: Vec<usize> = (0..at.len()).map(|i| at.slot(i).index()).collect();
        let rows: Vec<usize> = (0..at.len()).collect();
        let pick = |all: &[V]| -> Vec<V> {
            let picked = all.iter().map(|x| {
                let mut part = x.zeros(slots.len());
                part.put(&rows, x, &slots);
                part
            });
            picked.collect()
        };
        let mut dots = vec![V::Scalar::zero(); at.len() * a.len()];
        apply(&pick(a), &pick(b), r, &mut dots);
        true
    }
}

impl<V: Batch> Inverse<V> for BroydenInverse<V> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        Self::product(&self.u, &self.v, at, r)
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        Self::product(&self.v, &self.u, at, r)
    }
    fn known(&self, _: usize) -> bool {
        !self.u.is_empty()
    }
}
