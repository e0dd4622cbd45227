//! Derivatives of z*(a): the implicit function theorem, and the unrolled reference.
//!
//! With J = dg/dz at z*, which must be non-singular, dz*/da = -J^-1 dg/da. Given w = dL/dz*, reverse mode solves
//! J^T lam = w once and returns dL/da = -(dg/da)^T lam; forward mode solves J dz = -(dg/da) da.
//!
//! Source: U. Dini (1878), Analisi infinitesimale; S. G. Krantz and H. R. Parks (2013),
//! doi:10.1007/978-1-4614-5981-1, theorem 1.3.1. As a layer: S. Bai, J. Z. Kolter and V. Koltun (2019),
//! arXiv:1909.01377, theorem 1.

mod forward;
mod implicit;
mod linear;
mod reverse;
mod unrolled;

pub use implicit::{Derivative, Implicit, OnFailure, Report};
pub use linear::Method;
pub use unrolled::{Unrolled, unrolled};
