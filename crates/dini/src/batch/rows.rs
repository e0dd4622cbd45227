//! Rows of a matrix in CPU memory.

use super::{Batch, Keep};
use crate::{Error, Real, kernels::vector};

/// B x n numbers in row-major order: sample `s` is row `s`.
///
/// ```
/// use dini::Rows;
/// let z = Rows::from_vec(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!(z.row(1), [4.0, 5.0, 6.0]);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows<T> {
    data: Vec<T>,
    samples: usize,
    width: usize,
}

impl<T: Real> Rows<T> {
    /// `samples` x `width` zeros.
    pub fn new(samples: usize, width: usize) -> Self {
        Rows { data: vec![T::zero(); samples * width], samples, width }
    }

    /// From row-major values.
    ///
    /// # Errors
    /// [`Error::Shape`] when `data` does not hold `samples * width` values.
    pub fn from_vec(samples: usize, width: usize, data: Vec<T>) -> Result<Self, Error> {
        if samples.checked_mul(width) != Some(data.len()) {
            return Err(Error::Shape {
                what: "rows",
                expected: format!("{samples} x {width} values"),
                found: format!("{} values", data.len()),
            });
        }
        Ok(Rows { data, samples, width })
    }

    /// Checks that this is a batch of that shape (B x n) without NaN and infinite numbers.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`], which call it `what`.
    pub fn check(&self, what: &'static str, shape: (usize, usize)) -> Result<(), Error> {
        if (self.samples, self.width) != shape {
            return Err(Error::shape(what, shape, (self.samples, self.width)));
        }
        self.first_non_finite().map_or(Ok(()), |sample| Err(Error::NonFinite { what, sample }))
    }

    /// Number of samples (rows).
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Number of components of a sample (columns).
    pub fn width(&self) -> usize {
        self.width
    }

    /// Sample `s`.
    pub fn row(&self, s: usize) -> &[T] {
        &self.data[s * self.width..(s + 1) * self.width]
    }

    /// Sample `s`.
    pub fn row_mut(&mut self, s: usize) -> &mut [T] {
        &mut self.data[s * self.width..(s + 1) * self.width]
    }

    /// All values in row-major order.
    pub fn as_slice(&self) -> &[T] {
        &self.data
    }

    /// All values in row-major order.
    pub fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// The values in row-major order.
    pub fn into_vec(self) -> Vec<T> {
        self.data
    }

    /// The first sample that holds NaN or an infinity.
    pub fn first_non_finite(&self) -> Option<usize> {
        (0..self.samples).find(|&s| !vector::all_finite(self.row(s)))
    }
}

impl<T: Real> Keep for Rows<T> {
    fn keep(&mut self, rows: &[usize]) {
        let n = self.width;
        for (i, &r) in rows.iter().enumerate() {
            if i != r {
                self.data.copy_within(r * n..(r + 1) * n, i * n);
            }
        }
        self.reset(rows.len());
    }

    fn reset(&mut self, samples: usize) {
        self.samples = samples;
        self.data.resize(samples * self.width, T::zero());
    }
}

impl<T: Real> Batch for Rows<T> {
    type Scalar = T;

    fn samples(&self) -> usize {
        self.samples
    }

    fn width(&self) -> usize {
        self.width
    }

    fn zeros(&self, samples: usize) -> Self {
        Rows::new(samples, self.width)
    }

    fn copy_from(&mut self, x: &Self) {
        self.data.copy_from_slice(&x.data);
    }

    fn axpby(&mut self, a: T, x: &Self, b: T) {
        vector::axpby(&mut self.data, a, &x.data, b);
    }

    fn scale(&mut self, a: &[T]) {
        for (row, &a) in self.data.chunks_exact_mut(self.width.max(1)).zip(a) {
            row.iter_mut().for_each(|v| *v *= a);
        }
    }

    fn dot_many(&self, xs: &[Self], out: &mut [T]) {
        let k = xs.len();
        for s in 0..self.samples {
            vector::dots(self.row(s), |i| xs[i].row(s), &mut out[s * k..(s + 1) * k]);
        }
    }

    fn add_combination(&mut self, c: &[T], xs: &[Self]) {
        let (k, n) = (xs.len(), self.width);
        if k == 0 {
            return;
        }
        for (s, (row, c)) in self.data.chunks_exact_mut(n.max(1)).zip(c.chunks_exact(k)).enumerate() {
            vector::add_combination(row, c, |i| xs[i].row(s));
        }
    }

    fn norms(&self, out: &mut [T]) {
        vector::norms(&self.data, self.width, &mut out[..self.samples]);
    }

    fn put(&mut self, to: &[usize], x: &Self, from: &[usize]) {
        for (&t, &f) in to.iter().zip(from) {
            self.row_mut(t).copy_from_slice(x.row(f));
        }
    }

    fn clear(&mut self, sample: usize) {
        self.row_mut(sample).fill(T::zero());
    }

    fn read(&self, sample: usize, out: &mut [T]) {
        out.copy_from_slice(self.row(sample));
    }

    fn write(&mut self, sample: usize, values: &[T]) {
        self.row_mut(sample).copy_from_slice(values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Rows<f64> {
        Rows::from_vec(3, 2, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap()
    }

    #[test]
    fn keep_compacts_and_reset_restores_the_capacity() {
        let mut z = rows();
        let before = z.data.capacity();
        z.keep(&[0, 2]);
        assert_eq!(z.as_slice(), [1.0, 2.0, 5.0, 6.0]);
        z.reset(3);
        assert_eq!((z.samples(), z.data.capacity()), (3, before));
    }

    #[test]
    fn reductions_are_per_sample() {
        let z = rows();
        let mut out = [0.0; 6];
        z.dot_many(&[z.clone(), z.zeros(3)], &mut out);
        assert_eq!(out, [5.0, 0.0, 25.0, 0.0, 61.0, 0.0]);
    }

    #[test]
    fn axpby_with_zero_forgets_nan() {
        let mut z = rows();
        z.row_mut(1)[0] = f64::NAN;
        z.axpby(2.0, &rows(), 0.0);
        assert_eq!(z.row(1), [6.0, 8.0]);
    }

    #[test]
    fn wrong_length_is_refused() {
        assert!(matches!(Rows::from_vec(2, 2, vec![0.0; 3]), Err(Error::Shape { .. })));
    }
}
