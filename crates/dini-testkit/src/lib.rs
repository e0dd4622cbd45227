//! Test kit of dini: problems with known roots and derivatives, a scoreboard of every solver on them, and conformance
//! suites for dini's traits.
//!
//! ```
//! use dini::Options;
//! use dini::solve::AnySolver;
//!
//! let newton = AnySolver::by_name("newton").unwrap();
//! let case = dini_testkit::cases().into_iter().find(|c| c.name == "boggs").unwrap();
//! let solution = case.problem.solve(&newton, &case.starts[0], &Options::default())?;
//! println!("{}: {:?} at {:?}", case.name, solution.outcomes()[0].status, solution.z().row(0));
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! [`cases`] is the table, [`equations`] the formulas, [`scoreboard`] the measurement, [`conformance`] the suites.

#![deny(unsafe_code)]

mod any;
mod case;
pub mod conformance;
pub mod equations;
mod reference;
pub mod scoreboard;
mod table;

pub use any::{AnyProblem, AnySolution, Stated};
pub use case::{Case, Root, Set, Tangent};
pub use table::{cases, degenerate, larger, library, rootless};
