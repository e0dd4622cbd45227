//! The Jacobian at one point, equilibrated and factored.

use crate::linear::DenseLu;

/// Passes over rows and columns; the second only touches what the first column scaling has left behind.
const PASSES: usize = 2;
/// Sweeps of inverse iteration for the weakest direction: its error falls by the square of the gap in each.
const SWEEPS: usize = 3;

/// Scales rows and columns of a column-major n x n matrix by powers of two, in place, so that the largest entry of each
/// lies within a factor of two of 1; returns the two scalings. No entry is rounded, and zero rows stay.
///
/// Costs n^2 operations. Source: LAPACK xGEEQUB.
pub fn equilibrate(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let (mut rows, mut columns) = (vec![1.0; n], vec![1.0; n]);
    if n == 0 {
        return (rows, columns);
    }
    for _ in 0..PASSES {
        scale_rows(matrix, &mut rows);
        scale_columns(matrix, &mut columns);
    }
    (rows, columns)
}

fn scale_rows(matrix: &mut [f64], rows: &mut [f64]) {
    let n = rows.len();
    for (i, scale) in rows.iter_mut().enumerate() {
        let factor = reciprocal(matrix.iter().skip(i).step_by(n));
        matrix.iter_mut().skip(i).step_by(n).for_each(|v| *v *= factor);
        *scale *= factor;
    }
}

fn scale_columns(matrix: &mut [f64], columns: &mut [f64]) {
    for (column, scale) in matrix.chunks_exact_mut(columns.len()).zip(columns) {
        let factor = reciprocal(column.iter());
        column.iter_mut().for_each(|v| *v *= factor);
        *scale *= factor;
    }
}

/// The power of two that brings the largest magnitude near 1; 1 where all are zero or one is not finite.
fn reciprocal<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    let largest = values.fold(0.0, |max: f64, v| max.max(v.abs()));
    if largest > 0.0 && largest.is_finite() {
        2f64.powi(-(largest.log2().floor().clamp(-1000.0, 1000.0) as i32))
    } else {
        1.0
    }
}

/// LU factors of the equilibrated Jacobian R J C.
pub(crate) struct Factors {
    lu: DenseLu<f64>,
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Factors {
    /// Factors a finite column-major matrix.
    ///
    /// Which of rows and columns is scaled first matters where the units of the one hide the other; the better conditioned
    /// outcome is kept.
    pub fn new(matrix: Vec<f64>) -> Self {
        let n = matrix.len().isqrt();
        let mut columns_first = matrix.clone();
        let mut columns = vec![1.0; n];
        scale_columns(&mut columns_first, &mut columns);
        let [rows_first, mut other] = [matrix, columns_first].map(Self::scaled);
        other.columns.iter_mut().zip(columns).for_each(|(c, first)| *c *= first);
        if other.condition() < rows_first.condition() { other } else { rows_first }
    }

    fn scaled(mut matrix: Vec<f64>) -> Self {
        let n = matrix.len().isqrt();
        let (rows, columns) = equilibrate(&mut matrix, n);
        let mut lu = DenseLu::new(1, n);
        lu.matrices_mut().copy_from_slice(&matrix);
        lu.factor(0);
        Factors { lu, rows, columns }
    }

    /// Condition estimate of the equilibrated matrix; infinite for a singular one.
    pub fn condition(&self) -> f64 {
        self.lu.condition(0)
    }

    /// x <- J^-1 x
    pub fn solve(&self, x: &mut [f64]) {
        multiply(x, &self.rows);
        self.lu.solve(0, x);
        multiply(x, &self.columns);
    }

    /// The direction in which J changes g least: right singular vector of R J C by inverse iteration, times C.
    pub fn weakest(&self) -> Vec<f64> {
        let mut v: Vec<f64> = general_position(self.rows.len(), 3);
        for _ in 0..SWEEPS {
            self.lu.solve_transpose(0, &mut v);
            normalise(&mut v);
            self.lu.solve(0, &mut v);
            normalise(&mut v);
        }
        multiply(&mut v, &self.columns);
        v
    }
}

/// A vector without zero or equal components, of either sign, in magnitude from 1/2 to 1.
pub(crate) fn general_position(n: usize, seed: u64) -> Vec<f64> {
    general(seed).take(n).collect()
}

/// The components of such vectors.
pub(crate) fn general(seed: u64) -> impl Iterator<Item = f64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // Knuth's MMIX generator; the high bits are the random ones
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let magnitude = 0.5 + 0.5 * (state >> 40) as f64 / (1u64 << 24) as f64;
        if state >> 39 & 1 == 0 { magnitude } else { -magnitude }
    })
}

fn multiply(x: &mut [f64], by: &[f64]) {
    x.iter_mut().zip(by).for_each(|(x, by)| *x *= by);
}

/// Divides by the largest magnitude, where that is possible.
fn normalise(v: &mut [f64]) {
    let largest = v.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    if largest > 0.0 && largest.is_finite() {
        v.iter_mut().for_each(|v| *v /= largest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_do_not_count_as_singular() {
        // a well-conditioned matrix whose equations, then whose unknowns, come in units of 10^-200 to 10^100
        let units = [1e-200, 1.0, 1e100];
        let a = [[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]];
        for rows in [true, false] {
            let unit = |i: usize, j: usize| if rows { units[i] } else { units[j] };
            let matrix: Vec<f64> = (0..9).map(|k| unit(k % 3, k / 3) * a[k % 3][k / 3]).collect();
            assert!(Factors::new(matrix).condition() < 20.0);
        }
    }

    #[test]
    fn scaling_is_exact_and_survives_zeros() {
        let mut matrix = vec![3e-12, 0.0, 7e9, 0.0];
        let (rows, columns) = equilibrate(&mut matrix, 2);
        assert_eq!([rows[1], matrix[1], matrix[3]], [1.0, 0.0, 0.0]);
        assert_eq!([matrix[0] / rows[0] / columns[0], matrix[2] / rows[0] / columns[1]], [3e-12, 7e9]);
    }

    #[test]
    fn the_weakest_direction_is_the_near_null_vector() {
        // columns (1, 1) and (1, 1 + 1e-9): null vector (1, -1)
        let v = Factors::new(vec![1.0, 1.0, 1.0, 1.0 + 1e-9]).weakest();
        assert!((v[0] + v[1]).abs() < 1e-6 * v[0].abs());
    }
}
