//! Restarted GMRES, per sample.

use std::cmp::Ordering::Less;

use num_traits::{Float, One, Zero};

use super::{LinearRecord, LinearSolver, System};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, UserError};

/// GMRES(m) with right preconditioning; matrix-free, every coefficient per sample.
///
/// One product and one preconditioning an iteration, m + 2 vectors of memory. Gram-Schmidt with a second pass where the
/// first has cancelled more than a factor of ten. The residual is recomputed at every restart and at the end, so that
/// "converged" is measured, not estimated.
///
/// Source: Y. Saad and M. H. Schultz (1986), doi:10.1137/0907058, algorithm 4; right preconditioning: Y. Saad (2003),
/// doi:10.1137/1.9780898718003, algorithm 9.5.
#[derive(Clone, Debug)]
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
pub struct GmresWork<V: Batch> {
    basis: Vec<V>,
    z: V,
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
    running: bool,
    norm_b: T,
    /// largest and smallest diagonal of the triangular factor seen
    largest: f64,
    smallest: f64,
    products: usize,
    /// residual norm at the last restart
    restarted: T,
}

impl Gmres {
    /// Scratch memory for batches like `like`.
    pub fn work<V: Batch>(&self, like: &V) -> GmresWork<V> {
        let (m, b) = (self.restart, like.samples());
        let numbers = |count| vec![V::Scalar::zero(); count];
        let row =
            Row { h: numbers(m * (m + 1)), rhs: numbers(m + 1), cos: numbers(m), sin: numbers(m), ..Row::default() };
        GmresWork {
            basis: (0..=m).map(|_| like.zeros(b)).collect(),
            z: like.zeros(b),
            rows: vec![row; b],
            dots: numbers(b * (m + 1)),
            norms: numbers(b),
            scales: numbers(b),
        }
    }

    /// Solves A x = b to ||b - A x_s|| <= tolerance\[s\] ||b_s|| from x = 0, without allocating.
    ///
    /// # Errors
    /// A fatal error of the operator.
    pub fn solve_in<V: Batch>(
        &self,
        system: &mut System<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: &[V::Scalar],
        w: &mut GmresWork<V>,
        out: &mut [LinearRecord],
    ) -> Result<(), UserError> {
        let (one, zero) = (V::Scalar::one(), V::Scalar::zero());
        let samples = b.samples();
        w.basis.reset(samples);
        w.z.reset(samples);
        b.norms(&mut w.norms);
        for (row, &norm) in w.rows.iter_mut().zip(&w.norms) {
            (row.norm_b, row.products, row.largest, row.smallest) = (norm, 0, 0.0, f64::INFINITY);
        }
        x.axpby(zero, b, zero);
        let mut products = 0;
        loop {
            // r = b - A x
            if products == 0 {
                w.basis[0].copy_from(b);
            } else {
                (system.operator)(x, &mut w.z)?;
                products += 1;
                w.basis[0].copy_from(b);
                w.basis[0].axpby(-one, &w.z, one);
            }
            w.basis[0].norms(&mut w.norms);
            let mut running = 0;
            for s in 0..samples {
                let (row, norm) = (&mut w.rows[s], w.norms[s]);
                let target = tolerance[s] * row.norm_b;
                // a cycle that gained nothing will gain nothing again
                let stalled = products > 0 && norm.partial_cmp(&(V::Scalar::of(0.999) * row.restarted)) != Some(Less);
                row.restarted = norm;
                row.running = norm > target && !stalled;
                row.used = 0;
                row.rhs.fill(zero);
                row.rhs[0] = norm;
                w.scales[s] = if row.running { one / norm } else { zero };
                running += usize::from(row.running);
                out[s] = LinearRecord {
                    converged: norm <= target,
                    residual: if row.norm_b == zero { 0.0 } else { (norm / row.norm_b).as_f64() },
                    iterations: row.products,
                    condition: if row.smallest > 0.0 { (row.largest / row.smallest).max(1.0) } else { f64::INFINITY },
                };
            }
            // another cycle needs a product for its first step and one to measure its result
            if running == 0 || products + 2 > self.max_iterations {
                return Ok(());
            }
            w.basis[0].scale(&w.scales[..samples]);
            let steps = self.cycle(system, tolerance, w, running, &mut products)?;
            if steps == 0 {
                return Ok(());
            }
            w.combine(steps, self.restart);
            (system.precondition)(&mut w.z);
            x.axpby(one, &w.z, one);
        }
    }

