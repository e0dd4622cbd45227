//! The statement of a problem.

use std::rc::Rc;
use std::sync::Arc;

use super::engine::{Answer, Engine};
use super::minimum;
use super::names::Names;
use super::scales::Scales;
use super::slices::{Slices, Stated};
use super::solved::{History, Solved, note};
use super::system::{Body, Kind, System};
use super::traced::{Pattern, Traced};
use crate::batch::Rows;
use crate::check::Mistake;
use crate::error::Error;
use crate::problem::{Along, Bounds, Sparsity};
use crate::program::{Equation, Outputs, Trace, Var};
use crate::solve::{AnySolver, Control, Observer};
use crate::{Auto, Options, Real};

/// A condition on unknowns z with parameters a, and how it is to be solved.
///
/// ```
/// use dini::Model;
/// // the layer z = tanh(W z + x)
/// let w = [[0.3, -0.2], [0.1, 0.4]];
/// let cell = Model::fixed_point(|z, x| [0, 1].map(|i| (w[i][0] * z[0] + w[i][1] * z[1] + x[i]).tanh()));
/// let s = cell.parameters(&[0.5, -1.0]).solve(&[0.0, 0.0])?;
/// let z = s.converged()?;
/// assert!((z[0] - (0.3 * z[0] - 0.2 * z[1] + 0.5f64).tanh()).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// What it is made of is listed in [`model`](crate::model). `F` is the function and `T` the scalar, `f64` or `f32`: that of the
/// start and the parameters.
#[derive(Clone, Debug)]
pub struct Model<F, T> {
    kind: Kind,
    function: F,
    parameters: Rows<T>,
    pub(super) start: Vec<T>,
    pattern: Pattern,
    names: Arc<Names>,
    scales: Option<Scales>,
    solver: AnySolver,
    pub(super) options: Options,
}

/// A function of (z, a) on traced numbers.
type Function<'f> = dyn Fn(&[Var], &[Var]) -> Vec<Var> + 'f;

/// A program of n unknowns and p parameters.
type Program<'f> = dyn Fn((usize, usize)) -> Result<Trace, Error> + 'f;

/// A closure on [traced numbers](Var), or a program.
#[derive(Clone)]
pub struct OnVars<'f>(Rc<Program<'f>>);

/// The program that a function becomes.
fn traced(function: &Function<'_>, (n, p): (usize, usize)) -> Result<Trace, Error> {
    Trace::new(n + p, |inputs| {
        let (z, a) = inputs.split_at(n);
        function(z, a)
    })
}

/// A closure on plain slices.
#[derive(Clone)]
pub struct OnSlices<T>(Stated<T>);

impl std::fmt::Debug for OnVars<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnVars")
    }
}

impl<T> std::fmt::Debug for OnSlices<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnSlices")
    }
}

/// How a function becomes the body of a system of n unknowns and p parameters.
pub trait Lower<T> {
    /// The body.
    fn lower(&self, kind: Kind, size: (usize, usize), pattern: &Pattern) -> Result<Arc<dyn Body<T>>, Error>;
    /// Checks a pattern that is not known to be right, at these samples.
    fn check_pattern(&self, kind: Kind, pattern: &Pattern, z: &Rows<T>, a: &Rows<T>) -> Result<(), Error>;
}

impl<T: Real> Lower<T> for OnVars<'_> {
    fn lower(&self, kind: Kind, size: (usize, usize), pattern: &Pattern) -> Result<Arc<dyn Body<T>>, Error> {
        Ok(Arc::new(Traced::new(kind, (self.0)(size)?, size, pattern)?))
    }

    // compared with the program when it is lowered
    fn check_pattern(&self, _: Kind, _: &Pattern, _: &Rows<T>, _: &Rows<T>) -> Result<(), Error> {
        Ok(())
    }
}

impl<T: Real> OnSlices<T> {
    fn slices(&self, kind: Kind, n: usize, pattern: &Pattern) -> Result<Slices<T>, Error> {
        let given = match pattern {
            Pattern::Given(sparsity) => Some(sparsity),
            Pattern::Unknown => None,
            Pattern::Find => {
                let requirement = "a pattern can be read off traced functions only: give it with `pattern`";
                return Err(Error::option("find_pattern", "set", requirement));
            }
        };
        Slices::new(kind, self.0.clone(), n, given)
    }
}

