//! Random instances shared by the integration tests.

#![allow(dead_code)]

use dini::cells::Tanh;
use dini::{Real, Rows};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Uniform numbers in -1..1 from a fixed seed.
pub fn numbers<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut rng = StdRng::seed_from_u64(seed);
    (0..count).map(|_| T::of(rng.random_range(-1.0..1.0))).collect()
}

pub fn rows<T: Real>(seed: u64, samples: usize, width: usize) -> Rows<T> {
    Rows::from_vec(samples, width, numbers(seed, samples * width)).unwrap()
}

/// W with ||W||_2 near `norm` (uniform entries of variance norm^2 / 4n).
pub fn weights<T: Real>(seed: u64, n: usize, norm: f64) -> Vec<T> {
    let scale = norm / 2.0 * (3.0 / n as f64).sqrt();
    numbers::<T>(seed, n * n).into_iter().map(|v| v * T::of(scale)).collect()
}

pub fn cell<T: Real>(seed: u64, samples: usize, n: usize, norm: f64) -> Tanh<T> {
    Tanh::new(n, weights(seed, n, norm), rows(seed + 1, samples, n)).unwrap()
}

/// Largest |a - b| relative to the largest |b|.
pub fn error<T: Real>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-300, |m: f64, v| m.max(v.as_f64().abs()));
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a.as_f64() - b.as_f64()).abs())) / scale
}

/// <a, b> in f64 by a plain loop.
pub fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.as_f64() * b.as_f64()).sum()
}

/// Euclidean norm in f64 by a plain loop.
pub fn norm<T: Real>(a: &[T]) -> f64 {
    dot(a, a).sqrt()
}

/// A x, or A^T x, of a column-major matrix in f64 by plain loops.
pub fn times<T: Real>(a: &[T], x: &[T], transposed: bool) -> Vec<f64> {
    let n = x.len();
    let entry = |i: usize, j: usize| a[if transposed { i * n + j } else { j * n + i }].as_f64();
    (0..n).map(|i| (0..n).map(|j| entry(i, j) * x[j].as_f64()).sum()).collect()
}
