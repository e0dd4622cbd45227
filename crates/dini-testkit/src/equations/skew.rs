//! A fixed point on which Neumann series diverge.

use dini::program::{Equation, Number};

use super::sum;

/// z = tanh(K z + a) with the skew-symmetric K_ij = 3 / (1 + |i - j|) above and its negative below the diagonal.
///
/// J = I - D K with D = diag(1 - tanh^2): D K is similar to a skew-symmetric matrix, so its eigenvalues are imaginary and J
/// is regular at every z; the root is unique. ||K||_2 is well above one, so that Picard iteration and the Neumann series of
/// the adjoint diverge although the derivative exists.
#[derive(Clone, Copy, Debug)]
pub struct SkewTanh {
    /// Number of unknowns, and of parameters.
    pub n: usize,
}

impl SkewTanh {
    fn weight(i: usize, j: usize) -> f64 {
        let magnitude = 3.0 / (1 + i.abs_diff(j)) as f64;
        match i.cmp(&j) {
            std::cmp::Ordering::Less => magnitude,
            std::cmp::Ordering::Equal => 0.0,
            std::cmp::Ordering::Greater => -magnitude,
        }
    }

    /// The inputs a_i = ((7 i + 3) mod 11 - 5) / 32, i from 0, at which the root is recorded.
    pub fn inputs(&self) -> Vec<f64> {
        (0..self.n).map(|i| (((7 * i + 3) % 11) as f64 - 5.0) / 32.0).collect()
    }
}

impl Equation for SkewTanh {
    fn unknowns(&self) -> usize {
        self.n
    }

    fn parameters(&self) -> usize {
        self.n
    }

    fn residual<D: Number>(&self, z: &[D], a: &[D], g: &mut [D]) {
        for i in 0..z.len() {
            g[i] = z[i] - (sum(0..z.len(), |j| z[j] * Self::weight(i, j)) + a[i]).tanh();
        }
    }
}
