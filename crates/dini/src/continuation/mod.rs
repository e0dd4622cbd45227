//! Branches of roots along one parameter, through folds: pseudo-arclength continuation.
//!
//! ```
//! use dini::Model;
//! use dini::continuation::Options;
//! // z = tanh(2 z + x): an S with folds at x = -+0.5328
//! let model = Model::equation(|z, x| [z[0] - (2.0 * z[0] + x[0]).tanh()]).parameters(&[-1.0]).start(&[-0.99]);
//! let branch = model.branch(0, -1.0..=1.0, &Options::default())?;
//! let folds: Vec<f64> = branch.folds().map(|fold| fold.a).collect();
//! assert!((folds[0] - 0.532839975353552).abs() < 1e-10 && (folds[1] + folds[0]).abs() < 1e-10);
//! assert!(branch.is_complete() && branch.points.last().is_some_and(|end| end.a == 1.0 && end.z[0] > 0.99));
//! # Ok::<(), dini::Error>(())
//! ```
//!
//! **The curve.** g(z; a) = 0 is n equations in n + 1 numbers x = (z, a): a curve, wherever E = (J, dg/da) has rank n. At a fold J is
//! singular and E is not, so the curve is followed by its arclength s, not by a. Lengths and angles are those of scaled numbers: the parameter
//! counts relative to the length of its range, an unknown relative to the largest it has been (at the start also to how far its slope would
//! carry it over the range, up to 1; 1 where all of that is 0), all unknowns together as much as the parameter: z_j / (size_j sqrt n).
//! Scales are powers of two at or above these.
//!
//! **A step** goes along the tangent t, E t = 0, and is corrected by Newton's method in the plane normal to t, whose matrix (E; t^T)
//! is regular wherever the curve is smooth. A point is accepted when the correction is within the tolerance of every unknown, or as small
//! as errors of rounding, which are sampled, let it become (at most 1e-8 of the scale), is as small after it, and g changes nearby as its derivatives say. A step is
//! halved where corrections do not halve each time, where the tangents differ by more than an angle, where the bow of the step is not that
//! of a smooth curve (half of the turn), where the cubic through both ends leaves the curve in between by more than 3e-4 of the step, and where det (E; t^T) changes its sign without a branch point in between: then the point lies
//! on another branch. What can still happen is a jump to a branch side by side with this one, of the same direction and with a determinant of the
//! same sign, closer than that; a smaller largest step excludes it.
//!
//! **Folds** (da/ds changes its sign) are located by Newton's method on an extended system with second derivatives (`fold.rs`), which also
//! says whether they are regular. What turns back without being a regular fold, as at a kink, is an [`Event::Turn`]. Two folds in one
//! step cancel; where the cubic through its ends has them, or nearly, the step is halved, so that narrower pairs alone are not seen.
//!
//! **Branch points** (det (E; t^T) changes its sign) are located by an extended system whose slack says by how much the equations miss a
//! crossing (`branch_point.rs`); the trace goes straight on. Crossings that do not change the sign of the determinant are not seen.
//!
//! **Hopf points** (a complex pair of eigenvalues crosses the imaginary axis) are located on the branch by bisection and the regula falsi;
//! a pair that crosses in the same step as a real eigenvalue is not seen.
//!
//! **Kinks** of g (abs, min, select): where the direction jumps by more than the largest turn the branch goes on beyond an
//! [`Event::Corner`], or an [`Event::Turn`] if a turns back, found where n <= 1000; smaller jumps of the direction are passed unseen, and stability is
//! that of the derivatives on either side.
//!
//! Cost: a step takes two to four linearisations and factorisations, dense up to n = 1000, sparse from 65 unknowns where a pattern is
//! known; eigenvalues for n <= 200.
//!
//! Sources: H. B. Keller (1977), in Applications of Bifurcation Theory, ISBN 978-0-12-566450-8; E. L. Allgower and K. Georg (2003),
//! Introduction to Numerical Continuation Methods, doi:10.1137/1.9780898719154; W. Govaerts (2000), Numerical Methods for Bifurcations of
//! Dynamical Equilibria, doi:10.1137/1.9780898719543; and those of the files.
//!
//! - `family.rs`: what is traced; `options.rs`; `branch.rs`: the result;
//! - `curve.rs`: the scaled curve, its tangents and corrections; `local.rs`: the equations at a point; `confirm.rs`: whether that is one of the curve; `border.rs`: bordered linear systems;
//! - `start.rs`: the first point; `walk.rs`: one way along the branch, from `stand.rs` to `stand.rs`; `edge.rs`: where it leaves;
//! - `smooth.rs`: whether a step is one; `orientation.rs`: whether a step has changed the sign of the determinant, for sparse systems;
//! - `events.rs`: what happens on a step; `fold.rs`, `branch_point.rs`, `stability.rs`, `corner.rs`.

mod border;
mod branch;
mod branch_point;
mod confirm;
mod corner;
mod curve;
mod edge;
mod events;
mod family;
mod fold;
mod local;
mod options;
mod orientation;
mod smooth;
mod stability;
mod stand;
mod start;
mod walk;

pub use branch::{Branch, Event, Obstacle, Point, Stop, Tangent};
pub use family::Family;
pub use options::{Direction, Flow, Options};

use std::ops::RangeInclusive;

use crate::error::Error;
use crate::outcome::Status;
use crate::solve::Control;
use curve::{Curve, Trouble};
use edge::Edges;
use stand::Stand;
use walk::Walk;

