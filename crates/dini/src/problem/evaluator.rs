//! The problem as a solver sees it: the active samples, and a count of what is evaluated.

use std::cell::Cell;
use std::ops::AddAssign;

use super::{
    Active, Bounds, Equations, Eval, Linearize, OneBlock, Pass, Passes, Problem, ResidualScale, Scalar, Sparse,
    Sparsity,
};
use crate::batch::{Batch, Keep};

/// A number of evaluations of one sample, of which a pass of Gauss-Seidel iteration is half a one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evaluations {
    halves: u64,
}

impl Evaluations {
    fn whole(count: u64) -> Self {
        Evaluations { halves: 2 * count }
    }

    fn half(count: u64) -> Self {
        Evaluations { halves: count }
    }

    /// So many more.
    pub fn add(&mut self, count: u64) {
        *self += Evaluations::whole(count);
    }

    /// All together, rounded up.
    pub fn total(self) -> u64 {
        self.halves.div_ceil(2)
    }
}

impl AddAssign for Evaluations {
    fn add_assign(&mut self, other: Self) {
        self.halves += other.halves;
    }
}

/// The problem at the active samples; counts evaluations in sample-evaluations.
#[derive(Debug)]
pub struct Evaluator<'a, P> {
    problem: &'a P,
    at: Active<'a>,
    bounds: Option<&'a Bounds>,
    spent: Cell<Evaluations>,
}

impl<'a, P: Problem> Evaluator<'a, P> {
    pub(crate) fn new(problem: &'a P, at: Active<'a>) -> Self {
        Evaluator { problem, at, bounds: None, spent: Cell::default() }
    }

    pub(crate) fn within(self, bounds: Option<&'a Bounds>) -> Self {
        Evaluator { bounds, ..self }
    }

    /// Brings the rows of `to`, which a step from `from` has led to, inside the [bounds](crate::Options::bounds) if there are any.
    pub fn confine(&self, from: &P::State, to: &mut P::State) {
        if let Some(bounds) = self.bounds {
            bounds.confine(from, to);
        }
    }

    /// Which samples are active.
    pub fn at(&self) -> Active<'a> {
        self.at
    }

    /// Sample-evaluations so far (residuals and Jacobian products alike).
    pub fn evaluations(&self) -> u64 {
        self.spent.get().total()
    }

    pub(crate) fn spent(&self) -> Evaluations {
        self.spent.get()
    }

    fn spend(&self, spent: Evaluations) {
        let mut all = self.spent.get();
        all += spent;
        self.spent.set(all);
    }

    /// Runs `f` on the samples in `slots` alone, in that order; its evaluations are counted here.
    pub fn subset<R>(&self, slots: &[usize], f: impl FnOnce(&Evaluator<'_, P>) -> R) -> R {
        let part = Evaluator::new(self.problem, self.at.with_slots(slots)).within(self.bounds);
        let result = f(&part);
        self.spend(part.spent.get());
        result
    }

    /// Whether the unknowns are of one kind, as in a fixed point.
    pub(crate) fn is_uniform(&self) -> bool {
        self.problem.residual_scale() == ResidualScale::State
    }

    fn count(&self) {
        self.spend(Evaluations::whole(self.at.len() as u64));
    }

    /// out <- g(z)
    ///
    /// # Errors
    /// The problem's own.
    pub fn residual(&self, z: &P::State, out: &mut P::State) -> Eval {
        self.count();
        self.problem.residual(self.at, z, out)
    }
}

