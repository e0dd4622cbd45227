//! Problems stated by closures.

use std::fmt;

use super::dense::{DenseTape, check_start, check_tangent};
use super::*;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::vector;

/// A function of (sample, z) that fills a slice.
type Fill<T> = Box<dyn Fn(usize, &[T], &mut [T]) + Send + Sync>;
/// A function of (sample, point and direction) that fills a slice.
type FillAlong<T> = Box<dyn Fn(usize, Along<'_, [T], [T]>, &mut [T]) + Send + Sync>;

/// Size up to which a closure may state a dense Jacobian: 3.2 GB in f64.
const LARGEST: usize = 20_000;

/// g(z) = 0 stated sample by sample, by closures of (sample, z, out).
///
/// `residual` writes n values; `jacobian` writes the n x n matrix dg/dz column-major (entry (i, j) at j n + i);
/// `parameters` adds dg/da, n x p column-major, for derivatives by p parameters that the closures have captured. Every slice comes
/// filled with zeros. A sample
/// outside the domain leaves NaN. Cost: one call per sample and evaluation.
///
/// ```
/// use dini::{Newton, Options, Rows, problem::Closure, solve};
/// // z^2 = a, for a = 4 and a = 9: dz/da = 1 / (2 z)
/// let a = [4.0, 9.0];
/// let root = Closure::new(1, move |s, z: &[f64], g| g[0] = z[0] * z[0] - a[s], |_, z, j| j[0] = 2.0 * z[0])
///     .parameters(1, |_, _, d| d[0] = -1.0);
/// let start = Rows::from_vec(2, 1, vec![1.0, 1.0])?;
/// let solution = solve(&root, &start, &Newton::default(), &Options::default())?;
/// let gradient = solution.pullback(&Rows::from_vec(2, 1, vec![1.0, 1.0])?)?;
/// assert!((gradient.value.row(1)[0] - 1.0 / 6.0).abs() < 1e-6);
/// # Ok::<(), dini::Error>(())
/// ```
pub struct Closure<T> {
    n: usize,
    residual: Fill<T>,
    jacobian: Fill<T>,
    parameters: Option<(usize, Fill<T>)>,
    second: Option<FillAlong<T>>,
}

impl<T> fmt::Debug for Closure<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closure").field("n", &self.n).finish_non_exhaustive()
    }
}

impl<T: Real> Closure<T> {
    /// An equation in `n` unknowns with its Jacobian.
    pub fn new(
        n: usize,
        residual: impl Fn(usize, &[T], &mut [T]) + Send + Sync + 'static,
        jacobian: impl Fn(usize, &[T], &mut [T]) + Send + Sync + 'static,
    ) -> Self {
        Closure { n, residual: Box::new(residual), jacobian: Box::new(jacobian), parameters: None, second: None }
    }

    /// Adds the derivative by `p` parameters per sample.
    pub fn parameters(self, p: usize, derivative: impl Fn(usize, &[T], &mut [T]) + Send + Sync + 'static) -> Self {
        Closure { parameters: Some((p, Box::new(derivative))), ..self }
    }

    /// Adds the second derivatives: with h = lam^T g, writes the n values h_zz dz + h_za da and, after them, the p values
    /// h_az dz + h_aa da. Without them second derivatives of a solution are refused, not taken for zero. Both products of
    /// [`SecondOrder`] call it once a sample.
    ///
    /// ```
    /// use dini::{Newton, Options, Rows, gradient::linear_loss, problem::Closure, solve};
    /// // z^2 = a: h = lam (z^2 - a), so h_zz = 2 lam and nothing else
    /// let root = Closure::new(1, |_, z: &[f64], g| g[0] = z[0] * z[0] - 4.0, |_, z, j| j[0] = 2.0 * z[0])
    ///     .parameters(1, |_, _, d| d[0] = -1.0)
    ///     .second_derivatives(|_, at, out| out[0] = 2.0 * at.lam[0] * at.dz[0]);
    /// let one = Rows::from_vec(1, 1, vec![1.0])?;
    /// let options = Options { relative: 1e-12, ..Options::default() };
    /// let solution = solve(&root, &one, &Newton::default(), &options)?;
    /// let second = solution.hessian_product(&one, &one, linear_loss)?.value.row(0)[0];
    /// assert!((second + 1.0 / 32.0).abs() < 1e-10); // -1 / (4 z^3)
    /// # Ok::<(), dini::Error>(())
    /// ```
    pub fn second_derivatives(
        self,
        along: impl Fn(usize, Along<'_, [T], [T]>, &mut [T]) + Send + Sync + 'static,
    ) -> Self {
        Closure { second: Some(Box::new(along)), ..self }
    }

    /// Calls `f` with every row's n + p second derivatives along a direction.
    fn for_each_along(
        &self,
        at: Active<'_>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        mut f: impl FnMut(usize, &[T]),
    ) -> Eval {
        let second = self.second.as_ref().ok_or("the closure states no second derivatives")?;
        let mut out = vec![T::zero(); self.n + along.da.width()];
        for i in 0..at.len() {
            let (z, lam, dz) = (along.z.row(i), along.lam.row(i), along.dz.row(i));
            out.fill(T::zero());
            second(at.sample(i), Along { z, lam, dz, da: along.da.row(at.sample(i)) }, &mut out);
            f(i, &out);
        }
        Ok(())
    }

    /// Calls `f` with dg/da of one row, column by column.
    fn for_each_parameter(&self, sample: usize, z: &[T], mut f: impl FnMut(usize, &[T])) -> Eval {
        let (p, derivative) = self.parameters.as_ref().ok_or(Error::NoParameters)?;
        let mut matrix = vec![T::zero(); p * self.n];
        derivative(sample, z, &mut matrix);
        matrix.chunks_exact(self.n).enumerate().for_each(|(j, column)| f(j, column));
        Ok(())
    }
}

impl<T: Real> Problem for Closure<T> {
    type State = Rows<T>;

