//! Keeping a weight matrix a contraction.

use burn::module::Param;
use burn::prelude::*;

/// Scales a square matrix down whenever its spectral norm exceeds a bound.
///
/// For z = tanh(W z + x), ||W||_2 < 1 makes the fixed point unique and I - D W non-singular, so that the implicit
/// function theorem holds for every x. The norm is estimated by power iteration on W^T W, which remembers its vector from
/// call to call: one iteration per training step follows a slowly changing W (T. Miyato et al. 2018, arXiv:1802.05957,
/// algorithm 1).
#[derive(Clone, Debug)]
pub struct SpectralBound {
    bound: f64,
    vector: Vec<f64>,
}

impl SpectralBound {
    /// Bound on ||W||_2, positive.
    pub fn new(bound: f64) -> Self {
        SpectralBound { bound, vector: Vec::new() }
    }

    /// Returns W, scaled down if it is too large; 2 `iterations` n^2 multiplications on the host.
    pub fn apply(&mut self, weight: Param<Tensor<2>>, iterations: usize) -> Param<Tensor<2>> {
        let norm = self.estimate(weight.val().inner(), iterations);
        if norm <= self.bound {
            return weight;
        }
        let factor = self.bound / norm;
        weight.map(|w| {
            let scaled = w.clone().inner().mul_scalar(factor);
            if w.is_autodiff() { Tensor::from_inner(scaled).require_grad() } else { scaled }
        })
    }

    /// Power-iteration estimate of ||W||_2, from below.
    pub fn estimate(&mut self, weight: Tensor<2>, iterations: usize) -> f64 {
        let [rows, columns] = weight.dims();
        let w = crate::batch::host(weight);
        if self.vector.len() != columns {
            // no random start: a fixed vector without symmetry, so that runs repeat exactly
            self.vector = (0..columns).map(|i| 1.0 + (i as f64 * 0.754_877_666).fract()).collect();
        }
        let mut norm = 0.0;
        for _ in 0..iterations.max(1) {
            normalise(&mut self.vector);
            let wv: Vec<f64> =
                w.chunks_exact(columns).map(|row| row.iter().zip(&self.vector).map(|(a, b)| a * b).sum()).collect();
            norm = wv.iter().map(|v| v * v).sum::<f64>().sqrt();
            let mut next = vec![0.0; columns];
            for (row, u) in w.chunks_exact(columns).zip(&wv).take(rows) {
                next.iter_mut().zip(row).for_each(|(n, a)| *n += a * u);
            }
            self.vector = next;
        }
        norm
    }

    /// What [`apply`](SpectralBound::apply) remembers, for a checkpoint.
    pub fn vector(&self) -> &[f64] {
        &self.vector
    }

    /// Restores what [`vector`](SpectralBound::vector) returned.
    pub fn with_vector(self, vector: Vec<f64>) -> Self {
        SpectralBound { vector, ..self }
    }
}

fn normalise(v: &mut [f64]) {
    let norm = v.iter().map(|v| v * v).sum::<f64>().sqrt();
    if norm > 0.0 {
        v.iter_mut().for_each(|v| *v /= norm);
    } else {
        v.fill(1.0);
    }
}