impl<T: Real> Lower<T> for OnSlices<T> {
    fn lower(&self, kind: Kind, (n, _): (usize, usize), pattern: &Pattern) -> Result<Arc<dyn Body<T>>, Error> {
        Ok(Arc::new(self.slices(kind, n, pattern)?))
    }

    fn check_pattern(&self, kind: Kind, pattern: &Pattern, z: &Rows<T>, a: &Rows<T>) -> Result<(), Error> {
        self.slices(kind, z.width(), pattern)?.check_pattern(z, a)
    }
}

impl<'f> Model<OnVars<'f>, f64> {
    fn traced<R: Outputs>(kind: Kind, f: impl Fn(&[Var], &[Var]) -> R + 'f) -> Self {
        let function = move |z: &[Var], a: &[Var]| f(z, a).numbers();
        Model::new(kind, OnVars(Rc::new(move |size| traced(&function, size))))
    }

    /// g(z; a) = 0: `g` returns as many numbers as there are unknowns.
    pub fn equation<R: Outputs>(g: impl Fn(&[Var], &[Var]) -> R + 'f) -> Self {
        Self::traced(Kind::Equation, g)
    }

    /// g(z; a) = 0 for an equation that is written for every type of number, as [`tiny::solve`](crate::tiny::solve) takes it.
    ///
    /// ```
    /// use dini::{Model, program::{Equation, Number}};
    /// struct Power(i32);
    /// impl Equation for Power {
    ///     fn unknowns(&self) -> usize { 1 }
    ///     fn parameters(&self) -> usize { 1 }
    ///     fn residual<D: Number>(&self, z: &[D], a: &[D], out: &mut [D]) {
    ///         out[0] = z[0].powi(self.0) - a[0];
    ///     }
    /// }
    /// let s = Model::of(Power(3)).parameters(&[8.0]).solve(&[1.0])?;
    /// assert!((s.converged()?[0] - 2.0).abs() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// A start or parameters that are not as many as the equation's are an [`Error::Shape`] when the model is lowered.
    pub fn of(equation: impl Equation + 'f) -> Self {
        Model::stated(equation)
    }

    /// z = f(z; a): `f` returns as many numbers as there are unknowns.
    pub fn fixed_point<R: Outputs>(f: impl Fn(&[Var], &[Var]) -> R + 'f) -> Self {
        Self::traced(Kind::FixedPoint, f)
    }