/// The branch of roots through a start (z, a), within a range of a: both ways from the start, or as [`Options::direction`] says.
///
/// A start that is no root is solved for first, with a held ([`Branch::solved`]). See [`continuation`](crate::continuation) for the method
/// and its limits, [`Family`] for an example.
///
/// # Errors
/// [`Error::Option`], [`Error::Shape`], [`Error::Empty`], [`Error::Unusable`], [`Error::OutOfBounds`] for what is out of range;
/// [`Error::TooLarge`] for more than 1000 unknowns without a pattern; [`Error::NotConverged`] where no root is found at the start;
/// [`Error::User`] for a fatal error of the family. A branch that ends early is no error: see [`Branch::stops`].
pub fn trace(
    family: &dyn Family,
    start: (&[f64], f64),
    range: RangeInclusive<f64>,
    options: &Options,
) -> Result<Branch, Error> {
    trace_with(family, start, range, options, &mut |_| Control::Continue)
}

/// [`trace`] with an observer that sees every point when it is found, and may stop the trace: what was found is kept.
///
/// Points of the way back from the start come last, with tangents along that way.
///
/// # Errors
/// As [`trace`].
pub fn trace_with(
    family: &dyn Family,
    start: (&[f64], f64),
    range: RangeInclusive<f64>,
    options: &Options,
    watch: &mut dyn FnMut(&Point) -> Control,
) -> Result<Branch, Error> {
    let (range, n) = (range.into_inner(), family.unknowns());
    start::check(family, start, range, options)?;
    let (mut lower, mut upper) = (vec![f64::NEG_INFINITY; n], vec![f64::INFINITY; n]);
    if let Some(bounds) = &options.bounds {
        (lower, upper) = (bounds.lower().to_vec(), bounds.upper().to_vec());
    }
    let edges = Edges { range, lower, upper };
    let mut curve = Curve::new(family, options, range.1 - range.0);
    let (first, solved) = start::root(&mut curve, start)?;
    let x: Vec<f64> = first.x[..n].iter().copied().chain([edges.clamp(first.x[n])]).collect();
    let (tangent, scale) = (first.tangent, curve.scale.clone());
    let back = tangent.iter().map(|t| -t).collect::<Vec<f64>>();
    let here = stand(&curve, &x, &tangent)?;
    let mut branch = Branch { points: vec![here.point(&curve, None)], start: 0, solved, stops: [None, None] };
    if options.direction != Direction::Down && leads_in(&here, &edges) {
        let (points, stop) = Walk::new(&mut curve, &edges, here).run(watch).map_err(Error::User)?;
        branch.points.extend(points);
        branch.stops[1] = Some(stop);
    }
    curve.scale = scale.clone();
    let here = stand(&curve, &x, &back)?;
    let over = matches!(branch.stops[1], Some(Stop::Closed | Stop::Interrupted));
    if options.direction != Direction::Up && !over && leads_in(&here, &edges) {
        let (points, stop) = Walk::new(&mut curve, &edges, here).run(watch).map_err(Error::User)?;
        branch.start = points.len();
        branch.stops[0] = Some(stop);
        branch.points.splice(0..0, points.into_iter().rev().map(turned));
    }
    curve.scale = scale;
    mark_start(&curve, (&x, &tangent), &mut branch)?;
    Ok(branch)
}

/// The start, going along `tangent`.
fn stand(curve: &Curve<'_>, x: &[f64], tangent: &[f64]) -> Result<Stand, Error> {
    let at = curve.at(x, tangent).map_err(|trouble| match trouble {
        Trouble::User(error) => Error::User(error),
        Trouble::Refused(_) => Error::NotConverged { sample: 0, status: Status::Singular, residual: 0.0 },
    })?;
    Ok(Stand::new(curve, at, 0.0))
}

/// Whether a step from the start stays in the range.
fn leads_in(here: &Stand, edges: &Edges) -> bool {
    let a = here.x[here.x.len() - 1];
    match here.rising() {
        Some(true) => a < edges.range.1,
        Some(false) => a > edges.range.0,
        None => true,
    }
}

/// A point of the way back, as one of the branch.
fn turned(mut point: Point) -> Point {
    point.arclength = -point.arclength;
    point.tangent.a = -point.tangent.a;
    point.tangent.z.iter_mut().for_each(|slope| *slope = -*slope);
    point
}

/// Says what the start is, where the parameter turns back at it: no step sees that.
fn mark_start(curve: &Curve<'_>, (x, tangent): (&[f64], &[f64]), branch: &mut Branch) -> Result<(), Error> {
    let (start, last) = (branch.start, branch.points.len() - 1);
    let before = if branch.is_closed() { last.checked_sub(1) } else { start.checked_sub(1) };
    let (Some(before), Some(after)) = (before, branch.points.get(start + 1)) else { return Ok(()) };
    let turns = (branch.points[before].tangent.a > 0.0) != (after.tangent.a > 0.0);
    if tangent[curve.n].abs() > stand::LEVEL || !turns {
        return Ok(());
    }
    let fold = Trouble::refused(fold::fold(curve, x, tangent)).map_err(Error::User)?;
    let point = &mut branch.points[start];
    point.event = Some(fold.map_or(Event::Turn, |fold| Event::Fold { bend: fold.bend }));
    (point.positive, point.unstable) = (None, None);
    Ok(())
}
