//! Equations written once for every type of number.

use super::number::Number;

/// g(z; a) = 0 written once for every [`Number`]: for [`tiny::solve`](crate::tiny::solve), which evaluates it on the stack, and for
/// [`Model::of`](crate::Model::of), which traces it.
///
/// ```
/// use dini::{Model, Options, program::{Equation, Number}, tiny};
/// /// Kepler's equation E - e sin E = M, parameters (e, M).
/// struct Kepler;
/// impl Equation for Kepler {
///     fn unknowns(&self) -> usize { 1 }
///     fn parameters(&self) -> usize { 2 }
///     fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
///         out[0] = z[0] - a[0] * z[0].sin() - a[1];
///     }
/// }
/// let (start, a) = ([2.0f64], [0.6, 2.0]);
/// let root = tiny::solve(&Kepler, start, a, &Options::default())?;
/// let solved = Model::of(&Kepler).parameters(&a).solve(&start)?;
/// assert!((root.z[0] - solved.converged()?[0]).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
pub trait Equation {
    /// Number of unknowns n.
    fn unknowns(&self) -> usize;
    /// Number of parameters p.
    fn parameters(&self) -> usize;
    /// Writes the n components of g(z; a) to `out`, which is 0 before.
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]);
}

impl<E: Equation + ?Sized> Equation for &E {
    fn unknowns(&self) -> usize {
        (**self).unknowns()
    }
    fn parameters(&self) -> usize {
        (**self).parameters()
    }
    fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
        (**self).residual(z, a, out);
    }
}
