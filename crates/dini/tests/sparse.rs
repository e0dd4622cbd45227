//! Sparse Jacobians: patterns, colourings, factorisations, Newton's method and derivatives, against dense ones.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{error, numbers, times};
use dini::gradient::{Implicit, Method};
use dini::linear::{DenseLu, SparseLu};
use dini::model::{OnSlices, System};
use dini::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, ParamJvp, ParamVjp, Parametric, Problem,
    Sparse, Sparsity,
};
use dini::program::Var;
use dini::solve::{Broyden, Control, NewtonKrylov, SparseNewton, Workspace};
use dini::{Anderson, Error, Model, Newton, Options, Real, Rows, Status, solve, solve_with};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// z'' + a e^z = 0 on (0, 1) with z = 0 at both ends, by second differences; one a per sample (Bratu 1914).
struct Bratu {
    a: Vec<f64>,
    n: usize,
    sparsity: Option<Sparsity>,
    products: AtomicUsize,
}

impl Bratu {
    fn new(n: usize, a: Vec<f64>) -> Self {
        Bratu { a, n, sparsity: Some(Sparsity::tridiagonal(n).unwrap()), products: AtomicUsize::new(0) }
    }

    fn h2(&self) -> f64 {
        ((self.n + 1) as f64).powi(-2)
    }

    /// out <- the second difference of v, plus d v.
    fn apply(d: impl Fn(usize) -> f64, v: &[f64], out: &mut [f64]) {
        let at = |i: usize| v.get(i).copied().unwrap_or(0.0);
        for i in 0..v.len() {
            out[i] = at(i.wrapping_sub(1)) - 2.0 * v[i] + at(i + 1) + d(i) * v[i];
        }
    }
}

impl Problem for Bratu {
    type State = Rows<f64>;

    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        assert_eq!((z.samples(), z.width()), (self.a.len(), self.n));
        Ok(())
    }

    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let (a, z) = (self.a[at.sample(i).index()], z.row(i));
            Bratu::apply(|_| 0.0, z, out.row_mut(i));
            out.row_mut(i).iter_mut().zip(z).for_each(|(g, z)| *g += self.h2() * a * z.exp());
        }
        Ok(())
    }
}

impl Linearize for Bratu {
    type Tape = Rows<f64>;

    fn tape(&self, like: &Rows<f64>) -> Rows<f64> {
        like.clone()
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let a = self.a[at.sample(i).index()];
            let diagonal = tape.row_mut(at.slot(i).index()).iter_mut().zip(z.row(i));
            diagonal.for_each(|(d, z)| *d = self.h2() * a * z.exp());
        }
        Ok(())
    }

    fn jvp(&self, at: Active<'_>, tape: &Rows<f64>, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.products.fetch_add(at.len(), Ordering::Relaxed);
        (0..at.len()).for_each(|i| Bratu::apply(|j| tape.row(at.slot(i).index())[j], v.row(i), out.row_mut(i)));
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Rows<f64>, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        (0..at.len()).for_each(|i| Bratu::apply(|j| tape.row(at.slot(i).index())[j], u.row(i), out.row_mut(i)));
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        let sparse = self.sparsity.as_ref().map(|pattern| Sparse { pattern, entries: None });
        Capabilities { sparse, ..Capabilities::NONE }
    }
}

impl Parametric for Bratu {
    type Parameters = Vec<f64>;

    fn zero_parameters(&self, samples: usize) -> Vec<f64> {
        vec![0.0; samples]
    }
}

impl ParamVjp for Bratu {
    fn param_vjp(
        &self,
        at: Active<'_>,
        _: &Rows<f64>,
        z: &Rows<f64>,
        u: &Rows<f64>,
        scale: f64,
        grad: &mut Vec<f64>,
    ) -> Eval {
        for i in 0..at.len() {
            let sum: f64 = z.row(i).iter().zip(u.row(i)).map(|(z, u)| self.h2() * z.exp() * u).sum();
            grad[at.sample(i).index()] += scale * sum;
        }
        Ok(())
    }
}

impl ParamJvp for Bratu {
    fn check_direction(&self, _: usize, _: &Vec<f64>) -> Result<(), Error> {
        Ok(())
    }

    fn param_jvp(&self, at: Active<'_>, _: &Rows<f64>, z: &Rows<f64>, tangent: &Vec<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            let da = tangent[at.sample(i).index()];
            out.row_mut(i).iter_mut().zip(z.row(i)).for_each(|(out, z)| *out = self.h2() * z.exp() * da);
        }
        Ok(())
    }
}

