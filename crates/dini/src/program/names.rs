//! The functions of one argument by their names, for every type of number that has them.

/// Hands `name = Function` with their documentation to the macro `$with`.
macro_rules! named {
    ($with:ident) => {
        $with! {
            /// e^x
            exp = Exp,
            /// e^x - 1, exact near 0.
            exp_m1 = Expm1,
            /// The natural logarithm.
            ln = Ln,
            /// ln(1 + x), exact near 0.
            ln_1p = Ln1p,
            /// The logarithm to base 10.
            log10 = Log10,
            /// The logarithm to base 2.
            log2 = Log2,
            /// The sine.
            sin = Sin,
            /// The cosine.
            cos = Cos,
            /// The tangent.
            tan = Tan,
            /// The inverse sine.
            asin = Asin,
            /// The inverse cosine.
            acos = Acos,
            /// The inverse tangent.
            atan = Atan,
            /// The hyperbolic sine.
            sinh = Sinh,
            /// The hyperbolic cosine.
            cosh = Cosh,
            /// The hyperbolic tangent.
            tanh = Tanh,
            /// The inverse hyperbolic sine.
            asinh = Asinh,
            /// The inverse hyperbolic cosine.
            acosh = Acosh,
            /// The inverse hyperbolic tangent.
            atanh = Atanh,
            /// The square root.
            sqrt = Sqrt,
            /// The cube root.
            cbrt = Cbrt,
            /// |x|; its derivative at the kink is 0, and a verdict there refuses it.
            abs = Abs,
            /// The logistic function 1 / (1 + e^-x).
            sigmoid = Sigmoid,
            /// The error function.
            erf = Erf,
            /// 1 - erf(x), exact where that is small.
            erfc = Erfc,
            /// The probability of a normal variable below x.
            norm_cdf = NormCdf,
            /// The gamma function.
            gamma = Gamma,
            /// ln |gamma(x)|
            ln_gamma = LnGamma,
            /// The principal branch w of w e^w = x.
            lambert_w = LambertW,
            /// The Bessel function of the first kind of order 0.
            j0 = J0,
            /// The Bessel function of the first kind of order 1.
            j1 = J1,
            /// -1, 0 or 1.
            signum = Sign,
            /// The largest whole number not above x.
            floor = Floor,
            /// The smallest whole number not below x.
            ceil = Ceil,
        }
    };
}
pub(crate) use named;
