//! One small system on the stack: Newton's method and its derivatives without any allocation.
//!
//! For systems of a few equations whose evaluation takes nanoseconds, where the batched path would spend its time on memory.
//! Sizes are constants, the derivatives come from numbers that carry one ([`Jet`]), and a solve touches nothing but the stack, unless it
//! ends where only a closer look can tell a root from none.
//!
//! An [`Equation`] is written once for every type of [`Number`]; [`Model::of`] takes the same equation.

mod factors;
mod jet;

pub use jet::Jet;

use self::factors::{SmallLu, unit};
use crate::kernels::vector::norm;
use crate::program::{Equation, Number, Plain};
use crate::solve::root::{FALL, FAR, Finding, Question, SIMPLIFIED, away, confirmed, examine, magnitude};
use crate::solve::{Accuracy, LineSearch, Tolerance};
use crate::{Error, Model, Options, Real, Rows, Status};

/// Share of a Newton step that a second one with the same J may have at a regular root; at a double root it is 1/4.
const CONTRACTION: f64 = 0.125;

/// A root of an [`Equation`] in N unknowns with P parameters, or the last iterate.
#[derive(Clone, Debug)]
pub struct Root<'e, E, T, const N: usize, const P: usize> {
    /// The last iterate.
    pub z: [T; N],
    /// How the solve ended.
    pub status: Status,
    /// Newton steps made.
    pub iterations: usize,
    /// ||g(z)||.
    pub residual: f64,
    /// The correction that is left.
    pub accuracy: Accuracy,
    equation: &'e E,
    a: [T; P],
}

/// Solves g(z; a) = 0 for one sample, starting at `z0`, by Newton's method with the line search of
/// [`Newton`](crate::Newton).
///
/// Of `options` the tolerances and the iteration limit apply; convergence is by the same rule
/// ([`solve::root`](crate::solve::root)), component by component. A step costs N evaluations on
/// [`Jet`]s, N^3 2/3 operations, and one plain evaluation per trial of the line search.
///
/// ```
/// use dini::{Options, program::{Equation, Number}, tiny};
/// /// x + y = a_0, x^2 + y^2 = a_1 (Dennis and Schnabel 1996, example 5.1.1).
/// struct Circle;
/// impl Equation for Circle {
///     fn unknowns(&self) -> usize { 2 }
///     fn parameters(&self) -> usize { 2 }
///     fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
///         out[0] = z[0] + z[1] - a[0];
///         out[1] = z[0] * z[0] + z[1] * z[1] - a[1];
///     }
/// }
/// let root = tiny::solve(&Circle, [1.0, 5.0f64], [3.0, 9.0], &Options { relative: 1e-12, ..Options::default() })?;
/// assert!((root.z[1] - 3.0).abs() < 1e-9);
/// // dL/da for L = z_1: dz_1 = da_1 / 6
/// let gradient = root.pullback([0.0, 1.0])?;
/// assert!(gradient[0].abs() < 1e-9 && (gradient[1] - 1.0 / 6.0).abs() < 1e-9);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// [`Error::Option`]; [`Error::Shape`] where N and P are not the equation's; [`Error::NonFinite`] for a bad start or bad
/// parameters. A solve that does not converge is not an error: see [`Root::status`].
pub fn solve<'e, T, E, const N: usize, const P: usize>(
    equation: &'e E,
    z0: [T; N],
    a: [T; P],
    options: &Options,
) -> Result<Root<'e, E, T, N, P>, Error>
where
    T: Real,
    E: Equation,
{
    options.validate()?;
    if options.bounds.is_some() {
        return Err(Error::option(
            "bounds",
            "set",
            "a system on the stack cannot keep its unknowns within bounds: use `solve`",
        ));
    }
    let (expected, found) = ((equation.unknowns(), equation.parameters()), (N, P));
    if expected != found {
        return Err(Error::shape("unknowns and parameters of the equation", expected, found));
    }
    if N == 0 {
        return Err(Error::Empty { what: "the equation" });
    }
    for (what, values) in [("the start z0", &z0[..]), ("the parameters", &a[..])] {
        if !values.iter().all(|v| num_traits::Float::is_finite(*v)) {
            return Err(Error::NonFinite { what, sample: 0 });
        }
    }
    let mut root = Root {
        z: z0,
        status: Status::MaxIterations,
        iterations: 0,
        residual: 0.0,
        accuracy: Accuracy::default(),
        equation,
        a,
    };
    root.iterate(options);
    Ok(root)
}

