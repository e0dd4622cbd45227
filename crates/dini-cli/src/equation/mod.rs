//! Equations typed by the user: parsing, evaluation and assembly into a system.
//!
//! The path of a formula is
//!
//! 1. it is split into tokens and checked; every mistake is reported as a
//!    [`SyntaxError`] that points at the offending character;
//! 2. `exmex` parses the checked text and runs it once over instructions
//!    instead of numbers, which yields a postfix program;
//! 3. the program is evaluated over any [`Scalar`], so that derivatives come
//!    from the dual numbers of `num-dual`.
//!
//! [`System`] joins several equations with the values and unknowns of a
//! command line or of a [`ProblemFile`].

mod assignment;
mod expression;
mod function;
mod grammar;
mod names;
mod problem_file;
mod program;
mod scalar;
mod syntax_error;
mod system;
mod system_error;
mod token;

#[cfg(test)]
mod tests;

pub use assignment::{parse_assignments, parse_names};
pub use expression::{Equation, Expression};
pub use problem_file::{ProblemFile, ProblemFileError};
pub use scalar::Scalar;
pub use syntax_error::SyntaxError;
pub use system::{Given, System};
pub use system_error::{Role, SystemError};
