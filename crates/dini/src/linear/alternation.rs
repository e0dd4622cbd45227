//! Passes in alternating order, and when a sample is worth measuring: what both uses of Gauss-Seidel share.

use num_traits::{One, Zero};

use super::mixing::{Mixing, RIDGE};
use crate::Real;
use crate::batch::{Batch, Keep};
use crate::error::UserError;
use crate::problem::{Eval, Order, Pass};

/// Size from which a polyalgorithm prefers passes: in smaller systems, what is not a product outweighs the products saved.
pub(crate) const WORTHWHILE: usize = 96;
/// Differences kept where a polyalgorithm accelerates passes: more gain little, fewer lose much.
pub(crate) const WINDOW: usize = 8;

/// One pass over the rows given, or over all of them.
pub(crate) type MakePass<'a, V> = dyn FnMut(Option<&[usize]>, Pass<'_, V>, &mut V, &mut V) -> Eval + 'a;

/// The sums that each pass leaves to the next one, and what the changes promise.
#[derive(Debug)]
pub struct Alternation<V: Batch> {
    order: Order,
    /// sums over the blocks that come before and after each block
    lower: V,
    upper: V,
    mixed: Option<Mixed<V>>,
    pace: Vec<Pace>,
    /// norms of the changes, or of the residuals that have been measured
    norms: Vec<V::Scalar>,
    /// the rows that are measured
    rows: Vec<usize>,
    /// 0, 1, 2, ...
    numbers: Vec<usize>,
    /// z, the sums ahead, and g of the rows that are measured
    parts: [V; 3],
    /// one row
    single: V,
}

/// Two passes at a time are mixed, together with the sums that the second leaves.
#[derive(Debug)]
struct Mixed<V: Batch> {
    start: V,
    mixing: Mixing<V, 2>,
}

impl<V: Batch> Alternation<V> {
    /// For passes over batches like `like`; accelerated by that many differences, where there are any.
    pub fn new(like: &V, window: usize) -> Self {
        let samples = like.samples();
        let zeros = || like.zeros(samples);
        let mixed = || Mixed { start: zeros(), mixing: Mixing::new(like, window, RIDGE) };
        Alternation {
            order: Order::Ascending,
            lower: zeros(),
            upper: zeros(),
            mixed: (window > 0).then(mixed),
            pace: vec![Pace::new(window > 0); samples],
            norms: vec![V::Scalar::zero(); samples],
            rows: Vec::with_capacity(samples),
            numbers: (0..samples).collect(),
            parts: [zeros(), zeros(), zeros()],
            single: like.zeros(1),
        }
    }

    /// Number of differences kept.
    pub fn window(&self) -> usize {
        self.mixed.as_ref().map_or(0, |mixed| mixed.mixing.window())
    }

    /// Begins anew at `z`; `change` is scratch.
    pub fn start(&mut self, z: &mut V, change: &mut V, make: &mut MakePass<'_, V>) -> Eval {
        self.order = Order::Ascending;
        self.pace.fill(Pace::new(self.mixed.is_some()));
        if let Some(mixed) = &mut self.mixed {
            mixed.mixing.restart();
        }
        let none = V::Scalar::zero();
        self.lower.axpby(none, z, none);
        self.upper.axpby(none, z, none);
        z.norms(&mut self.norms);
        if self.norms[..z.samples()].iter().all(Zero::is_zero) {
            return Ok(());
        }
        // the sums over the blocks after each block
        let pass = Pass { order: Order::Descending, hold: true, ahead: &self.lower, behind: &mut self.upper };
        make(None, pass, z, change)
    }

