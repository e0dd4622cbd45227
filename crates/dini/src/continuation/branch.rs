//! A branch that was traced.

use std::fmt;

/// What a point of a branch is beyond being on it.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The parameter turns back, dg/dz is singular, and the branch is a parabola there.
    Fold {
        /// d^2 a / ds^2 there: a is that of the fold plus half of this times the square of the arclength from it.
        bend: f64,
    },
    /// The parameter turns back where no regular fold could be located: at a kink of g, or at a fold of higher order, as of a = z^4.
    Turn,
    /// Another branch crosses this one.
    BranchPoint,
    /// A pair of complex eigenvalues of dg/dz crosses the imaginary axis.
    Hopf {
        /// Its distance from 0: the angular frequency of the oscillation that begins there, in the flow dz/dt = -g or dz/dt = g.
        frequency: f64,
    },
    /// The direction of the branch jumps: a kink of g.
    Corner,
}

impl Event {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Event::Fold { .. } => "fold",
            Event::Turn => "turn",
            Event::BranchPoint => "branch point",
            Event::Hopf { .. } => "hopf",
            Event::Corner => "corner",
        }
    }
}

/// The direction of a branch at a point, by the scaled arclength s.
#[derive(Clone, Debug, PartialEq)]
pub struct Tangent {
    /// dz/ds, n numbers.
    pub z: Vec<f64>,
    /// da/ds
    pub a: f64,
}

/// A point of a branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// The parameter.
    pub a: f64,
    /// The root.
    pub z: Vec<f64>,
    /// Scaled arclength from the start, negative before it.
    pub arclength: f64,
    /// The direction in which the branch is listed.
    pub tangent: Tangent,
    /// Whether det dg/dz is positive; none where it is 0 or not known (sparse systems with more than 1000 unknowns).
    pub positive: Option<bool>,
    /// Eigenvalues by which the flow leaves the root, for n <= 200 ([`Options::stability`](super::Options::stability)); none where one
    /// cannot be told from 0.
    pub unstable: Option<usize>,
    /// What is special about it.
    pub event: Option<Event>,
}

impl Point {
    /// Whether the root is a stable equilibrium of the flow ([`Options::flow`](super::Options::flow)), if that is known.
    pub fn stable(&self) -> Option<bool> {
        self.unstable.map(|unstable| unstable == 0)
    }
}

/// Why a branch ends.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The end of the parameter's range; the last point lies on it.
    Range,
    /// The branch is back where it began, in the same direction.
    Closed,
    /// An unknown has come to one of its bounds.
    Bound {
        /// Which, from 0.
        unknown: usize,
    },
    /// g is not defined farther on.
    Domain,
    /// [`Options::max_points`](super::Options::max_points) was reached.
    Limit,
    /// The observer asked for it.
    Interrupted,
    /// The smallest step does not lead on.
    Stuck(Obstacle),
}

/// Why a branch cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// What comes next may be another branch: one is too close to tell them apart or crosses in a way that is not understood, or g jumps.
    Close,
    /// The branch has no tangent: it begins at a crossing, or its equations are dependent.
    Singular,
    /// The direction jumps.
    Corner,
    /// Corrections do not converge: g jumps, has a pole, is too rough, or branches touch.
    Rough,
}

impl Stop {
    /// Whether that is an end of the branch itself, within what was asked for.
    pub fn is_end(&self) -> bool {
        matches!(self, Stop::Range | Stop::Closed | Stop::Bound { .. })
    }

    /// In a word.
    pub fn name(&self) -> &'static str {
        match self {
            Stop::Range => "range",
            Stop::Closed => "closed",
            Stop::Bound { .. } => "bound",
            Stop::Domain => "domain",
            Stop::Limit => "limit",
            Stop::Interrupted => "interrupted",
            Stop::Stuck(_) => "stuck",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Stop::Range => "the end of the range",
            Stop::Closed => "back at the start: the branch is closed",
            Stop::Bound { unknown } => return write!(f, "unknown {unknown} is at its bound"),
            Stop::Domain => "the equations are not defined farther on",
            Stop::Limit => "the most points allowed were reached",
            Stop::Interrupted => "interrupted",
            Stop::Stuck(Obstacle::Close) => {
                "what comes next may be another branch: one is too close to tell them apart, or the equations jump"
            }
            Stop::Stuck(Obstacle::Singular) => {
                "the branch has no single direction here: branches cross, or equations are dependent"
            }
            Stop::Stuck(Obstacle::Corner) => "the direction of the branch jumps, as at a kink of the equations",
            Stop::Stuck(Obstacle::Rough) => {
                "corrections do not converge: a jump, a pole, branches that touch, or too little accuracy"
            }
        })
    }
}

/// A branch of roots, its points in order along it.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The points; folds and other events are among them.
    pub points: Vec<Point>,
    /// The place of the start among them.
    pub start: usize,
    /// Whether the start was no root to the tolerance, and was solved for.
    pub solved: bool,
    /// Why it ends before the first point and after the last; none where that way was not asked for, or leads out of the range.
    pub stops: [Option<Stop>; 2],
}

impl Branch {
    fn events(&self, wanted: impl Fn(Event) -> bool) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(move |point| point.event.is_some_and(&wanted))
    }

    /// Its folds.
    pub fn folds(&self) -> impl Iterator<Item = &Point> {
        self.events(|event| matches!(event, Event::Fold { .. }))
    }

    /// Where the parameter turns back without a regular fold.
    pub fn turns(&self) -> impl Iterator<Item = &Point> {
        self.events(|event| event == Event::Turn)
    }

    /// Where other branches cross.
    pub fn branch_points(&self) -> impl Iterator<Item = &Point> {
        self.events(|event| event == Event::BranchPoint)
    }

    /// Its Hopf points.
    pub fn hopf_points(&self) -> impl Iterator<Item = &Point> {
        self.events(|event| matches!(event, Event::Hopf { .. }))
    }

    /// Where its direction jumps.
    pub fn corners(&self) -> impl Iterator<Item = &Point> {
        self.events(|event| event == Event::Corner)
    }

    /// Whether it is a closed loop.
    pub fn is_closed(&self) -> bool {
        self.stops.contains(&Some(Stop::Closed))
    }

    /// Whether it was followed to its ends within the range and the bounds.
    pub fn is_complete(&self) -> bool {
        self.stops.iter().flatten().all(Stop::is_end)
    }
}