/// Broyden's tridiagonal function (3 - 2 z_i) z_i - z_{i-1} - 2 z_{i+1} + 1, without derivatives.
fn tridiagonal<T: Real>() -> Model<OnSlices<T>, T> {
    Model::equation_on_slices(|z: &[T], _: &[T], out: &mut [T]| {
        let (one, two, three) = (T::of(1.0), T::of(2.0), T::of(3.0));
        let value = |i: usize| z.get(i).copied().unwrap_or(T::zero());
        for i in 0..z.len() {
            out[i] = (three - two * z[i]) * z[i] - value(i.wrapping_sub(1)) - two * value(i + 1) + one;
        }
    })
}

fn tight() -> Options {
    Options { relative: 1e-12, ..Options::default() }
}

/// For grids so fine that rounding leaves a residual of 1e-10 of the first one.
fn fine() -> Options {
    Options { relative: 1e-8, ..Options::default() }
}

/// The five-point stencil on a k x k grid.
fn grid(k: usize) -> Sparsity {
    let cell = |i: usize| {
        let (x, y) = (i % k, i / k);
        [(x > 0, i.wrapping_sub(1)), (x + 1 < k, i + 1), (y > 0, i.wrapping_sub(k)), (y + 1 < k, i + k), (true, i)]
    };
    let entries = (0..k * k).flat_map(|i| cell(i).into_iter().filter(|c| c.0).map(move |c| (c.1, i)));
    Sparsity::new(k * k, entries).unwrap()
}

/// The diagonal in a random order, and `extra` entries more.
fn random(rng: &mut StdRng, n: usize, extra: usize) -> Sparsity {
    let shift = rng.random_range(0..n);
    let full = (0..n).map(|j| ((j + shift) % n, j));
    let more: Vec<_> = (0..extra).map(|_| (rng.random_range(0..n), rng.random_range(0..n))).collect();
    Sparsity::new(n, full.chain(more)).unwrap()
}

fn dense(sparsity: &Sparsity, values: &[f64]) -> Vec<f64> {
    let n = sparsity.size();
    let mut matrix = vec![0.0; n * n];
    for j in 0..n {
        sparsity.rows(j).iter().zip(&values[sparsity.column(j)]).for_each(|(&i, &v)| matrix[j * n + i] = v);
    }
    matrix
}

/// The pattern that a problem states.
fn pattern<P: Linearize>(problem: &P) -> Option<&Sparsity> {
    problem.capabilities().sparse.map(|sparse| sparse.pattern)
}

#[test]
fn columns_of_one_colour_share_no_row() {
    let mut rng = StdRng::seed_from_u64(1);
    let mut patterns = vec![grid(1), grid(2), grid(17), Sparsity::banded(40, 3, 1).unwrap()];
    patterns.extend((0..60).map(|i| random(&mut rng, 1 + i, 3 * i)));
    for sparsity in patterns {
        let n = sparsity.size();
        let mut seen = vec![0; n];
        for colour in 0..sparsity.colours() {
            let mut taken = vec![false; n];
            for &j in sparsity.columns(colour) {
                seen[j] += 1;
                sparsity.rows(j).iter().for_each(|&i| assert!(!std::mem::replace(&mut taken[i], true)));
            }
        }
        assert_eq!(seen, vec![1; n]);
        assert!(sparsity.colours() <= n);
    }
}

#[test]
fn well_known_patterns_need_the_least_number_of_colours() {
    assert_eq!(Sparsity::tridiagonal(1000).unwrap().colours(), 3);
    assert_eq!(Sparsity::banded(200, 2, 4).unwrap().colours(), 7);
    assert_eq!(Sparsity::banded(5, 9, 9).unwrap().colours(), 5);
    assert_eq!(Sparsity::banded(9, 0, 0).unwrap().colours(), 1);
    // a full first row forces one colour a column, a full first column none
    let arrow = |row: bool| Sparsity::new(30, (0..30).flat_map(|i| [(i, i), if row { (0, i) } else { (i, 0) }]));
    assert_eq!((arrow(true).unwrap().colours(), arrow(false).unwrap().colours()), (30, 2));
    // at least 5; greedy orders may need a few more
    assert!((5..=8).contains(&grid(40).colours()), "{}", grid(40).colours());
}

#[test]
fn patterns_are_checked_and_sorted() {
    let sparsity = Sparsity::new(3, [(2, 0), (0, 0), (2, 0), (1, 2)]).unwrap();
    assert_eq!((sparsity.rows(0), sparsity.rows(1), sparsity.rows(2)), (&[0, 2][..], &[][..], &[1][..]));
    assert_eq!(Sparsity::from_columns(vec![0, 2, 2, 3], vec![0, 2, 1]).unwrap(), sparsity);
    assert_eq!(Sparsity::nonzeros(3, &[1.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, f64::NAN, 0.0]).unwrap(), sparsity);
    assert!(matches!(Sparsity::new(0, []), Err(Error::Empty { .. })));
    assert!(matches!(Sparsity::from_columns(vec![], vec![]), Err(Error::Empty { .. })));
    let shape = |result: Result<Sparsity, Error>| assert!(matches!(result, Err(Error::Shape { .. })));
    shape(Sparsity::new(3, [(3, 0)]));
    shape(Sparsity::new(3, [(0, 3)]));
    shape(Sparsity::nonzeros(3, &[1.0; 8]));
    for (starts, rows) in [
        (vec![0, 2, 2], vec![1, 0]),
        (vec![0, 2, 2], vec![1, 1]),
        (vec![0, 1, 2], vec![0, 2]),
        (vec![0, 2, 1], vec![0]),
        (vec![0, 5, 2], vec![0, 1]),
        (vec![1, 1, 2], vec![0, 1]),
        (vec![0, 1, 1], vec![0, 1]),
    ] {
        shape(Sparsity::from_columns(starts, rows));
    }
}

