//! Bordered linear systems.
//!
//! A dense matrix is factored with its borders. A sparse one is factored alone, since a full row and column would fill its factors, and
//! the borders are eliminated as blocks, once with the rows and once with the columns, so that the result is accurate also where
//! the matrix alone is nearly singular, as it is at a fold.
//!
//! Source: W. Govaerts and J. D. Pryce (1993), doi:10.1093/imanum/13.2.161 (mixed block elimination).

use crate::linear::{DENSE, DenseLu, SparseLu};
use crate::problem::Sparsity;
use crate::solve::root::general_position;

/// Growth of a border under the inverse from which the matrix counts as singular.
const LARGEST: f64 = 1e17;
/// Sweeps of inverse iteration for the weakest directions.
const SWEEPS: usize = 3;

/// The entries of a square matrix: all of them column by column, or those of a pattern.
#[derive(Clone, Debug)]
pub(super) struct Square {
    pub n: usize,
    pub pattern: Option<Sparsity>,
    pub values: Vec<f64>,
}

impl Square {
    /// Visits row, column and value of every entry.
    pub fn each(&mut self, mut visit: impl FnMut(usize, usize, &mut f64)) {
        for j in 0..self.n {
            match &self.pattern {
                None => {
                    self.values[j * self.n..(j + 1) * self.n].iter_mut().enumerate().for_each(|(i, v)| visit(i, j, v));
                }
                Some(pattern) => {
                    let values = &mut self.values[pattern.column(j)];
                    values.iter_mut().zip(pattern.rows(j)).for_each(|(v, &i)| visit(i, j, v));
                }
            }
        }
    }

    /// All n^2 entries, column by column.
    pub fn dense(&self) -> Vec<f64> {
        let Some(pattern) = &self.pattern else { return self.values.clone() };
        let mut values = vec![0.0; self.n * self.n];
        pattern.spread(&self.values, &mut values);
        values
    }
}

/// One more row and column around a matrix.
#[derive(Clone, Debug)]
pub(super) struct Border {
    pub column: Vec<f64>,
    pub row: Vec<f64>,
    pub corner: f64,
}

/// LU factors of a matrix with borders around it.
pub(super) enum Factors {
    Dense(DenseLu<f64>),
    Sparse(Box<SparseLu<f64>>),
    Bordered(Box<Bordered>),
}

/// A border to which the inverse was applied, and what is left of the corner.
type Eliminated = (Vec<f64>, f64);

/// A factored matrix and one border, with what the elimination needs.
pub(super) struct Bordered {
    inner: Factors,
    border: Border,
    /// inner^-1 column
    right: Eliminated,
    /// inner^-T row
    left: Eliminated,
}

impl Factors {
    /// Factors `matrix` with `borders` around it, the first innermost; none where that is singular.
    pub fn new(matrix: &Square, borders: &[Border]) -> Option<Self> {
        if let Some(pattern) = &matrix.pattern {
            let mut lu = SparseLu::new(1, pattern.clone());
            lu.values_mut().copy_from_slice(&matrix.values);
            lu.factor(0);
            let bordered = |inner, border| Some(Factors::Bordered(Box::new(Bordered::new(inner, border)?)));
            let regular = !lu.is_singular(0);
            let factors = regular.then(|| borders.iter().try_fold(Factors::Sparse(Box::new(lu)), bordered)).flatten();
            // singular to rounding or exactly, as at a cusp: only the borders make it regular
            if factors.is_some() || matrix.n > DENSE {
                return factors;
            }
        }
        let lu = dense(matrix, borders);
        (!lu.is_singular(0)).then_some(Factors::Dense(lu))
    }

    /// Whether the determinant is positive, where dense factors tell.
    pub fn orientation(&self) -> Option<bool> {
        if let Factors::Dense(lu) = self { lu.orientation(0) } else { None }
    }

    /// x <- A^-1 x; whether that is finite.
    pub fn solve(&self, x: &mut [f64]) -> bool {
        let solved = match self {
            Factors::Dense(lu) => lu.solve(0, x),
            Factors::Sparse(lu) => lu.solve(0, x),
            Factors::Bordered(bordered) => bordered.solve(x),
        };
        solved && x.iter().all(|v| v.is_finite())
    }

    /// x <- A^-T x; whether that is finite.
    pub fn solve_transpose(&self, x: &mut [f64]) -> bool {
        let solved = match self {
            Factors::Dense(lu) => lu.solve_transpose(0, x),
            Factors::Sparse(lu) => lu.solve_transpose(0, x),
            Factors::Bordered(bordered) => bordered.solve_transpose(x),
        };
        solved && x.iter().all(|v| v.is_finite())
    }

    /// The directions of the `size` unknowns in which the matrix is weakest, from the left and from the right, by inverse iteration.
    pub fn weakest(&self, size: usize) -> Option<(Vec<f64>, Vec<f64>)> {
        let (mut left, mut right) = (Vec::new(), general_position(size, 5));
        for _ in 0..SWEEPS {
            normalise(&mut right)?;
            left = right;
            self.solve_transpose(&mut left).then_some(())?;
            normalise(&mut left)?;
            right = left.clone();
            self.solve(&mut right).then_some(())?;
        }
        normalise(&mut right)?;
        Some((left, right))
    }
}

