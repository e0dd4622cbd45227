//! Sparse Jacobians of a residual-only problem by coloured central differences.

use super::difference::{shift, width};
use super::*;
use crate::Real;
use crate::batch::{Batch, Keep, Rows};

/// Gives a problem without derivatives a sparse Jacobian by central differences, all columns of a colour at once.
///
/// As [`Differences`], with 2 residuals a colour instead of 2 n a linearisation, and memory for the entries of the pattern
/// instead of n^2. The products are those of the differences, so an entry that the pattern misses is missed by every
/// solver and derivative, or worse, added to another one: [`check`](ColouredDifferences::check) the pattern once.
/// Derivatives by parameters are not available.
///
/// ```
/// use dini::problem::{Active, ColouredDifferences, Eval, Problem, Sparsity};
/// use dini::solve::{SparseNewton, solve};
/// use dini::{Error, Options, Rows};
/// /// Every unknown, cubed, is the mean of its neighbours and 1.
/// struct Chain;
/// impl Problem for Chain {
///     type State = Rows<f64>;
///     fn validate(&self, _: &Rows<f64>) -> Result<(), Error> { Ok(()) }
///     fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
///         for s in 0..at.len() {
///             let (z, out) = (z.row(s), out.row_mut(s));
///             let neighbour = |i: usize| z.get(i).copied().unwrap_or(1.0);
///             for i in 0..z.len() {
///                 out[i] = z[i].powi(3) - (neighbour(i.wrapping_sub(1)) + neighbour(i + 1) + 1.0) / 3.0;
///             }
///         }
///         Ok(())
///     }
/// }
/// let chain = ColouredDifferences { problem: Chain, sparsity: Sparsity::tridiagonal(1000)? };
/// let start = Rows::from_vec(1, 1000, vec![2.0; 1000])?;
/// chain.check(&start)?;
/// let solution = solve(&chain, &start, &SparseNewton::default(), &Options::default())?;
/// assert!(solution.converged()?.row(0).iter().all(|z| (z - 1.0).abs() < 1e-4));
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: A. R. Curtis, M. J. D. Powell and J. K. Reid (1974), doi:10.1093/imamat/13.1.117.
#[derive(Clone, Debug)]
pub struct ColouredDifferences<P> {
    /// The problem.
    pub problem: P,
    /// The pattern of its Jacobian.
    pub sparsity: Sparsity,
}

/// Sparse Jacobians and the scratch to form them.
#[derive(Clone, Debug)]
pub struct ColouredTape<T> {
    slots: usize,
    /// slot s: the numbers of the pattern
    values: Vec<T>,
    shifted: Rows<T>,
    above: Rows<T>,
    below: Rows<T>,
}

impl<T: Real> ColouredTape<T> {
    fn values(&self, sparsity: &Sparsity, slot: usize) -> &[T] {
        let entries = sparsity.entries();
        &self.values[slot * entries..(slot + 1) * entries]
    }
}

impl<T: Real, P: Problem<State = Rows<T>>> ColouredDifferences<P> {
    /// Whether the pattern holds every entry of the Jacobian at `z`: compares J v with a difference along v, for one v in
    /// general position. Costs 2 residuals a colour and 2 more for every sample. A kink of g at `z` looks like a missing
    /// entry.
    ///
    /// # Errors
    /// [`Error::IncompleteSparsity`] naming the first sample; what is wrong with `z`; a fatal error of the problem.
    pub fn check(&self, z: &Rows<T>) -> Result<(), Error> {
        self.validate(z)?;
        let slots: Vec<usize> = (0..z.samples()).collect();
        let at = Active::new(&slots, 0, true);
        let mut tape = self.tape(z);
        self.linearize(at, z, z, &mut tape).map_err(Error::User)?;
        let (direction, ColouredTape { shifted, above, below, .. }) = (direction::<T>(z.width()), &mut tape);
        let h = |row: &[T]| row.iter().fold(T::one(), |max, v| max.max(v.abs())) * T::epsilon().cbrt();
        for (sign, out) in [(T::one(), &mut *above), (-T::one(), &mut *below)] {
            for s in slots.iter().copied() {
                let h = sign * h(z.row(s));
                let points = z.row(s).iter().zip(&direction).map(|(&z, &v)| z + h * v);
                shifted.row_mut(s).iter_mut().zip(points).for_each(|(shifted, point)| *shifted = point);
            }
            self.problem.residual(at, shifted, out).map_err(Error::User)?;
        }
        for sample in slots.iter().copied() {
            let width = (T::one() + T::one()) * h(z.row(sample));
            above.row_mut(sample).iter_mut().zip(below.row(sample)).for_each(|(a, &b)| *a = (*a - b) / width);
        }
        let complete =
            |s: &usize| covers(&self.sparsity, tape.values(&self.sparsity, *s), &direction, tape.above.row(*s));
        slots.iter().copied().find(|s| !complete(s)).map_or(Ok(()), |sample| Err(Error::IncompleteSparsity { sample }))
    }
}

