//! Whether the determinant of derivatives and tangent has changed its sign, where sparse factors do not tell.
//!
//! With M before and N after a step, K = M^-1 N has a negative determinant where an odd number of its eigenvalues is negative, that is
//! where I - K has as many real ones above 1. For a short step K is near I but for what has flipped, so these eigenvalues are the
//! outermost ones of I - K, which Arnoldi's method finds first.
//!
//! Source: Y. Saad (2011), Numerical Methods for Large Eigenvalue Problems, doi:10.1137/1.9781611970739, chapter 6.

use super::border::{Factors, dot, norm, normalise};
use super::local::Local;
use crate::kernels::factor::eigenvalues;
use crate::solve::root::general_position;

/// Most dimensions of the space in which eigenvalues are looked for.
const MOST: usize = 24;
/// Share of its length below which a vector has nothing new.
const NEW: f64 = 1e-12;

/// Whether det (derivatives; tangent) at `next` and the determinant of `factors` differ in sign.
pub(super) fn flips(factors: &Factors, next: &Local, tangent: &[f64], rows: &[f64]) -> bool {
    let size = tangent.len();
    let most = MOST.min(size);
    let mut basis = vec![general_position(size, 7)];
    if normalise(&mut basis[0]).is_none() {
        return false;
    }
    // Hessenberg, column by column
    let mut small = vec![0.0; most * most];
    let mut dimension = 0;
    for k in 0..most {
        let mut image = next.multiply(tangent, &basis[k]);
        // in the units that equations had before
        image.iter_mut().zip(rows.iter().zip(&next.rows)).for_each(|(v, (before, after))| *v *= before / after);
        if !factors.solve(&mut image) {
            return false;
        }
        let mut left: Vec<f64> = basis[k].iter().zip(&image).map(|(v, kv)| v - kv).collect();
        let length = norm(&left);
        // twice, for orthogonality
        for _ in 0..2 {
            for (i, known) in basis.iter().enumerate() {
                let part = dot(&left, known);
                small[k * most + i] += part;
                left.iter_mut().zip(known).for_each(|(v, known)| *v -= part * known);
            }
        }
        dimension = k + 1;
        let rest = norm(&left);
        if rest <= NEW * length.max(1.0) || k + 1 == most {
            break;
        }
        small[k * most + k + 1] = rest;
        left.iter_mut().for_each(|v| *v /= rest);
        basis.push(left);
    }
    let square: Vec<f64> = (0..dimension).flat_map(|k| small[k * most..k * most + dimension].iter().copied()).collect();
    let values = eigenvalues(&square, dimension).unwrap_or_default();
    values.iter().filter(|(re, im)| *im == 0.0 && *re > 1.0).count() % 2 == 1
}
