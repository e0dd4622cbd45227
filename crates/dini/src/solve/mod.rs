//! Solving g(z; a) = 0: one driver, one file a solver.

mod anderson;
mod assume;
mod auto;
mod backtrack;
mod bracket;
mod bracketing;
mod broyden;
mod chord;
mod chunk;
mod dogleg;
mod driver;
mod gauss_seidel;
mod levenberg_marquardt;
mod named;
mod newton;
mod newton_krylov;
mod options;
mod picard;
mod pseudo_transient;
pub mod root;
mod rough;
mod round;
mod shortening;
mod solution;
mod sparse_newton;
mod trust;
mod watch;

pub use anderson::Anderson;
pub use assume::assume_root;
pub use auto::Auto;
pub use backtrack::LineSearch;
pub use bracketing::Bracketing;
pub use broyden::{Broyden, BroydenInverse, Update};
pub use chord::{Chord, ChordInverse};
pub use dogleg::Dogleg;
pub(crate) use driver::spare_threads;
pub use driver::{Control, Observer, Progress, Workspace};
pub use gauss_seidel::GaussSeidel;
pub use levenberg_marquardt::LevenbergMarquardt;
pub use named::{AnyMemory, AnySolver};
pub use newton::Newton;
pub use newton_krylov::NewtonKrylov;
pub use options::Options;
pub use picard::Picard;
pub use pseudo_transient::PseudoTransient;
pub use root::{Accuracy, Evidence, Tolerance};
pub use round::{Attempt, Round};
pub use shortening::Shortening;
pub use solution::{Outcome, Solution};
pub use sparse_newton::SparseNewton;

use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError, UserError};
use crate::linear::Inverse;
use crate::outcome::Status;
use crate::problem::{Active, Evaluator, Linearize, Problem, Scalar};
use root::{Finding, Question};
use watch::Watch;

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
    fn round(
        &self,
        problem: &P,
        like: &P::State,
        options: &Options,
        work: &mut Self::Work,
        round: usize,
    ) -> Option<Round> {
        let _ = (problem, like, options, work);
        (round == 0).then(Round::default)
    }
    /// One step. On entry `it.g` = g(`it.z`), on return again, but for rows where it says otherwise ([`Iterate::estimate`]).
    ///
    /// # Errors
    /// A fatal error of the problem; a failure of one sample goes through [`Iterate::fail`].
    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        work: &mut Self::Work,
    ) -> Result<(), StepError>;
    /// Whether samples that have ended may leave the chunk; false where the memory of every sample is wanted at the end.
    fn compacts(&self) -> bool {
        true
    }
    /// How the convergence of the samples is known, in the round that `work` is prepared for.
    fn knows(&self, work: &Self::Work) -> Knows {
        let _ = work;
        Knows::Nothing
    }
    /// Examines a point that is doubtful: an exact zero at the start, what the solver has proposed, or where it can do no better. None
    /// where this solver cannot tell more than the driver.
    ///
    /// # Errors
    /// The problem's own.
    fn examine(
        &self,
        problem: &P,
        work: &Self::Work,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        let _ = (problem, work, question);
        Ok(None)
    }
    /// Whether every point that this solver moves to goes through [`Evaluator::confine`], so that it can keep [`Options::bounds`].
    fn confines(&self) -> bool {
        false
    }
    /// Hands over what the derivative can use.
    fn memory(&self, work: &mut Self::Work) -> Self::Memory;
}

/// What a solver knows of the correction that is left, which decides whether a sample has converged ([`root`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Knows {
    /// Nothing: the driver measures how long each step was, at the cost of one vector, a copy and a norm a step.
    #[default]
    Nothing,
    /// The lengths of its steps, which it says itself ([`Iterate::moved`]).
    Steps,
    /// The correction J^-1 g: it claims convergence itself ([`Iterate::converge`], [`Iterate::propose`]).
    Correction,
}

/// The current point of the samples that are still active.
#[derive(Debug)]
pub struct Iterate<V: Batch> {
    /// The iterate.
    pub z: V,
    /// Its residual g(z).
    pub g: V,
    /// How large the correction that is left may be.
    pub tolerance: Tolerance,
    /// Steps made in this round: 0 in the first one.
    pub steps: usize,
    rows: Vec<Row<V::Scalar>>,
}

/// What is known of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Row<T> {
    norm: T,
    size: T,
    target: T,
    mark: Mark,
    watch: Watch,
}

