//! Whether the derivatives that a problem states are those of its residual.

use std::fmt;

use num_traits::{Float, One};

use crate::batch::{Batch, Rows, pick};
use crate::error::Error;
use crate::problem::{Active, Linearize, ParamJvp, ParamVjp, Scalar};
use crate::solve::Evaluator;
use crate::{Real, UserError};

/// Disagreement from which an entry is wrong, in units of the cube root of rounding and of the largest entry of its row.
const TOLERANCE: f64 = 100.0;

/// What is wrong with the derivatives of a problem.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Mistake {
    /// The matrix that a product gives is the transpose of the derivative: rows and columns have been exchanged.
    Transposed {
        /// Which product.
        what: &'static str,
        /// The sample.
        sample: usize,
    },
    /// Entries of a derivative, all of them off by the same factor (-1 is a wrong sign), or each by its own.
    Entry {
        /// Which product.
        what: &'static str,
        /// The sample.
        sample: usize,
        /// Equation i and unknown or parameter j of the worst entry.
        entry: (usize, usize),
        /// What is stated there.
        stated: f64,
        /// What differences of the residual give.
        found: f64,
        /// Number of wrong entries.
        count: usize,
        /// stated / found, where that is the same for all of them.
        factor: Option<f64>,
    },
    /// An entry that differs from zero where the sparsity pattern says it is zero.
    OutsidePattern {
        /// The sample.
        sample: usize,
        /// Equation i and unknown j.
        entry: (usize, usize),
        /// What differences of the residual give.
        found: f64,
    },
    /// The residual is not finite at or around the point of the check.
    Undefined {
        /// The sample.
        sample: usize,
        /// The first such equation.
        equation: usize,
    },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mistake::Transposed { what, sample } => {
                write!(f, "{what} of sample {sample} is that of the transposed matrix: rows and columns are exchanged")
            }
            Mistake::Entry { what, sample, entry: (i, j), stated, found, count, factor } => {
                write!(
                    f,
                    "{what} of sample {sample}: entry ({i}, {j}) is {stated:.6e}, differences of g give {found:.6e}"
                )?;
                match factor {
                    Some(factor) if (factor + 1.0).abs() < 1e-3 => f.write_str("; the sign is wrong")?,
                    Some(factor) => write!(f, "; a factor of {factor:.4} too much")?,
                    None => {}
                }
                if *count > 1 { write!(f, " ({count} entries are wrong)") } else { Ok(()) }
            }
            Mistake::OutsidePattern { sample, entry: (i, j), found } => {
                write!(f, "sample {sample}: entry ({i}, {j}) is {found:.6e}, but the sparsity pattern says it is zero")
            }
            Mistake::Undefined { sample, equation } => {
                write!(
                    f,
                    "sample {sample}: equation {equation} is not finite around this point, so nothing can be said"
                )
            }
        }
    }
}

/// Compares J v, J^T u, the direct Jacobian and the sparsity pattern of `problem` with central differences of its residual at
/// `z` (B x n, any point where g is smooth), entry by entry. An empty list means that no mistake was found.
///
/// For tests and for the first hour with a new problem: n + 2 n evaluations and 2 n products a sample. Only differences of
/// g are believed; their error is of the order of the cube root of rounding, so an entry smaller than that beside others of its
/// row is not seen.
///
/// ```
/// use dini::{Rows, check, problem::Closure};
/// // x^2 + 3 y, x y^2, with a factor 2 forgotten
/// let problem = Closure::new(
///     2,
///     |_, z: &[f64], g: &mut [f64]| (g[0], g[1]) = (z[0] * z[0] + 3.0 * z[1], z[0] * z[1] * z[1]),
///     |_, z, j| j.copy_from_slice(&[2.0 * z[0], z[1] * z[1], 3.0, z[0] * z[1]]),
/// );
/// let mistakes = check(&problem, &Rows::from_vec(1, 2, vec![1.5, 0.7])?)?;
/// assert!(mistakes[0].to_string().contains("entry (1, 1)"), "{}", mistakes[0]);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// What the problem refuses of `z`, or a fatal error of its own.
pub fn check<P: Linearize>(problem: &P, z: &P::State) -> Result<Vec<Mistake>, Error> {
    problem.validate(z)?;
    let mut mistakes = Vec::new();
    for sample in 0..z.samples() {
        sample_of(problem, &pick(z, &[sample]), sample, &mut mistakes).map_err(Error::User)?;
    }
    Ok(mistakes)
}

