//! The result of a search.

use std::fmt;

use super::attempt::{Attempt, Root};
use crate::batch::Rows;
use crate::error::Error;
use crate::outcome::Status;
use crate::problem::{Linearize, ParamJvp, ParamVjp, Parametric, Scaled};
use crate::solve::{Accuracy, Solution};
use crate::verdict::Verdict;

/// What led to a root, where that was not the first method from the first start.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The method, where it was not the first.
    pub method: Option<&'static str>,
    /// Where it started.
    pub start: Vec<f64>,
    /// Whether that is where g changes sign.
    pub sign_change: bool,
}

impl Origin {
    pub(super) fn start(start: &[f64]) -> Self {
        Origin { method: None, start: start.to_vec(), sign_change: false }
    }

    pub(super) fn method(method: &'static str, start: &[f64]) -> Self {
        Origin { method: Some(method), ..Origin::start(start) }
    }

    pub(super) fn sign_change(z: f64) -> Self {
        Origin { sign_change: true, ..Origin::start(&[z]) }
    }
}

/// A root, or the last iterate of the attempt that came nearest to one.
pub struct Found<'p, P: Linearize> {
    attempt: Attempt,
    /// at a root
    certificate: Option<(Verdict, Solution<Scaled<&'p P>>)>,
    origin: Option<Origin>,
    attempts: usize,
    undefined: Option<usize>,
}

impl<P: Linearize> fmt::Debug for Found<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found { attempt, origin, attempts, undefined, .. } = self;
        let mut out = f.debug_struct("Found");
        out.field("attempt", attempt).field("verdict", &self.verdict()).field("origin", origin);
        out.field("attempts", attempts).field("undefined", undefined).finish()
    }
}

impl<'p, P: Linearize> Found<'p, P> {
    pub(super) fn root(root: Root<'p, P>, attempts: usize) -> Self {
        let Root { attempt, verdict, solution, origin } = root;
        Found { attempt, certificate: Some((verdict, solution)), origin, attempts, undefined: None }
    }

    pub(super) fn failure(attempt: Attempt, attempts: usize, undefined: Option<usize>) -> Self {
        Found { attempt, certificate: None, origin: None, attempts, undefined }
    }

    /// The root, or the last iterate; n numbers in the problem's own units.
    pub fn z(&self) -> &[f64] {
        &self.attempt.z
    }

    /// How the attempt reported has ended.
    pub fn status(&self) -> Status {
        self.attempt.status
    }

    /// Its iterations.
    pub fn iterations(&self) -> usize {
        self.attempt.iterations
    }

    /// Euclidean norm of g; infinite where it is undefined.
    pub fn residual_norm(&self) -> f64 {
        self.attempt.residual
    }

    /// The correction left; its size in units of the search, so that of the two figures the relative one is of use.
    pub fn accuracy(&self) -> Accuracy {
        self.attempt.accuracy
    }

    /// Whether the implicit function theorem holds; none where there is no root.
    pub fn verdict(&self) -> Option<Verdict> {
        self.certificate.as_ref().map(|(verdict, _)| *verdict)
    }

    /// How the root was come by, where not from the start given, or the first one, by the first method.
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// Starts and methods tried.
    pub fn attempts(&self) -> usize {
        self.attempts
    }

    /// At a root: factors, one an equation, that with units of the unknowns make the entries of the Jacobian about 1.
    pub fn row_units(&self) -> Option<&[f64]>
    where
        P: Linearize<State = Rows<f64>>,
    {
        self.certificate.as_ref().map(|(_, solution)| solution.problem().rows())
    }

    /// The root in the units of the search, if the theorem holds there.
    fn regular(&self) -> Result<&Solution<Scaled<&'p P>>, Error> {
        let Some((verdict, solution)) = &self.certificate else {
            let Attempt { status, residual, .. } = self.attempt;
            return Err(Error::NotConverged { sample: 0, status, residual });
        };
        if !verdict.holds {
            return Err(Error::Hypotheses { sample: 0, reason: verdict.reason });
        }
        Ok(solution)
    }

    /// Where no start has led into the domain of the equations: the first that is undefined, from 0.
    pub fn undefined(&self) -> Option<usize> {
        self.undefined
    }
}

impl<P> Found<'_, P>
where
    P: ParamVjp<State = Rows<f64>>,
{
    /// dz*/da: entry i is the gradient of unknown i. One factorisation and n solves.
    ///
    /// # Errors
    /// [`Error::NotConverged`] where there is no root, [`Error::Hypotheses`] where the theorem does not hold there, and what
    /// [`Solution::jacobian`] refuses.
    pub fn jacobian(&self) -> Result<Vec<P::Parameters>, Error> {
        let solution = self.regular()?;
        solution.jacobian_in_units(0, solution.problem().columns())
    }
}

impl<P> Found<'_, P>
where
    P: ParamJvp<State = Rows<f64>>,
{
    /// dz* for each direction da of the parameters. One factorisation and a solve a direction: less than
    /// [`jacobian`](Found::jacobian) costs where parameters are fewer than unknowns.
    ///
    /// # Errors
    /// As [`jacobian`](Found::jacobian).
    pub fn tangents(
        &self,
        directions: impl IntoIterator<Item = <P as Parametric>::Parameters>,
    ) -> Result<Vec<Vec<f64>>, Error> {
        let solution = self.regular()?;
        let in_units = |dy: Vec<f64>| dy.iter().zip(solution.problem().columns()).map(|(dy, unit)| dy * unit).collect();
        Ok(solution.tangents(0, directions)?.into_iter().map(|dy| in_units(dy.into_vec())).collect())
    }
}
