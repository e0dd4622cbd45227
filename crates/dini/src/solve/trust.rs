//! The loop shared by the methods that judge a trial step by how well the linear model predicted it.

use num_traits::{Float, One, Zero};

use super::Iterate;
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::linear::DenseLu;
use crate::outcome::Status;
use crate::problem::{Eval, Evaluator, Linearize, Scalar};

/// The linear model g - J p of one sample, with the scaling D = diag(largest column norms of J so far).
pub(super) struct Model<'a, T> {
    pub n: usize,
    /// n x n, column-major
    pub jacobian: &'a [T],
    pub g: &'a [T],
    pub scale: &'a [T],
    /// factors for the strategy to use; those of J at the end of a solve serve the derivative
    pub lu: &'a mut DenseLu<T>,
    pub slot: usize,
}

impl<T: Real> Model<'_, T> {
    /// out <- J p
    pub fn product(&self, p: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for (column, &p) in self.jacobian.chunks_exact(self.n).zip(p) {
            crate::kernels::vector::axpby(out, p, column, T::one());
        }
    }

    /// out <- J^T g
    pub fn gradient(&self, out: &mut [T]) {
        for (out, column) in out.iter_mut().zip(self.jacobian.chunks_exact(self.n)) {
            *out = crate::kernels::vector::dot(column, self.g);
        }
    }

    /// ||D p||
    pub fn length(&self, p: &[T]) -> T {
        scaled_norm(p, self.scale)
    }
}

/// ||D v||
fn scaled_norm<T: Real>(v: &[T], scale: &[T]) -> T {
    let sum = v.iter().zip(scale).fold(T::zero(), |sum, (&v, &d)| sum + (d * v) * (d * v));
    Float::sqrt(sum)
}

