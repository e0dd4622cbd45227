//! Product of a few rows with a packed matrix in bfloat16, summed in f32: twice as fast, to three digits.

#![allow(unsafe_code)]

use std::arch::x86_64::{
    __m256bh, __m512, __m512bh, __m512i, _mm512_cvtneps_pbh, _mm512_dpbf16_ps, _mm512_set1_epi32, _mm512_setzero_ps,
};
use std::array::from_fn;
use std::mem::transmute;
use std::ops::Range;

use pulp::bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

use crate::kernels::epilogue::{Epilogue, finish};
use crate::kernels::gemm::PARALLEL_WORK;
use crate::kernels::transpose::Transpose;
use crate::kernels::{scratch, vector};

/// Columns of a panel: one register of sums.
const PANEL: usize = 16;
/// Rows of a tile of two panels: 24 of 32 registers for sums.
const ROWS: usize = 12;
/// Larger numbers may round to infinity.
const LARGEST: f32 = 3.389_531_4e38;
/// Pairs of inputs multiplied at a time: so much of two panels stays in the first cache while every row passes them.
const DEPTH: usize = 256;

/// A matrix M (outputs x inputs), rounded, in panels of 16 outputs whose inputs lie in pairs.
#[derive(Clone, Debug)]
pub(crate) struct Packed {
    outputs: usize,
    inputs: usize,
    /// a pair of inputs of each output of a panel
    pairs: Vec<[u32; PANEL]>,
    finite: bool,
}

/// Whether the processor multiplies bfloat16 (AVX-512 BF16).
pub(crate) fn available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bf16")
}

impl Packed {
    /// Rounds and packs `m`, row-major with `outputs` rows of `inputs` columns; none where the processor cannot multiply it.
    /// On this thread alone, so that it may be called where other threads of the pool wait for the result.
    pub fn from_rows(m: &[f32], outputs: usize, inputs: usize) -> Option<Self> {
        available().then(|| {
            let depth = inputs.div_ceil(2);
            let mut pairs = vec![[0; PANEL]; outputs.div_ceil(PANEL) * depth];
            let mut rounded = vec![0; PANEL * depth];
            for (panel, rows) in pairs.chunks_exact_mut(depth.max(1)).zip(m.chunks(PANEL * inputs)) {
                let rows = rows.chunks_exact(inputs);
                let count = rows.len();
                rounded.chunks_exact_mut(depth).zip(rows).for_each(|(rounded, row)| round_row(row, rounded));
                // bits that are moved, not numbers
                let (from, to) = (cast_slice(&rounded), cast_slice_mut(panel.as_flattened_mut()));
                f32::transpose(from, depth, to, PANEL, (count, depth));
            }
            Packed { outputs, inputs, pairs, finite: vector::all_within(m, LARGEST) }
        })
    }

    /// out <- epilogue(a M^T), approximately; `a` row-major rows x inputs, `out` rows x outputs.
    ///
    /// As [`gemm::Packed::apply`](crate::kernels::gemm::Packed::apply): every element has one summation order.
    pub fn apply<E: Epilogue<f32>>(&self, a: &[f32], out: &mut [f32], parallel: bool, epilogue: &E) {
        let (k, n, depth) = (self.inputs, self.outputs, self.inputs.div_ceil(2));
        let rows = out.len() / n;
        if a[..rows * k].iter().all(|v| *v == 0.0) && self.finite {
            out.fill(0.0);
            return finish(epilogue, 0, 0, out, n);
        }
        let run = |first: usize, out: &mut [f32]| {
            let rows = out.len() / n;
            scratch::with_any(rows * depth, 0u32, |rounded| {
                for (rounded, row) in rounded.chunks_exact_mut(depth).zip(a[first * k..].chunks_exact(k)) {
                    round_row(row, rounded);
                }
                self.multiply(rounded, out);
            });
            finish(epilogue, first, 0, out, n);
        };
        let threads = rayon::current_num_threads();
        if !parallel || threads < 2 || rows * k * n < PARALLEL_WORK {
            run(0, out);
        } else {
            let block = rows.div_ceil(threads);
            out.par_chunks_mut(block * n).enumerate().for_each(|(i, out)| run(i * block, out));
        }
    }

    /// As in [`gemm`](crate::kernels::gemm): panels outside, two by two, and a block of inputs next.
    fn multiply(&self, a: &[u32], out: &mut [f32]) {
        let (n, depth) = (self.outputs, self.inputs.div_ceil(2));
        let rows = out.len() / n;
        let count = rows.div_ceil(ROWS);
        for (group, panels) in self.pairs.chunks(2 * depth).enumerate() {
            for start in (0..depth).step_by(DEPTH) {
                let inputs = start..depth.min(start + DEPTH);
                for b in 0..count {
                    let (row, end) = (b * rows / count, (b + 1) * rows / count);
                    let (a, out) = (&a[row * depth..end * depth], &mut out[row * n..end * n]);
                    macro_rules! tiles {
                        ($($r:literal)*) => { match (end - row, panels.len() / depth) {
                            // SAFETY: a matrix is packed only where the processor has the instructions (`available`)
                            $(($r, 2) => unsafe { tile::<$r, 2>(panels, a, out, 2 * group, inputs.clone()) },
                              ($r, _) => unsafe { tile::<$r, 1>(panels, a, out, 2 * group, inputs.clone()) },)*
                            _ => {}
                        } };
                    }
                    tiles!(1 2 3 4 5 6 7 8 9 10 11 12);
                }
            }
        }
    }
}