    /// phi(z; a) is smallest, here or among the points nearby.
    ///
    /// Its gradient by z is the equation that is solved, after a descent from the start. A point from which phi falls ends as
    /// [`Status::Saddle`](crate::Status::Saddle): by its second derivatives or, where these do not decide, by looking along the directions
    /// in which they vanish (n <= 1000; a fall along curves alone is not seen, but no verdict holds there). Derivatives of z* use second derivatives of phi, Hessian products third ones, all of
    /// them exact.
    ///
    /// ```
    /// use dini::{Model, program::dot};
    /// // ridge regression: the derivative of the weights by the penalty
    /// let data = [([1.0, 0.0], 1.0), ([1.0, 1.0], 3.0), ([1.0, 2.0], 4.0)];
    /// let loss = |w: &[_], penalty: &[_]| {
    ///     let misfit = data.iter().map(|(x, y)| (dot(x, w) - *y).powi(2)).sum::<dini::program::Var>();
    ///     misfit + penalty[0] * dot(w, w)
    /// };
    /// let s = Model::minimum(loss).parameters(&[0.1]).solve(&[0.0, 0.0])?;
    /// let shrinking = s.jacobian()?;
    /// assert!(shrinking.row(1)[0] < 0.0);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn minimum(phi: impl Fn(&[Var], &[Var]) -> Var + 'f) -> Self {
        Self::traced(Kind::Minimum, phi)
    }

    /// |r(z; a)|^2 is smallest: `r` fills m >= n numbers, which are 0 before.
    ///
    /// As [`minimum`](Model::minimum) of |r|^2 / 2, its Jacobian being (dr/dz)^T dr/dz and the terms of second order.
    ///
    /// ```
    /// use dini::Model;
    /// let (t, y) = ([0.0, 1.0, 2.0], [2.0, 1.2, 0.7]);
    /// let s = Model::least_squares(3, |z, _, r| (0..3).for_each(|i| r[i] = z[0] * (-z[1] * t[i]).exp() - y[i]))
    ///     .solve(&[1.0, 1.0])?;
    /// assert!((s.converged()?[1] - 0.5200256f64).abs() < 1e-4);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn least_squares(m: usize, r: impl Fn(&[Var], &[Var], &mut [Var]) + 'f) -> Self {
        Self::traced(Kind::LeastSquares, move |z: &[Var], a: &[Var]| {
            let mut residuals = vec![Var::from(0.0); m];
            r(z, a, &mut residuals);
            residuals
        })
    }

    /// A condition that is a program already, as of formulas that are read and not compiled. The inputs of its graph are the n
    /// unknowns and, after them, the parameters; its outputs are what the closure for this `kind` returns.
    ///
    /// ```
    /// use dini::model::{Kind, Model};
    /// use dini::program::{Graph, Join, Trace};
    /// // z^3 = a, node by node
    /// let mut graph = Graph::new();
    /// let (z, a) = (graph.input(0), graph.input(1));
    /// let cube = graph.raise(z, 3.0);
    /// let g = graph.join(Join::Subtract, cube, a);
    /// let model = Model::program(Kind::Equation, Trace { graph, outputs: vec![g] }).parameters(&[8.0]);
    /// let s = model.unknown_names(["side"]).parameter_names(["volume"]).solve(&[1.0])?;
    /// assert!((s.converged()?[0] - 2.0).abs() < 1e-6);
    /// assert!((s.jacobian()?.row(0)[0] - 1.0 / 12.0).abs() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// Outputs that are no nodes of the graph are an [`Error::Trace`] when the model is lowered, inputs beyond the last parameter an
    /// [`Error::Shape`].
    pub fn program(kind: Kind, program: Trace) -> Self {
        let checked = move |(n, p): (usize, usize)| program.check(n + p).map(|()| program.clone());
        Model::new(kind, OnVars(Rc::new(checked)))
    }

    /// The same in `f32`; to be called before parameters and starts are given.
    ///
    /// ```
    /// use dini::Model;
    /// let s = Model::equation(|z, a| [z[0] * z[0] - a[0]]).single_precision().parameters(&[2f32]).solve(&[1.0])?;
    /// assert!((s.converged()?[0] - 2f32.sqrt()).abs() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn single_precision(self) -> Model<OnVars<'f>, f32> {
        let Model { kind, function, pattern, names, scales, solver, options, .. } = self;
        Model { pattern, names, scales, solver, options, ..Model::new(kind, function) }
    }
}

impl<'f, T: Real> Model<OnVars<'f>, T> {
    /// [`of`](Model::of) in either scalar.
    pub(crate) fn stated(equation: impl Equation + 'f) -> Self {
        let expected = (equation.unknowns(), equation.parameters());
        let function = move |z: &[Var], a: &[Var]| {
            let mut out = vec![Var::from(0.0); expected.0];
            equation.residual(z, a, &mut out);
            out
        };
        let program = move |size| {
            if size == expected {
                return traced(&function, size);
            }
            Err(Error::shape("unknowns and parameters of the equation", expected, size))
        };
        Model::new(Kind::Equation, OnVars(Rc::new(program)))
    }

    /// Reads the pattern of the Jacobian off the function, whatever the size: Jacobians and their factors are sparse, and
    /// [`Auto`] takes sparse Newton for equations with more than 8 unknowns.
    ///
    /// Without it that is done above 64 unknowns, where at most a fifth of the entries differ from 0.
    pub fn find_pattern(self) -> Self {
        Model { pattern: Pattern::Find, ..self }
    }
}

impl<T: Real> Model<OnSlices<T>, T> {
    fn on_slices(kind: Kind, function: impl Fn(&[T], &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        let stated = Stated { function: Arc::new(function), jacobian: None, parameter_jacobian: None, second: None };
        Model::new(kind, OnSlices(stated))
    }

    /// g(z; a) = 0 for what can't be traced: `g(z, a, out)` fills n numbers, which are 0 before. A sample outside the domain leaves NaN.
    ///
    /// Derivatives that are not stated are central differences: 2 n evaluations by z (2 a colour of the pattern), 2 p by a, accurate to
    /// about eps^(2/3) relative: 4e-11 in f64, 2e-5 in f32.
    ///
    /// ```
    /// use dini::Model;
    /// let cube = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].powi(3) - a[0])
    ///     .jacobian(|z, _, j| j[0] = 3.0 * z[0] * z[0])
    ///     .parameters(&[8.0]);
    /// assert!(cube.check(&[1.7])?.is_empty());
    /// let s = cube.solve(&[1e4])?;
    /// assert!((s.converged()?[0] - 2.0).abs() < 2e-6);
    /// assert!((s.gradient(&[1.0])?[0] - 1.0 / 12.0).abs() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn equation_on_slices(g: impl Fn(&[T], &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        Self::on_slices(Kind::Equation, g)
    }

