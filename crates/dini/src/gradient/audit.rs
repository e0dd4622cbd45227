//! How far an approximate gradient is from the exact one.

use num_traits::{One, Zero};

use super::implicit::Implicit;
use super::mode::{GradientMode, adjoint, check_like, linearise};
use crate::Real;
use crate::batch::{Batch, Rows};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{Linearize, ParamVjp, Scalar};
use crate::solve::Solution;

/// How well a vector agrees with the exact one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agreement {
    /// Cosine of the angle between the two, in -1..=1; positive for a descent direction. 1 where both are zero, 0 where
    /// one is, NaN where there is no exact vector.
    pub cosine: f64,
    /// ||approximate - exact|| / ||exact||; 0 where they are equal, infinite where only the exact one is zero.
    pub error: f64,
}

/// lam by some mode against the exact lam.
#[derive(Clone, Debug, PartialEq)]
pub struct Audit {
    /// One agreement per sample; NaN where either lam is missing.
    pub samples: Vec<Agreement>,
    /// Of the whole batch as one vector, over the samples that have both.
    pub overall: Agreement,
}

/// Norms of an approximate and an exact vector and of their difference, and the cosine between them.
#[derive(Clone, Copy, Debug)]
struct Comparison {
    approximate: f64,
    exact: f64,
    difference: f64,
    cosine: f64,
}

impl Comparison {
    fn agreement(self) -> Agreement {
        let cosine = match (self.approximate == 0.0, self.exact == 0.0) {
            (true, true) => 1.0,
            (false, false) => self.cosine.clamp(-1.0, 1.0),
            _ => 0.0,
        };
        Agreement { cosine, error: if self.difference == 0.0 { 0.0 } else { self.difference / self.exact } }
    }

    /// Of several pairs of vectors as one pair.
    fn total(all: &[Self]) -> Self {
        let norm = |f: fn(&Self) -> f64| all.iter().map(f).fold(0.0, f64::hypot);
        let (approximate, exact) = (norm(|c| c.approximate), norm(|c| c.exact));
        let share = |c: &Self| c.cosine * (c.approximate / approximate) * (c.exact / exact);
        let cosine = all.iter().map(share).filter(|c| !c.is_nan()).sum();
        Comparison { approximate, exact, difference: norm(|c| c.difference), cosine }
    }
}

/// Compares lam by `mode` with the exact lam, J^T lam = w, per sample and for the whole batch.
///
/// The exact one is by [`Implicit`] with the treatment of failures that `mode` has. An angle in lam is not the angle in
/// dL/da, which dg/da may distort: [`audit_parameters`] measures that one.
///
/// Cost: that of both modes; one linearisation.
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::{Jfb, audit}, solve};
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// let audit = audit(&solution, &Rows::from_vec(1, 1, vec![1.0])?, &Jfb::default())?;
/// let z = solution.z().row(0)[0];
/// assert_eq!(audit.overall.cosine, 1.0); // n = 1
/// assert!((audit.samples[0].error - 0.5 * (1.0 - z * z)).abs() < 1e-6); // |1 - J| with J = 1 - w d
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`Solution::gradient`], of either mode.
pub fn audit<P, M, G>(solution: &Solution<P, M>, w: &P::State, mode: &G) -> Result<Audit, Error>
where
    P: Linearize,
    M: Inverse<P::State>,
    G: GradientMode<P> + ?Sized,
{
    check_like(solution, w, "the cotangent")?;
    let linearised = linearise(solution, mode)?;
    let approximate = adjoint(solution, &linearised, mode, w)?;
    let exact = adjoint(solution, &linearised, &reference(mode), w)?;
    let comparisons = compare(&approximate.vector, &exact.vector);
    let failed = |s: &usize| approximate.failures.contains(s) || exact.failures.contains(s);
    let (missing, present): (Vec<usize>, Vec<usize>) = (0..comparisons.len()).partition(failed);
    let overall: Vec<Comparison> = present.iter().map(|&s| comparisons[s]).collect();
    let mut samples: Vec<Agreement> = comparisons.into_iter().map(Comparison::agreement).collect();
    missing.iter().for_each(|&s| samples[s] = Agreement { cosine: f64::NAN, error: f64::NAN });
    Ok(Audit { samples, overall: Comparison::total(&overall).agreement() })
}

/// Compares dL/da by `mode` with the exact one, laid out as numbers by `flatten`.
///
/// Samples without a derivative contribute as the mode's [`OnFailure`](super::OnFailure) says, to either gradient. Cost:
/// that of both modes.
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, gradient::{Phantom, audit_parameters}, solve};
/// let cell = Tanh::new(2, vec![0.3, -0.4, 0.5, 0.2], Rows::from_vec(1, 2, vec![0.3, -0.1])?)?;
/// let solution = solve(&cell, &Rows::new(1, 2), &Newton::default(), &Options::default())?;
/// let mode = Phantom { steps: 20, damping: 0.9, ..Phantom::default() };
/// let agreement = audit_parameters(&solution, &Rows::from_vec(1, 2, vec![1.0, 2.0])?, &mode, |p| p.w.clone())?;
/// assert!(agreement.cosine > 0.999 && agreement.error < 1e-3);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`Solution::gradient`], of either mode.
pub fn audit_parameters<P, M, G>(
    solution: &Solution<P, M>,
    w: &P::State,
    mode: &G,
    flatten: impl Fn(&P::Parameters) -> Vec<Scalar<P>>,
) -> Result<Agreement, Error>
where
    P: ParamVjp,
    M: Inverse<P::State>,
    G: GradientMode<P> + ?Sized,
{
    let approximate = flatten(&solution.gradient(w, mode)?.value);
    let exact = flatten(&solution.gradient(w, &reference(mode))?.value);
    let p = approximate.len();
    let (approximate, exact) = (Rows::from_vec(1, p, approximate)?, Rows::from_vec(1, p, exact)?);
    Ok(Comparison::total(&compare(&approximate, &exact)).agreement())
}

/// The exact mode, with the treatment of failures that `mode` has.
fn reference<P: Linearize>(mode: &(impl GradientMode<P> + ?Sized)) -> Implicit {
    Implicit { on_failure: mode.on_failure(), ..Implicit::default() }
}

/// Sample by sample.
fn compare<V: Batch>(approximate: &V, exact: &V) -> Vec<Comparison> {
    let (zero, one, samples) = (V::Scalar::zero(), V::Scalar::one(), exact.samples());
    let norms = |v: &V| {
        let mut norms = vec![zero; samples];
        v.norms(&mut norms);
        norms
    };
    // unit vectors, so that no product overflows
    let unit = |v: &V, norms: &[V::Scalar]| {
        let mut unit = v.clone();
        unit.scale(&norms.iter().map(|&n| if n > zero { one / n } else { one }).collect::<Vec<_>>());
        unit
    };
    let mut difference = approximate.clone();
    difference.axpby(-one, exact, one);
    let (norm_a, norm_e, norm_d) = (norms(approximate), norms(exact), norms(&difference));
    let mut cosines = vec![zero; samples];
    unit(approximate, &norm_a).dot_many(&[unit(exact, &norm_e)], &mut cosines);
    let comparison = |s: usize| Comparison {
        approximate: norm_a[s].as_f64(),
        exact: norm_e[s].as_f64(),
        difference: norm_d[s].as_f64(),
        cosine: cosines[s].as_f64(),
    };
    (0..samples).map(comparison).collect()
}