    /// Up to `restart` Arnoldi steps; returns their number.
    fn cycle<V: Batch>(
        &self,
        system: &mut System<'_, V>,
        tolerance: &[V::Scalar],
        w: &mut GmresWork<V>,
        mut running: usize,
        products: &mut usize,
    ) -> Result<usize, UserError> {
        let (m, samples) = (self.restart, w.z.samples());
        let (one, zero) = (V::Scalar::one(), V::Scalar::zero());
        let mut k = 0;
        while k < m && running > 0 && *products + 1 < self.max_iterations {
            let (known, rest) = w.basis.split_at_mut(k + 1);
            let v = &mut rest[0];
            w.z.copy_from(&known[k]);
            (system.precondition)(&mut w.z);
            (system.operator)(&w.z, v)?;
            *products += 1;
            orthogonalise(v, known, m, &mut w.rows, &mut w.dots, &mut w.norms);
            for (s, row) in w.rows.iter_mut().enumerate().take(samples) {
                w.scales[s] = zero;
                if !row.running {
                    continue;
                }
                row.products += 1;
                let next = w.norms[s];
                if row.rotate(k, m, next) && row.rhs[k + 1].abs() > tolerance[s] * row.norm_b && next > zero {
                    w.scales[s] = one / next;
                } else {
                    row.running = false;
                    running -= 1;
                }
            }
            v.scale(&w.scales[..samples]);
            k += 1;
        }
        Ok(k)
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
    for second in [false, true] {
        v.dot_many(known, dots);
        let mut needed = !second;
        for s in 0..samples {
            let column = &mut rows[s].h[k * (m + 1)..k * (m + 1) + count];
            let dots = &mut dots[s * count..(s + 1) * count];
            // a second pass only where the first has cancelled: coefficient 0 leaves the others bitwise as they are
            let sum: V::Scalar = column.iter().fold(zero, |sum, &h| sum + h * h);
            let cancelled = second && norms[s] * norms[s] < V::Scalar::of(0.01) * sum;
            needed |= cancelled;
            for (h, d) in column.iter_mut().zip(dots) {
                match (second, cancelled) {
                    (false, _) => *h = *d,
                    (true, true) => *h += *d,
                    (true, false) => *d = zero,
                }
                *d = -*d;
            }
        }
        if !needed {
            return;
        }
        v.add_combination(&dots[..samples * count], known);
        v.norms(norms);
    }
}

impl<T: Real> Row<T> {
    /// Takes up column k with subdiagonal `next`; false if the column is zero or not finite, which ends the sample.
    fn rotate(&mut self, k: usize, m: usize, next: T) -> bool {
        let column = &mut self.h[k * (m + 1)..(k + 1) * (m + 1)];
        for i in 0..k {
            let (upper, lower) = (column[i], column[i + 1]);
            column[i] = self.cos[i] * upper + self.sin[i] * lower;
            column[i + 1] = self.cos[i] * lower - self.sin[i] * upper;
        }
        let radius = column[k].hypot(next);
        if !(radius > T::zero() && radius.is_finite()) {
            self.smallest = 0.0;
            return false;
        }
        (self.cos[k], self.sin[k]) = (column[k] / radius, next / radius);
        column[k] = radius;
        self.largest = self.largest.max(radius.as_f64());
        self.smallest = self.smallest.min(radius.as_f64());
        self.rhs[k + 1] = -self.sin[k] * self.rhs[k];
        self.rhs[k] = self.cos[k] * self.rhs[k];
        self.used = k + 1;
        true
    }
}

impl<V: Batch> GmresWork<V> {
    /// The `restart` this memory was made for.
    pub fn restart(&self) -> usize {
        self.basis.len() - 1
    }

    /// z <- sum_i y_i basis_i with y from the triangular systems.
    fn combine(&mut self, steps: usize, m: usize) {
        let zero = V::Scalar::zero();
        for (s, row) in self.rows.iter().enumerate().take(self.z.samples()) {
            let y = &mut self.dots[s * steps..(s + 1) * steps];
            y.fill(zero);
            for i in (0..row.used).rev() {
                let known = (i + 1..row.used).fold(zero, |sum, j| sum + row.h[j * (m + 1) + i] * y[j]);
                y[i] = (row.rhs[i] - known) / row.h[i * (m + 1) + i];
            }
        }
        let nothing = &self.basis[0];
        self.z.axpby(zero, nothing, zero);
        self.z.add_combination(&self.dots[..self.z.samples() * steps], &self.basis[..steps]);
    }
}

impl<V: Batch> LinearSolver<V> for Gmres {
    fn validate(&self) -> Result<(), Error> {
        for (name, value) in [("restart", self.restart), ("max_iterations", self.max_iterations)] {
            if value == 0 {
                return Err(Error::option(name, value, "it must be at least 1"));
            }
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
        let mut records = vec![LinearRecord::default(); b.samples()];
        let tolerance = vec![V::Scalar::of(tolerance); b.samples()];
        let sized = Gmres { restart: self.restart.min(b.width()), ..*self };
        sized.solve_in(system, b, x, &tolerance, &mut sized.work(b), &mut records)?;
        Ok(records)
    }
}
