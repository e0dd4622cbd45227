//! The pattern of a sparse Jacobian, its column colouring, and the structure of its factors.

mod colouring;
mod symbolic;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::lu::SymbolicLu;

use crate::Real;
use crate::error::Error;

use colouring::{Colouring, Compressed, group};
pub(crate) use symbolic::largest_fill;
use symbolic::{structure, symbolic};

/// Where the Jacobian J = dg/dz may differ from zero: n x n, in compressed columns, the same for every sample.
///
/// Columns that share no row have one colour, and one product J v, with v = 1 at the columns of a colour and 0 elsewhere, shows
/// them all. So J costs [`colours`](Sparsity::colours) products instead of n. The pattern must hold every entry that can
/// differ from zero anywhere; entries too many cost colours and fill. A copy is a reference.
///
/// Cost: sum_i r_i^2 operations once for rows of r_i entries, memory of some 4 indices per entry.
///
/// ```
/// use dini::problem::Sparsity;
/// assert_eq!(Sparsity::tridiagonal(1000)?.colours(), 3);
/// let arrow = Sparsity::new(3, [(0, 0), (1, 1), (2, 2), (1, 0), (2, 0)])?;
/// assert_eq!((arrow.colours(), arrow.columns(1)), (2, &[1, 2][..]));
/// # Ok::<(), dini::Error>(())
/// ```
///
/// Source: A. R. Curtis, M. J. D. Powell and J. K. Reid (1974), doi:10.1093/imamat/13.1.117; order of the columns:
/// T. F. Coleman and J. J. Moré (1983), doi:10.1137/0720013.
#[derive(Clone)]
pub struct Sparsity(Arc<Pattern>);

struct Pattern {
    /// column j: rows\[starts\[j\]..starts\[j + 1\]\], ascending
    starts: Vec<usize>,
    rows: Vec<usize>,
    colouring: Colouring,
    /// none where the diagonal is in the pattern already
    with_diagonal: OnceLock<Option<Sparsity>>,
    symbolic: OnceLock<Option<SymbolicLu<usize>>>,
}

impl fmt::Debug for Sparsity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, entries, colours) = (self.size(), self.entries(), self.colours());
        f.debug_struct("Sparsity").field("n", &n).field("entries", &entries).field("colours", &colours).finish()
    }
}

impl PartialEq for Sparsity {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || (self.0.starts == other.0.starts && self.0.rows == other.0.rows)
    }
}

impl Sparsity {
    /// From entries (row, column) in any order; one that is repeated counts once.
    ///
    /// # Errors
    /// [`Error::Empty`] for n = 0, [`Error::Shape`] for an entry outside the matrix.
    pub fn new(n: usize, entries: impl IntoIterator<Item = (usize, usize)>) -> Result<Self, Error> {
        let pairs: Vec<(usize, usize)> = entries.into_iter().map(|(row, column)| (column, row)).collect();
        if n == 0 {
            return Err(Error::Empty { what: WHAT });
        }
        if let Some(&(column, row)) = pairs.iter().find(|&&(column, row)| column >= n || row >= n) {
            return Err(malformed(format!("row and column below {n}"), format!("({row}, {column})")));
        }
        Ok(Self::sorted(n, pairs))
    }

    /// From compressed columns: the rows of column j are `rows[starts[j]..starts[j + 1]]`, strictly ascending.
    ///
    /// # Errors
    /// [`Error::Empty`] for n = 0, [`Error::Shape`] where `starts` is not such an index or a column not strictly ascending
    /// below n.
    pub fn from_columns(starts: Vec<usize>, rows: Vec<usize>) -> Result<Self, Error> {
        let n = starts.len().saturating_sub(1);
        if n == 0 {
            return Err(Error::Empty { what: WHAT });
        }
        if starts[0] != 0 || starts[n] != rows.len() || !starts.is_sorted() {
            let expected = format!("starts ascending from 0 to {}", rows.len());
            return Err(malformed(expected, format!("{} to {}", starts[0], starts[n])));
        }
        for (j, range) in starts.windows(2).enumerate() {
            let column = &rows[range[0]..range[1]];
            if !column.windows(2).all(|pair| pair[0] < pair[1]) || column.last().is_some_and(|&i| i >= n) {
                return Err(malformed(format!("strictly ascending rows below {n}"), format!("column {j}: {column:?}")));
            }
        }
        Ok(Self::build(starts, rows))
    }

