//! Symmetric block Gauss-Seidel iteration.

use num_traits::Zero;

use super::{Evaluator, Iterate, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::Error;
use crate::linear::Alternation;
use crate::problem::{Eval, Problem, Scalar};

/// Symmetric block Gauss-Seidel iteration on z = f(z), g = z - f(z): block after block of z is replaced by that of f(z), with
/// the blocks before it as they have become; then the same in the reverse order, and so on.
///
/// A pass costs half an evaluation ([`Pass`](crate::problem::Pass)), and is an iteration. Where f(z) = tanh(W z + x) with a
/// random W, two passes gain twice as many digits as an evaluation of Picard iteration does. It converges where J is symmetric
/// positive definite, or strictly diagonally dominant; a contraction in another norm usually, not always. For a problem
/// without blocks ([`Problem::sweeps`]) it is Picard iteration.
///
/// Between two passes the residual is not known. The norms that an observer sees are those of the changes; once they promise a
/// residual within the tolerance a sample is measured, which costs half an evaluation and is an iteration as well, and it has
/// converged only if ||g|| is small enough indeed. Memory: two batches.
///
/// Source: J. M. Ortega and W. C. Rheinboldt (1970), doi:10.1137/1.9780898719468, section 7.4; two passes for one product:
/// V. Conrad and Y. Wallach (1979), doi:10.1007/BF01397655.
///
/// ```
/// use dini::{Options, Rows, cells::Tanh, solve, solve::GaussSeidel};
/// let n = 40;
/// let w = (0..n * n).map(|k| 0.1 * (k as f64).sin()).collect();
/// let cell = Tanh::new(n, w, Rows::from_vec(1, n, vec![0.3; n])?)?;
/// let solution = solve(&cell, &Rows::new(1, n), &GaussSeidel, &Options::default())?;
/// assert!(solution.residual_norm(0) <= solution.target(0));
/// assert!(solution.evaluations() < 8, "{}", solution.evaluations());
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct GaussSeidel;

/// Scratch memory of [`GaussSeidel`].
pub struct GaussSeidelWork<V: Batch> {
    passes: Alternation<V>,
    begun: bool,
    norms: Vec<V::Scalar>,
}

impl<V: Batch> Keep for GaussSeidelWork<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.passes.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.passes.reset(samples);
        self.begun = false;
    }
}

impl<P: Problem> Solver<P> for GaussSeidel {
    type Work = GaussSeidelWork<P::State>;
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        Ok(())
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let norms = vec![Scalar::<P>::zero(); like.samples()];
        GaussSeidelWork { passes: Alternation::new(like), begun: false, norms }
    }

    fn step(&self, problem: &Evaluator<'_, P>, it: &mut Iterate<P::State>, w: &mut Self::Work) -> Eval {
        if w.begun {
            let (norm, target) = (&it.norm, &it.target);
            w.passes.decide(|i| (norm[i].as_f64(), target[i].as_f64()));
        } else {
            w.begun = true;
            w.passes.restart(&it.z);
            it.z.norms(&mut w.norms);
            if w.norms[..it.z.samples()].iter().any(|norm| !norm.is_zero()) {
                w.passes.open(|pass| problem.sweep(pass, &mut it.z, &mut it.g))?;
            }
        }
        problem.sweep(w.passes.pass(), &mut it.z, &mut it.g)?;
        for i in 0..it.z.samples() {
            if w.passes.held(i) { it.hold(i) } else { it.estimate(i) }
        }
        Ok(())
    }

    fn memory(&self, _: &mut Self::Work) {}
}
