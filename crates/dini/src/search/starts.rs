//! Where to start when nobody says, or where the start given leads nowhere.

use crate::problem::Bounds;

/// Starts of one unknown, in the order tried.
pub(super) const ONE: [f64; 33] = [
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

/// `value` as a start of unknown `j`, or one like it inside the bounds: mirrored at a single bound, between two of them on a smooth
/// scale from the one to the other.
pub(super) fn inside(bounds: Option<&Bounds>, j: usize, value: f64) -> f64 {
    let Some(bounds) = bounds.filter(|bounds| !bounds.holds(j, value)) else { return value };
    let (lower, upper) = (bounds.lower()[j], bounds.upper()[j]);
    let off = |distance: f64| if distance == 0.0 { 1.0 } else { distance.abs() };
    // half of the way to the largest number where that is as far as one gets
    let within = |z: f64, bound: f64| if z.is_finite() { z } else { 0.5 * bound + 0.5 * f64::MAX.copysign(z) };
    match (lower.is_finite(), upper.is_finite()) {
        (true, true) => {
            let share = (0.5 + value.atan() / std::f64::consts::PI).clamp(1e-6, 1.0 - 1e-6);
            lower * (1.0 - share) + upper * share
        }
        (true, false) => within(lower + off(value - lower), lower),
        (false, true) => within(upper - off(value - upper), upper),
        (false, false) => value,
    }
}

/// The first start: the values given, and 0 for the others, or what is inside their bounds.
pub(super) fn first(given: &[Option<f64>], bounds: Option<&Bounds>) -> Vec<f64> {
    given.iter().enumerate().map(|(j, v)| v.unwrap_or_else(|| inside(bounds, j, 0.0))).collect()
}

/// All starts, the given values kept; a single one where every unknown has a value.
pub(super) fn candidates(given: &[Option<f64>], bounds: Option<&Bounds>) -> Vec<Vec<f64>> {
    let free = given.iter().filter(|value| value.is_none()).count();
    let mut starts: Vec<Vec<f64>> = Vec::new();
    // the value of the k-th unknown without one
    let mut push = |value: &dyn Fn(usize) -> f64| {
        let mut rank = 0;
        let start: Vec<f64> = given
            .iter()
            .enumerate()
            .map(|(j, known)| {
                known.unwrap_or_else(|| {
                    rank += 1;
                    inside(bounds, j, value(rank - 1))
                })
            })
            .collect();
        // bounds make several starts the same
        if bounds.is_none() || !starts.contains(&start) {
            starts.push(start);
        }
    };
    match free {
        0 => push(&|_| 0.0),
        1 => ONE.iter().for_each(|v| push(&|_| *v)),
        n => {
            for size in SEVERAL {
                push(&|_| size);
                if size != 0.0 {
                    // unequal, since equal unknowns often make the Jacobian singular
                    push(&|i| size * spread(i));
                    push(&|i| size * spread(i) * if i % 2 == 0 { 1.0 } else { -1.0 });
                    push(&|i| size * spread(i) * if i == 0 { -1.0 } else { 1.0 });
                }
            }
            let count = if n < MANY { SCATTERED } else { SCATTERED / 8 };
            for seed in 0..count {
                // a third of all starts is positive: concentrations, lengths, temperatures
                push(&|i| scattered(seed, i as u64, seed % 3 == 0));
            }
        }
    }
    starts
}

/// Small changes of a start, most unknowns by different amounts.
pub(super) fn nearby(start: &[f64], bounds: Option<&Bounds>) -> Vec<Vec<f64>> {
    let shifted = |by: &f64| {
        let shift = |(i, v): (usize, &f64)| {
            let moved = v + by * spread(i) * if *v == 0.0 { 1.0 } else { v.abs() };
            inside(bounds, i, moved)
        };
        start.iter().enumerate().map(shift).collect()
    };
    NEARBY.iter().map(shifted).collect()
}

/// 1, 0.9, 1.1, 0.8, 1.2, ... up to five steps either way, then again.
pub(super) fn spread(i: usize) -> f64 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_keep_what_is_given_and_stay_inside() {
        let bounds = Bounds::new(vec![0.0, f64::NEG_INFINITY, -1.0], vec![1.0, -2.0, f64::INFINITY]).unwrap();
        for given in [[None; 3], [None, Some(-5.0), None], [Some(0.25), Some(-3.0), Some(7.0)]] {
            let starts = candidates(&given, Some(&bounds));
            assert!(starts.len() == 1 || starts.len() > 60);
            for start in starts.iter().chain(&nearby(&starts[0], Some(&bounds))) {
                assert!(start.iter().enumerate().all(|(j, z)| bounds.holds(j, *z)), "{start:?}");
            }
            for start in starts {
                assert!(given.iter().zip(&start).all(|(given, z)| given.is_none_or(|given| given == *z)));
            }
        }
    }

    #[test]
    fn starts_are_finite_whatever_the_bounds() {
        let (inf, big) = (f64::INFINITY, f64::MAX);
        for (lower, upper) in [(1e308, inf), (-inf, -1e308), (-big, big), (-1e-320, 1e-320), (0.0, inf), (1.0, 1.5)] {
            let bounds = Bounds::new(vec![lower], vec![upper]).unwrap();
            for start in candidates(&[None], Some(&bounds)) {
                assert!(start[0].is_finite() && lower <= start[0] && start[0] <= upper, "{lower}..{upper}: {start:?}");
            }
        }
    }
}