impl<P: Linearize> Evaluator<'_, P> {
    /// One [pass](Passes::pass) of block Gauss-Seidel iteration: half an evaluation where the problem has blocks, else a step of Picard
    /// iteration.
    ///
    /// # Errors
    /// The problem's own.
    pub fn pass(&self, pass: Pass<'_, P::State>, z: &mut P::State, change: &mut P::State) -> Eval {
        if let Some(passes) = self.problem.capabilities().passes {
            self.spend(Evaluations::half(self.at.len() as u64));
            return passes.pass(self.at, Equations::Own, pass, z, change);
        }
        self.count();
        OneBlock(self.problem).pass(self.at, Equations::Own, pass, z, change)
    }

    /// Prepares products at z.
    ///
    /// # Errors
    /// The problem's own.
    pub fn linearize(&self, z: &P::State, g: &P::State, tape: &mut P::Tape) -> Eval {
        self.problem.linearize(self.at, z, g, tape)
    }

    /// out <- J v
    ///
    /// # Errors
    /// The problem's own.
    pub fn jvp(&self, tape: &P::Tape, v: &P::State, out: &mut P::State) -> Eval {
        self.count();
        self.problem.jvp(self.at, tape, v, out)
    }

    /// out <- J^T u
    ///
    /// # Errors
    /// The problem's own.
    pub fn vjp(&self, tape: &P::Tape, u: &P::State, out: &mut P::State) -> Eval {
        self.count();
        self.problem.vjp(self.at, tape, u, out)
    }

    /// Writes the Jacobian of every active sample into its slot of `out`, column-major, n^2 numbers a slot.
    ///
    /// Costs what the problem's own [matrix](super::DenseJacobian) costs, or n products with unit vectors; `columns` is scratch
    /// for those.
    ///
    /// # Errors
    /// The problem's own.
    pub fn jacobians(&self, tape: &P::Tape, columns: &mut (P::State, P::State), out: &mut [Scalar<P>]) -> Eval {
        let n = columns.0.width();
        let matrix = |slot: usize| slot * n * n..(slot + 1) * n * n;
        if let Some(dense) = self.problem.capabilities().dense {
            let slots = (0..self.at.len()).map(|i| self.at.slot(i));
            slots.for_each(|slot| dense.jacobian(slot, tape, &mut out[matrix(slot.index())]));
            return Ok(());
        }
        let (unit, column) = columns;
        unit.reset(self.at.len());
        column.reset(self.at.len());
        crate::kernels::scratch::with(n, |e| {
            e.fill(num_traits::Zero::zero());
            for j in 0..n {
                e[j] = num_traits::One::one();
                (0..self.at.len()).for_each(|i| unit.write(i, e));
                e[j] = num_traits::Zero::zero();
                self.jvp(tape, unit, column)?;
                for i in 0..self.at.len() {
                    column.read(i, &mut out[matrix(self.at.slot(i).index())][j * n..(j + 1) * n]);
                }
            }
            Ok(())
        })
    }

    /// Where J may differ from zero, if the problem says so.
    pub fn sparsity(&self) -> Option<&Sparsity> {
        super::pattern(self.problem)
    }

    /// Writes the sparse Jacobian of every active sample into its slot of `out`, in the order of `sparsity`.
    ///
    /// Costs what the problem's own [entries](super::SparseJacobian) cost, or one product a colour; `vectors` is scratch for those.
    ///
    /// # Errors
    /// The problem's own.
    pub fn sparse_jacobians(
        &self,
        sparsity: &Sparsity,
        tape: &P::Tape,
        vectors: &mut (P::State, P::State),
        out: &mut [Scalar<P>],
    ) -> Eval {
        let entries = |slot: usize| slot * sparsity.entries()..(slot + 1) * sparsity.entries();
        if let Some(Sparse { entries: Some(direct), .. }) = self.problem.capabilities().sparse {
            let slots = (0..self.at.len()).map(|i| self.at.slot(i));
            slots.for_each(|slot| direct.entries(slot, tape, &mut out[entries(slot.index())]));
            return Ok(());
        }
        let (seed, product) = vectors;
        seed.reset(self.at.len());
        product.reset(self.at.len());
        crate::kernels::scratch::with(sparsity.size(), |row| {
            for colour in 0..sparsity.colours() {
                sparsity.seed(colour, row);
                (0..self.at.len()).for_each(|i| seed.write(i, row));
                self.jvp(tape, seed, product)?;
                for (i, slot) in (0..self.at.len()).map(|i| (i, self.at.slot(i).index())) {
                    product.read(i, row);
                    sparsity.unpack(colour, row, &mut out[entries(slot)]);
                }
            }
            Ok(())
        })
    }
}
