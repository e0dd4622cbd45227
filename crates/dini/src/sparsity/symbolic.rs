//! The order of elimination of sparse matrices and the structure of their factors.

use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::lu::{SymbolicLu, factorize_symbolic_lu};
use faer::sparse::linalg::qr::factorize_symbolic_qr;

use super::Sparsity;

/// The order of elimination and the structure of the factors of every matrix of one pattern; none where a row or a column is empty, so
/// that every such matrix is singular, or where memory ran out.
pub(super) fn symbolic(starts: &[usize], rows: &[usize]) -> Option<SymbolicLu<usize>> {
    let n = starts.len() - 1;
    let mut met = vec![false; n];
    rows.iter().for_each(|&i| met[i] = true);
    if met.contains(&false) || starts.windows(2).any(|range| range[0] == range[1]) {
        return None;
    }
    factorize_symbolic_lu(structure(starts, rows), Default::default()).ok()
}

/// Most entries that the factors of a matrix of this pattern can have, whichever rows are exchanged: those of its orthogonal factors
/// with the same order of the columns, or n^2.
///
/// Source: A. George and E. Ng (1987), doi:10.1137/0908072.
pub(crate) fn largest_fill(sparsity: &Sparsity) -> usize {
    let n = sparsity.size();
    let square = n.saturating_mul(n);
    let symbolic = factorize_symbolic_qr(sparsity.structure(), Default::default());
    symbolic.map_or(square, |symbolic| symbolic.len_val().min(square))
}

/// Compressed columns as faer reads them.
pub(super) fn structure<'a>(starts: &'a [usize], rows: &'a [usize]) -> SymbolicSparseColMatRef<'a, usize> {
    let n = starts.len() - 1;
    SymbolicSparseColMatRef::new_checked(n, n, starts, None, rows)
}
