//! How the solve of one sample ended.

use std::fmt;

/// How the solve of one sample ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Status {
    /// The correction that is left of z is within the tolerance, or below rounding ([`solve::root`](crate::solve::root)).
    Converged,
    /// The iteration limit was reached.
    MaxIterations,
    /// The residual stopped falling above the tolerance.
    Stagnated,
    /// The residual grew far beyond its first value.
    Diverged,
    /// The residual is NaN or infinite, and no shorter step helped.
    NonFinite,
    /// The Jacobian at an iterate was exactly singular or not finite, or its solution overflowed.
    Singular,
    /// The residual has become small where it no longer depends on z: a root at infinity, or none.
    Vanishing,
    /// A root, but on one of the [`Bounds`](crate::problem::Bounds), or too close to tell: its derivative is not that of a root inside.
    OnBound,
    /// A root of the gradient of what is to be smallest, but no minimum.
    Saddle,
    /// The residual has the same sign at both ends of the bracket.
    NoSignChange,
    /// An observer stopped the solve.
    Interrupted,
}

impl Status {
    /// The status as an identifier, for files and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Status::Converged => "converged",
            Status::MaxIterations => "max_iterations",
            Status::Stagnated => "stagnated",
            Status::Diverged => "diverged",
            Status::NonFinite => "non_finite",
            Status::Singular => "singular",
            Status::Vanishing => "vanishing",
            Status::OnBound => "on_bound",
            Status::Saddle => "saddle",
            Status::NoSignChange => "no_sign_change",
            Status::Interrupted => "interrupted",
        }
    }

    /// What to try next.
    pub fn advice(self) -> &'static str {
        match self {
            Status::Converged => "Nothing to do.",
            Status::MaxIterations => {
                "Allow more iterations, loosen the tolerance, start elsewhere, or try another solver. Where the Jacobian is nearly \
                 singular (a fold, a multiple root) every method is slow, and there may be no solution at these parameters."
            }
            Status::Stagnated => {
                "There may be no solution nearby, or the tolerance is below what rounding allows: try another start, \
                 another solver, or a looser tolerance."
            }
            Status::Diverged => "Start closer to a solution, damp the iteration, or use Newton with its line search.",
            Status::NonFinite => "Start inside the domain of the residual, and check its inputs.",
            Status::Singular => "Start elsewhere: the Jacobian has no inverse at the last iterate.",
            Status::Vanishing => {
                "The residual vanishes without a root nearby: the equations may be satisfied at infinity only, or the terms at \
                 the last iterate hide their difference. Check the equations, or start elsewhere."
            }
            Status::OnBound => {
                "The root lies on a bound: start elsewhere for one inside, move the bound if the unknown may go beyond it, or set the \
                 unknown to the bound and leave out an equation."
            }
            Status::Saddle => {
                "The gradient is 0 where the function still falls in some direction: start elsewhere; if a saddle is wanted, state the \
                 gradient as an equation."
            }
            Status::NoSignChange => "Widen or move the bracket until the residual changes sign between its ends.",
            Status::Interrupted => "The solve was stopped from outside; continue from the last iterate.",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Converged => "converged",
            Status::MaxIterations => "iteration limit reached",
            Status::Stagnated => "stagnated",
            Status::Diverged => "diverged",
            Status::NonFinite => "non-finite residual",
            Status::Singular => "singular Jacobian",
            Status::Vanishing => "residual vanishes without a root",
            Status::OnBound => "root on a bound",
            Status::Saddle => "saddle, no minimum",
            Status::NoSignChange => "no sign change in the bracket",
            Status::Interrupted => "interrupted",
        })
    }
}
