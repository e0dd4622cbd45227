//! What every solve needs to know, whatever the solver.

use crate::Error;
use crate::problem::Bounds;

/// When to stop, and how the batch is worked through.
///
/// A sample has converged when the correction that is left, c = J^-1 g, is within `absolute` + `relative` |z|: in every
/// unknown where the method has a Jacobian, in the Euclidean norm where it has none; or where only rounding errors are left.
/// How c is known, and what else a claim must stand, is the subject of [`solve::root`](crate::solve::root); what is known of a sample
/// in the end is its [`accuracy`](crate::solve::Outcome::accuracy).
///
/// ```
/// use dini::Options;
/// let options = Options { relative: 1e-8, max_iterations: 50, ..Options::default() };
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Options {
    /// Tolerance relative to z, dimensionless (default 1e-6). At least one of the two tolerances must be positive.
    pub relative: f64,
    /// Absolute tolerance in the units of z, for unknowns that may be zero (default 0).
    pub absolute: f64,
    /// Iteration limit per sample (default 200).
    pub max_iterations: usize,
    /// Samples per chunk, solved by one thread on its own (default: a chunk a thread, two where they hold 64 samples or more).
    pub chunk: Option<usize>,
    /// Samples leave a chunk once this share of it has finished, from 0 (at once) to 1 (never; default 1/8).
    pub compaction: f64,
    /// Whether fixed points begin with the problem's residual in reduced precision, where it has one (the tanh cell in f32
    /// on processors with AVX-512 BF16), before they are solved in full precision to the same tolerance (default false).
    ///
    /// At most 20 Picard steps, which are no iterations but count as evaluations. A sample for which they do not contract, or
    /// that does not converge from where they led, is solved from z0.
    pub mixed_precision: bool,
    /// Where the unknowns must stay (default anywhere). Newton's method in all its forms, the trust regions, Broyden's and `Auto` can keep
    /// them there; the other solvers refuse.
    pub bounds: Option<Bounds>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            relative: 1e-6,
            absolute: 0.0,
            max_iterations: 200,
            chunk: None,
            compaction: 0.125,
            mixed_precision: false,
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
        let tolerance = "it must be finite and not negative";
        for (name, value) in [("relative", self.relative), ("absolute", self.absolute)] {
            if !value.is_finite() || value < 0.0 {
                return Err(Error::option(name, value, tolerance));
            }
        }
        if self.relative + self.absolute <= 0.0 {
            return Err(Error::option("relative", self.relative, "one of `relative` and `absolute` must be positive"));
        }
        if self.chunk == Some(0) {
            return Err(Error::option("chunk", 0, "a chunk holds at least one sample"));
        }
        if !(0.0..=1.0).contains(&self.compaction) {
            return Err(Error::option("compaction", self.compaction, "it must lie in 0..=1"));
        }
        Ok(())
    }
}
