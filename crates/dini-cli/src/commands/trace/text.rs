//! A branch in words.

use std::fmt;

use dini::continuation::{Event, Flow, Point, Stop};

use super::branch::Traced;
use crate::commands::solve::number;

/// Why there is no branch.
pub(super) const NO_ROOT: &str = "no root was found at the start; try --start, or begin elsewhere with --with";
pub(super) const NO_DIRECTION: &str =
    "there is no single direction through this root: branches cross, or equations are dependent";

/// Unknowns that a line shows.
const SHOWN: usize = 8;

impl Traced {
    /// The values of a point, as `x = 1, z = 2`.
    fn place(&self, point: &Point) -> String {
        let values = [&self.parameter].into_iter().chain(&self.unknowns).zip([&point.a].into_iter().chain(&point.z));
        let shown: Vec<String> =
            values.take(SHOWN + 1).map(|(name, value)| format!("{name} = {}", number(*value).trim_start())).collect();
        let more = if self.unknowns.len() > SHOWN { ", ..." } else { "" };
        format!("{}{more}", shown.join(", "))
    }

    /// Why an end is one.
    pub fn reason(&self, stop: &Stop) -> String {
        match stop {
            Stop::Bound { unknown } => format!("{} is at its bound", self.unknowns[*unknown]),
            other => other.to_string(),
        }
    }

    fn line(&self, point: &Point, event: Event) -> String {
        let what = match event {
            Event::Turn => "turn, no regular fold",
            Event::Hopf { .. } => "Hopf point",
            other => other.name(),
        };
        let beside = if let Event::Hopf { frequency } = event {
            format!(", frequency {}", number(frequency).trim_start())
        } else {
            String::new()
        };
        format!("{what}: {}{beside}", self.place(point))
    }

    /// Parts of one stability, from point to point.
    pub fn parts(&self) -> Vec<(Option<usize>, &Point, &Point)> {
        let points = &self.branch.points;
        let mut parts: Vec<(Option<usize>, &Point, &Point)> = Vec::new();
        for (k, point) in points.iter().enumerate() {
            // an event belongs to the part before it and begins the one after
            let unstable =
                if point.event.is_some() { points.get(k + 1).and_then(|next| next.unstable) } else { point.unstable };
            match parts.last_mut() {
                Some((known, _, last)) if *known == unstable && point.event.is_none() => *last = point,
                Some((known, _, last)) if point.event.is_some() => {
                    *last = point;
                    if k + 1 < points.len() && *known != unstable {
                        parts.push((unstable, point, point));
                    }
                }
                _ => parts.push((unstable, point, point)),
            }
        }
        parts
    }
}

impl fmt::Display for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.constants {
            writeln!(f, "with the constant {name} = {value}")?;
        }
        for (name, value) in &self.values {
            writeln!(f, "with {name} = {value}")?;
        }
        let points = &self.branch.points;
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        let count = points.len();
        writeln!(f, "{count} point{} along {}", if count == 1 { "" } else { "s" }, self.parameter)?;
        writeln!(f, "from {}", self.place(first))?;
        for (point, event) in points.iter().filter_map(|point| Some((point, point.event?))) {
            writeln!(f, "{}", self.line(point, event))?;
        }
        writeln!(f, "to {}", self.place(last))?;
        let [before, after] = &self.branch.stops;
        if self.branch.is_closed() {
            writeln!(f, "the branch is closed")?;
        } else {
            for (which, stop) in [("first", before), ("last", after)] {
                if let Some(stop) = stop.as_ref().filter(|stop| **stop != Stop::Range) {
                    writeln!(f, "beyond the {which} point: {}", self.reason(stop))?;
                }
            }
        }
        let parts = self.parts();
        if parts.iter().all(|(unstable, ..)| unstable.is_none()) {
            return Ok(());
        }
        let sign = if self.flow == Flow::Minus { "-" } else { "" };
        writeln!(f, "stability as equilibria of d/dt = {sign}g, g being z - f for z = f, else left - right:")?;
        for (unstable, from, to) in parts {
            let what = match unstable {
                Some(0) => "stable".to_owned(),
                Some(count) => format!("unstable ({count} of {})", self.unknowns.len()),
                None => "not known".to_owned(),
            };
            let [from, to] = [from.a, to.a].map(|a| number(a).trim_start().to_owned());
            writeln!(f, "  {what} from {0} = {from} to {0} = {to}", self.parameter)?;
        }
        Ok(())
    }
}
