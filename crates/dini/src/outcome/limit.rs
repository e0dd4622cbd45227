//! Why a gradient could not be had as accurately as was asked.

use std::fmt;

/// What limits the accuracy of a gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Limit {
    /// Rounding errors, as far as dg/dz magnifies them.
    Rounding,
    /// The corrections of z do not become smaller.
    Moving,
    /// A linear system of a correction was not solved.
    LinearSolve,
    /// The sample has no derivative.
    NoDerivative,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Limit::Rounding => "rounding errors leave no more",
            Limit::Moving => "the corrections of z do not become smaller, so there is no root to rely on",
            Limit::LinearSolve => "a linear system with dg/dz was not solved",
            Limit::NoDerivative => "the sample has no derivative",
        })
    }
}
