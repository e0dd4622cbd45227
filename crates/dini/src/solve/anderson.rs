//! Anderson acceleration.

use num_traits::{One, Zero};

use super::{Evaluator, Iterate, Solver};
use crate::Real;
use crate::batch::{Batch, Keep, Rows};
use crate::error::Error;
use crate::problem::{Eval, Problem, Scalar};

/// Largest window: the normal equations are solved on the stack.
const MAX_WINDOW: usize = 16;

/// Anderson acceleration of Picard iteration (type II), every coefficient per sample.
///
/// With the last m differences dz_i, dg_i: gamma = argmin ||g - sum gamma_i dg_i||, then
/// z <- z - damping g - sum gamma_i (dz_i - damping dg_i). The least-squares problem is solved by its normal equations
/// in f64 with a relative ridge; a sample for which they are not positive definite makes a Picard step. One evaluation a
/// step, 2 m + 2 vectors of memory.
///
/// Source: D. G. Anderson (1965), doi:10.1145/321296.321305; H. F. Walker and P. Ni (2011), doi:10.1137/10078356X,
/// eq. (2.3).
#[derive(Clone, Debug)]
pub struct Anderson {
    /// Number m of differences kept, 1..=16 (default 5).
    pub window: usize,
    /// Damping factor beta in (0, 1] (dimensionless; default 1).
    pub damping: f64,
    /// Ridge added to the normal equations, relative to their diagonal (dimensionless; default 1e-7).
    pub ridge: f64,
}

impl Default for Anderson {
    fn default() -> Self {
        Anderson { window: 5, damping: 1.0, ridge: 1e-7 }
    }
}

/// Scratch memory of [`Anderson`].
#[derive(Debug)]
pub struct AndersonWork<V: Batch> {
    /// dg_i, a ring
    dg: Vec<V>,
    /// dz_i - damping dg_i, in the same ring
    e: Vec<V>,
    dz: V,
    g_old: V,
    steps: usize,
    /// Gram matrices of the dg, window^2 numbers a sample
    gram: Rows<f64>,
    row: Vec<V::Scalar>,
    rhs: Vec<V::Scalar>,
    gamma: Vec<V::Scalar>,
}

impl<V: Batch> Keep for AndersonWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.dg.keep(rows);
        self.e.keep(rows);
        self.dz.keep(rows);
        self.g_old.keep(rows);
        self.gram.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dg.reset(samples);
        self.e.reset(samples);
        self.dz.reset(samples);
        self.g_old.reset(samples);
        self.gram.reset(samples);
        self.steps = 0;
    }
}

impl<P: Problem> Solver<P> for Anderson {
    type Work = AndersonWork<P::State>;
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        super::check_damping(self.damping)?;
        if !(1..=MAX_WINDOW).contains(&self.window) {
            return Err(Error::option("window", self.window, "it must lie in 1..=16"));
        }
        if !self.ridge.is_finite() || self.ridge < 0.0 {
            return Err(Error::option("ridge", self.ridge, "it must be finite and not negative"));
        }
        Ok(())
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let (m, b) = (self.window, like.samples());
        let ring = || (0..m).map(|_| like.zeros(b)).collect();
        let numbers = || vec![Scalar::<P>::zero(); b * m];
        AndersonWork {
            dg: ring(),
            e: ring(),
            dz: like.zeros(b),
            g_old: like.zeros(b),
            steps: 0,
            gram: Rows::new(b, m * m),
            row: numbers(),
            rhs: numbers(),
            gamma: numbers(),
        }
    }

    fn fits(&self, work: &Self::Work) -> bool {
        work.dg.len() == self.window
    }

    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, w: &mut Self::Work) -> Eval {
        let (one, beta) = (Scalar::<P>::one(), Scalar::<P>::of(self.damping));
        let (m, b) = (self.window, it.z.samples());
        let k = w.steps.min(m);
        if k > 0 {
            let new = (w.steps - 1) % m;
            w.dg[new].copy_from(&it.g);
            w.dg[new].axpby(-one, &w.g_old, one);
            w.e[new].copy_from(&w.dz);
            w.e[new].axpby(-beta, &w.dg[new], one);
            w.dg[new].dot_many(&w.dg[..k], &mut w.row);
            it.g.dot_many(&w.dg[..k], &mut w.rhs);
            for s in 0..b {
                let (coefficients, gram) = (s * k..(s + 1) * k, w.gram.row_mut(s));
                for (i, v) in w.row[coefficients.clone()].iter().enumerate() {
                    gram[new * m + i] = v.as_f64();
                    gram[i * m + new] = v.as_f64();
                }
                least_squares(gram, m, self.ridge, &w.rhs[coefficients.clone()], &mut w.gamma[coefficients]);
            }
        }
        w.g_old.copy_from(&it.g);
        w.dz.axpby(-beta, &it.g, Scalar::<P>::zero());
        w.dz.add_combination(&w.gamma[..b * k], &w.e[..k]);
        it.z.axpby(one, &w.dz, one);
        w.steps += 1;
        problem.residual(&it.z, &mut it.g)
    }

    fn memory(&self, _: &mut Self::Work) {}
}

/// x = -(G + ridge diag G)^-1 b by elimination, or zero (a Picard step) where G is not positive definite.
///
/// G is the leading block of an `m` x `m` matrix; f64 because forming it has squared the condition number.
fn least_squares<T: Real>(gram: &[f64], m: usize, ridge: f64, b: &[T], x: &mut [T]) {
    let k = b.len();
    let mut a = [[0.0; MAX_WINDOW]; MAX_WINDOW];
    let mut y = [0.0; MAX_WINDOW];
    for i in 0..k {
        y[i] = -b[i].as_f64();
        a[i][..k].copy_from_slice(&gram[i * m..i * m + k]);
        a[i][i] *= 1.0 + ridge;
    }
    for c in 0..k {
        let pivot = a[c];
        if pivot[c].is_nan() || pivot[c] <= 0.0 {
            x.fill(T::zero());
            return;
        }
        for r in c + 1..k {
            let factor = a[r][c] / pivot[c];
            a[r][c..k].iter_mut().zip(&pivot[c..k]).for_each(|(a, p)| *a -= factor * p);
            y[r] -= factor * y[c];
        }
    }
    for i in (0..k).rev() {
        let known: f64 = (i + 1..k).map(|j| a[i][j] * y[j]).sum();
        y[i] = (y[i] - known) / a[i][i];
        x[i] = T::of(y[i]);
    }
}
