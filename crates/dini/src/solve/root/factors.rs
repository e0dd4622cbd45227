//! The Jacobian at one point, equilibrated and factored.

use super::Matrix;
use crate::linear::{DenseLu, SparseLu};

/// Passes over rows and columns; the second only touches what the first column scaling has left behind.
const PASSES: usize = 2;
/// Sweeps of inverse iteration for the weakest direction: its error falls by the square of the gap in each.
const SWEEPS: usize = 3;

/// Scales rows and columns of a column-major n x n matrix by powers of two, in place, so that the largest entry of each
/// lies within a factor of two of 1; returns the two scalings. No entry is rounded, and zero rows stay.
///
/// Costs n^2 operations. Source: LAPACK xGEEQUB.
pub fn equilibrate(matrix: &mut [f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let columns = (0..n).flat_map(|j| std::iter::repeat_n(j, n));
    scale_by(matrix, n, &(0..n).cycle(), &columns)
}

/// The same of entries whose rows and columns these are.
pub(super) fn scale_by(
    values: &mut [f64],
    n: usize,
    rows: &(impl Iterator<Item = usize> + Clone),
    columns: &(impl Iterator<Item = usize> + Clone),
) -> (Vec<f64>, Vec<f64>) {
    let (mut of_rows, mut of_columns) = (vec![1.0; n], vec![1.0; n]);
    for _ in 0..PASSES {
        scale(values, rows, &mut of_rows);
        scale(values, columns, &mut of_columns);
    }
    (of_rows, of_columns)
}

/// Brings the largest entry of every line, row or column, near 1; `lines` says which line an entry is in.
pub(super) fn scale(values: &mut [f64], lines: &(impl Iterator<Item = usize> + Clone), scales: &mut [f64]) {
    let mut factors = vec![0.0; scales.len()];
    values.iter().zip(lines.clone()).for_each(|(v, line)| factors[line] = v.abs().max(factors[line]));
    factors.iter_mut().for_each(|factor| *factor = reciprocal(*factor));
    values.iter_mut().zip(lines.clone()).for_each(|(v, line)| *v *= factors[line]);
    scales.iter_mut().zip(factors).for_each(|(scale, factor)| *scale *= factor);
}

/// The power of two that brings `largest` near 1; 1 where it is zero or not finite.
fn reciprocal(largest: f64) -> f64 {
    if largest > 0.0 && largest.is_finite() {
        2f64.powi(-(largest.log2().floor().clamp(-1000.0, 1000.0) as i32))
    } else {
        1.0
    }
}

/// LU factors of one matrix.
enum Lu {
    Dense(DenseLu<f64>),
    Sparse(Box<SparseLu<f64>>),
}

impl Lu {
    fn new(matrix: &Matrix) -> Self {
        match matrix.pattern() {
            None => {
                let mut lu = DenseLu::new(1, matrix.size());
                lu.matrices_mut().copy_from_slice(matrix.values());
                lu.factor(0);
                Lu::Dense(lu)
            }
            Some(pattern) => {
                let mut lu = SparseLu::new(1, pattern.clone());
                lu.values_mut().copy_from_slice(matrix.values());
                lu.factor(0);
                Lu::Sparse(Box::new(lu))
            }
        }
    }

    fn solve(&self, x: &mut [f64]) -> bool {
        match self {
            Lu::Dense(lu) => lu.solve(0, x),
            Lu::Sparse(lu) => lu.solve(0, x),
        }
    }

    fn condition(&self) -> f64 {
        match self {
            Lu::Dense(lu) => lu.condition(0),
            Lu::Sparse(lu) => lu.condition(0),
        }
    }

    fn solve_transpose(&self, x: &mut [f64]) -> bool {
        match self {
            Lu::Dense(lu) => lu.solve_transpose(0, x),
            Lu::Sparse(lu) => lu.solve_transpose(0, x),
        }
    }
}

/// LU factors of the equilibrated Jacobian R J C.
pub(crate) struct Factored {
    lu: Lu,
    rows: Vec<f64>,
    columns: Vec<f64>,
    condition: f64,
}

impl Factored {
    /// Factors a finite matrix.
    ///
    /// Which of rows and columns is scaled first matters where the units of the one hide the other; the better conditioned
    /// outcome is kept.
    pub fn new(matrix: Matrix) -> Self {
        let [mut rows_first, mut columns_first] = [matrix.clone(), matrix];
        let columns = columns_first.scale_columns();
        let [first, mut second] = [&mut rows_first, &mut columns_first].map(Matrix::equilibrate);
        let best = Self::scaled(&rows_first, first);
        // as a rule both are the same
        if rows_first.values() == columns_first.values() {
            return best;
        }
        second.1.iter_mut().zip(columns).for_each(|(c, first)| *c *= first);
        let other = Self::scaled(&columns_first, second);
        if other.condition < best.condition { other } else { best }
    }

    fn scaled(matrix: &Matrix, (rows, columns): (Vec<f64>, Vec<f64>)) -> Self {
        let lu = Lu::new(matrix);
        let condition = lu.condition();
        Factored { lu, rows, columns, condition }
    }

    /// Condition estimate of the equilibrated matrix; infinite for a singular one.
    pub fn condition(&self) -> f64 {
        self.condition
    }

    /// x <- J^-1 x
    pub fn solve(&self, x: &mut [f64]) {
        multiply(x, &self.rows);
        self.lu.solve(x);
        multiply(x, &self.columns);
    }

    /// The direction in which J changes g least: right singular vector of R J C by inverse iteration, times C.
    pub fn weakest(&self) -> Vec<f64> {
        let mut v: Vec<f64> = general_position(self.rows.len(), 3);
        for _ in 0..SWEEPS {
            self.lu.solve_transpose(&mut v);
            normalise(&mut v);
            self.lu.solve(&mut v);
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
            assert!(Factored::new(Matrix::dense(3, matrix)).condition() < 20.0);
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
        let v = Factored::new(Matrix::dense(2, vec![1.0, 1.0, 1.0, 1.0 + 1e-9])).weakest();
        assert!((v[0] + v[1]).abs() < 1e-6 * v[0].abs());
    }
}
