//! The functions a formula may call: names, values and derivatives.
//!
//! The derivatives are written out in closed form rather than taken from the
//! functions of `num-dual`: its `tanh` is a quotient that overflows from |x| =
//! 711 on and has no correct digit in its derivative from |x| = 19 on, its
//! `sqrt`, `cbrt` and `powf` are NaN at 0, and `asin`, `acos`, `acosh` and
//! `atanh` cancel near ±1. The special functions come from `libm` and the module `special`.

use std::f64::consts::{FRAC_2_SQRT_PI, LN_2, LN_10};

use super::program::Combination;
use super::scalar::{Scalar, chain};
use super::special;

/// Declares the functions of one argument with their canonical spelling.
macro_rules! functions {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A function of one argument.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($variant),*
        }

        /// The functions of one argument by their canonical spelling.
        const UNARY: &[(&str, Function)] = &[$(($name, Function::$variant)),*];
    };
}

functions! {
    Exp = "exp", Ln = "ln", Log10 = "log10", Log2 = "log2",
    Sin = "sin", Cos = "cos", Tan = "tan",
    Asin = "asin", Acos = "acos", Atan = "atan",
    Sinh = "sinh", Cosh = "cosh", Tanh = "tanh",
    Asinh = "asinh", Acosh = "acosh", Atanh = "atanh",
    Sqrt = "sqrt", Cbrt = "cbrt", Abs = "abs", Sigmoid = "sigmoid",
    Erf = "erf", Erfc = "erfc", NormCdf = "normcdf", Gamma = "gamma", LnGamma = "lgamma",
    LambertW = "lambertw", J0 = "j0", J1 = "j1",
    Sign = "sign", Floor = "floor", Ceil = "ceil",
}

/// Names that are as common for quantities as for functions: they are functions only where they are called.
const SOFT: &[&str] = &["gamma", "sign", "floor", "ceil", "j0", "j1", "mod", "erf", "erfc", "Phi", "Φ", "sum", "prod"];

/// Functions of two arguments.
const BINARY: &[(&str, Combination)] = &[
    ("pow", Combination::Power),
    ("atan2", Combination::Atan2),
    ("min", Combination::Min),
    ("max", Combination::Max),
    ("mod", Combination::Mod),
];

/// Forms whose arguments are not plain formulas.
const FORMS: &[(&str, Callable)] = &[
    ("if", Callable::If),
    ("sum", Callable::Repeat(Combination::Add)),
    ("prod", Callable::Repeat(Combination::Multiply)),
];

/// Further spellings.
const SYNONYMS: &[(&str, &str)] = &[
    ("arcsin", "asin"),
    ("arccos", "acos"),
    ("arctan", "atan"),
    ("arsinh", "asinh"),
    ("arcosh", "acosh"),
    ("artanh", "atanh"),
    ("arcsinh", "asinh"),
    ("arccosh", "acosh"),
    ("arctanh", "atanh"),
    ("logistic", "sigmoid"),
    ("Phi", "normcdf"),
    ("Φ", "normcdf"),
    ("norm_cdf", "normcdf"),
    ("lngamma", "lgamma"),
    ("loggamma", "lgamma"),
    ("gammaln", "lgamma"),
    ("lambert_w", "lambertw"),
    ("besselj0", "j0"),
    ("besselj1", "j1"),
    ("sgn", "sign"),
];

/// What can be called in a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Callable {
    /// A function of one argument.
    Unary(Function),
    /// A function of two arguments; `min` and `max` take more, too.
    Binary(Combination),
    /// `if(condition, a, b)`
    If,
    /// `sum(i, first, last, term)` and `prod(...)`: the terms joined by the combination.
    Repeat(Combination),
}

impl Callable {
    /// The function of that name, in any of its spellings.
    pub(super) fn named(name: &str) -> Option<Self> {
        let synonym = SYNONYMS.iter().find(|(spelling, _)| *spelling == name);
        let name = synonym.map_or(name, |(_, canonical)| canonical);
        let unary = find(UNARY, name).map(Self::Unary);
        unary.or_else(|| find(BINARY, name).map(Self::Binary)).or_else(|| find(FORMS, name))
    }

    /// Whether a name that is not called may also be a quantity.
    pub(super) fn may_be_symbol(name: &str) -> bool {
        SOFT.contains(&name)
    }

    /// One name of every function.
    pub(super) fn canonical() -> impl Iterator<Item = &'static str> {
        let unary = UNARY.iter().map(|(name, _)| *name);
        unary.chain(BINARY.iter().map(|(name, _)| *name)).chain(FORMS.iter().map(|(name, _)| *name))
    }

    /// All names a function can be called by.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        Self::canonical().chain(SYNONYMS.iter().map(|(name, _)| *name))
    }
}

fn find<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(spelling, _)| *spelling == name).map(|(_, entry)| *entry)
}

impl Function {
    /// The function of a number or dual number.
    pub(super) fn apply<D: Scalar>(self, x: D) -> D {
        if D::NDERIV == 0 {
            D::from(self.value(x.re()))
        } else {
            let [first, second] = self.derivatives(x.re());
            chain(x, [self.value(x.re()), first, second])
        }
    }

