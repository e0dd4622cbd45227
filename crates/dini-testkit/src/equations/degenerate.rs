//! Systems with a singular Jacobian at their roots, or everywhere.

use dini::program::Number;

use super::equation;

equation! {
    /// z_1 + a z_2, sqrt(5) (z_3 - z_4), (z_2 - 2 z_3)^2, sqrt(10) (z_1 - z_4)^2; a = 10. The root 0 has a Jacobian of
    /// rank two.
    ///
    /// Source: M. J. D. Powell (1962), doi:10.1093/comjnl/5.2.147; MGH problem 13.
    PowellSingular, n = 4, p = 1, |z, a, g| {
        g[0] = z[0] + a[0] * z[1];
        g[1] = (z[2] - z[3]) * 5f64.sqrt();
        g[2] = (z[1] - z[2] * 2.0).powi(2);
        g[3] = (z[0] - z[3]).powi(2) * 10f64.sqrt();
    }
}

/// (1 - e^{-x^2}) / x, continued to 0 by its series.
fn bump<D: Number>(x: D) -> D {
    let small = x.abs().lt(D::number(1e-8));
    // both are computed: a divisor that is never 0 keeps NaN out of the derivatives
    let divisor = D::select(small, D::number(1.0), x);
    D::select(small, x, -(-x * x).exp_m1() / divisor)
}

equation! {
    /// a z_2^2 (1 - e^{-z_1^2}) / z_1, z_1 (1 - e^{-z_2^2}) / z_2; a = 1. Both axes consist of roots.
    ///
    /// Source: problem 18 of the library ("sample problem 18").
    Sample18, n = 2, p = 1, |z, a, g| {
        g[0] = a[0] * z[1] * z[1] * bump(z[0]);
        g[1] = z[0] * bump(z[1]);
    }
}

equation! {
    /// z_1 r, z_2 r with r = z_1^2 + a z_2^2; a = 1. The only root, 0, has a zero Jacobian.
    ///
    /// Source: problem 19 of the library ("sample problem 19").
    Sample19, n = 2, p = 1, |z, a, g| {
        let r = z[0] * z[0] + a[0] * z[1] * z[1];
        g[0] = z[0] * r;
        g[1] = z[1] * r;
    }
}

equation! {
    /// (z_1 - z_2)^2 - a, z_1 + z_2 - 2. For a = 0 a double root at (1, 1), two for a > 0, none below.
    SquaredDifference, n = 2, p = 1, |z, a, g| {
        g[0] = (z[0] - z[1]).powi(2) - a[0];
        g[1] = z[0] + z[1] - 2.0;
    }
}

equation! {
    /// z_1^2 + z_2^2 - 1, z_2 - a: a line and the unit circle, which touch for a = 1.
    TangentLine, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] * z[0] + z[1] * z[1] - 1.0;
        g[1] = z[1] - a[0];
    }
}

equation! {
    /// The circle z_1^2 + z_2^2 = a twice: every point of it is a root, none isolated; a = 1.
    CircleTwice, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] * z[0] + z[1] * z[1] - a[0];
        g[1] = g[0] * 2.0;
    }
}

equation! {
    /// z_1 + z_2, z_1 + z_2 - a: inconsistent for a != 0, with a singular Jacobian everywhere; a = 1.
    ParallelLines, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] + z[1];
        g[1] = z[0] + z[1] - a[0];
    }
}
