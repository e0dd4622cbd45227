//! A polyalgorithm: cheap methods first, robust ones for the samples they give up.

use super::named::AnyWork;
use super::*;
use crate::error::StepError;
use crate::linear::{DENSE, Merged, WINDOW, WORTHWHILE};
use crate::problem::{ResidualScale, pattern};

/// Size up to which Newton's method comes first for any problem.
const TINY: usize = 8;
/// Size up to which Newton's method with a dense factorisation comes first for equations.
const SMALL: usize = 200;

/// Several methods, one after the other, each for the samples that those before it have given up.
///
/// Which, depends on the size n and on the kind of problem alone, so that a sample's result does not depend on its batch:
///
/// | problem | n | methods, in this order |
/// |---|---|---|
/// | fixed point in blocks | >= 96 | Gauss-Seidel, the same accelerated, Anderson, Newton-Krylov, then as below |
/// | other fixed point | > 8 | Picard, Anderson, Newton-Krylov, then as below |
/// | equation with a sparsity pattern | > 8 | sparse Newton, then as without |
/// | equation | > 200 | Newton-Krylov, Anderson, then as below |
/// | any | <= 1000 | Newton, Newton with full steps, dogleg, Levenberg-Marquardt, pseudo-transient |
///
/// A method gives a sample up when it fails ([`Status`]); Picard also where two steps do not reduce the residual to 0.3 of
/// what it was, and Gauss-Seidel where three passes do not halve it, for then Anderson is faster; Anderson where 20 steps do not halve it. Anderson and Newton-Krylov go on from
/// where the sample is, if that is closer than its start; the others, whose predecessors may have been caught in a local
/// minimum of ||g||, begin at the start again. A method that is not the last may use half of the iterations that
/// [`Options::max_iterations`] leaves to a sample. What was done is in [`Solution::attempts`].
///
/// With [bounds](Options::bounds) the methods that can't keep them are left out.
///
/// Cost: that of the first method where it succeeds. Memory: that of every method tried, for the whole chunk.
///
/// Source: the idea of a polyalgorithm: J. R. Rice (1968); the escalation from Newton to trust regions as in A. Pal et al.
/// (2024), arXiv:2403.16341.
///
/// ```
/// use dini::Model;
/// // Freudenstein and Roth (1963): from this start, Newton's method with a line search ends in a local minimum
/// let g = Model::equation(|z, _| {
///     [z[0] - 13.0 + ((5.0 - z[1]) * z[1] - 2.0) * z[1], z[0] - 29.0 + ((z[1] + 1.0) * z[1] - 14.0) * z[1]]
/// });
/// let s = g.solve(&[0.5, -2.0])?;
/// assert!((s.converged()?[1] - 4.0).abs() < 1e-4);
/// let methods: Vec<_> = s.solution().attempts(0).map(|attempt| attempt.method).collect();
/// assert_eq!(methods[0], "newton");
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct Auto {
    /// The methods to try, in this order (default: chosen from the table above).
    pub methods: Option<Vec<AnySolver>>,
}

/// Scratch memory of [`Auto`].
pub struct AutoWork<P: Linearize<State: 'static>> {
    plan: Vec<Stage>,
    /// made when a stage is first used
    works: Vec<Option<AnyWork<P>>>,
    now: usize,
}

/// A method and the conditions it works under.
#[derive(Clone, Debug)]
struct Stage {
    solver: AnySolver,
    round: Round,
}

impl Stage {
    fn new(solver: AnySolver) -> Self {
        let name = solver.name();
        let (patience, gain) = match solver {
            AnySolver::Picard(_) => (2, 0.3),
            AnySolver::GaussSeidel(GaussSeidel { window: 0 }) => (3, 0.5),
            AnySolver::GaussSeidel(_) | AnySolver::Anderson(_) | AnySolver::Broyden(_) => (20, 0.5),
            _ => (100, 0.999),
        };
        Stage { solver, round: Round { method: name, patience, gain, share: 0.5, resume: false } }
    }

    fn called(mut self, method: &'static str) -> Self {
        self.round.method = method;
        self
    }

    fn resuming(mut self) -> Self {
        self.round.resume = true;
        self
    }
}

impl Auto {
    /// The stages for this problem, of size n.
    fn plan<P: Linearize<State: 'static>>(&self, problem: &P, n: usize, bounded: bool) -> Vec<Stage> {
        let mut plan: Vec<Stage> = match &self.methods {
            Some(methods) => methods.iter().cloned().map(Stage::new).collect(),
            None => {
                let sparse = pattern(problem).is_some_and(|pattern| pattern.size() == n);
                let passes = problem.capabilities().passes.is_some();
                chosen(problem.residual_scale(), (passes, sparse), n)
            }
        };
        plan.retain(|stage| !bounded || Solver::<P>::confines(&stage.solver));
        if let Some(last) = plan.last_mut() {
            last.round.share = 1.0;
        }
        plan
    }
}

