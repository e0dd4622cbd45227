//! Several methods in one solve: what a round is, and what became of it.

use crate::outcome::Status;

/// How the samples still unsolved are worked on by one method.
///
/// A plain solver has one round. A polyalgorithm such as [`Auto`](super::Auto) hands the samples that one method has given up to the next.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// Name of the method.
    pub method: &'static str,
    /// Whether a sample goes on from where the last round left it, where that is closer to a root than its start.
    pub resume: bool,
    /// Share of the iterations left to a sample that this round may use, in (0, 1].
    pub share: f64,
    /// The residual must fall to `gain` times its best within so many iterations, or the sample has stagnated.
    pub patience: usize,
    /// See `patience`.
    pub gain: f64,
}

impl Default for Round {
    fn default() -> Self {
        Round { method: "", resume: false, share: 1.0, patience: 100, gain: 0.999 }
    }
}

/// What one method made of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Attempt {
    /// Name of the method.
    pub method: &'static str,
    /// How its attempt ended.
    pub status: Status,
    /// Iterations it made.
    pub iterations: usize,
    /// ||g|| where it ended; infinite where it is NaN.
    pub residual: f64,
}
