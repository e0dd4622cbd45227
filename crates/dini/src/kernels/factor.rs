//! What faer does for the library at either scalar: factorisations and a large product. Its types and traits stay below this one.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::linalg::matmul::matmul;
use faer::sparse::linalg::lu::{LuRef, NumericLu, SymbolicLu};
use faer::sparse::{SparseColMatRef, SymbolicSparseColMatRef};
use faer::{Accum, Conj, MatMut, MatRef, Par};

/// Scalars for which faer factors matrices.
pub trait Factor: Sized {
    /// Scratch memory of [`lu`](Factor::lu) for matrices of size n.
    fn lu_memory(n: usize) -> MemBuffer;
    /// P A = L U in place, column-major, with the permutation of the rows and its inverse.
    fn lu(a: &mut [Self], permutation: (&mut [usize], &mut [usize]), memory: &mut MemBuffer);
    /// Scratch memory of [`sparse_lu`](Factor::sparse_lu) and [`sparse_solve`](Factor::sparse_solve).
    fn sparse_memory(symbolic: &SymbolicLu<usize>) -> MemBuffer;
    /// P A Q = L U of a sparse matrix; whether that went to its end.
    fn sparse_lu(
        symbolic: &SymbolicLu<usize>,
        pattern: SymbolicSparseColMatRef<'_, usize>,
        values: &[Self],
        factors: &mut NumericLu<usize, Self>,
        memory: &mut MemBuffer,
    ) -> bool;
    /// x <- A^-1 x, or A^-T x.
    fn sparse_solve(
        symbolic: &SymbolicLu<usize>,
        factors: &NumericLu<usize, Self>,
        x: &mut [Self],
        transposed: bool,
        memory: &mut MemBuffer,
    );
    /// a <- a + u^T z, with u B x m and z B x n row-major, on one thread or on all.
    fn add_product(a: &mut [Self], u: &[Self], z: &[Self], size: (usize, usize), parallel: bool);
}

macro_rules! factor {
    ($($t:ty),*) => { $(
        impl Factor for $t {
            fn lu_memory(n: usize) -> MemBuffer {
                MemBuffer::new(lu_in_place_scratch::<usize, $t>(n, n, Par::Seq, Default::default()))
            }

            fn lu(a: &mut [$t], (forward, inverse): (&mut [usize], &mut [usize]), memory: &mut MemBuffer) {
                let n = forward.len();
                let a = MatMut::from_column_major_slice_mut(a, n, n);
                lu_in_place(a, forward, inverse, Par::Seq, MemStack::new(memory), Default::default());
            }

            fn sparse_memory(symbolic: &SymbolicLu<usize>) -> MemBuffer {
                let factor: StackReq = symbolic.factorize_numeric_lu_scratch::<$t>(Par::Seq, Default::default());
                let solve = symbolic.solve_in_place_scratch::<$t>(1, Par::Seq);
                MemBuffer::new(factor.or(solve).or(symbolic.solve_transpose_in_place_scratch::<$t>(1, Par::Seq)))
            }

            fn sparse_lu(
                symbolic: &SymbolicLu<usize>,
                pattern: SymbolicSparseColMatRef<'_, usize>,
                values: &[$t],
                factors: &mut NumericLu<usize, $t>,
                memory: &mut MemBuffer,
            ) -> bool {
                let matrix = SparseColMatRef::new(pattern, values);
                let stack = MemStack::new(memory);
                symbolic.factorize_numeric_lu(factors, matrix, Par::Seq, stack, Default::default()).is_ok()
            }

            fn sparse_solve(
                symbolic: &SymbolicLu<usize>,
                factors: &NumericLu<usize, $t>,
                x: &mut [$t],
                transposed: bool,
                memory: &mut MemBuffer,
            ) {
                let (factors, n) = (LuRef::new_unchecked(symbolic, factors), x.len());
                let (x, stack) = (MatMut::from_column_major_slice_mut(x, n, 1), MemStack::new(memory));
                if transposed {
                    factors.solve_transpose_in_place_with_conj(Conj::No, x, Par::Seq, stack);
                } else {
                    factors.solve_in_place_with_conj(Conj::No, x, Par::Seq, stack);
                }
            }

            fn add_product(a: &mut [$t], u: &[$t], z: &[$t], (m, n): (usize, usize), parallel: bool) {
                let rows = z.len() / n;
                let (u, z) = (MatRef::from_row_major_slice(u, rows, m), MatRef::from_row_major_slice(z, rows, n));
                let par = if parallel { Par::rayon(0) } else { Par::Seq };
                matmul(MatMut::from_row_major_slice_mut(a, m, n), Accum::Add, u.transpose(), z, 1.0, par);
            }
        }
    )* };
}
factor!(f32, f64);

/// The eigenvalues of an n x n matrix, column-major, as real and imaginary parts; none where the iteration does not end.
pub fn eigenvalues(a: &[f64], n: usize) -> Option<Vec<(f64, f64)>> {
    let values = MatRef::from_column_major_slice(a, n, n).eigenvalues().ok()?;
    Some(values.into_iter().map(|value| (value.re, value.im)).collect())
}
