//! Whether the derivatives that a problem states are those of its residual.
//!
//! `state.rs` compares dg/dz, `parameters.rs` dg/da, `second.rs` second derivatives, `passes.rs` block Gauss-Seidel passes.

mod parameters;
mod passes;
mod second;
mod state;

use std::fmt;

pub use parameters::check_parameters;
pub use second::check_second;

use crate::batch::{Batch, pick};
use crate::error::Error;
use crate::problem::Linearize;

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
    /// A block Gauss-Seidel pass that moves nothing must measure the residual, and one that moves say by how much.
    Pass {
        /// Which pass.
        what: &'static str,
        /// The sample.
        sample: usize,
        /// The component in which it is most wrong.
        component: usize,
        /// What it gives.
        stated: f64,
        /// What it must give.
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
            Mistake::Pass { what, sample, component, stated, found } => {
                write!(f, "{what} of sample {sample}: component {component} is {stated:.6e}, it must be {found:.6e}")
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

/// Compares J v, J^T u, the direct Jacobian, the sparsity pattern and the Gauss-Seidel passes of `problem` with central differences of its residual at
/// `z` (B x n, any point where g is smooth), entry by entry. An empty list means that no mistake was found.
///
/// For tests and for the first hour with a new problem: n + 2 n evaluations and 2 n products a sample. Only differences of
/// g are believed; their error is of the order of the cube root of rounding, so an entry smaller than that beside others of its
/// row is not seen.
///
/// ```
/// use dini::{Model, Rows, check};
/// // x^2 + 3 y, x y^2, with a factor 2 forgotten
/// let g = |z: &[f64], _: &[f64], g: &mut [f64]| (g[0], g[1]) = (z[0] * z[0] + 3.0 * z[1], z[0] * z[1] * z[1]);
/// let model = Model::equation_on_slices(g)
///     .jacobian(|z, _, j| j.copy_from_slice(&[2.0 * z[0], z[1] * z[1], 3.0, z[0] * z[1]]));
/// let mistakes = check(&model.system(2)?, &Rows::from_vec(1, 2, vec![1.5, 0.7])?)?; // for one sample model.check(z)
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
        let point = pick(z, &[sample]);
        state::check(problem, &point, sample, &mut mistakes).map_err(Error::User)?;
        if let Some(offered) = problem.capabilities().passes {
            passes::check(problem, offered, &point, sample, &mut mistakes).map_err(Error::User)?;
        }
    }
    Ok(mistakes)
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
