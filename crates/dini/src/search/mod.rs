//! Roots of one system where no good start is known.
//!
//! [`solve`](fn@crate::solve) goes from a start to the root it leads to. A [`Search`] tries what a person would try next: starts of
//! other sizes and signs, the domain of the equations first, trust regions where a start is singular, places where g changes
//! sign; equations and unknowns are brought to units in which they can be compared. A root at which the implicit function theorem
//! holds ends it.
//!
//! - `attempt.rs`: one solve from one start, and what the theorem says where it ends;
//! - `starts.rs`, `domain.rs`, `sign_changes.rs`: where to start;
//! - `units.rs`: in what units;
//! - `found.rs`: the result.

mod attempt;
mod domain;
mod found;
mod sign_changes;
mod starts;
mod units;

pub use found::{Found, Origin};

use crate::batch::Rows;
use crate::error::Error;
use crate::linear::DENSE;
use crate::outcome::Status;
use crate::problem::{Bounds, Linearize, Sparsity};
use crate::solve::{AnySolver, Dogleg, LevenbergMarquardt, LineSearch, Options, Picard, Solver, root::pattern};
use crate::sparsity::largest_fill;
use attempt::{Attempt, Root, Site};

/// Sign changes followed up.
const SIGN_CHANGES: usize = 8;

/// How a root is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Plan {
    /// Newton's method from several starts, other methods where it fails.
    #[default]
    Several,
    /// One method from one start. Methods that go along z <- z - g get g in the units of z.
    Single(AnySolver),
    /// One unknown between two numbers at which g has different signs ([`Bracketing`](crate::solve::Bracketing)); a start is the
    /// first point of division.
    Between {
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
}

/// Looks for a root of g(z; a) = 0, one system of up to 1000 unknowns, or of more where the problem states the
/// [pattern](Linearize::capabilities) of its Jacobian.
///
/// Above 64 unknowns a pattern is used throughout: Newton's method, units, verdict and derivatives take sparse factors. Above 1000 the
/// methods with dense matrices are left out, and a root at which J is singular is not looked into: it counts as none.
///
/// In the order tried ([`Plan::Several`]):
///
/// 1. Newton's method from the start. Unknowns without a start are tried at 0, then at magnitudes from 1e-6 to 1e6 (one unknown:
///    1e-9 to 1e9), of both signs, equal and unequal, and at up to 96 scattered points of which a third is positive; within
///    [bounds](Options::bounds) if there are any. A start at which an equation is undefined is first moved into its domain, where one of
///    its unknowns has no start.
/// 2. From a start that is given whole, but where J is singular, or from which Newton's method goes ten times as far as the start is
///    from 0, trust regions are asked, too, with long steps and short ones, and of the roots found the nearest counts. A root that is
///    10^4 times as far away from another start is kept, and taken if no nearer one is found.
/// 3. From the first start: Levenberg-Marquardt, dogleg, Newton with full steps, Anderson, damped Picard.
/// 4. A start that was given whole: Newton from points 0.1 to 50 % beside it.
/// 5. One unknown: places where g changes sign, on a logarithmic grid around the start out to 1e12.
///
/// The first root at which the [verdict](crate::verdict) holds is the result; else the first root; else the failure with the smallest
/// residual. Each attempt has [`Options::max_iterations`]. A root is refined by Newton's method as far as rounding lets it.
///
/// Cost: one solve, a refinement, a Jacobian and a verdict where the start is good; up to about 160 solves (60 from 12
/// unknowns on) where there is no root to be found.
///
/// ```
/// use dini::{Model, Options, search::Search};
/// // ln(t / 300 - 1) = 1/2 is undefined at most starts
/// let g = Model::equation(|t, _| [(t[0] / 300.0 - 1.0).ln() - 0.5]).system(1)?;
/// let found = Search::default().root(&g, &[None], &Options::default())?;
/// assert!((found.z()[0] - 300.0 * (1.0 + 0.5f64.exp())).abs() < 1e-9);
/// assert!(found.verdict().is_some_and(|verdict| verdict.holds));
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// What is tried.
    pub plan: Plan,
}

