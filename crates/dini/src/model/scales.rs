//! Solving in units in which unknowns and equations are comparable.

use std::sync::Arc;

use super::engine::Answer;
use super::system::{Body, Form, Spot, System};
use crate::batch::{Batch, Rows};
use crate::error::Error;
use crate::linear::Inverse;
use crate::problem::{Active, Along, Eval, Problem};
use crate::solve::{Options, Solution};
use crate::{Real, Status};

/// Sizes of the unknowns and of the equations, in their own units: the solver sees z / `unknowns` and g / `equations`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Scales {
    pub unknowns: Vec<f64>,
    pub equations: Vec<f64>,
}

impl Scales {
    fn check(&self, n: usize) -> Result<(), Error> {
        for (what, sizes) in
            [("the sizes of the unknowns", &self.unknowns), ("the sizes of the equations", &self.equations)]
        {
            if sizes.len() != n {
                return Err(Error::shape(what, (1, n), (1, sizes.len())));
            }
            if let Some(size) = sizes.iter().find(|size| !(size.is_finite() && **size > 0.0)) {
                return Err(Error::option("scales", size, "a size must be finite and positive"));
            }
        }
        Ok(())
    }

    /// Solves `system` by `solve`, which gets it, the start and the bounds in these units.
    pub fn solve<T: Real>(
        &self,
        system: System<T>,
        z0: &Rows<T>,
        options: &Options,
        solve: impl FnOnce(System<T>, &Rows<T>, &Options) -> Result<Answer<T>, Error>,
    ) -> Result<Answer<T>, Error> {
        self.check(system.n)?;
        system.validate(z0)?;
        let units = |values: &[f64], f: fn(f64) -> f64| values.iter().map(|v| T::of(f(*v))).collect::<Vec<T>>();
        let (columns, rows) = (units(&self.unknowns, |v| v), units(&self.equations, f64::recip));
        let start = times(z0, &units(&self.unknowns, f64::recip));
        let bounds = options.bounds.as_ref().map(|bounds| bounds.in_units(&self.unknowns)).transpose()?;
        let absolute = options.absolute / self.unknowns.iter().fold(0.0, |max: f64, v| max.max(*v));
        let within = Options { bounds, absolute, ..options.clone() };
        let body = Arc::new(Scaled { body: system.body.clone(), rows, columns: columns.clone() });
        let scaled = System { body, ..system.clone() };
        let solution = solve(scaled, &start, &within)?;
        self.restored(system, solution, &columns)
    }

    /// The solution in the units of the problem. Factors of the scaled Jacobian are of no use there.
    fn restored<T: Real>(&self, system: System<T>, solution: Answer<T>, columns: &[T]) -> Result<Answer<T>, Error> {
        let Solution { z, mut outcomes, attempts, memory, evaluations, .. } = solution;
        let z = times(&z, columns);
        let slots: Vec<usize> = (0..z.samples()).collect();
        let mut g = Rows::new(z.samples(), z.width());
        system.residual(Active::new(&slots, 0, true), &z, &mut g).map_err(Error::User)?;
        let mut norms = vec![T::zero(); z.samples()];
        Batch::norms(&g, &mut norms);
        for (outcome, norm) in outcomes.iter_mut().zip(&norms) {
            let largest = self.unknowns.iter().fold(0.0, |max: f64, v| max.max(*v));
            outcome.accuracy.correction *= outcome.accuracy.component.map_or(largest, |j| self.unknowns[j]);
            outcome.residual = if norm.is_nan() { f64::INFINITY } else { norm.as_f64() };
            outcome.target = if outcome.status == Status::Converged { outcome.residual } else { 0.0 };
        }
        let nothing = |(base, len, _)| (base, len, Box::new(()) as Box<dyn Inverse<Rows<T>>>);
        let memory = memory.into_iter().map(nothing).collect();
        Ok(Solution { problem: system, z, g, outcomes, attempts, memory, evaluations })
    }
}

/// Every row times these numbers.
fn times<T: Real>(x: &Rows<T>, by: &[T]) -> Rows<T> {
    let mut out = x.clone();
    (0..x.samples()).for_each(|i| multiply(out.row_mut(i), by));
    out
}

fn multiply<T: Real>(row: &mut [T], by: &[T]) {
    row.iter_mut().zip(by).for_each(|(v, by)| *v *= *by);
}

/// A body in other units: R g(C y), with what a solver asks of it.
struct Scaled<T> {
    body: Arc<dyn Body<T>>,
    rows: Vec<T>,
    columns: Vec<T>,
}

impl<T: Real> Body<T> for Scaled<T> {
    fn form(&self) -> &Form {
        self.body.form()
    }

    fn residual(&self, Spot { at, z, a }: Spot<'_, T>, out: &mut Rows<T>) -> Eval {
        self.body.residual(Spot { at, z: &times(z, &self.columns), a }, out)?;
        (0..at.len()).for_each(|i| multiply(out.row_mut(i), &self.rows));
        Ok(())
    }

    fn entries(&self, Spot { at, z, a }: Spot<'_, T>, count: usize, values: &mut [T]) -> Eval {
        self.body.entries(Spot { at, z: &times(z, &self.columns), a }, count, values)?;
        let n = self.rows.len();
        for i in 0..at.len() {
            let values = &mut values[at.slot(i).index() * count..][..count];
            for (j, column) in self.columns.iter().enumerate() {
                match self.body.form() {
                    Form::Sparse(sparsity) => {
                        let entries = values[sparsity.column(j)].iter_mut().zip(sparsity.rows(j));
                        entries.for_each(|(v, row)| *v *= self.rows[*row] * *column);
                    }
                    _ => {
                        let entries = values[j * n..(j + 1) * n].iter_mut().zip(&self.rows);
                        entries.for_each(|(v, row)| *v *= *row * *column);
                    }
                }
            }
        }
        Ok(())
    }

    fn jvp(&self, Spot { at, z, a }: Spot<'_, T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.body.jvp(Spot { at, z: &times(z, &self.columns), a }, &times(v, &self.columns), out)?;
        (0..at.len()).for_each(|i| multiply(out.row_mut(i), &self.rows));
        Ok(())
    }

    fn vjp(&self, Spot { at, z, a }: Spot<'_, T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.body.vjp(Spot { at, z: &times(z, &self.columns), a }, &times(u, &self.rows), out)?;
        (0..at.len()).for_each(|i| multiply(out.row_mut(i), &self.columns));
        Ok(())
    }

    // derivatives are taken in the units of the problem
    fn parameter_vjp(&self, _: Spot<'_, T>, _: &Rows<T>, _: T, _: &mut Rows<T>) -> Eval {
        Err(SOLVED.into())
    }

    fn parameter_jvp(&self, _: Spot<'_, T>, _: &Rows<T>, _: &mut Rows<T>) -> Eval {
        Err(SOLVED.into())
    }

    fn vjp_along(&self, _: &Rows<T>, _: Active<'_>, _: &Along<'_, Rows<T>, Rows<T>>, _: &mut Rows<T>) -> Eval {
        Err(SOLVED.into())
    }

    fn parameter_vjp_along(
        &self,
        _: &Rows<T>,
        _: Active<'_>,
        _: &Along<'_, Rows<T>, Rows<T>>,
        _: T,
        _: &mut Rows<T>,
    ) -> Eval {
        Err(SOLVED.into())
    }

    fn objective(&self, Spot { at, z, a }: Spot<'_, T>, out: &mut [T]) -> bool {
        self.body.objective(Spot { at, z: &times(z, &self.columns), a }, out)
    }
}

const SOLVED: &str = "a system in other units is there to be solved, not to be differentiated";
