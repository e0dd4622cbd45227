//! Ways from w = dL/dz* to lam, and what all of them share.

use num_traits::Zero;

use super::implicit::OnFailure;
use super::linear::{Linearised, LinearisedChunk, Mapped, Solved};
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::linear::Inverse;
use crate::outcome::{Status, Stop};
use crate::problem::{Linearize, Scalar};
use crate::solve::Solution;
use crate::verdict::Verdict;

/// A way from the cotangent w to lam, with dL/da = -(dg/da)^T lam.
///
/// Exact is J^T lam = w ([`Implicit`](super::Implicit)); every other mode is an approximation and says in its
/// documentation which. A mode sees chunks of samples and must not let one sample influence another. Shapes, finiteness,
/// samples that have failed and the product with dg/da are not its business.
///
/// ```
/// use dini::UserError;
/// use dini::gradient::{Adjoints, GradientMode, LinearisedChunk};
/// use dini::problem::Linearize;
/// use dini::{Batch, Error, Newton, OnFailure, Options, Rows, cells::Tanh, solve};
///
/// /// lam = 2 w - J^T w: the first two terms of the Neumann series.
/// struct TwoTerms;
/// impl<P: Linearize<State = Rows<f64>>> GradientMode<P> for TwoTerms {
///     fn validate(&self) -> Result<(), Error> { Ok(()) }
///     fn on_failure(&self) -> OnFailure { OnFailure::Refuse }
///     fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &Rows<f64>) -> Result<Adjoints<Rows<f64>>, UserError> {
///         let mut lam = w.clone();
///         chunk.vjp(chunk.slots(), w, &mut lam)?;
///         lam.axpby(2.0, w, -1.0);
///         Ok(Adjoints::unmeasured(lam))
///     }
/// }
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// let lam = solution.gradient(&Rows::from_vec(1, 1, vec![1.0])?, &TwoTerms)?.vector;
/// let z = solution.z().row(0)[0];
/// assert!((lam.row(0)[0] - (1.0 + 0.5 * (1.0 - z * z))).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
pub trait GradientMode<P: Linearize>: Sync {
    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the field.
    fn validate(&self) -> Result<(), Error>;
    /// What happens to samples without a derivative.
    fn on_failure(&self) -> OnFailure;
    /// lam for the samples of `chunk`, whose cotangents are the rows of `w`.
    ///
    /// # Errors
    /// A fatal error of the problem; whatever concerns one sample goes into its [`Assessed`].
    fn lam(&self, chunk: &LinearisedChunk<'_, P>, w: &P::State) -> Result<Adjoints<P::State>, UserError>;
}

/// The vectors of the samples of a chunk, and how each was come by.
#[derive(Debug)]
pub struct Adjoints<V> {
    /// One row per sample of the chunk.
    pub vector: V,
    /// What is known of each.
    pub assessed: Vec<Assessed>,
}

impl<V: Batch> Adjoints<V> {
    /// Vectors that come without any measurement.
    pub fn unmeasured(vector: V) -> Self {
        let assessed = (0..vector.samples())
            .map(|_| Assessed { report: Report::UNMEASURED, refusal: None, doubtful: false })
            .collect();
        Adjoints { vector, assessed }
    }
}

/// What is known of the vector of one sample.
#[derive(Debug, Default)]
pub struct Assessed {
    /// How its linear system went.
    pub report: Report,
    /// Why there is no derivative, naming the sample; none where all is well.
    pub refusal: Option<Error>,
    /// Whether the sample is to have a verdict on the theorem's hypotheses before its derivative is used.
    pub doubtful: bool,
}

/// How the linear system of one sample went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// Whether the residual is within the tolerance; for the approximations within the default one of
    /// [`Implicit`](super::Implicit), so that true means exact.
    pub converged: bool,
    /// ||b - A x|| / ||b|| of the linear system, recomputed at the end; NaN where the mode does not measure it.
    pub residual: f64,
    /// Why the linear solver ended; none where the mode has none.
    pub stop: Option<Stop>,
    /// Iterations (products, passes or steps).
    pub iterations: usize,
    /// Estimate of the condition number of J: from its factorisation, else a lower bound from the Krylov process, else 1.
    pub condition: f64,
    /// Estimate of the spectral radius of I - J, where the mode makes one.
    pub radius: Option<f64>,
    /// Whether the mode could not do what it is named for and used lam = w.
    pub fallback: bool,
}

impl Report {
    pub(super) const UNMEASURED: Report = Report {
        converged: false,
        residual: f64::NAN,
        stop: None,
        iterations: 0,
        condition: 1.0,
        radius: None,
        fallback: false,
    };
}

