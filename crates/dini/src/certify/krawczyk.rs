//! The Krawczyk test around a point.
//!
//! For a box Z around z with radii r, a box A of parameters and any matrix Y, all of
//!
//!   K = z - Y g(z; A) + (I - Y J(Z, A)) (Z - z)
//!
//! contains every root in Z for a in A. Where K lies in the interior of Z there is exactly one root for each a, and every J of Z x A
//! is regular: |I - Y J| r < r in every component makes the spectral radius of |I - Y J| less than 1.
//!
//! Sources: R. Krawczyk (1969), doi:10.1007/BF02234767; S. M. Rump (2010), doi:10.1017/S096249291000005X, section 13.

use super::programs::{Entries, Programs, Work, grade};
use super::upward::{Matrix, defect, up};
use super::{Fault, Smooth};
use crate::interval::{Grade, Interval};

/// Rounds of widening a box until the test succeeds.
const ROUNDS: usize = 24;
/// By how much a box is wider than what it must hold.
const INFLATION: f64 = 1.05;

/// A point with what the test needs of it.
pub(super) struct Krawczyk<'p> {
    pub programs: &'p Programs,
    pub z: Vec<f64>,
    pub a: Vec<f64>,
    /// Y, about J(z)^-1
    inverse: Matrix,
    /// about J(z)
    jacobian: Matrix,
    /// a bound of |I - Y J(z)|
    defect: Matrix,
    /// a bound of |Y g(z)|
    correction: Vec<f64>,
}

/// A box that has passed.
#[derive(Clone, Debug)]
pub(super) struct Passed {
    /// Exactly one root for each a lies within these distances of z, by unknown,
    pub radii: Vec<f64>,
    /// and it lies within these.
    pub root: Vec<f64>,
}

/// z - r to z + r.
pub(super) fn box_around(z: &[f64], r: &[f64]) -> Vec<Interval> {
    z.iter().zip(r).map(|(z, r)| Interval::around(*z, *r)).collect()
}

fn points(values: &[f64]) -> Vec<Interval> {
    values.iter().map(|v| Interval::point(*v)).collect()
}

impl<'p> Krawczyk<'p> {
    pub fn new(programs: &'p Programs, z: &[f64], a: &[f64], work: &mut Work) -> Result<Self, Fault> {
        let (at, parameters) = (points(z), points(a));
        let entries = programs.jacobian(&at, &parameters, work);
        if entries.grade() == Grade::Partial {
            return Err(Fault::Undefined);
        }
        let n = z.len();
        let mut jacobian = Matrix::zeros(n, n);
        entries.entries.iter().for_each(|(i, j, value)| jacobian.row_mut(*i)[*j] = value.middle());
        let inverse = jacobian.inverse().ok_or(Fault::Singular)?;
        let defect = defect(&inverse, &jacobian);
        let g = programs.residual(&at, &parameters, work);
        if grade(g) == Grade::Partial {
            return Err(Fault::Undefined);
        }
        let correction = (0..n).map(|i| inverse.row_times(i, g).magnitude()).collect();
        Ok(Krawczyk { programs, z: z.to_vec(), a: a.to_vec(), inverse, jacobian, defect, correction })
    }

    /// The parameters within `radii`, which stand for all of them or are none.
    fn parameters(&self, radii: &[f64]) -> Vec<Interval> {
        if radii.is_empty() { points(&self.a) } else { box_around(&self.a, radii) }
    }

    /// A bound of |I - Y J| s over a box and parameters.
    fn contraction(
        &self,
        s: &[f64],
        (z, a): (&[Interval], &[Interval]),
        smooth: Smooth,
        work: &mut Work,
    ) -> Result<Vec<f64>, Fault> {
        if grade(self.programs.residual(z, a, work)) != Grade::Continuous {
            return Err(Fault::Undefined);
        }
        let entries = self.programs.jacobian(z, a, work);
        match (entries.grade(), smooth) {
            (Grade::Partial, _) => return Err(Fault::Unbounded),
            (Grade::Defined, Smooth::Yes) => return Err(Fault::Kink),
            _ => {}
        }
        let mut contraction = self.defect.times_magnitudes(s);
        let spread = self.spread(&entries, s);
        let further = self.inverse.times_magnitudes(&spread);
        contraction.iter_mut().zip(further).for_each(|(sum, term)| *sum = up(*sum + term, 1));
        Ok(contraction)
    }

