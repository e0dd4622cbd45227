//! What minima need beyond roots of their gradient: a descent to begin with, and a look at the curvature in the end.

use faer::prelude::Solve;
use faer::{Mat, Side};
use num_traits::Float;
use rayon::prelude::*;

use super::engine::Answer;
use super::system::{Kind, System};
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Active, Linearize, Problem};
use crate::solve::{Options, Status};

/// Size up to which Hessians are dense matrices here; above, the gradient is solved without a descent, and the curvature not judged.
const DENSE: usize = 1000;
/// Share of the decrease that the quadratic model promises with which a step is taken.
const ACCEPT: f64 = 1e-4;
/// A step this small against z ends the descent: Newton's method goes on from there.
const NEAR: f64 = 1e-4;
/// Curvature that counts as negative, relative to the largest.
const NEGATIVE: f64 = 1e-10;

/// The starts after a descent of phi from each; none where there is nothing to minimise.
///
/// Newton's method on phi with the Hessian damped by lambda until it is positive definite and the step reduces phi
/// (J. Nocedal and S. J. Wright 2006, doi:10.1007/978-0-387-40065-5, section 3.4).
pub(super) fn descended<T: Real>(
    system: &System<T>,
    z0: &Rows<T>,
    options: &Options,
) -> Result<Option<Rows<T>>, Error> {
    if !minimises(system.kind) || system.n > DENSE {
        return Ok(None);
    }
    system.validate(z0)?;
    let ends: Result<Vec<Rows<T>>, Error> = (0..z0.samples())
        .into_par_iter()
        .map(|sample| {
            let mut place = Place::new(system, sample, z0.row(sample))?;
            place.descend(options)?;
            Ok(place.z)
        })
        .collect();
    let mut starts = z0.clone();
    ends?.iter().enumerate().for_each(|(sample, end)| starts.row_mut(sample).copy_from_slice(end.row(0)));
    Ok(Some(starts))
}

/// Roots of a gradient that are no minima end as [`Status::Saddle`].
pub(super) fn judge<T: Real>(solution: &mut Answer<T>) -> Result<(), Error> {
    let system = &solution.problem;
    if !minimises(system.kind) || system.n > DENSE {
        return Ok(());
    }
    for sample in 0..solution.records.len() {
        if solution.records[sample].status != Status::Converged {
            continue;
        }
        let place = Place::new(system, sample, solution.z.row(sample))?;
        let hessian = place.hessian()?;
        if hessian.llt(Side::Lower).is_ok() {
            continue;
        }
        let curved = hessian.self_adjoint_eigenvalues(Side::Lower).is_ok_and(|values| {
            let largest = values.iter().fold(0.0, |max, v| v.as_f64().abs().max(max));
            let rounding = system.n as f64 * <T as Float>::epsilon().as_f64();
            values.iter().any(|v| v.as_f64() < -NEGATIVE.max(rounding) * largest)
        });
        if curved {
            solution.records[sample].status = Status::Saddle;
        }
    }
    Ok(())
}

fn minimises(kind: Kind) -> bool {
    matches!(kind, Kind::Minimum | Kind::LeastSquares)
}

/// One sample of a system at a point.
struct Place<'s, T> {
    system: &'s System<T>,
    sample: [usize; 1],
    z: Rows<T>,
}

impl<'s, T: Real> Place<'s, T> {
    fn new(system: &'s System<T>, sample: usize, z: &[T]) -> Result<Self, Error> {
        Ok(Place { system, sample: [sample], z: Rows::from_vec(1, z.len(), z.to_vec())? })
    }