    fn value(self, x: f64) -> f64 {
        match self {
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Log10 => x.log10(),
            Self::Log2 => x.log2(),
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Asinh => x.asinh(),
            // The standard library takes the logarithm of a number near 1 here.
            Self::Acosh if x < 2.0 => (x - 1.0 + acosh_root(x)).ln_1p(),
            Self::Acosh => x.acosh(),
            Self::Atanh => (0.5 * (2.0 * x.abs() / (1.0 - x.abs())).ln_1p()).copysign(x),
            Self::Sqrt => x.sqrt(),
            Self::Cbrt => x.cbrt(),
            Self::Abs => x.abs(),
            Self::Sigmoid => {
                let decay = (-x.abs()).exp();
                (if x < 0.0 { decay } else { 1.0 }) / (1.0 + decay)
            }
            Self::Erf => libm::erf(x),
            Self::Erfc => libm::erfc(x),
            Self::NormCdf => special::normal(x),
            Self::Gamma => libm::tgamma(x),
            Self::LnGamma => libm::lgamma(x),
            Self::LambertW => special::lambert_w(x),
            Self::J0 => libm::j0(x),
            Self::J1 => libm::j1(x),
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
        }
    }

    /// First and second derivative. At the kink of `abs`, 0 lies between the
    /// two slopes.
    fn derivatives(self, x: f64) -> [f64; 2] {
        match self {
            Self::Exp => [x.exp(); 2],
            Self::Ln => [x.recip(), -x.recip() / x],
            Self::Log10 => [x.recip() / LN_10, -x.recip() / x / LN_10],
            Self::Log2 => [x.recip() / LN_2, -x.recip() / x / LN_2],
            Self::Sin => [x.cos(), -x.sin()],
            Self::Cos => [-x.sin(), -x.cos()],
            Self::Tan => {
                let tan = x.tan();
                let first = 1.0 + tan * tan;
                [first, 2.0 * tan * first]
            }
            Self::Asin => asin_derivatives(x),
            Self::Acos => asin_derivatives(x).map(|derivative| -derivative),
            Self::Atan => {
                let first = (1.0 + x * x).recip();
                [first, -2.0 * x * first * first]
            }
            Self::Sinh => [x.cosh(), x.sinh()],
            Self::Cosh => [x.sinh(), x.cosh()],
            Self::Tanh => {
                let decay = (-2.0 * x.abs()).exp();
                let first = 4.0 * decay / ((1.0 + decay) * (1.0 + decay));
                [first, -2.0 * x.tanh() * first]
            }
            Self::Asinh => {
                let root = 1.0_f64.hypot(x);
                [root.recip(), -(x / root) / root / root]
            }
            Self::Acosh => {
                let root = acosh_root(x);
                [root.recip(), -(x / root) / root / root]
            }
            Self::Atanh => {
                let first = ((1.0 - x) * (1.0 + x)).recip();
                [first, 2.0 * x * first * first]
            }
            Self::Sqrt => [0.5 / x.sqrt(), -0.25 / (x * x.sqrt())],
            Self::Cbrt => {
                let root = x.cbrt();
                let first = (3.0 * root * root).recip();
                [first, -2.0 / 3.0 * first / x]
            }
            Self::Abs if x == 0.0 => [0.0, 0.0],
            Self::Abs => [x.signum(), 0.0],
            Self::Sigmoid => {
                let decay = (-x.abs()).exp();
                let first = decay / ((1.0 + decay) * (1.0 + decay));
                [first, -first * (0.5 * x).tanh()]
            }
            Self::Erf => {
                let first = special::gaussian(x, FRAC_2_SQRT_PI);
                [first, -2.0 * x * first]
            }
            Self::Erfc => Self::Erf.derivatives(x).map(|derivative| -derivative),
            Self::NormCdf => {
                let first = special::normal_density(x);
                [first, -x * first]
            }
            Self::Gamma => {
                let (gamma, digamma) = (libm::tgamma(x), special::digamma(x));
                [gamma * digamma, gamma * (digamma * digamma + special::trigamma(x))]
            }
            Self::LnGamma => [special::digamma(x), special::trigamma(x)],
            Self::LambertW => special::lambert_w_derivatives(x),
            Self::J0 => [-libm::j1(x), special::j1_over(x) - libm::j0(x)],
            Self::J1 => [libm::j0(x) - special::j1_over(x), 0.25 * (libm::jn(3, x) - 3.0 * libm::j1(x))],
            Self::Sign | Self::Floor | Self::Ceil => [0.0, 0.0],
        }
    }
}

/// `sqrt(x² - 1)` without cancellation near 1 or overflow.
fn acosh_root(x: f64) -> f64 {
    (x - 1.0).sqrt() * (x + 1.0).sqrt()
}

fn asin_derivatives(x: f64) -> [f64; 2] {
    let square = (1.0 - x) * (1.0 + x);
    let first = square.sqrt().recip();
    [first, x * first / square]
}
