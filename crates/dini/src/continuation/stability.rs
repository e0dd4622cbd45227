//! Eigenvalues of dg/dz: the stability of a root as an equilibrium.

use super::Flow;
use super::curve::{Corrected, Curve};
use super::local::Local;
use crate::kernels::factor::eigenvalues;

/// Most unknowns for which eigenvalues are computed.
pub(super) const MOST: usize = 200;
/// Roundings of the matrix within which an eigenvalue is none of either side.
const ROUNDINGS: f64 = 100.0;

/// The growth rates and frequencies of the flow around a root.
#[derive(Clone, Debug)]
pub(super) struct Spectrum {
    rates: Vec<(f64, f64)>,
    /// what rounding leaves uncertain of them
    uncertain: f64,
}

impl Spectrum {
    /// None for too many unknowns, or where it is not asked for.
    pub fn new(curve: &Curve<'_>, local: &Local) -> Option<Self> {
        let n = curve.n;
        if n > MOST || !curve.options.stability {
            return None;
        }
        // similar to dg/dz: unknowns in units of their scales, the units of the equations along with them
        let mut matrix = local.matrix.dense();
        let sign = if curve.options.flow == Flow::Minus { -1.0 } else { 1.0 };
        for column in matrix.chunks_exact_mut(n) {
            for ((v, row), scale) in column.iter_mut().zip(&local.rows).zip(&curve.scale) {
                *v *= sign / (row * scale);
            }
        }
        let size = matrix.iter().map(|v| v * v).sum::<f64>().sqrt();
        let rates = eigenvalues(&matrix, n)?;
        Some(Spectrum { rates, uncertain: ROUNDINGS * f64::EPSILON * size })
    }

    /// How many lead away; none where one may do either.
    pub fn unstable(&self) -> Option<usize> {
        let clear = self.rates.iter().all(|(rate, _)| rate.abs() > self.uncertain);
        clear.then(|| self.positive())
    }

    fn positive(&self) -> usize {
        self.rates.iter().filter(|(rate, _)| *rate > 0.0).count()
    }

    /// The complex pair nearest to the imaginary axis, in rate and frequency.
    fn pair(&self) -> Option<(f64, f64)> {
        let complex = self.rates.iter().copied().filter(|(_, frequency)| *frequency > self.uncertain);
        complex.min_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
    }
}

/// Bisections of an arc in the search of a crossing.
const HALVES: usize = 60;
/// Scaled length at which a crossing is located.
const LOCATED: f64 = 1e-13;

/// A point of the arc of length `h`, `at` giving its points, at which a complex pair crosses the imaginary axis, and its frequency. The
/// counts of growing directions at the ends differ.
pub(super) fn hopf<E>(
    curve: &Curve<'_>,
    counts: (usize, usize),
    h: f64,
    mut at: impl FnMut(f64) -> Result<Option<Corrected>, E>,
) -> Result<Option<(Corrected, f64)>, E> {
    let (mut low, mut high) = (0.0, h);
    // rates of the crossing pair at both ends, once only one pair is between them
    let (mut below, mut above): (Option<f64>, Option<f64>) = (None, None);
    let mut found = None;
    for _ in 0..HALVES {
        let middle = match (below, above) {
            // regula falsi, but well inside
            (Some(a), Some(b)) if a * b < 0.0 => low + (high - low) * (a / (a - b)).clamp(0.02, 0.98),
            _ => 0.5 * (low + high),
        };
        let Some(point) = at(middle)? else { return Ok(None) };
        let Some(spectrum) = Spectrum::new(curve, &point.local) else { return Ok(None) };
        let Some((rate, frequency)) = spectrum.pair() else {
            // real ones cross, or nothing is near
            match spectrum.positive() {
                count if count == counts.0 => low = middle,
                count if count == counts.1 => high = middle,
                _ => return Ok(None),
            }
            continue;
        };
        let settled = rate.abs() <= spectrum.uncertain || high - low <= LOCATED;
        if settled {
            // beyond the width of the bracket the rate must be 0
            let flat = rate.abs() <= spectrum.uncertain.max(1e-6 * frequency);
            return Ok(flat.then_some((point, frequency)));
        }
        match spectrum.positive() {
            count if count == counts.0 => (low, below) = (middle, Some(rate)),
            count if count == counts.1 => (high, above) = (middle, Some(rate)),
            _ => return Ok(None),
        }
        found = Some((point, frequency, rate));
    }
    Ok(found.and_then(|(point, frequency, rate)| (rate.abs() <= 1e-8 * frequency).then_some((point, frequency))))
}
