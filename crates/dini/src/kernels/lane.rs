//! Vector registers of one scalar type, for every instruction set.

use num_traits::Zero;
use pulp::{Arch, Simd};

use crate::kernels::gemv::Strip;
use crate::kernels::lu;
use crate::kernels::passes::Block;
use crate::kernels::tanh::Tanh;
use crate::kernels::tiles::Tiles;

/// Vector registers of one scalar type, for every instruction set.
pub trait Lane: Copy + Tanh + Zero {
    /// Columns of a packed panel: one 512-bit register.
    const PANEL: usize;
    /// A register.
    type Vector<S: Simd>: Copy;
    /// All lanes equal.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// a + b
    fn add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b + c, fused where the processor can.
    fn mul_add<S: Simd>(simd: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// Sum of the lanes.
    fn sum<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// The whole registers of a slice, and what is left.
    fn vectors<S: Simd>(slice: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The whole registers of a slice, and what is left.
    fn vectors_mut<S: Simd>(slice: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// Fewer numbers than a register holds, and zeros.
    fn load_rest<S: Simd>(simd: S, rest: &[Self]) -> Self::Vector<S>;
    /// The first lanes of a register, as many as fit.
    fn store_rest<S: Simd>(simd: S, rest: &mut [Self], value: Self::Vector<S>);
    /// The product with a packed matrix, under the best instruction set of the processor at hand.
    fn multiply(tiles: Tiles<'_, Self>);
    /// One block of a pass with a packed matrix.
    fn multiply_block(block: Block<'_, Self>);
    /// The product of one row with a matrix that is not packed.
    fn multiply_row(strip: Strip<'_, Self>);
    /// P A = L U in place for one matrix of size n, or for [`PANEL`](Lane::PANEL) interleaved ones (`lanes`), column-major;
    /// entry k of all of them is at k `lanes`, and so are the exchanges of step k.
    fn eliminate(n: usize, lanes: usize, entries: &mut [Self], pivots: &mut [usize]);
    /// x <- U^-1 L^-1 x with the factors of one matrix, or x <- L^-T U^-T x.
    fn substitute(factors: &[Self], x: &mut [Self], transposed: bool);
}

/// Whether the instruction set behind `S` has a fused multiply-add: pulp's portable fallback is its only one without.
#[inline(always)]
pub(crate) fn has_fma<S: Simd>() -> bool {
    size_of::<S::f32s>() > size_of::<f32>()
}

macro_rules! lane {
    ($t:ident, $v:ident, $panel:literal, $splat:ident, $add:ident, $fma:ident, $sum:ident, $as:ident, $as_mut:ident, $load:ident, $store:ident) => {
        impl Lane for $t {
            const PANEL: usize = $panel;
            type Vector<S: Simd> = S::$v;
            #[inline(always)]
            fn splat<S: Simd>(simd: S, value: $t) -> S::$v {
                simd.$splat(value)
            }
            #[inline(always)]
            fn add<S: Simd>(simd: S, a: S::$v, b: S::$v) -> S::$v {
                simd.$add(a, b)
            }
            #[inline(always)]
            fn mul_add<S: Simd>(simd: S, a: S::$v, b: S::$v, c: S::$v) -> S::$v {
                simd.$fma(a, b, c)
            }
            #[inline(always)]
            fn sum<S: Simd>(simd: S, a: S::$v) -> $t {
                simd.$sum(a)
            }
            #[inline(always)]
            fn vectors<S: Simd>(slice: &[$t]) -> (&[S::$v], &[$t]) {
                S::$as(slice)
            }
            #[inline(always)]
            fn vectors_mut<S: Simd>(slice: &mut [$t]) -> (&mut [S::$v], &mut [$t]) {
                S::$as_mut(slice)
            }
            #[inline(always)]
            fn load_rest<S: Simd>(simd: S, rest: &[$t]) -> S::$v {
                simd.$load(rest)
            }
            #[inline(always)]
            fn store_rest<S: Simd>(simd: S, rest: &mut [$t], value: S::$v) {
                simd.$store(rest, value);
            }
            fn multiply(tiles: Tiles<'_, $t>) {
                Arch::new().dispatch(tiles);
            }
            fn multiply_block(block: Block<'_, $t>) {
                Arch::new().dispatch(block);
            }
            fn multiply_row(strip: Strip<'_, $t>) {
                Arch::new().dispatch(strip);
            }
            fn eliminate(n: usize, lanes: usize, entries: &mut [$t], pivots: &mut [usize]) {
                if lanes == 1 {
                    lu::eliminate::<$t, 1>(n, entries, pivots);
                } else {
                    lu::eliminate::<$t, $panel>(n, entries, pivots);
                }
            }
            fn substitute(factors: &[$t], x: &mut [$t], transposed: bool) {
                lu::substitute(factors, x, transposed);
            }
        }
    };
}
lane!(
    f32,
    f32s,
    16,
    splat_f32s,
    add_f32s,
    mul_add_e_f32s,
    reduce_sum_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    partial_load_f32s,
    partial_store_f32s
);
lane!(
    f64,
    f64s,
    8,
    splat_f64s,
    add_f64s,
    mul_add_e_f64s,
    reduce_sum_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    partial_load_f64s,
    partial_store_f64s
);
