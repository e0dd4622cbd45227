//! All roots in a box.
//!
//! A box that may hold a root is made smaller, without losing one, by its operations (`contract.rs`) and by its Jacobian (`newton.rs`), and
//! cut in two where that does not help. A root is found by Newton's method from the middle of a box and proved by the Krawczyk test, which
//! also gives a box around it without another root: what lies in that is done with. What is left when boxes have become as small as they
//! may be, or too many, is undecided.

use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::Smooth;
use super::contract::{Contractor, Left};
use super::krawczyk::{Krawczyk, Passed, box_around};
use super::newton;
use super::programs::{Programs, Work, grade};
use crate::error::Error;
use crate::interval::{Grade, Interval};

/// Boxes that are looked at side by side, however many threads there are: so the result does not depend on these.
const WAVE: usize = 64;
/// A box is made smaller again while that leaves less than this of a side.
const WORTH: f64 = 0.7;
const AGAIN: usize = 8;
/// A box is cut where g changes most over it; a side shorter than this share of the longest one is not.
const SHORT: f64 = 1e-3;
/// From this share of the box on, a root is looked for in a part of it.
const LOCAL: f64 = 0.3;
/// So many boxes left are not sorted out by where they touch.
const MANY: usize = 3000;

/// How much may be done.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Most boxes looked at; 200 000 by default.
    pub boxes: usize,
    /// Longest time; none by default.
    pub time: Option<Duration>,
    /// Sides, relative to those of what may hold roots at first sight, below which a box is not cut any more; 1e-7 by default.
    pub smallest: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { boxes: 200_000, time: None, smallest: 1e-7 }
    }
}

/// A root that is proved.
#[derive(Clone, Debug, PartialEq)]
pub struct RootBox {
    /// Near it.
    pub z: Vec<f64>,
    /// By unknown: it lies within these distances, and no other does.
    pub radii: Vec<f64>,
    /// Whether it may lie just outside the box that was searched.
    pub on_edge: bool,
}

/// Why it is not known whether a box holds roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// dg/dz may be singular there: a multiple root, or nearly one.
    Singular,
    /// g may be undefined there, or jump, or a derivative has no bounds.
    Undefined,
    /// The most boxes were looked at, or the time was over.
    Limit,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Why::Singular => "dg/dz may be singular there",
            Why::Undefined => "g may be undefined or jump there, or a derivative has no bounds",
            Why::Limit => "the limit of boxes or of time was reached",
        })
    }
}

/// A box that may hold roots.
#[derive(Clone, Debug, PartialEq)]
pub struct Undecided {
    /// By unknown.
    pub sides: Vec<Interval>,
    /// What is in the way.
    pub why: Why,
}

/// What is proved of a box.
#[derive(Clone, Debug, PartialEq)]
pub struct Roots {
    /// The roots, in the order of their first unknown.
    pub roots: Vec<RootBox>,
    /// Where there may be others, in the same order; boxes that touch each other are one.
    pub undecided: Vec<Undecided>,
    /// Boxes looked at.
    pub boxes: usize,
}

impl Roots {
    /// Whether it is proved that there are no others.
    pub fn is_complete(&self) -> bool {
        self.undecided.is_empty()
    }
}

/// A root with the box in which no other is.
#[derive(Clone)]
struct Proved {
    root: RootBox,
    alone: Vec<Interval>,
}

/// What becomes of a box.
enum Fate {
    Empty,
    Holds(Proved),
    Cut([Vec<Interval>; 2], Option<Proved>),
    Undecided(Why, Vec<Interval>),
}

