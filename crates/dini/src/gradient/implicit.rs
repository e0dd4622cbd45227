//! The derivative by the implicit function theorem, exact to a tolerance.

use num_traits::Zero;

use super::linear::{Linearised, LinearisedChunk};
use super::mode::{Adjoints, Assessed, Derivative, GradientMode, Report, check_like, settle};
use super::system::{Method, Side, Task};
use crate::Real;
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::linear::{Inverse, LinearSolver, Precondition};
use crate::problem::{Linearize, Scalar};
use crate::solve::Solution;

/// What happens to a sample whose derivative cannot be had: its solve did not converge, its Jacobian is singular, or the
/// linear system was not solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum OnFailure {
    /// The whole derivative is an error that names such a sample, or lists them ([`Error::Refused`]).
    #[default]
    Refuse,
    /// The sample contributes zero and is reported.
    Drop,
    /// The best available vector is used and reported; zero where it, or the
    /// residual, is not finite.
    Accept,
}

/// The implicit derivative: J^T lam = w, or J dz = b, solved to a tolerance.
///
/// Cost: one linear system per sample; memory independent of the forward iterations.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Implicit {
    /// How the linear system is solved (default [`Method::Auto`]).
    pub method: Method,
    /// Relative residual of the linear system (dimensionless; default 1e-6 in f32, 1e-10 in f64).
    pub tolerance: Option<f64>,
    /// Condition estimate from which a Jacobian counts as singular (default 0.1 / machine epsilon).
    pub max_condition: Option<f64>,
    /// Whether every sample gets a [`verdict`](mod@crate::verdict), which sees what a condition number cannot: folds, multiple
    /// roots, kinks, wrong Jacobians (default: where the solver has left factors, dense or sparse, and for n <= 16).
    ///
    /// With factors that costs two residuals and two solves with them, for a sample that is plainly regular; for the others, and without,
    /// a Jacobian, its factorisation and 20 residuals or more, or above n = 1000 some 10 solves by GMRES where only products are
    /// stated. Fixed points found without a Jacobian have none above n = 16.
    pub verdict: Option<bool>,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

/// Size up to which a verdict is cheap enough without factors.
const SMALL: usize = 16;

impl Default for Implicit {
    fn default() -> Self {
        Implicit {
            method: Method::Auto,
            tolerance: None,
            max_condition: None,
            verdict: None,
            on_failure: OnFailure::Refuse,
        }
    }
}

/// Relative residual from which a vector counts as exact.
pub(super) fn default_tolerance<T: Real>() -> f64 {
    // f32: 1e-6, f64: 1e-10
    if T::epsilon().as_f64() > 1e-10 { 1e-6 } else { 1e-10 }
}

impl<P: Linearize> GradientMode<P> for Implicit {
    fn validate(&self) -> Result<(), Error> {
        for (name, value) in [("tolerance", self.tolerance), ("max_condition", self.max_condition)] {
            if let Some(value) = value.filter(|v| v.is_nan() || *v <= 0.0) {
                return Err(Error::option(name, value, "it must be positive"));
            }
        }
        match &self.method {
            Method::Krylov(krylov) => LinearSolver::<P::State>::validate(krylov),
            Method::Preconditioned(krylov, preconditioner) => {
                LinearSolver::<P::State>::validate(krylov)?;
                Precondition::<P>::validate(preconditioner)
            }
            Method::FixedPoint(refinement) => LinearSolver::<P::State>::validate(refinement),
            Method::GaussSeidel(method) => method.validate(),
            Method::Auto | Method::Dense => Ok(()),
        }
    }

    fn on_failure(&self) -> OnFailure {
        self.on_failure
    }

    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError> {
        self.solve_chunk(chunk, Side::Adjoint, w)
    }
}

impl Implicit {
    /// dz with J dz = b.
    pub(super) fn tangent<P: Linearize, M: Inverse<P::State>>(
        &self,
        solution: &Solution<P, M>,
        linearised: &Linearised<'_, P>,
        b: &P::State,
    ) -> Result<Derivative<(), P::State>, Error> {
        check_like(solution, b, "the tangent")?;
        let answer = linearised.map(b, |chunk, b| self.solve_chunk(chunk, Side::Tangent, b))?;
        settle(solution, answer, self.on_failure)
    }

    fn solve_chunk<P: Linearize>(
        &self,
        chunk: &LinearisedChunk<'_, P>,
        side: Side,
        b: &P::State,
    ) -> Result<Adjoints<P::State>, UserError> {
        let tolerance = self.tolerance.unwrap_or(default_tolerance::<Scalar<P>>());
        let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
        let limit = self.max_condition.unwrap_or(0.1 / epsilon);
        let (vector, reports) = Task { chunk, side, b, tolerance }.solve(&self.method)?;
        let mut norms = vec![Scalar::<P>::zero(); vector.samples()];
        vector.norms(&mut norms);
        let small = chunk.z.width() <= SMALL;
        let wanted = |slot: usize| self.verdict.unwrap_or(small || chunk.has_factors(slot));
        let any = (0..reports.len()).any(wanted);
        let regular = if any { chunk.screen()? } else { Vec::new() };
        let outcome = |(slot, report): (usize, Report)| {
            let (sample, Report { residual, iterations, condition, .. }) = (chunk.sample(slot), report);
            let finite = num_traits::Float::is_finite(norms[slot]);
            let refusal = if condition.is_nan() || condition > limit || !finite {
                Some(Error::Singular { sample, condition })
            } else if !report.converged {
                let stop = report.stop.unwrap_or_default();
                Some(Error::LinearSolve { sample, stop, residual, tolerance, iterations, condition })
            } else {
                None
            };
            let doubtful = wanted(slot) && !regular[slot];
            Assessed { report, refusal, doubtful }
        };
        let assessed = reports.into_iter().enumerate().map(outcome).collect();
        Ok(Adjoints { vector, assessed })
    }
}