    /// z = f(z; a) for what can't be traced, as [`equation_on_slices`](Model::equation_on_slices).
    pub fn fixed_point_on_slices(f: impl Fn(&[T], &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        Self::on_slices(Kind::FixedPoint, f)
    }

    /// States the derivative of the function by z: `(z, a, out)` fills n x n numbers column-major (entry (i, j) at j n + i), or with a
    /// pattern its entries in the order of the pattern; all are 0 before.
    pub fn jacobian(mut self, jacobian: impl Fn(&[T], &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        self.function.0.jacobian = Some(Arc::new(jacobian));
        self
    }

    /// States the derivative of the function by a: `(z, a, out)` fills n x p numbers column-major.
    pub fn parameter_jacobian(mut self, jacobian: impl Fn(&[T], &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        self.function.0.parameter_jacobian = Some(Arc::new(jacobian));
        self
    }

    /// States the second derivatives of the function: with h = lam^T g (lam^T f of a fixed point) `(a, along, out)` fills the n values
    /// h_zz dz + h_za da and, after them, the p values h_az dz + h_aa da. Without them second derivatives of a solution are refused.
    pub fn second_derivatives(
        mut self,
        second: impl Fn(&[T], Along<'_, [T], [T]>, &mut [T]) + Send + Sync + 'static,
    ) -> Self {
        self.function.0.second = Some(Arc::new(second));
        self
    }
}

impl<F, T: Real> Model<F, T> {
    fn new(kind: Kind, function: F) -> Self {
        Model {
            kind,
            function,
            parameters: Rows::new(1, 0),
            start: Vec::new(),
            pattern: Pattern::Unknown,
            names: Arc::default(),
            scales: None,
            solver: AnySolver::Auto(Auto::default()),
            options: Options::default(),
        }
    }

    /// Sets the parameters a of one system.
    pub fn parameters(mut self, a: &[T]) -> Self {
        let mut row = Rows::new(1, a.len());
        row.as_mut_slice().copy_from_slice(a);
        self.parameters = row;
        self
    }

    /// Sets the parameters of a batch: row s of `a` (B x p) belongs to sample s.
    pub fn samples(mut self, a: Rows<T>) -> Self {
        self.parameters = a;
        self
    }

    /// States where dg/dz (df/dz of a fixed point) may differ from 0. It is checked: against a traced function when it is lowered,
    /// against differences at the start where differences fill it.
    pub fn pattern(self, pattern: Sparsity) -> Self {
        Model { pattern: Pattern::Given(pattern), ..self }
    }

    /// Names the unknowns, for messages.
    pub fn unknown_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        Arc::make_mut(&mut self.names).unknowns = names.into_iter().map(Into::into).collect();
        self
    }

    /// Names the parameters, for messages.
    pub fn parameter_names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        Arc::make_mut(&mut self.names).parameters = names.into_iter().map(Into::into).collect();
        self
    }

    /// Sets where a [`sweep`](Model::sweep) starts at its first value.
    pub fn start(self, z0: &[T]) -> Self {
        Model { start: z0.to_vec(), ..self }
    }

    /// Keeps the unknowns within bounds.
    pub fn bounds(mut self, bounds: Bounds) -> Self {
        self.options.bounds = Some(bounds);
        self
    }

    /// States the sizes of the unknowns and of the equations, in their own units (1 where nothing is said): the solver works with
    /// z and g divided by them, results are in the units of the problem. Convergence is by unknown all the same; trust regions, line
    /// searches and methods without a Jacobian look at norms, in which unknowns of very different size drown each other.
    pub fn scales(mut self, unknowns: &[f64], equations: &[f64]) -> Self {
        self.scales = Some(Scales { unknowns: unknowns.to_vec(), equations: equations.to_vec() });
        self
    }

    /// Sets the tolerance, relative to every unknown (default 1e-6).
    pub fn tolerance(mut self, relative: f64) -> Self {
        self.options.relative = relative;
        self
    }

    /// Sets every option of the solve, bounds and tolerance included.
    pub fn options(self, options: Options) -> Self {
        Model { options, ..self }
    }

    /// Sets the solver (default [`Auto`]).
    pub fn solver(self, solver: impl Into<AnySolver>) -> Self {
        Model { solver: solver.into(), ..self }
    }
}

impl<F: Lower<T>, T: Real> Model<F, T> {
    /// The problem in `n` unknowns that solvers read, for [`solve`](fn@crate::solve) with a solver of one's own, or to be solved often:
    /// the function is traced here.
    ///
    /// # Errors
    /// [`Error::Trace`]; [`Error::Shape`] where the function returns another number of values, or a pattern or names do not fit;
    /// [`Error::IncompleteSparsity`] where a pattern misses entries of a traced function; [`Error::TooLarge`], [`Error::TooDense`];
    /// [`Error::Unusable`] for a parameter that is not finite.
    pub fn system(&self, n: usize) -> Result<System<T>, Error> {
        if n == 0 {
            return Err(Error::Empty { what: "the start" });
        }
        let body = self.function.lower(self.kind, (n, self.parameters.width()), &self.pattern)?;
        System::new(self.kind, n, self.names.clone(), body, self.parameters.clone())
    }
}

impl<F: Lower<T>, T: Engine> Model<F, T> {
    /// Solves one system from `z0`.
    ///
    /// # Errors
    /// As [`system`](Model::system) and [`solve`](fn@crate::solve); [`Error::Shape`] where the parameters are those of several samples.
    /// A solve that does not converge is not an error: see [`Solved::status`].
    pub fn solve(&self, z0: &[T]) -> Result<Solved<T>, Error> {
        self.system(z0.len()).and_then(|system| self.solve_system(system, z0))
    }

    /// Solves a system that was made of this model, with parameters of its own.
    pub(super) fn solve_system(&self, system: System<T>, z0: &[T]) -> Result<Solved<T>, Error> {
        let start = Rows::from_vec(1, z0.len(), z0.to_vec())?;
        let trace = History::default();
        let solution = self.run(system, &start, &|progress| note(&trace, progress))?;
        Ok(Solved::new(solution, trace, self.solver.clone(), self.options.clone()))
    }

    /// Solves a system a sample, sample s with row s of the [parameters](Model::samples) from row s of `z0`, or from its only row.
    ///
    /// # Errors
    /// As [`solve`](Model::solve); [`Error::Shape`] where starts and parameters are not equally many.
    pub fn solve_samples(&self, z0: &Rows<T>) -> Result<Answer<T>, Error> {
        let samples = self.parameters.samples();
        let system = self.system(z0.width())?;
        if z0.samples() == 1 && samples > 1 {
            let mut starts = Rows::new(samples, z0.width());
            (0..samples).for_each(|s| starts.row_mut(s).copy_from_slice(z0.row(0)));
            return self.run(system, &starts, &|_| Control::Continue);
        }
        self.run(system, z0, &|_| Control::Continue)
    }

    fn run(&self, system: System<T>, z0: &Rows<T>, observer: &Observer<'_, T>) -> Result<Answer<T>, Error> {
        self.function.check_pattern(self.kind, &self.pattern, z0, system.parameters())?;
        let solve = |system: System<T>, z0: &Rows<T>, options: &Options| {
            let start = minimum::descended(&system, z0, options)?;
            let mut answer = T::solve(system, start.as_ref().unwrap_or(z0), &self.solver, options, observer)?;
            minimum::judge(&mut answer)?;
            Ok(answer)
        };
        match &self.scales {
            Some(scales) => scales.solve(system, z0, &self.options, solve),
            None => solve(system, z0, &self.options),
        }
    }

    /// Compares the derivatives with differences of the function around `z`: for derivatives stated by hand. See
    /// [`check`](fn@crate::check) and [`check_parameters`](crate::check_parameters) for batches.
    ///
    /// # Errors
    /// As [`system`](Model::system); what is wrong with `z`.
    pub fn check(&self, z: &[T]) -> Result<Vec<Mistake>, Error> {
        let system = self.system(z.len())?;
        let z = Rows::from_vec(1, z.len(), z.to_vec())?;
        let mut mistakes = crate::check(&system, &z)?;
        if system.parameters().width() > 0 {
            let build = |a: &Rows<T>| system.with_parameters(a.clone()).unwrap_or_else(|_| system.clone());
            mistakes.extend(crate::check_parameters(build, system.parameters(), &z)?);
        }
        Ok(mistakes)
    }
}
