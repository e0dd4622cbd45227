//! Solving g(z; a) = 0: one driver, one file a solver.

mod anderson;
mod auto;
mod backtrack;
mod bracket;
mod bracketing;
mod broyden;
mod chord;
mod chunk;
mod dogleg;
mod driver;
mod evaluator;
mod gauss_seidel;
mod levenberg_marquardt;
mod named;
mod newton;
mod newton_krylov;
mod options;
mod picard;
mod pseudo_transient;
mod rough;
mod round;
mod shortening;
mod solution;
mod sparse_newton;
mod status;
mod trust;
mod watch;

pub use anderson::Anderson;
pub use auto::{Auto, AutoWork};
pub use backtrack::LineSearch;
pub use bracketing::{Bracketing, BracketingWork};
pub use broyden::{Broyden, BroydenInverse, Update};
pub use chord::{Chord, ChordInverse, ChordWork};
pub use dogleg::Dogleg;
pub(crate) use driver::spare_threads;
pub use driver::{Control, Observer, Progress, Workspace};
pub use evaluator::Evaluator;
pub use gauss_seidel::{GaussSeidel, GaussSeidelWork};
pub use levenberg_marquardt::LevenbergMarquardt;
pub use named::{AnyMemory, AnySolver, AnyWork};
pub use newton::Newton;
pub use newton_krylov::NewtonKrylov;
pub use options::Options;
pub use picard::Picard;
pub use pseudo_transient::PseudoTransient;
pub use round::{Attempt, Round};
pub use shortening::Shortening;
pub use solution::Solution;
pub use sparse_newton::{SparseNewton, SparseNewtonWork};
pub use status::Status;

use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{Active, Eval, Linearize, Problem, Scalar};

/// A method that improves an iterate step by step.
///
/// A solver is its options; everything that changes lives in a separate, reusable [`Work`](Solver::Work). It does one
/// step; iterate, tolerances, finiteness, compaction, statistics and observers belong to the driver.
pub trait Solver<P: Problem>: Sync {
    /// Scratch memory of one chunk, compacted along with it.
    type Work: Keep;
    /// What remains for the derivative: an approximate inverse of the Jacobian, or `()`.
    type Memory: Inverse<P::State>;

    /// Checks the options.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the field.
    fn validate(&self) -> Result<(), Error>;
    /// Checks that this solver can solve `problem` from `z0`, where that depends on more than its options.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Option`], or what the problem lacks.
    fn accepts(&self, problem: &P, z0: &P::State) -> Result<(), Error> {
        let _ = (problem, z0);
        Ok(())
    }
    /// Scratch memory for batches like `like`.
    fn work(&self, problem: &P, like: &P::State) -> Self::Work;
    /// Whether `work`, made for batches of the same size, suits these options.
    fn fits(&self, work: &Self::Work) -> bool {
        let _ = work;
        true
    }
    /// Prepares `work` for round `round` over the samples that the rounds before have not solved; none where nothing is left
    /// to try. `like` is a batch of the size `work` was made for.
    fn round(&self, problem: &P, like: &P::State, work: &mut Self::Work, round: usize) -> Option<Round> {
        let _ = (problem, like, work);
        (round == 0).then(Round::default)
    }
    /// One step. On entry `it.g` = g(`it.z`), on return again, but for rows where it says otherwise ([`Iterate::estimate`]).
    ///
    /// # Errors
    /// A fatal error of the problem; a failure of one sample goes through [`Iterate::fail`].
    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, work: &mut Self::Work) -> Eval;
    /// Whether samples that have ended may leave the chunk; false where the memory of every sample is wanted at the end.
    fn compacts(&self) -> bool {
        true
    }
    /// Hands over what the derivative can use.
    fn memory(&self, work: &mut Self::Work) -> Self::Memory;
}

/// The current point of the samples that are still active.
#[derive(Debug)]
pub struct Iterate<V: Batch> {
    /// The iterate.
    pub z: V,
    /// Its residual g(z).
    pub g: V,
    /// ||g|| per sample, as of the start of the step.
    pub norm: Vec<V::Scalar>,
    /// Norm at which the sample has converged.
    pub target: Vec<V::Scalar>,
    ended: Vec<Option<Status>>,
    estimated: Vec<bool>,
}

