//! One way along a branch.

use super::border::{dot, norm, normalise};
use super::branch::{Event, Obstacle, Point, Stop};
use super::branch_point::crossing;
use super::curve::{Corrected, Curve, Refusal, Trouble, angle};
use super::edge::{Edges, Exit};
use super::events::{Arc, Found};
use super::stand::Stand;
use super::{corner, smooth, stand};
use crate::error::UserError;
use crate::solve::Control;

/// Angle between tangents that steps aim at, as a share of the largest.
const AIM: f64 = 0.4;
/// Most and least growth of a step.
const GROWTH: (f64, f64) = (0.5, 2.0);
/// Corrections of a point that ask for shorter steps.
const MANY: usize = 6;
/// Steps after which a branch may be back at its start.
const AWAY: usize = 3;
/// Scaled distance at which a point is the start.
const BACK: f64 = 1e-9;

/// Component of the parameter in a tangent of length 1 below which a step may lead out of the range and in again.
const NEARLY_LEVEL: f64 = 0.3;

/// Called with every point.
pub(super) type Watch<'w> = dyn FnMut(&Point) -> Control + 'w;

/// One way along a branch.
pub(super) struct Walk<'c, 'f> {
    pub curve: &'c mut Curve<'f>,
    pub edges: &'c Edges,
    /// The start and its direction in unscaled coordinates, and the same scaled, now.
    origin: (Vec<f64>, Vec<f64>),
    here: Stand,
    /// How a changes, as of the last point where that could be told; and a point since, where it could not.
    rising: Option<bool>,
    level: Option<(Vec<f64>, Vec<f64>)>,
    points: Vec<Point>,
}

/// A step that was made.
struct Taken {
    next: Stand,
    events: Vec<Point>,
    stop: Option<Stop>,
    length: f64,
    /// By how much the next may be longer.
    growth: f64,
}

impl<'c, 'f> Walk<'c, 'f> {
    pub fn new(curve: &'c mut Curve<'f>, edges: &'c Edges, here: Stand) -> Self {
        let slopes = here.tangent.iter().zip(&curve.scale).map(|(t, scale)| t * scale).collect();
        let (origin, rising) = ((here.x.clone(), slopes), here.rising());
        let level = rising.is_none().then(|| (here.x.clone(), here.tangent.clone()));
        Walk { curve, edges, origin, here, rising, level, points: Vec::new() }
    }

    /// The points after the start, and why there are no more.
    pub fn run(mut self, watch: &mut Watch<'_>) -> Result<(Vec<Point>, Stop), UserError> {
        let options = self.curve.options;
        let mut h = options.first_step.min(options.largest_step);
        for step in 0..options.max_points {
            let taken = loop {
                match self.step(h, step) {
                    Ok(taken) => break taken,
                    Err(Trouble::User(error)) => return Err(error),
                    Err(Trouble::Refused(refusal)) if h <= options.smallest_step => match self.corner(refusal)? {
                        Some(taken) => break taken,
                        None => {
                            let stop = self.given_up(refusal);
                            return Ok((self.points, stop));
                        }
                    },
                    Err(Trouble::Refused(_)) => h = (0.5 * h).max(options.smallest_step),
                }
            };
            let first = self.points.len();
            self.points.extend(taken.events);
            self.points.push(taken.next.point(self.curve, None));
            let watched = self.points[first..].iter().try_for_each(|point| match watch(point) {
                Control::Continue => Ok(()),
                Control::Stop => Err(Stop::Interrupted),
            });
            if let Some(stop) = taken.stop.or(watched.err()) {
                return Ok((self.points, stop));
            }
            if let Some(rising) = taken.next.rising() {
                (self.rising, self.level) = (Some(rising), None);
            } else {
                self.level = Some((taken.next.x.clone(), taken.next.tangent.clone()));
            }
            self.here = taken.next;
            match self.here.rescale(self.curve) {
                Ok(()) => {}
                Err(Trouble::User(error)) => return Err(error),
                Err(Trouble::Refused(refusal)) => {
                    let stop = self.given_up(refusal);
                    return Ok((self.points, stop));
                }
            }
            h = (taken.length * taken.growth).clamp(options.smallest_step, options.largest_step);
        }
        Ok((self.points, Stop::Limit))
    }

