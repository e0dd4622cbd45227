//! Systems whose Jacobian is a band.

use super::{equation, sum};

equation! {
    /// g_1 = a - z_1, g_k = 10 (z_k - z_{k-1}^2); a = 1.
    ///
    /// Source: H. H. Rosenbrock (1960), doi:10.1093/comjnl/3.3.175; in this form problem 1 of the library.
    Rosenbrock, n, p = 1, |z, a, g| {
        g[0] = a[0] - z[0];
        for k in 1..z.len() {
            g[k] = (z[k] - z[k - 1] * z[k - 1]) * 10.0;
        }
    }
}

equation! {
    /// g_k = (3 - 2 z_k) z_k - z_{k-1} - 2 z_{k+1} + a with z_0 = z_{n+1} = 0; a = 1.
    ///
    /// Source: C. G. Broyden (1965), doi:10.1090/S0025-5718-1965-0198670-6; MGH problem 30.
    BroydenTridiagonal, n, p = 1, |z, a, g| {
        for k in 0..z.len() {
            g[k] = (-z[k] * 2.0 + 3.0) * z[k] + a[0];
            if k > 0 {
                g[k] -= z[k - 1];
            }
            if k + 1 < z.len() {
                g[k] -= z[k + 1] * 2.0;
            }
        }
    }
}

equation! {
    /// g_k = z_k (2 + 5 z_k^2) + a - sum of z_j (1 + z_j) over j = k-5 .. k+1, j != k; a = 1.
    ///
    /// Source: C. G. Broyden (1971), doi:10.1090/S0025-5718-1971-0297122-5; MGH problem 31.
    BroydenBanded, n, p = 1, |z, a, g| {
        for k in 0..z.len() {
            let near = k.saturating_sub(5)..z.len().min(k + 2);
            let others = sum(near, |j| if j == k { D::number(0.0) } else { z[j] * (z[j] + 1.0) });
            g[k] = z[k] * (z[k] * z[k] * 5.0 + 2.0) + a[0] - others;
        }
    }
}
