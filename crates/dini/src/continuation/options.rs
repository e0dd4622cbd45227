//! How a branch is traced.

use crate::error::Error;
use crate::problem::Bounds;

/// Which way along the branch, by how the parameter changes at the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// Both ways; from an end of the range the one that leads into it.
    #[default]
    Both,
    /// To larger values first.
    Up,
    /// To smaller values first.
    Down,
}

/// The flow whose equilibria the roots are, for their stability.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Flow {
    /// dz/dt = -g: for a fixed point z = f(z) it is dz/dt = f(z) - z, for a minimum the descent.
    #[default]
    Minus,
    /// dz/dt = g
    Plus,
}

/// How a branch is traced. Lengths are those of the scaled curve, see [`continuation`](crate::continuation): an unknown counts relative to
/// its size so far, the parameter relative to the length of its range.
///
/// ```
/// use dini::continuation::Options;
/// assert!(Options { largest_step: 0.01, ..Options::default() }.validate().is_ok());
/// assert!(Options { largest_step: -1.0, ..Options::default() }.validate().is_err());
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Options {
    /// Length of the first step (default 0.01), or of the longest, if that is less.
    pub first_step: f64,
    /// Length below which a step is given up, and with it the branch (default 1e-10; at least 1e-14).
    pub smallest_step: f64,
    /// Length of the longest step (default 0.05; at most 1).
    pub largest_step: f64,
    /// Largest angle between tangents at both ends of a step, in radians (default 0.3; at most 1).
    pub largest_turn: f64,
    /// Most steps each way (default 2000).
    pub max_points: usize,
    /// Largest correction left, relative to each unknown (default 1e-12; at most 1e-6). Where rounding does not allow that, what it allows.
    pub tolerance: f64,
    /// Which way (default both).
    pub direction: Direction,
    /// What stability is that of (default [`Flow::Minus`]).
    pub flow: Flow,
    /// Whether eigenvalues of dg/dz are computed for the [stability](super::Point::unstable) of every point (default true; n <= 200).
    pub stability: bool,
    /// Whether Hopf points are located, which needs the stability (default true).
    pub hopf: bool,
    /// Where the unknowns must stay; there the branch ends (default anywhere).
    pub bounds: Option<Bounds>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            first_step: 0.01,
            smallest_step: 1e-10,
            largest_step: 0.05,
            largest_turn: 0.3,
            max_points: 2000,
            tolerance: 1e-12,
            direction: Direction::Both,
            flow: Flow::Minus,
            stability: true,
            hopf: true,
            bounds: None,
        }
    }
}

impl Options {
    /// Checks every field.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the first field out of range.
    pub fn validate(&self) -> Result<(), Error> {
        let Options { first_step: first, smallest_step: smallest, largest_step: largest, .. } = *self;
        let within = |name, value: f64, low: f64, high: f64, requirement| {
            if (low..=high).contains(&value) { Ok(()) } else { Err(Error::option(name, value, requirement)) }
        };
        within("smallest_step", smallest, 1e-14, 1.0, "it must lie in 1e-14..=1")?;
        within("largest_step", largest, smallest, 1.0, "it must lie between `smallest_step` and 1")?;
        within("first_step", first, smallest, 1.0, "it must lie between `smallest_step` and 1")?;
        within("largest_turn", self.largest_turn, 0.01, 1.0, "it must lie in 0.01..=1")?;
        within("tolerance", self.tolerance, f64::MIN_POSITIVE, 1e-6, "it must be positive and at most 1e-6")?;
        if self.max_points == 0 {
            return Err(Error::option("max_points", 0, "it must be at least 1"));
        }
        Ok(())
    }
}