/// Distance to a root, relative to the size of a start that was given (1 if that is less), from which trust regions are asked for a
/// nearer one.
const ASTRAY: f64 = 10.0;
/// The same for other starts, from which other starts are tried first.
const FAR: f64 = 1e4;

/// Most entries that factors of a sparse Jacobian may have: two thirds of a gigabyte.
const FILL: usize = 40_000_000;

/// A method under a name.
type Named = (&'static str, AnySolver);

/// Name of the first method.
const NEWTON: &str = "newton";

/// What does not leave a singular start in any direction.
fn trust_regions() -> [Named; 2] {
    [
        ("levenberg-marquardt", AnySolver::LevenbergMarquardt(Default::default())),
        ("dogleg", AnySolver::Dogleg(Default::default())),
    ]
}

/// For starts at which Newton's method fails; `full` is that method without a line search.
fn variants(full: AnySolver) -> impl Iterator<Item = Named> {
    trust_regions().into_iter().chain([
        ("newton, full steps", full),
        ("anderson", AnySolver::Anderson(Default::default())),
        ("picard, half steps", AnySolver::Picard(Picard { damping: 0.5 })),
    ])
}

impl Search {
    /// Looks for a root from `start`, one entry an unknown: where to begin with it, or none where that is not known.
    ///
    /// Tolerances and the iteration limit are those of `options`; what concerns batches is ignored.
    ///
    /// # Errors
    /// A broken contract: no unknown, more than 1000 without a pattern or for a method with dense matrices, factors of
    /// more than 4 10^7 entries, a start that is not finite or outside the bounds, options out of range, or a
    /// fatal error of the problem's own function. That no root is found is not an error: see [`Found::status`].
    pub fn root<'p, P>(&self, problem: &'p P, start: &[Option<f64>], options: &Options) -> Result<Found<'p, P>, Error>
    where
        P: Linearize<State = Rows<f64>>,
    {
        options.validate()?;
        let n = start.len();
        if n == 0 {
            return Err(Error::Empty { what: "the start" });
        }
        let sparse = pattern(problem, n).is_some();
        let dense = match &self.plan {
            Plan::Single(solver) => !Run::<P>::works(solver, n, sparse),
            Plan::Several | Plan::Between { .. } => false,
        };
        if n > DENSE && (dense || !sparse) {
            return Err(Error::TooLarge { what: "the Jacobian of a search", n, most: DENSE });
        }
        check_fill(crate::problem::pattern(problem).filter(|_| sparse && n.saturating_mul(n) > FILL))?;
        if start.iter().flatten().any(|v| !v.is_finite()) {
            return Err(Error::NonFinite { what: "the start", sample: 0 });
        }
        if let Some(bounds) = &options.bounds {
            check_bounds(bounds, start)?;
        }
        let site = Site { problem, options, sparse };
        let mut run = Run { site, start, refused: None, far: None, failure: None, attempts: 0, undefined: None };
        let root = match &self.plan {
            Plan::Several => run.several()?,
            Plan::Single(solver) => {
                let first = starts::first(start, options.bounds.as_ref());
                let solver = match solver {
                    AnySolver::Newton(newton) => run.site.newton(newton.line_search.clone()),
                    other => other.clone(),
                };
                run.try_start(&(solver.name(), solver), &first, None)?
            }
            Plan::Between { low, high } => {
                run.attempts = 1;
                let attempt = run.site.divide((*low, *high), start)?;
                run.judge(attempt, None)?
            }
        };
        run.finish(root)
    }
}

/// Refuses a pattern whose factors might not fit into memory.
fn check_fill(pattern: Option<&Sparsity>) -> Result<(), Error> {
    match pattern.map_or(0, largest_fill) {
        entries if entries > FILL => Err(Error::TooDense { entries, most: FILL }),
        _ => Ok(()),
    }
}

