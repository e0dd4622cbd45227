//! **dini**: implicit layers. State g(z; a) = 0; dini finds z*, differentiates it by the implicit function theorem, and
//! says when the theorem does not hold.
//!
//! ```
//! // z^3 + z = a: the root at a = 2, dz/da, and whether to believe it
//! let s = dini::root(&[0.5], &[2.0], |z, a| [z[0].powi(3) + z[0] - a[0]])?;
//! assert!((s.converged()?[0] - 1.0).abs() < 1e-6);
//! assert!((s.jacobian()?.row(0)[0] - 0.25).abs() < 1e-6);
//! assert!(s.verdict()?.holds);
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! | you want | take |
//! |---|---|
//! | a root of a system, with derivatives | [`root`], or [`Model::equation`] for everything that can be said |
//! | an equilibrium layer z = f(z; a) | [`Model::fixed_point`]; for z = tanh(W z + x) on batches [`cells::Tanh`] |
//! | a minimum and how it moves | [`Model::minimum`] |
//! | a fit, within bounds | [`Model::least_squares`], [`Model::bounds`] |
//! | thousands of systems at once | [`Model::samples`] and [`Model::solve_samples`] |
//! | one small system in a hot loop | [`tiny`] |
//! | a sparse system, a partial differential equation | [`Model::find_pattern`] |
//! | a solution followed along a parameter | [`Model::sweep`] |
//! | a branch of solutions through folds, with their stability | [`Model::branch`], [`continuation`] |
//! | a root without a good start | [`search::Search`] |
//! | gradients, tangents, Hessians of a batch | [`Solution::pullback`], [`Solution::pushforward`], [`Solution::hessian_product`]; other modes in [`gradient`] |
//! | a bound on the error of a gradient, or a gradient to so many digits | [`Solution::gradient_report`], [`Solution::accurate_gradient`] |
//! | whether the theorem holds | [`Solution::verdict`], [`verdict`] |
//! | a proof of a root, and how far parameters may change | [`model::Solved::certificate`], [`certify`](mod@certify) |
//! | all roots in a box, and a proof that there are no others | [`Model::roots_within`] |
//! | derivatives by hand checked | [`Model::check`], [`check()`] |
//! | an own layer with derivatives by hand | [`problem::OneSample`], one sample at a time |
//! | own kernels, own storage | the traits of [`problem`] and [`batch`] |
//! | an own solver | [`solve::Solver`] |
//! | training | the crate `dini-burn`, the command `dini train` |
//!
//! ```text
//! Model --lowers to--> Problem --solve--> Solution { z, status, ... } --pullback(w) / pushforward(da) / jacobian(s)--> Derivative + reports
//! ```
//!
//! The rooms: [`model`] (what people write), [`program`] (traced functions and their derivatives), [`problem`] (what solvers read),
//! [`solve`](mod@solve) (one file a solver), [`linear`] (linear systems), [`search`] (roots without a good start), [`gradient`] (derivatives),
//! [`verdict`] (whether the theorem holds), [`certify`](mod@certify) (proofs, by [`interval`]s), [`continuation`] (branches along a parameter),
//! [`cells`] (built-in problems), [`batch`] (storage), [`tiny`] (one small system on the stack). Everything is per sample: a batch is B independent problems.

#![deny(unsafe_code)]

pub mod batch;
pub mod cells;
pub mod certify;
mod check;
pub mod continuation;
mod error;
pub mod gradient;
pub mod interval;
mod kernels;
pub mod linear;
pub mod model;
pub mod outcome;
pub mod problem;
pub mod program;
pub mod search;
pub mod solve;
mod sparsity;
mod special;
pub mod tiny;
pub mod verdict;

pub use batch::{Batch, Rows};
pub use check::{Mistake, check, check_parameters, check_second};
pub use error::{Error, StepError, UserError};
pub use gradient::{Implicit, OnFailure};
pub use kernels::Real;
pub use model::{Model, root};
pub use outcome::Status;
pub use solve::{Accuracy, Anderson, Auto, Newton, Options, Picard, Solution, solve, solve_with};

/// Kernels that benchmarks measure by themselves; no part of the interface.
#[doc(hidden)]
pub mod measured {
    pub use crate::kernels::epilogue::Plain;
    pub use crate::kernels::gemm::Packed;
    pub use crate::kernels::tanh::Tanh;
}

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;

/// The chapters of the book, whose programs are tests.
#[cfg(doctest)]
mod book {
    macro_rules! chapters {
        ($($name:ident $path:literal)*) => { $(
            #[doc = include_str!(concat!("../../../docs/book/src/", $path))]
            struct $name;
        )* };
    }
    chapters! {
        Tour "tour.md"
        Mathematics "mathematics.md"
        Stating "stating.md"
        Choosing "choosing.md"
        Theorem "theorem.md"
        Trust "trust.md"
        Accuracy "accuracy.md"
        Branches "branches.md"
        Recipes "recipes.md"
        Cost "cost.md"
        Own "own.md"
    }
}
