//! Equations typed by the user: parsing, evaluation and assembly into a system.
//!
//! The path of a formula is
//!
//! 1. `token` splits it, and `parser` makes a `tree` of the tokens; every mistake is reported as a [`SyntaxError`] that
//!    points at the offending character;
//! 2. `lower` translates the tree into nodes of a [`Graph`](dini::program::Graph): indices become parts of names, and sums are
//!    written out; what the functions are by name says `function`;
//! 3. the library evaluates and differentiates the graph.
//!
//! A [`Statement`] is an equation as typed, which may stand for several. [`System`] joins the equations with the values and
//! unknowns of a command line or of a [`ProblemFile`]: one graph, whose inputs are the unknowns and the parameters.

mod assignment;
mod checks;
mod expression;
mod function;
mod interval;
mod lower;
mod names;
mod parser;
mod problem_file;
mod statement;
mod sweep;
mod syntax_error;
mod system;
mod system_error;
mod token;
mod tree;
mod values;

#[cfg(test)]
mod tests;

pub use assignment::{parse_assignments, parse_bounds, parse_names, parse_values};
pub use expression::Expression;
pub use interval::Interval;
pub use problem_file::{ProblemFile, ProblemFileError};
pub use statement::{Equation, Statement};
pub use syntax_error::SyntaxError;
pub use system::{Given, System};
pub use system_error::{Role, SystemError, listed};
pub use values::Definition;