    /// A step of length `h`, or a shorter one to where the branch ends.
    fn step(&self, h: f64, steps: usize) -> Result<Taken, Trouble> {
        let here = &self.here;
        let guess = self.curve.moved(&here.x, h, &here.tangent);
        let (mut next, mut exit) = match self.edges.exit(&here.x, &guess) {
            None => (self.curve.correct(&guess, &here.tangent)?, None),
            Some(exit) => match (self.land(&exit, &guess), self.around(&guess)?) {
                (_, Some(next)) => (next, None),
                (landed, None) => (landed?, Some(exit)),
            },
        };
        if let Some(leaves) = exit.is_none().then(|| self.edges.exit(&here.x, &next.x)).flatten() {
            (next, exit) = (self.land(&leaves, &next.x)?, Some(leaves));
        }
        let mut stop = exit.map(|exit| exit.stop(self.curve.n));
        let mut turn = smooth::turn(self.curve, here, &next)?;
        if let Some(closing) = (steps >= AWAY).then(|| self.closing(&next)).transpose()?.flatten() {
            turn = smooth::turn(self.curve, here, &closing)?;
            (next, stop) = (closing, Some(Stop::Closed));
        }
        let mut crossing = if here.flips(&next) { Some(self.crossing(&next)?) } else { None };
        let arc = Arc { curve: self.curve, here, next: &next };
        let mut found = Vec::new();
        let turned = self.turned(&next);
        if turned {
            match arc.fold(self.level.as_ref())? {
                Some(fold) if self.edges.outside(fold.x[self.curve.n]) => {
                    // out of the range, round a fold and in again
                    let exit = self.edges.exit(&here.x, &fold.x).ok_or(Refusal::Turn)?;
                    let landed = self.land(&exit, &fold.x)?;
                    smooth::turn(self.curve, here, &landed)?;
                    if self.turned(&landed) || here.flips(&landed) {
                        return Err(Refusal::Turn.into());
                    }
                    (next, stop, crossing) = (landed, Some(Stop::Range), None);
                }
                Some(fold) => found.push(fold),
                // at a crossing one of the branches may turn back
                None if crossing.is_some() => {}
                None => found.push(arc.turn()?.ok_or(Refusal::Turn)?),
            }
        }
        let flipped = crossing.is_some();
        if let Some(x) = crossing {
            found.push(Found { x, tangent: here.tangent.clone(), event: Event::BranchPoint });
        }
        let length = dot(&self.curve.between(&here.x, &next.x), &here.tangent);
        let growth = (AIM * self.curve.options.largest_turn / turn.max(1e-6)).clamp(GROWTH.0, GROWTH.1);
        let growth = if next.iterations > MANY { GROWTH.0 } else { growth };
        let way = here.way + self.curve.distance(&here.x, &next.x);
        let mut next = Stand::new(self.curve, next, way);
        next.orientation = here.orientation.map(|positive| positive != flipped);
        if self.curve.options.hopf
            && let Some(hopf) = Arc::hopf(self.curve, here, &next, length)?
        {
            found.push(hopf);
        }
        Ok(Taken { events: self.listed(found), next, stop, length, growth })
    }

    /// The point where the branch leaves, on the way from here to `to`.
    fn land(&self, exit: &Exit, to: &[f64]) -> Result<Corrected, Trouble> {
        exit.land(self.curve, (&self.here.x, to), &self.here.tangent)
    }

    /// The point near a `guess` beyond the range, where the branch turns back before that: near a fold at the end of the range.
    fn around(&self, guess: &[f64]) -> Result<Option<Corrected>, UserError> {
        let here = &self.here;
        if here.tangent[self.curve.n].abs() > NEARLY_LEVEL {
            return Ok(None);
        }
        let next = Trouble::refused(self.curve.correct(guess, &here.tangent))?;
        Ok(next.filter(|next| self.turned(next) && self.edges.exit(&here.x, &next.x).is_none()))
    }

    /// Whether a turns back between the last point where it was known to change and `next`.
    fn turned(&self, next: &Corrected) -> bool {
        let there = next.tangent.last().filter(|a| a.abs() > stand::LEVEL).map(|a| *a > 0.0);
        self.rising.is_some_and(|before| there.is_some_and(|there| there != before))
    }

