//! The linear systems of the theorem, chunk by chunk: J^T lam = w and J dz = b.

use rayon::prelude::*;

use super::implicit::Report;
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::linear::{DenseLu, Gmres, Inverse, LinearRecord, LinearSolver, Refinement, System};
use crate::problem::{Active, Linearize, Scalar};
use crate::solve::{Evaluator, Solution};

/// How the linear systems of the derivative are solved.
#[derive(Clone, Debug, Default)]
pub enum Method {
    /// Refinement with the forward solver's factorisation where it left one, GMRES otherwise.
    #[default]
    Auto,
    /// Dense LU of the Jacobian at z*, factored anew, with refinement.
    Dense,
    /// GMRES, preconditioned by what the forward solver left.
    Gmres(Gmres),
    /// The adjoint fixed point lam <- lam - (J^T lam - w), without any factorisation.
    FixedPoint(Refinement),
}

/// Refinement with good factors takes one or two sweeps; far more means that they are not good.
const SWEEPS: Refinement = Refinement { max_iterations: 30 };
const AUTO_GMRES: Gmres = Gmres { restart: 50, max_iterations: 500 };

/// Which of the two systems.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// J x = b
    Tangent,
    /// J^T x = b
    Adjoint,
}

/// A problem linearised at z*, chunk by chunk.
pub(super) struct Linearised<'a, P: Linearize, M> {
    pub problem: &'a P,
    pub chunks: Vec<LinearisedChunk<'a, P, M>>,
    parallel: bool,
}

pub(super) struct LinearisedChunk<'a, P: Linearize, M> {
    pub base: usize,
    pub slots: Vec<usize>,
    pub tape: P::Tape,
    pub z: P::State,
    memory: &'a M,
    fresh: Option<DenseLu<Scalar<P>>>,
}

impl<P: Linearize, M> LinearisedChunk<'_, P, M> {
    pub fn at(&self, parallel: bool) -> Active<'_> {
        Active::new(&self.slots, self.base, parallel)
    }
}

