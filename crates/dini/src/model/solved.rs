//! The result of one system.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::engine::{Answer, Engine};
use super::minimum;
use crate::batch::Rows;
use crate::error::Error;
use crate::gradient::GradientReport;
use crate::outcome::Status;
use crate::problem::{Active, Problem};
use crate::solve::{Accuracy, AnySolver, Control, Progress};
use crate::verdict::Verdict;
use crate::{Options, Real};

/// An iteration of a solve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iteration {
    /// The method, where several were tried, else empty.
    pub method: &'static str,
    /// Its iterations, counted from 1.
    pub iteration: usize,
    /// ||g|| after it.
    pub residual: f64,
}

/// z* of one system, how the solve went, and its derivatives by the parameters.
///
/// ```
/// use dini::Model;
/// let s = Model::equation(|z, a| [z[0].exp() * z[0] - a[0]]).parameters(&[1.0]).solve(&[1.0])?;
/// let s = s.tighten(1e-14)?;
/// assert!((s.converged()?[0] - 0.567143290409784).abs() < 1e-14);
/// println!("{}", s.report());
/// for step in s.trace() {
///     println!("{:3} {:.1e}", step.iteration, step.residual);
/// }
/// # Ok::<(), dini::Error>(())
/// ```
pub struct Solved<T: Real> {
    solution: Answer<T>,
    trace: Vec<Iteration>,
    solver: AnySolver,
    options: Options,
}

impl<T: Engine> fmt::Debug for Solved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Solved");
        out.field("z", &self.z()).field("status", &self.status()).field("iterations", &self.iterations());
        out.field("accuracy", &self.accuracy()).finish_non_exhaustive()
    }
}

/// The history of one sample, as an observer writes it down.
pub(super) type History = Mutex<Vec<Iteration>>;

/// Writes an iteration down.
pub(super) fn note<T: Real>(history: &History, progress: &Progress<'_, T>) -> Control {
    if let Some(residual) = progress.residual.first() {
        let Progress { method, iteration, .. } = *progress;
        let residual = residual.as_f64();
        history.lock().unwrap_or_else(PoisonError::into_inner).push(Iteration { method, iteration, residual });
    }
    Control::Continue
}

impl<T: Engine> Solved<T> {
    pub(super) fn new(solution: Answer<T>, trace: History, solver: AnySolver, options: Options) -> Self {
        let trace = trace.into_inner().unwrap_or_else(PoisonError::into_inner);
        Solved { solution, trace, solver, options }
    }

    /// The last iterate, converged or not.
    pub fn z(&self) -> &[T] {
        self.solution.z().row(0)
    }

    /// How the solve ended.
    pub fn status(&self) -> Status {
        self.solution.outcomes()[0].status
    }

    /// z*, if the solve has converged.
    ///
    /// # Errors
    /// [`Error::NotConverged`].
    pub fn converged(&self) -> Result<&[T], Error> {
        self.solution.converged().map(|z| z.row(0))
    }

    /// dz*/da, n x p: row i belongs to unknown i.
    ///
    /// One factorisation, and the fewer of n and p solves.
    ///
    /// # Errors
    /// [`Error::NotConverged`]; [`Error::NoParameters`]; [`Error::Singular`], [`Error::Hypotheses`] or
    /// [`Error::LinearSolve`] where there is no derivative.
    pub fn jacobian(&self) -> Result<Rows<T>, Error> {
        let (n, p) = (self.z().len(), self.parameters().len());
        if p > n {
            let mut jacobian = Rows::new(n, p);
            for (i, gradient) in T::gradients(&self.solution)?.iter().enumerate() {
                jacobian.row_mut(i).copy_from_slice(gradient.row(0));
            }
            return Ok(jacobian);
        }
        self.jacobian_by(&(0..p).collect::<Vec<_>>())
    }

