//! The method of conjugate gradients, per sample.

use num_traits::{One, Zero};

use super::System;
use super::cycle::{self, Cycle, advance, at_least_one, dot, reset};
use super::sample::{Sample, afford};
use crate::batch::Batch;
use crate::error::Error;
use crate::problem::Eval;

/// Preconditioned conjugate gradients, for symmetric positive definite A and M; matrix-free, every coefficient per sample.
///
/// One product and one preconditioning an iteration, five vectors of memory. A direction p with p^T A p <= 0, or a residual
/// with r^T M^-1 r <= 0, shows that A or M is not positive definite and ends the sample as
/// [`Stop::NotPositiveDefinite`](crate::outcome::Stop::NotPositiveDefinite). Symmetry is not checked: with another A it stagnates,
/// and says so, because the residual is measured before convergence is claimed.
///
/// ```
/// use dini::Rows;
/// use dini::linear::{Cg, LinearSolver, System};
/// use dini::outcome::Stop;
/// // A = diag(1, -1) has negative curvature along b = [0, 1]
/// let mut flip = |v: &Rows<f64>, out: &mut Rows<f64>| {
///     out.row_mut(0).copy_from_slice(&[v.row(0)[0], -v.row(0)[1]]);
///     Ok(())
/// };
/// let mut same = flip;
/// let mut system = System {
///     operator: &mut flip,
///     transpose: &mut same,
///     precondition: &|_| false,
///     precondition_transpose: &|_| false,
/// };
/// let (b, mut x) = (Rows::from_vec(1, 2, vec![0.0, 1.0])?, Rows::new(1, 2));
/// let records = Cg::default().solve(&mut system, &b, &mut x, 1e-12).unwrap();
/// assert_eq!(records[0].stop, Stop::NotPositiveDefinite);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: M. R. Hestenes and E. Stiefel (1952), doi:10.6028/jres.049.044; preconditioned: Y. Saad (2003),
/// doi:10.1137/1.9780898718003, algorithm 9.1.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Cg {
    /// Most products with the operator, those that measure the residual included (default 500).
    pub max_iterations: usize,
}

impl Default for Cg {
    fn default() -> Self {
        Cg { max_iterations: 500 }
    }
}

/// Scratch memory of [`Cg`].
#[derive(Debug)]
pub(super) struct Vectors<V: Batch> {
    r: V,
    p: V,
    /// A p
    q: V,
    /// M^-1 r
    y: V,
    rho: Vec<V::Scalar>,
    /// coefficients of an update, inner products
    c: Vec<V::Scalar>,
    dots: Vec<V::Scalar>,
}

impl<V: Batch> Cycle<V> for Cg {
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
        Vectors { r: vector(), p: vector(), q: vector(), y: vector(), rho: numbers(), c: numbers(), dots: numbers() }
    }

    fn reset(w: &mut Vectors<V>, samples: usize) {
        reset([&mut w.r, &mut w.p, &mut w.q, &mut w.y], samples);
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
        cycle::zero(z, &w.r);
        cycle::zero(&mut w.p, &w.r);
        w.rho.fill(V::Scalar::one());
        w.turn(system, samples);
        while afford(samples, 1) {
            w.advance(system, z, samples)?;
            w.turn(system, samples);
        }
        Ok(())
    }
}

impl<V: Batch> Vectors<V> {
    /// r <- r - alpha A p
    fn advance(&mut self, system: &mut System<'_, V>, z: &mut V, samples: &mut [Sample<V::Scalar>]) -> Eval {
        (system.operator)(&self.p, &mut self.q)?;
        dot(&self.q, &self.p, &mut self.dots);
        for (s, sample) in samples.iter_mut().enumerate() {
            let alpha = if sample.positive(self.dots[s]) { self.rho[s] / self.dots[s] } else { V::Scalar::zero() };
            self.c[s] = alpha;
        }
        advance(samples, &mut self.c, (z, &self.p), (&mut self.r, &self.q), &mut self.dots);
        Ok(())
    }

    /// p <- M^-1 r + beta p
    fn turn(&mut self, system: &mut System<'_, V>, samples: &mut [Sample<V::Scalar>]) {
        self.y.copy_from(&self.r);
        (system.precondition)(&mut self.y);
        dot(&self.r, &self.y, &mut self.dots);
        for (s, sample) in samples.iter_mut().enumerate() {
            let rho = self.dots[s];
            self.c[s] = if sample.positive(rho) { rho / self.rho[s] } else { V::Scalar::zero() };
            self.rho[s] = rho;
        }
        self.p.scale(&self.c[..samples.len()]);
        self.p.axpby(V::Scalar::one(), &self.y, V::Scalar::one());
    }
}