#[test]
fn sparse_factors_solve_what_dense_ones_solve() {
    let mut rng = StdRng::seed_from_u64(2);
    for (n, extra) in [(1, 0), (2, 1), (7, 9), (30, 60), (60, 90), (60, 1500), (90, 4000)] {
        let sparsity = random(&mut rng, n, extra);
        let values: Vec<f64> = numbers(n as u64, sparsity.entries());
        let matrix = dense(&sparsity, &values);
        let (mut lu, mut reference) = (SparseLu::new(3, sparsity.clone()), DenseLu::new(1, n));
        lu.values_mut()[2 * values.len()..].copy_from_slice(&values);
        reference.matrices_mut().copy_from_slice(&matrix);
        reference.factor(0);
        // the second time in memory that is reused
        for _ in 0..2 {
            lu.factor(2);
            assert!(!lu.is_singular(2));
            let x: Vec<f64> = numbers(7, n);
            for transposed in [false, true] {
                let mut b = times(&matrix, &x, transposed);
                assert!(if transposed { lu.solve_transpose(2, &mut b) } else { lu.solve(2, &mut b) });
                assert!(error(&b, &x) < 1e-14 * reference.condition(0), "n = {n}");
            }
            let ratio = lu.condition(2) / reference.condition(0);
            assert!((1.0 / 3.0..3.0).contains(&ratio), "n = {n}: {ratio}");
        }
    }
}

#[test]
fn large_factors_with_fill_are_exact_to_rounding() {
    // faer eliminates the first column by column, the others in blocks
    factors_are_exact(&grid(40));
    factors_are_exact(&Sparsity::banded(400, 150, 100).unwrap());
    factors_are_exact(&random(&mut StdRng::seed_from_u64(11), 500, 12_000));
}

fn factors_are_exact(sparsity: &Sparsity) {
    let n = sparsity.size();
    let mut values: Vec<f64> = numbers(3, sparsity.entries());
    for j in 0..n {
        if let Ok(diagonal) = sparsity.rows(j).binary_search(&j) {
            values[sparsity.column(j).start + diagonal] += 3.0;
        }
    }
    let mut lu = SparseLu::new(1, sparsity.clone());
    lu.values_mut().copy_from_slice(&values);
    lu.factor(0);
    let (x, mut b) = (numbers::<f64>(4, n), vec![0.0; n]);
    let bound = 1e-15 * lu.condition(0);
    assert!(bound < 1e-9);
    sparsity.multiply(&values, &x, &mut b);
    assert!(lu.solve(0, &mut b) && error(&b, &x) < bound);
    sparsity.multiply_transpose(&values, &x, &mut b);
    assert!(lu.solve_transpose(0, &mut b) && error(&b, &x) < bound);
    // neither a zero column, nor a zero row, nor NaN may panic, and what was there before must not be used
    let spoil: [fn(&Sparsity, &mut [f64]); 6] = [
        |s, v| v[s.column(300)].fill(0.0),
        |s, v| {
            (0..s.size()).for_each(|j| {
                let at = s.column(j);
                v[at].iter_mut().zip(s.rows(j)).filter(|(_, i)| **i == 17).for_each(|(v, _)| *v = 0.0);
            })
        },
        |_, v| v.fill(0.0),
        |_, v| v[3000] = f64::NAN,
        |_, v| v[3000] = f64::INFINITY,
        |_, v| v.iter_mut().for_each(|v| *v *= 1e200),
    ];
    for (k, spoil) in spoil.iter().enumerate() {
        lu.values_mut().copy_from_slice(&values);
        spoil(sparsity, lu.values_mut());
        lu.factor(0);
        b.fill(1.0);
        if k == 5 {
            // large numbers alone are no deficiency
            assert!(lu.solve(0, &mut b) && b.iter().all(|v| *v != 0.0));
            continue;
        }
        assert!(lu.is_singular(0) && lu.condition(0).is_infinite());
        assert!(!lu.solve(0, &mut b) && b.iter().all(|v| *v == 0.0));
        b.fill(1.0);
        assert!(!lu.solve_transpose(0, &mut b) && b.iter().all(|v| *v == 0.0));
    }
    lu.values_mut().copy_from_slice(&values);
    lu.factor(0);
    assert!(!lu.is_singular(0));
}

