//! Systems of fixed, small size.

use std::f64::consts::{FRAC_PI_2, TAU};

use super::equation;

equation! {
    /// 1e4 z_1 z_2 - 1, e^{-z_1} + e^{-z_2} - a; a = 1.0001.
    ///
    /// Source: M. J. D. Powell (1970), in P. Rabinowitz (ed.), Numerical Methods for Nonlinear Algebraic Equations,
    /// 87-114; MGH problem 3.
    PowellBadlyScaled, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] * z[1] * 1e4 - 1.0;
        g[1] = (-z[0]).exp() + (-z[1]).exp() - a[0];
    }
}

equation! {
    /// The gradient of Wood's function as MINPACK scales it, with s = z_2 - z_1^2 and t = z_4 - z_3^2:
    /// -200 z_1 s - (a - z_1), 200 s + 20.2 (z_2 - 1) + 19.8 (z_4 - 1), -180 z_3 t - (1 - z_3),
    /// 180 t + 20.2 (z_4 - 1) + 19.8 (z_2 - 1); a = 1.
    ///
    /// Source: A. R. Colville (1968), IBM report 320-2949; MGH problem 14.
    Wood, n = 4, p = 1, |z, a, g| {
        let (s, t) = (z[1] - z[0] * z[0], z[3] - z[2] * z[2]);
        g[0] = -z[0] * s * 200.0 - a[0] + z[0];
        g[1] = s * 200.0 + (z[1] - 1.0) * 20.2 + (z[3] - 1.0) * 19.8;
        g[2] = -z[2] * t * 180.0 + z[2] - 1.0;
        g[3] = t * 180.0 + (z[3] - 1.0) * 20.2 + (z[1] - 1.0) * 19.8;
    }
}

equation! {
    /// 10 (z_3 - 10 theta), 10 (sqrt(z_1^2 + z_2^2) - a), z_3, where 2 pi theta is the angle of (z_1, z_2) in -pi/2..3 pi/2;
    /// a = 1. Discontinuous across z_1 = 0, z_2 < 0.
    ///
    /// Source: R. Fletcher and M. J. D. Powell (1963), doi:10.1093/comjnl/6.2.163; MGH problem 7.
    HelicalValley, n = 3, p = 1, |z, a, g| {
        // the angle in -pi..pi of the point or, on the left, of the opposite one, half a turn away
        let left = z[0].lt(D::number(0.0));
        let half = D::select(left, D::number(-1.0), D::number(1.0));
        let turn = D::select(left, D::number(0.5), D::number(0.0));
        let theta = (z[1] * half).atan2(z[0] * half) / TAU + turn;
        g[0] = (z[2] - theta * 10.0) * 10.0;
        g[1] = ((z[0] * z[0] + z[1] * z[1]).sqrt() - a[0]) * 10.0;
        g[2] = z[2];
    }
}

equation! {
    /// z_1 + z_2 - a, z_1^2 + z_2^2 - 9; a = 3.
    ///
    /// Source: J. E. Dennis and R. B. Schnabel (1996), doi:10.1137/1.9781611971200, example 5.1.1; problem 17 of the
    /// library.
    DennisSchnabel, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] + z[1] - a[0];
        g[1] = z[0] * z[0] + z[1] * z[1] - 9.0;
    }
}

equation! {
    /// z_1 - z_2^3 + 5 z_2^2 - 2 z_2 - a, z_1 + z_2^3 + z_2^2 - 14 z_2 - 29; a = 13. Least squares has a local minimum
    /// near (11.41, -0.897) that is no root.
    ///
    /// Source: F. Freudenstein and B. Roth (1963), doi:10.1145/321186.321200; MGH problem 2.
    FreudensteinRoth, n = 2, p = 1, |z, a, g| {
        let (square, cube) = (z[1].powi(2), z[1].powi(3));
        g[0] = z[0] - cube + square * 5.0 - z[1] * 2.0 - a[0];
        g[1] = z[0] + cube + square - z[1] * 14.0 - 29.0;
    }
}

equation! {
    /// z_1^2 - z_2 + a, z_1 - cos(pi z_2 / 2); a = 1. Roots (0, 1), (-1, 2) and (-1/sqrt 2, 3/2).
    ///
    /// Source: P. T. Boggs (1971), doi:10.1137/0708071; problem 22 of the library.
    Boggs, n = 2, p = 1, |z, a, g| {
        g[0] = z[0] * z[0] - z[1] + a[0];
        g[1] = z[0] - (z[1] * FRAC_PI_2).cos();
    }
}
