//! Problems stated one sample at a time.

use super::*;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::vector;

/// g(z; a) = 0 for one sample on slices of n numbers, its Jacobian a matrix; [`Each`] makes it a problem for batches. Problems with
/// products of their own in place of a matrix, or with kernels for many samples at once, implement [`Problem`] and [`Linearize`].
///
/// ```
/// use dini::problem::{Each, Eval, OneSample};
/// use dini::{Auto, Options, Rows, solve};
/// /// z = a cos z, a per sample; J = 1 + a sin z
/// struct Cosine(Vec<f64>);
/// impl OneSample for Cosine {
///     type Scalar = f64;
///     const FIXED_POINT: bool = true;
///     fn shape(&self) -> (usize, usize) { (self.0.len(), 1) }
///     fn residual(&self, sample: usize, z: &[f64], g: &mut [f64]) -> Eval { g[0] = z[0] - self.0[sample] * z[0].cos(); Ok(()) }
///     fn jacobian(&self, sample: usize, z: &[f64], j: &mut [f64]) -> Eval { j[0] = 1.0 + self.0[sample] * z[0].sin(); Ok(()) }
/// }
/// let s = solve(Each(Cosine(vec![0.5, 1.0])), &Rows::new(2, 1), &Auto::default(), &Options::default())?;
/// assert!((s.converged()?.row(1)[0] - 0.739085133).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
pub trait OneSample: Sync {
    /// The type of the numbers.
    type Scalar: Real;
    /// Whether g(z) = z - f(z), so that g has the units of z.
    const FIXED_POINT: bool = false;

    /// The number B of samples that there are, and the number n of unknowns of each.
    fn shape(&self) -> (usize, usize);
    /// g <- g(z)
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn residual(&self, sample: usize, z: &[Self::Scalar], g: &mut [Self::Scalar]) -> Eval;
    /// j <- J at z, n x n and column by column: entry (i, j) is `j[j * n + i]`.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn jacobian(&self, sample: usize, z: &[Self::Scalar], j: &mut [Self::Scalar]) -> Eval;
}

/// Parameters of a [`OneSample`], which may be shared by all samples or be those of one; for gradients, not for tangents
/// ([`ParamJvp`]). The example `own_layer` is a whole layer.
pub trait OneSampleVjp: OneSample {
    /// A gradient dL/da.
    type Gradient: Send;

    /// The zero of the gradients.
    fn zero(&self) -> Self::Gradient;
    /// grad <- grad + (dg/da)^T u at the point z of one sample.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn param_vjp(&self, sample: usize, z: &[Self::Scalar], u: &[Self::Scalar], grad: &mut Self::Gradient) -> Eval;
}

/// Every sample of a batch by itself: a [`OneSample`] as a problem.
#[derive(Clone, Copy, Debug)]
pub struct Each<S>(pub S);

impl<S: OneSample> Problem for Each<S> {
    type State = Rows<S::Scalar>;

    fn validate(&self, z: &Rows<S::Scalar>) -> Result<(), Error> {
        z.check("the start z0", self.0.shape())
    }

    fn residual_scale(&self) -> ResidualScale {
        if S::FIXED_POINT { ResidualScale::State } else { ResidualScale::Start }
    }

    fn residual(&self, at: Active<'_>, z: &Rows<S::Scalar>, out: &mut Rows<S::Scalar>) -> Eval {
        (0..at.len()).try_for_each(|i| self.0.residual(at.sample(i).index(), z.row(i), out.row_mut(i)))
    }
}

impl<S: OneSample> Linearize for Each<S> {
    /// J of every slot.
    type Tape = Slots<Vec<S::Scalar>>;

    fn tape(&self, like: &Rows<S::Scalar>) -> Self::Tape {
        let n = like.width();
        Slots::new(like.samples(), vec![S::Scalar::default(); n * n])
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<S::Scalar>, _: &Rows<S::Scalar>, tape: &mut Self::Tape) -> Eval {
        (0..at.len()).try_for_each(|i| self.0.jacobian(at.sample(i).index(), z.row(i), &mut tape[at.slot(i)]))
    }

    fn jvp(&self, at: Active<'_>, tape: &Self::Tape, v: &Rows<S::Scalar>, out: &mut Rows<S::Scalar>) -> Eval {
        (0..at.len()).for_each(|i| vector::multiply(&tape[at.slot(i)], v.row(i), out.row_mut(i)));
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Self::Tape, u: &Rows<S::Scalar>, out: &mut Rows<S::Scalar>) -> Eval {
        (0..at.len()).for_each(|i| vector::multiply_transposed(&tape[at.slot(i)], u.row(i), out.row_mut(i)));
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        Capabilities { dense: Some(self), ..Capabilities::NONE }
    }
}

impl<S: OneSample> DenseJacobian<Slots<Vec<S::Scalar>>, S::Scalar> for Each<S> {
    fn jacobian(&self, slot: Slot, tape: &Slots<Vec<S::Scalar>>, out: &mut [S::Scalar]) {
        out.copy_from_slice(&tape[slot]);
    }
}

impl<S: OneSampleVjp> Parametric for Each<S> {
    type Parameters = S::Gradient;

    fn zero_parameters(&self, _: usize) -> S::Gradient {
        self.0.zero()
    }
}

impl<S: OneSampleVjp> ParamVjp for Each<S> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &Self::Tape,
        z: &Rows<S::Scalar>,
        u: &Rows<S::Scalar>,
        scale: S::Scalar,
        grad: &mut S::Gradient,
    ) -> Eval {
        crate::kernels::scratch::with(u.width(), |scaled| {
            for i in 0..at.len() {
                scaled.iter_mut().zip(u.row(i)).for_each(|(scaled, &u)| *scaled = scale * u);
                self.0.param_vjp(at.sample(i).index(), z.row(i), scaled, grad)?;
            }
            Ok(())
        })
    }
}
