//! Systems of any size with a full Jacobian.

use super::{equation, sum};

equation! {
    /// g_k = (1/n) sum_j T_k(z_j) - a int T_k with the Chebyshev polynomials T_k on -1..1, whose mean over the interval is
    /// -1 / (k^2 - 1) for even and 0 for odd k; a = 1.
    ///
    /// Source: R. Fletcher (1965), doi:10.1093/comjnl/8.1.33; MGH problem 35, there on 0..1.
    Chebyquad, n, p = 1, |z, a, g| {
        let n = z.len();
        for k in 1..=n {
            g[k - 1] = if k % 2 == 0 { a[0] / (k * k - 1) as f64 } else { D::number(0.0) };
        }
        for &x in z {
            let (mut before, mut t) = (D::number(1.0), x);
            for g in g.iter_mut() {
                *g += t / n as f64;
                (before, t) = (t, x * t * 2.0 - before);
            }
        }
    }
}

equation! {
    /// g_k = z_k + sum_j z_j - (n + 1) for k < n, g_n = prod_j z_j - a; a = 1.
    ///
    /// Source: K. M. Brown (1969), doi:10.1137/0706051; MGH problem 27.
    BrownAlmostLinear, n, p = 1, |z, a, g| {
        let n = z.len();
        let total = sum(0..n, |j| z[j]);
        for k in 0..n - 1 {
            g[k] = z[k] + total - (n + 1) as f64;
        }
        g[n - 1] = z.iter().fold(D::number(1.0), |product, &v| product * v) - a[0];
    }
}

equation! {
    /// g_k = n - sum_j cos z_j + k (1 - cos z_k) - sin z_k - a; a = 0.
    ///
    /// Source: E. Spedicato (1975), report CISE-N-175, CISE, Milan; MGH problem 26.
    Trigonometric, n, p = 1, |z, a, g| {
        let n = z.len();
        let cosines = sum(0..n, |j| z[j].cos());
        for k in 0..n {
            g[k] = (-z[k].cos() + 1.0) * (k + 1) as f64 - z[k].sin() - cosines + n as f64 - a[0];
        }
    }
}

equation! {
    /// g_k = z_k - a + k s (1 + 2 s^2) with s = sum_j j (z_j - a); a = 1. The half gradient of MGH problem 25.
    ///
    /// Source: MGH problem 25; as a system problem 12 of the library.
    VariablyDimensioned, n, p = 1, |z, a, g| {
        let s = sum(0..z.len(), |j| (z[j] - a[0]) * (j + 1) as f64);
        for k in 0..z.len() {
            g[k] = z[k] - a[0] + s * (s * s * 2.0 + 1.0) * (k + 1) as f64;
        }
    }
}
