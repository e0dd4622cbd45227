//! The stabilised biconjugate gradient method, per sample.

use num_traits::{Float, Zero};

use super::System;
use super::cycle::{self, Cycle, add, advance, at_least_one, dot, reset};
use super::sample::{Sample, afford};
use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::problem::Eval;

/// BiCGStab with right preconditioning; matrix-free, short recurrences, every coefficient per sample.
///
/// Two products and two preconditionings an iteration, seven vectors of memory however many iterations. Its residual need
/// not fall in every step. Where a coefficient would divide by zero, or the recurrences and the measured residual part, it
/// starts again from where it is; where that gains nothing the sample ends as
/// [`Stop::Breakdown`](crate::outcome::Stop::Breakdown) or [`Stop::Stagnated`](crate::outcome::Stop::Stagnated). The x returned is the best
/// whose residual was measured. Not for skew-symmetric A, whose first step breaks down: [`Gmres`](super::Gmres) there.
///
/// ```
/// use dini::Rows;
/// use dini::linear::{BiCgStab, LinearSolver, System};
/// // A = [4 1; 0 2], b = [5, 2]
/// let mut system = System {
///     operator: &mut |v: &Rows<f64>, out: &mut Rows<f64>| {
///         out.row_mut(0).copy_from_slice(&[4.0 * v.row(0)[0] + v.row(0)[1], 2.0 * v.row(0)[1]]);
///         Ok(())
///     },
///     transpose: &mut |u: &Rows<f64>, out: &mut Rows<f64>| {
///         out.row_mut(0).copy_from_slice(&[4.0 * u.row(0)[0], u.row(0)[0] + 2.0 * u.row(0)[1]]);
///         Ok(())
///     },
///     precondition: &|_| false,
///     precondition_transpose: &|_| false,
/// };
/// let (b, mut x) = (Rows::from_vec(1, 2, vec![5.0, 2.0])?, Rows::new(1, 2));
/// let records = BiCgStab::default().solve(&mut system, &b, &mut x, 1e-12).unwrap();
/// assert!(records[0].converged() && (x.row(0)[0] - 1.0).abs() < 1e-10);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: H. A. van der Vorst (1992), doi:10.1137/0913035.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct BiCgStab {
    /// Most products with the operator, those that measure the residual included (default 500).
    pub max_iterations: usize,
}

impl Default for BiCgStab {
    fn default() -> Self {
        BiCgStab { max_iterations: 500 }
    }
}

/// Scratch memory of [`BiCgStab`].
#[derive(Debug)]
pub(super) struct Vectors<V: Batch> {
    r: V,
    /// the residual that the recurrences are kept orthogonal to
    shadow: V,
    p: V,
    /// v = A M^-1 p, t = A M^-1 r
    v: V,
    t: V,
    y: V,
    rows: Vec<Row<V::Scalar>>,
    /// coefficients of an update, inner products and norms
    c: Vec<V::Scalar>,
    dots: Vec<V::Scalar>,
    norms: Vec<V::Scalar>,
    norms_t: Vec<V::Scalar>,
}

/// Coefficients of one sample.
#[derive(Clone, Copy, Debug, Default)]
struct Row<T> {
    rho: T,
    alpha: T,
    omega: T,
}

impl<V: Batch> Cycle<V> for BiCgStab {
    type Work = Vectors<V>;

    fn validate(&self) -> Result<(), Error> {
        at_least_one("max_iterations", self.max_iterations)
    }

    fn max_iterations(&self) -> usize {
        self.max_iterations
    }

    fn work(&self, like: &V) -> Vectors<V> {
        let b = like.samples();
        let (vector, numbers) = (|| like.zeros(b), || vec![V::Scalar::zero(); b]);
        Vectors {
            r: vector(),
            shadow: vector(),
            p: vector(),
            v: vector(),
            t: vector(),
            y: vector(),
            rows: vec![Row::default(); b],
            c: numbers(),
            dots: numbers(),
            norms: numbers(),
            norms_t: numbers(),
        }
    }

