//! The functions a formula may call: names, values and derivatives.
//!
//! The derivatives are written out in closed form rather than taken from the
//! functions of `num-dual`: its `tanh` is a quotient that overflows from |x| =
//! 711 on and has no correct digit in its derivative from |x| = 19 on, its
//! `sqrt`, `cbrt` and `powf` are NaN at 0, and `asin`, `acos`, `acosh` and
//! `atanh` cancel near ±1.

use std::f64::consts::{LN_2, LN_10};

use super::scalar::{Scalar, chain};

/// Declares the functions of one argument with their canonical spelling.
macro_rules! functions {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A function of one argument.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($variant),*
        }

        /// Canonical spellings of the functions of one argument.
        const UNARY: &[&str] = &[$($name),*];

        /// Each function as an operator of the expression parser, which takes
        /// bare function pointers: hence one closure for each, not a loop.
        pub(super) fn function_operators<'a>() -> Vec<exmex::Operator<'a, super::program::Program>> {
            vec![$(exmex::Operator::make_unary($name, |argument: super::program::Program| {
                argument.call(Function::$variant)
            })),*]
        }
    };
}

functions! {
    Exp = "exp", Ln = "ln", Log10 = "log10", Log2 = "log2",
    Sin = "sin", Cos = "cos", Tan = "tan",
    Asin = "asin", Acos = "acos", Atan = "atan",
    Sinh = "sinh", Cosh = "cosh", Tanh = "tanh",
    Asinh = "asinh", Acosh = "acosh", Atanh = "atanh",
    Sqrt = "sqrt", Cbrt = "cbrt", Abs = "abs", Sigmoid = "sigmoid",
}

/// Functions of two arguments, and the infix operator each is parsed as.
const BINARY: &[(&str, &str)] = &[("pow", "^"), ("atan2", "atan2"), ("min", "min"), ("max", "max")];

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
];

/// What the grammar needs to know about a function name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Callable {
    /// Spelling understood by the expression parser.
    pub(super) operator: &'static str,
    /// Number of arguments, 1 or 2.
    pub(super) arity: usize,
}

impl Callable {
    /// The function of that name, in any of its spellings.
    pub(super) fn named(name: &str) -> Option<Self> {
        let synonym = SYNONYMS.iter().find(|(spelling, _)| *spelling == name);
        let name = synonym.map_or(name, |(_, canonical)| canonical);
        let unary = UNARY.iter().find(|spelling| **spelling == name);
        let binary = BINARY.iter().find(|(spelling, _)| *spelling == name);
        unary.map(|operator| Self { operator, arity: 1 }).or(binary.map(|(_, operator)| Self { operator, arity: 2 }))
    }

    /// All names a function can be called by.
    pub(super) fn names() -> impl Iterator<Item = &'static str> {
        let binary = BINARY.iter().map(|(name, _)| *name);
        let synonyms = SYNONYMS.iter().map(|(name, _)| *name);
        UNARY.iter().copied().chain(binary).chain(synonyms)
    }
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
