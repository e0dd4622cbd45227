//! dg/da against differences of g.

use num_traits::{Float, One};

use super::{Mistake, compare};
use crate::Real;
use crate::batch::{Batch, Rows};
use crate::error::Error;
use crate::problem::{Active, ParamJvp, ParamVjp};

/// As [`check`](super::check) for dg/da, in both directions: `build` makes the problem at parameters `a` (B x p), whose gradients and directions are
/// rows of p numbers, too.
///
/// ```
/// use dini::{Model, Rows, check_parameters};
/// // z^2 = a, with the wrong sign
/// let one = Rows::from_vec(1, 1, vec![1.0])?;
/// let system = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0] * z[0] - a[0])
///     .parameter_jacobian(|_, _, d| d[0] = 1.0)
///     .samples(one.clone())
///     .system(1)?;
/// let mistakes = check_parameters(|a: &Rows<f64>| system.with_parameters(a.clone()).unwrap(), &one, &one)?;
/// assert!(mistakes[0].to_string().contains("the sign is wrong"), "{}", mistakes[0]);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`check`](super::check).
pub fn check_parameters<T, P>(build: impl Fn(&Rows<T>) -> P, a: &Rows<T>, z: &P::State) -> Result<Vec<Mistake>, Error>
where
    T: Real,
    P: ParamVjp<Parameters = Rows<T>> + ParamJvp,
    P::State: Batch<Scalar = T>,
{
    let problem = build(a);
    problem.validate(z)?;
    problem.check_direction(z.samples(), a)?;
    let (samples, n, p) = (z.samples(), z.width(), a.width());
    let slots: Vec<usize> = (0..samples).collect();
    let at = Active::new(&slots, 0, true);
    let mut g = z.zeros(samples);
    problem.residual(at, z, &mut g).map_err(Error::User)?;
    let mut tape = problem.tape(z);
    problem.linearize(at, z, &g, &mut tape).map_err(Error::User)?;
    let mut mistakes = Vec::new();
    let step = |v: T| T::of(v.as_f64() + <T as Float>::epsilon().as_f64().cbrt() * v.as_f64().abs().max(1.0));
    let mut tables = vec![[vec![0.0; n * p], vec![0.0; n * p], vec![0.0; n * p]]; samples];
    let mut row = vec![T::default(); n];
    for j in 0..p {
        let (mut up, mut down, mut unit) = (a.clone(), a.clone(), Rows::new(samples, p));
        for s in 0..samples {
            let v = a.row(s)[j];
            let h = step(v).as_f64() - v.as_f64();
            up.row_mut(s)[j] = T::of(v.as_f64() + h);
            down.row_mut(s)[j] = T::of(v.as_f64() - h);
            unit.row_mut(s)[j] = T::one();
        }
        let (mut above, mut below, mut tangent) = (z.zeros(samples), z.zeros(samples), z.zeros(samples));
        build(&up).residual(at, z, &mut above).map_err(Error::User)?;
        build(&down).residual(at, z, &mut below).map_err(Error::User)?;
        problem.param_jvp(at, &tape, z, &unit, &mut tangent).map_err(Error::User)?;
        above.axpby(-<T as One>::one(), &below, <T as One>::one());
        for (s, tables) in tables.iter_mut().enumerate() {
            let length = up.row(s)[j].as_f64() - down.row(s)[j].as_f64();
            above.read(s, &mut row);
            (0..n).for_each(|i| tables[0][j * n + i] = row[i].as_f64() / length);
            tangent.read(s, &mut row);
            (0..n).for_each(|i| tables[1][j * n + i] = row[i].as_f64());
        }
    }
    for i in 0..n {
        let mut unit = z.zeros(samples);
        row.fill(T::default());
        row[i] = T::one();
        (0..samples).for_each(|s| unit.write(s, &row));
        let mut gradient = problem.zero_parameters(samples);
        problem.param_vjp(at, &tape, z, &unit, T::one(), &mut gradient).map_err(Error::User)?;
        for (s, tables) in tables.iter_mut().enumerate() {
            (0..p).for_each(|j| tables[2][j * n + i] = gradient.row(s)[j].as_f64());
        }
    }
    let epsilon = <T as Float>::epsilon().as_f64();
    for (sample, [found, forward, backward]) in tables.iter().enumerate() {
        if let Some(k) = found.iter().position(|v| !v.is_finite()) {
            mistakes.push(Mistake::Undefined { sample, equation: k % n });
            continue;
        }
        for (what, stated) in [("(dg/da) da", forward), ("(dg/da)^T u", backward)] {
            mistakes.extend(compare(what, sample, n, (stated, found), epsilon));
        }
    }
    Ok(mistakes)
}