    fn at(&self) -> Active<'_> {
        Active::new(&[0], self.sample[0], true)
    }

    fn objective(&self, z: &Rows<T>) -> f64 {
        let mut out = [<T as Float>::nan()];
        let point = super::system::Spot { at: self.at(), z, a: self.system.parameters() };
        self.system.body.objective(point, &mut out);
        out[0].as_f64()
    }

    fn gradient(&self) -> Result<Rows<T>, Error> {
        let mut g = Rows::new(1, self.z.width());
        self.system.residual(self.at(), &self.z, &mut g).map_err(Error::User)?;
        Ok(g)
    }

    fn hessian(&self) -> Result<Mat<T>, Error> {
        let n = self.z.width();
        let mut tape = self.system.tape(&self.z);
        self.system.linearize(self.at(), &self.z, &self.z, &mut tape).map_err(Error::User)?;
        let mut entries = vec![T::zero(); n * n];
        if !self.system.jacobian(0, &tape, &mut entries) {
            let (mut unit, mut column) = (Rows::new(1, n), Rows::new(1, n));
            for j in 0..n {
                unit.row_mut(0)[j] = T::one();
                self.system.jvp(self.at(), &tape, &unit, &mut column).map_err(Error::User)?;
                unit.row_mut(0)[j] = T::zero();
                entries[j * n..(j + 1) * n].copy_from_slice(column.row(0));
            }
        }
        Ok(Mat::from_fn(n, n, |i, j| entries[j * n + i]))
    }

    fn descend(&mut self, options: &Options) -> Result<(), Error> {
        let n = self.z.width();
        let mut phi = self.objective(&self.z);
        let mut damping = 0.0;
        for _ in 0..options.max_iterations {
            let (g, hessian) = (self.gradient()?, self.hessian()?);
            let finite = |v: &T| Float::is_finite(*v);
            if !phi.is_finite() || !g.row(0).iter().all(finite) || (0..n).any(|j| !hessian.col(j).iter().all(finite)) {
                return Ok(());
            }
            let curvature = (0..n).fold(T::min_positive_value(), |max, j| Float::max(max, Float::abs(hessian[(j, j)])));
            let accepted = loop {
                let Some(p) = damped_step(&hessian, g.row(0), T::of(damping) * curvature) else {
                    damping = (4.0 * damping).max(1e-3);
                    if damping > 1e16 {
                        return Ok(());
                    }
                    continue;
                };
                let mut next = self.z.clone();
                next.row_mut(0).iter_mut().zip(&p).for_each(|(z, p)| *z -= *p);
                if let Some(bounds) = &options.bounds {
                    bounds.confine(&self.z, &mut next);
                }
                let moved: Vec<T> = self.z.row(0).iter().zip(next.row(0)).map(|(&z, &next)| z - next).collect();
                let promised = promise(&hessian, g.row(0), &moved);
                let value = self.objective(&next);
                let size = |row: &[T]| row.iter().fold(0.0, |max: f64, v| max.max(v.as_f64().abs()));
                let small = size(&moved) <= NEAR * size(self.z.row(0));
                if value <= phi - ACCEPT * promised && promised > 0.0 {
                    (self.z, phi) = (next, value);
                    damping = if damping < 1e-3 { 0.0 } else { 0.2 * damping };
                    break !small;
                }
                damping = (4.0 * damping).max(1e-3);
                if small || damping > 1e16 {
                    break false;
                }
            };
            if !accepted {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// (H + lambda I)^-1 g, where that matrix is positive definite.
fn damped_step<T: Real>(hessian: &Mat<T>, g: &[T], lambda: T) -> Option<Vec<T>> {
    let n = g.len();
    let damped = Mat::from_fn(n, n, |i, j| if i == j { hessian[(i, j)] + lambda } else { hessian[(i, j)] });
    let factors = damped.llt(Side::Lower).ok()?;
    let step = factors.solve(Mat::from_fn(n, 1, |i, _| g[i]));
    let step: Vec<T> = (0..n).map(|i| step[(i, 0)]).collect();
    step.iter().all(|v| Float::is_finite(*v)).then_some(step)
}

/// The decrease of the quadratic model for a step -p.
fn promise<T: Real>(hessian: &Mat<T>, g: &[T], p: &[T]) -> f64 {
    let n = p.len();
    let mut promised = 0.0;
    for j in 0..n {
        let along: f64 = (0..n).map(|i| hessian[(i, j)].as_f64() * p[i].as_f64()).sum();
        promised += p[j].as_f64() * (g[j].as_f64() - 0.5 * along);
    }
    promised
}