impl<T: Real, P: Problem<State = Rows<T>>> Problem for ColouredDifferences<P> {
    type State = Rows<T>;

    fn validate(&self, z: &Rows<T>) -> Result<(), Error> {
        check_size(&self.sparsity, z)?;
        self.problem.validate(z)
    }

    fn residual_scale(&self) -> ResidualScale {
        self.problem.residual_scale()
    }

    fn residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.problem.residual(at, z, out)
    }
}

impl<T: Real, P: Problem<State = Rows<T>>> Linearize for ColouredDifferences<P> {
    type Tape = ColouredTape<T>;

    fn tape(&self, like: &Rows<T>) -> ColouredTape<T> {
        let (slots, rows) = (like.samples(), || Batch::zeros(like, like.samples()));
        let values = vec![T::zero(); slots * self.sparsity.entries()];
        ColouredTape { slots, values, shifted: rows(), above: rows(), below: rows() }
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<T>, _: &Rows<T>, tape: &mut ColouredTape<T>) -> Eval {
        let (sparsity, ColouredTape { slots, values, shifted, above, below }) = (&self.sparsity, tape);
        // a tape that is reused may have been another pattern's
        values.resize(*slots * sparsity.entries(), T::zero());
        for rows in [&mut *shifted, above, below] {
            rows.reset(at.len());
        }
        shifted.copy_from(z);
        for colour in 0..sparsity.colours() {
            let columns = sparsity.columns(colour);
            for (sign, out) in [(T::one(), &mut *above), (-T::one(), &mut *below)] {
                for i in 0..at.len() {
                    let (z, shifted) = (z.row(i), shifted.row_mut(i));
                    columns.iter().for_each(|&j| shifted[j] = shift(z[j], sign));
                }
                self.problem.residual(at, shifted, out)?;
            }
            for i in 0..at.len() {
                let values = &mut values[at.slot(i) * sparsity.entries()..][..sparsity.entries()];
                let (z, above, below) = (z.row(i), above.row(i), below.row(i));
                for &j in columns {
                    let entries = values[sparsity.column(j)].iter_mut().zip(sparsity.rows(j));
                    entries.for_each(|(value, &row)| *value = (above[row] - below[row]) / width(z[j]));
                    shifted.row_mut(i)[j] = z[j];
                }
            }
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &ColouredTape<T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply(tape.values(&self.sparsity, at.slot(i)), v.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &ColouredTape<T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        for i in 0..at.len() {
            self.sparsity.multiply_transpose(tape.values(&self.sparsity, at.slot(i)), u.row(i), out.row_mut(i));
        }
        Ok(())
    }

    fn jacobian(&self, slot: usize, tape: &ColouredTape<T>, out: &mut [T]) -> bool {
        let (sparsity, values) = (&self.sparsity, tape.values(&self.sparsity, slot));
        out.fill(T::zero());
        for (j, column) in out.chunks_exact_mut(sparsity.size()).enumerate() {
            values[sparsity.column(j)].iter().zip(sparsity.rows(j)).for_each(|(&value, &i)| column[i] = value);
        }
        true
    }

    fn sparse_jacobian(&self, slot: usize, tape: &ColouredTape<T>, out: &mut [T]) -> bool {
        out.copy_from_slice(tape.values(&self.sparsity, slot));
        true
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        Some(&self.sparsity)
    }
}
