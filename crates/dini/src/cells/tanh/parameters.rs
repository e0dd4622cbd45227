//! Derivatives by W and x.

use pulp::Arch;

use super::{Tanh, TanhGradient};
use crate::Real;
use crate::batch::Rows;
use crate::error::{Error, UserError};
use crate::kernels::epilogue::Plain;
use crate::kernels::gemm::Packed;
use crate::kernels::outer;
use crate::problem::{Active, Eval, Group, Grouped, ParamJvp, ParamVjp, Parametric, Part};

impl<T: Real> Parametric for Tanh<T> {
    type Parameters = TanhGradient<T>;

    fn zero_parameters(&self, samples: usize) -> TanhGradient<T> {
        TanhGradient { w: vec![T::zero(); self.n * self.n], x: Rows::new(samples, self.n) }
    }
}

impl<T: Real> ParamVjp for Tanh<T> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        z: &Rows<T>,
        u: &Rows<T>,
        scale: T,
        grad: &mut TanhGradient<T>,
    ) -> Eval {
        let n = self.n;
        let mut du = Rows::new(at.len(), n);
        self.by_input(&Part { at, tape: d, z, u }, scale, |i| i, &mut du);
        for i in 0..at.len() {
            grad.x.row_mut(at.sample(i).index()).iter_mut().zip(du.row(i)).for_each(|(x, &du)| *x += du);
        }
        outer::add(&mut grad.w, du.as_slice(), z.as_slice(), (n, n), at.parallel());
        Ok(())
    }

    /// One product over all samples for dL/dW.
    fn param_vjp_all(
        &self,
        samples: usize,
        parts: &[Part<'_, Rows<T>, Rows<T>>],
        scale: T,
    ) -> Result<TanhGradient<T>, UserError> {
        let n = self.n;
        // zeros for the samples that are in none of the parts
        let (mut x, mut z) = (Rows::new(samples, n), Rows::new(samples, n));
        for part in parts {
            self.by_input(part, scale, |i| part.at.sample(i).index(), &mut x);
            (0..part.at.len()).for_each(|i| z.row_mut(part.at.sample(i).index()).copy_from_slice(part.z.row(i)));
        }
        Ok(TanhGradient { w: outer::sum(x.as_slice(), z.as_slice(), (n, n)), x })
    }
}

impl<T: Real> Tanh<T> {
    /// Row place(i) of `out` <- -scale D u for row i of `part`: dg/dx = -D, dg/dW . dW = -D dW z.
    fn by_input(&self, part: &Part<'_, Rows<T>, Rows<T>>, scale: T, place: impl Fn(usize) -> usize, out: &mut Rows<T>) {
        let Part { at, tape: d, u, .. } = *part;
        Arch::new().dispatch(|| {
            for i in 0..at.len() {
                let factors = u.row(i).iter().zip(d.row(at.slot(i).index()));
                out.row_mut(place(i)).iter_mut().zip(factors).for_each(|(out, (&u, &d))| *out = -scale * u * d);
            }
        });
    }
}

impl<T: Real> ParamJvp for Tanh<T> {
    fn check_direction(&self, samples: usize, direction: &TanhGradient<T>) -> Result<(), Error> {
        let (n, x) = (self.n, &direction.x);
        if direction.w.len() != n * n {
            return Err(Error::Shape {
                what: "dW of the tanh cell",
                expected: format!("{n} x {n} values"),
                found: format!("{} values", direction.w.len()),
            });
        }
        if (x.samples(), x.width()) != (samples, n) {
            return Err(Error::shape("dx of the tanh cell", (samples, n), (x.samples(), x.width())));
        }
        Ok(())
    }

    fn param_jvp(
        &self,
        at: Active<'_>,
        d: &Rows<T>,
        z: &Rows<T>,
        tangent: &TanhGradient<T>,
        out: &mut Rows<T>,
    ) -> Eval {
        // dg = -D (dW z + dx)
        let n = self.n;
        Packed::from_rows(&tangent.w, n, n).apply(z.as_slice(), out.as_mut_slice(), at.parallel(), &Plain);
        for i in 0..at.len() {
            let rows = tangent.x.row(at.sample(i).index()).iter().zip(d.row(at.slot(i).index()));
            out.row_mut(i).iter_mut().zip(rows).for_each(|(o, (&dx, &d))| *o = -d * (*o + dx));
        }
        Ok(())
    }
}

/// W is shared by all samples, x is their own.
impl<T: Real> Grouped for TanhGradient<T> {
    fn groups(&self) -> Vec<Group> {
        let w = Group { sample: None, numbers: self.w.iter().map(|v| v.as_f64()).collect() };
        std::iter::once(w).chain(self.x.groups()).collect()
    }
}
