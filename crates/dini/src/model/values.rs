//! A system at a point, for whoever is no solver.

use super::system::System;
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Active, Problem};

impl<T: Real> System<T> {
    /// g(z; a) of every sample of a batch, B x n; NaN where it is undefined.
    ///
    /// # Errors
    /// As a solve from `z`.
    pub fn values(&self, z: &Rows<T>) -> Result<Rows<T>, Error> {
        self.validate(z)?;
        let slots: Vec<usize> = (0..z.samples()).collect();
        let mut g = Rows::new(z.samples(), self.n);
        self.body.residual(self.point(Active::new(&slots, 0, true), z), &mut g).map_err(Error::User)?;
        Ok(g)
    }

    /// dg/da of every sample of a batch, n x p each.
    ///
    /// Costs as many products as there are parameters, or equations where these are not more. Where an entry is not finite it costs
    /// both: along one parameter, 0 times the infinite slope by another is NaN, and products with one equation each keep that to the
    /// column of the parameter, where all entries may be NaN.
    ///
    /// ```
    /// use dini::{Model, Rows};
    /// let system = Model::equation(|z, a| [z[0] - a[0] * a[1], z[1] - a[1].cbrt()]).parameters(&[3.0, 0.0]).system(2)?;
    /// let z = Rows::new(1, 2);
    /// assert_eq!(system.values(&z)?.row(0), [0.0, 0.0]);
    /// let slopes = &system.parameter_jacobians(&z)?[0];
    /// assert_eq!([slopes.row(0)[0], slopes.row(1)[0]], [0.0, 0.0]);
    /// assert_eq!(slopes.row(1)[1], f64::NEG_INFINITY);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As a solve from `z`.
    pub fn parameter_jacobians(&self, z: &Rows<T>) -> Result<Vec<Rows<T>>, Error> {
        self.validate(z)?;
        let slots: Vec<usize> = (0..z.samples()).collect();
        let at = Active::new(&slots, 0, true);
        if self.parameters.width() < self.n {
            let jacobians = self.by_columns(at, z)?;
            if jacobians.iter().all(|jacobian| jacobian.first_non_finite().is_none()) {
                return Ok(jacobians);
            }
        }
        self.by_rows(at, z)
    }

    fn by_columns(&self, at: Active<'_>, z: &Rows<T>) -> Result<Vec<Rows<T>>, Error> {
        let (samples, n, p) = (z.samples(), self.n, self.parameters.width());
        let mut jacobians = vec![Rows::new(n, p); samples];
        let (mut direction, mut column) = (Rows::new(samples, p), Rows::new(samples, n));
        for k in 0..p {
            (0..samples).for_each(|s| direction.row_mut(s)[k] = T::one());
            self.body.parameter_jvp(self.point(at, z), &direction, &mut column).map_err(Error::User)?;
            for (s, jacobian) in jacobians.iter_mut().enumerate() {
                column.row(s).iter().enumerate().for_each(|(i, value)| jacobian.row_mut(i)[k] = *value);
                direction.row_mut(s)[k] = T::zero();
            }
        }
        Ok(jacobians)
    }

    fn by_rows(&self, at: Active<'_>, z: &Rows<T>) -> Result<Vec<Rows<T>>, Error> {
        let (samples, n, p) = (z.samples(), self.n, self.parameters.width());
        let mut jacobians = vec![Rows::new(n, p); samples];
        let mut unit = Rows::new(samples, n);
        for i in 0..n {
            (0..samples).for_each(|s| unit.row_mut(s)[i] = T::one());
            let mut row = Rows::new(samples, p);
            self.body.parameter_vjp(self.point(at, z), &unit, T::one(), &mut row).map_err(Error::User)?;
            for (s, jacobian) in jacobians.iter_mut().enumerate() {
                jacobian.row_mut(i).copy_from_slice(row.row(s));
                unit.row_mut(s)[i] = T::zero();
            }
        }
        Ok(jacobians)
    }
}
