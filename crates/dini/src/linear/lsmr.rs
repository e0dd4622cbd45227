//! LSMR, per sample: least squares by bidiagonalisation.

use num_traits::{Float, One, Zero};

use super::System;
use super::cycle::{self, Cycle, add, at_least_one, reset};
use super::sample::{Sample, afford};
use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::outcome::Stop;
use crate::problem::Eval;

/// LSMR with right preconditioning: MINRES on A^T A x = A^T b, by products with A and A^T; every coefficient per sample.
///
/// Neither symmetry nor definiteness is needed, and ||A^T r|| never grows; the number of iterations grows with the condition
/// number of A M^-1, not with its square root as that of [`Cg`](super::Cg). Two products (one with A, one with A^T) and two
/// preconditionings an iteration, seven vectors of memory. An inconsistent system ends as [`Stop::Stagnated`] at the x
/// of least residual.
///
/// ```
/// use dini::Rows;
/// use dini::linear::{LinearSolver, Lsmr, System};
/// // the rotation A = [0 -1; 1 0], in which BiCGStab breaks down
/// let mut system = System {
///     operator: &mut |v: &Rows<f64>, out: &mut Rows<f64>| {
///         out.row_mut(0).copy_from_slice(&[-v.row(0)[1], v.row(0)[0]]);
///         Ok(())
///     },
///     transpose: &mut |u: &Rows<f64>, out: &mut Rows<f64>| {
///         out.row_mut(0).copy_from_slice(&[u.row(0)[1], -u.row(0)[0]]);
///         Ok(())
///     },
///     precondition: &|_| false,
///     precondition_transpose: &|_| false,
/// };
/// let (b, mut x) = (Rows::from_vec(1, 2, vec![1.0, 2.0])?, Rows::new(1, 2));
/// let records = Lsmr::default().solve(&mut system, &b, &mut x, 1e-12).unwrap();
/// assert!(records[0].converged());
/// assert_eq!(x.row(0).iter().map(|v| v.round()).collect::<Vec<_>>(), [2.0, -1.0]);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: D. C.-L. Fong and M. A. Saunders (2011), doi:10.1137/10079687X, sections 2 and 5.1.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Lsmr {
    /// Most products with the operator and its transpose, those that measure the residual included (default 1000).
    pub max_iterations: usize,
}

impl Default for Lsmr {
    fn default() -> Self {
        Lsmr { max_iterations: 1000 }
    }
}

/// Scratch memory of [`Lsmr`], in the notation of its source.
#[derive(Debug)]
pub(super) struct Vectors<V: Batch> {
    u: V,
    v: V,
    h: V,
    h_bar: V,
    y: V,
    q: V,
    rows: Vec<Row<V::Scalar>>,
    coefficients: Vec<Coefficients<V::Scalar>>,
    alpha: Vec<V::Scalar>,
    beta: Vec<V::Scalar>,
    c: Vec<V::Scalar>,
}

/// The two QR factorisations of one sample, and the residual that follows from them.
#[derive(Clone, Copy, Debug, Default)]
struct Row<T> {
    alpha_bar: T,
    zeta_bar: T,
    rho: T,
    rho_bar: T,
    c_bar: T,
    s_bar: T,
    zeta: T,
    /// the recurrences of ||r||: double-dotted, dotted and tilded quantities
    beta_dd: T,
    beta_d: T,
    rho_d: T,
    tau_tilde: T,
    theta_tilde: T,
    /// sum of squares of the bidiagonal matrix
    frobenius: T,
}

/// Coefficients of the updates of h_bar, x and h.
#[derive(Clone, Copy, Debug, Default)]
struct Coefficients<T> {
    h_bar: T,
    x: T,
    h: T,
}

