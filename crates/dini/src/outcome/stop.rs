//! Why a linear solver ended.

use std::fmt;

/// Why a linear solver ended a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Stop {
    /// The tolerance was reached; measured, not estimated.
    Converged,
    /// The products allowed were used up.
    #[default]
    IterationLimit,
    /// A coefficient of the method divides by zero, and starting again from there gained nothing.
    Breakdown,
    /// The residual has stopped falling.
    Stagnated,
    /// The operator, the preconditioner or the right-hand side is NaN or infinite.
    NonFinite,
    /// A direction of zero or negative curvature: the matrix, or the preconditioner, is not positive definite.
    NotPositiveDefinite,
}

impl Stop {
    /// What may help, in a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Stop::Converged => "Nothing is wrong.",
            Stop::IterationLimit => {
                "Use a dense factorisation, a preconditioner, more iterations, or a looser tolerance."
            }
            Stop::Breakdown => "Use GMRES or a dense factorisation.",
            Stop::Stagnated => "Use a dense factorisation, a preconditioner, or a looser tolerance.",
            Stop::NonFinite => "Check the derivatives of the problem at the solution.",
            Stop::NotPositiveDefinite => "Use GMRES: conjugate gradients need a symmetric positive definite Jacobian.",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Converged => "converged",
            Stop::IterationLimit => "iteration limit reached",
            Stop::Breakdown => "breakdown of the method",
            Stop::Stagnated => "stagnated",
            Stop::NonFinite => "operator not finite",
            Stop::NotPositiveDefinite => "matrix or preconditioner not positive definite",
        })
    }
}
