//! Problems written once over a generic scalar, differentiated by dual numbers.

use num_dual::{Dual as DualNumber, DualNum, DualNumFloat, HyperDual};

use super::dense::{DenseTape, check_tangent};
use super::*;
use crate::Real;
use crate::batch::Rows;
use crate::kernels::scratch;

/// g(z; a) written once for every scalar: plain numbers for the residual, dual numbers for its derivatives.
///
/// `T` is `f32` or `f64`; `D` is that type or a dual number over it (`num-dual`).
pub trait Equation<T>: Sync {
    /// Number of unknowns n.
    fn unknowns(&self) -> usize;
    /// Number of parameters p per sample.
    fn parameters(&self) -> usize;
    /// Writes the n components of g(z; a).
    fn residual<D: DualNum<Primitive = T> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]);
}

impl<T, E: Equation<T> + ?Sized> Equation<T> for &E {
    fn unknowns(&self) -> usize {
        (**self).unknowns()
    }
    fn parameters(&self) -> usize {
        (**self).parameters()
    }
    fn residual<D: DualNum<Primitive = T> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
        (**self).residual(z, a, out);
    }
}

/// An [`Equation`] with its parameters, one row of a (B x p) per sample.
///
/// A Jacobian costs n evaluations on dual numbers, a derivative by the parameters p (reverse) or one (forward); a derivative of
/// J^T lam costs n evaluations on hyper-dual numbers, one of (dg/da)^T lam p; a product of two of these takes nine plain ones.
///
/// ```
/// use dini::{Newton, Options, Rows, num_dual::DualNum, problem::{Dual, Equation}, solve};
/// /// Kepler's equation E - e sin E = M, parameters (e, M).
/// struct Kepler;
/// impl Equation<f64> for Kepler {
///     fn unknowns(&self) -> usize { 1 }
///     fn parameters(&self) -> usize { 2 }
///     fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], a: &[D], out: &mut [D]) {
///         out[0] = z[0] - a[0] * z[0].sin() - a[1];
///     }
/// }
/// let orbits = Dual::new(Kepler, Rows::from_vec(2, 2, vec![0.1, 1.0, 0.6, 2.0])?)?;
/// let solution = solve(&orbits, &Rows::new(2, 1), &Newton::default(), &Options::default())?;
/// let gradient = solution.pullback(&Rows::from_vec(2, 1, vec![1.0, 1.0])?)?;
/// let e = solution.z().row(1)[0];
/// assert!((gradient.value.row(1)[1] - 1.0 / (1.0 - 0.6 * e.cos())).abs() < 1e-6); // dE/dM
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dual<E, T> {
    equation: E,
    parameters: Rows<T>,
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> Dual<E, T> {
    /// The equation at `parameters`, B x p.
    ///
    /// # Errors
    /// [`Error::Shape`] where the parameters do not have p columns, [`Error::Empty`], [`Error::NonFinite`].
    pub fn new(equation: E, parameters: Rows<T>) -> Result<Self, Error> {
        if equation.unknowns() == 0 || parameters.samples() == 0 {
            return Err(Error::Empty { what: "the equation" });
        }
        if parameters.width() != equation.parameters() {
            let (b, p) = (parameters.samples(), equation.parameters());
            return Err(Error::shape("the parameters", (b, p), (b, parameters.width())));
        }
        match parameters.first_non_finite() {
            Some(sample) => Err(Error::NonFinite { what: "the parameters", sample }),
            None => Ok(Dual { equation, parameters }),
        }
    }

    /// The parameters, B x p.
    pub fn parameters(&self) -> &Rows<T> {
        &self.parameters
    }

    /// Evaluates one sample on dual numbers with z' = dz(i), a' = da(i) and hands out the derivative.
    fn directional(
        &self,
        sample: usize,
        z: &[T],
        dz: impl Fn(usize) -> T,
        da: impl Fn(usize) -> T,
        mut out: impl FnMut(usize, T),
    ) {
        let a = self.parameters.row(sample);
        let zero = DualNumber::new(T::zero(), T::zero());
        scratch::with_any(2 * z.len() + a.len(), zero, |numbers| {
            let (g, rest) = numbers.split_at_mut(z.len());
            let (lifted_z, lifted_a) = rest.split_at_mut(z.len());
            lifted_z.iter_mut().zip(z).enumerate().for_each(|(i, (l, &v))| *l = DualNumber::new(v, dz(i)));
            lifted_a.iter_mut().zip(a).enumerate().for_each(|(i, (l, &v))| *l = DualNumber::new(v, da(i)));
            g.fill(zero);
            self.equation.residual(lifted_z, lifted_a, g);
            g.iter().enumerate().for_each(|(i, g)| out(i, g.eps));
        });
    }
}

/// One sample of an equation on hyper-dual numbers, whose second part is a direction (dz, da).
///
/// Source: J. A. Fike and J. J. Alonso (2011), doi:10.2514/6.2011-886.
struct Second<'a, E, T> {
    equation: &'a E,
    z: Vec<HyperDual<T>>,
    a: Vec<HyperDual<T>>,
    g: Vec<HyperDual<T>>,
    lam: &'a [T],
}

