//! Folds, by an extended system.
//!
//! At a fold dg/dz has one null vector v and one from the left, w. With rows and columns b, c near w and v,
//!
//! ```text
//! (J b; c^T 0) (v; sigma) = (0; 1),   (J^T c; b^T 0) (w; sigma) = (0; 1)
//! ```
//!
//! is regular, sigma is 0 where J is singular, and its derivative along dx is -w^T (dJ along dx) v. The fold is the root of (g, sigma) in
//! x = (z, a): Newton's method on it is quadratic where the fold is.
//!
//! Source: A. Griewank and G. W. Reddien (1984), doi:10.1093/imanum/4.3.295.

use super::border::{Border, Factors, dot, norm, normalise};
use super::curve::{ATTAINABLE, Curve, Refusal, Trouble};

/// Most steps; a fold of higher order is not reached in so many.
const MOST: usize = 12;
/// Scaled correction at which a point is located.
const LOCATED: f64 = 1e-13;
/// Scaled correction that may be rounding.
const ROUNDING: f64 = 1e-10;
/// What is smaller than this share of what it could be is 0: a fold is regular where neither its bend nor w^T dg/da is.
const FLAT: f64 = 1e-7;

/// A regular fold.
pub(super) struct Fold {
    pub x: Vec<f64>,
    /// of length 1, its last component 0
    pub tangent: Vec<f64>,
    /// d^2 a / ds^2
    pub bend: f64,
}

/// The regular fold near a point of the curve with this tangent.
pub(super) fn fold(curve: &Curve<'_>, from: &[f64], tangent: &[f64]) -> Result<Fold, Trouble> {
    let n = curve.n;
    let unit = |size: usize| -> Vec<f64> { (0..size).map(|i| if i + 1 == size { 1.0 } else { 0.0 }).collect() };
    let mut x = from.to_vec();
    let mut c = tangent[..n].to_vec();
    let mut b = unit(n + 1);
    if !curve.linearise(&x)?.factors(tangent)?.solve_transpose(&mut b) {
        return Err(Refusal::Singular.into());
    }
    b.truncate(n);
    let mut last = f64::INFINITY;
    for _ in 0..MOST {
        normalise(&mut b).ok_or(Refusal::Singular)?;
        normalise(&mut c).ok_or(Refusal::Singular)?;
        let local = curve.linearise(&x)?;
        let border = Border { column: b.clone(), row: c.clone(), corner: 0.0 };
        let factors = Factors::new(&local.matrix, &[border]).ok_or(Refusal::Singular)?;
        let (mut v, mut w) = (unit(n + 1), unit(n + 1));
        if !factors.solve(&mut v) || !factors.solve_transpose(&mut w) {
            return Err(Refusal::Singular.into());
        }
        let sigma = v[n];
        (v[n], w[n]) = (0.0, 0.0);
        let slope = curve.second(&local, &w[..n], &v)?;
        let mut d: Vec<f64> = local.residual();
        d.push(-sigma);
        let (corner, row) = (slope[n], slope[..n].to_vec());
        let border = Border { column: local.column.clone(), row, corner };
        let newton = Factors::new(&local.matrix, &[border]).ok_or(Refusal::Singular)?;
        if !newton.solve(&mut d) {
            return Err(Refusal::Singular.into());
        }
        let size = norm(&d);
        let stalled = size > 0.5 * last && size <= ROUNDING;
        if size > 1.0 || (size > 0.9 * last && !stalled) {
            return Err(Refusal::Diverged.into());
        }
        x = curve.moved(&x, -1.0, &d);
        if size <= LOCATED || stalled {
            let length = norm(&v);
            let (bend, push) = (dot(&slope, &v) / (length * length), dot(&w[..n], &local.column));
            if bend.abs() * length <= FLAT * norm(&slope) || push.abs() <= FLAT * norm(&w[..n]) * norm(&local.column) {
                return Err(Refusal::Singular.into());
            }
            normalise(&mut v).ok_or(Refusal::Singular)?;
            // the point is a root, and its tangent as flat as the fold says
            let there = curve.correct(&x, &v)?;
            if curve.distance(&there.x, &x) > ATTAINABLE || there.tangent[n].abs() > 1e-6 * (1.0 + (bend / push).abs())
            {
                return Err(Refusal::Unconfirmed.into());
            }
            return Ok(Fold { x, tangent: v, bend: -bend / push * curve.scale[n] });
        }
        last = size;
        (b, c) = (w[..n].to_vec(), v[..n].to_vec());
    }
    Err(Refusal::Diverged.into())
}
