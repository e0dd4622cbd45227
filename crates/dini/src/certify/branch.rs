//! A root followed by proofs along one parameter.
//!
//! A region around one point ends where derivatives have changed too much from those of the point. From its edge the same test goes
//! on around a root there, which is the same one if it lies in the box that the first region has shown to hold one root alone. Where two regions
//! overlap their roots are equal at one value, and so at all: roots at which J is regular can't part. So the function z*(a) goes on, as smooth as g,
//! to where the regions have become short.

use super::krawczyk::{Krawczyk, box_around};
use super::newton;
use super::programs::Work;
use super::regions::{first, region};
use super::{Region, Smooth};
use crate::interval::Interval;

/// Most regions on either side.
const LINKS: usize = 32;
/// A region begins at this share of the last one.
const INSIDE: f64 = 0.97;
/// It is not worth going on for less than this share of the way.
const WORTH: f64 = 0.02;
/// Unknowns above which the first region is the only one.
const FEW: usize = 64;
/// A radius that is so many times the parameter needs no more.
const FAR: f64 = 1e6;

/// How far parameter `k` may change by itself.
pub(super) fn along(point: &Krawczyk<'_>, k: usize, work: &mut Work) -> Region {
    let mut direction = vec![0.0; point.a.len()];
    direction[k] = 1.0;
    let size = point.a[k].abs();
    let own = region(point, &direction, first(size), work);
    if own.radius == 0.0 || own.radius > FAR * size.max(1.0) || point.z.len() > FEW {
        return own;
    }
    let [left, right] = [-1.0, 1.0].map(|sign| further(point, &own, &direction, (k, sign), work));
    let reach = left.reach.iter().zip(&right.reach).map(|(left, right)| left.max(*right)).collect();
    Region { radius: left.radius.min(right.radius), reach }
}

/// How far it may on one side, beginning with the region around the point itself.
fn further(point: &Krawczyk<'_>, own: &Region, direction: &[f64], (k, sign): (usize, f64), work: &mut Work) -> Region {
    let mut best = own.clone();
    let (mut z, mut a, mut last) = (point.z.clone(), point.a.clone(), own.clone());
    for _ in 0..LINKS {
        let alone = box_around(&z, &last.reach);
        a[k] += sign * INSIDE * last.radius;
        let parameters: Vec<Interval> = a.iter().map(|a| Interval::point(*a)).collect();
        let Some(next) = newton::settled(point.programs, z, &parameters, work) else { break };
        let Ok(there) = Krawczyk::new(point.programs, &next, &a, work) else { break };
        let Ok(passed) = there.pass(&vec![0.0; a.len()], Smooth::Yes, work) else { break };
        let same = alone.iter().zip(box_around(&next, &passed.root)).all(|(alone, root)| alone.includes(root));
        if !same {
            break;
        }
        last = region(&there, direction, last.radius, work);
        let way = ((a[k] - point.a[k]).abs().next_down() + last.radius).next_down();
        if last.radius == 0.0 || way <= best.radius {
            break;
        }
        let far = |j: usize| ((next[j] - point.z[j]).abs() + last.reach[j]).next_up().next_up();
        let reach = (0..next.len()).map(|j| best.reach[j].max(far(j))).collect();
        let little = way < (1.0 + WORTH) * best.radius;
        best = Region { radius: way, reach };
        if little || way > FAR * point.a[k].abs().max(1.0) {
            break;
        }
        z = next;
    }
    best
}
