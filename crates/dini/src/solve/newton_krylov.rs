//! Newton's method with a Krylov method: no matrix is formed but what a preconditioner asks for.

use num_traits::{Float, Zero};

use super::backtrack::{Correction, Direction, LineSearch, LineSearchWork, backtrack};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError};
use crate::linear::{
    Gmres, Inverse, Krylov, KrylovWork, LinearRecord, LinearSolver, Precondition, Preconditioner, System,
};
use crate::outcome::{Status, Stop};
use crate::problem::{Evaluator, Linearize, Scalar};

/// Inexact Newton: ||g - J dz|| <= eta ||g|| by GMRES or another Krylov method on products J v, z <- z - t dz with t by
/// backtracking.
///
/// eta follows the second choice of Eisenstat and Walker, gamma (||g_k|| / ||g_{k-1}||)^2 with their safeguard, and never
/// asks for more than half the remaining tolerance. A step costs the products of its Krylov method, one evaluation per
/// trial of the line search and what its preconditioner costs, which is built anew in every step; the last one is kept for
/// the derivative. Memory: the vectors of the Krylov method (GMRES: `restart` + 2) and four more.
///
/// The preconditioner is made of the Jacobian ([`Preconditioner`]) or the user's own (`Arc<dyn Inverse<_>>`):
///
/// ```
/// use std::sync::Arc;
/// use dini::linear::{BiCgStab, Inverse, LinearSolver};
/// use dini::problem::Active;
/// use dini::{Model, Options, Rows, solve, solve::NewtonKrylov};
///
/// /// J is near diag(100, 1).
/// struct Near;
/// impl Near {
///     fn apply(r: &mut Rows<f64>) -> bool {
///         r.as_mut_slice().chunks_exact_mut(2).for_each(|r| r[0] /= 100.0);
///         true
///     }
/// }
/// impl Inverse<Rows<f64>> for Near {
///     fn solve(&self, _: Active<'_>, r: &mut Rows<f64>) -> bool { Near::apply(r) }
///     fn solve_transpose(&self, _: Active<'_>, r: &mut Rows<f64>) -> bool { Near::apply(r) }
///     fn known(&self, _: usize) -> bool { true }
/// }
/// let problem = Model::equation(|z, _| [100.0 * z[0] + z[1].sin() - 1.0, z[1] + z[0] * z[0] - 2.0]).system(2)?;
/// let inverse: Arc<dyn Inverse<Rows<f64>>> = Arc::new(Near);
/// let defaults = NewtonKrylov::default();
/// let newton = NewtonKrylov {
///     krylov: BiCgStab::default().into(),
///     preconditioner: inverse,
///     forcing: defaults.forcing,
///     line_search: defaults.line_search,
/// };
/// let solution = solve(&problem, &Rows::new(1, 2), &newton, &Options::default())?;
/// assert!(solution.converged().is_ok());
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: S. C. Eisenstat and H. F. Walker (1996), doi:10.1137/0917003, eq. (2.6).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(default, deny_unknown_fields, bound(deserialize = "M: serde::Deserialize<'de>, NewtonKrylov<M>: Default"))
)]
pub struct NewtonKrylov<M = Preconditioner> {
    /// Linear solver (default GMRES(20), at most 100 products a step).
    pub krylov: Krylov,
    /// Approximate inverse of J (default none).
    pub preconditioner: M,
    /// Largest and first forcing term in (0, 1) (dimensionless; default 0.1).
    pub forcing: f64,
    /// Step-length control.
    pub line_search: LineSearch,
}

impl Default for NewtonKrylov {
    fn default() -> Self {
        let gmres = Gmres { restart: 20, max_iterations: 100 };
        NewtonKrylov {
            krylov: gmres.into(),
            preconditioner: Preconditioner::None,
            forcing: 0.1,
            line_search: LineSearch::default(),
        }
    }
}

/// Scratch memory of [`NewtonKrylov`].
pub struct NewtonKrylovWork<P: Linearize, I> {
    tape: P::Tape,
    krylov: KrylovWork<P::State>,
    inverse: I,
    dz: P::State,
    search: LineSearchWork<P::State>,
    eta: Vec<Scalar<P>>,
    records: Vec<LinearRecord>,
    length: Vec<Scalar<P>>,
    /// whether the step is within the tolerance
    negligible: Vec<bool>,
    /// by slot: last norm and forcing term
    last: Vec<(f64, f64)>,
}

impl<P: Linearize, I: Keep> Keep for NewtonKrylovWork<P, I> {
    // the tape is made anew in every step, the Krylov method takes its sizes from the right-hand side
    fn keep(&mut self, rows: &[usize]) {
        self.inverse.keep(rows);
        self.dz.keep(rows);
        self.search.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.inverse.reset(samples);
        self.dz.reset(samples);
        self.search.reset(samples);
        self.last.fill((0.0, 0.0));
    }
}

