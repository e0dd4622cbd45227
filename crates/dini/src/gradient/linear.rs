//! The linear systems of the theorem, chunk by chunk: J^T lam = w and J dz = b.

use rayon::prelude::*;

use super::implicit::Report;
use crate::Real;
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

/// With good factors a sweep gains digits; one that does not even halve the residual has reached rounding.
const SWEEPS: Refinement = Refinement { max_iterations: 30, patience: 1, gain: 0.5 };
const AUTO_GMRES: Gmres = Gmres { restart: 50, max_iterations: 500 };
/// Normwise backward error, in units of rounding, at which a factored system counts as solved.
const BACKWARD_STABLE: f64 = 64.0;

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
    problem: &'a P,
    pub chunks: Vec<LinearisedChunk<'a, P, M>>,
    parallel: bool,
}

pub(super) struct LinearisedChunk<'a, P: Linearize, M> {
    pub base: usize,
    pub slots: Vec<usize>,
    pub tape: P::Tape,
    pub z: P::State,
    memory: Option<&'a M>,
    /// factors of the Jacobians at z*
    fresh: Option<DenseLu<Scalar<P>>>,
}

/// Solutions and reports of some slots of a chunk.
struct Part<V> {
    slots: Vec<usize>,
    x: V,
    reports: Vec<Report>,
}

impl<'a, P: Linearize, M: Inverse<P::State>> Linearised<'a, P, M> {
    /// Linearises at the solution; no evaluation where the problem's tape needs none beyond g(z*).
    pub fn new(solution: &'a Solution<P, M>, method: &Method) -> Result<Self, Error> {
        let parallel = solution.memory.len() == 1;
        let build = |(base, len, memory): &'a (usize, usize, M)| {
            LinearisedChunk::new(solution, *base..base + len, Some(memory), method, parallel)
        };
        let chunks: Result<Vec<_>, UserError> = if parallel {
            solution.memory.iter().map(build).collect()
        } else {
            solution.memory.par_iter().map(build).collect()
        };
        Ok(Linearised { problem: &solution.problem, chunks: chunks.map_err(Error::User)?, parallel })
    }

    /// Linearises and factors one sample alone.
    pub fn single(solution: &'a Solution<P, M>, sample: usize) -> Result<Self, Error> {
        let chunk = LinearisedChunk::new(solution, sample..sample + 1, None, &Method::Dense, true);
        Ok(Linearised { problem: &solution.problem, chunks: vec![chunk.map_err(Error::User)?], parallel: true })
    }

    /// Solves the system for every sample of the chunks; x and b hold the whole batch; reports come
    /// with their samples, in order.
    pub fn solve(
        &self,
        side: Side,
        b: &P::State,
        method: &Method,
        tolerance: f64,
    ) -> Result<(P::State, Vec<(usize, Report)>), Error> {
        let one = |chunk: &LinearisedChunk<'a, P, M>| self.solve_chunk(chunk, side, b, method, tolerance);
        let parts: Result<Vec<_>, UserError> = if self.parallel {
            self.chunks.iter().map(one).collect()
        } else {
            self.chunks.par_iter().map(one).collect()
        };
        let mut x = b.zeros(b.samples());
        let mut reports = Vec::with_capacity(b.samples());
        for (chunk, parts) in self.chunks.iter().zip(parts.map_err(Error::User)?) {
            let first = reports.len();
            reports.extend(chunk.slots.iter().map(|slot| (chunk.base + slot, Report::default())));
            for part in parts {
                let samples: Vec<usize> = part.slots.iter().map(|slot| chunk.base + slot).collect();
                let rows: Vec<usize> = (0..samples.len()).collect();
                x.put(&samples, &part.x, &rows);
                part.slots.iter().zip(part.reports).for_each(|(slot, report)| reports[first + slot].1 = report);
            }
        }
        Ok((x, reports))
    }

    /// The same for one chunk alone; every sample is in one of the parts.
    fn solve_chunk(
        &self,
        chunk: &LinearisedChunk<'a, P, M>,
        side: Side,
        b: &P::State,
        method: &Method,
        tolerance: f64,
    ) -> Result<Vec<Part<P::State>>, UserError> {
        let all = chunk.slots.clone();
        let nothing: &dyn Inverse<P::State> = &();
        let memory = chunk.memory.map_or(nothing, |memory| memory as _);
        let task = Task { problem: self.problem, chunk, side, b, tolerance, parallel: self.parallel };
        match (method, &chunk.fresh) {
            (Method::Dense, Some(lu)) => Ok(vec![task.refine(all, lu)?]),
            (Method::Gmres(gmres), _) => Ok(vec![task.run(all, gmres, memory, tolerance)?]),
            (Method::FixedPoint(refinement), _) => Ok(vec![task.run(all, refinement, nothing, tolerance)?]),
            _ if !memory.is_dense() => Ok(vec![task.run(all, &AUTO_GMRES, memory, tolerance)?]),
            _ => {
                // factors from a nearby point serve; where there are none (the start was a root) or they are from too
                // far away, the sample is factored at z*
                let (known, mut missing): (Vec<usize>, Vec<usize>) = all.into_iter().partition(|&s| memory.known(s));
                let mut parts = Vec::with_capacity(2);
                if !known.is_empty() {
                    let part = task.refine(known, memory)?;
                    missing.extend(part.failures());
                    parts.push(part);
                }
                if !missing.is_empty() {
                    let lu = chunk.factor(self.problem, &missing, self.parallel)?;
                    parts.push(task.refine(missing, &lu)?);
                }
                Ok(parts)
            }
        }
    }
}

