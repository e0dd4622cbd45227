//! One small system on the stack: Newton's method and its derivatives without any allocation.
//!
//! For systems of a few equations whose evaluation takes nanoseconds, where the batched path would spend its time on memory.
//! Sizes are constants, the derivatives come from dual numbers, and a solve touches nothing but the stack.

use num_dual::{Dual as DualNumber, DualNum, DualNumFloat};

use crate::kernels::vector::norm;
use crate::problem::{Dual, Equation};
use crate::solve::root::{FALL, FAR, Finding, Question, SIMPLIFIED, away, confirmed, examine, magnitude};
use crate::solve::{Accuracy, LineSearch, Tolerance};
use crate::{Error, Options, Real, Rows, Status};

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
/// ([`solve::root`](crate::solve::root)), component by component. A step costs N evaluations on dual
/// numbers, N^3 2/3 operations, and one evaluation per trial of the line search.
///
/// ```
/// use dini::{Options, num_dual::DualNum, problem::Equation, tiny};
/// /// x + y = a_0, x^2 + y^2 = a_1 (Dennis and Schnabel 1996, example 5.1.1).
/// struct Circle;
/// impl Equation<f64> for Circle {
///     fn unknowns(&self) -> usize { 2 }
///     fn parameters(&self) -> usize { 2 }
///     fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
///         out[0] = z[0] + z[1] - a[0];
///         out[1] = z[0] * z[0] + z[1] * z[1] - a[1];
///     }
/// }
/// let root = tiny::solve(&Circle, [1.0, 5.0], [3.0, 9.0], &Options { relative: 1e-12, ..Options::default() })?;
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
    T: Real + DualNumFloat + DualNum<Primitive = T>,
    E: Equation<T>,
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

impl<E, T, const N: usize, const P: usize> Root<'_, E, T, N, P>
where
    T: Real + DualNumFloat + DualNum<Primitive = T>,
    E: Equation<T>,
{
    /// dL/da = -(dg/da)^T lam with J^T lam = w, given w = dL/dz*.
    ///
    /// Costs N + P evaluations on dual numbers, and one plain one for the test of the root.
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
    fn confirm(&mut self, tolerance: Tolerance, lu: &Factors<T, N>, left: &[T; N], kind: (f64, bool)) -> bool {
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
        let Ok(problem) = Dual::new(self.equation, a) else { return status };
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
    fn regular(&self) -> Result<Factors<T, N>, Error> {
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
        let step = lu.solve(self.residual_at(&self.z));
        let next: [T; N] = std::array::from_fn(|i| self.z[i] - step[i]);
        let (first, second) = (norm(&step).as_f64(), norm(&lu.solve(self.residual_at(&next))).as_f64());
        // steps at rounding level say nothing
        let uncertain = 16.0 * epsilon * condition * norm(&self.z).as_f64();
        if first > uncertain && second.partial_cmp(&(CONTRACTION * first)) == Some(std::cmp::Ordering::Greater) {
            return Err(singular(condition));
        }
        Ok(lu)
    }

    fn residual_at(&self, z: &[T; N]) -> [T; N] {
        let mut g = [T::zero(); N];
        self.equation.residual(z, &self.a, &mut g);
        g
    }

    /// The derivative of g along (dz, da).
    fn slope(&self, dz: impl Fn(usize) -> T, da: impl Fn(usize) -> T) -> [T; N] {
        let z: [DualNumber<T>; N] = std::array::from_fn(|i| DualNumber::new(self.z[i], dz(i)));
        let a: [DualNumber<T>; P] = std::array::from_fn(|i| DualNumber::new(self.a[i], da(i)));
        let mut g = [DualNumber::new(T::zero(), T::zero()); N];
        self.equation.residual(&z, &a, &mut g);
        g.map(|g| g.eps)
    }

    /// J at z, factored; none where a pivot is zero or not finite.
    fn factors(&self) -> Option<Factors<T, N>> {
        Factors::new(std::array::from_fn(|j| self.slope(|i| unit(i, j), |_| T::zero())))
    }
}

/// Largest magnitude.
fn unit<T: Real>(i: usize, j: usize) -> T {
    if i == j { T::one() } else { T::zero() }
}

/// P J = L U by partial pivoting.
struct Factors<T, const N: usize> {
    /// column j at index j
    columns: [[T; N]; N],
    pivots: [usize; N],
    /// ||J||_1
    norm: f64,
}

impl<T: Real, const N: usize> Factors<T, N> {
    fn new(mut a: [[T; N]; N]) -> Option<Self> {
        let norm = one_norm(&a);
        let mut pivots = [0; N];
        for c in 0..N {
            let best = (c..N).fold(c, |best, r| if a[c][r].abs() > a[c][best].abs() { r } else { best });
            pivots[c] = best;
            a.iter_mut().for_each(|column| column.swap(c, best));
            let pivot = a[c][c];
            if pivot == T::zero() || !pivot.is_finite() {
                return None;
            }
            a[c][c + 1..].iter_mut().for_each(|v| *v /= pivot);
            let (done, rest) = a.split_at_mut(c + 1);
            for column in rest {
                for r in c + 1..N {
                    let known = done[c][r] * column[c];
                    column[r] -= known;
                }
            }
        }
        Some(Factors { columns: a, pivots, norm })
    }

    fn solve(&self, mut x: [T; N]) -> [T; N] {
        self.pivots.iter().enumerate().for_each(|(c, &p)| x.swap(c, p));
        for c in 0..N {
            for r in c + 1..N {
                let known = self.columns[c][r] * x[c];
                x[r] -= known;
            }
        }
        for c in (0..N).rev() {
            x[c] /= self.columns[c][c];
            for r in 0..c {
                let known = self.columns[c][r] * x[c];
                x[r] -= known;
            }
        }
        x
    }

    fn solve_transpose(&self, mut x: [T; N]) -> [T; N] {
        for c in 0..N {
            let known = (0..c).fold(T::zero(), |sum, r| sum + self.columns[c][r] * x[r]);
            x[c] = (x[c] - known) / self.columns[c][c];
        }
        for c in (0..N).rev() {
            let known = (c + 1..N).fold(T::zero(), |sum, r| sum + self.columns[c][r] * x[r]);
            x[c] -= known;
        }
        self.pivots.iter().enumerate().rev().for_each(|(c, &p)| x.swap(c, p));
        x
    }

    /// ||J||_1 ||J^-1||_1, exactly up to rounding: N solves.
    fn condition(&self) -> f64 {
        let inverse: [[T; N]; N] = std::array::from_fn(|j| self.solve(std::array::from_fn(|i| unit(i, j))));
        self.norm * one_norm(&inverse)
    }
}

fn one_norm<T: Real, const N: usize>(columns: &[[T; N]; N]) -> f64 {
    let sum = |column: &[T; N]| column.iter().map(|v| v.as_f64().abs()).sum::<f64>();
    columns.iter().map(sum).fold(0.0, |largest, v| if v > largest || v.is_nan() { v } else { largest })
}
