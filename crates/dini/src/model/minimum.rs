//! What minima need beyond roots of their gradient: a descent to begin with, and a look at the curvature in the end.

use faer::prelude::Solve;
use faer::{Mat, Side};
use rayon::prelude::*;

use super::engine::Answer;
use super::system::{Kind, Spot, System};
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::{Active, Problem};
use crate::solve::Options;
use crate::solve::root::{Neighbourhood, magnitude};

/// Size up to which Hessians are dense matrices here; above, the gradient is solved without a descent, and the curvature not judged.
const DENSE: usize = 1000;
/// Share of the decrease that the quadratic model promises with which a step is taken.
const ACCEPT: f64 = 1e-4;
/// A step this small against z ends the descent: Newton's method goes on from there.
const NEAR: f64 = 1e-4;
/// Curvature that counts as negative, relative to the largest.
const NEGATIVE: f64 = 1e-10;
/// Distances, relative to z, at which phi is looked at where its second derivatives do not decide.
const DISTANCES: [f64; 3] = [1e-2, 1e-3, 1e-4];
/// Fall of a decrease from one of them to the next from which it is none of rounding: a third power falls by 1000.
const FALLS: f64 = 30.0;
/// A decrease below so many roundings of phi says nothing.
const ROUNDINGS: f64 = 1e3;
/// Most directions of that kind.
const DIRECTIONS: usize = 16;

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
///
/// Negative curvature decides, or where there is none, but directions without curvature, that phi falls along one of them or along all
/// together. That shows powers beyond the second (x^3, x^2 - y^4); where phi falls along curves only, nothing is seen, and the verdict,
/// which is negative at every such point, is what remains.
pub(super) fn judge<T: Real>(solution: &mut Answer<T>) -> Result<(), Error> {
    let system = &solution.problem;
    if !minimises(system.kind) || system.n > DENSE {
        return Ok(());
    }
    for sample in 0..solution.outcomes.len() {
        if solution.outcomes[sample].status == Status::Converged
            && Place::new(system, sample, solution.z.row(sample))?.descends()?
        {
            solution.outcomes[sample].status = Status::Saddle;
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
    sample: usize,
    z: Rows<T>,
}

impl<'s, T: Real> Place<'s, T> {
    fn new(system: &'s System<T>, sample: usize, z: &[T]) -> Result<Self, Error> {
        Ok(Place { system, sample, z: Rows::from_vec(1, z.len(), z.to_vec())? })
    }

    fn objective(&self, z: &Rows<T>) -> f64 {
        let mut out = [T::nan()];
        let spot = Spot { at: Active::new(&[0], self.sample, true), z, a: self.system.parameters() };
        self.system.body.objective(spot, &mut out);
        out[0].as_f64()
    }

    /// Gradient and Hessian of phi.
    fn derivatives(&self) -> Result<(Vec<f64>, Mat<f64>), Error> {
        let (around, matrix) = Neighbourhood::new(self.system, self.z.clone(), self.sample).map_err(Error::User)?;
        let (n, values) = (matrix.size(), matrix.to_dense());
        Ok((around.g, Mat::from_fn(n, n, |i, j| values[j * n + i])))
    }

    /// z - p, within the bounds if there are any; none where that is on one of them.
    fn moved(&self, p: &[f64], options: &Options) -> Option<Rows<T>> {
        let mut next = self.z.clone();
        next.row_mut(0).iter_mut().zip(p).for_each(|(z, p)| *z -= T::of(*p));
        let Some(bounds) = &options.bounds else { return Some(next) };
        bounds.confine(&self.z, &mut next);
        let inside = next.row(0).iter().enumerate().all(|(j, z)| bounds.holds(j, z.as_f64()));
        inside.then_some(next)
    }

    fn descend(&mut self, options: &Options) -> Result<(), Error> {
        let n = self.z.width();
        let mut phi = self.objective(&self.z);
        let mut damping = 0.0;
        for _ in 0..options.max_iterations {
            let (g, hessian) = self.derivatives()?;
            let finite = |v: &f64| v.is_finite();
            if !phi.is_finite() || !g.iter().all(finite) || (0..n).any(|j| !hessian.col(j).iter().all(finite)) {
                return Ok(());
            }
            let curvature = (0..n).fold(f64::MIN_POSITIVE, |max, j| hessian[(j, j)].abs().max(max));
            let near = loop {
                if damping > 1e16 {
                    return Ok(());
                }
                let Some(p) = damped_step(&hessian, &g, damping * curvature) else {
                    damping = (4.0 * damping).max(1e-3);
                    continue;
                };
                let Some(next) = self.moved(&p, options) else { return Ok(()) };
                let before = self.z.row(0).iter().zip(next.row(0));
                let moved: Vec<f64> = before.map(|(&z, &next)| (z - next).as_f64()).collect();
                let promised = promise(&hessian, &g, &moved);
                let value = self.objective(&next);
                let small = magnitude(&moved) <= NEAR * magnitude(self.z.row(0));
                if value <= phi - ACCEPT * promised && promised > 0.0 {
                    (self.z, phi) = (next, value);
                    damping = if damping < 1e-3 { 0.0 } else { 0.2 * damping };
                    break small;
                }
                damping = (4.0 * damping).max(1e-3);
                if small {
                    break true;
                }
            };
            if near {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether phi falls from here in some direction, as far as can be seen.
    fn descends(&self) -> Result<bool, Error> {
        let (_, hessian) = self.derivatives()?;
        if hessian.llt(Side::Lower).is_ok() {
            return Ok(false);
        }
        let n = self.z.width();
        let Ok(eigen) = hessian.self_adjoint_eigen(Side::Lower) else { return Ok(false) };
        let values: Vec<f64> = (0..n).map(|k| eigen.S()[k]).collect();
        let flat = NEGATIVE.max(n as f64 * T::epsilon().as_f64()) * magnitude(&values);
        if values.iter().any(|value| *value < -flat) {
            return Ok(true);
        }
        let mut directions: Vec<Vec<f64>> = Vec::new();
        for k in (0..n).filter(|&k| values[k] <= flat).take(DIRECTIONS) {
            directions.push((0..n).map(|i| eigen.U()[(i, k)]).collect());
        }
        if directions.len() > 1 {
            directions.push((0..n).map(|i| directions.iter().map(|d| d[i]).sum()).collect());
        }
        Ok(directions.iter().any(|direction| [1.0, -1.0].into_iter().any(|sign| self.falls_along(direction, sign))))
    }

    /// Whether phi falls along a direction, by less the nearer.
    fn falls_along(&self, direction: &[f64], sign: f64) -> bool {
        let (phi, size) = (self.objective(&self.z), magnitude(self.z.row(0)).max(1.0));
        let drops = DISTANCES.map(|distance| {
            let mut next = self.z.clone();
            let moved = direction.iter().map(|d| T::of(sign * distance * size * d));
            next.row_mut(0).iter_mut().zip(moved).for_each(|(z, moved)| *z += moved);
            let drop = phi - self.objective(&next);
            if drop > ROUNDINGS * T::epsilon().as_f64() * phi.abs() { drop } else { 0.0 }
        });
        drops[2] > 0.0 && drops.windows(2).all(|two| two[0] >= FALLS * two[1])
    }
}

/// (H + lambda I)^-1 g, where that matrix is positive definite.
fn damped_step(hessian: &Mat<f64>, g: &[f64], lambda: f64) -> Option<Vec<f64>> {
    let n = g.len();
    let damped = Mat::from_fn(n, n, |i, j| if i == j { hessian[(i, j)] + lambda } else { hessian[(i, j)] });
    let factors = damped.llt(Side::Lower).ok()?;
    let step = factors.solve(Mat::from_fn(n, 1, |i, _| g[i]));
    let step: Vec<f64> = (0..n).map(|i| step[(i, 0)]).collect();
    step.iter().all(|v| v.is_finite()).then_some(step)
}

/// The decrease of the quadratic model for a step -p.
fn promise(hessian: &Mat<f64>, g: &[f64], p: &[f64]) -> f64 {
    let along = |j: usize| (0..p.len()).map(|i| hessian[(i, j)] * p[i]).sum::<f64>();
    (0..p.len()).map(|j| p[j] * (g[j] - 0.5 * along(j))).sum()
}