#[test]
fn degenerate_matrices_are_solved_or_refused_as_dense_ones_are() {
    let mut rng = StdRng::seed_from_u64(12);
    let (mut refused, mut solved) = (0, 0);
    for round in 0..150 {
        let n = if round % 30 == 0 { 300 } else { rng.random_range(1..40) };
        let entries: Vec<_> =
            (0..rng.random_range(0..n * n.min(40))).map(|_| (rng.random_range(0..n), rng.random_range(0..n))).collect();
        let sparsity = Sparsity::new(n, entries).unwrap();
        let values: Vec<f64> = (0..sparsity.entries()).map(|_| f64::from(rng.random_range(-1..=1))).collect();
        let matrix = dense(&sparsity, &values);
        let (mut lu, mut reference) = (SparseLu::new(1, sparsity), DenseLu::new(1, n));
        lu.values_mut().copy_from_slice(&values);
        reference.matrices_mut().copy_from_slice(&matrix);
        lu.factor(0);
        reference.factor(0);
        let (sparse, dense) = (lu.condition(0), reference.condition(0));
        assert_eq!(sparse > 1e12, dense > 1e12, "round {round}: {sparse:e} {dense:e}");
        if dense > 1e12 {
            refused += 1;
            continue;
        }
        let x: Vec<f64> = numbers(round, n);
        let mut b = times(&matrix, &x, true);
        assert!(lu.solve_transpose(0, &mut b) && error(&b, &x) < 1e-14 * dense);
        solved += 1;
    }
    assert!(refused > 30 && solved > 30, "{refused} {solved}");
}

#[test]
fn singular_matrices_are_reported_for_every_kind_of_deficiency() {
    let pattern = |entries: &[(usize, usize)]| Sparsity::new(4, entries.iter().copied()).unwrap();
    let cases: [(Sparsity, &[f64]); 6] = [
        // an empty column, an empty row, no entry
        (pattern(&[(0, 0), (1, 1), (2, 2), (3, 2)]), &[1.0; 4]),
        (pattern(&[(0, 0), (1, 1), (2, 2), (2, 3)]), &[1.0; 4]),
        (pattern(&[]), &[]),
        // two columns with one row between them
        (pattern(&[(0, 0), (0, 1), (1, 2), (2, 2), (3, 3), (1, 3)]), &[1.0; 6]),
        // two equal columns, and a zero last pivot
        (pattern(&[(0, 0), (1, 0), (0, 1), (1, 1), (2, 2), (3, 3)]), &[1.0; 6]),
        (pattern(&[(0, 0), (1, 1), (2, 2), (3, 3)]), &[1.0, 1.0, 1.0, 0.0]),
    ];
    for (sparsity, values) in cases {
        let mut lu = SparseLu::new(1, sparsity.clone());
        lu.values_mut().copy_from_slice(values);
        lu.factor(0);
        assert!(lu.is_singular(0) && lu.condition(0).is_infinite(), "{sparsity:?}");
        let mut x = [1.0; 4];
        assert!(!lu.solve(0, &mut x) && x == [0.0; 4]);
    }
}

#[test]
fn the_condition_tells_of_a_nearly_singular_matrix() {
    let n = 500;
    let mut lu = SparseLu::new(1, Sparsity::tridiagonal(n).unwrap());
    let sparsity = lu.sparsity().clone();
    for j in 0..n {
        let values = &mut lu.values_mut()[sparsity.column(j)];
        values.iter_mut().zip(sparsity.rows(j)).for_each(|(v, &i)| *v = if i == j { 2.0 } else { -1.0 });
    }
    lu.factor(0);
    // ||A||_1 = 4, ||A^-1||_1 = (n + 1)^2 / 8 for even n, less a fraction
    let exact = 4.0 * ((n + 1) as f64).powi(2) / 8.0;
    assert!((lu.condition(0) / exact - 1.0).abs() < 0.01, "{} {exact}", lu.condition(0));
}

#[test]
fn sparse_newton_is_dense_newton() {
    let problem = Bratu::new(50, vec![1.0, 3.0, 0.1]);
    let start = Rows::new(3, 50);
    let sparse = solve(&problem, &start, &SparseNewton::default(), &tight()).unwrap();
    let dense = solve(&problem, &start, &Newton::default(), &tight()).unwrap();
    assert!(error(sparse.converged().unwrap().as_slice(), dense.converged().unwrap().as_slice()) < 1e-12);
    for s in 0..3 {
        assert_eq!(sparse.outcomes()[s].iterations, dense.outcomes()[s].iterations);
    }
    let w = common::rows(5, 3, 50);
    let (from_sparse, from_dense) = (sparse.pullback(&w).unwrap(), dense.pullback(&w).unwrap());
    assert!(error(from_sparse.vector.as_slice(), from_dense.vector.as_slice()) < 1e-10);
    assert!(error(&from_sparse.value, &from_dense.value) < 1e-10);
    let (sparse, dense) = (from_sparse.reports[1], from_dense.reports[1]);
    assert!(sparse.converged && sparse.iterations <= 3);
    assert!((sparse.condition / dense.condition - 1.0).abs() < 1e-6);
}