    fn reset(w: &mut Vectors<V>, samples: usize) {
        reset([&mut w.r, &mut w.shadow, &mut w.p, &mut w.v, &mut w.t, &mut w.y], samples);
    }

    fn residual(work: &mut Vectors<V>) -> &mut V {
        &mut work.r
    }

    fn cycle(
        &self,
        system: &mut System<'_, V>,
        z: &mut V,
        samples: &mut [Sample<V::Scalar>],
        w: &mut Vectors<V>,
    ) -> Eval {
        w.shadow.copy_from(&w.r);
        w.p.copy_from(&w.r);
        dot(&w.r, &w.shadow, &mut w.dots);
        w.rows.iter_mut().zip(&w.dots).for_each(|(row, rho)| row.rho = *rho);
        cycle::zero(z, &w.r);
        while afford(samples, 2) {
            w.along_p(system, z, samples)?;
            w.along_r(system, z, samples)?;
            w.turn(samples);
        }
        Ok(())
    }
}

impl<V: Batch> Vectors<V> {
    /// v <- A M^-1 p, r <- r - alpha v with r orthogonal to the shadow.
    fn along_p(&mut self, system: &mut System<'_, V>, z: &mut V, samples: &mut [Sample<V::Scalar>]) -> Eval {
        self.y.copy_from(&self.p);
        (system.precondition)(&mut self.y);
        (system.operator)(&self.y, &mut self.v)?;
        dot(&self.v, &self.shadow, &mut self.dots);
        self.v.norms(&mut self.norms);
        for (s, (sample, row)) in samples.iter_mut().zip(&mut self.rows).enumerate() {
            // the shadow has norm one
            let divisible = sample.divisible(self.dots[s], self.norms[s]);
            row.alpha = if divisible { row.rho / self.dots[s] } else { V::Scalar::zero() };
            self.c[s] = row.alpha;
        }
        advance(samples, &mut self.c, (z, &self.y), (&mut self.r, &self.v), &mut self.norms);
        Ok(())
    }

    /// t <- A M^-1 r, r <- r - omega t with the shortest r.
    fn along_r(&mut self, system: &mut System<'_, V>, z: &mut V, samples: &mut [Sample<V::Scalar>]) -> Eval {
        self.y.copy_from(&self.r);
        (system.precondition)(&mut self.y);
        (system.operator)(&self.y, &mut self.t)?;
        dot(&self.t, &self.r, &mut self.dots);
        self.t.norms(&mut self.norms_t);
        for (s, (sample, row)) in samples.iter_mut().zip(&mut self.rows).enumerate() {
            // omega = <t, r> / <t, t>, without squares that may overflow
            let length = self.norms_t[s].max(V::Scalar::min_positive_value());
            let along = self.dots[s] / length;
            let divisible = sample.divisible(along, self.norms[s]);
            row.omega = if divisible { along / length } else { V::Scalar::zero() };
            self.c[s] = row.omega;
        }
        advance(samples, &mut self.c, (z, &self.y), (&mut self.r, &self.t), &mut self.norms);
        Ok(())
    }

    /// p <- r + beta (p - omega v)
    fn turn(&mut self, samples: &mut [Sample<V::Scalar>]) {
        dot(&self.r, &self.shadow, &mut self.dots);
        // c still holds -omega
        add(&mut self.p, &self.c, &self.v);
        for (s, (sample, row)) in samples.iter_mut().zip(&mut self.rows).enumerate() {
            let rho = self.dots[s];
            let divisible = sample.divisible(rho, self.norms[s]);
            self.c[s] = if divisible { (rho / row.rho) * (row.alpha / row.omega) } else { V::Scalar::zero() };
            row.rho = rho;
        }
        self.p.scale(&self.c[..samples.len()]);
        self.p.axpby(V::Scalar::of(1.0), &self.r, V::Scalar::of(1.0));
    }
}
