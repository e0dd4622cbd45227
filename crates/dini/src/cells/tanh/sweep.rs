//! Block Gauss-Seidel passes of the tanh cell: the blocks are the panels of packed W.

use pulp::Simd;

use super::Tanh;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::epilogue::map_row;
use crate::kernels::sweep::{self, Transposed, Update};
use crate::kernels::{scratch, vector};
use crate::problem::{Active, Pass};

/// z <- tanh(W z + x)
pub(super) fn forward<T: Real>(
    cell: &Tanh<T>,
    at: Active<'_>,
    pass: Pass<'_, Rows<T>>,
    z: &mut Rows<T>,
    change: &mut Rows<T>,
) {
    let mut update = Forward { at, x: &cell.x, hold: pass.hold };
    let mut rows = rows(pass.ahead, pass.behind, z.as_mut_slice(), change);
    sweep::pass(&cell.forward, pass.order, &mut rows, at.parallel(), &mut update);
}

struct Forward<'a, T> {
    at: Active<'a>,
    x: &'a Rows<T>,
    hold: &'a [bool],
}

impl<T: Real> Update<T> for Forward<'_, T> {
    #[inline(always)]
    fn update<S: Simd>(&mut self, simd: S, row: usize, column: usize, sums: &mut [T], z: &mut [T]) {
        let x = &self.x.row(self.at.sample(row))[column..];
        map_row(simd, sums, x, z, |t, x, z| z - (t + x).tanh_in::<S>());
        if !self.hold[row] {
            z.iter_mut().zip(sums).for_each(|(z, &mut change)| *z -= change);
        }
    }
}

/// v <- b + D W v
pub(super) fn tangent<T: Real>(
    cell: &Tanh<T>,
    at: Active<'_>,
    (d, b): (&Rows<T>, &Rows<T>),
    pass: Pass<'_, Rows<T>>,
    v: &mut Rows<T>,
    change: &mut Rows<T>,
) {
    let mut update = Tangent { at, d, b, hold: pass.hold };
    let mut rows = rows(pass.ahead, pass.behind, v.as_mut_slice(), change);
    sweep::pass(&cell.forward, pass.order, &mut rows, at.parallel(), &mut update);
}

struct Tangent<'a, T> {
    at: Active<'a>,
    d: &'a Rows<T>,
    b: &'a Rows<T>,
    hold: &'a [bool],
}

impl<T: Real> Update<T> for Tangent<'_, T> {
    #[inline(always)]
    fn update<S: Simd>(&mut self, _: S, row: usize, column: usize, sums: &mut [T], v: &mut [T]) {
        let (d, b) = (&self.d.row(self.at.slot(row))[column..], &self.b.row(row)[column..]);
        for (((sum, v), &d), &b) in sums.iter_mut().zip(&*v).zip(d).zip(b) {
            *sum = *v - (b + d * *sum);
        }
        if !self.hold[row] {
            v.iter_mut().zip(sums).for_each(|(v, &mut change)| *v -= change);
        }
    }
}

/// u <- b + W^T (D u)
pub(super) fn adjoint<T: Real>(
    cell: &Tanh<T>,
    at: Active<'_>,
    (d, b): (&Rows<T>, &Rows<T>),
    pass: Pass<'_, Rows<T>>,
    u: &mut Rows<T>,
    change: &mut Rows<T>,
) {
    let n = cell.n;
    scratch::with(at.len() * n, |du: &mut [T]| {
        for (i, du) in du.chunks_exact_mut(n).enumerate() {
            vector::product(du, u.row(i), d.row(at.slot(i)));
        }
        let mut update = Adjoint { at, d, b, u, hold: pass.hold };
        let mut rows = rows(pass.ahead, pass.behind, du, change);
        let (order, parallel) = (pass.order, at.parallel());
        match cell.packed_transpose(at) {
            None => sweep::pass(&Transposed { n, m: &cell.w }, order, &mut rows, parallel, &mut update),
            Some(packed) => sweep::pass(packed, order, &mut rows, parallel, &mut update),
        }
    });
}

struct Adjoint<'a, T> {
    at: Active<'a>,
    d: &'a Rows<T>,
    b: &'a Rows<T>,
    u: &'a mut Rows<T>,
    hold: &'a [bool],
}

impl<T: Real> Update<T> for Adjoint<'_, T> {
    #[inline(always)]
    fn update<S: Simd>(&mut self, _: S, row: usize, column: usize, sums: &mut [T], du: &mut [T]) {
        let (d, b) = (&self.d.row(self.at.slot(row))[column..], &self.b.row(row)[column..]);
        let u = &mut self.u.row_mut(row)[column..column + sums.len()];
        for ((sum, &u), &b) in sums.iter_mut().zip(&*u).zip(b) {
            *sum = u - (b + *sum);
        }
        if !self.hold[row] {
            for (((u, du), &d), &change) in u.iter_mut().zip(du).zip(d).zip(&*sums) {
                *u -= change;
                *du = d * *u;
            }
        }
    }
}

fn rows<'a, T: Real>(
    ahead: &'a Rows<T>,
    behind: &'a mut Rows<T>,
    a: &'a mut [T],
    change: &'a mut Rows<T>,
) -> sweep::Rows<'a, T> {
    sweep::Rows { a, ahead: ahead.as_slice(), behind: behind.as_mut_slice(), sums: change.as_mut_slice() }
}
