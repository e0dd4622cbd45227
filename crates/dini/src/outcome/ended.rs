//! Why a sweep along a parameter ended early.

use std::fmt;

use crate::outcome::Status;

/// Why a sweep ended early.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The last value to which the branch was followed.
    pub last: f64,
    /// The value that was wanted next.
    pub wanted: f64,
    /// How the nearest attempt to go on ended: [`Status::Converged`] where it reached another branch.
    pub status: Status,
    /// Whether dz/da grows towards the end of the branch as it does before a fold.
    pub fold: bool,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ended { last, wanted, status, fold } = self;
        // values are sums of steps, whose last digits are rounding
        let [last, wanted] = [last, wanted].map(|value| format!("{value:.9e}").parse().unwrap_or(*value));
        write!(f, "the branch was followed to {last}, not to {wanted}: ")?;
        match (status, fold) {
            (_, true) => f.write_str("dz/da grows there as before a fold, beyond which a branch does not go on"),
            (Status::Converged, _) => {
                f.write_str("from there a solve leads to another branch, or this one has a kink or meets others")
            }
            (status, _) => write!(f, "from there a solve ends as \"{status}\""),
        }
    }
}
