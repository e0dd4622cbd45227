//! A solver added from outside: fixed-point iteration with Aitken's dynamic relaxation, per sample.
//!
//! z <- z - omega g, where omega follows from the last two residuals: omega <- -omega <g_old, dg> / <dg, dg>. A solver
//! states one step; the driver owns tolerances, statuses, compaction and observers, and the derivative needs nothing more.
//!
//! Source: B. Irons and R. Tuck (1969), doi:10.1002/nme.1620010306; U. Kuettler and W. Wall (2008),
//! doi:10.1007/s00466-008-0255-5.
//!
//! Run with `cargo run --release -p dini --example custom_solver`.

use dini::batch::{Batch, Keep};
use dini::cells::Tanh;
use dini::problem::{Eval, Evaluator, Problem};
use dini::solve::{Iterate, Solver};
use dini::{Anderson, Error, Options, Picard, Real, Rows, Solution, solve};

/// Fixed-point iteration with Aitken relaxation.
struct Aitken {
    /// Relaxation factor of the first step, positive.
    first: f64,
}

/// Scratch memory: two vectors and one factor per sample.
struct AitkenWork<V> {
    old: V,
    change: V,
    omega: Rows<f64>,
    started: bool,
}

impl<V: Batch> Keep for AitkenWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.old.keep(rows);
        self.change.keep(rows);
        self.omega.keep(rows);
    }

    fn reset(&mut self, samples: usize) {
        self.old.reset(samples);
        self.change.reset(samples);
        self.omega.reset(samples);
        self.started = false;
    }
}

impl<P: Problem> Solver<P> for Aitken {
    type Work = AitkenWork<P::State>;
    /// Nothing is left for the derivative, which then is solved without a preconditioner.
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        if self.first.is_finite() && self.first > 0.0 {
            return Ok(());
        }
        Err(Error::Option { name: "first", value: self.first.to_string(), requirement: "it must be positive" })
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let vector = || like.zeros(like.samples());
        AitkenWork { old: vector(), change: vector(), omega: Rows::new(like.samples(), 1), started: false }
    }

    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, w: &mut Self::Work) -> Eval {
        type Scalar<P> = dini::problem::Scalar<P>;
        let (one, b) = (Scalar::<P>::of(1.0), it.z.samples());
        if w.started {
            // dg = g - g_old, and both products in one call
            w.change.copy_from(&it.g);
            w.change.axpby(-one, &w.old, one);
            let mut dots = vec![Scalar::<P>::of(0.0); 2 * b];
            w.change.dot_many(&[w.old.clone(), w.change.clone()], &mut dots);
            for (omega, dot) in w.omega.as_mut_slice().iter_mut().zip(dots.chunks_exact(2)) {
                let ratio = -dot[0].as_f64() / dot[1].as_f64();
                *omega = if ratio.is_finite() && ratio != 0.0 { *omega * ratio } else { self.first };
            }
        } else {
            w.omega.as_mut_slice().fill(self.first);
            w.started = true;
        }
        w.old.copy_from(&it.g);
        let steps: Vec<_> = w.omega.as_slice().iter().map(|v| Scalar::<P>::of(-v)).collect();
        it.z.add_combination(&steps, std::slice::from_ref(&w.old));
        problem.residual(&it.z, &mut it.g)
    }

    fn memory(&self, _: &mut Self::Work) {}
}

fn show<M>(name: &str, solution: &Solution<&Tanh<f64>, M>) -> Result<(), Error> {
    let z = solution.converged()?;
    println!("{name:<10} {:>6.1} iterations per sample, z*[0] = {:.8?}", solution.mean_iterations(), z.row(0));
    Ok(())
}

fn main() -> Result<(), Error> {
    // z = tanh(W z + x) near a singular Jacobian: small x, and an eigenvalue of W at 0.97
    let (n, b) = (4, 8);
    let w: Vec<f64> = (0..n * n).map(|k| if k / n == k % n { 0.85 } else { 0.04 }).collect();
    let x = Rows::from_vec(b, n, (0..b * n).map(|k| 0.02 * (k as f64).sin()).collect())?;
    let (cell, start) = (Tanh::new(n, w, x)?, Rows::new(b, n));
    let options = Options { relative: 1e-10, max_iterations: 2000, ..Options::default() };
    show("Picard", &solve(&cell, &start, &Picard::default(), &options)?)?;
    show("Anderson", &solve(&cell, &start, &Anderson::default(), &options)?)?;
    let solution = solve(&cell, &start, &Aitken { first: 0.5 }, &options)?;
    show("Aitken", &solution)?;
    // the gradient works with any solver
    let gradient = solution.pullback(&Rows::from_vec(b, n, vec![1.0; b * n])?)?;
    println!(
        "adjoint    {:>6.1} iterations per sample, dL/dx[0] = {:.6?}",
        gradient.mean_iterations(),
        gradient.value.x.row(0)
    );
    Ok(())
}