/// R rows times P panels, the first of which is the `p`-th, over the pairs of inputs of one block; the sums of the block before
/// are in `out`.
#[target_feature(enable = "avx512f,avx512bf16")]
fn tile<const R: usize, const P: usize>(
    panels: &[[u32; PANEL]],
    a: &[u32],
    out: &mut [f32],
    p: usize,
    inputs: Range<usize>,
) {
    let (n, depth) = (out.len() / R, a.len() / R);
    let panels: [&[[u32; PANEL]]; P] = from_fn(|q| &panels[q * depth..][inputs.clone()]);
    let rows: [&[u32]; R] = from_fn(|r| &a[r * depth..][inputs.clone()]);
    let place = |r: usize, q: usize| r * n + (p + q) * PANEL..r * n + n.min((p + q + 1) * PANEL);
    let mut sums = [[_mm512_setzero_ps(); P]; R];
    if inputs.start > 0 {
        for r in 0..R {
            for q in 0..P {
                let mut before = [0.0; PANEL];
                let values = &out[place(r, q)];
                before[..values.len()].copy_from_slice(values);
                // SAFETY: both types are 512 bits without invalid patterns
                sums[r][q] = unsafe { transmute::<[f32; PANEL], __m512>(before) };
            }
        }
    }
    for i in 0..inputs.len() {
        // SAFETY: every panel and every row has been sliced to these inputs; the types are 512 bits without invalid patterns
        let w: [__m512bh; P] = from_fn(|q| unsafe { transmute::<[u32; PANEL], __m512bh>(*panels[q].get_unchecked(i)) });
        for r in 0..R {
            // SAFETY: as above
            let z = unsafe { transmute::<__m512i, __m512bh>(_mm512_set1_epi32(*rows[r].get_unchecked(i) as i32)) };
            for q in 0..P {
                sums[r][q] = _mm512_dpbf16_ps(sums[r][q], z, w[q]);
            }
        }
    }
    for r in 0..R {
        for q in 0..P {
            // SAFETY: as above
            let sum = unsafe { transmute::<__m512, [f32; PANEL]>(sums[r][q]) };
            let out = &mut out[place(r, q)];
            match <&mut [f32; PANEL]>::try_from(&mut *out) {
                Ok(whole) => *whole = sum,
                Err(_) => out.copy_from_slice(&sum[..out.len()]),
            }
        }
    }
}

/// A row in pairs; only where the processor has the instructions.
fn round_row(row: &[f32], rounded: &mut [u32]) {
    let (whole, rest) = row.as_chunks::<16>();
    let (registers, end) = rounded.split_at_mut(8 * whole.len());
    // SAFETY: a matrix is packed only where the processor has the instructions (`available`)
    unsafe { round_registers(whole, registers.as_chunks_mut().0) };
    end.iter_mut().zip(rest.chunks(2)).for_each(|(slot, values)| *slot = pair(values));
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn round_registers(from: &[[f32; 16]], to: &mut [[u32; 8]]) {
    for (from, to) in from.iter().zip(to) {
        // SAFETY: both pairs of types have one size and no invalid patterns
        unsafe { *to = transmute::<__m256bh, [u32; 8]>(_mm512_cvtneps_pbh(transmute::<[f32; 16], __m512>(*from))) };
    }
}

/// Two numbers (0 where there is no second) rounded to bfloat16, the first in the low half.
fn pair(values: &[f32]) -> u32 {
    values.iter().zip([0, 16]).map(|(&value, shift)| u32::from(round(value)) << shift).sum()
}

/// The nearest bfloat16, ties to even; NaN stays NaN.
fn round(value: f32) -> u16 {
    let bits = value.to_bits();
    let nearest = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    if value.is_nan() { 0x7fc0 } else { nearest }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::epilogue::Plain;

    #[test]
    fn rounding_is_to_nearest_and_to_even() {
        let value = |bits: u16| f32::from_bits(u32::from(bits) << 16);
        for (x, expected) in
            [(1.0, 1.0), (-0.0, -0.0), (1.003_906_3, 1.0), (1.011_718_8, 1.015_625), (1.004, 1.007_812_5)]
        {
            assert_eq!(value(round(x)).to_bits(), f32::to_bits(expected), "{x}");
        }
        assert!(value(round(f32::NAN)).is_nan());
        assert!(value(round(f32::MAX)).is_infinite() && value(round(f32::NEG_INFINITY)) == f32::NEG_INFINITY);
        assert_eq!(pair(&[1.0]), 0x3f80);
        assert_eq!(pair(&[1.0, -2.0]), 0xc000_3f80);
    }

    #[test]
    fn products_agree_to_three_digits_and_bitwise_with_single_rows() {
        if !available() {
            return;
        }
        for (rows, n, k) in [(1, 1, 1), (2, 16, 7), (13, 33, 40), (25, 100, 100), (30, 129, 65)] {
            let m: Vec<f32> = (0..n * k).map(|i| (i as f32 * 0.7).sin()).collect();
            let a: Vec<f32> = (0..rows * k).map(|i| (i as f32 * 0.3).cos()).collect();
            let Some(packed) = Packed::from_rows(&m, n, k) else { return };
            let mut out = vec![f32::NAN; rows * n];
            packed.apply(&a, &mut out, false, &Plain);
            for r in 0..rows {
                for j in 0..n {
                    let terms = || (0..k).map(|i| f64::from(a[r * k + i]) * f64::from(m[j * k + i]));
                    let (exact, size) = (terms().sum::<f64>(), terms().map(f64::abs).sum::<f64>());
                    assert!((f64::from(out[r * n + j]) - exact).abs() <= 0.01 * size, "{rows} {n} {k}");
                }
                let mut alone = vec![0.0; n];
                packed.apply(&a[r * k..(r + 1) * k], &mut alone, false, &Plain);
                assert_eq!(alone, out[r * n..(r + 1) * n], "bitwise");
            }
        }
    }
}
