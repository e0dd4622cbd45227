//! Blocks of a matrix transposed in registers: packing reads rows and writes columns.

use crate::kernels::lane::Lane;

/// Scalar types whose matrices are transposed in registers where the processor can.
pub trait Transpose: Lane {
    /// dst\[j `to` + i\] <- src\[i `from` + j\] for i < `rows` and j < `columns`.
    fn transpose(src: &[Self], from: usize, dst: &mut [Self], to: usize, size: (usize, usize));
}

/// The part of a matrix that is transposed.
struct Part<'a, T> {
    src: &'a [T],
    from: usize,
    dst: &'a mut [T],
    to: usize,
    rows: usize,
    columns: usize,
}

impl<T: Copy> Part<'_, T> {
    /// Number by number: all of it but its first `rows` x `columns` numbers.
    fn rest(&mut self, (rows, columns): (usize, usize)) {
        for i in 0..self.rows {
            for j in if i < rows { columns } else { 0 }..self.columns {
                self.dst[j * self.to + i] = self.src[i * self.from + j];
            }
        }
    }
}

macro_rules! transpose {
    ($t:ident, $side:literal) => {
        impl Transpose for $t {
            fn transpose(src: &[$t], from: usize, dst: &mut [$t], to: usize, (rows, columns): (usize, usize)) {
                let mut part = Part { src, from, dst, to, rows, columns };
                #[cfg(target_arch = "x86_64")]
                if let Some(simd) = pulp::x86::V3::try_new() {
                    return simd.vectorize(avx::Turned::<_, $side> { simd, part });
                }
                part.rest((0, 0));
            }
        }
    };
}
transpose!(f32, 8);
transpose!(f64, 4);

/// In the 256-bit registers of AVX2: the wider ones of AVX-512 gain nothing where memory is the limit.
#[cfg(target_arch = "x86_64")]
mod avx {
    use std::arch::x86_64::{__m256, __m256d};
    use std::array::from_fn;

    use pulp::x86::V3;
    use pulp::{NullaryFnOnce, cast, f32x8, f64x4};

    use super::{Lane, Part};

    /// Scalar types of which a register holds N.
    pub trait Block<const N: usize>: Lane {
        /// The transpose of an N x N block.
        fn turn(simd: V3, rows: [Self::Vector<V3>; N]) -> [Self::Vector<V3>; N];
    }

    impl Block<8> for f32 {
        #[inline(always)]
        fn turn(simd: V3, rows: [f32x8; 8]) -> [f32x8; 8] {
            let avx = simd.avx;
            let r: [__m256; 8] = cast(rows);
            let mut quarters = [r[0]; 8];
            for i in [0, 4] {
                let low = [avx._mm256_unpacklo_ps(r[i], r[i + 1]), avx._mm256_unpacklo_ps(r[i + 2], r[i + 3])];
                let high = [avx._mm256_unpackhi_ps(r[i], r[i + 1]), avx._mm256_unpackhi_ps(r[i + 2], r[i + 3])];
                quarters[i] = avx._mm256_shuffle_ps::<0x44>(low[0], low[1]);
                quarters[i + 1] = avx._mm256_shuffle_ps::<0xee>(low[0], low[1]);
                quarters[i + 2] = avx._mm256_shuffle_ps::<0x44>(high[0], high[1]);
                quarters[i + 3] = avx._mm256_shuffle_ps::<0xee>(high[0], high[1]);
            }
            let mut out = r;
            for i in 0..4 {
                out[i] = avx._mm256_permute2f128_ps::<0x20>(quarters[i], quarters[i + 4]);
                out[i + 4] = avx._mm256_permute2f128_ps::<0x31>(quarters[i], quarters[i + 4]);
            }
            cast(out)
        }
    }

    impl Block<4> for f64 {
        #[inline(always)]
        fn turn(simd: V3, rows: [f64x4; 4]) -> [f64x4; 4] {
            let avx = simd.avx;
            let r: [__m256d; 4] = cast(rows);
            let above = [avx._mm256_unpacklo_pd(r[0], r[1]), avx._mm256_unpackhi_pd(r[0], r[1])];
            let below = [avx._mm256_unpacklo_pd(r[2], r[3]), avx._mm256_unpackhi_pd(r[2], r[3])];
            let mut out = r;
            for i in 0..2 {
                out[i] = avx._mm256_permute2f128_pd::<0x20>(above[i], below[i]);
                out[i + 2] = avx._mm256_permute2f128_pd::<0x31>(above[i], below[i]);
            }
            cast(out)
        }
    }

    pub struct Turned<'a, T, const N: usize> {
        pub simd: V3,
        pub part: Part<'a, T>,
    }

    impl<T: Block<N>, const N: usize> NullaryFnOnce for Turned<'_, T, N> {
        type Output = ();
        #[inline(always)]
        fn call(self) {
            let Turned { simd, mut part } = self;
            let (rows, columns) = (part.rows / N * N, part.columns / N * N);
            // along the rows, so that the processor sees N streams to fetch ahead
            for i in (0..rows).step_by(N) {
                let blocks = columns / N;
                let streams: [&[T::Vector<V3>]; N] =
                    from_fn(|r| &T::vectors::<V3>(&part.src[(i + r) * part.from..][..columns]).0[..blocks]);
                for (b, dst) in part.dst.chunks_mut(N * part.to).take(blocks).enumerate() {
                    let block = T::turn(simd, from_fn(|r| streams[r][b]));
                    for (column, dst) in block.into_iter().zip(dst.chunks_mut(part.to)) {
                        T::vectors_mut::<V3>(&mut dst[i..i + N]).0[0] = column;
                    }
                }
            }
            part.rest((rows, columns));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_finds_its_place() {
        for (rows, columns) in [(1, 1), (3, 20), (8, 8), (16, 100), (17, 33), (64, 5)] {
            let (from, to) = (columns + 3, rows + 2);
            let src: Vec<f32> = (0..rows * from).map(|i| i as f32).collect();
            let mut dst = vec![-1.0; columns * to];
            f32::transpose(&src, from, &mut dst, to, (rows, columns));
            let wide: Vec<f64> = src.iter().map(|&v| v.into()).collect();
            let mut wide_dst = vec![-1.0; columns * to];
            f64::transpose(&wide, from, &mut wide_dst, to, (rows, columns));
            for j in 0..columns {
                for i in 0..to {
                    let expected = if i < rows { src[i * from + j] } else { -1.0 };
                    assert_eq!(
                        (dst[j * to + i], wide_dst[j * to + i]),
                        (expected, expected.into()),
                        "{rows} {columns}"
                    );
                }
            }
        }
    }
}
