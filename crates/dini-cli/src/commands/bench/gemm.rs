//! The time that the matrix products alone would take.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use burn::prelude::*;
use burn::tensor::Element;
use dini::Real;
use dini::measured::{Packed, Plain};
use faer::traits::RealField;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

use super::clock::{milliseconds, repeat};

/// The best time measured for the two products of a layer, in milliseconds.
///
/// The bound of a row is the number of evaluations of g and of products with its Jacobian, each B x n times n x n, at the
/// best rate for that shape, plus one product n x B times B x n for dL/dW where there is a gradient. Packing, tanh, reductions
/// and factorisations are not in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    product: f64,
    weights: f64,
}

impl Bound {
    /// Measures with the current rayon pool; `budget` is for each way to multiply.
    pub fn measure<T: Real + Element + RealField>(n: usize, batch: usize, budget: Duration) -> Self {
        Bound { product: fastest::<T>(batch, n, n, budget), weights: fastest::<T>(n, batch, n, budget) }
    }

    /// Milliseconds for `products` evaluations and Jacobian products of the whole batch, and dL/dW.
    pub fn of(&self, products: f64) -> f64 {
        products * self.product + self.weights
    }
}

/// A way to multiply, into the slice.
type Way<'a, T> = Box<dyn FnMut(&mut [T]) + 'a>;

/// Smallest median time of A B^T, A m x k and B n x k, over the ways to multiply: faer, burn's CPU backend (the gemm
/// crate) and dini's own kernel with B packed beforehand, on one thread, on all, and on all with the rows of A dealt out.
fn fastest<T: Real + Element + RealField>(m: usize, k: usize, n: usize, budget: Duration) -> f64 {
    let numbers = |count: usize| -> Vec<T> { (0..count).map(|i| T::of((i as f64 * 0.7).sin())).collect() };
    let (a, b) = (numbers(m * k), numbers(n * k));
    let mut out = vec![T::zero(); m * n];
    let packed = Packed::from_rows(&b, n, k);
    let device = Device::flex();
    let tensor = |v: &[T], rows: usize| -> Tensor<2> {
        Tensor::from_data(TensorData::new(v.to_vec(), [rows, k]), (&device, T::dtype()))
    };
    let (left, right) = (tensor(&a, m), tensor(&b, n).transpose());
    let faer = |a: &[T], out: &mut [T], par: Par| {
        let rows = out.len() / n;
        let (a, b) = (MatRef::from_row_major_slice(a, rows, k), MatRef::from_row_major_slice(&b, n, k).transpose());
        let out = MatMut::from_row_major_slice_mut(out, rows, n);
        faer::linalg::matmul::matmul(out, Accum::Replace, a, b, T::of(1.0), par);
    };
    let rows = m.div_ceil(rayon::current_num_threads());
    let mut ways: [Way<'_, T>; 6] = [
        Box::new(|out| faer(&a, out, Par::Seq)),
        Box::new(|out| faer(&a, out, Par::rayon(0))),
        Box::new(|out| {
            out.par_chunks_mut(rows * n).zip(a.par_chunks(rows * k)).for_each(|(o, a)| faer(a, o, Par::Seq))
        }),
        Box::new(|_| drop(std::hint::black_box(left.clone().matmul(right.clone())))),
        Box::new(|out| packed.apply(&a, out, false, &Plain)),
        Box::new(|out| packed.apply(&a, out, true, &Plain)),
    ];
    ways.iter_mut().map(|way| median(budget, || way(&mut out))).fold(f64::INFINITY, f64::min)
}

/// Short calls are timed by the dozen, so that reading the clock does not count.
fn median(budget: Duration, mut run: impl FnMut()) -> f64 {
    let calls = 12;
    let measured = repeat(budget, || {
        let start = Instant::now();
        (0..calls).for_each(|_| run());
        Ok::<_, Infallible>([milliseconds(start) / f64::from(calls)])
    });
    let Ok(([spread], _)) = measured;
    spread.median
}
