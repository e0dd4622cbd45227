//! Discretised boundary-value problems.

use dini::program::{Equation, Number};

use super::{equation, sum};

/// 2 z_k - z_{k-1} - z_{k+1} with z_0 = z_{n+1} = 0; `k` counts from 0.
fn second_difference<D: Number>(z: &[D], k: usize) -> D {
    let before = if k > 0 { z[k - 1] } else { D::number(0.0) };
    let after = if k + 1 < z.len() { z[k + 1] } else { D::number(0.0) };
    z[k] * 2.0 - before - after
}

equation! {
    /// u'' = (u + t + a)^3 / 2 with u(0) = u(1) = 0 by central differences, h = 1 / (n + 1):
    /// g_k = 2 z_k - z_{k-1} - z_{k+1} + h^2 (z_k + t_k + a)^3 / 2; a = 1.
    ///
    /// Source: J. J. More and M. Y. Cosnard (1979), doi:10.1145/355815.355820; MGH problem 28.
    DiscreteBoundaryValue, n, p = 1, |z, a, g| {
        let h = 1.0 / (z.len() + 1) as f64;
        for k in 0..z.len() {
            let t = h * (k + 1) as f64;
            g[k] = second_difference(z, k) + (z[k] + a[0] + t).powi(3) * (0.5 * h * h);
        }
    }
}

equation! {
    /// The Bratu problem u'' + a e^u = 0 with u(0) = u(1) = 0 by central differences, h = 1 / (n + 1):
    /// g_k = 2 z_k - z_{k-1} - z_{k+1} - h^2 a e^{z_k}. Two solutions for 0 < a < 3.51..., none above.
    ///
    /// Source: G. Bratu (1914), doi:10.24033/bsmf.943.
    Bratu, n, p = 1, |z, a, g| {
        let h = 1.0 / (z.len() + 1) as f64;
        for k in 0..z.len() {
            g[k] = second_difference(z, k) - a[0] * z[k].exp() * (h * h);
        }
    }
}

/// The boundary-value problem [`DiscreteBoundaryValue`] as an integral equation: with c_j = (z_j + t_j + a)^3,
/// g_i = z_i + h/2 ((1 - t_i) sum_{j <= i} t_j c_j + t_i sum_{j > i} (1 - t_j) c_j); a = 1.
///
/// Source: J. J. More and M. Y. Cosnard (1979), doi:10.1145/355815.355820; MGH problem 29.
#[derive(Clone, Copy, Debug)]
pub struct DiscreteIntegral {
    /// Number of unknowns.
    pub n: usize,
    /// As the library has it: the second sum over j >= i, which counts j = i twice.
    pub library: bool,
}

impl Equation for DiscreteIntegral {
    fn unknowns(&self) -> usize {
        self.n
    }

    fn parameters(&self) -> usize {
        1
    }

    fn residual<D: Number>(&self, z: &[D], a: &[D], g: &mut [D]) {
        let n = z.len();
        let h = 1.0 / (n + 1) as f64;
        let t = |j: usize| h * (j + 1) as f64;
        let cube = |j: usize| (z[j] + a[0] + t(j)).powi(3);
        let mut below = D::number(0.0);
        let mut above = sum(0..n, |j| cube(j) * (1.0 - t(j)));
        for i in 0..n {
            let own = cube(i);
            below += own * t(i);
            let next = above - own * (1.0 - t(i));
            let second = if self.library { above } else { next };
            g[i] = z[i] + (below * (1.0 - t(i)) + second * t(i)) * (0.5 * h);
            above = next;
        }
    }
}
