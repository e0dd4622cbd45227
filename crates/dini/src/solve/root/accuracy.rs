//! What is known of the distance to the root.

use std::fmt;

use crate::Real;

/// What an [`Accuracy`] rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Evidence {
    /// Nothing: the sample has not converged and its correction was not measured, or J is singular there and has none.
    #[default]
    None,
    /// The correction J^-1 g, measured with a Jacobian.
    Jacobian,
    /// The residual, times how far z has moved for its changes.
    Secant,
    /// A bracket with a change of sign.
    Bracket,
    /// Rounding errors of g: no better z can be told from this one.
    Rounding,
}

impl Evidence {
    /// The evidence as an identifier, for files and scripts.
    pub fn name(self) -> &'static str {
        match self {
            Evidence::None => "none",
            Evidence::Jacobian => "jacobian",
            Evidence::Secant => "secant",
            Evidence::Bracket => "bracket",
            Evidence::Rounding => "rounding",
        }
    }
}

/// The correction that is left of a sample: an estimate of J^-1 g, how far z is from the root.
///
/// An estimate to first order, not a bound: at a multiple root the distance is larger by the multiplicity.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Accuracy {
    /// Size of the correction, in the units of z: |c_j| of the component named, else ||c||.
    pub correction: f64,
    /// The same relative to |z_j|, or to ||z|| (dimensionless; infinite where that is 0 and the correction is not).
    pub relative: f64,
    /// The unknown j in which the correction is largest relative to its tolerance; none where norms were measured.
    pub component: Option<usize>,
    /// How the correction is known.
    pub evidence: Evidence,
}

impl Default for Accuracy {
    fn default() -> Self {
        Accuracy { correction: f64::NAN, relative: f64::NAN, component: None, evidence: Evidence::None }
    }
}

impl Accuracy {
    /// Of a correction of norm `c` to a z of norm `z`.
    pub(crate) fn of_norm(c: f64, z: f64, evidence: Evidence) -> Self {
        Accuracy { correction: c, relative: quotient(c, z), component: None, evidence }
    }

    /// Of a correction `c` to z, component by component.
    pub(crate) fn of_components<T: Real>(z: &[T], c: impl Iterator<Item = f64>, evidence: Evidence) -> Self {
        let mut worst = Accuracy { correction: 0.0, relative: 0.0, component: None, evidence };
        for (j, (z, c)) in z.iter().zip(c).enumerate() {
            let relative = quotient(c.abs(), z.as_f64().abs());
            if worst.component.is_none() || relative > worst.relative {
                worst = Accuracy { correction: c.abs(), relative, component: Some(j), evidence };
            }
        }
        worst
    }
}

fn quotient(c: f64, z: f64) -> f64 {
    if c == 0.0 { 0.0 } else { c / z }
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.evidence {
            Evidence::None => return f.write_str("the correction left is not known"),
            Evidence::Rounding => write!(f, "rounding leaves {:.1e} of z uncertain", self.relative)?,
            _ => write!(f, "the correction left is {:.1e} of z", self.relative)?,
        }
        match self.component {
            Some(j) => write!(f, ", in component {j}"),
            None => Ok(()),
        }
    }
}
