//! Which samples the rows of a batch are.

use std::ops::{Index, IndexMut};

use crate::Real;
use crate::batch::Rows;

/// A sample of the whole batch, under which a problem keeps its own data: an index of [`Rows`] that hold one row a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sample(usize);

/// A place in a chunk, under which tapes are kept: an index of [`Slots`].
///
/// ```compile_fail
/// # use dini::problem::{Active, Slots};
/// fn diagonal(at: Active<'_>, tape: &Slots<f64>) -> f64 {
///     tape[at.sample(0)] // a sample is no slot: tape[at.slot(0)]
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(usize);

impl Sample {
    /// Its number in the whole batch.
    pub fn index(self) -> usize {
        self.0
    }
}

impl Slot {
    /// Its number in the chunk.
    pub fn index(self) -> usize {
        self.0
    }
}

impl<T: Real> Index<Sample> for Rows<T> {
    type Output = [T];
    fn index(&self, sample: Sample) -> &[T] {
        self.row(sample.0)
    }
}

impl<T: Real> IndexMut<Sample> for Rows<T> {
    fn index_mut(&mut self, sample: Sample) -> &mut [T] {
        self.row_mut(sample.0)
    }
}

/// One `T` for every slot of a chunk: a tape.
#[derive(Clone, Debug, PartialEq)]
pub struct Slots<T>(Vec<T>);

impl<T: Clone> Slots<T> {
    /// `value` in as many slots.
    pub fn new(slots: usize, value: T) -> Self {
        Slots(vec![value; slots])
    }
}

impl<T> Index<Slot> for Slots<T> {
    type Output = T;
    fn index(&self, slot: Slot) -> &T {
        &self.0[slot.0]
    }
}

impl<T> IndexMut<Slot> for Slots<T> {
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.0[slot.0]
    }
}

/// The samples that are still being solved, in the order of the rows of every batch passed along.
///
/// A solve works on chunks of samples, and samples that have converged leave their chunk. Row i therefore is
/// sample [`sample(i)`](Active::sample) of the whole batch, under which the problem keeps per-sample data, and slot
/// [`slot(i)`](Active::slot) of the chunk, under which tapes are indexed.
#[derive(Clone, Copy, Debug)]
pub struct Active<'a> {
    slots: &'a [usize],
    base: usize,
    parallel: bool,
}

impl<'a> Active<'a> {
    /// Rows at `slots` of a chunk that starts at sample `base`; `parallel` where an operator may use several threads.
    pub fn new(slots: &'a [usize], base: usize, parallel: bool) -> Self {
        Active { slots, base, parallel }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The sample that row `i` is.
    pub fn sample(&self, i: usize) -> Sample {
        Sample(self.base + self.slots[i])
    }

    /// The place of row `i` in its chunk, and so in a tape.
    pub fn slot(&self, i: usize) -> Slot {
        Slot(self.slots[i])
    }

    /// Whether the operator may spread over the threads of the current rayon pool.
    pub fn parallel(&self) -> bool {
        self.parallel
    }

    /// The same chunk with other rows.
    pub fn with_slots<'b>(&self, slots: &'b [usize]) -> Active<'b> {
        Active { slots, base: self.base, parallel: self.parallel }
    }
}