/// A derivative and how it was come by.
///
/// The residual of its linear system is in the reports; a bound on the error of dL/da costs several times as much as the derivative itself, so that it
/// is to be had by [`Solution::gradient_report`] alone. Whether the theorem holds is tested by default where the solver has left factors of J, and for
/// n <= 16; elsewhere, as in matrix-free layers of a network, only where [`Implicit::verdict`](super::Implicit::verdict) asks for it.
#[derive(Debug)]
pub struct Derivative<D, V> {
    /// The derivative.
    pub value: D,
    /// The adjoint lam of reverse mode, B x n; none in forward mode, whose value is the tangent dz.
    pub vector: V,
    /// One report per sample.
    pub reports: Vec<Report>,
    /// Samples without a derivative, treated as [`OnFailure`] says; empty under [`OnFailure::Refuse`].
    pub failures: Vec<usize>,
    /// Those of the failures whose vector was set to zero.
    pub left_out: Vec<usize>,
}

impl<V> Derivative<(), V> {
    /// The vector as the value.
    pub(super) fn into_tangent(self) -> Derivative<V, ()> {
        let Derivative { vector: value, reports, failures, left_out, .. } = self;
        Derivative { value, vector: (), reports, failures, left_out }
    }
}

impl<D, V> Derivative<D, V> {
    /// Mean number of iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.reports.iter().map(|r| r.iterations as f64).sum::<f64>() / self.reports.len() as f64
    }
}

/// Linearises at z*, unless the options are wrong or a sample has not converged and failures are refused.
pub(super) fn linearise<'a, P: Linearize, M: Inverse<P::State>>(
    solution: &'a Solution<P, M>,
    mode: &(impl GradientMode<P> + ?Sized),
) -> Result<Linearised<'a, P>, Error> {
    check_allowed(solution, mode)?;
    Linearised::new(solution)
}

/// The options must be right, and every sample converged unless failures are not refused.
fn check_allowed<P: Linearize, M>(
    solution: &Solution<P, M>,
    mode: &(impl GradientMode<P> + ?Sized),
) -> Result<(), Error> {
    mode.validate()?;
    match solution.first_failure() {
        Some(error) if mode.on_failure() == OnFailure::Refuse => Err(error),
        _ => Ok(()),
    }
}

/// Linearises at z*, as [`linearise`] does, and lam by `mode`.
pub(super) fn linearised_adjoint<'a, P: Linearize, M: Inverse<P::State>>(
    solution: &'a Solution<P, M>,
    mode: &(impl GradientMode<P> + ?Sized),
    w: &P::State,
) -> Result<Solved<'a, P>, Error> {
    check_allowed(solution, mode)?;
    check_like(solution, w, "the cotangent")?;
    let (linearised, answer) = Linearised::mapped(solution, w, |chunk, w| mode.lam(chunk, w))?;
    let solved = settle(solution, answer, mode.on_failure())?;
    Ok((linearised, solved))
}

/// lam by `mode`, at what is linearised already.
pub(super) fn adjoint<P: Linearize, M: Inverse<P::State>>(
    solution: &Solution<P, M>,
    linearised: &Linearised<'_, P>,
    mode: &(impl GradientMode<P> + ?Sized),
    w: &P::State,
) -> Result<Derivative<(), P::State>, Error> {
    check_like(solution, w, "the cotangent")?;
    let answer = linearised.map(w, |chunk, w| mode.lam(chunk, w))?;
    settle(solution, answer, mode.on_failure())
}

/// What is mapped must be B x n and finite.
pub(super) fn check_like<P: Linearize, M>(
    solution: &Solution<P, M>,
    b: &P::State,
    what: &'static str,
) -> Result<(), Error> {
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

/// Sorts out the samples that have no derivative.
pub(super) fn settle<P: Linearize, M: Inverse<P::State>>(
    solution: &Solution<P, M>,
    (mut vector, assessed): Mapped<P::State>,
    on_failure: OnFailure,
) -> Result<Derivative<(), P::State>, Error> {
    let mut norms = vec![Scalar::<P>::zero(); vector.samples()];
    vector.norms(&mut norms);
    let mut refusals = Vec::new();
    let (mut failures, mut left_out, mut reports) = (Vec::new(), Vec::new(), Vec::with_capacity(assessed.len()));
    for (sample, Assessed { report, mut refusal, doubtful }) in assessed {
        reports.push(report);
        if doubtful && refusal.is_none() && solution.outcomes()[sample].status == Status::Converged {
            let Verdict { holds, reason, .. } = solution.verdict(sample)?;
            refusal = (!holds).then_some(Error::Hypotheses { sample, reason });
        }
        let finite = num_traits::Float::is_finite(norms[sample]);
        if solution.outcomes()[sample].status == Status::Converged && refusal.is_none() && finite {
            continue;
        }
        match on_failure {
            OnFailure::Refuse => {
                let error = refusal.or_else(|| solution.failure(sample));
                refusals.push(error.unwrap_or(Error::NonFinite { what: "the adjoint", sample }));
            }
            OnFailure::Accept if finite && solution.outcomes()[sample].residual.is_finite() => {}
            OnFailure::Accept | OnFailure::Drop => {
                vector.clear(sample);
                left_out.push(sample);
            }
        }
        failures.push(sample);
    }
    match refusals.len() {
        0 => {}
        1 => return Err(refusals.remove(0)),
        _ => return Err(Error::Refused { failures: refusals }),
    }
    Ok(Derivative { value: (), vector, reports, failures, left_out })
}
