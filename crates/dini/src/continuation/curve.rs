//! The curve in scaled coordinates: its tangents, and the correction of a point near it.

use super::border::{Factors, Square, dot, norm, normalise};
use super::confirm::confirm;
use super::local::Local;
use super::{Family, Options};
use crate::error::UserError;
use crate::linear::SPARSE;
use crate::problem::Sparsity;
use crate::solve::root::general_position;

/// Most corrections of a point.
const MOST: usize = 12;
/// A correction that is not this much shorter than the one before ends the attempt: the guess was not near this root alone.
const CONTRACTION: f64 = 0.25;
/// Among the smallest, it shows rounding.
const STALLED: f64 = 0.5;
/// Scaled size of corrections that may be rounding.
pub(super) const ATTAINABLE: f64 = 1e-8;
/// Why a point is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// g or a derivative of it is not finite.
    Domain,
    /// The bordered matrix is singular.
    Singular,
    /// Corrections do not become shorter.
    Diverged,
    /// g does not change around the point as its derivatives say.
    Unconfirmed,
    /// The tangents at both ends differ too much.
    Turn,
    /// The point may be on another branch.
    Jump,
}

/// Why something could not be computed.
#[derive(Debug)]
pub(super) enum Trouble {
    Refused(Refusal),
    User(UserError),
}

impl From<UserError> for Trouble {
    fn from(error: UserError) -> Self {
        Trouble::User(error)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Trouble::Refused(refusal)
    }
}

impl Trouble {
    /// Nothing where it was refused.
    pub fn refused<T>(result: Result<T, Trouble>) -> Result<Option<T>, UserError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Trouble::Refused(_)) => Ok(None),
            Err(Trouble::User(error)) => Err(error),
        }
    }
}

/// A family with scales: a point is x = (z, a), and y = x / scale is dimensionless. Scales are powers of two, so they round nothing.
pub(super) struct Curve<'f> {
    pub family: &'f dyn Family,
    pub options: &'f Options,
    pub n: usize,
    pub scale: Vec<f64>,
}

/// A point of the curve.
pub(super) struct Corrected {
    pub x: Vec<f64>,
    /// g there, and its derivatives to within the last correction.
    pub local: Local,
    /// With the row that the point was corrected along.
    pub factors: Factors,
    /// Of length 1, along that row.
    pub tangent: Vec<f64>,
    /// Whether the determinant of derivatives and tangent is positive, where that is known.
    pub orientation: Option<bool>,
    pub iterations: usize,
}

impl Corrected {
    /// Turned round.
    pub fn reversed(mut self) -> Self {
        self.tangent.iter_mut().for_each(|t| *t = -*t);
        self.orientation = self.orientation.map(|positive| !positive);
        self
    }
}

impl<'f> Curve<'f> {
    pub fn new(family: &'f dyn Family, options: &'f Options, length: f64) -> Self {
        let n = family.unknowns();
        let mut scale = vec![1.0; n + 1];
        scale[n] = power(length);
        Curve { family, options, n, scale }
    }