#[test]
fn a_grid_in_the_plane_is_solved_and_differentiated_as_with_dense_factors() {
    // five-point stencil of z + z^3 = a
    let (k, n, a) = (9, 81, [0.5, 2.0]);
    let stencil = grid(k);
    let coefficient = |i: usize, j: usize| if i == j { 5.0 } else { -1.0 };
    let model = Model::equation(|z, a| {
        let mut g = vec![Var::from(0.0); n];
        for j in 0..n {
            stencil.rows(j).iter().for_each(|&i| g[i] += coefficient(i, j) * z[j]);
            g[j] += z[j].powi(3) - a[0];
        }
        g
    });
    let model = model.samples(Rows::from_vec(2, 1, a.to_vec()).unwrap());
    let problem = model.system(n).unwrap();
    assert_eq!(pattern(&problem), Some(&stencil), "read off the function");
    let start = Rows::new(2, n);
    let sparse = solve(&problem, &start, &SparseNewton::default(), &tight()).unwrap();
    let dense = solve(&problem, &start, &Newton::default(), &tight()).unwrap();
    assert!(error(sparse.converged().unwrap().as_slice(), dense.converged().unwrap().as_slice()) < 1e-12);
    let w = common::rows(6, 2, n);
    let (sparse, dense) = (sparse.pullback(&w).unwrap(), dense.pullback(&w).unwrap());
    assert!(error(sparse.vector.as_slice(), dense.vector.as_slice()) < 1e-12);
    assert!(error(sparse.value.as_slice(), dense.value.as_slice()) < 1e-12);
}

#[test]
fn a_jacobian_costs_as_many_products_as_colours() {
    let problem = Bratu::new(2000, vec![2.0]);
    let solution = solve(&problem, &Rows::new(1, 2000), &SparseNewton::default(), &fine()).unwrap();
    solution.converged().unwrap();
    let steps = solution.outcomes()[0].iterations;
    // one more checks the pattern
    assert!(steps >= 2);
    assert_eq!(problem.products.load(Ordering::Relaxed), 3 * steps + 1);
}

#[test]
fn large_derivatives_agree_with_the_tangent_and_with_differences() {
    let (n, a) = (3000, 2.0);
    let root = |a: f64| {
        let problem = Bratu::new(n, vec![a]);
        solve(problem, &Rows::new(1, n), &SparseNewton::default(), &fine()).unwrap()
    };
    let solution = root(a);
    let w = common::rows::<f64>(6, 1, n);
    let gradient = solution.pullback(&w).unwrap().value[0];
    let tangent = solution.pushforward(&vec![1.0]).unwrap().value;
    let forward = common::dot(w.row(0), tangent.row(0));
    assert!((gradient - forward).abs() < 1e-8 * gradient.abs());
    let (above, below) = (root(a + 1e-4), root(a - 1e-4));
    let slope: Vec<f64> = above.z().row(0).iter().zip(below.z().row(0)).map(|(a, b)| (a - b) / 2e-4).collect();
    assert!(error(tangent.row(0), &slope) < 1e-5);
}

#[test]
fn the_derivative_needs_no_factors_from_the_solver() {
    let (problem, n) = (Bratu::new(1500, vec![1.0, 2.5]), 1500);
    let w = common::rows(7, 2, n);
    let reference = solve(&problem, &Rows::new(2, n), &SparseNewton::default(), &fine()).unwrap();
    let expected = reference.pullback(&w).unwrap();
    // a start on the root: nothing was factored
    let accepted = Options { absolute: 1e-9, ..Options::default() };
    let at_root = solve(&problem, reference.z(), &SparseNewton::default(), &accepted).unwrap();
    assert_eq!(at_root.outcomes()[0].iterations, 0);
    assert!(error(&at_root.pullback(&w).unwrap().value, &expected.value) < 1e-9);
    // a solver that leaves nothing behind
    let krylov = solve(&problem, reference.z(), &NewtonKrylov::default(), &accepted).unwrap();
    assert!(error(&krylov.pullback(&w).unwrap().value, &expected.value) < 1e-9);
}

#[test]
fn stale_factors_do_not_show_in_the_derivative() {
    // one step from far away: the factors are those of the start
    let problem = Bratu::new(200, vec![3.0]);
    let loose = Options { relative: 0.3, ..Options::default() };
    let solution = solve(&problem, &Rows::new(1, 200), &SparseNewton::default(), &loose).unwrap();
    assert_eq!(solution.outcomes()[0].iterations, 1);
    let w = common::rows(8, 1, 200);
    let auto = solution.pullback(&w).unwrap();
    let dense = Implicit { method: Method::Dense, ..Implicit::default() };
    let reference = solution.gradient(&w, &dense).unwrap();
    assert!(error(auto.vector.as_slice(), reference.vector.as_slice()) < 1e-9);
}

