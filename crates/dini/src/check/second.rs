//! Second derivatives against differences of the first.

use num_traits::{Float, One};

use super::{Mistake, compare};
use crate::batch::{Batch, Rows};
use crate::error::Error;
use crate::problem::{Active, Along, SecondOrder};
use crate::solve::root::general_position;
use crate::{Real, UserError};

/// As [`check_parameters`](super::check_parameters) for the second derivatives of h = lam^T g with one lam in general position, against
/// central differences of J^T lam and (dg/da)^T lam. Entry (i, j) counts the n unknowns and, after them, the p parameters.
///
/// The first derivatives must be right: check them before. 4 (n + p) products of each kind.
///
/// ```
/// use dini::{Model, Rows, check_second};
/// // z^3 = a z, with the derivative by z and a forgotten
/// let one = Rows::from_vec(1, 1, vec![1.0])?;
/// let system = Model::equation_on_slices(|z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0].powi(3) - a[0] * z[0])
///     .jacobian(|z, a, j| j[0] = 3.0 * z[0] * z[0] - a[0])
///     .parameter_jacobian(|z, _, d| d[0] = -z[0])
///     .second_derivatives(|_, at, out| out[0] = 6.0 * at.lam[0] * at.z[0] * at.dz[0])
///     .samples(one.clone())
///     .system(1)?;
/// let mistakes = check_second(|a: &Rows<f64>| system.with_parameters(a.clone()).unwrap(), &one, &one)?;
/// assert!(mistakes[0].to_string().contains("(2 entries are wrong)"), "{}", mistakes[0]);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`check`](super::check).
pub fn check_second<T, P>(build: impl Fn(&Rows<T>) -> P, a: &Rows<T>, z: &P::State) -> Result<Vec<Mistake>, Error>
where
    T: Real,
    P: SecondOrder<Parameters = Rows<T>>,
    P::State: Batch<Scalar = T>,
{
    let problem = build(a);
    problem.validate(z)?;
    problem.check_direction(z.samples(), a)?;
    let (samples, n, p) = (z.samples(), z.width(), a.width());
    let lam: Vec<T> = general_position(n, 9).into_iter().map(T::of).collect();
    let mut cotangent = z.zeros(samples);
    (0..samples).for_each(|s| cotangent.write(s, &lam));
    let size = n + p;
    let mut tables = vec![[vec![0.0; size * size], vec![0.0; size * size]]; samples];
    for j in 0..size {
        let (above, up) = moved((a, z), j, 1.0);
        let (below, down) = moved((a, z), j, -1.0);
        let there = gradient(&build(&above.0), &above.1, &cotangent).map_err(Error::User)?;
        let back = gradient(&build(&below.0), &below.1, &cotangent).map_err(Error::User)?;
        let stated = column(&problem, z, &cotangent, (p, j)).map_err(Error::User)?;
        for (s, [found, exact]) in tables.iter_mut().enumerate() {
            for i in 0..size {
                found[j * size + i] = (there[s][i] - back[s][i]) / (up[s] - down[s]);
                exact[j * size + i] = stated[s][i];
            }
        }
    }
    let epsilon = <T as Float>::epsilon().as_f64();
    let mut mistakes = Vec::new();
    for (sample, [found, stated]) in tables.iter().enumerate() {
        match found.iter().position(|v| !v.is_finite()) {
            Some(k) => mistakes.push(Mistake::Undefined { sample, equation: k % size }),
            None => mistakes.extend(compare("the second derivatives", sample, size, (stated, found), epsilon)),
        }
    }
    Ok(mistakes)
}

/// Parameters and state with coordinate j, of z and then of a, moved to one side, and by how much in each sample.
fn moved<T: Real, V: Batch<Scalar = T>>((a, z): (&Rows<T>, &V), j: usize, side: f64) -> ((Rows<T>, V), Vec<f64>) {
    let (mut a, mut z, n) = (a.clone(), z.clone(), z.width());
    let mut row = vec![T::default(); n];
    let step = <T as Float>::epsilon().as_f64().cbrt();
    let steps = (0..z.samples()).map(|s| {
        z.read(s, &mut row);
        let number = if j < n { &mut row[j] } else { &mut a.row_mut(s)[j - n] };
        let before = number.as_f64();
        *number = T::of(before + side * step * before.abs().max(1.0));
        let length = number.as_f64() - before;
        z.write(s, &row);
        length
    });
    let steps = steps.collect();
    ((a, z), steps)
}

/// J^T lam and (dg/da)^T lam of every sample, one after the other.
fn gradient<T, P>(problem: &P, z: &P::State, lam: &P::State) -> Result<Vec<Vec<f64>>, UserError>
where
    T: Real,
    P: SecondOrder<Parameters = Rows<T>>,
    P::State: Batch<Scalar = T>,
{
    let samples = z.samples();
    let slots: Vec<usize> = (0..samples).collect();
    let at = Active::new(&slots, 0, true);
    let (mut g, mut by_z) = (z.zeros(samples), z.zeros(samples));
    problem.residual(at, z, &mut g)?;
    let mut tape = problem.tape(z);
    problem.linearize(at, z, &g, &mut tape)?;
    problem.vjp(at, &tape, lam, &mut by_z)?;
    let mut by_a = problem.zero_parameters(samples);
    problem.param_vjp(at, &tape, z, lam, T::one(), &mut by_a)?;
    Ok(joined(&by_z, &by_a))
}

/// Column j of the second derivatives, as they are stated.
fn column<T, P>(problem: &P, z: &P::State, lam: &P::State, (p, j): (usize, usize)) -> Result<Vec<Vec<f64>>, UserError>
where
    T: Real,
    P: SecondOrder<Parameters = Rows<T>>,
    P::State: Batch<Scalar = T>,
{
    let (samples, n) = (z.samples(), z.width());
    let slots: Vec<usize> = (0..samples).collect();
    let at = Active::new(&slots, 0, true);
    let (mut g, mut dz, mut da) = (z.zeros(samples), z.zeros(samples), Rows::new(samples, p));
    let mut unit = vec![T::default(); n];
    if j < n {
        unit[j] = <T as One>::one();
    }
    for s in 0..samples {
        dz.write(s, &unit);
        if j >= n {
            da.row_mut(s)[j - n] = <T as One>::one();
        }
    }
    problem.residual(at, z, &mut g)?;
    let mut tape = problem.tape(z);
    problem.linearize(at, z, &g, &mut tape)?;
    let along = Along { z, lam, dz: &dz, da: &da };
    let (mut by_z, mut by_a) = (z.zeros(samples), problem.zero_parameters(samples));
    problem.vjp_along(at, &tape, &along, &mut by_z)?;
    problem.param_vjp_along(at, &tape, &along, T::one(), &mut by_a)?;
    Ok(joined(&by_z, &by_a))
}

fn joined<T: Real, V: Batch<Scalar = T>>(by_z: &V, by_a: &Rows<T>) -> Vec<Vec<f64>> {
    let mut row = vec![T::default(); by_z.width()];
    let joined = (0..by_z.samples()).map(|s| {
        by_z.read(s, &mut row);
        row.iter().chain(by_a.row(s)).map(|v| v.as_f64()).collect()
    });
    joined.collect()
}
