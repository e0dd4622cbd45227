//! What follows a product while its result is still in cache.

use pulp::{Arch, Simd, WithSimd};

use crate::Real;
use crate::kernels::lane::Lane;

/// What is done to the product before it leaves the cache.
pub trait Epilogue<T: Lane>: Sync {
    /// Finishes `out`, which holds columns `column ..` of row `row` of the product.
    fn finish<S: Simd>(&self, simd: S, row: usize, column: usize, out: &mut [T]);
}

/// The product alone.
pub struct Plain;

impl<T: Lane> Epilogue<T> for Plain {
    #[inline(always)]
    fn finish<S: Simd>(&self, _: S, _: usize, _: usize, _: &mut [T]) {}
}

/// Numbers that an epilogue works on at a time: several registers, so that one does not wait for the other.
const TILE: usize = 32;

/// out_i <- f(out_i, a_i, b_i) for an [`Epilogue`] with a long formula, in whole registers; short ones are loops.
#[inline(always)]
pub fn map_row<T: Real, S: Simd>(simd: S, out: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T, T) -> T) {
    let (a, b) = (&a[..out.len()], &b[..out.len()]);
    if out.len() < TILE {
        return map_short(simd, out, a, b, f);
    }
    // a remainder done number by number would cost more than a whole tile: the last tile overlaps the one before, and is
    // read before that is written
    let partial = !out.len().is_multiple_of(TILE);
    let end = match (out.last_chunk(), a.last_chunk(), b.last_chunk()) {
        (Some(out), Some(a), Some(b)) if partial => Some(map_tile(out, a, b, &f)),
        _ => None,
    };
    for (out, (a, b)) in out.as_chunks_mut().0.iter_mut().zip(a.as_chunks().0.iter().zip(b.as_chunks().0)) {
        *out = map_tile(out, a, b, &f);
    }
    if let (Some(end), Some(out)) = (end, out.last_chunk_mut()) {
        *out = end;
    }
}

/// The same for less than a tile.
#[inline(always)]
fn map_short<T: Real, S: Simd>(simd: S, out: &mut [T], a: &[T], b: &[T], f: impl Fn(T, T, T) -> T) {
    let all = map_tile(&padded(simd, out), &padded(simd, a), &padded(simd, b), &f);
    let registers = T::vectors::<S>(&all).0;
    let (whole, rest) = T::vectors_mut::<S>(out);
    whole.iter_mut().zip(registers).for_each(|(out, register)| *out = *register);
    if !rest.is_empty() {
        T::store_rest(simd, rest, registers[whole.len()]);
    }
}

#[inline(always)]
fn map_tile<T: Real>(out: &[T; TILE], a: &[T; TILE], b: &[T; TILE], f: &impl Fn(T, T, T) -> T) -> [T; TILE] {
    // copies in registers: the compiler would not vectorise a loop over slices that might overlap
    let (mut all, a, b) = (*out, *a, *b);
    for i in 0..TILE {
        all[i] = f(all[i], a[i], b[i]);
    }
    all
}

/// `values`, fewer than a tile, and zeros.
#[inline(always)]
fn padded<T: Real, S: Simd>(simd: S, values: &[T]) -> [T; TILE] {
    let mut all = [T::zero(); TILE];
    let (whole, rest) = T::vectors::<S>(values);
    let (registers, _) = T::vectors_mut::<S>(&mut all);
    registers.iter_mut().zip(whole).for_each(|(register, value)| *register = *value);
    if !rest.is_empty() {
        registers[whole.len()] = T::load_rest(simd, rest);
    }
    all
}

/// Finishes the columns `column ..` of the rows `row ..`, as many as fit into the rows of `out`.
pub(super) fn finish<T: Real, E: Epilogue<T>>(epilogue: &E, row: usize, column: usize, out: &mut [T], stride: usize) {
    Arch::new().dispatch(Finish { epilogue, row, column, out, stride });
}

struct Finish<'a, T, E> {
    epilogue: &'a E,
    row: usize,
    column: usize,
    out: &'a mut [T],
    stride: usize,
}

impl<T: Real, E: Epilogue<T>> WithSimd for Finish<'_, T, E> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Finish { epilogue, row, column, out, stride } = self;
        for (r, out) in out.chunks_exact_mut(stride).enumerate() {
            epilogue.finish(simd, row + r, column, out);
        }
    }
}
