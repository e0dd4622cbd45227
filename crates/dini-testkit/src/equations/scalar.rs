//! Scalar equations.

use super::equation;

equation! {
    /// z (z - 5)^2 - a; a = 0. A simple root at 0 and a double one at 5.
    ///
    /// Source: problem 20 of the library.
    ScalarCubic, n = 1, p = 1, |z, a, g| {
        g[0] = z[0] * (z[0] - 5.0).powi(2) - a[0];
    }
}

equation! {
    /// Kepler's equation E - e sin E - M, parameters (e, M): dE/de = sin E / (1 - e cos E), dE/dM = 1 / (1 - e cos E).
    ///
    /// Source: J. Kepler (1609), Astronomia nova, chapter 60.
    Kepler, n = 1, p = 2, |z, a, g| {
        g[0] = z[0] - a[0] * z[0].sin() - a[1];
    }
}

equation! {
    /// z^2 - a; a = 0: a double root.
    Square, n = 1, p = 1, |z, a, g| {
        g[0] = z[0] * z[0] - a[0];
    }
}

equation! {
    /// z^3 - a; a = 0: a triple root.
    Cube, n = 1, p = 1, |z, a, g| {
        g[0] = z[0].powi(3) - a[0];
    }
}

equation! {
    /// z^2 + a; a = 1: no real root, least residual 1 at the critical point 0.
    SquareAbove, n = 1, p = 1, |z, a, g| {
        g[0] = z[0] * z[0] + a[0];
    }
}

equation! {
    /// a e^z; a = 1: no root, but a residual that vanishes as z falls.
    Exponential, n = 1, p = 1, |z, a, g| {
        g[0] = a[0] * z[0].exp();
    }
}

equation! {
    /// e^z + a; a = 1: no root, no critical point, residual above 1.
    ExponentialAbove, n = 1, p = 1, |z, a, g| {
        g[0] = z[0].exp() + a[0];
    }
}

equation! {
    /// a / z; a = 1: no root, a pole at 0, a residual that vanishes as |z| grows.
    Reciprocal, n = 1, p = 1, |z, a, g| {
        g[0] = a[0] / z[0];
    }
}

equation! {
    /// sqrt(z) + a; a = 1: no root, undefined below 0.
    RootAbove, n = 1, p = 1, |z, a, g| {
        g[0] = z[0].sqrt() + a[0];
    }
}
