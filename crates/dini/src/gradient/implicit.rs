//! Derivatives by the implicit function theorem.

use num_traits::{One, Zero};

use super::linear::{Linearised, Method, Side};
use crate::Real;
use crate::batch::Batch;
use crate::error::Error;
use crate::linear::{Inverse, LinearSolver};
use crate::problem::{Active, Linearize, ParamJvp, ParamVjp, Parametric, Scalar};
use crate::solve::{Solution, Status};

/// What happens to a sample whose derivative cannot be had: its solve did not converge, its Jacobian is singular, or the
/// linear system was not solved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The whole derivative is an error that names the first such sample.
    #[default]
    Refuse,
    /// The sample contributes zero and is reported.
    Drop,
    /// The best available vector is used and reported; zero where it is not finite.
    Accept,
}

/// Options of the implicit derivative.
#[derive(Clone, Debug)]
pub struct Implicit {
    /// How the linear system is solved (default [`Method::Auto`]).
    pub method: Method,
    /// Relative residual of the linear system (dimensionless; default 1e-6 in f32, 1e-10 in f64).
    pub tolerance: Option<f64>,
    /// Condition estimate from which a Jacobian counts as singular (default 0.1 / machine epsilon).
    pub max_condition: Option<f64>,
    /// Treatment of samples without a derivative (default [`OnFailure::Refuse`]).
    pub on_failure: OnFailure,
}

impl Default for Implicit {
    fn default() -> Self {
        Implicit { method: Method::Auto, tolerance: None, max_condition: None, on_failure: OnFailure::Refuse }
    }
}

/// How the linear system of one sample went.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Whether the tolerance was reached.
    pub converged: bool,
    /// Relative residual of the linear system, recomputed at the end.
    pub residual: f64,
    /// Iterations (products or sweeps).
    pub iterations: usize,
    /// Estimate of the condition number of J: from its factorisation, else a lower bound from the Krylov process.
    pub condition: f64,
}

/// A derivative and how it was come by.
#[derive(Debug)]
pub struct Derivative<D, V> {
    /// The derivative.
    pub value: D,
    /// The adjoint lam (reverse mode) or the tangent dz (forward mode), B x n.
    pub vector: V,
    /// One report per sample.
    pub reports: Vec<Report>,
    /// Samples without a derivative, treated as [`OnFailure`] says; empty under [`OnFailure::Refuse`].
    pub failures: Vec<usize>,
}

impl<D, V> Derivative<D, V> {
    /// Mean number of iterations per sample.
    pub fn mean_iterations(&self) -> f64 {
        self.reports.iter().map(|r| r.iterations as f64).sum::<f64>() / self.reports.len() as f64
    }
}

impl Implicit {
    fn tolerance<T: Real>(&self) -> f64 {
        // f32: 1e-6, f64: 1e-10
        self.tolerance.unwrap_or(if T::epsilon().as_f64() > 1e-10 { 1e-6 } else { 1e-10 })
    }

    fn max_condition<T: Real>(&self) -> f64 {
        self.max_condition.unwrap_or(0.1 / T::epsilon().as_f64())
    }

    fn validate<V: Batch>(&self) -> Result<(), Error> {
        for (name, value) in [("tolerance", self.tolerance), ("max_condition", self.max_condition)] {
            if let Some(value) = value.filter(|v| v.is_nan() || *v <= 0.0) {
                return Err(Error::option(name, value, "it must be positive"));
            }
        }
        match &self.method {
            Method::Gmres(gmres) => LinearSolver::<V>::validate(gmres),
            Method::FixedPoint(refinement) => LinearSolver::<V>::validate(refinement),
            Method::Auto | Method::Dense => Ok(()),
        }
    }