/// g = A z for a matrix of a pattern, with its entries by hand.
fn linear(sparsity: &Sparsity, matrix: Vec<f64>) -> System<f64> {
    let n = sparsity.size();
    let entries: Vec<f64> =
        (0..n).flat_map(|j| sparsity.rows(j).iter().map(move |i| (i, j))).map(|(i, j)| matrix[j * n + i]).collect();
    let g = move |z: &[f64], _: &[f64], g: &mut [f64]| g.copy_from_slice(&times(&matrix, z, false));
    let model = Model::equation_on_slices(g).jacobian(move |_, _, j| j.copy_from_slice(&entries));
    model.pattern(sparsity.clone()).system(n).unwrap()
}

#[test]
fn singular_jacobians_are_refused() {
    // the second difference with free ends has the constants as null space
    let n = 30;
    let sparsity = Sparsity::tridiagonal(n).unwrap();
    let mut matrix = vec![0.0; n * n];
    for i in 0..n - 1 {
        for (k, v) in [(i * n + i, 1.0), ((i + 1) * n + i + 1, 1.0), (i * n + i + 1, -1.0), ((i + 1) * n + i, -1.0)] {
            matrix[k] += v;
        }
    }
    let problem = linear(&sparsity, matrix);
    let at_root = solve(&problem, &Rows::new(1, n), &SparseNewton::default(), &Options::default()).unwrap();
    assert_eq!(at_root.outcomes()[0].status, Status::Converged);
    assert!(matches!(at_root.pullback(&common::rows(1, 1, n)), Err(Error::Singular { sample: 0, .. })));
    // a pattern with an empty column, where that is the truth
    let entries = (0..n).flat_map(|j| [(j, j), ((j + 1) % n, j)]).filter(|&(_, j)| j != 7);
    let sparsity = Sparsity::new(n, entries).unwrap();
    let matrix = dense(&sparsity, &vec![1.0; sparsity.entries()]);
    let problem = linear(&sparsity, matrix);
    let start = Rows::from_vec(1, n, vec![1.0; n]).unwrap();
    let solution = solve(&problem, &start, &SparseNewton::default(), &Options::default()).unwrap();
    assert_eq!(solution.outcomes()[0].status, Status::Singular);
    let at_root = solve(&problem, &Rows::new(1, n), &SparseNewton::default(), &Options::default()).unwrap();
    assert!(matches!(at_root.pullback(&common::rows(1, 1, n)), Err(Error::Singular { sample: 0, .. })));
}

#[test]
fn a_problem_must_state_a_pattern_that_fits_and_is_complete() {
    let start = Rows::new(2, 100);
    let attempt = |sparsity: Option<Sparsity>| {
        let problem = Bratu { sparsity, ..Bratu::new(100, vec![1.0, 2.0]) };
        solve(&problem, &start, &SparseNewton::default(), &Options::default()).map(|s| s.outcomes()[1].status)
    };
    assert!(matches!(attempt(None), Err(Error::NoSparsity)));
    assert!(matches!(attempt(Some(Sparsity::tridiagonal(99).unwrap())), Err(Error::Shape { .. })));
    assert_eq!(attempt(Some(Sparsity::banded(100, 3, 2).unwrap())).unwrap(), Status::Converged);
    assert_eq!(attempt(Some(Sparsity::banded(100, 99, 99).unwrap())).unwrap(), Status::Converged);
    // a missing diagonal, a missing entry among three colours, and one in a row that is otherwise empty
    for missing in [Sparsity::banded(100, 0, 1), Sparsity::banded(100, 1, 0), Sparsity::banded(100, 0, 0)] {
        assert!(matches!(attempt(Some(missing.unwrap())), Err(Error::IncompleteSparsity { sample: 0 })));
    }
    for hole in [(50, 51), (0, 0), (99, 98)] {
        let entries = (0..100usize).flat_map(|j| (j.saturating_sub(1)..(j + 2).min(100)).map(move |i| (i, j)));
        let missing = Sparsity::new(100, entries.filter(|&entry| entry != hole)).unwrap();
        assert!(matches!(attempt(Some(missing)), Err(Error::IncompleteSparsity { sample: 0 })), "{hole:?}");
    }
}