/// The same for dg/da, in both directions: `build` makes the problem at parameters `a` (B x p), whose gradients and directions are
/// rows of p numbers, too.
///
/// ```
/// use dini::{Rows, check_parameters, problem::Closure};
/// // z^2 = a, with the wrong sign
/// let build = |a: &Rows<f64>| {
///     let a = a.clone();
///     Closure::new(1, move |s, z: &[f64], g| g[0] = z[0] * z[0] - a.row(s)[0], |_, z, j| j[0] = 2.0 * z[0])
///         .parameters(1, |_, _, d| d[0] = 1.0)
/// };
/// let one = Rows::from_vec(1, 1, vec![1.0])?;
/// let mistakes = check_parameters(build, &one, &one)?;
/// assert!(mistakes[0].to_string().contains("the sign is wrong"), "{}", mistakes[0]);
/// # Ok::<(), dini::Error>(())
/// ```
///
/// # Errors
/// As [`check`].
pub fn check_parameters<T, P>(build: impl Fn(&Rows<T>) -> P, a: &Rows<T>, z: &P::State) -> Result<Vec<Mistake>, Error>
where
    T: Real,
    P: ParamVjp<Parameters = Rows<T>> + ParamJvp,
    P::State: Batch<Scalar = T>,
{
    let problem = build(a);
    problem.validate(z)?;
    problem.check_parameters(z.samples(), a)?;
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

fn sample_of<P: Linearize>(
    problem: &P,
    z: &P::State,
    sample: usize,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), UserError> {
    let (slots, n) = ([0], z.width());
    let eval = Evaluator::new(problem, Active::new(&slots, sample, true));
    let mut g = z.zeros(1);
    eval.residual(z, &mut g)?;
    let mut tape = problem.tape(z);
    eval.linearize(z, &g, &mut tape)?;
    let mut row = vec![Scalar::<P>::default(); n];
    z.read(0, &mut row);
    let point: Vec<f64> = row.iter().map(|v| v.as_f64()).collect();
    let epsilon = <Scalar<P> as Float>::epsilon().as_f64();
    let largest = point.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    let (mut found, mut forward, mut backward) = (vec![0.0; n * n], vec![0.0; n * n], vec![0.0; n * n]);
    let (mut moved, mut there) = (z.clone(), z.zeros(1));
    let mut at = |point: &[f64], j: usize, h: f64, out: &mut [f64]| -> Result<f64, UserError> {
        let mut numbers: Vec<Scalar<P>> = point.iter().map(|v| Scalar::<P>::of(*v)).collect();
        numbers[j] = Scalar::<P>::of(point[j] + h);
        moved.write(0, &numbers);
        eval.residual(&moved, &mut there)?;
        let length = numbers[j].as_f64() - point[j];
        there.read(0, &mut numbers);
        out.iter_mut().zip(&numbers).for_each(|(out, v)| *out = v.as_f64());
        Ok(length)
    };
    let (mut above, mut below) = (vec![0.0; n], vec![0.0; n]);
    for j in 0..n {
        let scale = if point[j] != 0.0 { point[j].abs() } else { largest.max(f64::from(u8::from(largest == 0.0))) };
        let h = epsilon.cbrt() * scale;
        let length = at(&point, j, h, &mut above)? - at(&point, j, -h, &mut below)?;
        (0..n).for_each(|i| found[j * n + i] = (above[i] - below[i]) / length);
    }
    if let Some(k) = found.iter().position(|v| !v.is_finite()) {
        mistakes.push(Mistake::Undefined { sample, equation: k % n });
        return Ok(());
    }
    let (mut unit, mut product) = (z.zeros(1), z.zeros(1));
    for j in 0..n {
        row.fill(Scalar::<P>::default());
        row[j] = Scalar::<P>::one();
        unit.write(0, &row);
        eval.jvp(&tape, &unit, &mut product)?;
        product.read(0, &mut row);
        (0..n).for_each(|i| forward[j * n + i] = row[i].as_f64());
        eval.vjp(&tape, &unit, &mut product)?;
        product.read(0, &mut row);
        (0..n).for_each(|i| backward[i * n + j] = row[i].as_f64());
    }
    let mut direct = vec![Scalar::<P>::default(); n * n];
    mistakes.extend(compare("J v", sample, n, (&forward, &found), epsilon));
    mistakes.extend(compare("J^T u", sample, n, (&backward, &found), epsilon));
    if problem.jacobian(0, &tape, &mut direct) {
        let direct: Vec<f64> = direct.iter().map(|v| v.as_f64()).collect();
        mistakes.extend(compare("the Jacobian", sample, n, (&direct, &found), epsilon));
    }
    if let Some(sparsity) = problem.sparsity() {
        // entries that no direction of the pattern can show
        let covered = |i: usize, j: usize| sparsity.rows(j).contains(&i);
        let size = |i: usize| (0..n).map(|j| found[j * n + i].abs()).fold(0.0, f64::max);
        let outside = (0..n * n).find(|&k| {
            let (i, j) = (k % n, k / n);
            !covered(i, j) && found[k].abs() > TOLERANCE * epsilon.cbrt() * size(i)
        });
        if let Some(k) = outside {
            mistakes.push(Mistake::OutsidePattern { sample, entry: (k % n, k / n), found: found[k] });
        }
    }
    Ok(())
}

/// What is wrong with a matrix of n rows, column-major.
fn compare(
    what: &'static str,
    sample: usize,
    n: usize,
    (stated, found): (&[f64], &[f64]),
    epsilon: f64,
) -> Option<Mistake> {
    let columns = found.len() / n;
    let tolerance = TOLERANCE * epsilon.cbrt();
    let size = |i: usize| (0..columns).map(|j| found[j * n + i].abs().max(stated[j * n + i].abs())).fold(0.0, f64::max);
    let off = |stated: &[f64], k: usize| {
        let gap = (stated[k] - found[k]).abs();
        gap.is_nan() || gap > tolerance * size(k % n)
    };
    let wrong: Vec<usize> = (0..found.len()).filter(|&k| off(stated, k)).collect();
    let ratio = |k: usize| (stated[k] - found[k]).abs() / size(k % n);
    let worst = wrong.iter().copied().max_by(|&a, &b| ratio(a).total_cmp(&ratio(b)))?;
    let transposed = || -> Vec<f64> { (0..n * n).map(|k| stated[(k % n) * n + k / n]).collect() };
    if columns == n && n > 1 {
        let turned = transposed();
        if (0..n * n).all(|k| !off(&turned, k)) {
            return Some(Mistake::Transposed { what, sample });
        }
    }
    let factor = stated[worst] / found[worst];
    let same =
        factor.is_finite() && wrong.iter().all(|&k| (stated[k] - factor * found[k]).abs() <= tolerance * size(k % n));
    Some(Mistake::Entry {
        what,
        sample,
        entry: (worst % n, worst / n),
        stated: stated[worst],
        found: found[worst],
        count: wrong.len(),
        factor: same.then_some(factor),
    })
}
