//! Trust region by Powell's dogleg.

use num_traits::Float;

use super::root::{Finding, Question, examine};
use super::trust::{Model, Strategy, TrustWork};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::error::{Error, StepError, UserError};
use crate::linear::DenseLu;
use crate::problem::{Evaluator, Linearize, Scalar};

/// Trust-region Newton method with the dogleg step.
///
/// Minimises ||g - J p|| over the path from the steepest-descent point of ||g||^2 to the Newton step, within
/// ||D p|| <= radius; D holds the largest column norms of J so far. A singular J leaves the steepest-descent part. Where
/// Newton's line search fails (far from a root, or near a singular J) this goes on. A step costs one evaluation, and a
/// Jacobian and its factorisation if the last trial was accepted; memory 2 n^2 per sample.
///
/// Source: M. J. D. Powell (1970), in Numerical Methods for Nonlinear Algebraic Equations, ed. P. Rabinowitz; J. J. More,
/// B. S. Garbow and K. E. Hillstrom (1980), MINPACK-1, ANL-80-74, routine HYBRJ.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Dogleg {
    /// First radius as a multiple of ||D z0||, or itself where z0 = 0; positive (dimensionless; default 100).
    pub radius: f64,
}

impl Default for Dogleg {
    fn default() -> Self {
        Dogleg { radius: 100.0 }
    }
}

impl<T: Real> Strategy<T> for Dogleg {
    fn start(&self, _: &Model<'_, T>, size: T) -> T {
        let radius = T::of(self.radius);
        if size > T::zero() { radius * size } else { radius }
    }

    fn prepare(&self, model: &mut Model<'_, T>) {
        let (n, slot) = (model.n, model.slot);
        model.lu.matrices_mut()[slot * n * n..(slot + 1) * n * n].copy_from_slice(model.jacobian);
        model.lu.factor(slot);
    }

    fn propose(&self, model: &mut Model<'_, T>, radius: T, p: &mut [T], scratch: &mut [T]) -> bool {
        p.copy_from_slice(model.g);
        let newton = model.lu.solve(model.slot, p) && p.iter().all(|v| v.is_finite());
        if newton && model.length(p) <= radius {
            return true;
        }
        // steepest descent in the scaled variables: direction D^-2 J^T g
        crate::kernels::scratch::with(model.n, |descent| {
            model.gradient(descent);
            let slope = descent.iter().zip(model.scale).fold(T::zero(), |s, (&v, &d)| s + (v / d) * (v / d));
            descent.iter_mut().zip(model.scale).for_each(|(v, &d)| *v /= d * d);
            model.product(descent, scratch);
            let curvature = crate::kernels::vector::dot(scratch, scratch);
            if !(slope > T::zero() && curvature > T::zero()) {
                return false;
            }
            let best = slope / curvature;
            let length = model.length(descent);
            if best * length >= radius || !newton {
                let t = if best < radius / length { best } else { radius / length };
                p.iter_mut().zip(descent).for_each(|(p, v)| *p = t * *v);
                return true;
            }
            // p = cauchy + t (newton - cauchy) with ||D p|| = radius
            descent.iter_mut().for_each(|v| *v *= best);
            let (mut aa, mut ab, mut bb) = (T::zero(), T::zero(), T::zero());
            for ((&c, &newton), &d) in descent.iter().zip(&*p).zip(model.scale) {
                let (a, b) = (d * c, d * (newton - c));
                (aa, ab, bb) = (aa + a * a, ab + a * b, bb + b * b);
            }
            let gap = radius * radius - aa;
            let t = gap / (ab + Float::sqrt(ab * ab + bb * gap));
            p.iter_mut().zip(descent).for_each(|(p, c)| *p = *c + t * (*p - *c));
            true
        })
    }

    fn update(&self, radius: T, ratio: f64, length: T, size: T) -> Option<T> {
        let next = if ratio < 0.1 {
            T::of(0.25) * Float::min(radius, length)
        } else if ratio > 0.75 {
            Float::max(radius, T::of(2.0) * length)
        } else {
            radius
        };
        let smallest = T::of(0.1) * <T as Float>::epsilon() * size;
        (next > smallest && next > Float::min_positive_value()).then_some(next)
    }
}

impl<P: Linearize> Solver<P> for Dogleg {
    type Work = TrustWork<P>;
    type Memory = DenseLu<Scalar<P>>;

    fn validate(&self) -> Result<(), Error> {
        super::check_positive("radius", self.radius)
    }

    fn work(&self, problem: &P, like: &P::State) -> TrustWork<P> {
        TrustWork::new(problem, like)
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        work: &mut TrustWork<P>,
    ) -> Result<(), StepError> {
        Ok(work.step(self, problem, it)?)
    }

    fn knows(&self, _: &TrustWork<P>) -> Knows {
        Knows::Correction
    }

    fn examine(
        &self,
        problem: &P,
        _: &TrustWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        examine(problem, question)
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, work: &mut TrustWork<P>) -> Self::Memory {
        work.lu.take()
    }
}