    /// Entry (i, j) for j - `upper` <= i <= j + `lower`: lower + upper + 1 colours.
    ///
    /// # Errors
    /// [`Error::Empty`] for n = 0.
    pub fn banded(n: usize, lower: usize, upper: usize) -> Result<Self, Error> {
        let column = |j: usize| j.saturating_sub(upper)..j.saturating_add(lower).saturating_add(1).min(n);
        Self::new(n, (0..n).flat_map(|j| column(j).map(move |i| (i, j))))
    }

    /// The diagonal and its two neighbours: 3 colours.
    ///
    /// # Errors
    /// [`Error::Empty`] for n = 0.
    pub fn tridiagonal(n: usize) -> Result<Self, Error> {
        Self::banded(n, 1, 1)
    }

    /// The entries of a column-major n x n Jacobian that are not zero. An entry that happens to vanish at this point is
    /// missed, so take the union of several points, or a point in general position.
    ///
    /// # Errors
    /// [`Error::Empty`] for n = 0, [`Error::Shape`] where there are not n^2 numbers.
    pub fn nonzeros<T: Real>(n: usize, jacobian: &[T]) -> Result<Self, Error> {
        if n.checked_mul(n) != Some(jacobian.len()) {
            return Err(malformed(format!("{n} x {n} numbers"), format!("{} numbers", jacobian.len())));
        }
        let nonzero = jacobian.iter().enumerate().filter(|(_, v)| **v != T::zero());
        Self::new(n, nonzero.map(|(at, _)| (at % n, at / n)))
    }

    /// No entry at all.
    pub(crate) fn empty(n: usize) -> Self {
        Self::build(vec![0; n + 1], Vec::new())
    }

    /// From pairs (column, row) within the matrix.
    fn sorted(n: usize, mut pairs: Vec<(usize, usize)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let (starts, rows) = group(n, pairs.iter().map(|&(column, row)| (row, column)));
        Self::build(starts, rows)
    }

    fn build(starts: Vec<usize>, rows: Vec<usize>) -> Self {
        let n = starts.len() - 1;
        let columns = Compressed { starts: &starts, indices: &rows };
        let entries = (0..n).flat_map(|j| columns.of(j).iter().map(move |&i| (j, i)));
        let (row_starts, row_columns) = group(n, entries);
        let colouring = Colouring::new(columns, Compressed { starts: &row_starts, indices: &row_columns });
        let (with_diagonal, symbolic) = (OnceLock::new(), OnceLock::new());
        Sparsity(Arc::new(Pattern { starts, rows, colouring, with_diagonal, symbolic }))
    }

    /// Number of unknowns n.
    pub fn size(&self) -> usize {
        self.0.starts.len() - 1
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.0.rows.len()
    }

    /// The rows of column `j`, ascending.
    pub fn rows(&self, j: usize) -> &[usize] {
        &self.0.rows[self.column(j)]
    }

    /// Where the numbers of column `j` are among those of a matrix with this pattern.
    pub fn column(&self, j: usize) -> Range<usize> {
        self.0.starts[j]..self.0.starts[j + 1]
    }

    /// Number of products J v that show the whole Jacobian.
    pub fn colours(&self) -> usize {
        self.0.colouring.len()
    }

    /// The columns of one colour, ascending; no two of them share a row.
    pub fn columns(&self, colour: usize) -> &[usize] {
        self.0.colouring.columns(colour)
    }

    /// seed <- 1 at the columns of `colour`, 0 elsewhere.
    pub fn seed<T: Real>(&self, colour: usize, seed: &mut [T]) {
        seed.fill(T::zero());
        self.columns(colour).iter().for_each(|&j| seed[j] = T::one());
    }

