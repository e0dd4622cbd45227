//! The linear systems of the theorem, J^T lam = w and J dz = b, and how they are solved.

use super::linear::LinearisedChunk;
use super::mode::Report;
use crate::Real;
use crate::batch::{Batch, pick};
use crate::error::UserError;
use crate::linear::{
    DENSE, GaussSeidel, Gmres, Inverse, Krylov, LinearRecord, LinearSolver, Preconditioner, Refinement, System, WINDOW,
    WORTHWHILE,
};
use crate::outcome::Stop;
use crate::problem::{Equations, Linearize, OneBlock, Pass, ResidualScale, Scalar};

/// How the linear systems of the derivative are solved.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Method {
    /// Refinement with the forward solver's factorisation where it left one, or with a sparse one made at z* where the
    /// problem states the pattern of its Jacobian. Otherwise the adjoint fixed point where it contracts quickly, block by
    /// block where the problem has blocks and n is at least 96, GMRES where not, and dense LU where that fails (n <= 1000).
    #[default]
    Auto,
    /// Dense LU of the Jacobian at z*, factored anew, with refinement.
    Dense,
    /// A Krylov method, preconditioned by what the forward solver left, or by an inverse of the user's own in its place
    /// ([`Solution::map_memory`](crate::Solution::map_memory)).
    Krylov(Krylov),
    /// A Krylov method, preconditioned by what is made of the Jacobian at z*.
    Preconditioned(Krylov, Preconditioner),
    /// The adjoint fixed point lam <- lam - (J^T lam - w), without any factorisation.
    FixedPoint(Refinement),
    /// The same block by block, to and fro: half of the products where the problem has blocks, as [`Tanh`](crate::cells::Tanh)
    /// does.
    GaussSeidel(GaussSeidel),
}

/// With good factors a step of refinement gains digits; one that does not even halve the residual has reached rounding.
const SWEEPS: Refinement = Refinement { max_iterations: 30, patience: 1, gain: 0.5 };
/// Goes on only while a step nearly halves the residual: GMRES is faster otherwise.
const CONTRACTION: Refinement = Refinement { max_iterations: 100, patience: 2, gain: 0.6 };
/// The same for passes, of which two cost a product.
const ALTERNATION: GaussSeidel = GaussSeidel { window: 0, max_iterations: 100, patience: 3, gain: 0.5 };
/// What comes next: it gains at least as much a product as GMRES, and needs fewer vectors.
const ACCELERATED: GaussSeidel = GaussSeidel { window: WINDOW, max_iterations: 100, patience: 20, gain: 0.5 };
const AUTO_GMRES: Gmres = Gmres { restart: 50, max_iterations: 500 };
/// Normwise backward error, in units of rounding, at which a factored system counts as solved.
const BACKWARD_STABLE: f64 = 64.0;
/// Relative residual that such a system may have at most: norms say little of a J whose rows are of very different size.
const WORST: f64 = 1e-3;

/// Which of the two systems.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// J x = b
    Tangent,
    /// J^T x = b
    Adjoint,
}
/// Solutions and reports of some slots of a chunk.
struct Part<V> {
    slots: Vec<usize>,
    x: V,
    reports: Vec<Report>,
}

impl<V> Part<V> {
    fn failures(&self) -> impl Iterator<Item = usize> + '_ {
        self.slots.iter().zip(&self.reports).filter(|(_, r)| !r.converged).map(|(slot, _)| *slot)
    }
}

/// One linear system per sample of a chunk.
pub(super) struct Task<'t, 'a, P: Linearize> {
    pub chunk: &'t LinearisedChunk<'a, P>,
    pub side: Side,
    pub b: &'t P::State,
    pub tolerance: f64,
}