const GAMMA: f64 = 0.9;
/// Relative residual of a linear solve whose result says how large the correction is.
const MODEL: f64 = 0.25;

impl<P: Linearize, M: Precondition<P>> Solver<P> for NewtonKrylov<M> {
    type Work = NewtonKrylovWork<P, M::Inverse>;
    type Memory = M::Inverse;

    fn validate(&self) -> Result<(), Error> {
        LinearSolver::<P::State>::validate(&self.krylov)?;
        self.preconditioner.validate()?;
        self.line_search.validate()?;
        if self.forcing > 0.0 && self.forcing < 1.0 {
            Ok(())
        } else {
            Err(Error::option("forcing", self.forcing, "it must lie between 0 and 1"))
        }
    }

    fn work(&self, problem: &P, like: &P::State) -> Self::Work {
        let b = like.samples();
        NewtonKrylovWork {
            tape: problem.tape(like),
            krylov: self.krylov.work(like),
            inverse: self.preconditioner.empty(like),
            dz: like.zeros(b),
            search: LineSearchWork::new(like),
            eta: vec![Scalar::<P>::zero(); b],
            records: vec![LinearRecord::default(); b],
            length: vec![Scalar::<P>::zero(); b],
            negligible: vec![false; b],
            last: vec![(0.0, 0.0); b],
        }
    }

    fn fits(&self, work: &Self::Work) -> bool {
        self.krylov.fits(&work.krylov) && self.preconditioner.fits(&work.inverse)
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut Self::Work,
    ) -> Result<(), StepError> {
        problem.linearize(&it.z, &it.g, &mut w.tape)?;
        // what a sample has when it ends is kept for the derivative
        self.preconditioner.build(problem, &w.tape, &|i| !it.ended(i), &mut w.inverse)?;
        let at = problem.at();
        for i in 0..at.len() {
            let (norm, target) = (it.norm(i).as_f64(), it.target(i).as_f64());
            let (last_norm, last_eta) = w.last[at.slot(i).index()];
            let mut eta = self.forcing;
            if last_norm > 0.0 {
                let kept = GAMMA * last_eta * last_eta;
                eta = GAMMA * (norm / last_norm).powi(2);
                if kept > 0.1 {
                    eta = eta.max(kept);
                }
            }
            eta = eta.min(self.forcing).max(0.5 * target / norm).max(1e-12);
            w.last[at.slot(i).index()] = (norm, eta);
            // a sample that has ended is not worth a product
            w.eta[i] = if it.ended(i) { Float::infinity() } else { Scalar::<P>::of(eta.min(0.9)) };
        }
        let (tape, inverse) = (&w.tape, &w.inverse);
        let mut system = System {
            operator: &mut |v: &P::State, out: &mut P::State| problem.jvp(tape, v, out),
            transpose: &mut |u: &P::State, out: &mut P::State| problem.vjp(tape, u, out),
            precondition: &|r: &mut P::State| inverse.solve(at, r),
            precondition_transpose: &|r: &mut P::State| inverse.solve_transpose(at, r),
        };
        self.krylov.solve_in(&mut system, &it.g, &mut w.dz, &w.eta, &mut w.krylov, &mut w.records)?;
        for (i, record) in w.records.iter().enumerate().take(at.len()) {
            // what gained nothing because J is not finite, or singular in the first direction, has no step to try
            if record.residual >= 1.0 && matches!(record.stop, Stop::NonFinite | Stop::Breakdown) {
                it.fail(i, Status::Singular);
            }
        }
        w.dz.norms(&mut w.length);
        let solved = |i: usize| w.records[i].residual <= MODEL;
        let small = |i: usize| w.length[i].as_f64() <= (1.0 - MODEL) * it.tolerance.of(it.size(i).as_f64());
        (0..at.len()).for_each(|i| w.negligible[i] = !it.ended(i) && solved(i) && small(i));
        let negligible = &w.negligible;
        let direction = |i: usize| if negligible[i] { Direction::Negligible } else { Direction::Approximate };
        let correction = Correction { dz: &mut w.dz, direction: &direction };
        backtrack(&self.line_search, problem, it, correction, &mut w.search)?;
        w.search.fail_stuck(it);
        for i in 0..at.len() {
            if w.negligible[i] {
                it.propose(i, w.length[i].as_f64());
            }
            let norm = it.norm(i).as_f64();
            it.moved(i, w.search.length(i), norm);
        }
        Ok(())
    }

    fn knows(&self, _: &Self::Work) -> Knows {
        Knows::Steps
    }

    fn confines(&self) -> bool {
        true
    }

    fn memory(&self, work: &mut Self::Work) -> M::Inverse {
        self.preconditioner.take(&mut work.inverse)
    }
}
