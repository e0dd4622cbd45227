//! LU of the diagonal blocks of a chunk's Jacobians.

use num_traits::{One, Zero};

use super::{DenseLu, Inverse};
use crate::batch::{Batch, Keep};
use crate::kernels::scratch;
use crate::problem::{Active, Eval};

/// The inverses of the diagonal blocks of one matrix per slot: M^-1 of a block-diagonal M, and M^-T.
///
/// The identity stands for singular blocks. Built by [`Preconditioner`](super::Preconditioner); n k numbers a sample, an
/// application n k operations.
pub struct BlockDiagonal<V: Batch> {
    /// of the whole matrices
    n: usize,
    /// of a block; 0 for none
    size: usize,
    /// block j of slot s at s `blocks` + j; the last one of a slot is filled up with the identity
    lu: DenseLu<V::Scalar>,
    known: Vec<bool>,
    /// scratch of the building: the Jacobians, and two vectors
    matrices: Vec<V::Scalar>,
    columns: Option<(V, V)>,
}

impl<V: Batch> std::fmt::Debug for BlockDiagonal<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BlockDiagonal").field("n", &self.n).field("size", &self.size).finish_non_exhaustive()
    }
}

impl<V: Batch> BlockDiagonal<V> {
    /// Room for blocks of size `size`; 0 for none.
    pub(super) fn new(like: &V, size: usize) -> Self {
        let (slots, n) = (like.samples(), like.width());
        let used = if size > 0 { slots } else { 0 };
        BlockDiagonal {
            n,
            size,
            lu: DenseLu::new(used * n.div_ceil(size.max(1)), size),
            known: vec![false; slots],
            matrices: vec![V::Scalar::zero(); used * n * n],
            columns: (size > 0).then(|| (like.zeros(slots), like.zeros(slots))),
        }
    }

    /// Size of a block; 0 for none.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Size of the whole matrices.
    pub(super) fn width(&self) -> usize {
        self.n
    }

    fn blocks(&self) -> usize {
        self.n.div_ceil(self.size.max(1))
    }

    /// Factors the blocks of the `wanted` rows in the matrices that `fill` writes, n^2 numbers a slot, column-major.
    pub(super) fn build(
        &mut self,
        at: Active<'_>,
        wanted: &dyn Fn(usize) -> bool,
        fill: impl FnOnce(&mut (V, V), &mut [V::Scalar]) -> Eval,
    ) -> Eval {
        let Some(columns) = &mut self.columns else { return Ok(()) };
        fill(columns, &mut self.matrices)?;
        for slot in (0..at.len()).filter(|&i| wanted(i)).map(|i| at.slot(i).index()) {
            for block in 0..self.blocks() {
                self.factor(slot, block);
            }
            self.known[slot] = true;
        }
        Ok(())
    }

    fn factor(&mut self, slot: usize, block: usize) {
        let (n, k, index) = (self.n, self.size, slot * self.blocks() + block);
        let matrix = &self.matrices[slot * n * n..(slot + 1) * n * n];
        let out = &mut self.lu.matrices_mut()[index * k * k..(index + 1) * k * k];
        let first = block * k;
        let inside = k.min(n - first);
        for (j, column) in out.chunks_exact_mut(k).enumerate() {
            column.fill(V::Scalar::zero());
            if j < inside {
                let from = (first + j) * n + first;
                column[..inside].copy_from_slice(&matrix[from..from + inside]);
            } else {
                column[j] = V::Scalar::one();
            }
        }
        self.lu.factor(index);
    }

    /// Moves the factors out and keeps the scratch.
    pub(super) fn take(&mut self) -> Self {
        let known = vec![false; self.known.len()];
        BlockDiagonal {
            n: self.n,
            size: self.size,
            lu: self.lu.take(),
            known: std::mem::replace(&mut self.known, known),
            matrices: Vec::new(),
            columns: None,
        }
    }

    /// Applies `f` to every block of the rows that have factors.
    fn each_block(
        &self,
        at: Active<'_>,
        r: &mut V,
        f: impl Fn(&DenseLu<V::Scalar>, usize, &mut [V::Scalar]) -> bool,
    ) -> bool {
        // the last block may reach beyond the vector
        scratch::with(self.blocks() * self.size, |row| {
            let mut any = false;
            for i in (0..at.len()).filter(|&i| self.known[at.slot(i).index()]) {
                row.fill(V::Scalar::zero());
                r.read(i, &mut row[..self.n]);
                for (block, part) in row.chunks_exact_mut(self.size).enumerate() {
                    let index = at.slot(i).index() * self.blocks() + block;
                    if !self.lu.is_singular(index) {
                        f(&self.lu, index, part);
                    }
                }
                r.write(i, &row[..self.n]);
                any = true;
            }
            any
        })
    }
}

impl<V: Batch> Keep for BlockDiagonal<V> {
    // indexed by slot
    fn keep(&mut self, _: &[usize]) {}

    fn reset(&mut self, samples: usize) {
        self.known.clear();
        self.known.resize(samples, false);
        if let Some(columns) = &mut self.columns {
            columns.0.reset(samples);
            columns.1.reset(samples);
            self.matrices.resize(samples * self.n * self.n, V::Scalar::zero());
            self.lu.reset(samples * self.n.div_ceil(self.size));
        }
    }
}

impl<V: Batch> Inverse<V> for BlockDiagonal<V> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        self.each_block(at, r, DenseLu::solve)
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        self.each_block(at, r, DenseLu::solve_transpose)
    }
    fn known(&self, slot: usize) -> bool {
        self.known.get(slot).is_some_and(|known| *known)
    }
}