#[test]
fn errors_of_the_user_stay_errors_of_the_user() {
    struct Nested(Sparsity);
    impl Problem for Nested {
        type State = Rows<f64>;
        fn validate(&self, _: &Rows<f64>) -> Result<(), Error> {
            Ok(())
        }
        fn residual(&self, _: Active<'_>, _: &Rows<f64>, _: &mut Rows<f64>) -> Eval {
            Err(Box::new(Error::Empty { what: "an inner problem" }))
        }
    }
    impl Linearize for Nested {
        type Tape = ();
        fn tape(&self, _: &Rows<f64>) {}
        fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, (): &mut ()) -> Eval {
            self.residual(at, z, &mut z.clone())
        }
        fn jvp(&self, at: Active<'_>, (): &(), v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
            self.residual(at, v, out)
        }
        fn vjp(&self, at: Active<'_>, (): &(), u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
            self.residual(at, u, out)
        }
        fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
            Capabilities { sparse: Some(Sparse { pattern: &self.0, entries: None }), ..Capabilities::NONE }
        }
    }
    let problem = Nested(Sparsity::tridiagonal(3).unwrap());
    let result = solve(&problem, &Rows::new(1, 3), &SparseNewton::default(), &Options::default());
    assert!(matches!(result, Err(Error::User(_))));
}

#[test]
fn coloured_differences_are_dense_differences() {
    let n = 40;
    let start = common::rows::<f64>(3, 2, n);
    let coloured = tridiagonal::<f64>().pattern(Sparsity::tridiagonal(n).unwrap()).system(n).unwrap();
    let plain = tridiagonal::<f64>().system(n).unwrap();
    let slots = [0, 1];
    let at = Active::new(&slots, 0, true);
    let (mut sparse_tape, mut dense_tape) = (coloured.tape(&start), plain.tape(&start));
    coloured.linearize(at, &start, &start, &mut sparse_tape).unwrap();
    plain.linearize(at, &start, &start, &mut dense_tape).unwrap();
    let (mut sparse, mut dense) = (vec![0.0; n * n], vec![0.0; n * n]);
    coloured.jacobian(at.slot(1), &sparse_tape, &mut sparse);
    plain.jacobian(at.slot(1), &dense_tape, &mut dense);
    assert_eq!(sparse, dense);
    let v = common::rows::<f64>(4, 2, n);
    let (mut from_sparse, mut from_dense) = (v.clone(), v.clone());
    for product in [Product::Forward, Product::Transposed] {
        product.apply(&coloured, at, &sparse_tape, &v, &mut from_sparse);
        product.apply(&plain, at, &dense_tape, &v, &mut from_dense);
        assert!(error(from_sparse.as_slice(), from_dense.as_slice()) < 1e-14);
    }
}

enum Product {
    Forward,
    Transposed,
}

impl Product {
    fn apply<P: Linearize<State = Rows<f64>>>(
        &self,
        problem: &P,
        at: Active<'_>,
        tape: &P::Tape,
        v: &Rows<f64>,
        out: &mut Rows<f64>,
    ) {
        match self {
            Product::Forward => problem.jvp(at, tape, v, out).unwrap(),
            Product::Transposed => problem.vjp(at, tape, v, out).unwrap(),
        }
    }
}

fn broyden_tridiagonal<T: dini::model::Engine>(n: usize, relative: f64) -> f64 {
    let model = tridiagonal::<T>().pattern(Sparsity::tridiagonal(n).unwrap());
    let solved = model.solver(SparseNewton::default()).tolerance(relative).solve(&vec![T::of(-1.0); n]).unwrap();
    let z = solved.converged().unwrap();
    // far from the ends (3 - 2 z) z - 3 z + 1 = 0, so z = -1 / sqrt 2
    (z[n / 2].as_f64() + 0.5f64.sqrt()).abs()
}

#[test]
fn residuals_alone_suffice_in_both_precisions() {
    assert!(broyden_tridiagonal::<f64>(5000, 1e-12) < 1e-10);
    assert!(broyden_tridiagonal::<f32>(2000, 1e-5) < 1e-5);
}

#[test]
fn coloured_differences_check_their_pattern() {
    let n = 60;
    let start = common::rows::<f64>(3, 3, n);
    for (sparsity, complete) in [
        (Sparsity::tridiagonal(n), true),
        (Sparsity::banded(n, 4, 2), true),
        (Sparsity::banded(n, 0, 1), false),
        (Sparsity::banded(n, 1, 0), false),
    ] {
        let sparsity = sparsity.unwrap();
        match tridiagonal::<f64>().pattern(sparsity.clone()).solve_samples(&start) {
            Ok(_) => assert!(complete),
            Err(error) => assert!(!complete && matches!(error, Error::IncompleteSparsity { sample: 0 })),
        }
        let start = Rows::from_vec(3, n, vec![0.5f32; 3 * n]).unwrap();
        assert_eq!(tridiagonal::<f32>().pattern(sparsity).solve_samples(&start).is_ok(), complete);
    }
    let model = tridiagonal::<f64>().pattern(Sparsity::tridiagonal(n).unwrap());
    assert!(matches!(model.solve(&vec![0.0; n + 1]), Err(Error::Shape { .. })));
}