/// The determinant's sign of a matrix with borders, by dense factors.
pub(super) fn orientation(matrix: &Square, borders: &[Border]) -> Option<bool> {
    (matrix.n <= DENSE).then(|| dense(matrix, borders).orientation(0)).flatten()
}

fn dense(matrix: &Square, borders: &[Border]) -> DenseLu<f64> {
    let (n, size) = (matrix.n, matrix.n + borders.len());
    let mut lu = DenseLu::new(1, size);
    let out = lu.matrices_mut();
    for (column, values) in out.chunks_exact_mut(size).zip(matrix.dense().chunks_exact(n)) {
        column[..n].copy_from_slice(values);
    }
    for (k, border) in borders.iter().enumerate() {
        let edge = n + k;
        out[edge * size..edge * size + edge].copy_from_slice(&border.column);
        border.row.iter().enumerate().for_each(|(j, v)| out[j * size + edge] = *v);
        out[edge * size + edge] = border.corner;
    }
    lu.factor(0);
    lu
}

impl Bordered {
    fn new(inner: Factors, border: &Border) -> Option<Self> {
        let border = border.clone();
        let (mut right, mut left) = (border.column.clone(), border.row.clone());
        if !inner.solve(&mut right) || !inner.solve_transpose(&mut left) {
            return None;
        }
        // beyond the inverse of rounding nothing is left of what the borders hold
        if norm(&right) > LARGEST * norm(&border.column) || norm(&left) > LARGEST * norm(&border.row) {
            return None;
        }
        let right = (right.clone(), border.corner - dot(&border.row, &right));
        let left = (left.clone(), border.corner - dot(&border.column, &left));
        (right.1 != 0.0 && left.1 != 0.0).then_some(Bordered { inner, border, right, left })
    }

    fn solve(&self, x: &mut [f64]) -> bool {
        let Border { column, row, .. } = &self.border;
        self.eliminate(x, (column, row), (&self.right, &self.left), |x| self.inner.solve(x))
    }

    fn solve_transpose(&self, x: &mut [f64]) -> bool {
        let Border { column, row, .. } = &self.border;
        self.eliminate(x, (row, column), (&self.left, &self.right), |x| self.inner.solve_transpose(x))
    }

    fn eliminate(
        &self,
        x: &mut [f64],
        (column, row): (&[f64], &[f64]),
        ((right, pivot), (left, other)): (&Eliminated, &Eliminated),
        solve: impl Fn(&mut [f64]) -> bool,
    ) -> bool {
        let Some((last, x)) = x.split_last_mut() else { return false };
        let first = (*last - dot(left, x)) / other;
        x.iter_mut().zip(column).for_each(|(x, c)| *x -= c * first);
        let rest = *last - self.border.corner * first;
        if !solve(x) {
            return false;
        }
        let second = (rest - dot(row, x)) / pivot;
        x.iter_mut().zip(right).for_each(|(x, r)| *x -= r * second);
        *last = first + second;
        true
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(super) fn norm(v: &[f64]) -> f64 {
    let largest = v.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * v.iter().map(|v| (v / largest) * (v / largest)).sum::<f64>().sqrt()
}

/// Divides by the Euclidean norm; none where that is 0 or not finite.
pub(super) fn normalise(v: &mut [f64]) -> Option<()> {
    let length = norm(v);
    if !(length > 0.0 && length.is_finite()) {
        return None;
    }
    v.iter_mut().for_each(|v| *v /= length);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tridiagonal matrix with `first` in its first place, which makes it as singular as one likes, and two borders.
    fn problem(first: f64) -> (Square, [Border; 2]) {
        let n = 80;
        let pattern = Sparsity::tridiagonal(n).unwrap();
        let mut matrix = Square { n, values: vec![0.0; pattern.entries()], pattern: Some(pattern) };
        matrix.each(|i, j, v| *v = if i == j { 2.0 + 0.1 * (i as f64).sin() } else { 0.3 * (i as f64 - j as f64) });
        matrix.each(|i, j, v| {
            if i == 0 || j == 0 {
                *v = if i == j { first } else { 0.0 };
            }
        });
        let border = |size: usize, seed| Border {
            column: general_position(size, seed),
            row: general_position(size, seed + 1),
            corner: 0.4,
        };
        (matrix, [border(n, 1), border(n + 1, 7)])
    }

    #[test]
    fn blocks_and_dense_factors_agree_also_where_the_matrix_alone_is_singular() {
        for first in [1.0, 1e-8, 1e-13, 1e-300, 0.0] {
            let (matrix, borders) = problem(first);
            let plain = Square { n: matrix.n, pattern: None, values: matrix.dense() };
            for count in 1..=2 {
                let sparse = Factors::new(&matrix, &borders[..count]).unwrap();
                let dense = Factors::new(&plain, &borders[..count]).unwrap();
                let x = general_position(matrix.n + count, 11);
                for transposed in [false, true] {
                    let [a, b] = [&sparse, &dense].map(|factors| {
                        let mut x = x.clone();
                        assert!(if transposed { factors.solve_transpose(&mut x) } else { factors.solve(&mut x) });
                        x
                    });
                    let error = a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    assert!(error < 1e-10 * norm(&b), "{first} {count} {transposed} {error}");
                }
            }
        }
    }
}
