//! Starts moved to where every equation is defined.

use super::attempt::Site;
use super::starts::{ONE, inside, spread};
use crate::batch::Rows;
use crate::error::Error;
use crate::problem::{Linearize, Sparsity};
use crate::solve::root::pattern;

impl<P> Site<'_, '_, P>
where
    P: Linearize<State = Rows<f64>>,
{
    /// The start with some of its `free` unknowns moved to where every equation is defined; none where that is not found.
    ///
    /// Equations that restrict the domain (logarithms, roots, powers) come first: one unknown after the other of the first equation that
    /// is undefined is moved over magnitudes of both signs, until that equation and those before it are defined. Up to 33
    /// evaluations an unknown and equation; unknowns that the pattern of J, if there is one, keeps out of an equation are
    /// passed over.
    /// Many unknowns are moved all at once: those without a start in all equations that are undefined.
    pub fn in_domain(&self, start: &[f64], free: &[bool]) -> Result<Option<Vec<f64>>, Error> {
        if let Some(pattern) = pattern(self.problem, start.len()) {
            return self.in_domain_at_once(pattern, start, free);
        }
        let mut z = start.to_vec();
        for _ in 0..z.len() {
            let Some(equation) = self.undefined(&z)? else { return Ok(Some(z)) };
            let matters = |place: usize| {
                crate::problem::pattern(self.problem).is_none_or(|pattern| contains(pattern, equation, place))
            };
            let places = (0..z.len()).filter(|&place| free[place] && matters(place));
            let Some(moved) = self.moved(&z, equation, places)? else { return Ok(None) };
            z = moved;
        }
        Ok(self.undefined(&z)?.is_none().then_some(z))
    }

    /// Up to 33 evaluations.
    fn in_domain_at_once(&self, pattern: &Sparsity, start: &[f64], free: &[bool]) -> Result<Option<Vec<f64>>, Error> {
        let mut z = start.to_vec();
        for value in ONE {
            let g = self.residual(&z)?;
            if g.iter().all(|g| g.is_finite()) {
                return Ok(Some(z));
            }
            for place in (0..z.len()).filter(|&place| free[place]) {
                if pattern.rows(place).iter().any(|&row| !g[row].is_finite()) {
                    z[place] = inside(self.options.bounds.as_ref(), place, value * spread(place));
                }
            }
        }
        Ok(self.undefined(&z)?.is_none().then_some(z))
    }

    /// z with one of the unknowns in `places` elsewhere, where `equation` and those before it are defined.
    fn moved(
        &self,
        z: &[f64],
        equation: usize,
        places: impl Iterator<Item = usize>,
    ) -> Result<Option<Vec<f64>>, Error> {
        for place in places {
            for value in ONE {
                let mut there = z.to_vec();
                there[place] = inside(self.options.bounds.as_ref(), place, value * spread(place));
                if self.undefined(&there)?.is_none_or(|next| next > equation) {
                    return Ok(Some(there));
                }
            }
        }
        Ok(None)
    }
}

/// Whether entry (row, column) of J may differ from zero.
fn contains(pattern: &Sparsity, row: usize, column: usize) -> bool {
    pattern.rows(column).contains(&row)
}
