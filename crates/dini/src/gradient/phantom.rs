//! The phantom gradient: the adjoint iteration, damped and cut off.

use super::OnFailure;
use super::linear::LinearisedChunk;
use super::mode::{Adjoints, GradientMode};
use super::richardson::richardson;
use crate::error::{Error, UserError};
use crate::problem::Linearize;
use crate::solve::check_damping;

/// lam <- lam + damping (w - J^T lam), k = `steps` times from lam = 0.
///
/// This is lam = damping sum_{i<k} (I - damping J^T)^i w, and the gradient of the last k steps of the iteration
/// z <- z - damping g(z; a) that has arrived at z*: the Neumann form of the source, to which its unrolled form reduces at
/// z*. One undamped step is [`Jfb`](super::Jfb). For k to infinity lam tends to the exact J^-T w where the eigenvalues mu
/// of J have |1 - damping mu| < 1: damping reaches further than [`Neumann`](super::Neumann), which is damping = 1, but
/// for small k scales lam by about damping k. Nothing is refused: the residual is in the [`Report`](super::Report).
///
/// Cost: k products with J^T, the last of which measures the residual; two vectors of memory.
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::Phantom, solve};
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// let mode = Phantom { steps: 3, damping: 0.5, ..Phantom::default() };
/// let lam = solution.gradient(&Rows::from_vec(1, 1, vec![1.0])?, &mode)?.vector.row(0)[0];
/// let z = solution.z().row(0)[0];
/// let q = 1.0 - 0.5 * (1.0 - 0.5 * (1.0 - z * z)); // 1 - damping J
/// assert!((lam - 0.5 * (1.0 + q + q * q)).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: Z. Geng et al. (2021), arXiv:2111.05177.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Phantom {
    /// Number k of steps, at least 1 (default 5).
    pub steps: usize,
    /// Damping factor in (0, 1] (dimensionless; default 0.5).
    pub damping: f64,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl Default for Phantom {
    fn default() -> Self {
        Phantom { steps: 5, damping: 0.5, on_failure: OnFailure::Refuse }
    }
}

impl<P: Linearize> GradientMode<P> for Phantom {
    fn validate(&self) -> Result<(), Error> {
        if self.steps == 0 {
            return Err(Error::option("steps", 0, "it must be at least 1"));
        }
        check_damping(self.damping)
    }

    fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        richardson(chunk, chunk.slots(), w, (self.steps, self.damping), |_, _| {})
    }
}
