//! Deep equilibrium layers for burn, on dini's solvers and implicit gradients.
//!
//! [`Deq`] wraps any burn module that states a map f(z, x): its output is the fixed point z* = f(z*, x), solved without
//! autodiff; its gradients come from the implicit function theorem, by one adjoint solve in the backward pass, in memory
//! independent of the number of iterations.
//!
//! Source: S. Bai, J. Z. Kolter and V. Koltun (2019), arXiv:1909.01377.

#![forbid(unsafe_code)]

// the name by which burn's derives know it; `burn` itself would bring crates that are not used here
extern crate burn_core as burn;

mod batch;
mod cell;
mod deq;
mod hook;
mod solved_tanh;
mod spectral;
mod tanh;

pub use batch::TensorBatch;
pub use cell::{Adjoint, Cell, CellProblem, Solved};
pub use deq::{BackwardReport, BackwardTicket, Deq, DeqConfig, DeqOutput, ForwardReport, Settings};
pub use spectral::SpectralBound;
pub use tanh::{TanhCell, TanhCellConfig};
