//! Linear systems: dense LU of many small matrices, and GMRES.
//!
//! `cargo bench -p dini --bench linear`

use dini::linear::{DenseLu, Gmres, Krylov, LinearRecord, System};
use dini::{Real, Rows};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::lu::partial_pivoting::factor::{lu_in_place, lu_in_place_scratch};
use faer::{MatMut, Par};

fn main() {
    divan::main();
}

/// Matrices in a batch.
const BATCH: usize = 32;

fn numbers<T: Real>(count: usize) -> Vec<T> {
    (0..count).map(|i| T::of((i as f64 * 0.7).sin())).collect()
}

/// I - W column by column, with ||W|| below 1.
fn matrix<T: Real>(n: usize) -> Vec<T> {
    let mut a: Vec<T> = numbers(n * n);
    a.iter_mut().for_each(|v| *v *= T::of(-0.9 / n as f64));
    (0..n).for_each(|i| a[i * n + i] += T::one());
    a
}

#[divan::bench(types = [f32, f64], args = [2, 8, 16, 24, 32, 48, 64, 100, 256])]
fn lu_factor<T: Real>(bencher: Bencher, n: usize) {
    let a: Vec<T> = matrix(n);
    let mut lu = DenseLu::new(BATCH, n);
    let slots: Vec<usize> = (0..BATCH).collect();
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        // the copy is part of every Newton step too
        lu.matrices_mut().chunks_exact_mut(n * n).for_each(|m| m.copy_from_slice(black_box(&a)));
        lu.factor_all(&slots);
    });
}

/// faer's factorisation, one matrix after the other.
#[divan::bench(types = [f32, f64], args = [2, 8, 16, 24, 32, 48, 64, 100, 256])]
fn faer_factor<T: Real + faer::traits::RealField>(bencher: Bencher, n: usize) {
    let a: Vec<T> = matrix(n);
    let mut all = vec![T::zero(); BATCH * n * n];
    let (mut forward, mut inverse) = (vec![0usize; n], vec![0usize; n]);
    let mut stack = MemBuffer::new(lu_in_place_scratch::<usize, T>(n, n, Par::Seq, Default::default()));
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for m in all.chunks_exact_mut(n * n) {
            m.copy_from_slice(black_box(&a));
            let m = MatMut::from_column_major_slice_mut(m, n, n);
            lu_in_place(m, &mut forward, &mut inverse, Par::Seq, MemStack::new(&mut stack), Default::default());
        }
    });
}

#[divan::bench(types = [f32, f64], args = [2, 8, 16, 24, 32, 64, 100, 256])]
fn lu_solve<T: Real>(bencher: Bencher, n: usize) {
    solves(bencher, n, |lu: &DenseLu<T>, slot, x| lu.solve(slot, x));
}

#[divan::bench(types = [f32, f64], args = [2, 8, 16, 24, 32, 64, 100, 256])]
fn lu_solve_transpose<T: Real>(bencher: Bencher, n: usize) {
    solves(bencher, n, |lu: &DenseLu<T>, slot, x| lu.solve_transpose(slot, x));
}

#[divan::bench(types = [f32, f64], args = [2, 24, 100, 256])]
fn lu_condition<T: Real>(bencher: Bencher, n: usize) {
    solves(bencher, n, |lu: &DenseLu<T>, slot, _| lu.condition(slot) > 0.0);
}

/// One call for each of a batch of factored matrices.
fn solves<T: Real>(bencher: Bencher, n: usize, call: impl Fn(&DenseLu<T>, usize, &mut [T]) -> bool) {
    let mut lu = DenseLu::new(BATCH, n);
    lu.matrices_mut().chunks_exact_mut(n * n).for_each(|m| m.copy_from_slice(&matrix(n)));
    (0..BATCH).for_each(|slot| lu.factor(slot));
    let mut x: Vec<T> = numbers(n);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| (0..BATCH).all(|slot| call(&lu, slot, black_box(&mut x))));
}

/// Products and orthogonalisation for a batch; the operator, A x = x - 0.9 P x with a cyclic shift P, costs next to nothing.
#[divan::bench(types = [f32, f64], args = [100, 256, 1024])]
fn gmres<T: Real>(bencher: Bencher, n: usize) {
    let solver = Gmres { restart: 20, max_iterations: 20 };
    let Ok(b) = Rows::from_vec(BATCH, n, numbers::<T>(BATCH * n)) else { return };
    let krylov = Krylov::from(solver);
    let mut work = krylov.work(&b);
    let (mut x, tolerance) = (Rows::new(BATCH, n), vec![T::of(1e-12); BATCH]);
    let mut records = vec![LinearRecord::default(); BATCH];
    bencher.bench_local(|| {
        let mut operator = |v: &Rows<T>, out: &mut Rows<T>| {
            for s in 0..v.samples() {
                let (v, out) = (v.row(s), out.row_mut(s));
                (0..n).for_each(|i| out[i] = v[i] - T::of(0.9) * v[(i + 1) % n]);
            }
            Ok(())
        };
        // GMRES asks for no transpose
        let mut transpose = |_: &Rows<T>, _: &mut Rows<T>| Ok(());
        let mut system = System {
            operator: &mut operator,
            transpose: &mut transpose,
            precondition: &|_| false,
            precondition_transpose: &|_| false,
        };
        krylov.solve_in(&mut system, black_box(&b), &mut x, &tolerance, &mut work, &mut records).is_ok()
    });
}
