//! Stating problems: a condition on unknowns, as a closure.
//!
//! ```
//! // z^3 + z = a at a = 2
//! let s = dini::root(&[1.0], &[2.0], |z, a| [z[0].powi(3) + z[0] - a[0]])?;
//! assert!((s.converged()?[0] - 1.0).abs() < 1e-6);
//! assert!((s.jacobian()?.row(0)[0] - 0.25).abs() < 1e-6); // dz/da = 1 / (3 z^2 + 1)
//! assert!((s.gradient(&[1.0])?[0] - 0.25).abs() < 1e-6); // dL/da for L = z
//! assert!(s.verdict()?.holds);
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! A [`Model`] is made of choices that do not depend on each other, each with a default:
//!
//! | choice | |
//! |---|---|
//! | kind | [`equation`](Model::equation), [`fixed_point`](Model::fixed_point), [`minimum`](Model::minimum), [`least_squares`](Model::least_squares) |
//! | function | a closure of z and a on [traced numbers](crate::program::Var), which is run once; an [equation for every type of number](Model::of); a [program](Model::program) that exists already; or a closure on plain slices ([`equation_on_slices`](Model::equation_on_slices), [`fixed_point_on_slices`](Model::fixed_point_on_slices)) where it can't be traced |
//! | derivatives | of a traced function its own, to any order; on slices by hand ([`jacobian`](Model::jacobian), [`parameter_jacobian`](Model::parameter_jacobian), [`second_derivatives`](Model::second_derivatives)), the first ones else by central differences |
//! | parameters | none, one row ([`parameters`](Model::parameters)), or one row a sample ([`samples`](Model::samples)) |
//! | pattern | read off a traced function where that pays, always ([`find_pattern`](Model::find_pattern)), or given ([`pattern`](Model::pattern)) |
//! | bounds, scales, names, solver, options | none, 1, `z[0]`, [`Auto`](crate::Auto), [`Options::default`](crate::Options::default) |
//!
//! ```
//! use dini::{Model, problem::Bounds, program::Var};
//!
//! // an equilibrium layer
//! let s = Model::fixed_point(|z, a| [(0.5 * z[0] + a[0]).tanh()]).parameters(&[0.3]).solve(&[0.0])?;
//! println!("dz/da = {}", s.jacobian()?.row(0)[0]);
//!
//! // a fit within bounds
//! let (t, y) = ([0.0, 1.0, 2.0, 3.0], [2.0, 1.2, 0.7, 0.45]);
//! let decay = |z: &[Var], _: &[Var], r: &mut [Var]| (0..4).for_each(|i| r[i] = z[0] * (-z[1] * t[i]).exp() - y[i]);
//! let s = Model::least_squares(4, decay).bounds(Bounds::positive(2)).solve(&[1.0, 1.0])?;
//! assert!((s.converged()?[1] - 0.5).abs() < 0.05);
//!
//! // a partial differential equation: u'' + a e^u = 0 on a square, 2500 unknowns, sparse
//! let m = 50;
//! let bratu = |u: &[Var], a: Var| -> Vec<Var> {
//!     let at = |x: usize, y: usize| if (1..=m).contains(&x) && (1..=m).contains(&y) { u[(y - 1) * m + x - 1] } else { 0.0.into() };
//!     let h = 1.0 / (m + 1) as f64;
//!     let point = |k| (k % m + 1, k / m + 1);
//!     let neighbours = |(x, y)| at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1);
//!     (0..m * m).map(|k| neighbours(point(k)) - 4.0 * u[k] + a * h * h * u[k].exp()).collect()
//! };
//! let s = Model::equation(|u, a| bratu(u, a[0])).find_pattern().parameters(&[5.0]).solve(&vec![0.0; m * m])?;
//! let slope = s.jacobian()?; // du/da, 2500 x 1, from sparse factors
//! assert!(s.converged()?[m * m / 2] > 0.0 && slope.row(m * m / 2)[0] > 0.0);
//!
//! // along a parameter, from solution to solution
//! let model = Model::equation(|z, a| [z[0].powi(3) + z[0] - a[0]]).parameters(&[1.0]).start(&[0.5]);
//! for s in model.sweep(0, 1.0..=3.0, 0.5)? {
//!     let s = s?;
//!     println!("{} {}", s.value, s.solved.tighten(1e-14)?.z()[0]);
//! }
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! A model is stated once and lowered to a [`System`], the problem that solvers read, when it is solved:
//!
//! - `builder.rs`: the statement;
//! - `system.rs`: the problem, over a body that is `traced.rs` (programs) or `slices.rs` (closures on slices); `values.rs`: the
//!   same at a point;
//! - `engine.rs`: solvers and derivatives of such a problem, compiled once; `scales.rs`: the same in other units;
//! - `minimum.rs`: what minima need beyond roots: descent, and whether a stationary point is one;
//! - `certified.rs`: proofs about it;
//! - `solved.rs`: the result of one system; `curvature.rs`: how it bends; `sweep.rs`: results along a parameter; `branch.rs`: the same
//!   through folds.

mod branch;
mod builder;
mod certified;
mod curvature;
mod engine;
mod minimum;
mod names;
mod scales;
mod slices;
mod solved;
mod sweep;
mod system;
mod traced;
mod values;

pub use branch::AlongParameter;
pub use builder::{Model, OnSlices, OnVars};
pub use engine::{Answer, Engine};
pub use solved::{Iteration, Report, Solved};
pub use sweep::{Point, Sweep};
pub use system::{Kind, System, Tape};

use crate::error::Error;
use crate::program::{Outputs, Var};

/// The root of g(z; a) = 0 to which a start leads, g being a closure on traced numbers: `Model::equation(g).parameters(a).solve(z0)`.
///
/// Costs the trace, and what [`Auto`](crate::Auto) costs. See [`model`](crate::model) for everything that can be said beyond that.
///
/// ```
/// let s = dini::root(&[1.0, 5.0], &[3.0, 9.0], |z, a| [z[0] + z[1] - a[0], z[0] * z[0] + z[1] * z[1] - a[1]])?;
/// assert!((s.converged()?[1] - 3.0).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`Model::solve`].
pub fn root<R: Outputs>(z0: &[f64], a: &[f64], g: impl Fn(&[Var], &[Var]) -> R) -> Result<Solved<f64>, Error> {
    Model::equation(g).parameters(a).solve(z0)
}
