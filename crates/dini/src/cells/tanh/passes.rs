//! Block Gauss-Seidel passes of the tanh cell: the blocks are the panels of packed W.

use pulp::Simd;

use super::Tanh;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::passes::{self, Transposed, Update};
use crate::kernels::{scratch, vector};
use crate::problem::{Active, Equations, Eval, Pass, Passes};

impl<T: Real> Passes<Rows<T>, Rows<T>> for Tanh<T> {
    /// z <- tanh(W z + x), v <- b + D W v, or u <- b + W^T (D u)
    fn pass(
        &self,
        at: Active<'_>,
        of: Equations<'_, Rows<T>, Rows<T>>,
        pass: Pass<'_, Rows<T>>,
        x: &mut Rows<T>,
        change: &mut Rows<T>,
    ) -> Eval {
        let (order, hold, parallel) = (pass.order, pass.hold, at.parallel());
        match of {
            Equations::Own => {
                let mut operands = operands(pass, x.as_mut_slice(), change);
                passes::pass(&self.forward, order, &mut operands, parallel, &mut Forward { at, x: &self.x, hold });
            }
            Equations::Tangent { tape: d, b } => {
                let mut operands = operands(pass, x.as_mut_slice(), change);
                passes::pass(&self.forward, order, &mut operands, parallel, &mut Tangent { at, d, b, hold });
            }
            Equations::Adjoint { tape: d, b } => scratch::with(at.len() * self.n, |du: &mut [T]| {
                for (i, du) in du.chunks_exact_mut(self.n).enumerate() {
                    vector::product(du, x.row(i), d.row(at.slot(i).index()));
                }
                let mut update = Adjoint { at, d, b, u: x, hold };
                let mut operands = operands(pass, du, change);
                match self.packed_transpose(at) {
                    None => {
                        let rows = Transposed { n: self.n, m: &self.w };
                        passes::pass(&rows, order, &mut operands, parallel, &mut update);
                    }
                    Some(packed) => passes::pass(packed, order, &mut operands, parallel, &mut update),
                }
            }),
        }
        Ok(())
    }
}

struct Forward<'a, T> {
    at: Active<'a>,
    x: &'a Rows<T>,
    hold: bool,
}

impl<T: Real> Update<T> for Forward<'_, T> {
    #[inline(always)]
    fn update<S: Simd, const N: usize>(&mut self, row: usize, column: usize, sums: &mut [T; N], z: &mut [T; N]) {
        let x: [T; N] = part(self.x.row(self.at.sample(row).index()), column);
        let new: [T; N] = std::array::from_fn(|i| (sums[i] + x[i]).tanh_in::<S>());
        take(self.hold, sums, z, new);
    }
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
        let (d, b): ([T; N], [T; N]) =
            (part(self.d.row(self.at.slot(row).index()), column), part(self.b.row(row), column));
        let new: [T; N] = std::array::from_fn(|i| b[i] + d[i] * sums[i]);
        take(self.hold, sums, v, new);
    }
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
        let (d, b): ([T; N], [T; N]) =
            (part(self.d.row(self.at.slot(row).index()), column), part(self.b.row(row), column));
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

fn operands<'a, T: Real>(pass: Pass<'a, Rows<T>>, a: &'a mut [T], change: &'a mut Rows<T>) -> passes::Operands<'a, T> {
    let Pass { ahead, behind, .. } = pass;
    passes::Operands { a, ahead: ahead.as_slice(), behind: behind.as_mut_slice(), sums: change.as_mut_slice() }
}
