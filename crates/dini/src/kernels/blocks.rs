//! Long vectors made block by block, without writing zeros first: where memory is the limit, that is half of the work.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::scratch;
use crate::Real;

/// Vectors below this many numbers are not worth a second thread.
const PARALLEL: usize = 100_000;

/// `count` blocks of `size` numbers, one after the other; `fill` makes block i in memory of unspecified content.
///
/// With `parallel` the blocks of a long vector are spread over the current rayon pool.
pub(crate) fn collect<T: Real>(
    count: usize,
    size: usize,
    parallel: bool,
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let len = count * size;
    let mut all = Vec::with_capacity(len);
    let places = &mut all.spare_capacity_mut()[..len];
    // made in cache, and copied from there
    let one = |(i, place): (usize, &mut [MaybeUninit<T>])| {
        scratch::with(size, |block| {
            fill(i, block);
            place.write_copy_of_slice(block);
        });
    };
    if size == 0 {
        return all;
    }
    if parallel && len >= PARALLEL {
        places.par_chunks_exact_mut(size).enumerate().for_each(one);
    } else {
        places.chunks_exact_mut(size).enumerate().for_each(one);
    }
    // SAFETY: `len` places are `count` chunks of `size`, and every one has been written as a whole
    unsafe { all.set_len(len) };
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_one_another() {
        for (count, size) in [(0, 3), (3, 0), (1, 1), (7, 5), (400, 300)] {
            let expected: Vec<f64> = (0..count * size).map(|k| k as f64).collect();
            for parallel in [false, true] {
                let made = collect(count, size, parallel, |i, block: &mut [f64]| {
                    assert_eq!(block.len(), size);
                    block.iter_mut().enumerate().for_each(|(k, v)| *v = (i * size + k) as f64);
                });
                assert_eq!(made, expected, "{count} {size}");
            }
        }
    }
}
