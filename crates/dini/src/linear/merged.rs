//! Several approximate inverses, each of other samples.

use super::Inverse;
use crate::batch::Batch;
use crate::problem::Active;

/// The first of several approximate inverses that knows a sample speaks for it.
pub struct Merged<V: Batch> {
    parts: Vec<Box<dyn Inverse<V>>>,
}

impl<V: Batch> Merged<V> {
    /// From the one that is asked first to the one that is asked last.
    pub fn new(parts: Vec<Box<dyn Inverse<V>>>) -> Self {
        Merged { parts }
    }

    fn of(&self, slot: usize) -> Option<&dyn Inverse<V>> {
        self.parts.iter().map(|part| &**part).find(|part| part.known(slot))
    }

    /// Applies `f` of each part to the rows it speaks for.
    fn apply(&self, at: Active<'_>, r: &mut V, f: impl Fn(&dyn Inverse<V>, Active<'_>, &mut V) -> bool) -> bool {
        let mut open: Vec<usize> = (0..at.len()).collect();
        let mut any = false;
        for part in &self.parts {
            let (mine, rest): (Vec<usize>, Vec<usize>) =
                open.into_iter().partition(|&i| part.known(at.slot(i).index()));
            open = rest;
            if mine.len() == at.len() {
                return f(&**part, at, r);
            }
            if mine.is_empty() {
                continue;
            }
            let slots: Vec<usize> = mine.iter().map(|&i| at.slot(i).index()).collect();
            let rows: Vec<usize> = (0..mine.len()).collect();
            let mut some = r.zeros(mine.len());
            some.put(&rows, r, &mine);
            any |= f(&**part, at.with_slots(&slots), &mut some);
            r.put(&mine, &some, &rows);
        }
        any
    }
}

impl<V: Batch> Inverse<V> for Merged<V> {
    fn solve(&self, at: Active<'_>, r: &mut V) -> bool {
        self.apply(at, r, |part, at, r| part.solve(at, r))
    }
    fn solve_transpose(&self, at: Active<'_>, r: &mut V) -> bool {
        self.apply(at, r, |part, at, r| part.solve_transpose(at, r))
    }
    fn is_dense(&self, slot: usize) -> bool {
        self.of(slot).is_some_and(|part| part.is_dense(slot))
    }
    fn known(&self, slot: usize) -> bool {
        self.of(slot).is_some()
    }
    fn norm(&self, slot: usize) -> Option<f64> {
        self.of(slot)?.norm(slot)
    }
    fn condition(&self, slot: usize) -> Option<f64> {
        self.of(slot)?.condition(slot)
    }
}
