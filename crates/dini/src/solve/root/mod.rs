//! What passes for a root, in z.
//!
//! The size of a residual says nothing by itself: it has units of its own, it becomes small where J is nearly singular or a
//! root lies at infinity, and it cannot become small where the terms it is made of are large. So the one rule of
//! convergence is about z. With c = J^-1 g, the correction that is left, a sample has converged when
//!
//! 1. |c_j| <= `absolute` + `relative` |z_j| for every unknown j, or |c_j| is below what rounding errors of g leave uncertain
//!    of z_j, as it is where z_j is 0. For a fixed point, whose unknowns are of one kind, no |z_j| counts less than the root mean
//!    square of z; methods without a Jacobian use the Euclidean norms of c and z;
//! 2. g does change around z as that correction supposes: a function that is flat, lost in its rounding errors, or whose
//!    Jacobian is not its slope, confirms nothing.
//!
//! What is known of c depends on the method ([`Evidence`]):
//!
//! - With factors of J it is measured. One more evaluation of g, at a distance of four tolerances in a direction of general
//!   position, must come back through J^-1 to within half of that distance (`confirm.rs`).
//! - Without, it is estimated: ||g|| times how far z has moved for a change of the residual in the last two steps; for Picard
//!   iteration ||g|| / (1 - q) with the rate q of its contraction. For a fixed point this costs nothing; for an equation in
//!   units of its own one evaluation in a new direction must agree (`secant.rs`).
//! - Where neither decides (J is singular, or nothing but rounding is left) and a dense Jacobian can be had, the point is
//!   examined (`examine.rs`): the rounding errors of g are sampled, and a singular J is no excuse for a residual that has not
//!   fallen to the rounding errors of the terms at the start.
//!
//! Source: simplified Newton corrections and their contraction: P. Deuflhard (2011), doi:10.1007/978-3-642-23899-4, sections
//! 2.1 and 2.2; estimates of rounding errors by sampling: J. J. More and S. M. Wild (2011), doi:10.1137/100786125.

mod accuracy;
mod confirm;
mod examine;
mod factors;
mod matrix;
mod neighbourhood;
mod scan;
mod secant;
mod slope;

pub use accuracy::{Accuracy, Evidence};
pub(super) use confirm::Confirm;
pub(crate) use confirm::{away, confirmed};
pub(crate) use examine::SMALL;
pub(crate) use examine::examine;
pub use examine::{Finding, Question};
pub use factors::equilibrate;
pub(crate) use factors::{Factored, general, general_position};
pub(crate) use matrix::{Matrix, pattern};
pub(crate) use neighbourhood::Neighbourhood;
pub(crate) use scan::Scan;
pub(super) use secant::Secant;
pub(crate) use slope::Slope;

use crate::Real;

/// How large the correction that is left may be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// In the units of z.
    pub absolute: f64,
    /// Relative to |z_j|, or to ||z||.
    pub relative: f64,
    /// Whether all unknowns are of one kind, as in a fixed point: none then needs to be closer than the root mean square of z asks.
    pub uniform: bool,
}

/// An unknown within this many times of what an evaluation nearby misses it by is zero, as far as can be told.
const LOST: f64 = 16.0;
/// Share of the tolerance that a correction may have that is made with a Jacobian from before the step.
pub(crate) const SIMPLIFIED: f64 = 0.5;
/// Fall of the residual in a full Newton step from which that correction is worth a solve.
pub(crate) const FALL: f64 = 1e-3;
/// Growth of ||z|| from which a claim is looked at again.
pub(crate) const FAR: f64 = 1e6;
/// Distance of that evaluation, in tolerances.
const TOLERANCES: f64 = 4.0;

impl Tolerance {
    /// For a component, or a norm, of this size.
    pub fn of(self, size: f64) -> f64 {
        self.absolute + self.relative * size.abs()
    }

    /// The size below which no unknown of `z` counts.
    pub(crate) fn floor<T: Real>(self, z: &[T]) -> f64 {
        if self.uniform { crate::kernels::vector::norm(z).as_f64() / (z.len().max(1) as f64).sqrt() } else { 0.0 }
    }

    /// Whether every component of the correction `c` at `z` is within `share` of the tolerance.
    pub(crate) fn admits<T: Real>(self, z: &[T], c: &[T], share: f64) -> bool {
        let floor = self.floor(z);
        z.iter().zip(c).all(|(z, c)| c.as_f64().abs() <= share * self.of(z.as_f64().abs().max(floor)))
    }

    /// The same, but for unknowns that may be zero as far as can be told before the claim is [confirmed](confirm).
    pub(crate) fn may_admit<T: Real>(self, z: &[T], c: &[T], share: f64) -> bool {
        let floor = self.floor(z);
        let mut zero = None;
        z.iter().zip(c).all(|(z_j, c_j)| {
            let (size, c) = (z_j.as_f64().abs(), c_j.as_f64().abs());
            c <= share * self.of(size.max(floor)) || size.max(c) <= *zero.get_or_insert_with(|| LOST * self.zero(z))
        })
    }

    /// What an evaluation nearby may miss an unknown by that is zero: rounding, and the curvature of g over the distance.
    fn zero<T: Real>(self, z: &[T]) -> f64 {
        // beside nothing but zeros there is no size to be small against
        if z.iter().all(|z| *z == T::zero()) {
            return 0.0;
        }
        let (largest, epsilon) = (largest(z), <T as num_traits::Float>::epsilon().as_f64());
        let distance = TOLERANCES * (self.of(largest) / largest).max(epsilon.sqrt());
        largest * (distance * distance + 4.0 * epsilon)
    }
}

/// Largest magnitude.
pub(crate) fn magnitude<T: Real>(z: &[T]) -> f64 {
    z.iter().fold(0.0, |largest: f64, z| largest.max(z.as_f64().abs()))
}

/// Largest magnitude; 1 for zero.
pub(crate) fn largest<T: Real>(z: &[T]) -> f64 {
    let magnitude = magnitude(z);
    if magnitude > 0.0 { magnitude } else { 1.0 }
}
