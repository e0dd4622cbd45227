//! Long vectors made block by block, without writing zeros first: where memory is the limit, that is half of the work.

#![allow(unsafe_code)]

use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::scratch;
use crate::Real;

/// Vectors that are no more than written are not worth a second thread below this many numbers.
pub(super) const PARALLEL: usize = 100_000;

/// `len` numbers in blocks of `size`, the last of which may be shorter; `fill` makes block i in memory of unspecified content.
///
/// With `parallel` the blocks are spread over the current rayon pool.
pub(crate) fn collect<T: Real>(
    len: usize,
    size: usize,
    parallel: bool,
    fill: impl Fn(usize, &mut [T]) + Sync,
) -> Vec<T> {
    let mut all = Vec::with_capacity(len);
    let places = &mut all.spare_capacity_mut()[..len];
    // made in cache, and copied from there
    let one = |(i, place): (usize, &mut [MaybeUninit<T>])| {
        scratch::with(place.len(), |block| {
            fill(i, block);
            place.write_copy_of_slice(block);
        });
    };
    if parallel {
        places.par_chunks_mut(size).enumerate().for_each(one);
    } else {
        places.chunks_mut(size).enumerate().for_each(one);
    }
    // SAFETY: the chunks are all of the `len` places, and every one has been written as a whole
    unsafe { all.set_len(len) };
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_follow_one_another() {
        for (len, size) in [(0, 3), (1, 1), (2, 7), (35, 5), (37, 5), (120_001, 300)] {
            let expected: Vec<f64> = (0..len).map(|k| k as f64).collect();
            for parallel in [false, true] {
                let made = collect(len, size, parallel, |i, block: &mut [f64]| {
                    block.iter_mut().enumerate().for_each(|(k, v)| *v = (i * size + k) as f64);
                });
                assert_eq!(made, expected, "{len} {size}");
            }
        }
    }
}