impl<P: Linearize> Task<'_, '_, P> {
    /// Solves the system for every sample; row i of x, of b and of the reports is slot i.
    pub fn solve(&self, method: &Method) -> Result<(P::State, Vec<Report>), UserError> {
        let mut x = self.b.zeros(self.b.samples());
        let mut reports = vec![Report::default(); self.b.samples()];
        for part in self.parts(method)? {
            let rows: Vec<usize> = (0..part.slots.len()).collect();
            x.put(&part.slots, &part.x, &rows);
            part.slots.iter().zip(part.reports).for_each(|(&slot, report)| reports[slot] = report);
        }
        Ok((x, reports))
    }

    /// Every sample is in one of the parts; where it is in two, the later one holds.
    fn parts(&self, method: &Method) -> Result<Vec<Part<P::State>>, UserError> {
        let Task { chunk, tolerance, .. } = *self;
        let (all, memory) = (chunk.slots.clone(), chunk.memory);
        match (method, &chunk.fresh) {
            (Method::Dense | Method::Auto, Some(lu)) => Ok(vec![self.refine(all, &**lu)?]),
            (Method::Dense, None) => {
                let lu = chunk.factor(&all)?;
                Ok(vec![self.refine(all, &lu)?])
            }
            (Method::Krylov(krylov), _) => Ok(vec![self.run(all, krylov, memory, tolerance)?]),
            (Method::Preconditioned(krylov, preconditioner), _) => {
                let inverse = chunk.precondition(preconditioner)?;
                Ok(vec![self.run(all, krylov, &inverse, tolerance)?])
            }
            (Method::GaussSeidel(method), _) => Ok(vec![self.passes(all, method)?]),
            (Method::FixedPoint(refinement), _) => Ok(vec![self.run(all, refinement, &(), tolerance)?]),
            (Method::Auto, None) => self.automatic(all),
        }
    }