    /// The columns of dz*/da for these parameters, n x their number: one solve a column.
    ///
    /// # Errors
    /// As [`jacobian`](Solved::jacobian); [`Error::Shape`] where there is no such parameter.
    pub fn jacobian_by(&self, parameters: &[usize]) -> Result<Rows<T>, Error> {
        let p = self.parameters().len();
        if p == 0 {
            return Err(Error::NoParameters);
        }
        if let Some(outside) = parameters.iter().find(|k| **k >= p) {
            let (expected, found) = (format!("an index below {p}"), outside.to_string());
            return Err(Error::Shape { what: "the parameter", expected, found });
        }
        let direction = |k: &usize| {
            let mut da = Rows::new(1, p);
            da.row_mut(0)[*k] = T::one();
            da
        };
        let columns = T::tangents(&self.solution, parameters.iter().map(direction).collect())?;
        let mut jacobian = Rows::new(self.z().len(), parameters.len());
        for (k, column) in columns.into_iter().enumerate() {
            column.as_slice().iter().enumerate().for_each(|(i, value)| jacobian.row_mut(i)[k] = *value);
        }
        Ok(jacobian)
    }

    /// dL/da of a loss L(z*) with w = dL/dz*: one adjoint solve, whatever the number of parameters.
    ///
    /// # Errors
    /// As [`jacobian`](Solved::jacobian); [`Error::Shape`] and [`Error::NonFinite`] for a bad `w`.
    pub fn gradient(&self, w: &[T]) -> Result<Vec<T>, Error> {
        self.parametrised()?;
        Ok(T::pullback(&self.solution, &row(w)?)?.value.into_vec())
    }

    /// dL/da with a bound on its error, given w = dL/dz*: what is left of the solve, of the adjoint, and rounding.
    ///
    /// Costs ten to thirty further gradients; [`Solution::gradient_report`](crate::Solution::gradient_report) says what it is made of.
    ///
    /// ```
    /// // z^3 + z = 2
    /// let s = dini::root(&[0.5], &[2.0], |z, a| [z[0].powi(3) + z[0] - a[0]])?;
    /// let report = s.gradient_report(&[1.0])?;
    /// let error = (report.derivative.value.row(0)[0] - 0.25).abs();
    /// assert!(error <= report.bounds[0].error && report.bounds[0].relative() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`gradient`](Solved::gradient).
    pub fn gradient_report(&self, w: &[T]) -> Result<GradientReport<Rows<T>, Rows<T>>, Error> {
        self.parametrised()?;
        T::gradient_report(&self.solution, &row(w)?, None)
    }

