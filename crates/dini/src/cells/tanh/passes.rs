//! Block Gauss-Seidel passes of the tanh cell: the blocks are the panels of packed W.

use pulp::Simd;

use super::Tanh;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::passes::{self, Transposed, Update};
use crate::kernels::{scratch, vector};
use crate::problem::{Active, Eval, Pass, Passes};

impl<T: Real> Passes<Rows<T>, Rows<T>> for Tanh<T> {
    /// z <- tanh(W z + x)
    fn pass(&self, at: Active<'_>, pass: Pass<'_, Rows<T>>, z: &mut Rows<T>, change: &mut Rows<T>) -> Eval {
        let mut update = Forward { at, x: &self.x, hold: pass.hold };
        let mut operands = operands(pass.ahead, pass.behind, z.as_mut_slice(), change);
        passes::pass(&self.forward, pass.order, &mut operands, at.parallel(), &mut update);
        Ok(())
    }

    /// v <- b + D W v
    fn pass_tangent(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        b: &Rows<T>,
        pass: Pass<'_, Rows<T>>,
        v: &mut Rows<T>,
        change: &mut Rows<T>,
    ) -> Eval {
        let mut update = Tangent { at, d, b, hold: pass.hold };
        let mut operands = operands(pass.ahead, pass.behind, v.as_mut_slice(), change);
        passes::pass(&self.forward, pass.order, &mut operands, at.parallel(), &mut update);
        Ok(())
    }

    /// u <- b + W^T (D u)
    fn pass_adjoint(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        b: &Rows<T>,
        pass: Pass<'_, Rows<T>>,
        u: &mut Rows<T>,
        change: &mut Rows<T>,
    ) -> Eval {
        let n = self.n;
        scratch::with(at.len() * n, |du: &mut [T]| {
            for (i, du) in du.chunks_exact_mut(n).enumerate() {
                vector::product(du, u.row(i), d.row(at.slot(i).index()));
            }
            let mut update = Adjoint { at, d, b, u, hold: pass.hold };
            let mut operands = operands(pass.ahead, pass.behind, du, change);
            let (order, parallel) = (pass.order, at.parallel());
            match self.packed_transpose(at) {
                None => passes::pass(&Transposed { n, m: &self.w }, order, &mut operands, parallel, &mut update),
                Some(packed) => passes::pass(packed, order, &mut operands, parallel, &mut update),
            }
        });
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

fn operands<'a, T: Real>(
    ahead: &'a Rows<T>,
    behind: &'a mut Rows<T>,
    a: &'a mut [T],
    change: &'a mut Rows<T>,
) -> passes::Operands<'a, T> {
    passes::Operands { a, ahead: ahead.as_slice(), behind: behind.as_mut_slice(), sums: change.as_mut_slice() }
}
