//! Derivatives of z*(a): the implicit function theorem, approximations of it, and unrolled references.
//!
//! With J = dg/dz at z*, which must be non-singular, dz*/da = -J^-1 dg/da. Given w = dL/dz*, reverse mode solves
//! J^T lam = w once and returns dL/da = -(dg/da)^T lam; forward mode solves J dz = -(dg/da) da.
//!
//! A [`GradientMode`] is a way from w to lam. One file each, for [`Solution::gradient`](crate::Solution::gradient):
//!
//! | mode | lam | products with J^T |
//! |---|---|---|
//! | [`Implicit`] | J^-T w, to a tolerance | as its [`Method`] needs |
//! | [`Jfb`] | w | none |
//! | [`Phantom`] | damping sum_{i<k} (I - damping J^T)^i w | k |
//! | [`Neumann`] | sum_{i<k} (I - J^T)^i w, refused where the series diverges | k, and those of its guard |
//! | [`Shine`] | H^T w with the forward solver's H near J^-1, refined k times | k + 1 |
//!
//! How far an [`Implicit`] gradient is from the true one [`Solution::gradient_report`](crate::Solution::gradient_report) bounds, and
//! [`Solution::accurate_gradient`](crate::Solution::accurate_gradient) brings it as close as is asked. [`audit`] measures what such an approximation costs in accuracy. Gradients of an iteration in place of its limit are
//! [`unrolled`], [`truncated`] to the last steps, and [`checkpointed`] for less memory. Second derivatives are
//! exact for problems that state theirs ([`Solution::hessian_product`](crate::Solution::hessian_product)), and differences of
//! first ones for others ([`hessian_vector_differences`]).
//!
//! Source: U. Dini (1878), Analisi infinitesimale; S. G. Krantz and H. R. Parks (2013),
//! doi:10.1007/978-1-4614-5981-1, theorem 1.3.1. As a layer: S. Bai, J. Z. Kolter and V. Koltun (2019),
//! arXiv:1909.01377, theorem 1.

mod audit;
mod checkpointed;
mod corrected;
mod differences;
mod forward;
mod hessian;
mod implicit;
mod jfb;
mod linear;
mod mode;
mod named;
mod neumann;
mod phantom;
mod report;
mod reverse;
mod richardson;
mod shine;
mod system;
mod truncated;
mod unrolled;

pub use audit::{Agreement, Audit, audit, audit_parameters};
pub use checkpointed::checkpointed;
pub use differences::{Extrapolated, hessian_vector_differences};
pub use hessian::{HessianProduct, linear_loss};
pub use implicit::{Implicit, OnFailure};
pub use jfb::Jfb;
pub use linear::LinearisedChunk;
pub use mode::{Adjoints, Assessed, Derivative, GradientMode, Report};
pub use named::AnyMode;
pub use neumann::Neumann;
pub use phantom::Phantom;
pub use report::{Bound, GradientReport};
pub use shine::Shine;
pub use system::Method;
pub use truncated::truncated;
pub use unrolled::{Unrolled, unrolled};