impl<V: Batch> Cycle<V> for Lsmr {
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
            u: vector(),
            v: vector(),
            h: vector(),
            h_bar: vector(),
            y: vector(),
            q: vector(),
            rows: vec![Row::default(); b],
            coefficients: vec![Coefficients::default(); b],
            alpha: numbers(),
            beta: numbers(),
            c: numbers(),
        }
    }

    fn reset(w: &mut Vectors<V>, samples: usize) {
        reset([&mut w.u, &mut w.v, &mut w.h, &mut w.h_bar, &mut w.y, &mut w.q], samples);
    }

    fn residual(work: &mut Vectors<V>) -> &mut V {
        &mut work.u
    }

    fn cycle(
        &self,
        system: &mut System<'_, V>,
        z: &mut V,
        samples: &mut [Sample<V::Scalar>],
        w: &mut Vectors<V>,
    ) -> Eval {
        cycle::zero(z, &w.u);
        cycle::zero(&mut w.v, &w.u);
        cycle::zero(&mut w.h_bar, &w.u);
        if !afford(samples, 1) {
            return Ok(());
        }
        w.beta.fill(V::Scalar::zero());
        w.transposed(system)?;
        w.h.copy_from(&w.v);
        for ((row, &alpha), sample) in w.rows.iter_mut().zip(&w.alpha).zip(&mut *samples) {
            *row = Row::start(alpha, sample);
        }
        while afford(samples, 2) {
            w.forward(system)?;
            w.transposed(system)?;
            w.update(z, samples);
        }
        (system.precondition)(z);
        Ok(())
    }
}

impl<V: Batch> Vectors<V> {
    /// beta u <- A M^-1 v - alpha u
    fn forward(&mut self, system: &mut System<'_, V>) -> Eval {
        self.y.copy_from(&self.v);
        (system.precondition)(&mut self.y);
        (system.operator)(&self.y, &mut self.q)?;
        subtract(&mut self.u, &self.q, &self.alpha, &mut self.beta, &mut self.c);
        Ok(())
    }

    /// alpha v <- M^-T A^T u - beta v
    fn transposed(&mut self, system: &mut System<'_, V>) -> Eval {
        (system.transpose)(&self.u, &mut self.q)?;
        (system.precondition_transpose)(&mut self.q);
        subtract(&mut self.v, &self.q, &self.beta, &mut self.alpha, &mut self.c);
        Ok(())
    }

    /// x <- x + (..) h_bar with the next directions h_bar and h.
    fn update(&mut self, z: &mut V, samples: &mut [Sample<V::Scalar>]) {
        let (b, one) = (samples.len(), V::Scalar::one());
        for (s, (sample, row)) in samples.iter_mut().zip(&mut self.rows).enumerate() {
            self.coefficients[s] = match sample.running {
                true => row.rotate(self.alpha[s], self.beta[s], sample),
                false => Coefficients::default(),
            };
        }
        self.c.iter_mut().zip(&self.coefficients).for_each(|(c, coefficients)| *c = coefficients.h_bar);
        self.h_bar.scale(&self.c[..b]);
        self.h_bar.axpby(one, &self.h, one);
        self.c.iter_mut().zip(&self.coefficients).for_each(|(c, coefficients)| *c = coefficients.x);
        add(z, &self.c, &self.h_bar);
        self.c.iter_mut().zip(&self.coefficients).for_each(|(c, coefficients)| *c = coefficients.h);
        self.h.scale(&self.c[..b]);
        self.h.axpby(one, &self.v, one);
    }
}

/// y <- (q - c y) / norm, with its norm; zero where that is zero or not finite.
fn subtract<V: Batch>(y: &mut V, q: &V, c: &[V::Scalar], norm: &mut [V::Scalar], scale: &mut [V::Scalar]) {
    let (b, zero, one) = (y.samples(), V::Scalar::zero(), V::Scalar::one());
    scale.iter_mut().zip(c).for_each(|(scale, c)| *scale = -*c);
    y.scale(&scale[..b]);
    y.axpby(one, q, one);
    y.norms(norm);
    let inverse = |norm: V::Scalar| if norm > zero && norm.is_finite() { one / norm } else { zero };
    scale.iter_mut().zip(norm).for_each(|(scale, norm)| *scale = inverse(*norm));
    y.scale(&scale[..b]);
}

