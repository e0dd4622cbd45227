//! Block Gauss-Seidel passes of the tanh cell: the blocks are the panels of packed W.

use pulp::Simd;

use super::Tanh;
use crate::Real;
use crate::batch::Rows;
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
    let mut operands = operands(pass.ahead, pass.behind, z.as_mut_slice(), change);
    sweep::pass(&cell.forward, pass.order, &mut operands, at.parallel(), &mut update);
}

struct Forward<'a, T> {
    at: Active<'a>,
    x: &'a Rows<T>,
    hold: bool,
}

impl<T: Real> Update<T> for Forward<'_, T> {
    #[inline(always)]
    fn update<S: Simd, const N: usize>(&mut self, row: usize, column: usize, sums: &mut [T; N], z: &mut [T; N]) {
        let x: [T; N] = part(self.x.row(self.at.sample(row)), column);
        let new: [T; N] = std::array::from_fn(|i| (sums[i] + x[i]).tanh_in::<S>());
        take(self.hold, sums, z, new);
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
    let mut operands = operands(pass.ahead, pass.behind, v.as_mut_slice(), change);
    sweep::pass(&cell.forward, pass.order, &mut operands, at.parallel(), &mut update);
}

struct Tangent<'a, T> {
    at: Active<'a>,
    d: &'a Rows<T>,
    b: &'a Rows<T>,
    hold: bool,
}

impl<T: Real> Update<T> for Tangent<'_, T> {
    #[inline(always)]
    fn update<S: Simd, const N: usize>(&mut self, row: usize, column: usize, sums: &mut [T; N], v: &mut [T; N]) {
        let (d, b): ([T; N], [T; N]) = (part(self.d.row(self.at.slot(row)), column), part(self.b.row(row), column));
        let new: [T; N] = std::array::from_fn(|i| b[i] + d[i] * sums[i]);
        take(self.hold, sums, v, new);
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
        let mut operands = operands(pass.ahead, pass.behind, du, change);
        let (order, parallel) = (pass.order, at.parallel());
        match cell.packed_transpose(at) {
            None => sweep::pass(&Transposed { n, m: &cell.w }, order, &mut operands, parallel, &mut update),
            Some(packed) => sweep::pass(packed, order, &mut operands, parallel, &mut update),
        }
    });
}

struct Adjoint<'a, T> {
    at: Active<'a>,
    d: &'a Rows<T>,
    b: &'a Rows<T>,
    u: &'a mut Rows<T>,
    hold: bool,
}

impl<T: Real> Update<T> for Adjoint<'_, T> {
    #[inline(always)]
    fn update<S: Simd, const N: usize>(&mut self, row: usize, column: usize, sums: &mut [T; N], du: &mut [T; N]) {
        let (d, b): ([T; N], [T; N]) = (part(self.d.row(self.at.slot(row)), column), part(self.b.row(row), column));
        let new: [T; N] = std::array::from_fn(|i| b[i] + sums[i]);
        let Some(u) = self.u.row_mut(row)[column..].first_chunk_mut() else { return };
        take(self.hold, sums, u, new);
        *du = std::array::from_fn(|i| d[i] * u[i]);
    }
}

/// Columns `column ..` of a row.
#[inline(always)]
fn part<T: Real, const N: usize>(row: &[T], column: usize) -> [T; N] {
    row[column..].first_chunk().copied().unwrap_or([T::zero(); N])
}

/// change <- old - new, old <- new unless it is on hold.
#[inline(always)]
fn take<T: Real, const N: usize>(hold: bool, change: &mut [T; N], old: &mut [T; N], new: [T; N]) {
    *change = std::array::from_fn(|i| old[i] - new[i]);
    if !hold {
        *old = new;
    }
}

fn operands<'a, T: Real>(
    ahead: &'a Rows<T>,
    behind: &'a mut Rows<T>,
    a: &'a mut [T],
    change: &'a mut Rows<T>,
) -> sweep::Operands<'a, T> {
    sweep::Operands { a, ahead: ahead.as_slice(), behind: behind.as_mut_slice(), sums: change.as_mut_slice() }
}
