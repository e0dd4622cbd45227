//! **dini**: implicit layers. State g(z; a) = 0; dini finds z*, differentiates it by the implicit function theorem, and
//! says when the theorem does not hold.
//!
//! ```
//! // x + y = a_0, x^2 + y^2 = a_1, started at (1, 5)
//! let s = dini::root(&[1.0, 5.0], &[3.0, 9.0], |z, a| [z[0] + z[1] - a[0], z[0] * z[0] + z[1] * z[1] - a[1]])?;
//! println!("z* = {:?}, dz*/da = {:?}, {}", s.converged()?, s.jacobian()?, s.verdict()?);
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! That is a [`Model`] with default choices. What it becomes is a problem, in a batch of one; the engine solves and differentiates
//! batches of anything that is a [`Problem`](problem::Problem).
//!
//! ```text
//! Problem --solve--> Solution { z, status, ... } --pullback(w) / pushforward(da) / jacobian(s)--> Derivative + reports
//! ```
//!
//! ```
//! use dini::{Newton, Options, Rows, cells::Tanh, solve};
//!
//! // z = tanh(W z + x) for two samples of size 2
//! let w = vec![0.3, -0.2, 0.1, 0.4];
//! let x = Rows::from_vec(2, 2, vec![0.5, -1.0, 0.2, 0.7])?;
//! let cell = Tanh::new(2, w, x)?;
//! let solution = solve(&cell, &Rows::new(2, 2), &Newton::default(), &Options::default())?;
//! let z = solution.converged()?;
//! // L = sum z, so dL/dz* = 1: one adjoint solve gives dL/dW and dL/dx
//! let gradient = solution.pullback(&Rows::from_vec(2, 2, vec![1.0; 4])?)?.value;
//! println!("z* = {z:?}, dL/dW = {:?}, dL/dx = {:?}", gradient.w, gradient.x);
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! The rooms: [`model`] (problems stated as closures), [`program`] (functions that are traced), [`problem`] (what is solved), [`solve`](mod@solve) (one file a solver), [`linear`] (linear systems),
//! [`search`] (roots without a good start), [`gradient`] (derivatives), [`verdict`] (whether the theorem holds), [`cells`] (built-in problems), [`batch`] (storage),
//! [`kernels`] (vectorised loops), [`tiny`] (one small system on the stack). Everything is per sample: a batch is B independent problems.

#![deny(unsafe_code)]

pub mod batch;
pub mod cells;
mod check;
mod error;
pub mod gradient;
pub mod kernels;
pub mod linear;
pub mod model;
pub mod problem;
pub mod program;
mod scalar;
pub mod search;
pub mod solve;
pub mod tiny;
pub mod verdict;

pub use batch::{Batch, Rows};
pub use check::{Mistake, check, check_parameters, check_second};
pub use error::{Error, UserError};
pub use gradient::{Implicit, OnFailure};
pub use model::{Model, root};
/// Dual numbers, for [`problem::Equation`].
pub use num_dual;
pub use scalar::Real;
pub use solve::{Accuracy, Anderson, Auto, Newton, Options, Picard, Solution, Status, solve, solve_with};

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/CHOOSING.md")]
struct Choosing;
