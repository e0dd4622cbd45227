//! Which samples the rows of a batch are.

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

    /// Index of row `i` in the whole batch.
    pub fn sample(&self, i: usize) -> usize {
        self.base + self.slots[i]
    }

    /// Index of row `i` in its chunk, and so in a tape.
    pub fn slot(&self, i: usize) -> usize {
        self.slots[i]
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
