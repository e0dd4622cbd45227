//! The gradient through the iterations in less memory: binomial checkpointing.

use super::unrolled::{Iterations, Unrolled};
use crate::batch::Batch;
use crate::error::{Error, UserError};
use crate::problem::ParamVjp;

/// [`unrolled`](super::unrolled), bit for bit, with at most `snapshots` iterates stored: the others are computed again.
///
/// Iterates from z0 on are stored at places that make the recomputation minimal for that memory. For l iterations and
/// s snapshots, with beta(s, r) = (s + r)! / (s! r!) and the r for which beta(s, r - 1) < l <= beta(s, r), the steps made
/// ahead of the l that are differentiated are r l - beta(s + 1, r - 1): with s snapshots l grows like r^s, so that a
/// memory and a cost factor of log l suffice.
///
/// Cost: (r + 1) l - beta(s + 1, r - 1) evaluations and two products for each iteration; memory `snapshots` iterates (z0
/// among them), the current and the last one.
///
/// ```
/// use dini::{Rows, cells::Tanh, gradient::{checkpointed, unrolled}};
/// let cell = Tanh::new(1, vec![0.5f64], Rows::from_vec(1, 1, vec![0.3])?)?;
/// let w = |_: &Rows<f64>| { let mut w = Rows::new(1, 1); w.row_mut(0)[0] = 1.0; w };
/// let all = unrolled(&cell, &Rows::new(1, 1), 35, 1.0, w)?;
/// let few = checkpointed(&cell, &Rows::new(1, 1), 35, 4, 1.0, w)?;
/// assert_eq!(all.value, few.value);
/// // 35 = beta(4, 3): r = 3
/// assert_eq!((all.iterates, all.evaluations, few.iterates, few.evaluations), (36, 69, 6, 4 * 35 - 21));
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: A. Griewank and A. Walther (2000), doi:10.1145/347837.347846.
///
/// # Errors
/// [`Error::Option`] for `snapshots` = 0; else as [`unrolled`](super::unrolled).
pub fn checkpointed<P: ParamVjp>(
    problem: &P,
    z0: &P::State,
    iterations: usize,
    snapshots: usize,
    damping: f64,
    w: impl FnOnce(&P::State) -> P::State,
) -> Result<Unrolled<P::Parameters, P::State>, Error> {
    if snapshots == 0 {
        return Err(Error::option("snapshots", 0, "it must be at least 1"));
    }
    Iterations::new(problem, z0, damping)?.reverse(z0.clone(), iterations, snapshots, w)
}

impl<P: ParamVjp> Iterations<'_, P> {
    /// Differentiates `steps` steps from z0 with at most `snapshots` iterates stored (any number for no steps).
    pub fn reverse(
        mut self,
        z0: P::State,
        steps: usize,
        snapshots: usize,
        w: impl FnOnce(&P::State) -> P::State,
    ) -> Result<Unrolled<P::Parameters, P::State>, Error> {
        let shape = (z0.samples(), z0.width());
        let cotangent = |z: &P::State| {
            let u = w(z);
            let found = (u.samples(), u.width());
            if found == shape { Ok(u) } else { Err(Error::shape("the cotangent", shape, found)) }
        };
        if steps == 0 {
            cotangent(&z0)?;
            return Ok(Unrolled { z: z0, value: self.value, iterates: 1, evaluations: 0 });
        }
        let mut stored = Vec::new();
        let mut z = self.ahead(&mut stored, snapshots, (0, z0), steps).map_err(Error::User)?;
        let mut last = z.clone();
        self.step(&mut last);
        let mut u = cotangent(&last)?;
        let (mut most, mut end) = (stored.len(), steps);
        self.pull(&z, &mut u).map_err(Error::User)?;
        while let Some(from) = stored.pop() {
            end -= 1;
            z = self.ahead(&mut stored, snapshots, from, end).map_err(Error::User)?;
            most = most.max(stored.len());
            self.pull(&z, &mut u).map_err(Error::User)?;
        }
        Ok(Unrolled { z: last, value: self.value, iterates: most + 2, evaluations: self.evaluations })
    }

    /// The iterate before step number `end` and its g, from an earlier one; what lies between is stored while there is room.
    fn ahead(
        &mut self,
        stored: &mut Vec<(usize, P::State)>,
        snapshots: usize,
        (mut at, mut z): (usize, P::State),
        end: usize,
    ) -> Result<P::State, UserError> {
        while at + 1 < end {
            stored.push((at, z.clone()));
            let steps = split(end - at, snapshots + 1 - stored.len());
            self.advance(&mut z, steps)?;
            at += steps;
        }
        self.evaluate(&z)?;
        Ok(z)
    }
}

/// Steps to make before the next iterate is stored, of at least two that `snapshots` are left for (the present iterate
/// among them): less than all of them.
fn split(steps: usize, snapshots: usize) -> usize {
    if snapshots == 1 {
        return steps - 1;
    }
    let (l, s) = (steps as u128, snapshots as u128);
    // beta(s, r - 2), beta(s, r - 1) and beta(s, r) for r = 1 and up
    let (mut r, mut before, mut below, mut beta) = (1, 0, 1, s + 1);
    while beta < l {
        r += 1;
        (before, below, beta) = (below, beta, beta.saturating_mul(s + r) / r);
    }
    // optimal is every split with beta(s, r - 2) <= split <= beta(s, r - 1) and beta(s - 1, r - 1) <= l - split <=
    // beta(s - 1, r), of which this is the smallest
    let right = beta - below;
    before.max(l.saturating_sub(right)).max(1) as usize
}
