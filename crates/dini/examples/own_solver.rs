//! A solver added from outside: fixed-point iteration with Aitken's dynamic relaxation, per sample.
//!
//! z <- z - omega g, where omega follows from the last two residuals: omega <- -omega <g_old, dg> / <dg, dg>. A solver states one step;
//! the driver owns tolerances, statuses, compaction and observers, and the derivative needs nothing more.
//!
//! Source: B. Irons and R. Tuck (1969), doi:10.1002/nme.1620010306; U. Kuettler and W. Wall (2008), doi:10.1007/s00466-008-0255-5.

use dini::batch::Batch;
use dini::problem::{Evaluator, Problem, Scalar};
use dini::solve::{Iterate, Solver};
use dini::{Error, Options, Real, Rows, StepError, cells::Tanh, solve};

/// Fixed-point iteration with Aitken relaxation; the first step is multiplied by this.
struct Aitken(f64);

impl<P: Problem> Solver<P> for Aitken {
    /// The old residual, its change, and omega.
    type Work = ([P::State; 2], Rows<f64>);
    /// Nothing is left for the derivative, which then is solved without a preconditioner.
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        let fault = || Error::Option { name: "first", value: self.0.to_string(), requirement: "it must be positive" };
        (self.0.is_finite() && self.0 > 0.0).then_some(()).ok_or_else(fault)
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let vector = || like.zeros(like.samples());
        ([vector(), vector()], Rows::new(like.samples(), 1))
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        ([old, change], omega): &mut Self::Work,
    ) -> Result<(), StepError> {
        let one = Scalar::<P>::of(1.0);
        change.copy_from(&it.g);
        change.axpby(-one, old, one);
        let mut products = vec![one; 2 * it.z.samples()];
        change.dot_many(&[old.clone(), change.clone()], &mut products); // one reduction for both
        for (omega, product) in omega.as_mut_slice().iter_mut().zip(products.chunks_exact(2)) {
            let ratio = -product[0].as_f64() / product[1].as_f64();
            let follows = it.steps > 0 && ratio.is_finite() && ratio != 0.0;
            *omega = if follows { *omega * ratio } else { self.0 };
        }
        old.copy_from(&it.g);
        let steps: Vec<_> = omega.as_slice().iter().map(|omega| Scalar::<P>::of(-omega)).collect();
        it.z.add_combination(&steps, std::slice::from_ref(old));
        Ok(problem.residual(&it.z, &mut it.g)?)
    }

    fn memory(&self, _: &mut Self::Work) {}
}

fn main() -> Result<(), Error> {
    // z = tanh(W z + x) near a singular Jacobian: small x, and an eigenvalue of W at 0.97
    let (n, b) = (4, 8);
    let w = (0..n * n).map(|k| if k / n == k % n { 0.85 } else { 0.04 }).collect();
    let x = Rows::from_vec(b, n, (0..b * n).map(|k| 0.02 * (k as f64).sin()).collect())?;
    let cell = Tanh::new(n, w, x)?;
    let options = Options { relative: 1e-10, max_iterations: 2000, ..Options::default() };
    let solution = solve(&cell, &Rows::new(b, n), &Aitken(0.5), &options)?;
    println!("z* = {:?} after {} iterations a sample", solution.converged()?.row(0), solution.mean_iterations());
    let gradient = solution.pullback(&Rows::from_vec(b, n, vec![1.0; b * n])?)?; // works with any solver
    println!("dL/dx = {:?}", gradient.value.x.row(0));
    Ok(())
}