impl<E: Equation, T: Real, const N: usize, const P: usize> Root<'_, E, T, N, P> {
    /// dL/da = -(dg/da)^T lam with J^T lam = w, given w = dL/dz*.
    ///
    /// Costs N + P evaluations on [`Jet`]s, and one plain one for the test of the root.
    ///
    /// # Errors
    /// [`Error::NotConverged`]; [`Error::NonFinite`] for a bad `w`; [`Error::Singular`] where the condition number of J is
    /// above 0.1 / epsilon, or a second Newton step with the same J is more than 1/8 of the first, as it is at a fold or a
    /// multiple root (P. Deuflhard 2011, doi:10.1007/978-3-642-23899-4, section 2.1). Kinks are seen by
    /// [`Solution::verdict`](crate::Solution::verdict) only.
    pub fn pullback(&self, w: [T; N]) -> Result<[T; P], Error> {
        if !w.iter().all(|v| num_traits::Float::is_finite(*v)) {
            return Err(Error::NonFinite { what: "the cotangent", sample: 0 });
        }
        let lam = self.regular()?.solve_transpose(w);
        let mut gradient = [T::zero(); P];
        for (j, entry) in gradient.iter_mut().enumerate() {
            let slope = self.slope(|_| T::zero(), |i| unit(i, j));
            *entry = -slope.iter().zip(&lam).fold(T::zero(), |sum, (&d, &lam)| sum + d * lam);
        }
        Ok(gradient)
    }

    /// dz* = -J^-1 (dg/da) da for a direction da.
    ///
    /// # Errors
    /// As [`pullback`](Root::pullback).
    pub fn pushforward(&self, da: [T; P]) -> Result<[T; N], Error> {
        if !da.iter().all(|v| num_traits::Float::is_finite(*v)) {
            return Err(Error::NonFinite { what: "the tangent", sample: 0 });
        }
        Ok(self.regular()?.solve(self.slope(|_| T::zero(), |i| da[i]).map(|d| -d)))
    }

    fn iterate(&mut self, options: &Options) {
        let tolerance = Tolerance { absolute: options.absolute, relative: options.relative, uniform: false };
        let start = self.z;
        let mut g = self.residual_at(&self.z);
        let (mut size, mut largest) = (norm(&g), 0.0);
        let status = loop {
            largest = magnitude(&self.z).max(largest);
            if !size.is_finite() {
                break Status::NonFinite;
            }
            let Some(lu) = self.factors() else { break Status::Singular };
            let dz = lu.solve(g);
            if !dz.iter().all(|v| num_traits::Float::is_finite(*v)) {
                break Status::Singular;
            }
            if tolerance.may_admit(&self.z, &dz, 1.0) && self.confirm(tolerance, &lu, &dz, (1.0, false)) {
                break Status::Converged;
            }
            if self.iterations == options.max_iterations {
                break Status::MaxIterations;
            }
            let Some((z, value, trial, full)) = self.search(&dz, size) else {
                let confirmed = self.confirm(tolerance, &lu, &dz, (1.0, true));
                break if confirmed { Status::Converged } else { Status::Stagnated };
            };
            let fallen = full && trial <= T::of(FALL) * size;
            (self.z, g, size) = (z, value, trial);
            self.iterations += 1;
            if fallen {
                let left = lu.solve(g);
                if tolerance.may_admit(&self.z, &left, SIMPLIFIED)
                    && self.confirm(tolerance, &lu, &left, (SIMPLIFIED, false))
                {
                    break Status::Converged;
                }
            }
        };
        let far = magnitude(&self.z) > FAR * magnitude(&start).max(1.0);
        let before = self.z;
        self.status = match status {
            Status::Converged if far => self.examined(Status::Stagnated, tolerance, start, largest),
            Status::Stagnated | Status::Singular | Status::MaxIterations => {
                self.examined(status, tolerance, start, largest)
            }
            other => other,
        };
        let zeroed = before != self.z;
        let size = if zeroed { norm(&self.residual_at(&self.z)) } else { size }.as_f64();
        self.residual = if size.is_nan() { f64::INFINITY } else { size };
    }

    /// Whether one more evaluation confirms that the correction is what is left; of a point that can't be improved, one on each side.
    fn confirm(&mut self, tolerance: Tolerance, lu: &SmallLu<T, N>, left: &[T; N], kind: (f64, bool)) -> bool {
        let (mut moved, mut confirmed_once) = ([T::zero(); N], false);
        for side in [1.0, -1.0] {
            away(tolerance, &self.z, side, &mut moved);
            let g = self.residual_at(&moved);
            if g.iter().all(|v| num_traits::Float::is_finite(*v)) {
                let known = confirmed(tolerance, kind, (&self.z, left), (&moved, &lu.solve(g)));
                let Some(known) = known else { return false };
                (self.accuracy, confirmed_once) = (known, true);
                if !kind.1 {
                    break;
                }
            }
        }
        confirmed_once
    }

    /// How a solve ends that can't go on, after a closer look.
    fn examined(&mut self, status: Status, tolerance: Tolerance, start: [T; N], largest: f64) -> Status {
        let row = |v: &[T]| Rows::from_vec(1, v.len(), v.to_vec());
        let (Ok(z), Ok(start), Ok(a)) = (row(&self.z), row(&start), row(&self.a)) else { return status };
        let Ok(problem) = Model::stated(self.equation).samples(a).system(N) else { return status };
        let far = magnitude(&self.z) > FAR * magnitude(start.row(0)).max(1.0);
        let spent = std::cell::Cell::new(0);
        let (pressed, evaluations) = (&[], &spent);
        let question =
            Question { sample: 0, z: &z, start: &start, largest, far, tolerance, last: true, pressed, evaluations };
        match examine(&problem, &question) {
            Ok(Some(Finding::Root(accuracy, zeroed))) => {
                if let Some(zeroed) = zeroed {
                    self.z.copy_from_slice(zeroed.row(0));
                }
                self.accuracy = accuracy;
                Status::Converged
            }
            Ok(Some(Finding::Flat)) => Status::Vanishing,
            _ => status,
        }
    }

    /// The first of the points z - dz, z - dz / 2, ... at which the residual has fallen enough, and whether it is the first.
    fn search(&self, dz: &[T; N], size: T) -> Option<([T; N], [T; N], T, bool)> {
        let LineSearch { halvings, decrease, .. } = LineSearch::default();
        let mut t = T::one();
        for halving in 0..=halvings {
            let z: [T; N] = std::array::from_fn(|i| self.z[i] - t * dz[i]);
            let g = self.residual_at(&z);
            let trial = norm(&g);
            if trial <= (T::one() - T::of(decrease) * t) * size && trial < size {
                return Some((z, g, trial, halving == 0));
            }
            t *= T::of(0.5);
        }
        None
    }

    /// The factors of J at z*, where the theorem can be applied.
    fn regular(&self) -> Result<SmallLu<T, N>, Error> {
        let Root { status, residual, .. } = *self;
        if status != Status::Converged {
            return Err(Error::NotConverged { sample: 0, status, residual });
        }
        let epsilon = T::epsilon().as_f64();
        let singular = |condition| Error::Singular { sample: 0, condition };
        let lu = self.factors().ok_or(singular(f64::INFINITY))?;
        let condition = lu.condition();
        // NaN is refused too
        if condition.partial_cmp(&(0.1 / epsilon)) != Some(std::cmp::Ordering::Less) {
            return Err(singular(condition));
        }
        let g = self.residual_at(&self.z);
        if self.underflows(&g) {
            return Err(singular(f64::INFINITY));
        }
        let step = lu.solve(g);
        let next: [T; N] = std::array::from_fn(|i| self.z[i] - step[i]);
        let (first, second) = (norm(&step).as_f64(), norm(&lu.solve(self.residual_at(&next))).as_f64());
        // steps at rounding level say nothing
        let uncertain = 16.0 * epsilon * condition * norm(&self.z).as_f64();
        if first > uncertain && second.partial_cmp(&(CONTRACTION * first)) == Some(std::cmp::Ordering::Greater) {
            return Err(singular(condition));
        }
        Ok(lu)
    }

    /// Whether an equation is 0 at z because its terms J z are below what the scalar can hold: that says nothing of a root.
    fn underflows(&self, g: &[T; N]) -> bool {
        let smallest = <T as num_traits::Float>::min_positive_value();
        // products of up to eight such numbers underflow
        let little = (0..3).fold(smallest, |root, _| num_traits::Float::sqrt(root));
        if !self.z.iter().any(|z| *z != T::zero() && num_traits::Float::abs(*z) < little) {
            return false;
        }
        let columns: [[T; N]; N] = std::array::from_fn(|j| self.slope(|i| unit(i, j), |_| T::zero()));
        (0..N).any(|i| {
            let mut terms = (0..N).filter(|&j| self.z[j] != T::zero() && columns[j][i] != T::zero()).peekable();
            let any = terms.peek().is_some();
            any && g[i] == T::zero() && terms.all(|j| num_traits::Float::abs(columns[j][i] * self.z[j]) < smallest)
        })
    }

    fn residual_at(&self, z: &[T; N]) -> [T; N] {
        let mut g = [Plain(T::zero()); N];
        self.equation.residual(&z.map(Plain), &self.a.map(Plain), &mut g);
        g.map(|g| g.0)
    }

    /// The derivative of g along (dz, da).
    fn slope(&self, dz: impl Fn(usize) -> T, da: impl Fn(usize) -> T) -> [T; N] {
        let z: [Jet<T>; N] = std::array::from_fn(|i| Jet::new(self.z[i], dz(i)));
        let a: [Jet<T>; P] = std::array::from_fn(|i| Jet::new(self.a[i], da(i)));
        let mut g = [Jet::number(0.0); N];
        self.equation.residual(&z, &a, &mut g);
        g.map(|g| g.slope)
    }

    /// J at z, factored; none where a pivot is zero or not finite.
    fn factors(&self) -> Option<SmallLu<T, N>> {
        SmallLu::new(std::array::from_fn(|j| self.slope(|i| unit(i, j), |_| T::zero())))
    }
}