/// How trial steps are made: by a radius (dogleg) or a damping (Levenberg-Marquardt), one number per sample.
pub(super) trait Strategy<T>: Sync {
    /// The number to start with, from ||D z0||.
    fn start(&self, model: &Model<'_, T>, size: T) -> T;
    /// Prepares for a new point; called once per Jacobian.
    fn prepare(&self, model: &mut Model<'_, T>);
    /// p <- trial step of z - p; false if none can be had.
    fn propose(&self, model: &mut Model<'_, T>, control: T, p: &mut [T], scratch: &mut [T]) -> bool;
    /// The number for the next trial, given actual over predicted reduction of ||g||^2 and ||D p||; none if it is exhausted.
    fn update(&self, control: T, ratio: f64, length: T, size: T) -> Option<T>;
}

/// Ratio from which a trial is accepted.
const ACCEPT: f64 = 1e-4;

/// Scratch memory.
pub struct TrustWork<P: Linearize> {
    tape: P::Tape,
    pub(super) lu: DenseLu<Scalar<P>>,
    /// slot s: n^2 numbers
    jacobian: Vec<Scalar<P>>,
    /// slot s: n numbers
    scale: Vec<Scalar<P>>,
    control: Vec<Scalar<P>>,
    length: Vec<Scalar<P>>,
    predicted: Vec<f64>,
    /// whether the trial step is within the tolerance
    small: Vec<bool>,
    fresh: Vec<bool>,
    p: P::State,
    z: P::State,
    g: P::State,
    columns: (P::State, P::State),
    /// slots whose Jacobian is to be formed
    moved: Vec<usize>,
    rows: [Vec<Scalar<P>>; 4],
    norms: Vec<Scalar<P>>,
}

impl<P: Linearize> Keep for TrustWork<P> {
    // everything else is indexed by slot
    fn keep(&mut self, rows: &[usize]) {
        self.p.keep(rows);
        self.z.keep(rows);
        self.g.keep(rows);
    }
    fn reset(&mut self, samples: usize) {
        self.p.reset(samples);
        self.z.reset(samples);
        self.g.reset(samples);
        self.lu.reset(samples);
        self.scale.fill(Zero::zero());
        self.fresh.fill(false);
        self.control.fill(Zero::zero());
    }
}

impl<P: Linearize> TrustWork<P> {
    pub(super) fn new(problem: &P, like: &P::State) -> Self {
        let (b, n) = (like.samples(), like.width());
        let numbers = |count| vec![Scalar::<P>::zero(); count];
        TrustWork {
            tape: problem.tape(like),
            lu: DenseLu::new(b, n),
            jacobian: numbers(b * n * n),
            scale: numbers(b * n),
            control: numbers(b),
            length: numbers(b),
            predicted: vec![0.0; b],
            small: vec![false; b],
            fresh: vec![false; b],
            p: like.zeros(b),
            z: like.zeros(b),
            g: like.zeros(b),
            columns: (like.zeros(b), like.zeros(b)),
            moved: Vec::with_capacity(b),
            rows: std::array::from_fn(|_| numbers(n)),
            norms: numbers(b),
        }
    }

    /// One trial for every active sample: accepted, or taken back with a shorter one to come.
    pub(super) fn step(
        &mut self,
        strategy: &impl Strategy<Scalar<P>>,
        problem: &Evaluator<'_, P>,
        it: &mut Iterate<P::State>,
    ) -> Eval {
        let at = problem.at();
        let n = it.z.width();
        it.open(at, &mut self.moved);
        self.moved.retain(|&slot| !self.fresh[slot]);
        if !self.moved.is_empty() {
            problem.linearize(&it.z, &it.g, &mut self.tape)?;
            let (tape, columns, jacobian) = (&self.tape, &mut self.columns, &mut self.jacobian);
            problem.subset(&self.moved, |part| part.jacobians(tape, columns, jacobian))?;
        }
        self.z.copy_from(&it.z);
        self.g.copy_from(&it.g);
        for i in 0..at.len() {
            self.p.clear(i);
            if it.ended(i) {
                continue;
            }
            if !self.trial(strategy, it, i, at.slot(i).index(), n) {
                it.fail(i, Status::Singular);
            }
        }
        it.z.axpby(-Scalar::<P>::one(), &self.p, One::one());
        problem.confine(&self.z, &mut it.z);
        problem.residual(&it.z, &mut it.g)?;
        it.g.norms(&mut self.norms);
        for i in 0..at.len() {
            if !it.ended(i) {
                self.judge(strategy, it, i, at.slot(i).index());
            }
        }
        Ok(())
    }

    /// Fills row i of p; false if the model has no step.
    fn trial(
        &mut self,
        strategy: &impl Strategy<Scalar<P>>,
        it: &Iterate<P::State>,
        i: usize,
        slot: usize,
        n: usize,
    ) -> bool {
        let [g, p, scratch, z] = &mut self.rows;
        it.g.read(i, g);
        it.z.read(i, z);
        let jacobian = &self.jacobian[slot * n * n..(slot + 1) * n * n];
        let scale = &mut self.scale[slot * n..(slot + 1) * n];
        if !self.fresh[slot] {
            for (d, column) in scale.iter_mut().zip(jacobian.chunks_exact(n)) {
                *d = Float::max(*d, crate::kernels::vector::norm(column));
                if *d == Scalar::<P>::zero() {
                    *d = Scalar::<P>::one();
                }
            }
        }
        let mut model = Model { n, jacobian, g, scale, lu: &mut self.lu, slot };
        if !self.fresh[slot] {
            strategy.prepare(&mut model);
            self.fresh[slot] = true;
            if self.control[slot] == Scalar::<P>::zero() {
                self.control[slot] = strategy.start(&model, model.length(z));
            }
        }
        if !strategy.propose(&mut model, self.control[slot], p, scratch) || p.iter().any(|v| !Float::is_finite(*v)) {
            return false;
        }
        self.small[i] = it.tolerance.may_admit(z, p, 1.0);
        self.length[i] = model.length(p);
        model.product(p, scratch);
        let square = |v: &[Scalar<P>]| v.iter().map(|v| v.as_f64().powi(2)).sum::<f64>();
        let before = square(g);
        scratch.iter_mut().zip(&*g).for_each(|(jp, &g)| *jp = g - *jp);
        self.predicted[i] = 1.0 - square(scratch) / before;
        self.p.write(i, p);
        true
    }

    /// Accepts the trial of row i, or takes it back; an exhausted sample ends.
    fn judge(&mut self, strategy: &impl Strategy<Scalar<P>>, it: &mut Iterate<P::State>, i: usize, slot: usize) {
        let fall = 1.0 - (self.norms[i] / it.norm(i)).as_f64().powi(2);
        let ratio = if fall.is_finite() && self.predicted[i] > 0.0 { fall / self.predicted[i] } else { -1.0 };
        let accepted = ratio > ACCEPT && self.norms[i] < it.norm(i);
        let [_, _, _, z] = &mut self.rows;
        self.z.read(i, z);
        let n = z.len();
        let size = scaled_norm(z, &self.scale[slot * n..(slot + 1) * n]);
        let next = strategy.update(self.control[slot], ratio, self.length[i], size);
        if accepted {
            self.fresh[slot] = false;
        } else {
            it.z.put(&[i], &self.z, &[i]);
            it.g.put(&[i], &self.g, &[i]);
        }
        if self.small[i] {
            // near a root, or with a radius that has shrunk: the point is examined
            it.propose(i, 0.0);
        }
        match next {
            Some(control) => self.control[slot] = control,
            None => it.fail(i, if fall.is_finite() { Status::Stagnated } else { Status::NonFinite }),
        }
    }
}
