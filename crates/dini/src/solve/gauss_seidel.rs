//! Symmetric block Gauss-Seidel iteration.

use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError};
use crate::linear::{Alternation, Look, MAX_WINDOW};
use crate::problem::{Evaluator, Linearize, Pass};

/// Symmetric block Gauss-Seidel iteration on z = f(z), g = z - f(z): block after block of z is replaced by that of f(z), with
/// the blocks before it as they have become; then the same in the reverse order, and so on.
///
/// A pass costs half an evaluation ([`Pass`](crate::problem::Pass)), and is an iteration. Where f(z) = tanh(W z + x) with a
/// random W, two passes gain twice as many digits as an evaluation of Picard iteration does. It converges where J is symmetric
/// positive definite, or strictly diagonally dominant; a contraction in another norm usually, not always. For a problem
/// without blocks ([`Passes`](crate::problem::Passes)) it is Picard iteration.
///
/// With a window, two passes are an iteration, and Anderson mixing accelerates it: for slow contractions.
///
/// Between two passes the residual is not known. The norms that an observer sees are those of the changes; once they promise a
/// correction within the tolerance a sample is measured, which costs half an evaluation. It has converged if ||g|| / (1 - q) is
/// small enough, with q the rate at which changes fall (or the length of the last mixed step times q / (1 - q)). Memory: five batches, and 3 m + 4 with a window of m.
///
/// Source: J. M. Ortega and W. C. Rheinboldt (1970), doi:10.1137/1.9780898719468, section 7.4; two passes for one product:
/// V. Conrad and Y. Wallach (1979), Numer. Math. 32, 105-108; [`Anderson`](super::Anderson).
///
/// ```
/// use dini::{Options, Rows, cells::Tanh, solve, solve::GaussSeidel};
/// let n = 40;
/// let w = (0..n * n).map(|k| 0.1 * (k as f64).sin()).collect();
/// let cell = Tanh::new(n, w, Rows::from_vec(1, n, vec![0.3; n])?)?;
/// let solution = solve(&cell, &Rows::new(1, n), &GaussSeidel::default(), &Options::default())?;
/// assert!(solution.outcomes()[0].accuracy.relative <= 1e-6);
/// assert!(solution.evaluations() < 8, "{}", solution.evaluations());
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct GaussSeidel {
    /// Number m of differences kept for Anderson mixing, 0..=16 (default 0: none).
    pub window: usize,
}

/// Scratch memory of [`GaussSeidel`].
pub struct GaussSeidelWork<V: Batch> {
    passes: Alternation<V>,
    begun: bool,
    slots: Vec<usize>,
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

impl<P: Linearize> Solver<P> for GaussSeidel {
    type Work = GaussSeidelWork<P::State>;
    type Memory = ();

    fn validate(&self) -> Result<(), Error> {
        if self.window <= MAX_WINDOW {
            Ok(())
        } else {
            Err(Error::option("window", self.window, "it must lie in 0..=16"))
        }
    }

    fn work(&self, _: &P, like: &P::State) -> Self::Work {
        let samples = like.samples();
        GaussSeidelWork {
            passes: Alternation::new(like, self.window),
            begun: false,
            slots: Vec::with_capacity(samples),
        }
    }

    fn fits(&self, work: &Self::Work) -> bool {
        work.passes.window() == self.window
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut Self::Work,
    ) -> Result<(), StepError> {
        let GaussSeidelWork { passes, begun, slots } = w;
        let (at, samples) = (problem.at(), it.z.samples());
        let make = &mut |rows: Option<&[usize]>, pass: Pass<'_, P::State>, z: &mut P::State, change: &mut P::State| {
            let Some(rows) = rows else { return problem.pass(pass, z, change) };
            slots.clear();
            slots.extend(rows.iter().map(|&i| at.slot(i).index()));
            problem.subset(slots, |part| part.pass(pass, z, change))
        };
        if !std::mem::replace(begun, true) {
            passes.start(&mut it.z, &mut it.g, make)?;
        }
        passes.advance(&mut it.z, &mut it.g, make)?;
        let (rows, tolerance) = (&it.rows, it.tolerance);
        let row = |i: usize| match rows[i].mark.ended {
            Some(_) => Look::Never,
            None if self.window > 0 => Look::Within(rows[i].target.as_f64()),
            None => Look::Settled(tolerance.of(rows[i].size.as_f64())),
        };
        let measured = passes.look(row, &mut it.z, &mut it.g, make)?;
        it.rows[..samples].iter_mut().for_each(|row| row.mark.estimated = true);
        for &i in measured {
            it.rows[i].mark.estimated = false;
        }
        passes.steps(&it.z, |i, length, before| it.rows[i].mark.moved = Some((length, before)));
        Ok(())
    }

    fn knows(&self, _: &Self::Work) -> Knows {
        Knows::Steps
    }

    fn memory(&self, _: &mut Self::Work) {}
}
