//! Suites that any implementation of a trait of dini must pass, one call each.
//!
//! Every function panics with the property and the place where it does not hold. Reference results are plain loops in f64;
//! tolerances follow from the scalar type and the sizes, not from what the implementation happens to reach.

mod batch;
mod capabilities;
mod linear_solver;
mod linearize;
pub mod numbers;
mod parameters;
mod second_order;
mod solver;
mod subject;

pub use batch::batch;
pub use capabilities::wrapper;
pub use linear_solver::{linear_solver, symmetric_linear_solver};
pub use linearize::linearize;
pub use parameters::parameters;
pub use second_order::second_order;
pub use solver::solver;
pub use subject::{Run, Subject};
