//! The largest boxes around a root for which the test succeeds.

use rayon::prelude::*;

use super::branch;
use super::krawczyk::{Krawczyk, Passed};
use super::programs::{Programs, Work};
use super::{Certificate, Fault, Region, Smooth};

/// Steps by which a radius is looked for: factors of two up and down, then halvings of the last factor.
const DOUBLINGS: usize = 60;
const HALVINGS: usize = 60;
const REFINEMENTS: usize = 7;

/// What can be proved of the root near `z`, at the parameters `a`.
///
/// Costs one inverse of dg/dz (n^3), and some 100 evaluations of g and its derivatives on intervals a parameter, each with n^2
/// operations. `z` is as good as its residual: a root that is known to 1e-6 alone has a ball of that size.
///
/// Where there is no certificate, [`Certificate::fault`] says why; that is no proof of anything.
///
/// # Panics
/// Where `z` and `a` are not as many as the programs' unknowns and parameters.
pub fn certify(programs: &Programs, z: &[f64], a: &[f64]) -> Certificate {
    assert_eq!((z.len(), a.len()), (programs.unknowns(), programs.parameters()), "unknowns and parameters");
    let mut work = Work::default();
    match proved(programs, z, a, &mut work) {
        Ok(certificate) => certificate,
        Err(fault) => Certificate::refused(fault, z.len(), a.len()),
    }
}

fn proved(programs: &Programs, z: &[f64], a: &[f64], work: &mut Work) -> Result<Certificate, Fault> {
    let point = Krawczyk::new(programs, z, a, work)?;
    let nothing = vec![0.0; a.len()];
    let Passed { radii: unique, root } = point.pass(&nothing, Smooth::Yes, work)?;
    let ball = largest(&root);
    let within = regular(&point, ball, work).unwrap_or_else(|| smallest(&unique));
    let parameters =
        (0..a.len()).into_par_iter().map_init(Work::default, |work, k| branch::along(&point, k, work)).collect();
    let size = a.iter().fold(0.0, |max: f64, a| max.max(a.abs()));
    let together = region(&point, &vec![1.0; a.len()], first(size), work);
    // at the parameters alone a kink by one of them is not seen
    let fault = if a.is_empty() || together.radius > 0.0 { None } else { Some(at_once(&point, size, work)) };
    Ok(Certificate { holds: fault.is_none(), fault, ball, radii: root, unique_within: within, parameters, together })
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |max: f64, v| max.max(*v))
}

fn smallest(values: &[f64]) -> f64 {
    values.iter().fold(f64::INFINITY, |min: f64, v| min.min(*v))
}

/// The largest distance, in the maximum norm, within which J is regular; none where it is not even as far as `ball`.
fn regular(point: &Krawczyk<'_>, ball: f64, work: &mut Work) -> Option<f64> {
    let same = vec![1.0; point.z.len()];
    if point.is_regular(f64::INFINITY, &same, work) {
        return Some(f64::INFINITY);
    }
    let start = ball.max(f64::EPSILON * largest(&point.z.iter().map(|z| z.abs()).collect::<Vec<_>>()));
    let start = start.max(f64::MIN_POSITIVE);
    let mut found = None;
    search(start, &mut |t| {
        let passes = point.is_regular(t, &same, work);
        if passes {
            found = Some(found.map_or(t, |best: f64| best.max(t)));
        }
        passes
    });
    found.filter(|t| *t >= ball)
}

/// Why parameters of this size may not change at once by the least that can be told.
fn at_once(point: &Krawczyk<'_>, size: f64, work: &mut Work) -> Fault {
    let least = f64::EPSILON * size.max(f64::MIN_POSITIVE / f64::EPSILON);
    point.pass(&vec![least; point.a.len()], Smooth::Yes, work).err().unwrap_or(Fault::Singular)
}

/// What is tried first for a parameter of this size.
pub(super) fn first(size: f64) -> f64 {
    if size > 0.0 { 0.01 * size } else { 0.01 }
}

/// The largest region found along `direction`, beginning with this radius.
pub(super) fn region(point: &Krawczyk<'_>, direction: &[f64], start: f64, work: &mut Work) -> Region {
    let mut best = Region { radius: 0.0, reach: vec![0.0; point.z.len()] };
    let mut attempt = |radius: f64| {
        let radii: Vec<f64> = direction.iter().map(|d| if *d == 0.0 { 0.0 } else { d * radius }).collect();
        match point.pass(&radii, Smooth::Yes, work) {
            Ok(Passed { radii: reach, .. }) => {
                if radius > best.radius {
                    best = Region { radius, reach };
                }
                true
            }
            Err(_) => false,
        }
    };
    if direction.iter().any(|d| *d != 0.0) && !attempt(f64::INFINITY) {
        search(start, &mut attempt);
    }
    best
}

/// Looks for the largest number that passes: doubled while it does, halved until it does, and in between.
pub(crate) fn search(start: f64, passes: &mut dyn FnMut(f64) -> bool) {
    let (mut low, mut high);
    if passes(start) {
        (low, high) = (start, 2.0 * start);
        for _ in 0..DOUBLINGS {
            if !passes(high) {
                break;
            }
            (low, high) = (high, 2.0 * high);
        }
    } else {
        (low, high) = (0.5 * start, start);
        let mut left = HALVINGS;
        while !passes(low) {
            if left == 0 {
                return;
            }
            left -= 1;
            (low, high) = (0.5 * low, low);
        }
    }
    for _ in 0..REFINEMENTS {
        let middle = 0.5 * (low + high);
        if passes(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}
