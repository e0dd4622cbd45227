//! Reproducible numbers and plain-loop arithmetic.

use dini::batch::Batch;
use dini::{Real, Rows};

/// Uniform numbers in -1..1 from a seed.
///
/// Source: S. Vigna's splitmix64, after G. L. Steele, D. Lea and C. H. Flood (2014), doi:10.1145/2660193.2660195.
pub fn numbers<T: Real>(seed: u64, count: usize) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x2545_f491_4f6c_dd1d);
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        T::of(((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    };
    (0..count).map(|_| next()).collect()
}

/// B x n uniform numbers in -1..1 from a seed.
pub fn rows<T: Real>(seed: u64, samples: usize, width: usize) -> Rows<T> {
    Rows::from_vec(samples, width, numbers(seed, samples * width)).expect("as many numbers as asked for")
}

/// <a, b> in f64.
pub fn dot<T: Real>(a: &[T], b: &[T]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.as_f64() * b.as_f64()).sum()
}

/// Euclidean norm in f64.
pub fn norm<T: Real>(a: &[T]) -> f64 {
    dot(a, a).sqrt()
}

/// Sample `s` of a batch.
pub fn read<V: Batch>(v: &V, s: usize) -> Vec<V::Scalar> {
    let mut row = vec![V::Scalar::default(); v.width()];
    v.read(s, &mut row);
    row
}

/// A batch like `like` with random content.
pub fn random<V: Batch>(like: &V, seed: u64, samples: usize) -> V {
    let mut v = like.zeros(samples);
    let all: Vec<V::Scalar> = numbers(seed, samples * like.width());
    all.chunks_exact(like.width()).enumerate().for_each(|(s, row)| v.write(s, row));
    v
}

/// Machine epsilon of the scalar type.
pub const fn epsilon<T: Real>() -> f64 {
    if size_of::<T>() == 4 { f32::EPSILON as f64 } else { f64::EPSILON }
}
