//! Second derivatives of the tanh cell.

use super::{Plain, Tanh, TanhGradient};
use crate::Real;
use crate::batch::{Batch, Rows};
use crate::error::UserError;
use crate::kernels::gemm::Packed;
use crate::kernels::outer;
use crate::problem::{Active, Along, Eval, Problem, SecondOrder};

/// D lam, and its derivative q along a direction: D' = -2 T D diag(ds) with T = diag(tanh s), s = W z + x.
struct Bent<T> {
    /// D lam
    d_lam: Rows<T>,
    /// q = -2 T D lam ds
    q: Rows<T>,
}

impl<T: Real> Tanh<T> {
    /// Three products.
    fn bend(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        along: &Along<'_, Rows<T>, TanhGradient<T>>,
    ) -> Result<Bent<T>, UserError> {
        let Along { z, lam, dz, da } = along;
        let zeros = || z.zeros(at.len());
        // g gives tanh s = z - g, ds = W dz + dW z + dx
        let (mut g, mut ds, mut q, mut d_lam) = (zeros(), zeros(), zeros(), zeros());
        self.residual(at, z, &mut g)?;
        self.forward.apply(dz.as_slice(), ds.as_mut_slice(), at.parallel(), &Plain);
        Packed::from_rows(&da.w, self.n, self.n).apply(z.as_slice(), q.as_mut_slice(), at.parallel(), &Plain);
        for i in 0..at.len() {
            let (d, dx) = (d.row(at.slot(i).index()), da.x.row(at.sample(i).index()));
            for (j, q) in q.row_mut(i).iter_mut().enumerate() {
                let t = z.row(i)[j] - g.row(i)[j];
                let ds = ds.row(i)[j] + *q + dx[j];
                let d_lam = &mut d_lam.row_mut(i)[j];
                *d_lam = d[j] * lam.row(i)[j];
                *q = -(t + t) * *d_lam * ds;
            }
        }
        Ok(Bent { d_lam, q })
    }
}

/// With h = lam^T (z - tanh s): h_z = lam - W^T D lam, h_W = -(D lam) z^T, h_x = -D lam.
///
/// Five products of B n^2 multiplications by z, three and two sums of outer products by W and x.
impl<T: Real> SecondOrder for Tanh<T> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        along: &Along<'_, Rows<T>, TanhGradient<T>>,
        out: &mut Rows<T>,
    ) -> Eval {
        // -W^T q - dW^T D lam
        let Bent { d_lam, q } = self.bend(at, d, along)?;
        let mut product = q.zeros(at.len());
        self.multiply_transposed(at, q.as_slice(), out, &Plain);
        let dw = Packed::from_columns(&along.da.w, self.n, self.n);
        dw.apply(d_lam.as_slice(), product.as_mut_slice(), at.parallel(), &Plain);
        out.axpby(-T::one(), &product, -T::one());
        Ok(())
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        along: &Along<'_, Rows<T>, TanhGradient<T>>,
        scale: T,
        grad: &mut TanhGradient<T>,
    ) -> Eval {
        // by x: -q, by W: -q z^T - D lam dz^T
        let Bent { mut d_lam, mut q } = self.bend(at, d, along)?;
        for rows in [&mut d_lam, &mut q] {
            rows.as_mut_slice().iter_mut().for_each(|v| *v *= -scale);
        }
        for i in 0..at.len() {
            grad.x.row_mut(at.sample(i).index()).iter_mut().zip(q.row(i)).for_each(|(x, &q)| *x += q);
        }
        outer::add(&mut grad.w, q.as_slice(), along.z.as_slice(), (self.n, self.n), at.parallel());
        outer::add(&mut grad.w, d_lam.as_slice(), along.dz.as_slice(), (self.n, self.n), at.parallel());
        Ok(())
    }
}