    /// Checks contract and hypotheses, solves the system on `side`, and sorts out the samples that failed.
    fn solve<P: Linearize, M: Inverse<P::State>>(
        &self,
        solution: &Solution<P, M>,
        linearised: &Linearised<'_, P, M>,
        side: Side,
        b: &P::State,
    ) -> Result<Derivative<(), P::State>, Error> {
        check_like(solution, b, if side == Side::Adjoint { "the cotangent" } else { "the tangent" })?;
        let tolerance = self.tolerance::<Scalar<P>>();
        let limit = self.max_condition::<Scalar<P>>();
        let (mut vector, reports) = linearised.solve(side, b, &self.method, tolerance)?;
        let mut norms = vec![Scalar::<P>::zero(); b.samples()];
        vector.norms(&mut norms);
        let mut failures = Vec::new();
        for (sample, r) in reports.iter().enumerate() {
            let finite = num_traits::Float::is_finite(norms[sample]);
            let singular = r.condition.is_nan() || r.condition > limit;
            let solved = solution.status(sample) == Status::Converged;
            if solved && r.converged && finite && !singular {
                continue;
            }
            match self.on_failure {
                OnFailure::Refuse if singular || !finite => {
                    return Err(Error::Singular { sample, condition: r.condition });
                }
                OnFailure::Refuse => {
                    let Report { residual, iterations, condition, .. } = *r;
                    return Err(Error::LinearSolve { sample, residual, tolerance, iterations, condition });
                }
                OnFailure::Accept if finite => {}
                OnFailure::Accept | OnFailure::Drop => {
                    let zeros = b.zeros(1);
                    vector.put(&[sample], &zeros, &[0]);
                }
            }
            failures.push(sample);
        }
        Ok(Derivative { value: (), vector, reports, failures })
    }

    fn prepare<'a, P: Linearize, M: Inverse<P::State>>(
        &self,
        solution: &'a Solution<P, M>,
    ) -> Result<Linearised<'a, P, M>, Error> {
        self.validate::<P::State>()?;
        if self.on_failure == OnFailure::Refuse
            && let Some(error) = solution.first_failure()
        {
            return Err(error);
        }
        Linearised::new(solution, &self.method)
    }
}

fn check_like<P: Linearize, M>(solution: &Solution<P, M>, b: &P::State, what: &'static str) -> Result<(), Error> {
    let (expected, found) = ((solution.samples(), solution.width()), (b.samples(), b.width()));
    if expected != found {
        return Err(Error::shape(what, expected, found));
    }
    let mut norms = vec![Scalar::<P>::zero(); b.samples()];
    b.norms(&mut norms);
    match norms.iter().position(|n| num_traits::Float::is_nan(*n)) {
        Some(sample) => Err(Error::NonFinite { what, sample }),
        None => Ok(()),
    }
}

impl<P: Linearize, M: Inverse<P::State>> Solution<P, M> {
    /// The adjoint lam with J^T lam = w: what an outer system needs that owns the parameters itself.
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn adjoint(&self, w: &P::State, options: &Implicit) -> Result<Derivative<(), P::State>, Error> {
        let linearised = options.prepare(self)?;
        options.solve(self, &linearised, Side::Adjoint, w)
    }
}

