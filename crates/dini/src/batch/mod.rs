//! Storage of a batch: B independent vectors with fused per-sample operations.

mod rows;

pub use rows::Rows;

use crate::Real;

/// Storage that holds one entry per active sample and can drop samples that have finished.
pub trait Keep: Send {
    /// Entry `i` becomes the old entry `rows[i]` (`rows` strictly increasing). Must not allocate.
    fn keep(&mut self, rows: &[usize]);
    /// Back to `samples` entries of unspecified content. Must not allocate up to the original number.
    fn reset(&mut self, samples: usize);
}

impl Keep for () {
    fn keep(&mut self, _: &[usize]) {}
    fn reset(&mut self, _: usize) {}
}

impl<K: Keep> Keep for Option<K> {
    fn keep(&mut self, rows: &[usize]) {
        self.iter_mut().for_each(|k| k.keep(rows));
    }
    fn reset(&mut self, samples: usize) {
        self.iter_mut().for_each(|k| k.reset(samples));
    }
}

impl<K: Keep> Keep for Vec<K> {
    fn keep(&mut self, rows: &[usize]) {
        self.iter_mut().for_each(|k| k.keep(rows));
    }
    fn reset(&mut self, samples: usize) {
        self.iter_mut().for_each(|k| k.reset(samples));
    }
}

impl<K: Keep, const N: usize> Keep for [K; N] {
    fn keep(&mut self, rows: &[usize]) {
        self.iter_mut().for_each(|k| k.keep(rows));
    }
    fn reset(&mut self, samples: usize) {
        self.iter_mut().for_each(|k| k.reset(samples));
    }
}

impl<A: Keep, B: Keep> Keep for (A, B) {
    fn keep(&mut self, rows: &[usize]) {
        self.0.keep(rows);
        self.1.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.0.reset(samples);
        self.1.reset(samples);
    }
}

/// B independent samples, each a vector of one real inner-product space of dimension n.
///
/// Numbers per sample are ordered sample-major: number `i` of `k` of sample `s` is at `s * k + i`. Every reduction goes
/// through [`dot_many`](Batch::dot_many) and [`norms`](Batch::norms), so that a device or a cluster synchronises once a
/// call (the fused vector operations of SUNDIALS: Gardner et al. 2022, doi:10.1145/3539801). A result of one sample must
/// not depend on the other samples.
pub trait Batch: Keep + Clone + Send + Sync {
    /// Type of the numbers per sample.
    type Scalar: Real;

    /// Number of samples B.
    fn samples(&self) -> usize;
    /// Number of components n of one sample.
    fn width(&self) -> usize;
    /// A new batch of zeros with the same width.
    fn zeros(&self, samples: usize) -> Self;
    /// self <- x
    fn copy_from(&mut self, x: &Self);
    /// self_s <- a x_s + b self_s; with `b = 0` the old content is ignored, NaN included.
    fn axpby(&mut self, a: Self::Scalar, x: &Self, b: Self::Scalar);
    /// self_s <- a\[s\] self_s
    fn scale(&mut self, a: &[Self::Scalar]);
    /// out\[s k + i\] <- <self_s, xs\[i\]_s> with k = `xs.len()`
    fn dot_many(&self, xs: &[Self], out: &mut [Self::Scalar]);
    /// self_s <- self_s + sum_i c\[s k + i\] xs\[i\]_s with k = `xs.len()`
    fn add_combination(&mut self, c: &[Self::Scalar], xs: &[Self]);
    /// self\[to\[i\]\] <- x\[from\[i\]\] for every i
    fn put(&mut self, to: &[usize], x: &Self, from: &[usize]);
    /// Sets one sample to zero, whatever it holds.
    fn clear(&mut self, sample: usize) {
        let zero = self.zeros(1);
        self.put(&[sample], &zero, &[0]);
    }
    /// Copies one sample to host memory.
    fn read(&self, sample: usize, out: &mut [Self::Scalar]);
    /// Overwrites one sample from host memory.
    fn write(&mut self, sample: usize, values: &[Self::Scalar]);

    /// out\[s\] <- Euclidean norm of sample s; finite exactly where the sample is, and 0 only for a zero sample.
    fn norms(&self, out: &mut [Self::Scalar]) {
        self.dot_many(std::slice::from_ref(self), out);
        for o in &mut out[..self.samples()] {
            *o = num_traits::Float::sqrt(*o);
        }
    }
}

/// Row `i` of `x`, in f64.
pub(crate) fn numbers<V: Batch>(x: &V, i: usize) -> Vec<f64> {
    let mut row = vec![V::Scalar::default(); x.width()];
    x.read(i, &mut row);
    row.into_iter().map(Real::as_f64).collect()
}

/// The rows of `x` at `from`.
pub(crate) fn pick<V: Batch>(x: &V, from: &[usize]) -> V {
    let rows: Vec<usize> = (0..from.len()).collect();
    let mut part = x.zeros(from.len());
    part.put(&rows, x, from);
    part
}
