//! Dense matrices, and sums of what is not negative, rounded upwards.

use crate::interval::Interval;

/// A bound of a number that was computed by up to `operations` roundings from what is not negative.
pub(crate) fn up(value: f64, operations: usize) -> f64 {
    // (1 + eps/2)^k is at most 1 + k eps for all k that fit into memory
    let factor = 1.0 + (operations as f64 + 4.0) * f64::EPSILON;
    // products may have underflowed
    (value * factor + f64::MIN_POSITIVE).next_up()
}

/// A dense matrix of n x m numbers, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Matrix {
    pub columns: usize,
    pub values: Vec<f64>,
}

impl Matrix {
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Matrix { columns, values: vec![0.0; rows * columns] }
    }

    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.columns..][..self.columns]
    }

    pub fn row_mut(&mut self, i: usize) -> &mut [f64] {
        &mut self.values[i * self.columns..][..self.columns]
    }

    pub fn rows(&self) -> usize {
        self.values.len().checked_div(self.columns).unwrap_or(0)
    }

    /// |M| x for x that is not negative, rounded upwards.
    pub fn times_magnitudes(&self, x: &[f64]) -> Vec<f64> {
        let sum = |i| self.row(i).iter().zip(x).map(|(m, x)| if *m == 0.0 { 0.0 } else { m.abs() * x }).sum::<f64>();
        (0..self.rows()).map(|i| up(sum(i), 2 * self.columns)).collect()
    }

    /// Row `i` times a vector of intervals.
    pub fn row_times(&self, i: usize, x: &[Interval]) -> Interval {
        let terms = self.row(i).iter().zip(x).map(|(m, x)| Interval::point(*m) * *x);
        terms.fold(Interval::point(0.0), |sum, term| sum + term)
    }

    /// The inverse, by elimination with pivots; none where it is singular or not finite.
    pub fn inverse(&self) -> Option<Matrix> {
        let n = self.columns;
        let (mut left, mut right) = (self.clone(), Matrix::zeros(n, n));
        // rows of one size: a pivot is small only against its own row
        for i in 0..n {
            let size = left.row(i).iter().fold(0.0, |max: f64, v| max.max(v.abs()));
            if !(size > 0.0 && size.is_finite()) {
                return None;
            }
            left.row_mut(i).iter_mut().for_each(|v| *v /= size);
            right.row_mut(i)[i] = size.recip();
        }
        for k in 0..n {
            let pivot = (k..n).max_by(|i, j| left.row(*i)[k].abs().total_cmp(&left.row(*j)[k].abs()))?;
            let value = left.row(pivot)[k];
            if value == 0.0 || !value.is_finite() {
                return None;
            }
            for matrix in [&mut left, &mut right] {
                (0..n).for_each(|j| matrix.values.swap(k * n + j, pivot * n + j));
                matrix.row_mut(k).iter_mut().for_each(|v| *v /= value);
            }
            let (upper, lower) = (left.row(k).to_vec(), right.row(k).to_vec());
            for i in (0..n).filter(|i| *i != k) {
                let factor = left.row(i)[k];
                if factor != 0.0 {
                    left.row_mut(i).iter_mut().zip(&upper).for_each(|(v, u)| *v -= factor * u);
                    right.row_mut(i).iter_mut().zip(&lower).for_each(|(v, u)| *v -= factor * u);
                }
            }
        }
        right.values.iter().all(|v| v.is_finite()).then_some(right)
    }
}

/// A bound of |I - Y J|, entry by entry.
pub(crate) fn defect(inverse: &Matrix, jacobian: &Matrix) -> Matrix {
    let n = jacobian.columns;
    let mut defect = Matrix::zeros(n, n);
    let (mut product, mut sizes) = (vec![0.0; n], vec![0.0; n]);
    for i in 0..n {
        product.fill(0.0);
        sizes.fill(0.0);
        for (k, y) in inverse.row(i).iter().enumerate().filter(|(_, y)| **y != 0.0) {
            for (j, v) in jacobian.row(k).iter().enumerate() {
                product[j] += y * v;
                sizes[j] += (y * v).abs();
            }
        }
        for (j, to) in defect.row_mut(i).iter_mut().enumerate() {
            let one = f64::from(u8::from(i == j));
            let rounding = (n as f64 + 4.0) * f64::EPSILON * (sizes[j] + one) + f64::MIN_POSITIVE;
            *to = up((product[j] - one).abs() + rounding, n);
        }
    }
    defect
}