    /// Factors from a nearby point serve; where there are none (the start was a root) or they are from too far away, the
    /// sample is factored at z*. Without a direct method: the adjoint of Picard's iteration where that contracts, or
    /// Gauss-Seidel iteration where there are enough blocks, then GMRES, then dense factors after all.
    fn automatic(&self, all: Vec<usize>) -> Result<Vec<Part<P::State>>, UserError> {
        let LinearisedChunk { problem, memory, .. } = self.chunk;
        let sparsity = self.chunk.sparsity();
        let (direct, mut free): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|&s| sparsity.is_some() || memory.is_dense(s));
        let (known, mut missing): (Vec<usize>, Vec<usize>) = direct.into_iter().partition(|&s| memory.known(s));
        let mut parts = Vec::with_capacity(4);
        if !known.is_empty() {
            let part = self.refine(known, *memory)?;
            missing.extend(part.failures());
            parts.push(part);
        }
        if !free.is_empty() && problem.residual_scale() == ResidualScale::State {
            if problem.capabilities().passes.is_some() && self.b.width() >= WORTHWHILE {
                for method in [ALTERNATION, ACCELERATED] {
                    if !free.is_empty() {
                        let part = self.passes(free, &method)?;
                        free = part.failures().collect();
                        parts.push(part);
                    }
                }
            } else {
                let part = self.run(free, &CONTRACTION, &(), self.tolerance)?;
                free = part.failures().collect();
                parts.push(part);
            }
        }
        if !free.is_empty() {
            let part = self.run(free, &AUTO_GMRES, *memory, self.tolerance)?;
            missing.extend(part.failures().filter(|_| self.b.width() <= DENSE));
            parts.push(part);
        }
        if !missing.is_empty() {
            let fresh: Box<dyn Inverse<P::State>> = match sparsity {
                Some(sparsity) => Box::new(self.chunk.factor_sparse(&missing, sparsity)?),
                None => Box::new(self.chunk.factor(&missing)?),
            };
            parts.push(self.refine(missing, &*fresh)?);
        }
        Ok(parts)
    }

    /// Solves with factors: a step more than the tolerance asks for is cheap, and the result as good as rounding allows.
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
        let LinearisedChunk { problem, tape, .. } = self.chunk;
        let at = self.chunk.at(&slots);
        let rhs = pick(self.b, &slots);
        let mut jvp = |v: &P::State, out: &mut P::State| problem.jvp(at, tape, v, out);
        let mut vjp = |u: &P::State, out: &mut P::State| problem.vjp(at, tape, u, out);
        let solve = |r: &mut P::State| inverse.solve(at, r);
        let solve_transpose = |r: &mut P::State| inverse.solve_transpose(at, r);
        let tangent = System {
            operator: &mut jvp,
            transpose: &mut vjp,
            precondition: &solve,
            precondition_transpose: &solve_transpose,
        };
        let mut system = match self.side {
            Side::Tangent => tangent,
            Side::Adjoint => tangent.transposed(),
        };
        let mut x = rhs.zeros(at.len());
        let records = solver.solve(&mut system, &rhs, &mut x, goal)?;
        Ok(self.part(slots.clone(), &rhs, x, &records, inverse))
    }

    /// Block Gauss-Seidel iteration.
    fn passes(&self, slots: Vec<usize>, method: &GaussSeidel) -> Result<Part<P::State>, UserError> {
        let LinearisedChunk { problem, tape, .. } = self.chunk;
        let rhs = pick(self.b, &slots);
        let mut x = rhs.zeros(slots.len());
        let mut active = Vec::with_capacity(slots.len());
        let single = OneBlock(*problem);
        let passes = problem.capabilities().passes.unwrap_or(&single);
        let mut make =
            |rows: &[usize], b: &P::State, pass: Pass<'_, P::State>, x: &mut P::State, change: &mut P::State| {
                active.clear();
                active.extend(rows.iter().map(|&row| slots[row]));
                let at = self.chunk.at(&active);
                let of = match self.side {
                    Side::Tangent => Equations::Tangent { tape, b },
                    Side::Adjoint => Equations::Adjoint { tape, b },
                };
                passes.pass(at, of, pass, x, change)
            };
        let records = method.solve(&mut make, &rhs, &mut x, self.tolerance)?;
        Ok(self.part(slots, &rhs, x, &records, &()))
    }

    /// Reports on what a method has made of the samples in `slots`.
    fn part(
        &self,
        slots: Vec<usize>,
        rhs: &P::State,
        x: P::State,
        records: &[LinearRecord],
        inverse: &dyn Inverse<P::State>,
    ) -> Part<P::State> {
        let numbers = || vec![Scalar::<P>::default(); slots.len()];
        let (mut norm_b, mut norm_x) = (numbers(), numbers());
        rhs.norms(&mut norm_b);
        x.norms(&mut norm_x);
        let report = |i: usize, r: &LinearRecord| {
            let norms = (norm_x[i].as_f64(), norm_b[i].as_f64());
            let converged = r.residual <= self.tolerance
                || (r.residual <= WORST && backward_stable::<P>(inverse.norm(slots[i]), r.residual, norms));
            Report {
                converged,
                residual: r.residual,
                stop: Some(if converged { Stop::Converged } else { r.stop }),
                iterations: r.iterations,
                condition: inverse.condition(slots[i]).unwrap_or(r.condition),
                ..Report::default()
            }
        };
        let reports = records.iter().enumerate().map(|(i, r)| report(i, r)).collect();
        Part { x, reports, slots }
    }
}

/// Whether ||r|| is within rounding of ||J|| ||x|| + ||b||: no method does better, however ill-conditioned J
/// (J. L. Rigal and J. Gaches 1967, doi:10.1145/321406.321416).
fn backward_stable<P: Linearize>(norm: Option<f64>, residual: f64, (x, b): (f64, f64)) -> bool {
    let epsilon = <Scalar<P> as num_traits::Float>::epsilon().as_f64();
    norm.is_some_and(|norm| residual * b <= BACKWARD_STABLE * epsilon * (norm * x + b))
}
