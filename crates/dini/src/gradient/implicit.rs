//! Options and reports of derivatives by the implicit function theorem.

use num_traits::Zero;

use super::linear::{Linearised, Method, Side};
use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::linear::{Inverse, LinearSolver};
use crate::problem::{Linearize, Scalar};
use crate::solve::{Solution, Status};

/// What happens to a sample whose derivative cannot be had: its solve did not converge, its Jacobian is singular, or the
/// linear system was not solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The whole derivative is an error that names the first such sample.
    #[default]
    Refuse,
    /// The sample contributes zero and is reported.
    Drop,
    /// The best available vector is used and reported; zero where it, or the
    /// residual, is not finite.
    Accept,
}

/// Options of the implicit derivative.
#[derive(Clone, Debug)]
pub struct Implicit {
    /// How the linear system is solved (default [`Method::Auto`]).
    pub method: Method,
    /// Relative residual of the linear system (dimensionless; default 1e-6 in f32, 1e-10 in f64).
    pub tolerance: Option<f64>,
    /// Condition estimate from which a Jacobian counts as singular (default 0.1 / machine epsilon).
    pub max_condition: Option<f64>,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl Default for Implicit {
    fn default() -> Self {
        Implicit { method: Method::Auto, tolerance: None, max_condition: None, on_failure: OnFailure::Refuse }
    }
}

/// How the linear system of one sample went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Report {
    /// Whether the tolerance was reached.
    pub converged: bool,
    /// Relative residual of the linear system, recomputed at the end.
    pub residual: f64,
    /// Iterations (products or sweeps).
    pub iterations: usize,
    /// Estimate of the condition number of J: from its factorisation, else a lower bound from the Krylov process.
    pub condition: f64,
}

/// A derivative and how it was come by.
#[derive(Debug)]
pub struct Derivative<D, V> {
    /// The derivative.
    pub value: D,
    /// The adjoint lam (reverse mode) or the tangent dz (forward mode), B x n.
    pub vector: V,
    /// One report per sample.
    pub reports: Vec<Report>,
    /// Samples without a derivative, treated as [`OnFailure`] says; empty under [`OnFailure::Refuse`].
    pub failures: Vec<usize>,
    /// Those of the failures whose vector was set to zero.
    pub left_out: Vec<usize>,
}

impl<D, V> Derivative<D, V> {
    /// Mean number of iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.reports.iter().map(|r| r.iterations as f64).sum::<f64>() / self.reports.len() as f64
    }
}

impl Implicit {
    fn tolerance<T: Real>(&self) -> f64 {
        // f32: 1e-6, f64: 1e-10
        self.tolerance.unwrap_or(if T::epsilon().as_f64() > 1e-10 { 1e-6 } else { 1e-10 })
    }

    fn max_condition<T: Real>(&self) -> f64 {
        self.max_condition.unwrap_or(0.1 / T::epsilon().as_f64())
    }

    fn validate<V: Batch>(&self) -> Result<(), Error> {
        for (name, value) in [("tolerance", self.tolerance), ("max_condition", self.max_condition)] {
            if let Some(value) = value.filter(|v| v.is_nan() || *v <= 0.0) {
                return Err(Error::option(name, value, "it must be positive"));
            }
        }
        match &self.method {
            Method::Gmres(gmres) => LinearSolver::<V>::validate(gmres),
            Method::FixedPoint(refinement) => LinearSolver::<V>::validate(refinement),
            Method::Auto | Method::Dense => Ok(()),
        }
    }

    /// Checks contract and hypotheses, solves the system on `side` for the samples linearised, and sorts out those that
    /// failed.
    pub(super) fn solve<P: Linearize, M: Inverse<P::State>>(
        &self,
        solution: &Solution<P, M>,
        linearised: &Linearised<'_, P, M>,
        side: Side,
        b: &P::State,
    ) -> Result<Derivative<(), P::State>, Error> {
        check_like(solution, b, if side == Side::Adjoint { "the cotangent" } else { "the tangent" })?;
        let tolerance = self.tolerance::<Scalar<P>>();
        let limit = self.max_condition::<Scalar<P>>();
        let (mut vector, solved) = linearised.solve(side, b, &self.method, tolerance)?;
        let mut norms = vec![Scalar::<P>::zero(); b.samples()];
        vector.norms(&mut norms);
        let (mut failures, mut left_out, mut reports) = (Vec::new(), Vec::new(), Vec::with_capacity(solved.len()));
        for (sample, r) in solved {
            reports.push(r);
            let finite = num_traits::Float::is_finite(norms[sample]);
            let singular = r.condition.is_nan() || r.condition > limit;
            if solution.status(sample) == Status::Converged && r.converged && finite && !singular {
                continue;
            }
            match self.on_failure {
                OnFailure::Refuse if singular || !finite => {
                    return Err(Error::Singular { sample, condition: r.condition });
                }
                OnFailure::Refuse => {
                    let Report { residual, iterations, condition, .. } = r;
                    return Err(Error::LinearSolve { sample, residual, tolerance, iterations, condition });
                }
                OnFailure::Accept if finite && solution.residual_norm(sample).is_finite() => {}
                OnFailure::Accept | OnFailure::Drop => {
                    vector.clear(sample);
                    left_out.push(sample);
                }
            }
            failures.push(sample);
        }
        Ok(Derivative { value: (), vector, reports, failures, left_out })
    }

    /// Checks the options and, where failures are refused, that every sample has converged.
    pub(super) fn check<P: Linearize, M>(&self, solution: &Solution<P, M>) -> Result<(), Error> {
        self.validate::<P::State>()?;
        match solution.first_failure() {
            Some(error) if self.on_failure == OnFailure::Refuse => Err(error),
            _ => Ok(()),
        }
    }
}

fn check_like<P: Linearize, M>(solution: &Solution<P, M>, b: &P::State, what: &'static str) -> Result<(), Error> {
    let (expected, found) = ((solution.samples(), solution.width()), (b.samples(), b.width()));
    if expected != found {
        return Err(Error::shape(what, expected, found));
    }
    let mut norms = vec![Scalar::<P>::zero(); b.samples()];
    b.norms(&mut norms);
    match norms.iter().position(|n| !num_traits::Float::is_finite(*n)) {
        Some(sample) => Err(Error::NonFinite { what, sample }),
        None => Ok(()),
    }
}
