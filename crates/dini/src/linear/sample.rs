//! One sample of a Krylov solve: what is asked of it, what it may cost, and why it ends.

use super::LinearRecord;
use crate::Real;
use crate::outcome::Stop;

/// A cycle must reduce the residual at least by this factor: one that gains nothing will gain nothing again.
const GAIN: f64 = 0.999;

/// One sample of a solve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<T> {
    /// Whether the cycle works on it.
    pub running: bool,
    /// Residual that ends the cycle, in units of the one it starts from.
    pub goal: T,
    /// what the cycle has come upon
    trouble: Option<Stop>,
    /// why the sample has ended
    pub stop: Option<Stop>,
    norm_b: T,
    target: T,
    /// smallest residual measured
    pub norm: T,
    /// products still allowed, those that measure included
    pub left: usize,
    products: usize,
    /// largest and smallest diagonal of a triangular factor
    diagonal: (f64, f64),
}

impl<T: Real> Sample<T> {
    pub fn new(norm_b: T, tolerance: T, left: usize) -> Self {
        Sample {
            running: false,
            goal: T::zero(),
            trouble: None,
            stop: (!norm_b.is_finite()).then_some(Stop::NonFinite),
            norm_b,
            target: tolerance * norm_b,
            norm: norm_b,
            left,
            products: 0,
            diagonal: (0.0, f64::INFINITY),
        }
    }

    /// Ends the cycle of this sample for a reason.
    pub fn give_up(&mut self, stop: Stop) {
        self.running = false;
        self.trouble = Some(stop);
    }

    /// Ends the cycle where the residual `norm` of the method's recurrences has reached the goal.
    pub fn reach(&mut self, norm: T) {
        if self.running && !norm.is_finite() {
            self.give_up(Stop::NonFinite);
        }
        self.running = self.running && norm > self.goal;
    }

    /// Whether the sample runs and may divide by `value`: it is not lost in the rounding of numbers of the size `size`.
    pub fn divisible(&mut self, value: T, size: T) -> bool {
        if self.running && !value.is_finite() {
            self.give_up(Stop::NonFinite);
        } else if self.running && value.abs() <= T::epsilon() * size {
            self.give_up(Stop::Breakdown);
        }
        self.running
    }

    /// Whether the sample runs and `value`, a quadratic form, is positive.
    pub fn positive(&mut self, value: T) -> bool {
        if self.running && !value.is_finite() {
            self.give_up(Stop::NonFinite);
        } else if self.running && value <= T::zero() {
            self.give_up(Stop::NotPositiveDefinite);
        }
        self.running
    }

    /// Takes up an entry of the diagonal of a triangular factor of A.
    pub fn pivot(&mut self, value: T) {
        let (value, (largest, smallest)) = (value.as_f64(), self.diagonal);
        self.diagonal = (largest.max(value), smallest.min(value));
    }

    /// Takes up the residual `norm` of the trial; whether the trial is the best so far.
    pub fn judge(&mut self, norm: T) -> bool {
        let gained = norm < T::of(GAIN) * self.norm;
        let better = norm < self.norm;
        if better {
            self.norm = norm;
        }
        // from a breakdown a new cycle may lead away, from these none
        let final_trouble = [Stop::NonFinite, Stop::NotPositiveDefinite];
        self.stop = if self.solved() {
            Some(Stop::Converged)
        } else if let Some(stop) = self.trouble.filter(|stop| !gained || final_trouble.contains(stop)) {
            Some(stop)
        } else if !norm.is_finite() {
            Some(Stop::NonFinite)
        } else {
            (!gained).then_some(Stop::Stagnated)
        };
        better
    }

    fn solved(&self) -> bool {
        self.norm == T::zero() || self.norm <= self.target
    }

    /// Begins a cycle if the sample has not ended.
    pub fn begin(&mut self) {
        if self.stop.is_none() && self.solved() {
            self.stop = Some(Stop::Converged);
        }
        // a cycle needs a product for its first step and one to measure its result
        if self.stop.is_none() && self.left < 2 {
            self.stop = Some(Stop::IterationLimit);
        }
        self.running = self.stop.is_none();
        self.goal = self.target / self.norm;
        self.trouble = None;
    }

    pub fn record(&self) -> LinearRecord {
        let residual = if self.norm_b == T::zero() { 0.0 } else { (self.norm / self.norm_b).as_f64() };
        let (largest, smallest) = self.diagonal;
        LinearRecord {
            stop: self.stop.unwrap_or_default(),
            residual: if residual.is_nan() { f64::INFINITY } else { residual },
            iterations: self.products,
            condition: if smallest > 0.0 { (largest / smallest).max(1.0) } else { f64::INFINITY },
        }
    }
}

/// Charges `count` products to every sample that runs; those that cannot afford them end. Whether any still runs.
pub(super) fn afford<T: Real>(samples: &mut [Sample<T>], count: usize) -> bool {
    let mut any = false;
    for sample in samples.iter_mut().filter(|sample| sample.running) {
        // one is kept to measure the result
        if sample.left > count {
            sample.left -= count;
            sample.products += count;
            any = true;
        } else {
            sample.give_up(Stop::IterationLimit);
        }
    }
    any
}
