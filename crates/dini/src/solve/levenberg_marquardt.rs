//! Levenberg-Marquardt.

use num_traits::Float;

use super::root::{Finding, Question, examine};
use super::trust::{Model, Strategy, TrustWork};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::error::{Error, StepError, UserError};
use crate::kernels::vector;
use crate::problem::{Evaluator, Linearize};

/// Levenberg-Marquardt for roots: (J^T J + lambda D^2) p = J^T g, z <- z - p.
///
/// Goes on where J is singular, at the cost of the squared condition number. lambda falls with every step that the linear
/// model has predicted well and rises with every rejected one. A step costs one evaluation and a factorisation of n^3 2/3
/// operations, and a Jacobian if the last trial was accepted.
///
/// Source: D. W. Marquardt (1963), doi:10.1137/0111030; update of lambda: H. B. Nielsen (1999), IMM-REP-1999-05, eq. (2.5).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct LevenbergMarquardt {
    /// First lambda, relative to the diagonal of J^T J; positive (dimensionless; default 1e-3).
    pub damping: f64,
}

impl Default for LevenbergMarquardt {
    fn default() -> Self {
        LevenbergMarquardt { damping: 1e-3 }
    }
}

impl<T: Real> Strategy<T> for LevenbergMarquardt {
    fn start(&self, _: &Model<'_, T>, _: T) -> T {
        T::of(self.damping)
    }

    fn prepare(&self, _: &mut Model<'_, T>) {}

    fn propose(&self, model: &mut Model<'_, T>, lambda: T, p: &mut [T], _: &mut [T]) -> bool {
        let (n, slot) = (model.n, model.slot);
        let columns = |j: usize| &model.jacobian[j * n..(j + 1) * n];
        let normal = &mut model.lu.matrices_mut()[slot * n * n..(slot + 1) * n * n];
        for j in 0..n {
            for i in 0..=j {
                let entry = vector::dot(columns(i), columns(j));
                normal[j * n + i] = entry;
                normal[i * n + j] = entry;
            }
            normal[j * n + j] += lambda * model.scale[j] * model.scale[j];
        }
        model.lu.factor(slot);
        model.gradient(p);
        // at a stationary point of ||g|| that is no root, nothing descends
        p.iter().any(|v| *v != T::zero()) && model.lu.solve(slot, p)
    }

    fn update(&self, lambda: T, ratio: f64, _: T, _: T) -> Option<T> {
        let factor = if ratio > 1e-4 { (1.0 - (2.0 * ratio - 1.0).powi(3)).max(1.0 / 3.0) } else { 4.0 };
        let smallest = <T as Float>::min_positive_value() / <T as Float>::epsilon();
        let next = Float::max(lambda * T::of(factor), smallest);
        (next < T::one() / smallest).then_some(next)
    }
}

impl<P: Linearize> Solver<P> for LevenbergMarquardt {
    type Work = TrustWork<P>;
    /// The factors are those of the normal equations, of no use for the derivative.
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        super::check_positive("damping", self.damping)
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

    fn memory(&self, _: &mut TrustWork<P>) {}
}
