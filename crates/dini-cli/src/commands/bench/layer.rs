//! One solve and one gradient of z = tanh(W z + x), timed.

use std::time::{Duration, Instant};

use dini::cells::Tanh;
use dini::gradient::{AnyMode, Method};
use dini::solve::AnySolver;
use dini::{Error, Options, Real, Rows, solve};

use super::case::{Case, Pair};
use super::clock::{Spread, milliseconds, repeat};
use super::data::Layer;

/// Iterations at most, of either solve: what is slow is to be measured, not to be cut off.
const MOST_ITERATIONS: usize = 5000;

/// What a pair of methods took and gave.
pub(super) struct Timed<T> {
    pub forward: Spread,
    pub total: Spread,
    pub repetitions: usize,
    /// Evaluations of g and of products with its Jacobian in the forward solve, in units of the whole batch.
    pub evaluations: f64,
    /// Products of the adjoint solve, in the same units.
    pub products: f64,
    pub z: Rows<T>,
    pub dx: Rows<T>,
}

/// Times `pair` on `layer`; medians over repetitions that fill `budget`.
pub(super) fn time<T: Real>(layer: &Layer<T>, pair: &Pair, case: &Case, budget: Duration) -> Result<Timed<T>, Error> {
    let methods = Methods::new(pair, case)?;
    let z0 = Rows::new(layer.x.samples(), layer.n);
    let mut last = None;
    let ([forward, total], repetitions) = repeat(budget, || {
        let run = methods.run(layer, &z0)?;
        let times = [run.forward, run.total];
        last = Some(run);
        Ok::<_, Error>(times)
    })?;
    let Some(Run { evaluations, products, z, dx, .. }) = last else {
        return Err(Error::Empty { what: "the measurement" });
    };
    Ok(Timed { forward, total, repetitions, evaluations, products, z, dx })
}

/// Products of the whole batch that `pair` makes, the one at z = 0 not counted.
pub(super) fn products<T: Real>(layer: &Layer<T>, pair: &Pair, case: &Case) -> Result<f64, Error> {
    let run = Methods::new(pair, case)?.run(layer, &Rows::new(layer.x.samples(), layer.n))?;
    Ok(run.evaluations - 1.0 + run.products)
}

struct Methods {
    solver: AnySolver,
    mode: AnyMode,
    options: Options,
}

struct Run<T> {
    forward: f64,
    total: f64,
    evaluations: f64,
    products: f64,
    z: Rows<T>,
    dx: Rows<T>,
}

impl Methods {
    fn new(pair: &Pair, case: &Case) -> Result<Self, Error> {
        let unknown = |name, value: &str| {
            let requirement = "it must be a name of the library";
            Error::Option { name, value: value.to_owned(), requirement }
        };
        let solver = AnySolver::by_name(pair.solver).ok_or_else(|| unknown("solver", pair.solver))?;
        let mut mode = AnyMode::by_name(pair.adjoint).ok_or_else(|| unknown("adjoint", pair.adjoint))?;
        if let AnyMode::Implicit(implicit) = &mut mode {
            implicit.tolerance = Some(case.tol);
            match &mut implicit.method {
                Method::Krylov(krylov) | Method::Preconditioned(krylov, _) => {
                    *krylov = krylov.clone().with_max_iterations(MOST_ITERATIONS);
                }
                Method::FixedPoint(refinement) => refinement.max_iterations = MOST_ITERATIONS,
                Method::GaussSeidel(method) => method.max_iterations = MOST_ITERATIONS,
                Method::Auto | Method::Dense => {}
            }
        }
        let options = Options {
            relative: case.z_tol(),
            max_iterations: MOST_ITERATIONS,
            mixed_precision: pair.mixed,
            ..Options::default()
        };
        Ok(Methods { solver, mode, options })
    }

    /// From plain arrays to z*, and on to dL/dx and dL/dW. What is no longer needed is freed off the clock.
    fn run<T: Real>(&self, layer: &Layer<T>, z0: &Rows<T>) -> Result<Run<T>, Error> {
        let (w, x) = (layer.w.clone(), layer.x.clone());
        let start = Instant::now();
        let cell = Tanh::new(layer.n, w, x)?;
        let solution = solve(&cell, z0, &self.solver, &self.options)?;
        solution.converged()?;
        let forward = milliseconds(start);
        let gradient = solution.gradient(&layer.c, &self.mode)?;
        let total = milliseconds(start);
        let batch = z0.samples() as f64;
        let evaluations = solution.evaluations() as f64 / batch;
        let products = gradient.mean_iterations();
        Ok(Run { forward, total, evaluations, products, z: solution.into_z(), dx: gradient.value.x })
    }
}
