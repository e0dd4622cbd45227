//! The contract of [`LinearSolver`].

use dini::batch::Batch;
use dini::linear::{LinearRecord, LinearSolver, System};
use dini::outcome::Stop;
use dini::problem::Eval;
use dini::{Real, Rows};

use super::numbers::{dot, epsilon, norm, numbers, rows};

/// The systems that a solver is made for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Every,
    SymmetricPositiveDefinite,
}

/// Checks a linear solver in f32 and f64: systems near the identity, and others with the inverse of a nearby matrix as
/// preconditioner, are solved to the tolerance; every record is what plain code finds; singular and NaN systems are not
/// claimed, and the record says why; b = 0 gives x = 0; samples are bitwise independent; a fatal error is handed on.
///
/// # Panics
/// Where a property does not hold.
pub fn linear_solver<L: LinearSolver<Rows<f64>> + LinearSolver<Rows<f32>>>(solver: &L) {
    in_precision::<f64>(solver, For::Every);
    in_precision::<f32>(solver, For::Every);
}

/// The same for a linear solver of symmetric positive definite systems.
///
/// # Panics
/// Where a property does not hold.
pub fn symmetric_linear_solver<L: LinearSolver<Rows<f64>> + LinearSolver<Rows<f32>>>(solver: &L) {
    in_precision::<f64>(solver, For::SymmetricPositiveDefinite);
    in_precision::<f32>(solver, For::SymmetricPositiveDefinite);
}

fn in_precision<T: Real>(solver: &impl LinearSolver<Rows<T>>, class: For) {
    solver.validate().expect("options in range");
    for n in [1, 2, 5, 12, 30] {
        near_the_identity::<T>(solver, n, class);
        preconditioned::<T>(solver, n, class);
    }
    right_hand_side_zero::<T>(solver, class);
    not_solvable::<T>(solver);
    fatal::<T>(solver);
}

/// One dense matrix per sample, row by row.
#[derive(Clone)]
struct Matrices<T> {
    n: usize,
    values: Vec<Vec<T>>,
}

impl<T: Real> Matrices<T> {
    /// I + `size` R with ||R||_2 about one, another R in every sample, symmetric where the class is.
    fn near_identity(n: usize, samples: usize, size: f64, class: For) -> Self {
        let scale = size / 2.0 * (3.0 / n as f64).sqrt();
        let matrix = |s: usize| {
            let mut values: Vec<T> = numbers::<T>(90 + s as u64, n * n).into_iter().map(|v| v * T::of(scale)).collect();
            if class == For::SymmetricPositiveDefinite {
                (0..n * n).for_each(|at| values[at] = values[(at / n).min(at % n) * n + (at / n).max(at % n)]);
            }
            (0..n).for_each(|i| values[i * n + i] += T::of(1.0));
            values
        };
        Matrices { n, values: (0..samples).map(matrix).collect() }
    }

    /// Sample by sample, row by row: the product of a sample does not depend on the others.
    fn apply(&self, x: &Rows<T>, out: &mut Rows<T>) {
        for (s, matrix) in self.values.iter().enumerate() {
            let x = x.row(s);
            for (out, row) in out.row_mut(s).iter_mut().zip(matrix.chunks_exact(self.n)) {
                *out = row.iter().zip(x).fold(T::of(0.0), |sum, (&a, &x)| sum + a * x);
            }
        }
    }

    /// The same with the transposed matrices.
    fn apply_transpose(&self, x: &Rows<T>, out: &mut Rows<T>) {
        for (s, matrix) in self.values.iter().enumerate() {
            out.row_mut(s).fill(T::of(0.0));
            for (&x, row) in x.row(s).iter().zip(matrix.chunks_exact(self.n)) {
                out.row_mut(s).iter_mut().zip(row).for_each(|(out, &a)| *out += a * x);
            }
        }
    }

    fn sample(&self, s: usize) -> Self {
        Matrices { n: self.n, values: vec![self.values[s].clone()] }
    }
}

/// Solves A x = b with the preconditioner x <- x / d, and checks every record against plain code.
fn solve<T: Real>(
    solver: &impl LinearSolver<Rows<T>>,
    a: &Matrices<T>,
    d: Option<&[T]>,
    b: &Rows<T>,
    tolerance: f64,
) -> (Rows<T>, Vec<LinearRecord>) {
    let mut operator = |x: &Rows<T>, out: &mut Rows<T>| -> Eval {
        a.apply(x, out);
        Ok(())
    };
    let mut transpose = |x: &Rows<T>, out: &mut Rows<T>| -> Eval {
        a.apply_transpose(x, out);
        Ok(())
    };
    let precondition = |r: &mut Rows<T>| match d {
        Some(d) => {
            (0..r.samples()).for_each(|s| r.row_mut(s).iter_mut().zip(d).for_each(|(r, &d)| *r /= d));
            true
        }
        None => false,
    };
    // what is in x beforehand does not matter
    let mut x = rows(5, b.samples(), b.width());
    let mut system = System {
        operator: &mut operator,
        transpose: &mut transpose,
        precondition: &precondition,
        precondition_transpose: &precondition,
    };
    let records = solver.solve(&mut system, b, &mut x, tolerance).expect("no fatal error");
    assert_eq!(records.len(), b.samples(), "one record a sample");
    for (s, record) in records.iter().enumerate() {
        let (x, b) = (x.row(s), b.row(s));
        let residual: Vec<f64> =
            a.values[s].chunks_exact(a.n).zip(b).map(|(row, b)| b.as_f64() - dot(row, x)).collect();
        let rounding =
            10.0 * epsilon::<T>() * (a.n as f64) * (1.0 + norm(x) * norm(&a.values[s]) / norm(b).max(1e-300));
        let found = if norm(b) > 0.0 { norm(&residual) / norm(b) } else { 0.0 };
        if record.converged() {
            assert!(found <= tolerance + rounding, "sample {s} claims {tolerance:e}, but its residual is {found:e}");
        }
        if found.is_finite() && record.residual.is_finite() {
            let gap = (found - record.residual).abs();
            assert!(gap <= rounding + 1e-3 * found, "sample {s} reports {:e}, found {found:e}", record.residual);
        }
        assert!(record.condition >= 1.0, "a condition number is at least one");
    }
    (x, records)
}