    /// A bound of |J - J(z)| r.
    fn spread(&self, entries: &Entries, r: &[f64]) -> Vec<f64> {
        let mut spread = vec![0.0; r.len()];
        for (i, j, value) in &entries.entries {
            let radius = value.radius_around(self.jacobian.row(*i)[*j]);
            if radius > 0.0 {
                spread[*i] += radius * r[*j];
            }
        }
        spread.into_iter().map(|sum| up(sum, 2 * r.len())).collect()
    }

    /// A bound of |Y g(z; a)| for a within `radii`, and whether dg/da is continuous there.
    fn shift(&self, radii: &[f64], work: &mut Work) -> Result<Vec<f64>, Fault> {
        let mut shift = self.correction.clone();
        if radii.iter().all(|r| *r == 0.0) {
            return Ok(shift);
        }
        let entries = self.programs.parameter_jacobian(&points(&self.z), &self.parameters(radii), work);
        if entries.grade() == Grade::Partial {
            return Err(Fault::Unbounded);
        }
        for k in (0..radii.len()).filter(|k| radii[*k] > 0.0) {
            let mut column = vec![Interval::point(0.0); self.z.len()];
            let own = entries.entries.iter().filter(|(_, of, _)| *of == k);
            own.for_each(|(i, _, value)| column[*i] = *value);
            for (i, shift) in shift.iter_mut().enumerate() {
                let slope = self.inverse.row_times(i, &column).magnitude();
                if slope > 0.0 {
                    *shift = up(*shift + slope * radii[k], 2);
                }
            }
        }
        Ok(shift)
    }

    /// A box with exactly one root for each a within `radii` of the parameters (none: for these alone). With `smooth` the function z*(a)
    /// is continuously differentiable there.
    pub fn pass(&self, radii: &[f64], smooth: Smooth, work: &mut Work) -> Result<Passed, Fault> {
        let a = self.parameters(radii);
        let shift = self.shift(radii, work)?;
        let least = |j: usize| 4.0 * f64::EPSILON * self.z[j].abs() + f64::MIN_POSITIVE;
        let mut r: Vec<f64> = shift.iter().enumerate().map(|(j, d)| INFLATION * d + least(j)).collect();
        for _ in 0..ROUNDS {
            let contraction = self.contraction(&r, (&box_around(&self.z, &r), &a), smooth, work)?;
            let root: Vec<f64> = shift.iter().zip(contraction).map(|(d, m)| up(d + m, 1)).collect();
            if root.iter().zip(&r).all(|(root, r)| root < r) {
                if smooth == Smooth::Yes && !radii.is_empty() {
                    self.differentiable(&r, &a, work)?;
                }
                return Ok(Passed { radii: r, root });
            }
            if root.iter().any(|root| !root.is_finite()) {
                return Err(Fault::Singular);
            }
            r = root.iter().enumerate().map(|(j, root)| INFLATION * root + least(j)).collect();
        }
        Err(Fault::Singular)
    }

    /// dg/da must be continuous over the whole box.
    fn differentiable(&self, r: &[f64], a: &[Interval], work: &mut Work) -> Result<(), Fault> {
        match self.programs.parameter_jacobian(&box_around(&self.z, r), a, work).grade() {
            Grade::Continuous => Ok(()),
            Grade::Defined => Err(Fault::Kink),
            Grade::Partial => Err(Fault::Unbounded),
        }
    }

    /// Whether every J over the box of radii t s is regular, so that it holds at most one root; t may be infinite.
    pub fn is_regular(&self, t: f64, s: &[f64], work: &mut Work) -> bool {
        let z = box_around(&self.z, &s.iter().map(|s| t * s).collect::<Vec<_>>());
        let contraction = self.contraction(s, (&z, &points(&self.a)), Smooth::Either, work);
        contraction.is_ok_and(|m| m.iter().zip(s).all(|(m, s)| m < s))
    }
}