impl<'a, P: Linearize, M: Inverse<P::State>> Linearised<'a, P, M> {
    /// Linearises at the solution; no evaluation where the problem's tape needs none beyond g(z*).
    pub fn new(solution: &'a Solution<P, M>, method: &Method) -> Result<Self, Error> {
        let parallel = solution.memory.len() == 1;
        let build = |(base, len, memory): &'a (usize, usize, M)| -> Result<_, UserError> {
            let slots: Vec<usize> = (0..*len).collect();
            let samples: Vec<usize> = (*base..base + len).collect();
            let (mut z, mut g) = (solution.z.zeros(*len), solution.z.zeros(*len));
            z.put(&slots, &solution.z, &samples);
            g.put(&slots, &solution.g, &samples);
            let mut tape = solution.problem.tape(&z);
            let mut fresh = None;
            {
                let eval = Evaluator::new(&solution.problem, Active::new(&slots, *base, parallel));
                eval.linearize(&z, &g, &mut tape)?;
                if matches!(method, Method::Dense) {
                    fresh = Some(factor(&eval, &tape, &z)?);
                }
            }
            Ok(LinearisedChunk { base: *base, slots, tape, z, memory, fresh })
        };
        let chunks: Result<Vec<_>, UserError> = if parallel {
            solution.memory.iter().map(build).collect()
        } else {
            solution.memory.par_iter().map(build).collect()
        };
        Ok(Linearised { problem: &solution.problem, chunks: chunks.map_err(Error::User)?, parallel })
    }

    /// Solves the system for every sample; the result lies in one batch, the reports in sample order.
    pub fn solve(
        &self,
        side: Side,
        b: &P::State,
        method: &Method,
        tolerance: f64,
    ) -> Result<(P::State, Vec<Report>), Error> {
        let one = |chunk: &LinearisedChunk<'a, P, M>| self.solve_chunk(chunk, side, b, method, tolerance);
        let parts: Result<Vec<_>, UserError> = if self.parallel {
            self.chunks.iter().map(one).collect()
        } else {
            self.chunks.par_iter().map(one).collect()
        };
        let mut x = b.zeros(b.samples());
        let mut reports = Vec::with_capacity(b.samples());
        for (chunk, (part, part_reports)) in self.chunks.iter().zip(parts.map_err(Error::User)?) {
            let samples: Vec<usize> = (chunk.base..chunk.base + chunk.slots.len()).collect();
            x.put(&samples, &part, &chunk.slots);
            reports.extend(part_reports);
        }
        Ok((x, reports))
    }

    /// The same for one chunk alone.
    fn solve_chunk(
        &self,
        chunk: &LinearisedChunk<'a, P, M>,
        side: Side,
        b: &P::State,
        method: &Method,
        tolerance: f64,
    ) -> Result<(P::State, Vec<Report>), UserError> {
        let at = chunk.at(self.parallel);
        let samples: Vec<usize> = (0..at.len()).map(|i| at.sample(i)).collect();
        let mut rhs = b.zeros(at.len());
        rhs.put(&chunk.slots, b, &samples);
        let run = |solver: &dyn LinearSolver<P::State>, inverse: &dyn Inverse<P::State>, tolerance: f64| {
            let mut operator = |v: &P::State, out: &mut P::State| match side {
                Side::Tangent => self.problem.jvp(at, &chunk.tape, v, out),
                Side::Adjoint => self.problem.vjp(at, &chunk.tape, v, out),
            };
            let precondition = |r: &mut P::State| match side {
                Side::Tangent => inverse.solve(at, r),
                Side::Adjoint => inverse.solve_transpose(at, r),
            };
            let mut x = rhs.zeros(at.len());
            let mut system = System { operator: &mut operator, precondition: &precondition };
            solver.solve(&mut system, &rhs, &mut x, tolerance).map(|records| (x, records))
        };
        // one more sweep is cheap with factors at hand, and the derivative then is as good as they allow
        let refine = |inverse: &dyn Inverse<P::State>| run(&SWEEPS, inverse, 1e-3 * tolerance);
        let solved = |records: &[LinearRecord]| records.iter().all(|r| r.residual <= tolerance);
        let known: &dyn Inverse<P::State> = chunk.memory;
        let factored = known.solve(at, &mut rhs.zeros(at.len()));
        let (x, records, inverse) = match method {
            Method::Gmres(gmres) => with(run(gmres, known, tolerance)?, None),
            Method::FixedPoint(refinement) => with(run(refinement, &(), tolerance)?, None),
            Method::Auto if !factored => with(run(&AUTO_GMRES, &(), tolerance)?, None),
            Method::Auto => match refine(known)? {
                (x, records) if solved(&records) => (x, records, None),
                // factors from too far away, or none because the start was a root
                _ => {
                    let lu = self.factor(chunk)?;
                    with(refine(&lu)?, Some(lu))
                }
            },
            Method::Dense => {
                let lu = chunk.fresh.as_ref().map_or(known, |lu| lu as _);
                with(refine(lu)?, None)
            }
        };
        let inverse: &dyn Inverse<P::State> = match (&inverse, &chunk.fresh) {
            (Some(lu), _) | (None, Some(lu)) => lu,
            (None, None) => known,
        };
        let report = |(slot, r): (usize, &LinearRecord)| Report {
            converged: r.residual <= tolerance,
            residual: r.residual,
            iterations: r.iterations,
            condition: inverse.condition(slot).unwrap_or(r.condition),
        };
        let reports = records.iter().enumerate().map(report).collect();
        Ok((x, reports))
    }

    /// Dense LU of the Jacobians of a chunk at z*.
    fn factor(&self, chunk: &LinearisedChunk<'a, P, M>) -> Result<DenseLu<Scalar<P>>, UserError> {
        factor(&Evaluator::new(self.problem, chunk.at(self.parallel)), &chunk.tape, &chunk.z)
    }
}

fn with<V, L>((x, records): (V, Vec<LinearRecord>), lu: Option<L>) -> (V, Vec<LinearRecord>, Option<L>) {
    (x, records, lu)
}

fn factor<P: Linearize>(
    eval: &Evaluator<'_, P>,
    tape: &P::Tape,
    z: &P::State,
) -> Result<DenseLu<Scalar<P>>, UserError> {
    let mut lu = DenseLu::new(z.samples(), z.width());
    eval.jacobians(tape, &mut (z.clone(), z.clone()), lu.matrices_mut())?;
    (0..z.samples()).for_each(|slot| lu.factor(slot));
    Ok(lu)
}