/// What a step says of a row.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    ended: Option<Status>,
    /// where it has converged
    accuracy: Option<Accuracy>,
    /// whether its residual is not known, and was not before the step
    estimated: bool,
    was_estimated: bool,
    /// length of the step, and the residual norm it began with
    moved: Option<(f64, f64)>,
    /// norm of the change of its residual, where the driver has measured it
    changed: Option<f64>,
    /// whether it has converged where it was before the step
    stayed: bool,
    /// norm of the correction left, where the solver has an estimate; may be infinite where it wants the point examined
    proposed: Option<f64>,
}

impl<V: Batch> Iterate<V> {
    /// ||g|| of row `i`, as of the start of the step.
    pub fn norm(&self, i: usize) -> V::Scalar {
        self.rows[i].norm
    }

    /// ||z|| of row `i`, as of the start of the step.
    pub fn size(&self, i: usize) -> V::Scalar {
        self.rows[i].size
    }

    /// Norm of the residual at which row `i` is expected to converge, as far as that is known.
    pub fn target(&self, i: usize) -> V::Scalar {
        self.rows[i].target
    }

    /// Says that the step leaves something of about the size of g(z) in row `i` of `g`: enough to watch the sample, not to end it
    /// as converged.
    pub fn estimate(&mut self, i: usize) {
        self.rows[i].mark.estimated = true;
    }

    /// Takes that back.
    pub fn measured(&mut self, i: usize) {
        self.rows[i].mark.estimated = false;
    }

    /// Says that the step of row `i` had this length, and began where the residual had norm `before`.
    pub fn moved(&mut self, i: usize, length: f64, before: f64) {
        self.rows[i].mark.moved = Some((length, before));
    }

    /// Says that the correction left of row `i` has about the norm `correction`. Where the solver knows
    /// [corrections](Knows::Correction), the point is examined before the row is believed to have converged.
    pub fn propose(&mut self, i: usize, correction: f64) {
        self.rows[i].mark.proposed = Some(correction);
    }

    /// Ends row `i` as converged at its present iterate, of which the solver knows this much.
    pub fn converge(&mut self, i: usize, accuracy: Accuracy) {
        if self.rows[i].mark.ended.is_none() {
            self.rows[i].mark.ended = Some(Status::Converged);
            self.rows[i].mark.accuracy = Some(accuracy);
        }
    }

    /// The same of a row that this step has not moved: it is no iteration.
    pub fn converge_here(&mut self, i: usize, accuracy: Accuracy) {
        self.rows[i].mark.stayed |= self.rows[i].mark.ended.is_none();
        self.converge(i, accuracy);
    }

    /// Ends row `i` with `status` at its present iterate.
    pub fn fail(&mut self, i: usize, status: Status) {
        self.rows[i].mark.ended.get_or_insert(status);
    }

    /// The slots of the rows that have not ended, in `slots`: Jacobians are formed for these alone, so that what is kept of
    /// a sample that has ended stays what it was.
    pub(crate) fn open<'s>(&self, at: Active<'_>, slots: &'s mut Vec<usize>) -> &'s [usize] {
        slots.clear();
        slots.extend((0..at.len()).filter(|&i| !self.ended(i)).map(|i| at.slot(i).index()));
        slots
    }

    /// Whether row `i` has ended: what a step does to it is ignored, so it need not do anything.
    pub fn ended(&self, i: usize) -> bool {
        self.rows[i].mark.ended.is_some()
    }
}

/// Solves g(z; a) = 0 for every sample of the batch, starting at `z0`.
///
/// `problem` may be a reference, an `Arc` or the problem itself; the returned [`Solution`] keeps it for the derivative.
/// Chunks of samples are solved independently on the threads of the current rayon pool.
///
/// # Errors
/// A broken contract: options out of range, an empty batch, shapes that do not fit, NaN or infinite input, or a fatal
/// error of the problem's own function. A solve that does not converge is not an error: see [`Solution::outcomes`].
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
    if let Some(bounds) = &options.bounds {
        bounds.admit(z0)?;
        if !solver.confines() {
            let requirement =
                "this solver cannot keep unknowns within bounds: use Newton, Dogleg, LevenbergMarquardt or Auto";
            return Err(Error::option("bounds", "set", requirement));
        }
    }
    solver.accepts(&problem, z0)?;
    driver::run(problem, z0, solver, options, workspace, observer)
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
