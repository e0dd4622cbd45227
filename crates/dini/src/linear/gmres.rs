//! Restarted GMRES, per sample.

use num_traits::{Float, One, Zero};

use super::System;
use super::cycle::{self, Cycle, at_least_one};
use super::sample::{Sample, afford};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::outcome::Stop;
use crate::problem::Eval;

/// GMRES(m) with right preconditioning; matrix-free, every coefficient per sample.
///
/// One product and one preconditioning an iteration, m + 2 vectors of memory. Gram-Schmidt with a second pass where the
/// first has cancelled more than a factor of ten. The residual is recomputed at every restart and at the end, so that
/// "converged" is measured, not estimated.
///
/// Source: Y. Saad and M. H. Schultz (1986), doi:10.1137/0907058, algorithm 4; right preconditioning: Y. Saad (2003),
/// doi:10.1137/1.9780898718003, algorithm 9.5.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Gmres {
    /// Basis vectors between restarts, at least 1 (default 30).
    pub restart: usize,
    /// Most products with the operator, restarts included (default 500).
    pub max_iterations: usize,
}

impl Default for Gmres {
    fn default() -> Self {
        Gmres { restart: 30, max_iterations: 500 }
    }
}

/// Scratch memory of [`Gmres`].
#[derive(Debug)]
pub(super) struct Basis<V: Batch> {
    basis: Vec<V>,
    rows: Vec<Row<V::Scalar>>,
    /// m + 1 numbers a sample each
    dots: Vec<V::Scalar>,
    norms: Vec<V::Scalar>,
    scales: Vec<V::Scalar>,
}

/// The small least-squares problem of one sample: Hessenberg columns reduced by Givens rotations.
#[derive(Clone, Debug, Default)]
struct Row<T> {
    /// column k at k (m + 1) ..
    h: Vec<T>,
    rhs: Vec<T>,
    cos: Vec<T>,
    sin: Vec<T>,
    used: usize,
}

impl<V: Batch> Cycle<V> for Gmres {
    type Work = Basis<V>;

    fn validate(&self) -> Result<(), Error> {
        at_least_one("restart", self.restart)?;
        at_least_one("max_iterations", self.max_iterations)
    }

    fn sized(&self, n: usize) -> Self {
        // no more than n vectors are independent
        Gmres { restart: self.restart.min(n).max(1), ..*self }
    }

    fn max_iterations(&self) -> usize {
        self.max_iterations
    }

    fn work(&self, like: &V) -> Basis<V> {
        let (m, b) = (self.restart, like.samples());
        let numbers = |count| vec![V::Scalar::zero(); count];
        let row = Row { h: numbers(m * (m + 1)), rhs: numbers(m + 1), cos: numbers(m), sin: numbers(m), used: 0 };
        Basis {
            basis: (0..=m).map(|_| like.zeros(b)).collect(),
            rows: vec![row; b],
            dots: numbers(b * (m + 1)),
            norms: numbers(b),
            scales: numbers(b),
        }
    }

    fn reset(work: &mut Basis<V>, samples: usize) {
        work.basis.reset(samples);
    }

    fn residual(work: &mut Basis<V>) -> &mut V {
        &mut work.basis[0]
    }

    /// Up to m Arnoldi steps.
    fn cycle(
        &self,
        system: &mut System<'_, V>,
        z: &mut V,
        samples: &mut [Sample<V::Scalar>],
        w: &mut Basis<V>,
    ) -> Eval {
        let m = self.restart;
        w.rows.iter_mut().for_each(Row::start);
        let mut k = 0;
        while k < m && afford(samples, 1) {
            let (known, rest) = w.basis.split_at_mut(k + 1);
            let v = &mut rest[0];
            z.copy_from(&known[k]);
            (system.precondition)(z);
            (system.operator)(z, v)?;
            orthogonalise(v, known, m, &mut w.rows, &mut w.dots, &mut w.norms);
            for (s, (sample, row)) in samples.iter_mut().zip(&mut w.rows).enumerate() {
                w.scales[s] = V::Scalar::zero();
                if sample.running && row.rotate(k, m, w.norms[s], sample) {
                    sample.running = row.rhs[k + 1].abs() > sample.goal && w.norms[s] > V::Scalar::zero();
                }
                if sample.running {
                    w.scales[s] = V::Scalar::one() / w.norms[s];
                }
            }
            v.scale(&w.scales[..samples.len()]);
            k += 1;
        }
        w.combine(z, k, m);
        (system.precondition)(z);
        Ok(())
    }
}

