//! Passes in alternating order, and when a sample is worth measuring: what both uses of Gauss-Seidel share.

use num_traits::Zero;

use crate::batch::{Batch, Keep};
use crate::problem::{Eval, Order, Pass};

/// The sums that each pass leaves to the next one, and what the changes promise.
#[derive(Debug)]
pub(crate) struct Alternation<V> {
    order: Order,
    /// sums over the blocks that come before and after each block
    lower: V,
    upper: V,
    hold: Vec<bool>,
    pace: Vec<Pace>,
}

impl<V: Batch> Alternation<V> {
    /// For passes over batches like `like`.
    pub fn new(like: &V) -> Self {
        let samples = like.samples();
        Alternation {
            order: Order::Ascending,
            lower: like.zeros(samples),
            upper: like.zeros(samples),
            hold: vec![false; samples],
            pace: vec![Pace::default(); samples],
        }
    }

    /// Begins anew at x = 0; the first pass is an ascending one.
    pub fn restart(&mut self, x: &V) {
        let zero = V::Scalar::zero();
        self.order = Order::Ascending;
        self.lower.axpby(zero, x, zero);
        self.upper.axpby(zero, x, zero);
        self.hold.fill(false);
        self.pace.fill(Pace::default());
    }

    /// Decides for each row whether the next pass holds it: `norm` and `target` of row i are those of its last change, or of
    /// its residual where it has been held.
    pub fn decide(&mut self, mut sizes: impl FnMut(usize) -> (f64, f64)) {
        for (i, (hold, pace)) in self.hold.iter_mut().zip(&mut self.pace).enumerate() {
            let (norm, target) = sizes(i);
            *hold = pace.hold(norm, target);
        }
    }

    /// Holds row `i` in the next pass.
    pub fn hold(&mut self, i: usize) {
        (self.hold[i], self.pace[i].held) = (true, true);
    }

    /// Whether the last pass has held row `i`.
    pub fn held(&self, i: usize) -> bool {
        self.hold[i]
    }

    /// The next pass.
    pub fn pass(&mut self) -> Pass<'_, V> {
        let (order, hold) = (self.order, self.hold.as_slice());
        self.order = order.reversed();
        match order {
            Order::Ascending => Pass { order, hold, ahead: &self.upper, behind: &mut self.lower },
            Order::Descending => Pass { order, hold, ahead: &self.lower, behind: &mut self.upper },
        }
    }

    /// Begins elsewhere than at x = 0: `sweep` is asked for the sums of x over the blocks after each block, with every row held.
    pub fn open(&mut self, sweep: impl FnOnce(Pass<'_, V>) -> Eval) -> Eval {
        self.hold.fill(true);
        sweep(Pass { order: Order::Descending, hold: &self.hold, ahead: &self.lower, behind: &mut self.upper })?;
        self.hold.fill(false);
        Ok(())
    }
}

impl<V: Batch> Keep for Alternation<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.lower.keep(rows);
        self.upper.keep(rows);
        for (i, &row) in rows.iter().enumerate() {
            (self.hold[i], self.pace[i]) = (self.hold[row], self.pace[row]);
        }
        self.hold.truncate(rows.len());
        self.pace.truncate(rows.len());
    }

    fn reset(&mut self, samples: usize) {
        self.lower.reset(samples);
        self.upper.reset(samples);
        self.hold.resize(samples, false);
        self.pace.resize(samples, Pace::default());
    }
}

/// What the changes of one sample, pass after pass, promise about its residual.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    last: f64,
    rate: f64,
    held: bool,
}

impl Pace {
    /// Whether the next pass is to measure the residual, after one that has left a change, or a residual, of this norm.
    ///
    /// The residual after a pass is close to the change that the next one would make: the last change times the rate at which
    /// changes fall.
    fn hold(&mut self, norm: f64, target: f64) -> bool {
        if self.held {
            // it was not small enough; the iterate is where it was
            self.held = false;
        } else {
            self.rate = if self.last > 0.0 { (norm / self.last).min(1.0) } else { 1.0 };
            self.last = norm;
            self.held = norm * self.rate <= target;
        }
        self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_held_once_its_changes_promise_a_small_residual() {
        let mut pace = Pace::default();
        let holds: Vec<bool> = [8.0, 2.0, 0.5, 0.125].into_iter().map(|norm| pace.hold(norm, 0.04)).collect();
        assert_eq!(holds, [false, false, false, true]);
        // the residual that was found is too large: one more pass, and its change is compared with the last change
        assert!(!pace.hold(0.05, 0.04));
        assert!(pace.hold(0.03, 0.04));
    }

    #[test]
    fn nothing_is_promised_by_changes_that_grow_or_are_not_numbers() {
        let mut pace = Pace::default();
        assert!([1.0, 2.0, 4.0, f64::NAN, f64::NAN].into_iter().all(|norm| !pace.hold(norm, 0.5)));
        assert!(Pace::default().hold(0.0, 0.0), "no change at all is worth a look");
    }
}
