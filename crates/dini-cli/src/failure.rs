//! How a command ends when it does not succeed.

use std::fmt::Display;

/// A message for the user and the exit code of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// 0: the reader of the output has gone; 1: the computation did not succeed, or its result cannot be written; 2: bad usage or bad
    /// input; 130: interrupted.
    pub code: u8,
    /// Printed on standard error; may be empty where the output already says it.
    pub message: String,
}

impl Failure {
    /// Bad usage or bad input.
    pub fn usage(message: impl Display) -> Self {
        Failure { code: 2, message: message.to_string() }
    }

    /// A computation that did not succeed.
    pub fn unsolved(message: impl Display) -> Self {
        Failure { code: 1, message: message.to_string() }
    }

    /// Ctrl-C.
    pub fn interrupted(message: impl Display) -> Self {
        Failure { code: 130, message: message.to_string() }
    }
}

impl From<crate::files::FileError> for Failure {
    fn from(error: crate::files::FileError) -> Self {
        Failure::usage(error)
    }
}

/// Result of a command.
pub type Outcome = Result<(), Failure>;
