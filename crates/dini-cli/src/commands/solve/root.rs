//! Whether a point is a root, as far as rounding lets one say.

use dini::linear::DenseLu;
use dini::verdict::equilibrate;

use super::model::{jacobian, residual};
use crate::equation::System;

/// Points a few roundings away at which the noise of g is sampled.
const SAMPLES: u32 = 10;
/// Corrections within this many times the noise mean nothing.
const NOISE: f64 = 8.0;
/// Relative distance at which g must have changed, or it is flat and z no isolated root.
const AWAY: f64 = 1e-3;
/// The same in multiples of the uncertainty of z, for a root near 0 among terms near 1, and its limit.
const BEYOND: f64 = 1e3;
const NEAR: f64 = 1e-6;

/// Whether z is a root: the Newton correction J^-1 g is at most `tolerance` |z_j| in every component, or lost in the
/// rounding errors of g, and g does change around z.
///
/// The correction is measured in z, not in g, because only that tells a root from a residual that is small everywhere
/// (exp(-z) = 0, z^2 + 1e-12 = 0). Where J has no inverse g itself is compared with the size of J z. The last condition
/// tells a multiple root from a function that has underflowed. Costs n + 20 evaluations and one factorisation.
pub(super) fn is_root(system: &System, z: &[f64], tolerance: f64) -> bool {
    let (n, g) = (z.len(), residual(system, z));
    if !g.iter().chain(z).all(|v| v.is_finite()) {
        return false;
    }
    let exact = g.iter().all(|v| *v == 0.0);
    let matrix = jacobian(system, z);
    if !matrix.iter().all(|v| v.is_finite()) {
        return exact && changes(system, z, &g, &vec![0.0; n], &vec![0.0; n]);
    }
    let noise: Vec<Vec<f64>> = (0..SAMPLES).map(|k| noise(system, z, &g, &matrix, k)).collect();
    let loudest = |noise: &[Vec<f64>], i: usize| noise.iter().fold(0.0, |max: f64, r| max.max(r[i].abs()));
    let per_equation: Vec<f64> = (0..n).map(|i| loudest(&noise, i)).collect();
    let size = |i: usize| (0..n).map(|j| (matrix[j * n + i] * z[j]).abs()).sum::<f64>();
    let mut balanced = matrix.clone();
    let (rows, columns) = equilibrate(&mut balanced, n);
    let mut lu = DenseLu::new(1, n);
    lu.matrices_mut().copy_from_slice(&balanced);
    lu.factor(0);
    let mut uncertainty = vec![0.0; n];
    let small = if lu.is_singular(0) {
        (0..n).all(|i| g[i].abs() <= tolerance * size(i) + NOISE * per_equation[i])
    } else {
        let solve = |g: &[f64]| {
            let mut x: Vec<f64> = g.iter().zip(&rows).map(|(g, r)| g * r).collect();
            lu.solve(0, &mut x);
            x.iter_mut().zip(&columns).for_each(|(x, c)| *x *= c);
            x
        };
        let correction = solve(&g);
        let noise: Vec<Vec<f64>> = noise.iter().map(|r| solve(r)).collect();
        uncertainty = (0..n).map(|j| NOISE * loudest(&noise, j)).collect();
        (0..n).all(|j| correction[j].abs() <= tolerance * z[j].abs() + uncertainty[j])
    };
    (small || exact) && changes(system, z, &g, &per_equation, &uncertainty)
}

/// Euclidean norm of left minus right; infinite where it is undefined.
pub(super) fn residual_norm(system: &System, z: &[f64]) -> f64 {
    let g = residual(system, z);
    let largest = g.iter().fold(0.0, |max: f64, v| if v.is_nan() { f64::INFINITY } else { max.max(v.abs()) });
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    // scaled, so that tiny residuals do not underflow to a root
    largest * g.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt()
}

/// Rounding error of g: what a few units in the last place of z change beyond J.
///
/// Of every second sample the units are those of 1, because a root near 0 does not show the rounding of terms near 1
/// (exp(z) - 1); there only the part of the error that is odd in the step counts, since the even one is curvature.
fn noise(system: &System, z: &[f64], g: &[f64], matrix: &[f64], sample: u32) -> Vec<f64> {
    let largest = z.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    let absolute = sample % 2 == 1;
    let unit = |v: f64| match v.abs() {
        v if absolute => v.max(1.0),
        0.0 => largest,
        v => v,
    };
    let beyond = |sign: f64| {
        // no whole number of units: the same rounding everywhere would show as none
        let ulps = |j: u32| sign * 1.618 * (f64::from((sample * 5 + j * 3) % 11) - 5.0);
        let moved: Vec<f64> = z.iter().zip(0u32..).map(|(v, j)| v + ulps(j) * f64::EPSILON * unit(*v)).collect();
        let mut error = residual(system, &moved);
        error.iter_mut().zip(g).for_each(|(e, g)| *e -= g);
        for (column, (moved, z)) in matrix.chunks_exact(z.len()).zip(moved.iter().zip(z)) {
            error.iter_mut().zip(column).for_each(|(e, j)| *e -= j * (moved - z));
        }
        error
    };
    let mut error = beyond(1.0);
    if absolute {
        error.iter_mut().zip(beyond(-1.0)).for_each(|(e, back)| *e = 0.5 * (*e - back));
    }
    // beside the domain nothing is known of the noise
    error.iter_mut().filter(|e| !e.is_finite()).for_each(|e| *e = 0.0);
    error
}

/// Whether g changes beyond its noise a little way from z, in any of four directions.
fn changes(system: &System, z: &[f64], g: &[f64], noise: &[f64], uncertainty: &[f64]) -> bool {
    let signs: [fn(usize) -> f64; 4] =
        [|_| 1.0, |_| -1.0, |j| if j % 2 == 0 { 1.0 } else { -0.5 }, |j| if j % 2 == 0 { -1.0 } else { 0.5 }];
    signs.iter().any(|sign| {
        let size =
            |j: usize, v: f64| if v == 0.0 { AWAY } else { (AWAY * v.abs()).max(NEAR.min(BEYOND * uncertainty[j])) };
        let step = |(j, v): (usize, &f64)| v + sign(j) * size(j, *v);
        let there = residual(system, &z.iter().enumerate().map(step).collect::<Vec<_>>());
        there.iter().zip(g).zip(noise).any(|((there, g), noise)| {
            let still = (there - g).abs() <= NOISE * noise.max(f64::MIN_POSITIVE);
            !still
        })
    })
}
