//! Which start and which solver: the search behind `--solver auto`.

use dini::Status;
use dini::solve::Accuracy;

use super::attempt::{Attempt, attempt};
use super::bracket::divide;
use super::certify::{Certificate, certify};
use super::method::{Method, NEWTON, VARIANTS};
use super::scan::sign_changes;
use super::setup::{Plan, Setup, SolveError};
use super::starts::{candidates, into_domain, nearby, undefined};

/// Sign changes followed up.
const BRACKETS: usize = 8;

/// The end of a search.
pub(super) struct Found {
    pub attempt: Attempt,
    /// At a root.
    pub certificate: Option<Certificate>,
    /// How the root was come by, where not from the start given, or the first one.
    pub origin: Option<String>,
    /// Attempts made.
    pub attempts: usize,
    /// Where no start has led into the domain: the equation that was undefined at the first.
    pub undefined: Option<usize>,
}

/// A root and what the theorem says there.
struct Root {
    attempt: Attempt,
    certificate: Certificate,
    origin: Option<String>,
}

struct Search<'s> {
    setup: &'s Setup,
    /// The first root at which the theorem does not hold.
    refused: Option<Root>,
    /// The failure that came nearest to a root.
    failure: Option<Attempt>,
    attempts: usize,
    undefined: Option<usize>,
}

/// Solves with the method asked for, from the start given or 0, or in the bracket given; auto tries further starts and
/// methods.
pub(super) fn search(setup: &Setup) -> Result<Found, SolveError> {
    let mut search = Search { setup, refused: None, failure: None, attempts: 0, undefined: None };
    let root = match &setup.plan {
        Plan::Auto => search.auto()?,
        Plan::Single(method) => {
            let start: Vec<f64> = setup.starts.iter().map(|v| v.unwrap_or(0.0)).collect();
            search.try_start(method, &start, None)?
        }
        Plan::Between(bracket) => search.judge(divide(setup, bracket)?, None)?,
    };
    if let Some(Root { attempt, certificate, origin }) = root.or(search.refused) {
        let attempts = search.attempts;
        return Ok(Found { attempt, certificate: Some(certificate), origin, attempts, undefined: None });
    }
    let none = || Attempt {
        z: setup.system.start().to_vec(),
        status: Status::NonFinite,
        iterations: 0,
        residual: f64::INFINITY,
        accuracy: Accuracy::default(),
    };
    let Search { failure, attempts, undefined, .. } = search;
    let undefined = undefined.filter(|_| failure.as_ref().is_none_or(|f| f.status == Status::NonFinite));
    Ok(Found { attempt: failure.unwrap_or_else(none), certificate: None, origin: None, attempts, undefined })
}

impl Search<'_> {
    /// A root at which the theorem holds, if one is found; the rest is in `self`.
    fn auto(&mut self) -> Result<Option<Root>, SolveError> {
        let starts = candidates(&self.setup.starts);
        let free: Vec<bool> = self.setup.starts.iter().map(Option::is_none).collect();
        for (index, start) in starts.iter().enumerate() {
            let outside = undefined(&self.setup.system, start);
            self.undefined = self.undefined.or(outside);
            let moved = outside.and_then(|_| into_domain(&self.setup.system, start, &free));
            if let Some(moved) = moved {
                let origin = Some(self.describe(&moved));
                if let Some(root) = self.try_start(NEWTON, &moved, origin)? {
                    return Ok(Some(root));
                }
            }
            let origin = (index > 0).then(|| self.describe(start));
            if let Some(root) = self.try_start(NEWTON, start, origin)? {
                return Ok(Some(root));
            }
        }
        // a start that was given and has led to a root has done its duty
        if self.refused.is_some() && starts.len() == 1 {
            return Ok(None);
        }
        let first = starts.first().cloned().unwrap_or_default();
        // from a singular start Newton's method leaves in any direction, a trust region does not
        for method in VARIANTS {
            let origin = Some(format!("{} from {}", method.name, self.describe(&first)));
            if let Some(root) = self.try_start(method, &first, origin)? {
                return Ok(Some(root));
            }
        }
        if starts.len() == 1 {
            for start in nearby(&first) {
                let origin = Some(self.describe(&start));
                if let Some(root) = self.try_start(NEWTON, &start, origin)? {
                    return Ok(Some(root));
                }
            }
        }
        if let [centre] = first[..] {
            for z in sign_changes(&self.setup.system, centre, BRACKETS) {
                let origin = Some(format!("a sign change near {}", self.describe(&[z])));
                if let Some(root) = self.try_start(NEWTON, &[z], origin)? {
                    return Ok(Some(root));
                }
            }
        }
        Ok(None)
    }

    /// An attempt from `start`, judged.
    fn try_start(
        &mut self,
        method: &Method,
        start: &[f64],
        origin: Option<String>,
    ) -> Result<Option<Root>, SolveError> {
        self.attempts += 1;
        let attempt = attempt(self.setup, method, start)?;
        self.judge(attempt, origin)
    }

    /// Returns a root at which the theorem holds and keeps note of anything else.
    fn judge(&mut self, attempt: Attempt, origin: Option<String>) -> Result<Option<Root>, SolveError> {
        if attempt.status != Status::Converged {
            // a residual of exactly 0 away from a root is a function that has underflowed, which says little
            let distance = |a: &Attempt| if a.residual == 0.0 { f64::MAX } else { a.residual };
            if self.failure.as_ref().is_none_or(|known| distance(&attempt) < distance(known)) {
                self.failure = Some(attempt);
            }
            return Ok(None);
        }
        let certificate = certify(self.setup, &attempt.z)?;
        let root = Root { attempt, certificate, origin };
        if root.certificate.judgement.holds {
            return Ok(Some(root));
        }
        self.refused.get_or_insert(root);
        Ok(None)
    }

    fn describe(&self, start: &[f64]) -> String {
        let names = self.setup.system.unknowns().iter();
        let short = |v: &f64| if v.to_string().len() <= 6 { v.to_string() } else { format!("{v:.3e}") };
        names.zip(start).map(|(name, v)| format!("{name} = {}", short(v))).collect::<Vec<_>>().join(", ")
    }
}
