//! The Jacobian at one point: all its entries, or those of its pattern.

use std::iter::repeat_n;

use super::factors::{scale, scale_by};
use crate::linear::SPARSE;
use crate::problem::{Linearize, Sparsity};

/// An n x n matrix in f64.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    n: usize,
    /// the pattern of a sparse one
    pattern: Option<Sparsity>,
    /// column by column
    values: Vec<f64>,
}

/// The pattern by which the Jacobian of `problem` is worth forming, if there is one.
pub(crate) fn pattern<P: Linearize>(problem: &P, n: usize) -> Option<&Sparsity> {
    crate::problem::pattern(problem).filter(|sparsity| sparsity.size() == n && n > SPARSE)
}

impl Matrix {
    /// All n^2 entries, column by column.
    pub fn dense(n: usize, values: Vec<f64>) -> Self {
        Matrix { n, pattern: None, values }
    }

    /// The entries of a pattern.
    pub fn sparse(pattern: Sparsity, values: Vec<f64>) -> Self {
        Matrix { n: pattern.size(), pattern: Some(pattern), values }
    }

    pub fn size(&self) -> usize {
        self.n
    }

    pub fn pattern(&self) -> Option<&Sparsity> {
        self.pattern.as_ref()
    }

    /// The entries, column by column.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    pub fn is_finite(&self) -> bool {
        self.values.iter().all(|v| v.is_finite())
    }

    /// Visits row, column and value of every entry, column by column.
    pub fn each(&self, mut visit: impl FnMut(usize, usize, f64)) {
        for j in 0..self.n {
            match &self.pattern {
                None => self.values[j * self.n..(j + 1) * self.n].iter().enumerate().for_each(|(i, v)| visit(i, j, *v)),
                Some(pattern) => {
                    let values = &self.values[pattern.column(j)];
                    values.iter().zip(pattern.rows(j)).for_each(|(v, &i)| visit(i, j, *v));
                }
            }
        }
    }

    /// Whether each row is zero.
    pub fn zero_rows(&self) -> Vec<bool> {
        let mut zero = vec![true; self.n];
        self.each(|i, _, v| zero[i] &= v == 0.0);
        zero
    }

    /// All n^2 entries, column by column.
    pub fn to_dense(&self) -> Vec<f64> {
        if self.pattern.is_none() {
            return self.values.clone();
        }
        let mut values = vec![0.0; self.n * self.n];
        self.each(|i, j, v| values[j * self.n + i] = v);
        values
    }

    /// Scales rows and columns as [`equilibrate`](super::equilibrate) does, and returns the two scalings.
    pub fn equilibrate(&mut self) -> (Vec<f64>, Vec<f64>) {
        let Some(pattern) = &self.pattern else { return super::equilibrate(&mut self.values, self.n) };
        let rows = (0..self.n).flat_map(|j| pattern.rows(j).iter().copied());
        let columns = (0..self.n).flat_map(|j| repeat_n(j, pattern.rows(j).len()));
        scale_by(&mut self.values, self.n, &rows, &columns)
    }

    /// Scales the columns alone, and returns the scaling.
    pub fn scale_columns(&mut self) -> Vec<f64> {
        let mut columns = vec![1.0; self.n];
        match &self.pattern {
            None => scale(&mut self.values, &(0..self.n).flat_map(|j| repeat_n(j, self.n)), &mut columns),
            Some(pattern) => {
                let lines = (0..self.n).flat_map(|j| repeat_n(j, pattern.rows(j).len()));
                scale(&mut self.values, &lines, &mut columns);
            }
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparse_matrix_is_what_its_dense_form_is() {
        let n = 7;
        let pattern = Sparsity::banded(n, 2, 1).unwrap();
        let values: Vec<f64> =
            (0..pattern.entries()).map(|k| 10f64.powi(k as i32 % 9 - 4) * (k as f64).sin()).collect();
        let mut sparse = Matrix::sparse(pattern, values);
        let mut dense = Matrix::dense(n, sparse.to_dense());
        assert_eq!(sparse.equilibrate(), dense.equilibrate());
        assert_eq!(sparse.to_dense(), dense.values());
        assert_eq!(sparse.zero_rows(), vec![false; n]);
        let mut sums = [vec![0.0; n], vec![0.0; n]];
        for (matrix, sums) in [&sparse, &dense].into_iter().zip(&mut sums) {
            matrix.each(|i, j, v| sums[i] += v * j as f64);
        }
        assert_eq!(sums[0], sums[1]);
    }
}
