//! Tiles of a product with a packed matrix: as many sums as there are registers.

#![allow(unsafe_code)]

use std::cmp::Ordering;
use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::kernels::lane::Lane;

/// Rows of `a` times as many panels as cover `width` outputs.
///
/// Not generic over what follows the product: it is compiled once a scalar type, in this crate ([`Lane::multiply`]).
pub struct Tiles<'a, T> {
    /// the panels of these outputs, each `depth` x [`Lane::PANEL`]
    pub(super) panels: &'a [T],
    /// length of the rows of `a`
    pub(super) depth: usize,
    /// those that are multiplied
    pub(super) inputs: Range<usize>,
    pub(super) a: &'a [T],
    pub(super) rows: usize,
    /// from the first output of the first row on; rows lie `stride` apart
    pub(super) out: &'a mut [T],
    pub(super) stride: usize,
    pub(super) width: usize,
    /// whether the product is added to what is there
    pub(super) add: bool,
}

/// Inputs multiplied at a time: so much of a panel stays in the first cache while every row passes it.
pub(super) const DEPTH: usize = 256;

impl<T: Lane> WithSimd for Tiles<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // registers for sums: 24 of 32 (AVX-512, NEON), 12 of 16 (AVX2)
        let all = 0..self.width.div_ceil(T::PANEL);
        match T::PANEL * size_of::<T>() / size_of::<T::Vector<S>>() {
            1 => self.blocks::<S, 1, 1, 12, 24>(simd, all),
            2 if is_narrow::<T>(self.width % T::PANEL) => {
                self.blocks::<S, 2, 2, 6, 12>(simd, 0..all.end - 1);
                self.blocks::<S, 2, 1, 12, 12>(simd, all.end - 1..all.end);
            }
            2 => self.blocks::<S, 2, 2, 6, 12>(simd, all),
            4 => self.blocks::<S, 4, 4, 6, 24>(simd, all),
            8 => self.blocks::<S, 8, 8, 1, 8>(simd, all),
            _ => self.blocks::<S, 16, 16, 1, 16>(simd, all),
        }
    }
}

/// Whether a last panel of `width` outputs, if there is one, fits into half of its registers.
pub(super) fn is_narrow<T: Lane>(width: usize) -> bool {
    (1..=T::PANEL / 2).contains(&width)
}

impl<T: Lane> Tiles<'_, T> {
    /// The tiles of some panels of C registers, of which U are used, with at most MR rows and SUMS sums in a tile.
    ///
    /// Panels outside and a block of inputs next, so that this part of a panel stays in the first cache while every row passes
    /// it. The sums of one block are where the next one begins: blocks change no bit.
    #[inline(always)]
    fn blocks<S: Simd, const C: usize, const U: usize, const MR: usize, const SUMS: usize>(
        &mut self,
        simd: S,
        panels: Range<usize>,
    ) {
        let rows = self.rows;
        let count = rows.div_ceil(MR).max(1);
        // few rows leave too few sums in flight: several panels at once
        let tallest = rows.div_ceil(count);
        let together = [8, 4, 2].into_iter().find(|p| tallest * p * U <= SUMS).unwrap_or(1);
        let mut p = panels.start;
        while p < panels.end {
            let width = if p + together <= panels.end { together } else { 1 };
            for start in self.inputs.clone().step_by(DEPTH) {
                let inputs = start..self.inputs.end.min(start + DEPTH);
                for b in 0..count {
                    let (row, end) = (b * rows / count, (b + 1) * rows / count);
                    macro_rules! tiles {
                        ($($p:literal: $($r:literal)*;)*) => { match (width, end - row) {
                            $($(($p, $r) if $r * $p * U <= SUMS => self.tile::<S, C, U, $r, $p>(simd, row, p, inputs.clone()),)*)*
                            _ => {}
                        } };
                    }
                    tiles! { 1: 1 2 3 4 5 6 7 8 9 10 11 12; 2: 1 2 3 4 5 6 7 8 9 10 11 12; 4: 1 2 3 4 5 6; 8: 1 2 3; }
                }
            }
            p += width;
        }
    }

    /// R rows from `row` times P panels from `p`, over the inputs of one block.
    #[inline(always)]
    fn tile<S: Simd, const C: usize, const U: usize, const R: usize, const P: usize>(
        &mut self,
        simd: S,
        row: usize,
        p: usize,
        inputs: Range<usize>,
    ) {
        let (depth, panel) = (self.depth, self.depth * T::PANEL);
        let panels: [&[T]; P] = std::array::from_fn(|q| &self.panels[(p + q) * panel..(p + q + 1) * panel]);
        let a: [&[T]; R] = std::array::from_fn(|r| &self.a[(row + r) * depth..(row + r + 1) * depth]);
        let mut sums = [[[T::splat(simd, T::zero()); U]; R]; P];
        if self.add || inputs.start > self.inputs.start {
            for (q, sums) in sums.iter_mut().enumerate() {
                for (r, sum) in sums.iter_mut().enumerate() {
                    *sum = load(simd, self.place(row + r, p + q));
                }
            }
        }
        accumulate::<T, S, C, U, R, P, false>(simd, panels, a, inputs, &mut sums);
        for (q, sums) in sums.iter().enumerate() {
            for (r, sum) in sums.iter().enumerate() {
                store(simd, self.place(row + r, p + q), *sum);
            }
        }
    }

    /// The columns of panel `p` in one row of the result.
    #[inline(always)]
    fn place(&mut self, row: usize, p: usize) -> &mut [T] {
        let column = p * T::PANEL;
        let width = T::PANEL.min(self.width - column);
        let start = row * self.stride + column;
        &mut self.out[start..start + width]
    }
}