impl<'a, T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> Second<'a, E, T> {
    /// Row `i`.
    fn new(problem: &'a Dual<E, T>, at: Active<'_>, i: usize, along: &Along<'a, Rows<T>, Rows<T>>) -> Self {
        let lift = |values: &[T], d: &[T]| -> Vec<HyperDual<T>> {
            values.iter().zip(d).map(|(&v, &d)| HyperDual::new(v, T::zero(), d, T::zero())).collect()
        };
        let sample = at.sample(i);
        Second {
            equation: &problem.equation,
            z: lift(along.z.row(i), along.dz.row(i)),
            a: lift(problem.parameters.row(sample), along.da.row(sample)),
            g: vec![HyperDual::from_re(T::zero()); along.z.width()],
            lam: along.lam.row(i),
        }
    }

    /// lam^T g differentiated along the first parts and along the second parts.
    fn evaluate(&mut self) -> T {
        self.equation.residual(&self.z, &self.a, &mut self.g);
        self.g.iter().zip(self.lam).fold(T::zero(), |sum, (g, &lam)| sum + lam * g.eps1eps2)
    }
}

/// 1 at `j`, 0 elsewhere.
fn unit<T: Real>(j: usize) -> impl Fn(usize) -> T {
    move |i| if i == j { T::one() } else { T::zero() }
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> Problem for Dual<E, T> {
    type State = Rows<T>;

    fn validate(&self, z: &Rows<T>) -> Result<(), Error> {
        check_start(z, Some(self.parameters.samples()), self.equation.unknowns())
    }

    fn residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            self.equation.residual(z.row(i), self.parameters.row(at.sample(i)), out.row_mut(i));
        }
        Ok(())
    }
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> Linearize for Dual<E, T> {
    type Tape = DenseTape<T>;

    fn tape(&self, like: &Rows<T>) -> DenseTape<T> {
        DenseTape::new(like.samples(), like.width())
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<T>, _: &Rows<T>, tape: &mut DenseTape<T>) -> Eval {
        let n = z.width();
        for i in 0..at.len() {
            let matrix = tape.matrix_mut(at.slot(i));
            for j in 0..n {
                let column = &mut matrix[j * n..(j + 1) * n];
                self.directional(at.sample(i), z.row(i), unit(j), |_| T::zero(), |k, d| column[k] = d);
            }
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

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> Parametric for Dual<E, T> {
    type Parameters = Rows<T>;

    fn zero_parameters(&self, samples: usize) -> Rows<T> {
        Rows::new(samples, self.equation.parameters())
    }

    fn check_parameters(&self, samples: usize, parameters: &Rows<T>) -> Result<(), Error> {
        check_tangent(samples, self.equation.parameters(), parameters)
    }
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> ParamVjp for Dual<E, T> {
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
            for j in 0..self.equation.parameters() {
                let mut sum = T::zero();
                let u = u.row(i);
                self.directional(at.sample(i), z.row(i), |_| T::zero(), unit(j), |k, d| sum += d * u[k]);
                let entry = &mut grad.row_mut(at.sample(i))[j];
                *entry += scale * sum;
            }
        }
        Ok(())
    }
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> ParamJvp for Dual<E, T> {
    fn param_jvp(&self, at: Active<'_>, _: &DenseTape<T>, z: &Rows<T>, tangent: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            let (da, out) = (tangent.row(at.sample(i)), out.row_mut(i));
            self.directional(at.sample(i), z.row(i), |_| T::zero(), |j| da[j], |k, d| out[k] = d);
        }
        Ok(())
    }
}

impl<T: Real + DualNumFloat + DualNum<Primitive = T>, E: Equation<T>> SecondOrder for Dual<E, T> {
    fn vjp_along(
        &self,
        at: Active<'_>,
        _: &DenseTape<T>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        out: &mut Rows<T>,
    ) -> Eval {
        for i in 0..at.len() {
            let mut second = Second::new(self, at, i, along);
            for (j, out) in out.row_mut(i).iter_mut().enumerate() {
                second.z[j].eps1 = T::one();
                *out = second.evaluate();
                second.z[j].eps1 = T::zero();
            }
        }
        Ok(())
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        _: &DenseTape<T>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval {
        for i in 0..at.len() {
            let mut second = Second::new(self, at, i, along);
            for (j, grad) in grad.row_mut(at.sample(i)).iter_mut().enumerate() {
                second.a[j].eps1 = T::one();
                *grad += scale * second.evaluate();
                second.a[j].eps1 = T::zero();
            }
        }
        Ok(())
    }
}
