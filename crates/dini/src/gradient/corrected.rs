//! z and lam corrected together, and the problem linearised there.

use num_traits::{Float, One};

use super::linear::{Linearised, LinearisedChunk, each};
use super::system::{Method, Side, Task};
use crate::Real;
use crate::batch::{Batch, pick};
use crate::error::{Error, UserError};
use crate::problem::{Evaluator, Linearize, Scalar};
use crate::solve::root::general;

/// Corrections of z, all with J at the point before: each gains as many digits as the first is small.
const TIMES: usize = 3;
/// Corrections of lam, each by the tolerance.
const ADJOINT: usize = 2;
/// Relative residual of a correction: it multiplies what is already small.
const TOLERANCE: f64 = 1e-4;
/// Share of the first correction of z that the last may have, where it is more than rounding.
const SETTLED: f64 = 0.5;
/// The smallest perturbation, in units of rounding: it must change every number.
const UNITS: f64 = 2.0;

/// Of a multiplicative hash.
const PRIME: u64 = 0x9E37_79B9_7F4A_7C15;

/// A whole batch, corrected.
pub(super) struct Corrected<'a, P: Linearize> {
    pub linearised: Linearised<'a, P>,
    pub z: P::State,
    pub lam: P::State,
    /// by sample
    pub ended: Vec<Ended>,
}

/// How the corrections of a sample went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Ended {
    #[default]
    Well,
    /// a linear system was not solved
    Unsolved,
    /// the corrections of z do not become smaller
    Moving,
}

/// What is corrected, and how.
#[derive(Clone, Copy)]
pub(super) struct Correct<'c, V> {
    /// the cotangent, of the whole batch
    pub w: &'c V,
    /// samples that stay as they are
    pub left_out: &'c [usize],
    pub method: &'c Method,
    /// what moves z and lam by a rounding once they are corrected, for a sample of rounding errors
    pub jitter: Option<u64>,
}

impl<V: Batch> Correct<'_, V> {
    /// z - J^-1 g(z), three times with J of `from`, then a linearisation there and twice lam + J^-T (w - J^T lam).
    ///
    /// Three residuals and solves with J, one linearisation, two products with J^T and two solves with it.
    pub fn advance<'b, P: Linearize<State = V>>(
        &self,
        from: &'b Linearised<'_, P>,
        (z, lam): (&V, &V),
    ) -> Result<Corrected<'b, P>, Error> {
        let parts = each(&from.chunks, |chunk| self.chunk(chunk, (z, lam))).map_err(Error::User)?;
        let (mut z, mut lam) = (z.clone(), lam.clone());
        let (mut chunks, mut ended) = (Vec::with_capacity(parts.len()), vec![Ended::Well; z.samples()]);
        for (chunk, part, how) in parts {
            let samples = chunk.samples(&chunk.slots);
            z.put(&samples, &chunk.z, &chunk.slots);
            lam.put(&samples, &part, &chunk.slots);
            samples.iter().zip(how).for_each(|(&sample, how)| ended[sample] = how);
            chunks.push(chunk);
        }
        Ok(Corrected { linearised: Linearised { chunks }, z, lam, ended })
    }

    fn chunk<'b, P: Linearize<State = V>>(
        &self,
        chunk: &'b LinearisedChunk<'_, P>,
        (z, lam): (&V, &V),
    ) -> Result<(LinearisedChunk<'b, P>, V, Vec<Ended>), UserError> {
        let samples = chunk.samples(&chunk.slots);
        let [mut z, mut lam, w] = [z, lam, self.w].map(|all| pick(all, &samples));
        let lost: Vec<usize> = (0..samples.len()).filter(|&i| self.left_out.contains(&samples[i])).collect();
        let (one, count) = (Scalar::<P>::one(), samples.len());
        let mut ended = vec![Ended::Well; count];
        let mut solve = |chunk: &LinearisedChunk<'_, P>, side, b: &V| {
            let (mut x, reports) = Task { chunk, side, b, tolerance: TOLERANCE }.solve(self.method)?;
            let unsolved = reports.iter().enumerate().filter(|(_, report)| !report.converged);
            unsolved.for_each(|(slot, _)| ended[slot] = Ended::Unsolved);
            lost.iter().for_each(|&slot| x.clear(slot));
            Ok::<_, UserError>(x)
        };
        let eval = Evaluator::new(chunk.problem, chunk.at(&chunk.slots));
        let mut g = z.zeros(count);
        let mut lengths = [norms(&z), Vec::new(), Vec::new()];
        for time in 0..TIMES {
            eval.residual(&z, &mut g)?;
            let c = solve(chunk, Side::Tangent, &g)?;
            z.axpby(-one, &c, one);
            lengths[if time == 0 { 1 } else { 2 }] = norms(&c);
        }
        let jittered = |x: V, by| self.jitter.map_or_else(|| x.clone(), |seed| perturbed(&x, |_| 0.0, seed + by));
        let next = chunk.moved_to(jittered(z, 0))?;
        let mut r = g;
        for _ in 0..ADJOINT {
            next.vjp(&next.slots, &lam, &mut r)?;
            r.axpby(one, &w, -one);
            let d = solve(&next, Side::Adjoint, &r)?;
            lam.axpby(one, &d, one);
        }
        let rounding = 8.0 * Scalar::<P>::epsilon().as_f64().sqrt();
        let [size, first, last] = &lengths;
        for (slot, ended) in ended.iter_mut().enumerate() {
            let settled = last[slot] <= SETTLED * first[slot] || last[slot] <= rounding * size[slot];
            if *ended == Ended::Well && !settled {
                *ended = Ended::Moving;
            }
        }
        Ok((next, jittered(lam, 1), ended))
    }
}

fn norms<V: Batch>(x: &V) -> Vec<f64> {
    let mut norms = vec![V::Scalar::default(); x.samples()];
    x.norms(&mut norms);
    norms.into_iter().map(Real::as_f64).collect()
}

/// x with every number changed by up to a share of itself, which is `share` of the sample or a few roundings.
///
/// The signs follow from the sample's own numbers: no other sample decides, and what cancels between samples does so no more.
pub(super) fn perturbed<V: Batch>(x: &V, share: impl Fn(usize) -> f64, seed: u64) -> V {
    let (mut moved, mut row) = (x.clone(), vec![V::Scalar::default(); x.width()]);
    let least = UNITS * V::Scalar::epsilon().as_f64();
    for sample in 0..x.samples() {
        let share = share(sample).max(least);
        x.read(sample, &mut row);
        let own = row.iter().fold(seed, |hash, x| hash.rotate_left(5).wrapping_mul(PRIME) ^ x.as_f64().to_bits());
        let change = |x: V::Scalar, v: f64| V::Scalar::of(x.as_f64() * (1.0 + share * v));
        row.iter_mut().zip(general(own.wrapping_mul(PRIME))).for_each(|(x, v)| *x = change(*x, v));
        moved.write(sample, &row);
    }
    moved
}
