//! Radiative transfer.

use dini::program::{Equation, Number};

use super::sum;

/// Quadrature nodes mu_i on 0..1.
#[derive(Clone, Copy, Debug)]
pub enum Nodes {
    /// mu_i = (i - 1/2) / n: the composite midpoint rule.
    Midpoints,
    /// mu_i = i / n: what the library has.
    RightEnds,
}

/// Chandrasekhar's H-equation: g_i = z_i - 1 / (1 - a/(2n) sum_j mu_i z_j / (mu_i + mu_j)); a = 0.9 (the albedo).
///
/// Two solutions for 0 < a < 1; the one of physical interest is reached from z = 1. At a = 1 the two meet.
///
/// Source: S. Chandrasekhar (1960), Radiative Transfer, Dover, chapter 5; C. T. Kelley (1995),
/// doi:10.1137/1.9781611970944, section 5.6; problem 23 of the library.
#[derive(Clone, Copy, Debug)]
pub struct Chandrasekhar {
    /// Number of unknowns.
    pub n: usize,
    /// Quadrature nodes.
    pub nodes: Nodes,
}

impl Equation for Chandrasekhar {
    fn unknowns(&self) -> usize {
        self.n
    }

    fn parameters(&self) -> usize {
        1
    }

    fn residual<D: Number>(&self, z: &[D], a: &[D], g: &mut [D]) {
        let n = z.len();
        let shift = match self.nodes {
            Nodes::Midpoints => 0.5,
            Nodes::RightEnds => 1.0,
        };
        // 1 / n cancels in mu_i / (mu_i + mu_j)
        let mu = |i: usize| i as f64 + shift;
        for i in 0..n {
            let s = sum(0..n, |j| z[j] * (mu(i) / (mu(i) + mu(j))));
            g[i] = z[i] - (-a[0] * s / (2 * n) as f64 + 1.0).recip();
        }
    }
}