fn check_bounds(bounds: &Bounds, start: &[Option<f64>]) -> Result<(), Error> {
    if bounds.lower().len() != start.len() {
        return Err(Error::shape("the bounds", (1, start.len()), (1, bounds.lower().len())));
    }
    for (unknown, value) in start.iter().enumerate().filter_map(|(j, value)| Some((j, (*value)?))) {
        if !bounds.holds(unknown, value) {
            let (lower, upper) = (bounds.lower()[unknown], bounds.upper()[unknown]);
            return Err(Error::OutOfBounds { sample: 0, unknown, value, lower, upper });
        }
    }
    Ok(())
}

/// A search that is under way.
struct Run<'s, 'p, P: Linearize> {
    site: Site<'s, 'p, P>,
    start: &'s [Option<f64>],
    /// the first root at which the theorem does not hold
    refused: Option<Root<'p, P>>,
    /// the first root at which it holds, but far away from where it was looked for
    far: Option<Root<'p, P>>,
    /// the failure that came nearest to a root
    failure: Option<Attempt>,
    attempts: usize,
    /// the equation that was undefined at the first start that was
    undefined: Option<usize>,
}

impl<'p, P> Run<'_, 'p, P>
where
    P: Linearize<State = Rows<f64>>,
{
    fn newton(&self) -> Named {
        (NEWTON, self.site.newton(LineSearch::default()))
    }

    /// Whether a method can keep the bounds, and solve so large a system.
    fn is_able(&self, method: &AnySolver) -> bool {
        let bounds = self.site.options.bounds.is_some();
        (!bounds || Solver::<P>::confines(method)) && Self::works(method, self.start.len(), self.site.sparse)
    }

    /// Whether a method works with so many unknowns: not where it would form a large dense matrix.
    fn works(method: &AnySolver, n: usize, sparse: bool) -> bool {
        let dense = match method {
            AnySolver::Chord(_)
            | AnySolver::Dogleg(_)
            | AnySolver::LevenbergMarquardt(_)
            | AnySolver::PseudoTransient(_) => true,
            AnySolver::Newton(_) => !sparse,
            _ => false,
        };
        n <= DENSE || !dense
    }

    /// A root at which the theorem holds, if one is found; the rest is in `self`.
    fn several(&mut self) -> Result<Option<Root<'p, P>>, Error> {
        let bounds = self.site.options.bounds.as_ref();
        let starts = starts::candidates(self.start, bounds);
        let free: Vec<bool> = self.start.iter().map(Option::is_none).collect();
        let newton = self.newton();
        for (index, start) in starts.iter().enumerate() {
            let outside = self.site.undefined(start)?;
            self.undefined = self.undefined.or(outside);
            let moved = if outside.is_some() { self.site.in_domain(start, &free)? } else { None };
            if let Some(moved) = moved
                && let Some(root) = self.try_start(&newton, &moved, Some(Origin::start(&moved)))?
            {
                return Ok(Some(root));
            }
            let origin = (index > 0).then(|| Origin::start(start));
            let given = starts.len() == 1 && outside.is_none();
            let root = if given && self.site.is_singular(start)? {
                self.nearest(start, None)?
            } else {
                let root = self.try_start(&newton, start, origin)?;
                let astray = root.as_ref().is_some_and(|root| given && root.is_beyond(ASTRAY, start));
                if astray { self.nearest(start, root)? } else { root }
            };
            match root {
                // so far away rounding of z itself may matter: there may be a root nearer to another start
                Some(root) if !given && root.is_beyond(FAR, start) => {
                    self.far.get_or_insert(root);
                }
                Some(root) => return Ok(Some(root)),
                None => {}
            }
        }
        if self.far.is_some() {
            return Ok(self.far.take());
        }
        // a start that was given and has led to a root has done its duty
        if self.refused.is_some() && starts.len() == 1 {
            return Ok(None);
        }
        let first = starts.first().cloned().unwrap_or_default();
        let full = self.site.newton(LineSearch { halvings: 0, ..LineSearch::default() });
        let methods: Vec<Named> = variants(full).filter(|method| self.is_able(&method.1)).collect();
        for method in methods {
            if let Some(root) = self.try_start(&method, &first, Some(Origin::method(method.0, &first)))? {
                return Ok(Some(root));
            }
        }
        if starts.len() == 1 {
            for start in starts::nearby(&first, bounds) {
                if let Some(root) = self.try_start(&newton, &start, Some(Origin::start(&start)))? {
                    return Ok(Some(root));
                }
            }
        }
        if let [centre] = first[..] {
            for z in self.site.sign_changes(centre, SIGN_CHANGES)? {
                if let Some(root) = self.try_start(&newton, &[z], Some(Origin::sign_change(z)))? {
                    return Ok(Some(root));
                }
            }
        }
        Ok(None)
    }

    /// From a start at which J is singular, or from which Newton's method has gone far away to `root`: the nearest of the roots that trust
    /// regions and Newton's method lead to.
    fn nearest(&mut self, start: &[f64], root: Option<Root<'p, P>>) -> Result<Option<Root<'p, P>>, Error> {
        let newtons = if root.is_none() { Some(self.newton()) } else { None };
        let mut best = root.map(|root| (root.distance(start), root));
        let short = [
            ("dogleg, short steps", AnySolver::Dogleg(Dogleg { radius: 1.0 })),
            ("levenberg-marquardt, short steps", AnySolver::LevenbergMarquardt(LevenbergMarquardt { damping: 1.0 })),
        ];
        let methods: Vec<Named> = short.into_iter().chain(trust_regions()).chain(newtons).collect();
        for method in methods {
            if !Self::works(&method.1, start.len(), self.site.sparse) {
                continue;
            }
            let origin = (method.0 != NEWTON).then(|| Origin::method(method.0, start));
            let Some(root) = self.try_start(&method, start, origin)? else { continue };
            let distance = root.distance(start);
            if best.as_ref().is_none_or(|(least, _)| distance < *least) {
                best = Some((distance, root));
            }
        }
        Ok(best.map(|(_, root)| root))
    }

    /// An attempt from `start`, judged.
    fn try_start(
        &mut self,
        method: &Named,
        start: &[f64],
        origin: Option<Origin>,
    ) -> Result<Option<Root<'p, P>>, Error> {
        self.attempts += 1;
        let attempt = self.site.attempt(&method.1, start)?;
        self.judge(attempt, origin)
    }

    /// Returns a root at which the theorem holds and keeps note of anything else.
    fn judge(&mut self, attempt: Attempt, origin: Option<Origin>) -> Result<Option<Root<'p, P>>, Error> {
        if !matches!(attempt.status, Status::Converged | Status::OnBound) {
            // a residual of exactly 0 away from a root is a function that has underflowed, which says little
            let distance = |a: &Attempt| if a.residual == 0.0 { f64::MAX } else { a.residual };
            if self.failure.as_ref().is_none_or(|known| distance(&attempt) < distance(known)) {
                self.failure = Some(attempt);
            }
            return Ok(None);
        }
        let root = self.site.certify(attempt, origin)?;
        if root.verdict.holds {
            return Ok(Some(root));
        }
        self.refused.get_or_insert(root);
        Ok(None)
    }

    fn finish(self, root: Option<Root<'p, P>>) -> Result<Found<'p, P>, Error> {
        let Run { site, refused, failure, attempts, undefined, start, .. } = self;
        if let Some(root) = root.or(refused) {
            return Ok(Found::root(root, attempts));
        }
        let Some(failure) = failure else {
            // every plan makes an attempt
            let z = starts::first(start, site.options.bounds.as_ref());
            return Ok(Found::failure(Attempt::none(z), attempts, undefined));
        };
        let undefined = undefined.filter(|_| failure.status == Status::NonFinite);
        Ok(Found::failure(failure, attempts, undefined))
    }
}
