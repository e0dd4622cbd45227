//! Vectorised hyperbolic tangent.

use pulp::{Arch, Simd, WithSimd};

use crate::kernels::lane::has_fma;

/// Scalar types with a vectorised tanh.
pub trait Tanh: Copy + Sized {
    /// tanh x without branches; `FMA` says whether the instruction set fuses a multiplication and an addition.
    fn tanh_kernel<const FMA: bool>(self) -> Self;
    /// The same as the instruction set behind `S` would have it.
    #[inline(always)]
    fn tanh_in<S: Simd>(self) -> Self {
        if has_fma::<S>() { self.tanh_kernel::<true>() } else { self.tanh_kernel::<false>() }
    }
    /// out\[i\] <- tanh x\[i\], vectorised for the processor at hand.
    ///
    /// NaN stays NaN, infinities become +-1 and -0 stays -0. Both slices must have one length; what exceeds the shorter
    /// is left alone.
    fn tanh_slice(x: &[Self], out: &mut [Self]);
}

struct Slice<'a, T>(&'a [T], &'a mut [T]);

impl<T: Tanh> WithSimd for Slice<'_, T> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        self.0.iter().zip(self.1).for_each(|(x, out)| *out = x.tanh_in::<S>());
    }
}

/// 1/2!, 1/3!, ... as a constant array.
macro_rules! inverse_factorials {
    ($t:ident, $terms:literal) => {{
        let mut c = [0.0; $terms];
        let (mut i, mut factorial) = (0, 1.0);
        while i < $terms {
            factorial *= (i + 2) as f64;
            c[i] = (1.0 / factorial) as $t;
            i += 1;
        }
        c
    }};
}

/// tanh x = e / (e + 2) with e = exp(2|x|) - 1 = 2^n p + (2^n - 1), p = exp(r) - 1, |r| <= ln 2 / 2.
///
/// One formula for every x: no branch, no cancellation near 0. Adding `MAGIC` rounds to the nearest integer n and leaves
/// n in the low bits, whence 2^n by a shift. Above `SATURATED`, tanh rounds to 1. The coefficients are those of the
/// Taylor series, whose first neglected term is below half a unit in the last place on the reduced interval.
macro_rules! tanh {
    ($t:ident, $mantissa:literal, $bias:literal, $magic:expr, $saturated:literal, $hi:literal, $lo:literal, $terms:literal) => {
        impl Tanh for $t {
            #[inline(always)]
            fn tanh_kernel<const FMA: bool>(self) -> $t {
                const MAGIC: $t = $magic;
                const COEFFICIENTS: [$t; $terms] = inverse_factorials!($t, $terms);
                let fma = |a: $t, b: $t, c: $t| if FMA { a.mul_add(b, c) } else { a * b + c };
                let a = self.abs();
                // the comparison is false for NaN, which so survives
                let y = 2.0 * if a > $saturated { $saturated } else { a };
                let shifted = fma(y, core::$t::consts::LOG2_E, MAGIC);
                let n = shifted - MAGIC;
                let r = fma(-n, $lo, fma(-n, $hi, y));
                let mut q = COEFFICIENTS[$terms - 1];
                for &c in COEFFICIENTS[..$terms - 1].iter().rev() {
                    q = fma(q, r, c);
                }
                let p = fma(r * r, q, r);
                let power = $t::from_bits((shifted.to_bits() << $mantissa).wrapping_add($bias << $mantissa));
                let e = fma(power, p, power - 1.0);
                (e / (e + 2.0)).copysign(self)
            }

            fn tanh_slice(x: &[$t], out: &mut [$t]) {
                Arch::new().dispatch(Slice(x, out));
            }
        }
    };
}

// 1.5 * 2^23 and 1.5 * 2^52; ln 2 is split so that n times the high part is exact (Cody and Waite 1980).
tanh!(f32, 23, 127, 12_582_912.0, 10.0, 0.693_359_4, -2.121_944_4e-4, 6);
tanh!(f64, 52, 1023, 6_755_399_441_055_744.0, 20.0, 0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10, 12);

