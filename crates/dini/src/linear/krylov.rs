//! The Krylov methods as one choice.

use super::bicgstab::{self, BiCgStab};
use super::cg::{self, Cg};
use super::cycle::{self, Cycle, Cycles};
use super::gmres::{self, Gmres};
use super::lsmr::{self, Lsmr};
use super::{LinearRecord, LinearSolver, System};
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::problem::Eval;

/// A Krylov method, chosen by value: products with A, and with A^T where the method says so.
///
/// | | for | products an iteration | vectors |
/// |---|---|---|---|
/// | [`Gmres`] | every A | 1 | restart + 2 |
/// | [`BiCgStab`] | every A but those near skew symmetry | 2 | 7 |
/// | [`Cg`] | symmetric positive definite A | 1 | 5 |
/// | [`Lsmr`] | every A, also singular | 2, one of them with A^T | 7 |
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Krylov {
    /// [`Gmres`]
    Gmres(Gmres),
    /// [`BiCgStab`]
    BiCgStab(BiCgStab),
    /// [`Cg`]
    Cg(Cg),
    /// [`Lsmr`]
    Lsmr(Lsmr),
}

/// Scratch memory of a [`Krylov`] method.
#[derive(Debug)]
pub struct KrylovWork<V: Batch>(Kind<V>);

#[derive(Debug)]
enum Kind<V: Batch> {
    Gmres(usize, Cycles<V, gmres::Basis<V>>),
    BiCgStab(Cycles<V, bicgstab::Vectors<V>>),
    Cg(Cycles<V, cg::Vectors<V>>),
    Lsmr(Cycles<V, lsmr::Vectors<V>>),
}

impl Krylov {
    /// The same method with at most so many products.
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Self {
        *match &mut self {
            Krylov::Gmres(method) => &mut method.max_iterations,
            Krylov::BiCgStab(method) => &mut method.max_iterations,
            Krylov::Cg(method) => &mut method.max_iterations,
            Krylov::Lsmr(method) => &mut method.max_iterations,
        } = max_iterations;
        self
    }

    /// Scratch memory for batches like `like`.
    pub fn work<V: Batch>(&self, like: &V) -> KrylovWork<V> {
        KrylovWork(match self {
            Krylov::Gmres(method) => Kind::Gmres(method.restart, Cycles::new(method, like)),
            Krylov::BiCgStab(method) => Kind::BiCgStab(Cycles::new(method, like)),
            Krylov::Cg(method) => Kind::Cg(Cycles::new(method, like)),
            Krylov::Lsmr(method) => Kind::Lsmr(Cycles::new(method, like)),
        })
    }

    /// Whether `work` was made for this method.
    pub fn fits<V: Batch>(&self, work: &KrylovWork<V>) -> bool {
        match (self, &work.0) {
            (Krylov::Gmres(method), Kind::Gmres(restart, _)) => *restart == method.restart,
            (Krylov::BiCgStab(_), Kind::BiCgStab(_)) => true,
            (Krylov::Cg(_), Kind::Cg(_)) => true,
            (Krylov::Lsmr(_), Kind::Lsmr(_)) => true,
            _ => false,
        }
    }

    /// Solves A x = b to ||b - A x_s|| <= tolerance\[s\] ||b_s|| from x = 0, without allocating if `work` fits.
    ///
    /// # Errors
    /// A fatal error of the operator.
    pub fn solve_in<V: Batch>(
        &self,
        system: &mut System<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: &[V::Scalar],
        work: &mut KrylovWork<V>,
        out: &mut [LinearRecord],
    ) -> Eval {
        match (self, &mut work.0) {
            (Krylov::Gmres(method), Kind::Gmres(restart, cycles)) if *restart == method.restart => {
                cycles.solve(method, system, b, x, tolerance, out)
            }
            (Krylov::BiCgStab(method), Kind::BiCgStab(cycles)) => cycles.solve(method, system, b, x, tolerance, out),
            (Krylov::Cg(method), Kind::Cg(cycles)) => cycles.solve(method, system, b, x, tolerance, out),
            (Krylov::Lsmr(method), Kind::Lsmr(cycles)) => cycles.solve(method, system, b, x, tolerance, out),
            _ => {
                *work = self.work(b);
                self.solve_in(system, b, x, tolerance, work, out)
            }
        }
    }

    fn get<V: Batch>(&self) -> &dyn LinearSolver<V> {
        match self {
            Krylov::Gmres(method) => method,
            Krylov::BiCgStab(method) => method,
            Krylov::Cg(method) => method,
            Krylov::Lsmr(method) => method,
        }
    }
}

impl<V: Batch> LinearSolver<V> for Krylov {
    fn validate(&self) -> Result<(), Error> {
        self.get::<V>().validate()
    }

    fn solve(
        &self,
        system: &mut System<'_, V>,
        b: &V,
        x: &mut V,
        tolerance: f64,
    ) -> Result<Vec<LinearRecord>, UserError> {
        self.get::<V>().solve(system, b, x, tolerance)
    }
}

/// Every method is a linear solver, and one of the choices.
macro_rules! methods {
    ($($method:ident),*) => { $(
        impl<V: Batch> LinearSolver<V> for $method {
            fn validate(&self) -> Result<(), Error> {
                Cycle::<V>::validate(self)
            }

            fn solve(
                &self,
                system: &mut System<'_, V>,
                b: &V,
                x: &mut V,
                tolerance: f64,
            ) -> Result<Vec<LinearRecord>, UserError> {
                cycle::solve(self, system, b, x, tolerance)
            }
        }

        impl From<$method> for Krylov {
            fn from(method: $method) -> Self {
                Krylov::$method(method)
            }
        }
    )* };
}
methods!(Gmres, BiCgStab, Cg, Lsmr);
