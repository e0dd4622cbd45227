//! Pseudo-transient continuation.

use num_traits::{One, Zero};

use super::newton::correct;
use super::root::{Finding, Question, examine};
use super::{Iterate, Knows, Solver};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::{Error, StepError, UserError};
use crate::linear::DenseLu;
use crate::problem::{Evaluator, Linearize, Scalar};

/// Linearly implicit Euler steps on dz/dt = -g(z), with a time step that grows as the residual falls:
/// (I / delta + J) dz = g, z <- z - dz, delta_k = delta_0 ||g_0|| / ||g_k||.
///
/// Follows the flow to a stable steady state where Newton's method would jump to a spurious minimum, and becomes Newton's
/// method at the end. Needs the sign of g to be that of a decay, as in g = z - f(z). A step costs one evaluation, a Jacobian
/// and its factorisation; memory n^2 per sample.
///
/// Source: C. T. Kelley and D. E. Keyes (1998), doi:10.1137/S0036142996304796, eqs. (1.4) and (1.5).
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default, deny_unknown_fields))]
pub struct PseudoTransient {
    /// First time step delta_0, positive (in the time of dz/dt = -g; default 1).
    pub time_step: f64,
}

impl Default for PseudoTransient {
    fn default() -> Self {
        PseudoTransient { time_step: 1.0 }
    }
}

/// Scratch memory of [`PseudoTransient`].
pub struct PseudoTransientWork<P: Linearize> {
    open: Vec<usize>,
    tape: P::Tape,
    lu: DenseLu<Scalar<P>>,
    dz: P::State,
    columns: (P::State, P::State),
    rows: [Vec<Scalar<P>>; 2],
    /// by slot: ||g_0||
    start: Vec<Scalar<P>>,
}

impl<P: Linearize> Keep for PseudoTransientWork<P> {
    fn keep(&mut self, rows: &[usize]) {
        self.dz.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.dz.reset(samples);
        self.lu.reset(samples);
        self.start.fill(Zero::zero());
    }
}

impl<P: Linearize> Solver<P> for PseudoTransient {
    type Work = PseudoTransientWork<P>;
    /// Factors of I / delta + J, close to J at the end.
    type Memory = DenseLu<Scalar<P>>;

    fn validate(&self) -> Result<(), Error> {
        super::check_positive("time_step", self.time_step)
    }

    fn work(&self, problem: &P, like: &P::State) -> PseudoTransientWork<P> {
        let (b, n) = (like.samples(), like.width());
        PseudoTransientWork {
            open: Vec::with_capacity(b),
            tape: problem.tape(like),
            lu: DenseLu::new(b, n),
            dz: like.zeros(b),
            columns: (like.zeros(b), like.zeros(b)),
            rows: std::array::from_fn(|_| vec![Scalar::<P>::zero(); n]),
            start: vec![Scalar::<P>::zero(); b],
        }
    }

    fn step(
        &self,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
        w: &mut PseudoTransientWork<P>,
    ) -> Result<(), StepError> {
        problem.linearize(&it.z, &it.g, &mut w.tape)?;
        let (tape, columns, lu) = (&w.tape, &mut w.columns, &mut w.lu);
        let open = it.open(problem.at(), &mut w.open);
        problem.subset(open, |part| part.jacobians(tape, columns, lu.matrices_mut()))?;
        let (at, n) = (problem.at(), it.z.width());
        for i in 0..at.len() {
            w.dz.clear(i);
            if it.ended(i) {
                continue;
            }
            let slot = at.slot(i).index();
            if w.start[slot] == Scalar::<P>::zero() {
                w.start[slot] = it.norm(i);
            }
            let rate = it.norm(i) / (w.start[slot] * Scalar::<P>::of(self.time_step));
            let matrix = &mut w.lu.matrices_mut()[slot * n * n..(slot + 1) * n * n];
            (0..n).for_each(|j| matrix[j * n + j] += rate);
        }
        // a step within the tolerance may mean a root or a short time: the point is examined
        let small = |it: &mut Iterate<P::State>, i: usize| it.propose(i, 0.0);
        correct(&mut w.lu, (at, &w.open), it, &mut w.dz, &mut w.rows, small);
        it.z.axpby(-Scalar::<P>::one(), &w.dz, One::one());
        Ok(problem.residual(&it.z, &mut it.g)?)
    }

    fn knows(&self, _: &PseudoTransientWork<P>) -> Knows {
        Knows::Correction
    }

    fn examine(
        &self,
        problem: &P,
        _: &PseudoTransientWork<P>,
        question: &Question<'_, P::State>,
    ) -> Result<Option<Finding<P::State>>, UserError> {
        examine(problem, question)
    }

    fn memory(&self, work: &mut PseudoTransientWork<P>) -> Self::Memory {
        work.lu.take()
    }
}