    fn validate(&self, z: &Rows<T>) -> Result<(), Error> {
        if self.n > LARGEST {
            return Err(Error::TooLarge { what: "a dense Jacobian stated by a closure", n: self.n, most: LARGEST });
        }
        check_start(z, None, self.n)
    }

    fn residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            out.row_mut(i).fill(T::zero());
            (self.residual)(at.sample(i), z.row(i), out.row_mut(i));
        }
        Ok(())
    }
}

impl<T: Real> Linearize for Closure<T> {
    type Tape = DenseTape<T>;

    fn tape(&self, like: &Rows<T>) -> DenseTape<T> {
        DenseTape::new(like.samples(), self.n)
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<T>, _: &Rows<T>, tape: &mut DenseTape<T>) -> Eval {
        for i in 0..at.len() {
            let matrix = tape.matrix_mut(at.slot(i));
            matrix.fill(T::zero());
            (self.jacobian)(at.sample(i), z.row(i), matrix);
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &DenseTape<T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        tape.jvp(at, v, out);
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &DenseTape<T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        tape.vjp(at, u, out);
        Ok(())
    }

    fn jacobian(&self, slot: usize, tape: &DenseTape<T>, out: &mut [T]) -> bool {
        out.copy_from_slice(tape.matrix(slot));
        true
    }
}

impl<T: Real> Parametric for Closure<T> {
    type Parameters = Rows<T>;

    fn zero_parameters(&self, samples: usize) -> Rows<T> {
        Rows::new(samples, self.parameters.as_ref().map_or(0, |(p, _)| *p))
    }

    fn check_parameters(&self, samples: usize, parameters: &Rows<T>) -> Result<(), Error> {
        check_tangent(samples, self.parameters.as_ref().map_or(0, |(p, _)| *p), parameters)
    }
}

impl<T: Real> ParamVjp for Closure<T> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &DenseTape<T>,
        z: &Rows<T>,
        u: &Rows<T>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval {
        for i in 0..at.len() {
            let grad = grad.row_mut(at.sample(i));
            self.for_each_parameter(at.sample(i), z.row(i), |j, column| {
                grad[j] += scale * vector::dot(column, u.row(i));
            })?;
        }
        Ok(())
    }
}

impl<T: Real> ParamJvp for Closure<T> {
    fn param_jvp(&self, at: Active<'_>, _: &DenseTape<T>, z: &Rows<T>, tangent: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let (out, tangent) = (out.row_mut(i), tangent.row(at.sample(i)));
            out.fill(T::zero());
            self.for_each_parameter(at.sample(i), z.row(i), |j, column| {
                vector::axpby(out, tangent[j], column, T::one());
            })?;
        }
        Ok(())
    }
}

impl<T: Real> SecondOrder for Closure<T> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        _: &DenseTape<T>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        out: &mut Rows<T>,
    ) -> Eval {
        self.for_each_along(at, along, |i, values| out.row_mut(i).copy_from_slice(&values[..self.n]))
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        _: &DenseTape<T>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval {
        self.for_each_along(at, along, |i, values| {
            vector::axpby(grad.row_mut(at.sample(i)), scale, &values[self.n..], T::one());
        })
    }
}
