//! Bounds on unknowns.

use crate::Real;
use crate::batch::Batch;
use crate::error::Error;

/// What is left at least of the distance to a bound in one step.
const KEPT: f64 = 0.005;
/// Share of the distance at the start within which a root on the bound is looked for.
const PRESSED: f64 = 1e-6;

/// An open interval for every unknown: lower_j < z_j < upper_j, in the units of z, the same for every sample.
///
/// Iterates stay strictly inside: a step that would lead beyond a bound, or on it, goes 99.5 % of the way to it in that unknown, and all
/// the way it wants to in the others. What is looked at *around* an iterate (derivatives by differences, confirmations and verdicts)
/// may lie beyond a bound by a few tolerances; where g is not defined there, being defined inside is enough. A root on a bound, or one that
/// cannot be told from the bound, ends as [`Status::OnBound`](crate::Status::OnBound).
///
/// Source: the fraction to the boundary of interior-point methods: S. J. Wright (1997), Primal-Dual Interior-Point Methods,
/// doi:10.1137/1.9781611971453; that the steps are cut by component: T. F. Coleman and Y. Li (1996), doi:10.1137/0806023, in spirit.
///
/// ```
/// use dini::{Model, problem::Bounds};
/// // a weak acid: h^2 / (c - h) = K; of its two roots one is a concentration
/// let acid = Model::equation(|h, _| [h[0] * h[0] - 1e-5 * (0.1 - h[0])]);
/// let s = acid.bounds(Bounds::new(vec![0.0], vec![0.1])?).solve(&[0.05])?;
/// assert!((s.converged()?[0] - 9.9501249e-4).abs() < 1e-9);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "Ends", into = "Ends"))]
pub struct Bounds {
    lower: Vec<f64>,
    upper: Vec<f64>,
}

/// Bounds as they are written down: nothing where there is none.
#[cfg(feature = "serde")]
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    lower: Vec<Option<f64>>,
    upper: Vec<Option<f64>>,
}

#[cfg(feature = "serde")]
impl From<Bounds> for Ends {
    fn from(Bounds { lower, upper }: Bounds) -> Self {
        let finite = |ends: Vec<f64>| ends.into_iter().map(|end| end.is_finite().then_some(end)).collect();
        Ends { lower: finite(lower), upper: finite(upper) }
    }
}

#[cfg(feature = "serde")]
impl TryFrom<Ends> for Bounds {
    type Error = Error;
    fn try_from(Ends { lower, upper }: Ends) -> Result<Self, Error> {
        let or = |ends: Vec<Option<f64>>, end: f64| ends.into_iter().map(|known| known.unwrap_or(end)).collect();
        Bounds::new(or(lower, f64::NEG_INFINITY), or(upper, f64::INFINITY))
    }
}

impl Bounds {
    /// Bounds for each unknown; infinite where there are none.
    ///
    /// # Errors
    /// [`Error::Shape`] where these are not equally many, [`Error::Option`] where lower < upper does not hold.
    pub fn new(lower: Vec<f64>, upper: Vec<f64>) -> Result<Self, Error> {
        if lower.len() != upper.len() {
            return Err(Error::shape("the upper bounds", (1, lower.len()), (1, upper.len())));
        }
        match lower
            .iter()
            .zip(&upper)
            .find(|(lower, upper)| !matches!(lower.partial_cmp(upper), Some(std::cmp::Ordering::Less)))
        {
            Some((lower, upper)) => {
                Err(Error::option("bounds", format!("{lower}..{upper}"), "the lower one must be below the upper"))
            }
            None => Ok(Bounds { lower, upper }),
        }
    }

    /// All of `n` unknowns positive.
    pub fn positive(n: usize) -> Self {
        Bounds { lower: vec![0.0; n], upper: vec![f64::INFINITY; n] }
    }

    /// The lower bounds.
    pub fn lower(&self) -> &[f64] {
        &self.lower
    }

    /// The upper bounds.
    pub fn upper(&self) -> &[f64] {
        &self.upper
    }

