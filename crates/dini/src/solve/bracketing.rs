//! Bracketing for scalar equations.

use num_traits::{Float, Zero};

use super::bracket::{Bracket, Point, middle};
use super::root::{Finding, Question};
use super::{Accuracy, Evidence, Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep, Rows};
use crate::error::{Error, StepError, UserError};
use crate::outcome::Status;
use crate::problem::{Active, Eval, Evaluator, Problem, Scalar};

/// Share of z to either side at which a function that is flat at z is told from a root.
const AWAY: f64 = 1e-3;

/// Chandrupatla's method for g(z) = 0 with one unknown, in a bracket lo < z < hi of each sample over which g changes sign.
///
/// A step divides the bracket, by inverse quadratic interpolation where the last three points let the interpolating
/// parabola be monotone, otherwise in the middle, and keeps the part with the sign change. It needs no derivative and no
/// options, cannot leave the bracket, and costs one evaluation (the first step two, for the ends). The start must lie in the
/// bracket ([`middle`](Bracketing::middle)); it is the first point of division. Infinite values at the ends count by their
/// sign. Memory nine numbers a sample.
///
/// The root is known to within the bracket: a sample has converged once that is narrower than the tolerance, or its ends are
/// neighbouring numbers, and g has shrunk along with it; where g jumps it ends as stagnated. Where g is exactly 0 it is evaluated
/// on both sides too: a function that has underflowed, or is flat, is 0 there as well and ends as [`Status::Vanishing`]. A
/// pole is not a root: there the residual grows, and the sample ends diverged or stagnated. Without a sign change among lo, z0
/// and hi it ends as [`Status::NoSignChange`].
///
/// Source: T. R. Chandrupatla (1997), doi:10.1016/S0965-9978(96)00051-8. ITP (I. F. D. Oliveira and R. H. C. Takahashi 2021,
/// doi:10.1145/3423597) has the better worst case, but only for a tolerance of z that is given in advance, and needs a
/// constant with the units of 1/z. Here nothing depends on the units of z.
///
/// ```
/// use dini::{Model, Options, Rows, solve, solve::Bracketing};
/// // z^3 = a for a = 2 and a = 5; no derivative is asked for
/// let cube = Model::equation(|z, a| [z[0].powi(3) - a[0]]).samples(Rows::from_vec(2, 1, vec![2.0, 5.0])?).system(1)?;
/// let bracket = Bracketing::new(Rows::from_vec(2, 1, vec![0.0, 1.0])?, Rows::from_vec(2, 1, vec![2.0, 5.0])?)?;
/// let solution = solve(&cube, &bracket.middle(2), &bracket, &Options::default())?;
/// assert!((solution.converged()?.row(1)[0] - 5f64.cbrt()).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Bracketing<T> {
    lo: Rows<T>,
    hi: Rows<T>,
}

impl<T: Real> Bracketing<T> {
    /// A bracket for each sample, B x 1, or one for all, 1 x 1.
    ///
    /// # Errors
    /// [`Error::Shape`] where both are not equally many rows of one number, [`Error::Option`] where lo < hi does not hold or
    /// an end is not finite.
    pub fn new(lo: Rows<T>, hi: Rows<T>) -> Result<Self, Error> {
        for ends in [&lo, &hi] {
            let (expected, found) = ((lo.samples().max(1), 1), (ends.samples(), ends.width()));
            if expected != found {
                return Err(Error::shape("the ends of the brackets", expected, found));
            }
        }
        for (name, ends) in [("lo", &lo), ("hi", &hi)] {
            if let Some(s) = ends.first_non_finite() {
                return Err(Error::option(name, ends.row(s)[0], "it must be finite"));
            }
        }
        let empty = (0..lo.samples()).find(|&s| lo.row(s)[0] >= hi.row(s)[0]);
        match empty {
            Some(s) => Err(Error::option("lo", lo.row(s)[0], "it must be below hi")),
            None => Ok(Bracketing { lo, hi }),
        }
    }

