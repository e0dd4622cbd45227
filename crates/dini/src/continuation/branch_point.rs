//! Simple branch points, by an extended system.
//!
//! Where branches cross, E = (J, dg/da), n x (n + 1), has rank n - 1. With rows c1, c2 and a column b that make
//!
//! ```text
//! (E b; c1^T 0; c2^T 0)
//! ```
//!
//! regular, its inverse holds a basis V of two near-null vectors, and of its transpose w and tau with w^T E = -tau^T C^T: tau is 0 where the rank
//! is n - 1, and its derivative along dx is -V^T (w^T g)'' dx. The unknowns are x = (z, a) and beta in g + beta b = 0, tau = 0. It is a crossing
//! where beta is 0; where two branches pass each other without touching, beta is how much the equations would have to change for them to.
//!
//! Source: A. Griewank and G. W. Reddien (1984), doi:10.1093/imanum/4.3.295; E. Allgower and H. Schwetlick (1997),
//! doi:10.1002/zamm.19970770204.

use super::border::{Border, Factors, norm, normalise};
use super::curve::{Curve, Refusal, Trouble};
use super::local::Local;

/// Most steps.
const MOST: usize = 15;
/// Scaled correction at which a point is located, and one that may be rounding.
const LOCATED: f64 = 1e-13;
const ROUNDING: f64 = 1e-9;
/// Roundings of its terms by which an equation may miss 0.
const ROUNDINGS: f64 = 64.0;

/// The crossing near `from`, where the curve goes along `along`; `rounding` is by how much each equation may miss 0, in its own units.
pub(super) fn crossing(curve: &Curve<'_>, from: &[f64], along: &[f64], rounding: &[f64]) -> Result<Vec<f64>, Trouble> {
    let n = curve.n;
    let mut x = from.to_vec();
    let first = curve.linearise(&x)?;
    let (left, mut other) = weakest(&first, along)?;
    // in the equations' own units, in which it stays the same
    let column: Vec<f64> = left[..n].iter().zip(&first.rows).map(|(b, row)| b / row).collect();
    let overlap: f64 = other.iter().zip(along).map(|(a, b)| a * b).sum();
    other.iter_mut().zip(along).for_each(|(a, b)| *a -= overlap * b);
    normalise(&mut other).ok_or(Refusal::Singular)?;
    let (mut beta, mut last) = (0.0, f64::INFINITY);
    for _ in 0..MOST {
        let local = curve.linearise(&x)?;
        let mut b: Vec<f64> = column.iter().zip(&local.rows).map(|(b, row)| b * row).collect();
        let outer = |row: Vec<f64>| Border { column: b.iter().copied().chain([0.0]).collect(), row, corner: 0.0 };
        let factors = Factors::new(&local.matrix, &[local.border(along), outer(other.clone())]);
        let factors = factors.ok_or(Refusal::Singular)?;
        let unit = |place: usize| -> Vec<f64> { (0..n + 2).map(|i| if i == place { 1.0 } else { 0.0 }).collect() };
        // the basis, and the rows of the Newton matrix
        let (mut v, mut u, mut w) = (unit(n), unit(n + 1), unit(n + 1));
        if !factors.solve(&mut v) || !factors.solve(&mut u) || !factors.solve_transpose(&mut w) {
            return Err(Refusal::Singular.into());
        }
        let [row, second] = [&v, &u].map(|v| curve.second(&local, &w[..n], &v[..=n]));
        let newton = Factors::new(&local.matrix, &[local.border(&row?), outer(second?)]).ok_or(Refusal::Singular)?;
        let mut d: Vec<f64> = local.residual();
        d.iter_mut().zip(&b).for_each(|(d, b)| *d += beta * b);
        d.extend([-w[n], -w[n + 1]]);
        if !newton.solve(&mut d) {
            return Err(Refusal::Singular.into());
        }
        let size = norm(&d[..=n]);
        let stalled = size > 0.5 * last && size <= ROUNDING;
        if size > 1.0 || (size > 0.9 * last && !stalled) {
            return Err(Refusal::Diverged.into());
        }
        beta -= d[n + 1];
        x = curve.moved(&x, -1.0, &d[..=n]);
        if size <= LOCATED || stalled {
            b.clone_from(&column);
            let real = b.iter().zip(rounding).all(|(b, rounding)| (beta * b).abs() <= ROUNDINGS * rounding);
            return if real { Ok(x) } else { Err(Refusal::Jump.into()) };
        }
        last = size;
    }
    Err(Refusal::Diverged.into())
}

/// The weakest directions of the derivatives with the row `along`, from the left and from the right.
fn weakest(local: &Local, along: &[f64]) -> Result<(Vec<f64>, Vec<f64>), Refusal> {
    local.factors(along)?.weakest(along.len()).ok_or(Refusal::Singular)
}