/// sums\[q\]\[r\] <- sums\[q\]\[r\] + sum_i a\[r\]_i panels\[q\]_i over the inputs i, in their order, or against it where `DOWN`; of
/// the C registers of a panel the first U.
#[inline(always)]
pub(super) fn accumulate<
    T: Lane,
    S: Simd,
    const C: usize,
    const U: usize,
    const R: usize,
    const P: usize,
    const DOWN: bool,
>(
    simd: S,
    panels: [&[T]; P],
    a: [&[T]; R],
    inputs: Range<usize>,
    sums: &mut [[[T::Vector<S>; U]; R]; P],
) {
    const { assert!(U <= C) };
    let count = inputs.len();
    let panels = panels.map(|panel| T::vectors::<S>(&panel[inputs.start * T::PANEL..inputs.end * T::PANEL]).0);
    let a = a.map(|row| &row[inputs.clone()]);
    assert!(panels.iter().all(|panel| panel.len() == count * C), "tiles: registers of another width");
    let mut all = *sums;
    for step in 0..count {
        let i = if DOWN { count - 1 - step } else { step };
        let mut w = [[T::splat(simd, T::zero()); U]; P];
        for (w, panel) in w.iter_mut().zip(panels) {
            for (c, w) in w.iter_mut().enumerate() {
                // SAFETY: a panel's part holds count * C registers (asserted above), i < count and c < U <= C
                *w = unsafe { *panel.get_unchecked(i * C + c) };
            }
        }
        for r in 0..R {
            // SAFETY: every row's part has length count, and i < count
            let z = T::splat(simd, unsafe { *a[r].get_unchecked(i) });
            for q in 0..P {
                for c in 0..U {
                    all[q][r][c] = <T as Lane>::mul_add(simd, z, w[q][c], all[q][r][c]);
                }
            }
        }
    }
    *sums = all;
}

/// The numbers of one panel in one row, and zeros where the row ends before.
#[inline(always)]
pub(super) fn load<T: Lane, S: Simd, const C: usize>(simd: S, place: &[T]) -> [T::Vector<S>; C] {
    let (whole, rest) = T::vectors::<S>(place);
    let mut all = [T::splat(simd, T::zero()); C];
    for (c, register) in all.iter_mut().enumerate() {
        match c.cmp(&whole.len()) {
            Ordering::Less => *register = whole[c],
            Ordering::Equal => *register = T::load_rest(simd, rest),
            Ordering::Greater => {}
        }
    }
    all
}

/// Stores them, as many as there are.
#[inline(always)]
pub(super) fn store<T: Lane, S: Simd, const C: usize>(simd: S, place: &mut [T], sums: [T::Vector<S>; C]) {
    let (whole, rest) = T::vectors_mut::<S>(place);
    for (c, sum) in sums.into_iter().enumerate() {
        match c.cmp(&whole.len()) {
            Ordering::Less => whole[c] = sum,
            Ordering::Equal => T::store_rest(simd, rest, sum),
            Ordering::Greater => {}
        }
    }
}