impl<T: Real> Row<T> {
    /// For a residual of norm one; ends the sample where A^T r is 0 or not finite.
    fn start(alpha: T, sample: &mut Sample<T>) -> Self {
        if sample.running && !alpha.is_finite() {
            sample.give_up(Stop::NonFinite);
        } else if sample.running && alpha == T::zero() {
            sample.give_up(Stop::Stagnated);
        }
        let (zero, one) = (T::zero(), T::one());
        Row {
            alpha_bar: alpha,
            zeta_bar: alpha,
            rho: one,
            rho_bar: one,
            c_bar: one,
            s_bar: zero,
            zeta: zero,
            beta_dd: one,
            beta_d: zero,
            rho_d: one,
            tau_tilde: zero,
            theta_tilde: zero,
            frobenius: alpha * alpha,
        }
    }

    /// Takes up the next column of the bidiagonal matrix; ends the sample at its solution or least-squares solution.
    fn rotate(&mut self, alpha: T, beta: T, sample: &mut Sample<T>) -> Coefficients<T> {
        let (rho_old, rho_bar_old, zeta_old) = (self.rho, self.rho_bar, self.zeta);
        // first rotation: bidiagonal to upper bidiagonal
        self.rho = self.alpha_bar.hypot(beta);
        if !(self.rho.is_finite() && alpha.is_finite() && self.rho > T::zero()) {
            sample.give_up(Stop::NonFinite);
            return Coefficients::default();
        }
        sample.pivot(self.rho);
        let (c, s) = (self.alpha_bar / self.rho, beta / self.rho);
        let theta = s * alpha;
        self.alpha_bar = c * alpha;
        // second rotation: its transpose to upper bidiagonal
        let theta_bar = self.s_bar * self.rho;
        let diagonal = self.c_bar * self.rho;
        self.rho_bar = diagonal.hypot(theta);
        (self.c_bar, self.s_bar) = (diagonal / self.rho_bar, theta / self.rho_bar);
        self.zeta = self.c_bar * self.zeta_bar;
        self.zeta_bar = -self.s_bar * self.zeta_bar;
        let residual = self.residual(c, s, theta_bar, zeta_old);
        self.frobenius = self.frobenius + alpha * alpha + beta * beta;
        sample.reach(residual);
        if sample.running && self.zeta_bar.abs() <= T::epsilon() * self.frobenius.sqrt() * residual {
            sample.give_up(Stop::Stagnated);
        }
        Coefficients {
            h_bar: -(theta_bar / rho_old) * (self.rho / rho_bar_old),
            x: self.zeta / self.rho / self.rho_bar,
            h: -theta / self.rho,
        }
    }

    /// ||r||, from the factors.
    fn residual(&mut self, c: T, s: T, theta_bar: T, zeta_old: T) -> T {
        let beta_hat = c * self.beta_dd;
        self.beta_dd = -s * self.beta_dd;
        let rho_tilde = self.rho_d.hypot(theta_bar);
        let (c_tilde, s_tilde) = (self.rho_d / rho_tilde, theta_bar / rho_tilde);
        let theta_tilde_old = self.theta_tilde;
        self.theta_tilde = s_tilde * self.rho_bar;
        self.rho_d = c_tilde * self.rho_bar;
        self.beta_d = c_tilde * beta_hat - s_tilde * self.beta_d;
        self.tau_tilde = (zeta_old - theta_tilde_old * self.tau_tilde) / rho_tilde;
        let tau_d = (self.zeta - self.theta_tilde * self.tau_tilde) / self.rho_d;
        (self.beta_d - tau_d).hypot(self.beta_dd)
    }
}