    /// The next pass, or two of them and what Anderson mixing makes of their result; change <- the old z less the new one, as the
    /// passes leave it. Returns the number of passes.
    pub fn advance(&mut self, z: &mut V, change: &mut V, make: &mut MakePass<'_, V>) -> Result<usize, UserError> {
        if let Some(mixed) = &mut self.mixed {
            mixed.start.copy_from(z);
        }
        self.pass(z, change, make)?;
        if self.mixed.is_none() {
            return Ok(1);
        }
        self.pass(z, change, make)?;
        if let Some(Mixed { start, mixing }) = &mut self.mixed {
            change.copy_from(start);
            change.axpby(-V::Scalar::one(), z, V::Scalar::one());
            mixing.mix(change, [z, &mut self.upper]);
        }
        Ok(2)
    }

    fn pass(&mut self, z: &mut V, change: &mut V, make: &mut MakePass<'_, V>) -> Eval {
        let (order, lower, upper) = (self.order, &mut self.lower, &mut self.upper);
        self.order = order.reversed();
        let (ahead, behind) = if order == Order::Ascending { (&*upper, lower) } else { (&*lower, upper) };
        make(None, Pass { order, hold: false, ahead, behind }, z, change)
    }

    /// Measures the rows of which `row` says so: their rows of `change` become g(z). Returns them.
    ///
    /// A pass over these rows in the next order that moves nothing; what it would leave behind is made again by the next pass. After
    /// mixing, the sums ahead are those of z to rounding: they are mixed from sums that the last passes have made.
    pub fn look(
        &mut self,
        row: impl Fn(usize) -> Look,
        z: &mut V,
        change: &mut V,
        make: &mut MakePass<'_, V>,
    ) -> Result<&[usize], UserError> {
        let (order, samples) = (self.order, z.samples());
        change.norms(&mut self.norms);
        self.rows.clear();
        for (i, pace) in self.pace.iter_mut().enumerate() {
            let measure = match row(i) {
                Look::Never => false,
                Look::Now => true,
                Look::Within(target) => pace.promises(self.norms[i].as_f64(), target),
                Look::Settled(distance) => {
                    let norm = self.norms[i].as_f64();
                    let rate = pace.rate(norm);
                    pace.promises(norm, (1.0 - rate) * distance)
                }
            };
            if measure {
                self.rows.push(i);
            }
        }
        let rows = self.rows.as_slice();
        if rows.is_empty() {
            return Ok(rows);
        }
        let (ahead, behind) = match order {
            Order::Ascending => (&self.upper, &mut self.lower),
            Order::Descending => (&self.lower, &mut self.upper),
        };
        if rows.len() == samples {
            make(None, Pass { order, hold: true, ahead, behind }, z, change)?;
        } else {
            let [part, part_ahead, g] = &mut self.parts;
            let all = &self.numbers[..rows.len()];
            for part in [&mut *part, part_ahead, g, &mut *behind] {
                part.reset(rows.len());
            }
            part.put(all, z, rows);
            part_ahead.put(all, ahead, rows);
            make(Some(rows), Pass { order, hold: true, ahead: part_ahead, behind }, part, g)?;
            behind.reset(samples);
            change.put(rows, g, all);
        }
        change.norms(&mut self.norms);
        for &i in rows {
            self.pace[i].learn(self.norms[i].as_f64());
        }
        Ok(rows)
    }

    /// Calls `step` with the row, the length of its last step, and the residual norm from which that step would have led to
    /// the one measured, for the rows that the last [`look`](Alternation::look) has measured.
    ///
    /// A pass has a step as long as its residual. For steps that were mixed the rate of the changes tells.
    pub fn steps(&mut self, z: &V, mut step: impl FnMut(usize, f64, f64)) {
        let Some(mixed) = &self.mixed else {
            self.rows.iter().for_each(|&i| step(i, self.pace[i].last, self.pace[i].last));
            return;
        };
        let [difference, ..] = &mut self.parts;
        let one = V::Scalar::one();
        let mut length = [V::Scalar::zero()];
        for &i in &self.rows {
            difference.reset(1);
            difference.put(&[0], z, &[i]);
            self.single.put(&[0], &mixed.start, &[i]);
            difference.axpby(-one, &self.single, one);
            difference.norms(&mut length);
            let pace = &self.pace[i];
            step(i, length[0].as_f64(), self.norms[i].as_f64() / pace.slowest);
        }
    }

