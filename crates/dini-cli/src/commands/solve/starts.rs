//! Where to start when the user does not say, or where the start given leads nowhere.

use super::model::residual;
use crate::equation::System;

/// Starts of one unknown, in the order tried.
const ONE: [f64; 33] = [
    0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 10.0, -10.0, 0.1, -0.1, 5.0, -5.0, 100.0, -100.0, 1e-2, -1e-2, 1e3, -1e3,
    1e-3, -1e-3, 1e4, -1e4, 1e-4, -1e-4, 1e6, -1e6, 1e-6, -1e-6, 1e9, -1e9, 1e-9, -1e-9,
];
/// Sizes of the first, regular starts of several unknowns.
const SEVERAL: [f64; 15] = [0.0, 1.0, -1.0, 0.5, 2.0, -2.0, 10.0, 0.1, 100.0, 1e-2, 1e3, 1e-3, 1e4, 1e6, 1e-6];
/// Scattered starts of several unknowns, and from which number of unknowns on there are fewer.
const SCATTERED: u64 = 96;
const MANY: usize = 12;
/// Relative changes of a start that failed.
const NEARBY: [f64; 8] = [1e-3, -1e-3, 1e-2, -1e-2, 0.1, -0.1, 0.5, -0.5];

/// All starts, the given values kept; a single one where every unknown has a value.
pub(super) fn candidates(given: &[Option<f64>]) -> Vec<Vec<f64>> {
    let free: Vec<usize> = (0..given.len()).filter(|&i| given[i].is_none()).collect();
    let fill = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let mut rank = 0;
        let mut next = || {
            rank += 1;
            value(rank - 1)
        };
        given.iter().map(|v| v.unwrap_or_else(&mut next)).collect()
    };
    match free.len() {
        0 => vec![fill(&|_| 0.0)],
        1 => ONE.iter().map(|v| fill(&|_| *v)).collect(),
        n => {
            let mut starts = Vec::new();
            for size in SEVERAL {
                starts.push(fill(&|_| size));
                if size != 0.0 {
                    // unequal, since equal unknowns often make the Jacobian singular
                    starts.push(fill(&|i| size * spread(i)));
                    starts.push(fill(&|i| size * spread(i) * if i % 2 == 0 { 1.0 } else { -1.0 }));
                    starts.push(fill(&|i| size * spread(i) * if i == 0 { -1.0 } else { 1.0 }));
                }
            }
            let count = if n < MANY { SCATTERED } else { SCATTERED / 8 };
            for seed in 0..count {
                // a third of all starts is positive: concentrations, lengths, temperatures
                starts.push(fill(&|i| scattered(seed, i as u64, seed % 3 == 0)));
            }
            starts
        }
    }
}

/// The first equation that is undefined at `z`.
pub(super) fn undefined(system: &System, z: &[f64]) -> Option<usize> {
    residual(system, z).iter().position(|g| !g.is_finite())
}

/// The start with some of its `free` unknowns moved to where every equation is defined; none where that is not found.
///
/// Equations that restrict the domain (logarithms, roots, powers) come first: one unknown after the other of the first equation that
/// is undefined is moved over magnitudes of both signs, until that equation and those before it are defined.
pub(super) fn into_domain(system: &System, start: &[f64], free: &[bool]) -> Option<Vec<f64>> {
    let mut z = start.to_vec();
    for _ in 0..z.len() {
        let Some(equation) = undefined(system, &z) else { return Some(z) };
        let places = system.unknowns_of(equation).filter(|&place| free[place]);
        let moved = places.into_iter().find_map(|place| {
            ONE.iter().find_map(|&value| {
                let mut there = z.clone();
                there[place] = value * spread(place);
                undefined(system, &there).is_none_or(|next| next > equation).then_some(there)
            })
        });
        z = moved?;
    }
    undefined(system, &z).is_none().then_some(z)
}

/// Small changes of a start, most unknowns by different amounts.
pub(super) fn nearby(start: &[f64]) -> Vec<Vec<f64>> {
    let shifted = |by: &f64| {
        let shift = |(i, v): (usize, &f64)| v + by * spread(i) * if *v == 0.0 { 1.0 } else { v.abs() };
        start.iter().enumerate().map(shift).collect()
    };
    NEARBY.iter().map(shifted).collect()
}

/// 1, 0.9, 1.1, 0.8, 1.2, ... up to five steps either way, then again.
fn spread(i: usize) -> f64 {
    let step = 0.1 * (i.div_ceil(2) % 6) as f64;
    if i % 2 == 1 { 1.0 - step } else { 1.0 + step }
}

/// A number of either sign with a magnitude from 10^-3 to 10^2, or a positive one from 10^-8 on.
fn scattered(seed: u64, i: u64, positive: bool) -> f64 {
    // SplitMix64
    let mut bits = (seed << 32 | i).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let uniform = (bits >> 12) as f64 / (1u64 << 52) as f64;
    match (positive, bits & 1) {
        (true, _) => 10f64.powf(10.0 * uniform - 8.0),
        (false, 0) => 10f64.powf(5.0 * uniform - 3.0),
        (false, _) => -(10f64.powf(5.0 * uniform - 3.0)),
    }
}