fn near_the_identity<T: Real>(solver: &impl LinearSolver<Rows<T>>, n: usize, class: For) {
    let samples = 4;
    let (a, b) = (Matrices::near_identity(n, samples, 0.4, class), rows::<T>(6, samples, n));
    for tolerance in [1e-1, 1e-3, 50.0 * epsilon::<T>()] {
        let (x, records) = solve(solver, &a, None, &b, tolerance);
        assert!(records.iter().all(|r| r.converged()), "I + 0.4 R, n = {n}, to {tolerance:e}: {records:?}");
        for (s, record) in records.iter().enumerate() {
            let mut one = b.zeros(1);
            one.put(&[0], &b, &[s]);
            let (alone, own) = solve(solver, &a.sample(s), None, &one, tolerance);
            assert_eq!(alone.row(0), x.row(s), "sample {s} alone and in a batch, n = {n}, to {tolerance:e}");
            assert_eq!(own[0], *record, "record of sample {s} alone and in a batch");
        }
        // a scaled right-hand side takes the scaled solution
        let factor = T::of(2f64.powi(-20));
        let mut small = b.clone();
        small.scale(&vec![factor; samples]);
        let (scaled, _) = solve(solver, &a, None, &small, tolerance);
        let expected: Vec<T> = x.as_slice().iter().map(|&v| v * factor).collect();
        assert_eq!(scaled.as_slice(), expected, "the tolerance is relative to b");
    }
}

/// diag(d) (I + R) with d from 1 to 100, or its symmetric form: within reach of the preconditioner diag(d) only.
fn preconditioned<T: Real>(solver: &impl LinearSolver<Rows<T>>, n: usize, class: For) {
    let samples = 3;
    let d: Vec<T> = (0..n).map(|i| T::of(10f64.powi(i as i32 % 3))).collect();
    let mut a = Matrices::<T>::near_identity(n, samples, 0.3, class);
    for (at, v) in a.values.iter_mut().flat_map(|matrix| matrix.iter_mut().enumerate()) {
        let (row, column) = (d[at / n], d[at % n]);
        *v *= if class == For::Every { row } else { row.sqrt() * column.sqrt() };
    }
    let b = rows::<T>(7, samples, n);
    // rounding alone leaves about 100 eps
    let tolerance = 1e4 * epsilon::<T>();
    let (_, records) = solve(solver, &a, Some(&d), &b, tolerance);
    assert!(records.iter().all(|r| r.converged()), "preconditioned, n = {n}: {records:?}");
}

fn right_hand_side_zero<T: Real>(solver: &impl LinearSolver<Rows<T>>, class: For) {
    let a = Matrices::<T>::near_identity(3, 2, 0.4, class);
    let mut b = rows::<T>(8, 2, 3);
    b.row_mut(0).fill(T::of(0.0));
    let (x, records) = solve(solver, &a, None, &b, 1e-4);
    assert_eq!(x.row(0), [T::of(0.0); 3], "b = 0 gives x = 0");
    assert_eq!((records[0].stop, records[0].residual), (Stop::Converged, 0.0), "b = 0 is solved");
    assert!(records[1].converged(), "beside b = 0");
}

fn not_solvable<T: Real>(solver: &impl LinearSolver<Rows<T>>) {
    let number = |v: f64| T::of(v);
    let regular = [1.2, 0.0, 0.0, 0.8].map(number).to_vec();
    let singular = [1.0, 1.0, 1.0, 1.0].map(number).to_vec();
    let zero = vec![number(0.0); 4];
    let undefined = [1.0, 0.0, 0.0, f64::NAN].map(number).to_vec();
    let b = Rows::from_vec(4, 2, [1.0, 1.0, 1.0, -1.0, 1.0, 2.0, 1.0, 1.0].map(number).to_vec()).expect("4 x 2");
    let a = Matrices { n: 2, values: vec![regular, singular, zero, undefined] };
    let (x, records) = solve(solver, &a, None, &b, 1e-4);
    assert!(records[0].converged(), "a regular system beside ones that are not: {:?}", records[0]);
    for (s, what) in [(1, "an inconsistent system"), (2, "a zero matrix"), (3, "a matrix with NaN")] {
        assert!(!records[s].converged(), "{what} is not solved: {:?}, x = {:?}", records[s], x.row(s));
        assert!(x.row(s).iter().all(|v| v.is_finite()), "{what} leaves no NaN: {:?}", x.row(s));
    }
    assert_eq!(records[3].stop, Stop::NonFinite, "a matrix with NaN is recognised as such");
}

fn fatal<T: Real>(solver: &impl LinearSolver<Rows<T>>) {
    let mut operator = |_: &Rows<T>, _: &mut Rows<T>| -> Eval { Err("the operator gave up".into()) };
    let mut transpose = operator;
    let mut system = System {
        operator: &mut operator,
        transpose: &mut transpose,
        precondition: &|_| false,
        precondition_transpose: &|_| false,
    };
    let (b, mut x) = (rows::<T>(9, 2, 3), Rows::new(2, 3));
    let error = solver.solve(&mut system, &b, &mut x, 1e-6).expect_err("a fatal error ends the solve");
    assert_eq!(error.to_string(), "the operator gave up");
}
