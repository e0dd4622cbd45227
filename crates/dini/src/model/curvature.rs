//! The second derivative of z* along a direction of the parameters.

use super::engine::Engine;
use super::solved::Solved;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Active, Along, Linearize, SecondOrder};
use crate::solve::root::{Factored, Neighbourhood};

/// Equations whose second derivatives are taken at a time.
const CHUNK: usize = 256;

impl<T: Engine> Solved<T> {
    /// The curvature z'' of z* along a direction da of the parameters: z*(a + t da) is z* + t z' + t^2 z'' / 2 to second order, with z' the
    /// [tangent](Solved::tangent), so it says how far a linear prediction holds.
    ///
    /// ```text
    /// J z'' = -(g_zz z' z' + 2 g_za z' da + g_aa da da)
    /// ```
    ///
    /// ```
    /// // z^3 = a: z' = 1 / (3 z^2), z'' = -2 / (9 z^5)
    /// let s = dini::root(&[1.5], &[8.0], |z, a| [z[0].powi(3) - a[0]])?.tighten(1e-14)?;
    /// assert!((s.curvature(&[1.0])?[0] + 2.0 / 288.0).abs() < 1e-12);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// Costs a tangent, n products with second derivatives, and a Jacobian with its factors.
    ///
    /// # Errors
    /// As [`tangent`](Solved::tangent); [`Error::User`] for a function on slices that states no second derivatives;
    /// [`Error::NonFinite`] where they, or the curvature, are not finite.
    pub fn curvature(&self, direction: &[T]) -> Result<Vec<T>, Error> {
        let slope = self.tangent(direction)?;
        let system = self.solution().problem();
        let (n, z) = (slope.len(), self.z());
        let mut bend: Vec<f64> = Vec::with_capacity(n);
        for first in (0..n).step_by(CHUNK) {
            // a row for each equation: h = g_i
            let count = CHUNK.min(n - first);
            let repeated = |row: &[T]| Rows::from_vec(count, row.len(), row.repeat(count));
            let many = system.with_parameters(repeated(self.parameters())?)?;
            let (z, dz, da) = (repeated(z)?, repeated(&slope)?, repeated(direction)?);
            let mut lam = Rows::new(count, n);
            (0..count).for_each(|i| lam.row_mut(i)[first + i] = T::one());
            let slots: Vec<usize> = (0..count).collect();
            let (at, tape) = (Active::new(&slots, 0, true), many.tape(&z));
            let along = Along { z: &z, lam: &lam, dz: &dz, da: &da };
            let (mut by_unknowns, mut by_parameters) = (Rows::new(count, n), Rows::new(count, direction.len()));
            many.vjp_along(at, &tape, &along, &mut by_unknowns).map_err(Error::User)?;
            many.param_vjp_along(at, &tape, &along, T::one(), &mut by_parameters).map_err(Error::User)?;
            let product = |a: &[T], b: &[T]| a.iter().zip(b).map(|(a, b)| a.as_f64() * b.as_f64()).sum::<f64>();
            bend.extend(
                (0..count).map(|i| product(by_unknowns.row(i), &slope) + product(by_parameters.row(i), direction)),
            );
        }
        let (_, matrix) = Neighbourhood::new(system, self.solution().z().clone(), 0).map_err(Error::User)?;
        let mut curvature = bend;
        if matrix.is_finite() {
            Factored::new(matrix).solve(&mut curvature);
        }
        if !curvature.iter().all(|v| v.is_finite()) {
            return Err(Error::NonFinite { what: "the curvature of the solution", sample: 0 });
        }
        Ok(curvature.into_iter().map(|v| T::of(-v)).collect())
    }
}