    /// dL/da to a relative accuracy of the gradient, whatever the tolerance of the solve was, given w = dL/dz*.
    ///
    /// ```
    /// let s = dini::root(&[0.5], &[2.0], |z, a| [z[0].powi(3) + z[0] - a[0]])?;
    /// assert!((s.accurate_gradient(&[1.0], 1e-12)?[0] - 0.25).abs() < 0.25e-12);
    /// assert!(s.accurate_gradient(&[1.0], 1e-18).is_err());
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Inaccurate`] with what was reached and why; as [`gradient`](Solved::gradient).
    pub fn accurate_gradient(&self, w: &[T], accuracy: f64) -> Result<Vec<T>, Error> {
        self.parametrised()?;
        Ok(T::gradient_report(&self.solution, &row(w)?, Some(accuracy))?.corrected.into_vec())
    }

    /// dz* along a direction da of the parameters: one solve.
    ///
    /// # Errors
    /// As [`jacobian`](Solved::jacobian); [`Error::Shape`] and [`Error::NonFinite`] for a bad `da`.
    pub fn tangent(&self, da: &[T]) -> Result<Vec<T>, Error> {
        self.parametrised()?;
        let da = if da.is_empty() { Rows::new(1, 0) } else { row(da)? };
        Ok(T::pushforward(&self.solution, &da)?.value.into_vec())
    }

    /// The second derivatives of a loss by a, p x p, given w = dL/dz* and `dw`(dz) = (d^2 L/dz^2) dz, which is 0 for a loss that is
    /// linear in z*: p products of the Hessian.
    ///
    /// # Errors
    /// As [`Solution::hessian_product`](crate::Solution::hessian_product).
    pub fn hessian(&self, w: &[T], dw: impl Fn(&[T]) -> Vec<T>) -> Result<Rows<T>, Error> {
        self.parametrised()?;
        let (w, n, p) = (row(w)?, self.z().len(), self.parameters().len());
        let curvature = |dz: &Rows<T>| {
            let dw = dw(dz.row(0));
            // what has another length is refused as a vector of another shape
            Rows::from_vec(1, dw.len(), dw).unwrap_or_else(|_| Rows::new(1, n + 1))
        };
        let mut hessian = Rows::new(p, p);
        for k in 0..p {
            let mut da = Rows::new(1, p);
            da.row_mut(0)[k] = T::one();
            let product = T::hessian_product(&self.solution, &w, &da, &curvature)?.value;
            hessian.row_mut(k).copy_from_slice(product.row(0));
        }
        Ok(hessian)
    }

    /// Whether the implicit function theorem holds at z*.
    ///
    /// # Errors
    /// [`Error::User`] for a fatal error of the function.
    pub fn verdict(&self) -> Result<Verdict, Error> {
        T::verdict(&self.solution)
    }

    /// The parameters.
    pub fn parameters(&self) -> &[T] {
        let parameters = self.solution.problem().parameters();
        if parameters.width() == 0 { &[] } else { parameters.row(0) }
    }

    /// The correction that is left, and how it is known.
    pub fn accuracy(&self) -> Accuracy {
        self.solution.outcomes()[0].accuracy
    }

    /// Iterations made.
    pub fn iterations(&self) -> usize {
        self.solution.outcomes()[0].iterations
    }

    /// ||g(z)||
    pub fn residual_norm(&self) -> f64 {
        self.solution.outcomes()[0].residual
    }

    /// The iterations in order.
    pub fn trace(&self) -> &[Iteration] {
        &self.trace
    }

    /// The result as the engine has it: of a batch of one.
    pub fn solution(&self) -> &Answer<T> {
        &self.solution
    }

    /// Solves again from here, to a tolerance relative to every unknown, or as far as rounding lets it.
    ///
    /// # Errors
    /// [`Error::Option`] for a tolerance that is not positive.
    pub fn tighten(&self, relative: f64) -> Result<Self, Error> {
        let options = Options { relative, ..self.options.clone() };
        let system = self.solution.problem().clone();
        let trace = History::default();
        let observer = |progress: &Progress<'_, T>| note(&trace, progress);
        let mut solution = T::solve(system, self.solution.z(), &self.solver, &options, &observer)?;
        minimum::judge(&mut solution)?;
        Ok(Solved::new(solution, trace, self.solver.clone(), options))
    }

    /// What happened, in words.
    pub fn report(&self) -> Report<'_, T> {
        Report(self)
    }

    fn parametrised(&self) -> Result<(), Error> {
        if self.parameters().is_empty() { Err(Error::NoParameters) } else { Ok(()) }
    }

    /// The first equation that is undefined at the last iterate.
    fn undefined(&self) -> Option<usize> {
        self.solution.residual().row(0).iter().position(|g| !num_traits::Float::is_finite(*g)).or_else(|| {
            let mut g = Rows::new(1, self.z().len());
            self.solution.problem().residual(Active::new(&[0], 0, true), self.solution.z(), &mut g).ok()?;
            g.row(0).iter().position(|g| !num_traits::Float::is_finite(*g))
        })
    }
}

fn row<T: Real>(values: &[T]) -> Result<Rows<T>, Error> {
    Rows::from_vec(1, values.len(), values.to_vec())
}

/// What happened in a solve, for people: [`Solved::report`].
pub struct Report<'s, T: Real>(&'s Solved<T>);

impl<T: Engine> fmt::Debug for Report<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Engine> fmt::Display for Report<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Solved { solution, .. } = self.0;
        let (system, status) = (solution.problem(), self.0.status());
        let (n, p) = (self.0.z().len(), self.0.parameters().len());
        writeln!(f, "{}: {n} unknowns, {p} parameters", system.kind())?;
        write!(f, "{status} after {} iterations", self.0.iterations())?;
        let methods: Vec<&str> = solution.attempts(0).map(|attempt| attempt.method).collect();
        if !methods.is_empty() {
            write!(f, " ({})", methods.join(", then "))?;
        }
        writeln!(f, ", {} evaluations; residual {:.3e}", solution.evaluations(), self.0.residual_norm())?;
        if status == Status::Converged {
            return writeln!(f, "{}", self.0.accuracy());
        }
        if status == Status::NonFinite
            && let Some(equation) = self.0.undefined()
        {
            write!(f, "equation {equation} is undefined at")?;
            for (j, z) in self.0.z().iter().take(SHOWN).enumerate() {
                write!(f, "{} {} = {z}", if j > 0 { "," } else { "" }, system.unknown(j))?;
            }
            writeln!(f, "{}", if n > SHOWN { ", ..." } else { "" })?;
        }
        writeln!(f, "{}", status.advice())
    }
}

/// Unknowns that a report shows.
const SHOWN: usize = 8;
