//! Anderson mixing: what Anderson acceleration and accelerated Gauss-Seidel iteration share.

use num_traits::{One, Zero};

use crate::Real;
use crate::batch::{Batch, Keep, Rows};

/// Largest window: the normal equations are solved on the stack.
pub(crate) const MAX_WINDOW: usize = 16;
/// Ridge added to the normal equations where nobody asks for another, relative to their diagonal.
pub(crate) const RIDGE: f64 = 1e-7;

/// The last differences of residuals, and of N vectors that go along with them, every coefficient per sample.
///
/// With the differences dg_i of the residuals g, gamma = argmin ||g - sum gamma_i dg_i||; what goes along, c with differences
/// dc_i, becomes c - sum gamma_i dc_i (D. G. Anderson 1965, doi:10.1145/321296.321305).
#[derive(Debug)]
pub struct Mixing<V: Batch, const N: usize> {
    ridge: f64,
    /// rings
    dg: Vec<V>,
    dc: [Vec<V>; N],
    /// of the step before
    g: V,
    c: [V; N],
    steps: usize,
    /// Gram matrices of the dg, window^2 numbers a sample
    gram: Rows<f64>,
    row: Vec<V::Scalar>,
    rhs: Vec<V::Scalar>,
    gamma: Vec<V::Scalar>,
}

impl<V: Batch, const N: usize> Mixing<V, N> {
    /// For batches like `like`, with a window of 1..=16 differences.
    pub fn new(like: &V, window: usize, ridge: f64) -> Self {
        let b = like.samples();
        let ring = || (0..window).map(|_| like.zeros(b)).collect();
        let numbers = || vec![V::Scalar::zero(); b * window];
        Mixing {
            ridge,
            dg: ring(),
            dc: std::array::from_fn(|_| ring()),
            g: like.zeros(b),
            c: std::array::from_fn(|_| like.zeros(b)),
            steps: 0,
            gram: Rows::new(b, window * window),
            row: numbers(),
            rhs: numbers(),
            gamma: numbers(),
        }
    }

    /// Number of differences kept.
    pub fn window(&self) -> usize {
        self.dg.len()
    }

    /// The ridge of the normal equations.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// Forgets all differences.
    pub fn restart(&mut self) {
        self.steps = 0;
    }

    /// Takes the residual `g` and what goes with it, and mixes the latter.
    pub fn mix(&mut self, g: &V, c: [&mut V; N]) {
        let (m, b) = (self.window(), g.samples());
        let k = self.steps.min(m);
        if k > 0 {
            let new = (self.steps - 1) % m;
            difference(&mut self.dg[new], g, &self.g);
            g.dot_many(&self.dg[..k], &mut self.rhs);
            self.dg[new].dot_many(&self.dg[..k], &mut self.row);
            for s in 0..b {
                let (coefficients, gram) = (s * k..(s + 1) * k, self.gram.row_mut(s));
                for (i, v) in self.row[coefficients.clone()].iter().enumerate() {
                    gram[new * m + i] = v.as_f64();
                    gram[i * m + new] = v.as_f64();
                }
                least_squares(gram, m, self.ridge, &self.rhs[coefficients.clone()], &mut self.gamma[coefficients]);
            }
            for ((dc, old), c) in self.dc.iter_mut().zip(&self.c).zip(&c) {
                difference(&mut dc[new], c, old);
            }
        }
        self.g.copy_from(g);
        for ((dc, old), c) in self.dc.iter().zip(&mut self.c).zip(c) {
            old.copy_from(c);
            c.add_combination(&self.gamma[..b * k], &dc[..k]);
        }
        self.steps += 1;
    }
}

/// out <- new - old
fn difference<V: Batch>(out: &mut V, new: &V, old: &V) {
    let one = V::Scalar::one();
    out.copy_from(new);
    out.axpby(-one, old, one);
}

impl<V: Batch, const N: usize> Keep for Mixing<V, N> {
    fn keep(&mut self, rows: &[usize]) {
        self.dg.keep(rows);
        self.g.keep(rows);
        self.dc.iter_mut().for_each(|dc| dc.keep(rows));
        self.c.iter_mut().for_each(|c| c.keep(rows));
        self.gram.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dg.reset(samples);
        self.g.reset(samples);
        self.dc.iter_mut().for_each(|dc| dc.reset(samples));
        self.c.iter_mut().for_each(|c| c.reset(samples));
        self.gram.reset(samples);
        self.restart();
    }
}

/// x = -(G + ridge diag G)^-1 b by elimination, or zero (no mixing) where G is not positive definite.
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