    /// Where the start lies on the step to `next`, if it does.
    fn closing(&self, next: &Corrected) -> Result<Option<Corrected>, Trouble> {
        let (curve, here) = (&self.curve, &self.here);
        let to = curve.between(&here.x, &self.origin.0);
        let (ahead, length) = (dot(&to, &here.tangent), dot(&curve.between(&here.x, &next.x), &here.tangent));
        let aside = (norm(&to).powi(2) - ahead * ahead).max(0.0).sqrt();
        if !(ahead > 0.0 && ahead <= length * (1.0 + BACK) && aside <= length) {
            return Ok(None);
        }
        let mut first: Vec<f64> = self.origin.1.iter().zip(&curve.scale).map(|(slope, scale)| slope / scale).collect();
        let direction = normalise(&mut first).map(|()| angle(&first, &here.tangent));
        if direction.is_none_or(|angle| angle > 2.0 * curve.options.largest_turn) {
            return Ok(None);
        }
        let there = curve.correct(&curve.moved(&here.x, ahead, &here.tangent), &here.tangent)?;
        Ok((curve.distance(&there.x, &self.origin.0) <= BACK).then_some(there))
    }

    /// The crossing between here and `next`, where the determinant has different signs; refused where there is none, so that `next` is on
    /// another branch.
    fn crossing(&self, next: &Corrected) -> Result<Vec<f64>, Trouble> {
        let (curve, here) = (&self.curve, &self.here);
        let mut along = curve.between(&here.x, &next.x);
        let length = norm(&along);
        normalise(&mut along).ok_or(Refusal::Jump)?;
        let rounding = here.local.rounding(curve).into_iter().zip(next.local.rounding(curve)).map(|(a, b)| a.max(b));
        let rounding: Vec<f64> = rounding.collect();
        for share in [0.5, 0.2, 0.8] {
            let from = curve.moved(&here.x, share * length, &along);
            let Some(x) = Trouble::refused(crossing(curve, &from, &along, &rounding))? else { continue };
            let ahead = dot(&curve.between(&here.x, &x), &along);
            let aside = curve.distance(&curve.moved(&here.x, ahead, &along), &x);
            if ahead >= -0.1 * length && ahead <= 1.1 * length && aside <= 0.5 * length {
                return Ok(x);
            }
        }
        Err(Refusal::Jump.into())
    }

    /// What was found on a step, in order, as points.
    fn listed(&self, found: Vec<Found>) -> Vec<Point> {
        let (curve, here) = (&self.curve, &self.here);
        let ahead = |x: &[f64]| dot(&curve.between(&here.x, x), &here.tangent);
        let mut found: Vec<(f64, Found)> = found.into_iter().map(|found| (ahead(&found.x), found)).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let point = |(ahead, mut found): (f64, Found)| {
            found.x[curve.n] = self.edges.clamp(found.x[curve.n]);
            stand::point(curve, &found.x, &found.tangent, here.way + ahead, Some(found.event))
        };
        found.into_iter().map(point).collect()
    }

    /// A step round a corner, where the smallest straight one was refused.
    fn corner(&self, refusal: Refusal) -> Result<Option<Taken>, UserError> {
        if refusal == Refusal::Domain {
            return Ok(None);
        }
        let Some(next) = Trouble::refused(corner::beyond(self.curve, &self.here))? else { return Ok(None) };
        if self.edges.exit(&self.here.x, &next.x).is_some() {
            return Ok(None);
        }
        let event = if self.turned(&next) { Event::Turn } else { Event::Corner };
        let length = self.curve.distance(&self.here.x, &next.x);
        let events = vec![Point { arclength: self.here.way, ..self.here.point(self.curve, Some(event)) }];
        let mut next = Stand::new(self.curve, next, self.here.way + length);
        next.orientation = self.here.orientation;
        Ok(Some(Taken { next, events, stop: None, length, growth: 1.0 }))
    }

    /// Why the smallest step was refused.
    fn given_up(&self, refusal: Refusal) -> Stop {
        if let Some(unknown) =
            self.edges.touched(&self.here.x, &self.curve.scale, 2.0 * self.curve.options.smallest_step)
        {
            return Stop::Bound { unknown };
        }
        match refusal {
            Refusal::Domain => Stop::Domain,
            Refusal::Turn => Stop::Stuck(Obstacle::Corner),
            Refusal::Jump => Stop::Stuck(Obstacle::Close),
            Refusal::Singular => Stop::Stuck(Obstacle::Singular),
            Refusal::Diverged | Refusal::Unconfirmed => Stop::Stuck(Obstacle::Rough),
        }
    }
}