    /// The bracket lo < z < hi for every sample.
    ///
    /// # Errors
    /// [`Error::Option`] where lo < hi does not hold or an end is not finite.
    pub fn between(lo: T, hi: T) -> Result<Self, Error> {
        Bracketing::new(Rows::from_vec(1, 1, vec![lo])?, Rows::from_vec(1, 1, vec![hi])?)
    }

    /// The middles of the brackets of `samples` samples, to start from.
    pub fn middle(&self, samples: usize) -> Rows<T> {
        let mut z = Rows::new(samples, 1);
        for s in 0..samples {
            let (lo, hi) = self.ends(s);
            z.row_mut(s)[0] = middle(lo, hi);
        }
        z
    }

    fn ends(&self, sample: usize) -> (T, T) {
        let row = sample.min(self.lo.samples() - 1);
        (self.lo.row(row)[0], self.hi.row(row)[0])
    }
}

/// Scratch memory of [`Bracketing`].
#[derive(Debug)]
pub struct BracketingWork<V: Batch> {
    started: bool,
    /// by slot
    brackets: Vec<Bracket<V::Scalar>>,
    z: V,
    g: V,
}

impl<V: Batch> Keep for BracketingWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.z.keep(rows);
        self.g.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.z.reset(samples);
        self.g.reset(samples);
        self.started = false;
    }
}

/// The one number of row `i`.
fn number<V: Batch>(x: &V, i: usize) -> V::Scalar {
    let mut row = [V::Scalar::zero()];
    x.read(i, &mut row);
    row[0]
}

impl<V: Batch> BracketingWork<V> {
    fn point(&self, i: usize) -> Point<V::Scalar> {
        Point { z: number(&self.z, i), g: number(&self.g, i) }
    }
}

/// Makes row i of the iterate `point`.
fn move_to<V: Batch>(it: &mut Iterate<V>, i: usize, point: Point<V::Scalar>) {
    it.z.write(i, &[point.z]);
    it.g.write(i, &[point.g]);
}

/// Width of a bracket around `z` that is narrow enough.
fn narrow<V: Batch>(it: &Iterate<V>, z: V::Scalar) -> V::Scalar {
    V::Scalar::of(it.tolerance.of(z.as_f64()))
}

/// Makes row i of the iterate the better end of `bracket`, and ends it where the bracket is narrow enough or can't be divided
/// further: converged, if g has shrunk along with it.
fn conclude<V: Batch>(it: &mut Iterate<V>, i: usize, bracket: &Bracket<V::Scalar>) {
    let best = bracket.best();
    move_to(it, i, best);
    let divisible = bracket.division().is_some();
    if best.g == V::Scalar::zero() {
        // a function that has underflowed is zero, too: the point is examined
        it.propose(i, 0.0);
    } else if bracket.has_shrunk() && (bracket.width() <= narrow(it, best.z) || !divisible) {
        let width = bracket.width().as_f64();
        it.converge(i, Accuracy::of_components(&[best.z], [width].into_iter(), Evidence::Bracket));
    } else if !divisible {
        it.fail(i, Status::Stagnated);
    }
}