impl<V: Batch> Iterate<V> {
    /// Says that the step leaves something of about the size of g(z) in row `i` of `g`: enough to watch the sample, not to end it
    /// as converged.
    pub fn estimate(&mut self, i: usize) {
        self.estimated[i] = true;
    }

    /// Takes that back.
    pub fn measured(&mut self, i: usize) {
        self.estimated[i] = false;
    }

    /// Ends row `i` with `status` at its present iterate.
    pub fn fail(&mut self, i: usize, status: Status) {
        self.ended[i].get_or_insert(status);
    }

    /// Ends row `i` as converged although its residual is above the target: the correction of a Newton step is below the
    /// rounding of z, so that no better z exists.
    pub fn settle(&mut self, i: usize) {
        self.fail(i, Status::Converged);
    }

    /// The slots of the rows that have not ended, in `slots`: Jacobians are formed for these alone, so that what is kept of
    /// a sample that has ended stays what it was.
    pub(crate) fn open<'s>(&self, at: Active<'_>, slots: &'s mut Vec<usize>) -> &'s [usize] {
        slots.clear();
        slots.extend((0..at.len()).filter(|&i| !self.ended(i)).map(|i| at.slot(i)));
        slots
    }

    /// Whether row `i` has ended: what a step does to it is ignored, so it need not do anything.
    pub fn ended(&self, i: usize) -> bool {
        self.ended[i].is_some()
    }
}

/// Solves g(z; a) = 0 for every sample of the batch, starting at `z0`.
///
/// `problem` may be a reference, an `Arc` or the problem itself; the returned [`Solution`] keeps it for the derivative.
/// Chunks of samples are solved independently on the threads of the current rayon pool.
///
/// # Errors
/// A broken contract: options out of range, an empty batch, shapes that do not fit, NaN or infinite input, or a fatal
/// error of the problem's own function. A solve that does not converge is not an error: see [`Solution::status`].
///
/// ```
/// use dini::{Newton, Options, Rows, cells::Tanh, solve};
/// let cell = Tanh::new(1, vec![0.5], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let solution = solve(&cell, &Rows::new(1, 1), &Newton::default(), &Options::default())?;
/// let z = solution.converged()?.row(0)[0];
/// assert!((z - (0.5f64 * z + 0.3).tanh()).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
pub fn solve<P: Problem, S: Solver<P>>(
    problem: P,
    z0: &P::State,
    solver: &S,
    options: &Options,
) -> Result<Solution<P, S::Memory>, Error> {
    solve_with(problem, z0, solver, options, &mut Workspace::default(), &|_| Control::Continue)
}

/// [`solve`] with memory that is reused from call to call and an observer that sees every iteration of every chunk.
///
/// # Errors
/// As [`solve`].
pub fn solve_with<P: Problem, S: Solver<P>>(
    problem: P,
    z0: &P::State,
    solver: &S,
    options: &Options,
    workspace: &mut Workspace<P::State, S::Work>,
    observer: &Observer<'_, Scalar<P>>,
) -> Result<Solution<P, S::Memory>, Error> {
    options.validate()?;
    solver.validate()?;
    if z0.samples() == 0 || z0.width() == 0 {
        return Err(Error::Empty { what: "the batch" });
    }
    problem.validate(z0)?;
    solver.accepts(&problem, z0)?;
    driver::run(problem, z0, solver, options, workspace, observer).map_err(Error::unwrap_pattern)
}

pub(crate) fn check_damping(damping: f64) -> Result<(), Error> {
    if damping > 0.0 && damping <= 1.0 {
        Ok(())
    } else {
        Err(Error::option("damping", damping, "it must lie in (0, 1]"))
    }
}

pub(crate) fn check_positive(name: &'static str, value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(Error::option(name, value, "it must be finite and positive"))
    }
}
