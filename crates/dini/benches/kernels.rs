//! The kernels: tanh, and the packed product against faer's.
//!
//! `cargo bench -p dini --bench kernels`

use dini::Real;
use dini::measured::{Packed, Plain, Tanh};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use faer::{Accum, MatMut, MatRef, Par};

fn main() {
    divan::main();
}

fn numbers<T: Real>(count: usize) -> Vec<T> {
    (0..count).map(|i| T::of((i as f64 * 0.7).sin())).collect()
}

#[divan::bench(types = [f32, f64], args = [100, 4096])]
fn tanh_slice<T: Real + Tanh>(bencher: Bencher, n: usize) {
    let x: Vec<T> = numbers(n);
    let mut out = vec![T::zero(); n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| T::tanh_slice(black_box(&x), &mut out));
}

/// n and the rows of a chunk: the sizes of the workloads on two threads.
const SHAPES: [(usize, usize); 5] = [(100, 25), (256, 16), (1024, 32), (1024, 1), (1024, 128)];

#[divan::bench(types = [f32, f64], args = SHAPES)]
fn packed_product<T: Real>(bencher: Bencher, (n, rows): (usize, usize)) {
    let (w, a) = (numbers::<T>(n * n), numbers::<T>(rows * n));
    let packed = Packed::from_rows(&w, n, n);
    let mut out = vec![T::zero(); rows * n];
    let work = ItemsCount::new(2 * rows * n * n);
    bencher.counter(work).bench_local(|| packed.apply(black_box(&a), &mut out, false, &Plain));
}

#[divan::bench(types = [f32, f64], args = SHAPES)]
fn faer_product<T: Real + faer::traits::RealField>(bencher: Bencher, (n, rows): (usize, usize)) {
    let (w, a) = (numbers::<T>(n * n), numbers::<T>(rows * n));
    let mut out = vec![T::of(0.0); rows * n];
    let work = ItemsCount::new(2 * rows * n * n);
    bencher.counter(work).bench_local(|| {
        let out = MatMut::from_row_major_slice_mut(&mut out, rows, n);
        let a = MatRef::from_row_major_slice(black_box(&a), rows, n);
        let w = MatRef::from_row_major_slice(&w, n, n).transpose();
        faer::linalg::matmul::matmul(out, Accum::Replace, a, w, T::of(1.0), Par::Seq);
    });
}

#[divan::bench(types = [f32, f64], args = [100, 256, 1024])]
fn pack_rows<T: Real>(bencher: Bencher, n: usize) {
    let w: Vec<T> = numbers(n * n);
    bencher.bench_local(|| Packed::from_rows(black_box(&w), n, n));
}

#[divan::bench(types = [f32, f64], args = [100, 256, 1024])]
fn pack_columns<T: Real>(bencher: Bencher, n: usize) {
    let w: Vec<T> = numbers(n * n);
    bencher.bench_local(|| Packed::from_columns(black_box(&w), n, n));
}