    /// Takes the columns of `colour` out of `product`, the product of a matrix with the seed of that colour.
    pub fn unpack<T: Real>(&self, colour: usize, product: &[T], values: &mut [T]) {
        for &j in self.columns(colour) {
            let column = self.column(j);
            values[column].iter_mut().zip(self.rows(j)).for_each(|(value, &i)| *value = product[i]);
        }
    }

    /// Writes the matrix of these values, n x n and column-major.
    pub fn spread<T: Real>(&self, values: &[T], matrix: &mut [T]) {
        matrix.fill(T::zero());
        for (j, column) in matrix.chunks_exact_mut(self.size()).enumerate() {
            values[self.column(j)].iter().zip(self.rows(j)).for_each(|(&value, &i)| column[i] = value);
        }
    }

    /// out <- A v for the matrix of these values.
    pub fn multiply<T: Real>(&self, values: &[T], v: &[T], out: &mut [T]) {
        out.fill(T::zero());
        for (j, &v) in v.iter().enumerate() {
            values[self.column(j)].iter().zip(self.rows(j)).for_each(|(&a, &i)| out[i] += a * v);
        }
    }

    /// out <- A^T u for the matrix of these values.
    pub fn multiply_transpose<T: Real>(&self, values: &[T], u: &[T], out: &mut [T]) {
        for (j, out) in out.iter_mut().enumerate() {
            let terms = values[self.column(j)].iter().zip(self.rows(j));
            *out = terms.fold(T::zero(), |sum, (&a, &i)| sum + a * u[i]);
        }
    }

    /// This pattern and the diagonal: that of I - A, or of A + s I. Made once.
    pub fn with_diagonal(&self) -> &Sparsity {
        let wider = self.0.with_diagonal.get_or_init(|| {
            let n = self.size();
            let complete = (0..n).all(|j| self.rows(j).binary_search(&j).is_ok());
            let column = |j: usize| self.rows(j).iter().copied().chain([j]).map(move |i| (j, i));
            (!complete).then(|| Self::sorted(n, (0..n).flat_map(column).collect()))
        });
        wider.as_ref().unwrap_or(self)
    }

    /// The symbolic factorisation, made once; none where every matrix of this pattern is singular.
    pub(crate) fn symbolic(&self) -> Option<&SymbolicLu<usize>> {
        let Pattern { starts, rows, symbolic: made, .. } = &*self.0;
        made.get_or_init(|| symbolic(starts, rows)).as_ref()
    }

    /// The compressed columns.
    pub(crate) fn structure(&self) -> SymbolicSparseColMatRef<'_, usize> {
        structure(&self.0.starts, &self.0.rows)
    }
}

const WHAT: &str = "the sparsity pattern";

fn malformed(expected: String, found: String) -> Error {
    Error::Shape { what: WHAT, expected, found }
}

/// A vector in general position: no two components are equal, so that a sum of entries in the wrong columns shows.
pub(crate) fn direction<T: Real>(n: usize) -> Vec<T> {
    // the fractional parts of multiples of an irrational number do not repeat
    (0..n).map(|j| T::of(0.5 + ((j + 1) as f64 * std::f64::consts::SQRT_2).fract())).collect()
}

/// Whether `product`, found without the pattern, is A v for the matrix of these values, row by row and to eps^(1/3) of
/// |A| |v|, which leaves room for products by differences. A product that is not finite proves nothing.
pub(crate) fn covers<T: Real>(sparsity: &Sparsity, values: &[T], v: &[T], product: &[T]) -> bool {
    let n = sparsity.size();
    crate::kernels::scratch::with(2 * n, |numbers| {
        numbers.fill(T::zero());
        let (sums, sizes) = numbers.split_at_mut(n);
        for (j, &v) in v.iter().enumerate() {
            for (&a, &i) in values[sparsity.column(j)].iter().zip(sparsity.rows(j)) {
                sums[i] += a * v;
                sizes[i] += (a * v).abs();
            }
        }
        let tolerance = T::epsilon().cbrt();
        let floor = tolerance * tolerance * sizes.iter().fold(T::zero(), |max, size| max.max(*size));
        !(0..n).any(|i| (product[i] - sums[i]).abs() > tolerance * sizes[i] + floor)
    })
}
