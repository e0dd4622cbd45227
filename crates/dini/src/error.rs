//! Broken contracts, and derivatives that were refused.

use crate::outcome::{Ended, Limit, Reason, Status, Stop};

/// A failure inside the user's own functions that ends the whole solve.
pub type UserError = Box<dyn std::error::Error + Send + Sync>;

/// Why a step of a solver ended the whole solve.
#[derive(Debug)]
#[non_exhaustive]
pub enum StepError {
    /// The problem's own function failed.
    User(UserError),
    /// The Jacobian has entries outside the pattern stated for it.
    IncompleteSparsity {
        /// First sample concerned.
        sample: usize,
    },
}

impl From<UserError> for StepError {
    fn from(error: UserError) -> Self {
        StepError::User(error)
    }
}

impl From<&str> for StepError {
    fn from(message: &str) -> Self {
        StepError::User(message.into())
    }
}

impl StepError {
    /// No `From`: with a second one, `?` in a user's closure would no longer know its type.
    pub(crate) fn into_error(self) -> Error {
        match self {
            StepError::User(error) => Error::User(error),
            StepError::IncompleteSparsity { sample } => Error::IncompleteSparsity { sample },
        }
    }
}

/// Why a call was refused.
///
/// A solve that merely does not succeed is not an error: it returns a [`Status`] per sample. Errors are broken
/// contracts (options, shapes, a fatal error of the user's function) and derivatives that do not exist or cannot be
/// trusted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A state, cotangent or parameter has the wrong shape.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// What has the wrong shape.
        what: &'static str,
        /// The shape required.
        expected: String,
        /// The shape given.
        found: String,
    },
    /// A batch without samples, or samples without components.
    #[error("{what} is empty: at least one sample with at least one component is needed")]
    Empty {
        /// What is empty.
        what: &'static str,
    },
    /// An input holds NaN or an infinity.
    #[error("{what} holds NaN or an infinite value in sample {sample}")]
    NonFinite {
        /// Which input.
        what: &'static str,
        /// First sample concerned.
        sample: usize,
    },
    /// A number that is NaN or infinite, by its name.
    #[error("{what} is {value} in sample {sample}: it must be finite")]
    Unusable {
        /// Which number.
        what: String,
        /// Its value.
        value: f64,
        /// The sample.
        sample: usize,
    },
    /// An option outside its range.
    #[error("option `{name}` = {value} is out of range: {requirement}")]
    Option {
        /// Name of the field.
        name: &'static str,
        /// Value given.
        value: String,
        /// What is allowed.
        requirement: &'static str,
    },
    /// More unknowns than the way they are stated can carry.
    #[error(
        "{what} has n^2 entries, too many for n = {n} (at most {most}): state a function that can be traced (Model::equation), or the \
         pattern of the Jacobian (Model::pattern), or products J v and J^T u (problem::Linearize)"
    )]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Number of unknowns.
        n: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// A sparse Jacobian whose factors might not fit into memory.
    #[error("the factors of the sparse Jacobian may have {entries} entries, too many (at most {most})")]
    TooDense {
        /// Most entries that they can have.
        entries: usize,
        /// Largest number allowed.
        most: usize,
    },
    /// A start outside the bounds, or on one of them.
    #[error(
        "sample {sample}: the start of unknown {unknown} is {value}, which is not strictly between its bounds {lower} and {upper}"
    )]
    OutOfBounds {
        /// The sample.
        sample: usize,
        /// The unknown, from 0.
        unknown: usize,
        /// Its start.
        value: f64,
        /// Its lower bound.
        lower: f64,
        /// Its upper bound.
        upper: f64,
    },
    /// A solver that needs the pattern of the Jacobian was given a problem that states none.
    #[error(
        "the problem states no sparsity pattern of dg/dz: add one with `Model::find_pattern` or `Model::pattern`, or use a dense solver"
    )]
    NoSparsity,
    /// A derivative by the parameters of a problem that states none.
    #[error("the problem states no parameters, so there is no derivative by them: add them with `Model::parameters`")]
    NoParameters,
    /// The Jacobian has entries outside the pattern that was stated for it.
    #[error("the sparsity pattern misses entries of the Jacobian dg/dz (seen in sample {sample})")]
    IncompleteSparsity {
        /// First sample concerned.
        sample: usize,
    },
    /// A function that can't be traced.
    #[error("the function can't be traced: {what}")]
    Trace {
        /// Why.
        what: &'static str,
    },
    /// A sweep that could not go on.
    #[error("{0}")]
    Sweep(Ended),
    /// The user's function returned a fatal error.
    #[error("the problem's own function failed: {0}")]
    User(#[source] UserError),
    /// A solution, or a derivative of one, was asked for that was not found.
    #[error("sample {sample} did not converge ({status}; residual {residual:.3e}). {advice}", advice = status.advice())]
    NotConverged {
        /// First sample concerned.
        sample: usize,
        /// How its solve ended.
        status: Status,
        /// Norm of its residual.
        residual: f64,
    },
    /// dg/dz is singular, or numerically so: the implicit function theorem does not apply.
    #[error(
        "dg/dz is numerically singular in sample {sample} (condition estimate {condition:.3e}): the implicit function \
         theorem does not apply there"
    )]
    Singular {
        /// First sample concerned.
        sample: usize,
        /// Estimate of the condition number (dimensionless; infinite for an exact zero pivot).
        condition: f64,
    },
    /// The verdict on the theorem's hypotheses is negative: a fold, a multiple root, a kink.
    #[error("the implicit function theorem does not hold in sample {sample}: {reason}")]
    Hypotheses {
        /// First sample concerned.
        sample: usize,
        /// What the verdict found.
        reason: Reason,
    },
    /// Several samples have no derivative, each for a reason of its own.
    #[error("{} samples have no derivative: {}", failures.len(), Several(failures))]
    Refused {
        /// One error a sample, in order.
        failures: Vec<Error>,
    },
    /// A gradient is not known as accurately as was asked.
    #[error(
        "the gradient{} is known to {reached:.1e} of its norm, not to {accuracy:.1e}: {limit}",
        sample.map_or_else(String::new, |sample| format!(" of sample {sample}"))
    )]
    Inaccurate {
        /// The first sample concerned; none where it is parameters that all samples share.
        sample: Option<usize>,
        /// Bound on the relative error reached; infinite where there is none.
        reached: f64,
        /// Relative error asked for.
        accuracy: f64,
        /// Why.
        limit: Limit,
    },
    /// The Neumann series of the adjoint does not converge.
    #[error(
        "the Neumann series diverges in sample {sample}: the spectral radius of I - dg/dz is about {radius:.3}, the limit \
         {limit}. Use the exact adjoint"
    )]
    Divergent {
        /// First sample concerned.
        sample: usize,
        /// Estimate of the spectral radius (dimensionless).
        radius: f64,
        /// Radius from which the mode refuses.
        limit: f64,
    },
    /// The adjoint (or tangent) linear system was not solved to its tolerance.
    #[error(
        "the linear solve of the derivative stopped early in sample {sample} ({stop}): relative residual {residual:.3e}, \
         tolerance {tolerance:.3e}, {iterations} iterations, condition estimate {condition:.3e}. {advice}",
        advice = stop.advice()
    )]
    LinearSolve {
        /// First sample concerned.
        sample: usize,
        /// Why the solver ended.
        stop: Stop,
        /// Relative residual reached.
        residual: f64,
        /// Relative residual asked for.
        tolerance: f64,
        /// Iterations made.
        iterations: usize,
        /// Lower bound of the condition number seen.
        condition: f64,
    },
}

/// The first of several errors, and how many more there are.
struct Several<'a>(&'a [Error]);

impl std::fmt::Display for Several<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 5;
        for (i, error) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}{error}", if i > 0 { "; " } else { "" })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl Error {
    pub(crate) fn shape(what: &'static str, expected: (usize, usize), found: (usize, usize)) -> Self {
        Error::Shape {
            what,
            expected: format!("{} x {}", expected.0, expected.1),
            found: format!("{} x {}", found.0, found.1),
        }
    }

    pub(crate) fn option(name: &'static str, value: impl ToString, requirement: &'static str) -> Self {
        Error::Option { name, value: value.to_string(), requirement }
    }
}