/// v <- v minus its projections on `known`, recorded in column k of the Hessenberg matrices; norms <- ||v||.
fn orthogonalise<V: Batch>(
    v: &mut V,
    known: &[V],
    m: usize,
    rows: &mut [Row<V::Scalar>],
    dots: &mut [V::Scalar],
    norms: &mut [V::Scalar],
) {
    let (zero, samples, count) = (V::Scalar::zero(), v.samples(), known.len());
    let k = count - 1;
    let column = k * (m + 1)..k * (m + 1) + count;
    for second in [false, true] {
        // a second pass only where the first has cancelled: coefficient 0 leaves the others bitwise as they are
        let wanted = |s: usize, row: &Row<V::Scalar>| {
            let sum = || row.h[column.clone()].iter().fold(zero, |sum, &h| sum + h * h);
            !second || norms[s] * norms[s] < V::Scalar::of(0.01) * sum()
        };
        if !rows.iter().take(samples).enumerate().any(|(s, row)| wanted(s, row)) {
            return;
        }
        v.dot_many(known, dots);
        for (s, (row, dots)) in rows.iter_mut().zip(dots.chunks_exact_mut(count)).take(samples).enumerate() {
            let wanted = wanted(s, row);
            for (h, d) in row.h[column.clone()].iter_mut().zip(dots) {
                match (second, wanted) {
                    (false, _) => *h = *d,
                    (true, true) => *h += *d,
                    (true, false) => *d = zero,
                }
                *d = -*d;
            }
        }
        v.add_combination(&dots[..samples * count], known);
        v.norms(norms);
    }
}

impl<T: Real> Row<T> {
    fn start(&mut self) {
        self.used = 0;
        self.rhs.fill(T::zero());
        self.rhs[0] = T::one();
    }

    /// Takes up column k with subdiagonal `next`; false if the column is zero or not finite, which ends the sample.
    fn rotate(&mut self, k: usize, m: usize, next: T, sample: &mut Sample<T>) -> bool {
        let column = &mut self.h[k * (m + 1)..(k + 1) * (m + 1)];
        for i in 0..k {
            let (upper, lower) = (column[i], column[i + 1]);
            column[i] = self.cos[i] * upper + self.sin[i] * lower;
            column[i + 1] = self.cos[i] * lower - self.sin[i] * upper;
        }
        let radius = column[k].hypot(next);
        if !radius.is_finite() {
            sample.give_up(Stop::NonFinite);
            return false;
        }
        sample.pivot(radius);
        if radius == T::zero() {
            sample.give_up(Stop::Breakdown);
            return false;
        }
        (self.cos[k], self.sin[k]) = (column[k] / radius, next / radius);
        column[k] = radius;
        self.rhs[k + 1] = -self.sin[k] * self.rhs[k];
        self.rhs[k] = self.cos[k] * self.rhs[k];
        self.used = k + 1;
        true
    }
}

impl<V: Batch> Basis<V> {
    /// z <- sum_i y_i basis_i over `steps` vectors, with y from the triangular systems.
    fn combine(&mut self, z: &mut V, steps: usize, m: usize) {
        let (zero, samples) = (V::Scalar::zero(), z.samples());
        for (s, row) in self.rows.iter().enumerate().take(samples) {
            let y = &mut self.dots[s * steps..(s + 1) * steps];
            y.fill(zero);
            for i in (0..row.used).rev() {
                let known = (i + 1..row.used).fold(zero, |sum, j| sum + row.h[j * (m + 1) + i] * y[j]);
                y[i] = (row.rhs[i] - known) / row.h[i * (m + 1) + i];
            }
        }
        cycle::zero(z, &self.basis[0]);
        z.add_combination(&self.dots[..samples * steps], &self.basis[..steps]);
    }
}