    /// Norm of row `i` of what the last [`look`](Alternation::look) has left in `change`.
    pub fn norm(&self, i: usize) -> f64 {
        self.norms[i].as_f64()
    }
}

/// Whether a row is to be measured.
pub(crate) enum Look {
    Never,
    Now,
    /// where its changes promise a limit within this distance
    Settled(f64),
    /// where its change promises a residual within this
    Within(f64),
}

impl<V: Batch> Keep for Alternation<V> {
    fn keep(&mut self, rows: &[usize]) {
        self.lower.keep(rows);
        self.upper.keep(rows);
        if let Some(Mixed { start, mixing }) = &mut self.mixed {
            start.keep(rows);
            mixing.keep(rows);
        }
        for (i, &row) in rows.iter().enumerate() {
            self.pace[i] = self.pace[row];
        }
        self.pace.truncate(rows.len());
    }

    fn reset(&mut self, samples: usize) {
        self.lower.reset(samples);
        self.upper.reset(samples);
        if let Some(Mixed { start, mixing }) = &mut self.mixed {
            start.reset(samples);
            mixing.reset(samples);
        }
        self.pace.resize(samples, Pace::new(self.mixed.is_some()));
    }
}

/// What the changes of one sample promise about its residual.
///
/// The residual is close to the change that the next pass would make: the last change times the rate at which changes fall.
#[derive(Clone, Copy, Debug)]
struct Pace {
    last: f64,
    /// rate at which the changes fall: the last one, and the mean of the last two where that is larger
    latest: f64,
    slowest: f64,
    /// what was promised last
    promised: f64,
    /// what the residual is of that
    factor: f64,
}

impl Pace {
    /// Before the first change. `mixed` where two passes make a change and mixing takes it further: that leaves about half of what
    /// the next change would be, for W with many eigenvalues close to one.
    fn new(mixed: bool) -> Self {
        Pace { last: 0.0, latest: 1.0, slowest: 1.0, promised: 0.0, factor: if mixed { 0.45 } else { 1.0 } }
    }

    /// Rate at which changes fall, if the next one has this norm.
    fn rate(&self, norm: f64) -> f64 {
        if self.last > 0.0 { (norm / self.last).min(1.0) } else { 1.0 }
    }

    /// Whether a change of this norm promises a residual within `target`.
    fn promises(&mut self, norm: f64, target: f64) -> bool {
        let rate = self.rate(norm);
        self.slowest = rate.max((rate * self.latest).sqrt());
        self.latest = rate;
        self.last = norm;
        self.promised = norm * rate;
        self.promised * self.factor <= target
    }

    /// Takes note of what the residual was.
    fn learn(&mut self, residual: f64) {
        if self.promised > 0.0 && residual.is_finite() {
            self.factor = residual / self.promised;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_measured_once_its_changes_promise_a_small_residual() {
        let mut pace = Pace::new(false);
        let promises: Vec<bool> = [8.0, 2.0, 0.5, 0.125].into_iter().map(|norm| pace.promises(norm, 0.04)).collect();
        assert_eq!(promises, [false, false, false, true]);
        // twice of what was promised: the next time half of it must do
        pace.learn(0.0625);
        assert!(!pace.promises(0.0625, 0.04) && pace.promises(0.03, 0.04));
    }

    #[test]
    fn nothing_is_promised_by_changes_that_grow_or_are_not_numbers() {
        let mut pace = Pace::new(false);
        assert!([1.0, 2.0, 4.0, f64::NAN, f64::NAN].into_iter().all(|norm| !pace.promises(norm, 0.5)));
        assert!(Pace::new(false).promises(0.0, 0.0), "no change at all is worth a look");
    }
}