    /// The same in units of the unknowns.
    pub(crate) fn in_units(&self, units: &[f64]) -> Result<Self, Error> {
        let divided = |bounds: &[f64]| bounds.iter().zip(units).map(|(bound, unit)| bound / unit).collect();
        Bounds::new(divided(&self.lower), divided(&self.upper))
    }

    /// Checks that a start fits, and lies inside.
    pub(crate) fn admit<V: Batch>(&self, z0: &V) -> Result<(), Error> {
        if z0.width() != self.lower.len() {
            return Err(Error::shape("the bounds", (1, z0.width()), (1, self.lower.len())));
        }
        let mut row = vec![V::Scalar::default(); z0.width()];
        for sample in 0..z0.samples() {
            z0.read(sample, &mut row);
            if let Some(unknown) = (0..row.len()).find(|&j| !self.holds(j, row[j].as_f64())) {
                let (value, lower, upper) = (row[unknown].as_f64(), self.lower[unknown], self.upper[unknown]);
                return Err(Error::OutOfBounds { sample, unknown, value, lower, upper });
            }
        }
        Ok(())
    }

    /// Whether unknown `j` may be `z`.
    pub(crate) fn holds(&self, j: usize, z: f64) -> bool {
        self.lower[j] < z && z < self.upper[j]
    }

    /// Cuts the steps from the rows of `from`, which lie inside, to those of `to`.
    pub(crate) fn confine<V: Batch>(&self, from: &V, to: &mut V) {
        let n = self.lower.len();
        let [mut before, mut after] = [vec![V::Scalar::default(); n], vec![V::Scalar::default(); n]];
        for i in 0..to.samples() {
            from.read(i, &mut before);
            to.read(i, &mut after);
            for (j, (before, after)) in before.iter().zip(&mut after).enumerate() {
                let (z, next) = (before.as_f64(), after.as_f64());
                let lowest = self.lower[j] + KEPT * (z - self.lower[j]);
                let highest = self.upper[j] - KEPT * (self.upper[j] - z);
                // a bound at infinity cuts nothing; NaN passes, for the solver to see
                if self.lower[j].is_finite() && next < lowest {
                    *after = V::Scalar::of(lowest);
                } else if self.upper[j].is_finite() && next > highest {
                    *after = V::Scalar::of(highest);
                }
            }
            to.write(i, &after);
        }
    }

    /// The bound nearest to unknown `j` at `z`, and its distance; infinite where there is none.
    fn nearest(&self, j: usize, z: f64) -> (f64, f64) {
        let (below, above) = (z - self.lower[j], self.upper[j] - z);
        if below <= above { (self.lower[j], below) } else { (self.upper[j], above) }
    }

    /// The least share of its distance at the start that an unknown of `z` still has from its bound.
    pub(crate) fn closest(&self, start: &[f64], z: &[f64]) -> f64 {
        let share = |j: usize| self.nearest(j, z[j]).1 / self.nearest(j, start[j]).1;
        (0..z.len()).map(share).filter(|share| share.is_finite()).fold(1.0, f64::min)
    }

    /// The unknowns that have been pressed against a bound on the way from `start` to `z`, and those bounds.
    pub(crate) fn pressed(&self, start: &[f64], z: &[f64]) -> Vec<(usize, f64)> {
        let at = |j: usize| {
            let ((bound, distance), (_, before)) = (self.nearest(j, z[j]), self.nearest(j, start[j]));
            (bound.is_finite() && distance <= PRESSED * before).then_some((j, bound))
        };
        (0..z.len()).filter_map(at).collect()
    }

    /// Whether an unknown of `z`, known to within the share `relative` of it, cannot be told from its bound.
    pub(crate) fn touches<T: Real>(&self, z: &[f64], relative: f64) -> bool {
        let epsilon = 4.0 * <T as num_traits::Float>::epsilon().as_f64();
        let smallest = <T as num_traits::Float>::min_positive_value().as_f64();
        let close = |(j, z): (usize, &f64)| {
            // what is not known to be uncertain counts as rounding
            let distance = self.nearest(j, *z).1;
            distance <= smallest || distance <= relative.max(epsilon) * z.abs()
        };
        z.iter().enumerate().any(close)
    }
}
