//! Square roots of a matrix.

use dini::program::{Equation, Number};

use super::sum;

/// Z^2 = A for m x m matrices, row by row: A = 1e-4 I + a e_1 e_2^T with a = 1.
///
/// The root with both eigenvalues of the upper block 0.01 has Z_12 = a / 0.02 = 50; the Jacobian there is regular, with
/// eigenvalues 0.02 and a condition number of 6e10 (1-norm).
///
/// Source: S. J. Hammarling, private communication to P. E. Gill; problems 15 (m = 2) and 16 (m = 3) of the library.
#[derive(Clone, Copy, Debug)]
pub struct MatrixRoot {
    /// Order of the matrix.
    pub m: usize,
}

impl Equation for MatrixRoot {
    fn unknowns(&self) -> usize {
        self.m * self.m
    }

    fn parameters(&self) -> usize {
        1
    }

    fn residual<D: Number>(&self, z: &[D], a: &[D], g: &mut [D]) {
        let m = self.m;
        for i in 0..m {
            for j in 0..m {
                g[m * i + j] = sum(0..m, |k| z[m * i + k] * z[m * k + j]);
            }
            g[m * i + i] -= 1e-4;
        }
        g[1] -= a[0];
    }
}
