//! The equations g(z; a) = 0, written once for every type of number.
//!
//! Each has at least one parameter, at the place of a constant of the original; with the value of that constant it is the
//! original. MGH stands for J. J. More, B. S. Garbow and K. E. Hillstrom (1981), doi:10.1145/355934.355936; "the library"
//! for NonlinearProblemLibrary of github.com/SciML/DiffEqProblemLibrary.jl, which restates the collection test_nonlin of
//! J. Burkardt and differs from MGH where noted.

mod banded;
mod boundary;
mod degenerate;
mod dense;
mod matrix_root;
mod planar;
mod scalar;
mod skew;
mod transport;
mod watson;

pub use banded::{BroydenBanded, BroydenTridiagonal, Rosenbrock};
pub use boundary::{Bratu, DiscreteBoundaryValue, DiscreteIntegral};
pub use degenerate::{CircleTwice, ParallelLines, PowellSingular, Sample18, Sample19, SquaredDifference, TangentLine};
pub use dense::{BrownAlmostLinear, Chebyquad, Trigonometric, VariablyDimensioned};
pub use matrix_root::MatrixRoot;
pub use planar::{Boggs, DennisSchnabel, FreudensteinRoth, HelicalValley, PowellBadlyScaled, Wood};
pub use scalar::{
    Cube, Exponential, ExponentialAbove, Kepler, Reciprocal, RootAbove, ScalarCubic, Square, SquareAbove,
};
pub use skew::SkewTanh;
pub use transport::{Chandrasekhar, Nodes};
pub use watson::{Watson, WatsonLibrary};

/// Declares an equation: its size (`n = 2`, or `n` for a field), its number of parameters, and its residual.
macro_rules! equation {
    ($(#[$doc:meta])* $name:ident, n, p = $p:literal, |$z:ident, $a:ident, $g:ident| $body:block) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name {
            /// Number of unknowns.
            pub n: usize,
        }
        $crate::equations::equation!(@ $name, (|e: &$name| e.n), $p, $z, $a, $g, $body);
    };
    ($(#[$doc:meta])* $name:ident, n = $n:literal, p = $p:literal, |$z:ident, $a:ident, $g:ident| $body:block) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name;
        $crate::equations::equation!(@ $name, (|_: &$name| $n), $p, $z, $a, $g, $body);
    };
    (@ $name:ident, $n:expr, $p:literal, $z:ident, $a:ident, $g:ident, $body:block) => {
        impl ::dini::program::Equation for $name {
            fn unknowns(&self) -> usize {
                $n(self)
            }
            fn parameters(&self) -> usize {
                $p
            }
            fn residual<D: ::dini::program::Number>(&self, $z: &[D], $a: &[D], $g: &mut [D]) {
                $body
            }
        }
    };
}
pub(crate) use equation;

/// Sum of the terms `f(i)` over `range`.
pub(crate) fn sum<D: dini::program::Number>(range: std::ops::Range<usize>, f: impl Fn(usize) -> D) -> D {
    range.fold(D::number(0.0), |sum, i| sum + f(i))
}