#[cfg(test)]
mod tests {
    use super::*;

    fn ulps32(got: f32, x: f32) -> f64 {
        let exact = f64::from(x).tanh();
        let ulp = f64::from(f32::from_bits((exact.abs() as f32).to_bits() + 1)) - f64::from(exact.abs() as f32);
        (f64::from(got) - exact).abs() / ulp
    }

    #[test]
    fn f32_is_within_2_5_ulp_over_a_dense_sample() {
        let x: Vec<f32> = (0..u32::MAX / 2).step_by(997).map(f32::from_bits).filter(|x| x.is_finite()).collect();
        let mut out = vec![0.0; x.len()];
        f32::tanh_slice(&x, &mut out);
        let worst = x.iter().zip(&out).map(|(&x, &t)| ulps32(t, x)).fold(0.0, f64::max);
        assert!(worst <= 2.5, "{worst} ulp");
    }

    #[test]
    fn f64_agrees_with_libm_within_4_ulp() {
        let x: Vec<f64> = (0..200_000).map(|i| 10f64.powf(-12.0 + f64::from(i) * 7e-5)).collect();
        let mut out = vec![0.0; x.len()];
        f64::tanh_slice(&x, &mut out);
        for (&x, &t) in x.iter().zip(&out) {
            assert!((t - x.tanh()).abs() <= 4.0 * f64::EPSILON * x.tanh(), "{x}: {t} and {}", x.tanh());
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn instruction_sets_with_fma_agree_bitwise_and_others_to_rounding() {
        use pulp::x86::{V3, V4};
        let x: Vec<f32> = (0..4001).map(|i| (i as f32 - 2000.0) * 0.006).collect();
        let wide: Vec<f64> = x.iter().map(|&v| v.into()).collect();
        let (portable, wide_portable): (Vec<f32>, Vec<f64>) = (
            x.iter().map(|v| v.tanh_in::<pulp::Scalar>()).collect(),
            wide.iter().map(|v| v.tanh_in::<pulp::Scalar>()).collect(),
        );
        let (narrow, exact): (Vec<f32>, Vec<f64>) = (
            x.iter().map(|v| v.tanh_kernel::<true>()).collect(),
            wide.iter().map(|v| v.tanh_kernel::<true>()).collect(),
        );
        assert!(portable.iter().zip(&narrow).all(|(a, b)| (a - b).abs() <= 1e-6 * b.abs()));
        assert!(wide_portable.iter().zip(&exact).all(|(a, b)| (a - b).abs() <= 2e-15 * b.abs()));
        let avx2 = V3::try_new().map(|simd| (on(simd, &x), on(simd, &wide)));
        let avx512 = V4::try_new().map(|simd| (on(simd, &x), on(simd, &wide)));
        assert!([avx2, avx512].into_iter().flatten().all(|values| values == (narrow.clone(), exact.clone())));
    }

    #[cfg(target_arch = "x86_64")]
    fn on<T: Tanh + Default, S: Simd>(simd: S, x: &[T]) -> Vec<T> {
        let mut out = vec![T::default(); x.len()];
        Simd::vectorize(simd, Slice(x, &mut out));
        out
    }

    #[test]
    fn special_values_and_the_form_without_fma() {
        let x = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.0, -1.25, 1e-310];
        let mut out = [0.0; 7];
        f64::tanh_slice(&x, &mut out);
        assert!(out[0].is_nan());
        assert_eq!(out[1..3], [1.0, -1.0]);
        assert!(out[3] == 0.0 && out[3].is_sign_negative() && out[4].is_sign_positive());
        assert_eq!(out[5], -(1.25f64.tanh_kernel::<true>()));
        assert_eq!(out[6], 1e-310);
        for i in -400..400 {
            let x = f64::from(i) * 0.03;
            assert!((x.tanh_kernel::<false>() - x.tanh()).abs() <= 1e-15 * x.abs().min(1.0));
            let x = x as f32;
            assert!((x.tanh_kernel::<false>() - x.tanh()).abs() <= 5e-7 * x.abs().min(1.0));
        }
    }
}
