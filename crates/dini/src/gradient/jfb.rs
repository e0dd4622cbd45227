//! Jacobian-free backpropagation.

use super::OnFailure;
use super::linear::LinearisedChunk;
use super::mode::{Adjoints, GradientMode};
use crate::error::{Error, UserError};
use crate::problem::Linearize;

/// lam = w: the Jacobian is taken to be the identity, and dL/da = -(dg/da)^T w.
///
/// For a fixed point z = f(z; a) this is the gradient of one application of f at z*, hence also "one-step" gradient. With
/// ||df/dz||_2 <= q < 1 lam is off by at most q / (1 - q) ||w||; the source has conditions on q and df/da under which -dL/da
/// still is a descent direction. None is checked here: see [`audit`](super::audit). Not for equations that are scaled
/// otherwise than a fixed point (J far from I).
///
/// Cost: no product with J^T, no memory. The residual is not measured (NaN in the [`Report`](super::Report)).
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::Jfb, solve};
/// let cell = Tanh::new(1, vec![0.5], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// let w = Rows::from_vec(1, 1, vec![2.0])?;
/// assert_eq!(solution.gradient(&w, &Jfb::default())?.vector, w);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: S. Wu Fung et al. (2022), arXiv:2103.12803; J. Bolte, E. Pauwels and S. Vaiter (2023), arXiv:2305.13768.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Jfb {
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl<P: Linearize> GradientMode<P> for Jfb {
    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    fn lam(&self, _: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        Ok(Adjoints::unmeasured(w.clone()))
    }
}