    pub fn pattern(&self) -> Option<&'f Sparsity> {
        self.family.pattern().filter(|pattern| pattern.size() == self.n && self.n > SPARSE)
    }

    /// The scale of an unknown of this size: together the unknowns count as much as the parameter.
    fn share(&self, size: f64) -> f64 {
        power(size * (self.n as f64).sqrt())
    }

    /// Sizes at the start: of each unknown, or of how much it would change by its slope over the whole range up to 1.
    pub fn size_up(&mut self, x: &[f64], tangent: &[f64]) {
        let length = self.scale[self.n];
        let rate = tangent[self.n].abs();
        for (j, value) in x[..self.n].iter().enumerate() {
            // both in the scales so far
            let change = (tangent[j] * self.scale[j]).abs() / rate.max(f64::MIN_POSITIVE);
            let change = if rate > 0.0 { change.min(1.0) } else { 0.0 };
            let size = value.abs().max(change);
            self.scale[j] = if size > f64::MIN_POSITIVE { self.share(size) } else { self.share(1.0) };
        }
        self.scale[self.n] = length;
    }

    /// Larger scales where unknowns have grown; the tangent in them.
    pub fn grow(&mut self, x: &[f64], tangent: &mut [f64]) {
        for j in 0..self.n {
            let wanted = self.share(x[j].abs());
            if wanted > self.scale[j] {
                tangent[j] *= self.scale[j] / wanted;
                self.scale[j] = wanted;
            }
        }
        // a tangent has a length; scales are finite
        let _ = normalise(tangent);
    }

    /// Scaled distance of two points.
    pub fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        norm(&self.between(a, b))
    }

    /// From a to b, scaled.
    pub fn between(&self, a: &[f64], b: &[f64]) -> Vec<f64> {
        a.iter().zip(b).zip(&self.scale).map(|((a, b), scale)| (b - a) / scale).collect()
    }

    /// x + h scale d
    pub fn moved(&self, x: &[f64], h: f64, d: &[f64]) -> Vec<f64> {
        x.iter().zip(d).zip(&self.scale).map(|((x, d), scale)| x + h * d * scale).collect()
    }

    pub fn residual(&self, x: &[f64], g: &mut [f64]) -> Result<(), Trouble> {
        self.family.residual(&x[..self.n], x[self.n], g)?;
        if g.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(Refusal::Domain.into()) }
    }

    /// How far x is from the curve, in the plane of the factors and to first order.
    pub fn off(&self, x: &[f64], at: &Corrected) -> Result<f64, Trouble> {
        let mut g = vec![0.0; self.n];
        self.residual(x, &mut g)?;
        let mut correction: Vec<f64> = g.iter().zip(&at.local.rows).map(|(g, row)| g * row).chain([0.0]).collect();
        if at.factors.solve(&mut correction) { Ok(norm(&correction)) } else { Err(Refusal::Singular.into()) }
    }

    /// g and its derivatives at x.
    pub fn linearise(&self, x: &[f64]) -> Result<Local, Trouble> {
        let (n, pattern) = (self.n, self.pattern());
        let mut g = vec![0.0; n];
        self.residual(x, &mut g)?;
        // a pattern that is too small to be of use must be read all the same
        let stated = self.family.pattern();
        let mut values = vec![0.0; stated.map_or(n * n, Sparsity::entries)];
        let mut column = vec![0.0; n];
        self.family.slopes(&x[..n], x[n], &mut values, &mut column)?;
        let mut matrix = Square { n, pattern: stated.cloned(), values };
        if pattern.is_none() {
            matrix = Square { n, values: matrix.dense(), pattern: None };
        }
        column.iter_mut().for_each(|v| *v *= self.scale[n]);
        let mut largest: Vec<f64> = column.iter().map(|v| v.abs()).collect();
        matrix.each(|i, j, v| {
            *v *= self.scale[j];
            largest[i] = largest[i].max(v.abs());
        });
        if !matrix.values.iter().chain(&column).all(|v| v.is_finite()) {
            return Err(Refusal::Domain.into());
        }
        let rows: Vec<f64> = largest.iter().map(|v| if *v > 0.0 { 1.0 / power(*v) } else { 1.0 }).collect();
        matrix.each(|i, _, v| *v *= rows[i]);
        column.iter_mut().zip(&rows).for_each(|(v, row)| *v *= row);
        Ok(Local { x: x.to_vec(), g, rows, matrix, column })
    }

    /// The tangent where the row c is not orthogonal to it.
    pub fn tangent(&self, factors: &Factors) -> Result<Vec<f64>, Refusal> {
        let mut tangent = vec![0.0; self.n + 1];
        tangent[self.n] = 1.0;
        let solved = factors.solve(&mut tangent);
        normalise(&mut tangent).filter(|()| solved).ok_or(Refusal::Singular)?;
        Ok(tangent)
    }

    /// The tangent at a point of the curve, without knowing which way it goes.
    pub fn first_tangent(&self, local: &Local) -> Result<Vec<f64>, Refusal> {
        let rough = self.tangent(&local.factors(&general_position(self.n + 1, 2))?)?;
        self.tangent(&local.factors(&rough)?)
    }

    /// What is known at a point of the curve, along its tangent there.
    pub fn at(&self, x: &[f64], tangent: &[f64]) -> Result<Corrected, Trouble> {
        let local = self.linearise(x)?;
        let factors = local.factors(tangent)?;
        // some families have patterns, of which sparse factors do not tell
        let orientation = factors.orientation().or_else(|| local.orientation(tangent));
        let tangent = tangent.to_vec();
        Ok(Corrected { x: x.to_vec(), local, factors, tangent, orientation, iterations: 0 })
    }

    /// The point of the curve in the plane through `guess` with the normal `c`, by Newton's method; what is found is confirmed.
    pub fn correct(&self, guess: &[f64], c: &[f64]) -> Result<Corrected, Trouble> {
        let n = self.n;
        let mut x = guess.to_vec();
        let mut last = f64::INFINITY;
        // a coordinate that is held stays as it is
        let held = (0..=n).find(|&j| c[j] == 1.0 && norm(c) == 1.0);
        for iterations in 1..=MOST {
            let mut local = self.linearise(&x)?;
            let mut factors = local.factors(c)?;
            let mut d: Vec<f64> = local.g.iter().zip(&local.rows).map(|(g, row)| g * row).collect();
            d.push(if held.is_some() { 0.0 } else { dot(c, &self.between(guess, &x)) });
            if !factors.solve(&mut d) {
                return Err(Refusal::Singular.into());
            }
            if let Some(held) = held {
                d[held] = 0.0;
            }
            let size = norm(&d);
            let done = (0..=n).all(|j| {
                (d[j] * self.scale[j]).abs() <= self.options.tolerance * x[j].abs() + f64::EPSILON * self.scale[j]
            });
            let stalled = size > STALLED * last && size <= ATTAINABLE;
            if !done && size > ATTAINABLE && (size > CONTRACTION * last || size > 1.0) {
                return Err(Refusal::Diverged.into());
            }
            x = self.moved(&x, -1.0, &d);
            if done || stalled {
                if !done {
                    // where it is not rounding, derivatives differ from those before the last correction
                    local = self.linearise(&x)?;
                    factors = local.factors(c)?;
                }
                local.g = confirm(self, (&x, c), (&local, &factors), size, stalled && !done)?;
                let tangent = self.tangent(&factors)?;
                let orientation = factors.orientation();
                return Ok(Corrected { x, local, factors, tangent, orientation, iterations });
            }
            last = size;
        }
        Err(Refusal::Diverged.into())
    }

    /// Second derivatives of the scaled equations in the direction `w` from the left, along `v`: n + 1 numbers.
    pub fn second(&self, local: &Local, w: &[f64], v: &[f64]) -> Result<Vec<f64>, Trouble> {
        let n = self.n;
        let lam: Vec<f64> = w.iter().zip(&local.rows).map(|(w, row)| w * row).collect();
        let direction: Vec<f64> = v.iter().zip(&self.scale).map(|(v, scale)| v * scale).collect();
        let mut out = vec![0.0; n + 1];
        self.family.second(&local.x[..n], local.x[n], &lam, (&direction[..n], direction[n]), &mut out)?;
        out.iter_mut().zip(&self.scale).for_each(|(out, scale)| *out *= scale);
        if out.iter().all(|v| v.is_finite()) { Ok(out) } else { Err(Refusal::Domain.into()) }
    }
}

/// The power of two at or above a positive size.
fn power(size: f64) -> f64 {
    2f64.powi(size.log2().ceil().clamp(-1000.0, 1000.0) as i32)
}

/// The angle between two directions of length 1.
pub(super) fn angle(a: &[f64], b: &[f64]) -> f64 {
    let difference: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    2.0 * (0.5 * norm(&difference)).min(1.0).asin()
}