/// All roots of g(z; a) = 0 with z in a box, each of them proved, and the boxes in which that could not be decided.
///
/// `progress` gets the boxes looked at, those left, and the roots found so far, every 64 boxes; where it returns false the search ends as at a limit.
///
/// Costs, per box, some evaluations of g and dg/dz on intervals and n^3 operations; how many boxes that takes depends on the problem,
/// and grows fast with the number of unknowns: up to 6 are usually a matter of seconds.
///
/// # Errors
/// [`Error::Shape`] where box or parameters do not fit, [`Error::Option`] for a side that is empty or without bounds, and for limits
/// out of range.
pub fn roots(
    programs: &Programs,
    within: &[Interval],
    a: &[f64],
    limits: &Limits,
    progress: &mut dyn FnMut(usize, usize, usize) -> bool,
) -> Result<Roots, Error> {
    check(programs, within, a, limits)?;
    let began = Instant::now();
    let mut search = Search {
        programs,
        contractor: Contractor::new(programs),
        within: within.to_vec(),
        a: a.iter().map(|a| Interval::point(*a)).collect(),
        plain: a,
        smallest: limits.smallest,
    };
    // what is far from all roots is no measure of what is small
    let left = search.smaller(within, &[], &mut Memory::default());
    let Some(left) = left else { return Ok(Roots { roots: Vec::new(), undecided: Vec::new(), boxes: 1 }) };
    search.within.clone_from(&left);
    let mut open = vec![left];
    let (mut known, mut undecided, mut boxes): (Vec<Proved>, Vec<Undecided>, usize) = Default::default();
    while !open.is_empty() {
        let late = limits.time.is_some_and(|most| began.elapsed() > most);
        if boxes >= limits.boxes || late || !progress(boxes, open.len(), known.len()) {
            undecided.extend(open.drain(..).map(|sides| Undecided { sides, why: Why::Limit }));
            break;
        }
        let wave = open.split_off(open.len().saturating_sub(WAVE));
        boxes += wave.len();
        let fates: Vec<Fate> =
            wave.into_par_iter().map_init(Memory::default, |memory, z| search.look(z, &known, memory)).collect();
        for fate in fates {
            let found = match fate {
                Fate::Empty => None,
                Fate::Holds(found) => Some(found),
                Fate::Undecided(why, sides) => {
                    undecided.push(Undecided { sides, why });
                    None
                }
                Fate::Cut(halves, found) => {
                    open.extend(halves);
                    found
                }
            };
            if let Some(found) = found
                && !known.iter().any(|other| same(other, &found))
            {
                known.push(found);
            }
        }
    }
    undecided.retain(|left| !known.iter().any(|proved| includes(&proved.alone, &left.sides)));
    let mut roots: Vec<RootBox> = known.into_iter().filter_map(|proved| placed(proved, within)).collect();
    roots.sort_by(|one, other| one.z.partial_cmp(&other.z).unwrap_or(std::cmp::Ordering::Equal));
    let mut undecided = joined(undecided);
    undecided.sort_by(|one, other| one.sides[0].lo().total_cmp(&other.sides[0].lo()));
    Ok(Roots { roots, undecided, boxes })
}

fn check(programs: &Programs, within: &[Interval], a: &[f64], limits: &Limits) -> Result<(), Error> {
    let (n, p) = (programs.unknowns(), programs.parameters());
    if (within.len(), a.len()) != (n, p) {
        return Err(Error::shape("the box and the parameters", (n, p), (within.len(), a.len())));
    }
    if let Some(side) = within.iter().find(|side| side.is_empty() || !side.is_bounded()) {
        return Err(Error::option("box", format!("{side:?}"), "a side must go from one finite number to another"));
    }
    if limits.boxes == 0 {
        return Err(Error::option("boxes", 0, "at least one box must be looked at"));
    }
    if !(limits.smallest > 0.0 && limits.smallest < 1.0) {
        return Err(Error::option("smallest", limits.smallest, "a share of the sides between 0 and 1"));
    }
    Ok(())
}

fn includes(outer: &[Interval], inner: &[Interval]) -> bool {
    outer.iter().zip(inner).all(|(outer, inner)| outer.includes(*inner))
}

fn apart(one: &[Interval], other: &[Interval]) -> bool {
    one.iter().zip(other).any(|(one, other)| one.intersection(*other).is_empty())
}

/// Whether two roots are one: where one lies in the box that the other has to itself.
fn same(one: &Proved, other: &Proved) -> bool {
    includes(&one.alone, &box_around(&other.root.z, &other.root.radii))
        || includes(&other.alone, &box_around(&one.root.z, &one.root.radii))
}

/// The root if it may lie in the box that was searched.
fn placed(proved: Proved, within: &[Interval]) -> Option<RootBox> {
    let sides = box_around(&proved.root.z, &proved.root.radii);
    if apart(&sides, within) {
        return None;
    }
    Some(RootBox { on_edge: !includes(within, &sides), ..proved.root })
}

/// Boxes that touch each other and have one reason as one box; of very many all with one reason.
fn joined(boxes: Vec<Undecided>) -> Vec<Undecided> {
    let mut joined: Vec<Undecided> = Vec::new();
    let many = boxes.len() > MANY;
    for mut next in boxes {
        while let Some(place) =
            joined.iter().position(|other| other.why == next.why && (many || !apart(&other.sides, &next.sides)))
        {
            let other = joined.swap_remove(place);
            next.sides.iter_mut().zip(other.sides).for_each(|(side, other)| *side = side.hull(other));
        }
        joined.push(next);
    }
    joined
}

#[derive(Default)]
struct Memory {
    work: Work,
    values: Vec<Interval>,
    needed: Vec<bool>,
}

struct Search<'s> {
    programs: &'s Programs,
    contractor: Contractor,
    within: Vec<Interval>,
    a: Vec<Interval>,
    plain: &'s [f64],
    smallest: f64,
}