impl<P: ParamVjp, M: Inverse<P::State>> Solution<P, M> {
    /// dL/da = -(dg/da)^T lam with J^T lam = w, given w = dL/dz* (B x n), under default options.
    ///
    /// ```
    /// use dini::{Newton, Options, Rows, cells::Tanh, solve};
    /// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
    /// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
    /// let gradient = solution.pullback(&Rows::from_vec(1, 1, vec![1.0])?)?.value;
    /// let z = solution.z().row(0)[0];
    /// let d = 1.0 - z * z; // tanh'
    /// assert!((gradient.x.row(0)[0] - d / (1.0 - 0.5 * d)).abs() < 1e-6);
    /// # Ok::<(), dini::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn pullback(&self, w: &P::State) -> Result<Derivative<P::Parameters, P::State>, Error> {
        self.pullback_with(w, &Implicit::default())
    }

    /// dL/da = -(dg/da)^T lam with J^T lam = w, given w = dL/dz* (B x n).
    ///
    /// One linear solve per sample, whatever the number of parameters; memory independent of the forward iterations.
    ///
    /// # Errors
    /// [`Error::Shape`] and [`Error::NonFinite`] for a bad `w`; unless [`OnFailure`] says otherwise
    /// [`Error::NotConverged`], [`Error::Singular`] and [`Error::LinearSolve`] where the theorem or the solve fails.
    pub fn pullback_with(
        &self,
        w: &P::State,
        options: &Implicit,
    ) -> Result<Derivative<P::Parameters, P::State>, Error> {
        let linearised = options.prepare(self)?;
        let solved = options.solve(self, &linearised, Side::Adjoint, w)?;
        let mut value = self.problem.zero_parameters(self.samples());
        for chunk in &linearised.chunks {
            let samples: Vec<usize> = (chunk.base..chunk.base + chunk.slots.len()).collect();
            let mut lam = w.zeros(samples.len());
            lam.put(&chunk.slots, &solved.vector, &samples);
            // chunk after chunk: shared parameters are summed in a fixed order, and each product may use every thread
            let at = chunk.at(true);
            self.problem
                .param_vjp(at, &chunk.tape, &chunk.z, &lam, -Scalar::<P>::one(), &mut value)
                .map_err(Error::User)?;
        }
        let Derivative { vector, reports, failures, .. } = solved;
        Ok(Derivative { value, vector, reports, failures })
    }

    /// The full Jacobian dz*/da of one sample: entry i is the gradient of component i of z*.
    ///
    /// n solves with one factorisation ([`Method::Dense`]).
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn jacobian(&self, sample: usize) -> Result<Vec<P::Parameters>, Error> {
        let options = Implicit { method: Method::Dense, ..Implicit::default() };
        if sample >= self.samples() {
            return Err(Error::Shape {
                what: "sample",
                expected: format!("an index below {}", self.samples()),
                found: sample.to_string(),
            });
        }
        let linearised = options.prepare(self)?;
        let mut gradients = Vec::with_capacity(self.width());
        for i in 0..self.width() {
            let mut unit = vec![Scalar::<P>::zero(); self.width()];
            unit[i] = Scalar::<P>::one();
            let mut w = self.z.zeros(self.samples());
            w.write(sample, &unit);
            let solved = options.solve(self, &linearised, Side::Adjoint, &w)?;
            let mut value = self.problem.zero_parameters(self.samples());
            for chunk in &linearised.chunks {
                let Some(slot) = sample.checked_sub(chunk.base).filter(|s| *s < chunk.slots.len()) else { continue };
                let (mut lam, mut z) = (w.zeros(1), w.zeros(1));
                lam.put(&[0], &solved.vector, &[sample]);
                z.put(&[0], &chunk.z, &[slot]);
                let only = [slot];
                let at = Active::new(&only, chunk.base, true);
                self.problem
                    .param_vjp(at, &chunk.tape, &z, &lam, -Scalar::<P>::one(), &mut value)
                    .map_err(Error::User)?;
            }
            gradients.push(value);
        }
        Ok(gradients)
    }
}

impl<P: ParamJvp, M: Inverse<P::State>> Solution<P, M> {
    /// dz* = -J^-1 (dg/da) da for a direction da, under default options.
    ///
    /// # Errors
    /// As [`pushforward_with`](Solution::pushforward_with).
    pub fn pushforward(&self, tangent: &<P as Parametric>::Parameters) -> Result<Derivative<(), P::State>, Error> {
        self.pushforward_with(tangent, &Implicit::default())
    }

    /// dz* = -J^-1 (dg/da) da for a direction da; dz* is the `vector` of the result.
    ///
    /// # Errors
    /// As [`pullback_with`](Solution::pullback_with).
    pub fn pushforward_with(
        &self,
        tangent: &<P as Parametric>::Parameters,
        options: &Implicit,
    ) -> Result<Derivative<(), P::State>, Error> {
        let linearised = options.prepare(self)?;
        let mut rhs = self.z.zeros(self.samples());
        for chunk in &linearised.chunks {
            let samples: Vec<usize> = (chunk.base..chunk.base + chunk.slots.len()).collect();
            let mut part = rhs.zeros(samples.len());
            self.problem.param_jvp(chunk.at(true), &chunk.tape, &chunk.z, tangent, &mut part).map_err(Error::User)?;
            rhs.put(&samples, &part, &chunk.slots);
        }
        rhs.scale(&vec![-Scalar::<P>::one(); self.samples()]);
        options.solve(self, &linearised, Side::Tangent, &rhs)
    }
}