impl<V> Part<V> {
    fn failures(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().zip(&self.reports).filter(|(_, r)| !r.converged).map(|(slot, _)| *slot)
    }
}

/// One linear system per sample of a chunk.
struct Task<'t, 'a, P: Linearize, M> {
    problem: &'t P,
    chunk: &'t LinearisedChunk<'a, P, M>,
    side: Side,
    b: &'t P::State,
    tolerance: f64,
    parallel: bool,
}

impl<P: Linearize, M> Task<'_, '_, P, M> {
    /// Solves with factors: a sweep more than the tolerance asks for is cheap, and the result as good as rounding allows.
    fn refine(&self, slots: Vec<usize>, inverse: &dyn Inverse<P::State>) -> Result<Part<P::State>, UserError> {
        let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
        let goal = (1e-3 * self.tolerance).max(4.0 * epsilon).min(self.tolerance);
        self.run(slots, &SWEEPS, inverse, goal)
    }

    fn run(
        &self,
        slots: Vec<usize>,
        solver: &dyn LinearSolver<P::State>,
        inverse: &dyn Inverse<P::State>,
        goal: f64,
    ) -> Result<Part<P::State>, UserError> {
        let at = Active::new(&slots, self.chunk.base, self.parallel);
        let samples: Vec<usize> = (0..at.len()).map(|i| at.sample(i)).collect();
        let rows: Vec<usize> = (0..at.len()).collect();
        let mut rhs = self.b.zeros(at.len());
        rhs.put(&rows, self.b, &samples);
        let mut operator = |v: &P::State, out: &mut P::State| match self.side {
            Side::Tangent => self.problem.jvp(at, &self.chunk.tape, v, out),
            Side::Adjoint => self.problem.vjp(at, &self.chunk.tape, v, out),
        };
        let precondition = |r: &mut P::State| match self.side {
            Side::Tangent => inverse.solve(at, r),
            Side::Adjoint => inverse.solve_transpose(at, r),
        };
        let mut x = rhs.zeros(at.len());
        let mut system = System { operator: &mut operator, precondition: &precondition };
        let records = solver.solve(&mut system, &rhs, &mut x, goal)?;
        let numbers = || vec![Scalar::<P>::default(); at.len()];
        let (mut norm_b, mut norm_x) = (numbers(), numbers());
        rhs.norms(&mut norm_b);
        x.norms(&mut norm_x);
        let report = |i: usize, r: &LinearRecord| {
            let norms = (norm_x[i].as_f64(), norm_b[i].as_f64());
            Report {
                converged: r.residual <= self.tolerance
                    || backward_stable::<P>(inverse.norm(slots[i]), r.residual, norms),
                residual: r.residual,
                iterations: r.iterations,
                condition: inverse.condition(slots[i]).unwrap_or(r.condition),
            }
        };
        let reports = records.iter().enumerate().map(|(i, r)| report(i, r)).collect();
        Ok(Part { x, reports, slots: slots.clone() })
    }
}

/// Whether ||r|| is within rounding of ||J|| ||x|| + ||b||: no method does better, however ill-conditioned J
/// (J. L. Rigal and J. Gaches 1967, doi:10.1145/321406.321416).
fn backward_stable<P: Linearize>(norm: Option<f64>, residual: f64, (x, b): (f64, f64)) -> bool {
    let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
    norm.is_some_and(|norm| residual * b <= BACKWARD_STABLE * epsilon * (norm * x + b))
}

impl<'a, P: Linearize, M> LinearisedChunk<'a, P, M> {
    fn new(
        solution: &Solution<P, M>,
        samples: std::ops::Range<usize>,
        memory: Option<&'a M>,
        method: &Method,
        parallel: bool,
    ) -> Result<Self, UserError> {
        let slots: Vec<usize> = (0..samples.len()).collect();
        let base = samples.start;
        let samples: Vec<usize> = samples.collect();
        let (mut z, mut g) = (solution.z.zeros(slots.len()), solution.z.zeros(slots.len()));
        z.put(&slots, &solution.z, &samples);
        g.put(&slots, &solution.g, &samples);
        let mut tape = solution.problem.tape(&z);
        Evaluator::new(&solution.problem, Active::new(&slots, base, parallel)).linearize(&z, &g, &mut tape)?;
        let mut chunk = LinearisedChunk { base, slots, tape, z, memory, fresh: None };
        if matches!(method, Method::Dense) {
            chunk.fresh = Some(chunk.factor(&solution.problem, &chunk.slots, parallel)?);
        }
        Ok(chunk)
    }

    /// The samples in `slots` of the chunk.
    pub fn at<'s>(&self, slots: &'s [usize]) -> Active<'s> {
        // chunks are worked through one after the other by whoever asks, so each may use every thread
        Active::new(slots, self.base, true)
    }

    /// Dense LU of the Jacobians at z* in `slots`.
    fn factor(&self, problem: &P, slots: &[usize], parallel: bool) -> Result<DenseLu<Scalar<P>>, UserError> {
        let mut lu = DenseLu::new(self.slots.len(), self.z.width());
        let eval = Evaluator::new(problem, Active::new(slots, self.base, parallel));
        eval.jacobians(&self.tape, &mut (self.z.clone(), self.z.clone()), lu.matrices_mut())?;
        slots.iter().for_each(|&slot| lu.factor(slot));
        Ok(lu)
    }
}
