//! Watson's function, as published and as the library has it.

use super::{equation, sum};

equation! {
    /// The half gradient of Watson's sum of squares, f_i = sum_j (j - 1) t_i^{j-2} z_j - (sum_j t_i^{j-1} z_j)^2 - a with
    /// t_i = i / 29, i = 1..29, f_30 = z_1, f_31 = z_2 - z_1^2 - 1; a = 1.
    ///
    /// Source: J. S. Kowalik and M. R. Osborne (1968), Methods for Unconstrained Optimization Problems, Elsevier, 104-106;
    /// MGH problem 20.
    Watson, n, p = 1, |z, a, g| {
        let n = z.len();
        g.fill(D::number(0.0));
        for i in 1..=29 {
            let t = f64::from(i) / 29.0;
            let power = |k: usize| t.powi(k as i32);
            let slope = sum(1..n, |j| z[j] * (j as f64 * power(j - 1)));
            let value = sum(0..n, |j| z[j] * power(j));
            let f = slope - value * value - a[0];
            for (k, g) in g.iter_mut().enumerate() {
                let own = if k > 0 { k as f64 * power(k - 1) } else { 0.0 };
                *g += f * (-value * (2.0 * power(k)) + own);
            }
        }
        let last = z[1] - z[0] * z[0] - 1.0;
        g[0] += z[0] * (-last * 2.0 + 1.0);
        g[1] += last;
    }
}

equation! {
    /// [`Watson`] as problem 6 of the library has it: factors j in place of j - 1, and other last terms. Not a gradient.
    WatsonLibrary, n, p = 1, |z, a, g| {
        let n = z.len();
        g.fill(D::number(0.0));
        for i in 1..=29 {
            let t = f64::from(i) / 29.0;
            let slope = sum(1..n, |j| z[j] * ((j + 1) as f64 * t.powi(j as i32 - 1)));
            let value = sum(0..n, |j| z[j] * t.powi(j as i32));
            let f = slope - value * value - a[0];
            for (k, g) in g.iter_mut().enumerate() {
                *g += f * (-value * (2.0 * t) + (k + 1) as f64) * t.powi(k as i32 - 1);
            }
        }
        g[0] += z[0] * 3.0 - z[0].powi(2) * 2.0 + z[0].powi(3) * 2.0;
        g[1] += z[1] - z[1].powi(2) - 1.0;
    }
}