fn chosen(scale: ResidualScale, (passes, sparse): (bool, bool), n: usize) -> Vec<Stage> {
    let anderson = || Stage::new(AnySolver::Anderson(Anderson::default()));
    let krylov = || Stage::new(AnySolver::NewtonKrylov(NewtonKrylov::default()));
    let mut plan = Vec::with_capacity(8);
    match scale {
        ResidualScale::State if n > TINY => {
            if passes && n >= WORTHWHILE {
                let stage = |window| Stage::new(AnySolver::GaussSeidel(GaussSeidel { window }));
                plan.extend([stage(0), stage(WINDOW).resuming().called("gauss-seidel, accelerated")]);
            } else {
                plan.push(Stage::new(AnySolver::Picard(Picard::default())));
            }
            plan.extend([anderson().resuming(), krylov().resuming()]);
        }
        ResidualScale::Start if n > SMALL => plan.extend([krylov(), anderson()]),
        _ => {}
    }
    if sparse && n > TINY {
        // before everything for an equation, before dense factors for a fixed point
        let stage = Stage::new(AnySolver::SparseNewton(SparseNewton::default()));
        let place = if scale == ResidualScale::Start { 0 } else { plan.len() };
        plan.insert(place, stage);
    }
    if n <= DENSE {
        let mut full = Newton::default();
        full.line_search.halvings = 0;
        plan.extend([
            Stage::new(AnySolver::Newton(Newton::default())),
            Stage::new(AnySolver::Newton(full)).called("newton, full steps"),
            Stage::new(AnySolver::Dogleg(Dogleg::default())),
            Stage::new(AnySolver::LevenbergMarquardt(LevenbergMarquardt::default())),
            Stage::new(AnySolver::PseudoTransient(PseudoTransient::default())),
        ]);
    }
    plan
}

impl<P: Linearize<State: 'static>> Keep for AutoWork<P> {
    fn keep(&mut self, rows: &[usize]) {
        self.works[self.now].keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.works[self.now].reset(samples);
    }
}

impl<P: Linearize<State: 'static>> Solver<P> for Auto {
    type Work = AutoWork<P>;
    type Memory = Merged<P::State>;

    fn validate(&self) -> Result<(), Error> {
        let Some(methods) = &self.methods else { return Ok(()) };
        if methods.is_empty() {
            return Err(Error::option("methods", "none", "at least one method is needed"));
        }
        if methods.iter().any(|m| matches!(m, AnySolver::Auto(_))) {
            return Err(Error::option("methods", "auto", "a method must not be a polyalgorithm itself"));
        }
        methods.iter().try_for_each(Solver::<P>::validate)
    }

    fn work(&self, _: &P, _: &P::State) -> AutoWork<P> {
        AutoWork { plan: Vec::new(), works: Vec::new(), now: 0 }
    }

    fn round(
        &self,
        problem: &P,
        like: &P::State,
        options: &Options,
        w: &mut AutoWork<P>,
        round: usize,
    ) -> Option<Round> {
        if round == 0 {
            w.plan = self.plan(problem, like.width(), options.bounds.is_some());
            w.works.resize_with(w.plan.len(), || None);
            // memory from another plan or of other options is made anew; the rest forgets what it knew
            for (stage, work) in w.plan.iter().zip(&mut w.works) {
                work.take_if(|work| !Solver::<P>::fits(&stage.solver, work));
                work.reset(like.samples());
            }
        }
        let stage = w.plan.get(round)?;
        w.now = round;
        w.works[round].get_or_insert_with(|| stage.solver.work(problem, like));
        Some(stage.round)
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut AutoWork<P>,
    ) -> Result<(), StepError> {
        match (w.plan.get(w.now), w.works.get_mut(w.now)) {
            (Some(stage), Some(Some(work))) => stage.solver.step(problem, it, work),
            // the driver opens a round before it steps
            _ => Err("no method has been chosen".into()),
        }
    }

    fn knows(&self, w: &AutoWork<P>) -> Knows {
        match (w.plan.get(w.now), w.works.get(w.now)) {
            (Some(stage), Some(Some(work))) => Solver::<P>::knows(&stage.solver, work),
            _ => Knows::default(),
        }
    }

    fn examine(
        &self,
        problem: &P,
        w: &AutoWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        match (w.plan.get(w.now), w.works.get(w.now)) {
            (Some(stage), Some(Some(work))) => stage.solver.examine(problem, work, question),
            _ => Ok(None),
        }
    }

    fn confines(&self) -> bool {
        // of the methods, those are used that can keep bounds
        self.methods.as_ref().is_none_or(|methods| methods.iter().any(Solver::<P>::confines))
    }

    fn compacts(&self) -> bool {
        self.methods.iter().flatten().all(Solver::<P>::compacts)
    }

    fn memory(&self, w: &mut AutoWork<P>) -> Merged<P::State> {
        let used = w.plan.iter().zip(&mut w.works);
        // what the last method knows of a sample was learnt closest to z*
        Merged::new(
            used.rev().filter_map(|(stage, work)| Some(Solver::<P>::memory(&stage.solver, work.as_mut()?))).collect(),
        )
    }
}