impl<T: Real> Bracketing<T> {
    /// The first step: residuals at both ends, and a bracket between two of lo, z0 and hi.
    fn start<P>(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, w: &mut BracketingWork<P::State>) -> Eval
    where
        P: Problem,
        P::State: Batch<Scalar = T>,
    {
        w.started = true;
        let at = problem.at();
        (0..at.len()).for_each(|i| w.z.write(i, &[self.ends(at.sample(i).index()).0]));
        problem.residual(&w.z, &mut w.g)?;
        for i in 0..at.len() {
            w.brackets[at.slot(i).index()].a = w.point(i);
            w.z.write(i, &[self.ends(at.sample(i).index()).1]);
        }
        problem.residual(&w.z, &mut w.g)?;
        for i in 0..at.len() {
            if it.ended(i) {
                continue;
            }
            let start = Point { z: number(&it.z, i), g: number(&it.g, i) };
            let slot = at.slot(i).index();
            let points = [w.brackets[slot].a, start, w.point(i)];
            if points.iter().any(|p| p.g.is_nan()) {
                it.fail(i, Status::NonFinite);
                continue;
            }
            let best = points.into_iter().fold(start, |best, p| if p.g.abs() < best.g.abs() { p } else { best });
            match Bracket::around(points) {
                Some(bracket) if best.g != T::zero() => {
                    conclude(it, i, &bracket);
                    w.brackets[slot] = bracket;
                }
                _ => {
                    move_to(it, i, best);
                    if best.g == T::zero() {
                        it.propose(i, 0.0);
                    } else {
                        it.fail(i, Status::NoSignChange);
                    }
                }
            }
        }
        Ok(())
    }
}

impl<P: Problem> Solver<P> for Bracketing<Scalar<P>> {
    type Work = BracketingWork<P::State>;
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn accepts(&self, _: &P, z0: &P::State) -> Result<(), Error> {
        let (samples, width) = (z0.samples(), z0.width());
        if width != 1 {
            return Err(Error::shape("the start z0 of a bracketing", (samples, 1), (samples, width)));
        }
        let brackets = self.lo.samples();
        if brackets != 1 && brackets != samples {
            return Err(Error::shape("the ends of the brackets", (samples, 1), (brackets, 1)));
        }
        for s in 0..samples {
            let ((lo, hi), z) = (self.ends(s), number(z0, s));
            if !(lo <= z && z <= hi) {
                return Err(Error::option("z0", z, "it must lie in the bracket of its sample"));
            }
        }
        Ok(())
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let b = like.samples();
        let brackets = vec![Bracket::default(); b];
        BracketingWork { started: false, brackets, z: like.zeros(b), g: like.zeros(b) }
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut Self::Work,
    ) -> Result<(), StepError> {
        if !w.started {
            return Ok(self.start(problem, it, w)?);
        }
        let at = problem.at();
        for i in 0..at.len() {
            let division = w.brackets[at.slot(i).index()].division();
            let z = division.filter(|_| !it.ended(i)).unwrap_or(number(&it.z, i));
            w.z.write(i, &[z]);
        }
        problem.residual(&w.z, &mut w.g)?;
        for i in 0..at.len() {
            if it.ended(i) {
                continue;
            }
            let point = w.point(i);
            if point.g.is_nan() {
                it.fail(i, Status::NonFinite);
                continue;
            }
            let bracket = &mut w.brackets[at.slot(i).index()];
            bracket.divide(point, narrow(it, point.z));
            conclude(it, i, bracket);
        }
        Ok(())
    }

    fn knows(&self, _: &Self::Work) -> Knows {
        Knows::Correction
    }

    /// Whether g is 0 here, and not beside it: at most three evaluations.
    fn examine(
        &self,
        problem: &P,
        _: &Self::Work,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        let z = number(question.z, 0);
        let (mut moved, mut g, slots) = (question.z.zeros(1), question.z.zeros(1), [0]);
        let mut is_zero = |share: f64| -> Result<bool, UserError> {
            moved.write(0, &[z * Scalar::<P>::of(share)]);
            problem.residual(Active::new(&slots, question.sample, false), &moved, &mut g)?;
            question.evaluations.set(question.evaluations.get() + 1);
            Ok(number(&g, 0) == Scalar::<P>::zero())
        };
        if !is_zero(1.0)? {
            return Ok(None);
        }
        if z != Scalar::<P>::zero() && (is_zero(1.0 - AWAY)? || is_zero(1.0 + AWAY)?) {
            return Ok(Some(Finding::Flat));
        }
        let accuracy = Accuracy::of_components(&[z], [0.0].into_iter(), Evidence::Bracket);
        Ok(Some(Finding::Root(accuracy, None)))
    }

    fn memory(&self, _: &mut Self::Work) {}
}