impl Search<'_> {
    /// What of a box may hold roots that are not known, made smaller as long as that is worth it; none if nothing.
    fn smaller(&self, z: &[Interval], known: &[Proved], memory: &mut Memory) -> Option<Vec<Interval>> {
        let mut z = z.to_vec();
        for _ in 0..AGAIN {
            if known.iter().any(|proved| includes(&proved.alone, &z)) {
                return None;
            }
            let before: Vec<f64> = z.iter().map(|z| z.width()).collect();
            if self.contractor.contract(&mut z, &self.a, &mut memory.values, &mut memory.needed) == Left::Nothing {
                return None;
            }
            if let Some(entries) = newton::jacobian(self.programs, &z, &self.a, &mut memory.work)
                && newton::contract(self.programs, &entries, &mut z, &self.a, &mut memory.work) == Left::Nothing
            {
                return None;
            }
            if !z.iter().zip(&before).any(|(z, before)| z.width() < WORTH * before) {
                break;
            }
        }
        Some(z)
    }

    fn look(&self, z: Vec<Interval>, known: &[Proved], memory: &mut Memory) -> Fate {
        let Some(z) = self.smaller(&z, known, memory) else { return Fate::Empty };
        let found = if self.share(&z) <= LOCAL { self.prove(&z, memory) } else { None };
        let found = found.filter(|found| !known.iter().any(|other| same(other, found)));
        match found {
            Some(found) if includes(&found.alone, &z) => Fate::Holds(found),
            found if self.share(&z) > self.smallest => match self.cut(&z, memory) {
                Some(halves) => Fate::Cut(halves, found),
                None => self.undecided(z, memory),
            },
            _ => self.undecided(z, memory),
        }
    }

    /// The longest side relative to that of the whole box.
    fn share(&self, z: &[Interval]) -> f64 {
        z.iter().zip(&self.within).map(|(z, within)| share(*z, *within)).fold(0.0, f64::max)
    }

    fn undecided(&self, z: Vec<Interval>, memory: &mut Memory) -> Fate {
        let regular = newton::jacobian(self.programs, &z, &self.a, &mut memory.work).is_some();
        Fate::Undecided(if regular { Why::Singular } else { Why::Undefined }, z)
    }

    /// A root near the box, with the largest box around it in which no other is.
    fn prove(&self, z: &[Interval], memory: &mut Memory) -> Option<Proved> {
        let work = &mut memory.work;
        let at = newton::settled(self.programs, z.iter().map(|z| z.middle()).collect(), &self.a, work)?;
        // what is far off is found from there
        let near = |(at, (z, within)): (&f64, (&Interval, &Interval))| {
            (at - z.middle()).abs() <= z.width() + 1e-9 * within.width() + 4.0 * f64::EPSILON * at.abs()
        };
        if !at.iter().zip(z.iter().zip(&self.within)).all(near) {
            return None;
        }
        let point = Krawczyk::new(self.programs, &at, self.plain, work).ok()?;
        let Passed { radii, root } = point.pass(&[], Smooth::Either, work).ok()?;
        let mut alone = box_around(&at, &radii);
        // in the units of the box, as wide as J stays regular
        let sides: Vec<f64> = self.within.iter().zip(&radii).map(|(within, r)| within.width().max(*r)).collect();
        let mut t = 1.0;
        while t > 1e-12 {
            if point.is_regular(t, &sides, work) {
                let wider = box_around(&at, &sides.iter().map(|side| t * side).collect::<Vec<_>>());
                if includes(&wider, &box_around(&at, &root)) {
                    alone = wider;
                    break;
                }
            }
            t *= 0.5;
        }
        Some(Proved { root: RootBox { z: at, radii: root, on_edge: false }, alone })
    }

    /// The box cut in two across the side over which g changes most.
    fn cut(&self, z: &[Interval], memory: &mut Memory) -> Option<[Vec<Interval>; 2]> {
        let shares: Vec<f64> = z.iter().zip(&self.within).map(|(z, within)| share(*z, *within)).collect();
        let longest = shares.iter().fold(0.0, |max: f64, share| max.max(*share));
        let mut smear = vec![0.0f64; z.len()];
        let entries = self.programs.jacobian(z, &self.a, &mut memory.work);
        if entries.grade() >= Grade::Defined
            && grade(self.programs.residual(z, &self.a, &mut memory.work)) != Grade::Partial
        {
            // relative to the row, whose units are its own
            let mut rows = vec![0.0; z.len()];
            for (i, j, value) in &entries.entries {
                rows[*i] += value.magnitude() * z[*j].width();
            }
            for (i, j, value) in &entries.entries {
                if rows[*i] > 0.0 {
                    smear[*j] = smear[*j].max(value.magnitude() * z[*j].width() / rows[*i]);
                }
            }
        }
        let weight = |j: usize| if shares[j] < SHORT * longest { -1.0 } else { smear[j] + 1e-3 * shares[j] / longest };
        let j = (0..z.len()).max_by(|i, j| weight(*i).total_cmp(&weight(*j)))?;
        let middle = z[j].middle();
        if !(z[j].lo() < middle && middle < z[j].hi()) {
            return None;
        }
        let (mut low, mut high) = (z.to_vec(), z.to_vec());
        low[j] = Interval::new(z[j].lo(), middle);
        high[j] = Interval::new(middle, z[j].hi());
        Some([low, high])
    }
}

fn share(side: Interval, whole: Interval) -> f64 {
    if whole.width() > 0.0 { side.width() / whole.width() } else { 0.0 }
}