#[test]
fn a_fixed_point_has_the_pattern_of_its_map_and_the_diagonal() {
    // z_i = cos(z_{i+1}) / 2, cyclic
    let n = 20;
    let sparsity = Sparsity::new(n, (0..n).map(|i| (i, (i + 1) % n))).unwrap();
    assert_eq!(sparsity.colours(), 1);
    let parameters = || Rows::from_vec(2, 1, vec![0.5; 2]).unwrap();
    let traced = || {
        let f = |z: &[Var], a: &[Var]| -> Vec<Var> { (0..n).map(|i| a[0] * z[(i + 1) % n].cos()).collect() };
        Model::fixed_point(f).samples(parameters())
    };
    let f = move |z: &[f64], a: &[f64], f: &mut [f64]| (0..n).for_each(|i| f[i] = a[0] * z[(i + 1) % n].cos());
    let by_value = || Model::fixed_point_on_slices(f).samples(parameters()).pattern(sparsity.clone());
    // the entries in the order of the columns, of which column j has that of row j - 1
    let by_hand = by_value().jacobian(move |z, a, j| (0..n).for_each(|c| j[c] = -a[0] * z[c].sin()));
    let problems = [
        traced().pattern(sparsity.clone()).system(n).unwrap(),
        traced().find_pattern().system(n).unwrap(),
        by_value().system(n).unwrap(),
        by_hand.system(n).unwrap(),
    ];
    for problem in problems {
        let merged = pattern(&problem).unwrap();
        assert_eq!((merged.entries(), merged.colours()), (2 * n, 2));
        assert_eq!(merged.with_diagonal(), merged);
        solved_with_a_pattern(&problem, n);
    }
}

fn solved_with_a_pattern(problem: &System<f64>, n: usize) {
    let start = common::rows(2, 2, n);
    let sparse = solve(problem, &start, &SparseNewton::default(), &tight()).unwrap();
    let dense = solve(problem, &start, &Newton::default(), &tight()).unwrap();
    assert!(error(sparse.converged().unwrap().as_slice(), dense.converged().unwrap().as_slice()) < 1e-12);
    // what Broyden leaves is no factorisation, what Anderson leaves is nothing: the pattern makes up for both
    let w = common::rows(3, 2, n);
    let reference = dense.pullback(&w).unwrap().vector;
    let check = |found: Rows<f64>| assert!(error(found.as_slice(), reference.as_slice()) < 1e-10);
    check(sparse.pullback(&w).unwrap().vector);
    let broyden = solve(problem, &start, &Broyden::default(), &tight()).unwrap();
    check(broyden.pullback(&w).unwrap().vector);
    let anderson = solve(problem, &start, &Anderson::default(), &tight()).unwrap();
    check(anderson.pullback(&w).unwrap().vector);
}

#[test]
fn results_do_not_depend_on_the_batch() {
    let (n, b) = (120, 7);
    let a: Vec<f64> = (0..b).map(|s| 0.5 * s as f64).collect();
    let start = common::rows(9, b, n);
    let w = common::rows(10, b, n);
    let run = |chunk: usize, compaction: f64| {
        let problem = Bratu::new(n, a.clone());
        let options = Options { chunk: Some(chunk), compaction, ..tight() };
        let solution = solve(problem, &start, &SparseNewton::default(), &options).unwrap();
        let adjoint = solution.pullback(&w).unwrap();
        (solution.into_z(), adjoint.vector, adjoint.value)
    };
    let whole = run(b, 1.0);
    for (chunk, compaction) in [(b, 0.0), (1, 0.125), (3, 0.0), (2, 1.0)] {
        assert_eq!(run(chunk, compaction), whole, "{chunk} {compaction}");
    }
}

#[test]
fn reused_memory_follows_the_pattern_of_the_problem() {
    let (n, mut workspace) = (80, Workspace::default());
    let start = Rows::new(1, n);
    let mut last = None;
    for (lower, upper) in [(1, 1), (1, 1), (4, 2), (1, 1)] {
        let sparsity = Some(Sparsity::banded(n, lower, upper).unwrap());
        let problem = Arc::new(Bratu { sparsity, ..Bratu::new(n, vec![2.0]) });
        let observer = |_: &dini::solve::Progress<'_, f64>| Control::Continue;
        let solver = SparseNewton::default();
        let solution = solve_with(problem.clone(), &start, &solver, &tight(), &mut workspace, &observer).unwrap();
        let fresh = solve(problem, &start, &solver, &tight()).unwrap();
        assert_eq!(solution.z(), fresh.z());
        let w = common::rows(1, 1, n);
        let gradient = solution.pullback(&w).unwrap().value[0];
        let last: f64 = *last.get_or_insert(gradient);
        assert!((gradient - last).abs() < 1e-10 * last.abs());
    }
}
