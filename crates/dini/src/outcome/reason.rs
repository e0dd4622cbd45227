//! Why the implicit function theorem holds at a point, or does not.

use std::fmt;

use crate::outcome::{Status, Stop};

/// What decided a [`Verdict`](crate::verdict::Verdict).
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Reason {
    /// g is smooth at z* and dg/dz non-singular.
    Regular,
    /// There is no z*.
    NotConverged(Status),
    /// dg/dz holds NaN or an infinite value at z*.
    NonFiniteJacobian,
    /// dg/dz is singular to working precision.
    Singular {
        /// Condition estimate of the equilibrated Jacobian.
        condition: f64,
        /// Largest condition estimate admitted.
        limit: f64,
    },
    /// Products with dg/dz are all there is of it, and a linear system was not solved by them: it may be singular, or not.
    Undecided {
        /// Why the linear solver ended.
        stop: Stop,
        /// Relative residual that it reached.
        residual: f64,
    },
    /// dg/dz changes by itself within the uncertainty of z*: a fold, a multiple root, or a root that was not reached.
    NearlySingular {
        /// Least disagreement between differences of g and dg/dz (relative; infinite where none could be formed).
        deviation: f64,
    },
    /// The dg/dz that the problem states is not the slope of g: a mistake in the derivative, not in the theorem.
    WrongJacobian {
        /// Disagreement between differences of g and dg/dz (relative).
        deviation: f64,
    },
    /// The slopes of g on the two sides of z* disagree at every distance, or g jumps or is undefined on one side.
    NotDifferentiable {
        /// Half the jump of the slope, relative to dg/dz (infinite where g jumps or is undefined).
        jump: f64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Regular => f.write_str("g is smooth at z* and dg/dz is non-singular"),
            Reason::NotConverged(Status::OnBound) => {
                f.write_str("the root lies on a bound, beyond which there need not be one")
            }
            Reason::NotConverged(status) => write!(f, "the solve did not converge ({status})"),
            Reason::NonFiniteJacobian => f.write_str("dg/dz is not finite at z*"),
            Reason::Singular { condition, .. } if condition.is_infinite() => f.write_str("dg/dz is singular at z*"),
            Reason::Singular { condition, limit } => {
                write!(
                    f,
                    "dg/dz is singular to working precision (condition estimate {condition:.1e}, limit {limit:.1e})"
                )
            }
            Reason::Undecided { stop, residual } => write!(
                f,
                "whether dg/dz is singular could not be decided by products with it: a linear system was solved to {:.1e} only ({stop}). \
                 State a pattern of dg/dz, or solve with a preconditioner",
                residual.min(1.0)
            ),
            Reason::NearlySingular { deviation } if deviation.is_infinite() => f.write_str(
                "dg/dz cannot be confirmed near z*: the root is multiple, lies at a fold, or was not reached",
            ),
            Reason::NearlySingular { deviation } => write!(
                f,
                "dg/dz changes by {:.0} % within the uncertainty of z*: the root is multiple, lies at a fold, or was not \
                 reached",
                (200.0 * deviation).min(1e6)
            ),
            Reason::WrongJacobian { deviation } => write!(
                f,
                "the dg/dz stated is not the derivative of g: differences of g disagree with it by {:.2} %. Check the \
                 derivative (a factor, a sign, rows and columns exchanged)",
                (100.0 * deviation).min(1e6)
            ),
            Reason::NotDifferentiable { jump } if jump.is_infinite() => {
                f.write_str("g is not differentiable at z*: it jumps, or is undefined beside z*")
            }
            Reason::NotDifferentiable { jump } => {
                write!(f, "g is not differentiable at z*: its slopes there differ by {:.2} %", (200.0 * jump).min(1e6))
            }
        }
    }
}
