//! What is traced: an equation that depends on one parameter.

use crate::problem::{Eval, Sparsity};

/// A square system g(z; a) = 0 along one parameter a, in f64.
///
/// A [`Model`](crate::Model) is one by [`System::family`](crate::model::System::family); others state it themselves:
///
/// ```
/// use dini::continuation::{Family, Options, trace};
/// use dini::problem::Eval;
/// /// z^2 + a^2 = 1
/// struct Circle;
/// impl Family for Circle {
///     fn unknowns(&self) -> usize { 1 }
///     fn residual(&self, z: &[f64], a: f64, g: &mut [f64]) -> Eval { g[0] = z[0] * z[0] + a * a - 1.0; Ok(()) }
///     fn slopes(&self, z: &[f64], a: f64, j: &mut [f64], by_a: &mut [f64]) -> Eval {
///         (j[0], by_a[0]) = (2.0 * z[0], 2.0 * a);
///         Ok(())
///     }
/// }
/// let branch = trace(&Circle, (&[1.0], 0.0), -2.0..=2.0, &Options::default())?;
/// let folds: Vec<f64> = branch.folds().map(|fold| fold.a).collect();
/// assert!(branch.is_closed() && folds.len() == 2 && folds.iter().all(|a| (a.abs() - 1.0).abs() < 1e-10));
/// # Ok::<(), dini::Error>(())
/// ```
pub trait Family: Sync {
    /// Number n of unknowns and of equations.
    fn unknowns(&self) -> usize;

    /// Where dg/dz may differ from 0, if that is known; from 65 unknowns on it is used.
    fn pattern(&self) -> Option<&Sparsity> {
        None
    }

    /// g <- g(z; a); NaN where it is undefined.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn residual(&self, z: &[f64], a: f64, g: &mut [f64]) -> Eval;

    /// The entries of dg/dz, those of the pattern in its order or all n^2 column by column, and dg/da.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn slopes(&self, z: &[f64], a: f64, by_unknowns: &mut [f64], by_parameter: &mut [f64]) -> Eval;

    /// Second derivatives of h = lam^T g along (dz, da): the n numbers h_zz dz + h_za da and, after them, h_az dz + h_aa da. They locate
    /// folds and branch points.
    ///
    /// By default central differences of [`slopes`](Family::slopes) over 6e-6 of the direction, which comes in the size that the
    /// unknowns and the range of a have: two evaluations, accurate to about 1e-10 of that size.
    ///
    /// # Errors
    /// A fatal error of the user's own.
    fn second(&self, z: &[f64], a: f64, lam: &[f64], (dz, da): (&[f64], f64), out: &mut [f64]) -> Eval {
        let n = self.unknowns();
        let pattern = self.pattern();
        let (mut entries, mut column) = (vec![0.0; pattern.map_or(n * n, Sparsity::entries)], vec![0.0; n]);
        out.fill(0.0);
        for side in [1.0, -1.0] {
            let step = side * DISTANCE;
            let moved: Vec<f64> = z.iter().zip(dz).map(|(z, d)| z + step * d).collect();
            self.slopes(&moved, a + step * da, &mut entries, &mut column)?;
            for (j, out) in out[..n].iter_mut().enumerate() {
                let product: f64 = match pattern {
                    Some(pattern) => {
                        entries[pattern.column(j)].iter().zip(pattern.rows(j)).map(|(v, &i)| v * lam[i]).sum()
                    }
                    None => entries[j * n..(j + 1) * n].iter().zip(lam).map(|(v, lam)| v * lam).sum(),
                };
                *out += product / (2.0 * step);
            }
            out[n] += column.iter().zip(lam).map(|(v, lam)| v * lam).sum::<f64>() / (2.0 * step);
        }
        Ok(())
    }
}

/// Distance of the differences: the cube root of the rounding unit.
const DISTANCE: f64 = 6e-6;
