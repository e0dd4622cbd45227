//! Certificates of models' roots, and all roots in a box.

use super::builder::{Lower, Model};
use super::engine::Engine;
use super::solved::Solved;
use super::system::System;
use crate::Real;
use crate::certify::{Certificate, Fault, Limits, Programs, Roots, certify, roots};
use crate::error::Error;
use crate::interval::Interval;
use crate::outcome::Status;

impl<T: Real> System<T> {
    /// g and its derivatives on intervals, for [`certify`](fn@crate::certify::certify) and [`roots`](fn@crate::certify::roots).
    ///
    /// # Errors
    /// [`Error::Trace`] for functions on slices and for Jacobians of more than 2^22 operations, [`Error::TooLarge`] above 500 unknowns.
    pub fn programs(&self) -> Result<Programs, Error> {
        let (graph, outputs) = self
            .body
            .program()
            .ok_or(Error::Trace { what: "it is a closure on slices, and a certificate needs one on traced numbers" })?;
        Programs::new(graph, outputs, (self.n, self.parameters.width()))
    }
}

impl<T: Engine> Solved<T> {
    /// What can be proved of z*: that a root is there, how near, that no other is, and how far the parameters may change
    /// ([`certify`](mod@crate::certify)).
    ///
    /// ```
    /// use dini::Model;
    /// // a fold at x = 0.53284: the lower branch ends there
    /// let cell = Model::fixed_point(|z, x| [(2.0 * z[0] + x[0]).tanh()]).parameters(&[0.5]).tolerance(1e-12);
    /// let proof = cell.solve(&[-0.9])?.certificate()?;
    /// assert!(proof.holds && proof.ball < 1e-11);
    /// assert!((0.0082..0.0329).contains(&proof.parameters[0].radius));
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`System::programs`]. What can't be proved is no error: see [`Certificate::fault`].
    pub fn certificate(&self) -> Result<Certificate, Error> {
        let programs = self.solution().problem().programs()?;
        let wide = |values: &[T]| values.iter().map(|v| v.as_f64()).collect::<Vec<f64>>();
        let (z, a) = (wide(self.z()), wide(self.parameters()));
        if self.status() != Status::Converged {
            return Ok(Certificate::refused(Fault::NoRoot, z.len(), a.len()));
        }
        Ok(certify(&programs, &z, &a))
    }
}

impl<F: Lower<T>, T: Real> Model<F, T> {
    /// All roots with every unknown between two numbers, each proved, and the boxes in which that could not be decided: [`roots`](fn@crate::certify::roots) with
    /// the default limits.
    ///
    /// ```
    /// use dini::Model;
    /// let cubic = Model::equation(|z, a| [z[0].powi(3) - z[0] - a[0]]).parameters(&[0.1]);
    /// let all = cubic.roots_within(&[(-2.0, 2.0)])?;
    /// assert!(all.is_complete() && all.roots.len() == 3);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::system`], [`System::programs`] and [`roots`](fn@crate::certify::roots).
    pub fn roots_within(&self, sides: &[(f64, f64)]) -> Result<Roots, Error> {
        let system = self.system(sides.len())?;
        let parameters = system.parameters();
        let a: Vec<f64> =
            if parameters.width() == 0 { Vec::new() } else { parameters.row(0).iter().map(|a| a.as_f64()).collect() };
        let within: Vec<Interval> = sides.iter().map(|(low, high)| Interval::new(*low, *high)).collect();
        roots(&system.programs()?, &within, &a, &Limits::default(), &mut |_, _, _| true)
    }
}
