//! Roots where no good start is known.

use dini::problem::{Closure, Dual, Equation, Sparse, Sparsity};
use dini::search::{Plan, Search};
use dini::solve::{AnySolver, Bounds};
use dini::{Error, Newton, Options, Rows, Status, num_dual::DualNum};
use rand::{Rng, SeedableRng, rngs::StdRng};

fn tight() -> Options {
    Options { relative: 1e-12, ..Options::default() }
}

/// A two-link arm that is to reach (x, y): angles of its joints.
struct Arm;

impl Equation<f64> for Arm {
    fn unknowns(&self) -> usize {
        2
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: DualNum<Primitive = f64> + Copy>(&self, q: &[D], a: &[D], g: &mut [D]) {
        g[0] = q[0].cos() * 0.5 + (q[0] + q[1]).cos() * 0.4 - a[0];
        g[1] = q[0].sin() * 0.5 + (q[0] + q[1]).sin() * 0.4 - a[1];
    }
}

#[test]
fn a_singular_start_leads_to_a_root_nearby() {
    // stretched out, the arm has a singular Jacobian
    let mut random = StdRng::seed_from_u64(3);
    let (mut near, turn) = (0, 2.0 * std::f64::consts::PI);
    for _ in 0..200 {
        let q = [random.random_range(-3.1..3.1), random.random_range(-3.1..3.1f64)];
        let target =
            vec![0.5 * f64::cos(q[0]) + 0.4 * (q[0] + q[1]).cos(), 0.5 * f64::sin(q[0]) + 0.4 * (q[0] + q[1]).sin()];
        let problem = Dual::new(Arm, Rows::from_vec(1, 2, target.clone()).unwrap()).unwrap();
        let found = Search::default().root(&problem, &[Some(0.0), Some(0.0)], &tight()).unwrap();
        assert_eq!(found.status(), Status::Converged, "{target:?}");
        let [a, b] = [found.z()[0], found.z()[1]];
        let reached = [0.5 * a.cos() + 0.4 * (a + b).cos(), 0.5 * a.sin() + 0.4 * (a + b).sin()];
        assert!((reached[0] - target[0]).hypot(reached[1] - target[1]) < 1e-10, "{found:?}");
        near += usize::from(found.z().iter().all(|q| q.abs() <= turn));
    }
    assert!(near >= 190, "{near} of 200 within one turn");
}

#[test]
fn domains_are_found() {
    // ln(t / 300 - 1) = 1/2, p = 2 t: undefined at nearly every start
    let g = |_: usize, z: &[f64], g: &mut [f64]| (g[0], g[1]) = ((z[0] / 300.0 - 1.0).ln() - 0.5, z[1] - 2.0 * z[0]);
    let jacobian = |_: usize, z: &[f64], j: &mut [f64]| j.copy_from_slice(&[1.0 / (z[0] - 300.0), -2.0, 0.0, 1.0]);
    let plain = Closure::new(2, g, jacobian);
    let found = Search::default().root(&plain, &[None, None], &tight()).unwrap();
    assert!((found.z()[0] - 794.6163812100384).abs() < 1e-9, "{found:?}");
    assert!(found.verdict().unwrap().holds && found.origin().is_some());
    // the same with a pattern, which says that p does not matter to the first equation
    let sparse = Sparse { problem: &plain, sparsity: Sparsity::new(2, [(0, 0), (1, 0), (1, 1)]).unwrap() };
    let found = Search::default().root(&sparse, &[None, Some(1.0)], &tight()).unwrap();
    assert!((found.z()[1] - 2.0 * 794.6163812100384).abs() < 1e-8, "{found:?}");
    // where there is no domain, the equation is named
    let nowhere = Closure::new(
        2,
        |_, z: &[f64], g| (g[0], g[1]) = (z[0] - z[1], (-1.0 - z[0] * z[0]).ln()),
        |_, _, j| j.copy_from_slice(&[1.0, 0.0, -1.0, 0.0]),
    );
    let found = Search::default().root(&nowhere, &[None, None], &tight()).unwrap();
    assert_eq!((found.status(), found.undefined()), (Status::NonFinite, Some(1)));
    assert!(found.verdict().is_none() && found.attempts() > 100);
    assert!(matches!(found.jacobian(), Err(Error::NotConverged { .. })));
}

#[test]
fn what_has_no_root_is_not_solved() {
    let inconsistent = Closure::new(
        2,
        |_, z: &[f64], g| (g[0], g[1]) = (z[0] + z[1] - 1.0, 2.0 * z[0] + 2.0 * z[1] - 3.0),
        |_, _, j| j.copy_from_slice(&[1.0, 2.0, 1.0, 2.0]),
    );
    let far = Closure::new(1, |_, z: &[f64], g| g[0] = z[0].tanh() - 1.0, |_, z, j| j[0] = 1.0 - z[0].tanh().powi(2));
    for (found, least) in [
        (Search::default().root(&inconsistent, &[None, None], &tight()).unwrap().status(), 100),
        (Search::default().root(&far, &[None], &tight()).unwrap().status(), 30),
    ] {
        assert!(!matches!(found, Status::Converged | Status::OnBound), "{found:?} {least}");
    }
    // a circle twice is a curve of roots: a root, but no derivative
    let circle = Closure::new(
        2,
        |_, z: &[f64], g| {
            let square = z[0] * z[0] + z[1] * z[1] - 1.0;
            (g[0], g[1]) = (square, 0.25 * square);
        },
        |_, z, j| j.copy_from_slice(&[2.0 * z[0], 0.5 * z[0], 2.0 * z[1], 0.5 * z[1]]),
    );
    let found = Search::default().root(&circle, &[Some(1.0), Some(2.0)], &tight()).unwrap();
    assert_eq!(found.status(), Status::Converged);
    assert!((found.z()[0].hypot(found.z()[1]) - 1.0).abs() < 1e-12 && !found.verdict().unwrap().holds);
    assert!(matches!(found.jacobian(), Err(Error::Hypotheses { .. })));
}

#[test]
fn units_do_not_matter() {
    // pressures near 1e7, fractions near 1e-9: derivatives by the parameters in the units of the unknowns
    struct Units;
    impl Equation<f64> for Units {
        fn unknowns(&self) -> usize {
            2
        }
        fn parameters(&self) -> usize {
            2
        }
        fn residual<D: DualNum<Primitive = f64> + Copy>(&self, z: &[D], a: &[D], g: &mut [D]) {
            g[0] = z[0] * z[1] - a[0];
            g[1] = z[0] * z[0] * 1e-14 - a[1];
        }
    }
    let problem = Dual::new(Units, Rows::from_vec(1, 2, vec![3e-3, 9.0]).unwrap()).unwrap();
    let found = Search::default().root(&problem, &[Some(1e5), None], &tight()).unwrap();
    let (p, x) = (3e7, 1e-10);
    assert!((found.z()[0] / p - 1.0).abs() < 1e-12 && (found.z()[1] / x - 1.0).abs() < 1e-12, "{found:?}");
    let rows = found.jacobian().unwrap();
    // p = 1e7 sqrt(a1), x = a0 / p
    let expected = [[0.0, p / 18.0], [1.0 / p, -x / 18.0]];
    for (row, expected) in rows.iter().zip(expected) {
        assert!(row.row(0).iter().zip(expected).all(|(d, e)| (d - e).abs() <= 1e-10 * e.abs()), "{row:?} {expected:?}");
    }
}

#[test]
fn plans_are_followed() {
    let cubic = |z: f64| (z - 1.0) * (z - 2.0) * (z - 3.0);
    let problem = Closure::new(
        1,
        move |_, z: &[f64], g| g[0] = cubic(z[0]),
        |_, z, j| j[0] = 3.0 * z[0] * z[0] - 12.0 * z[0] + 11.0,
    );
    let between = Search { plan: Plan::Between { low: 1.5, high: 2.75 } };
    let found = between.root(&problem, &[None], &tight()).unwrap();
    assert!((found.z()[0] - 2.0).abs() < 1e-14 && found.attempts() == 1, "{found:?}");
    let newton = Search { plan: Plan::Single(AnySolver::Newton(Newton::default())) };
    let found = newton.root(&problem, &[Some(4.0)], &tight()).unwrap();
    assert!((found.z()[0] - 3.0).abs() < 1e-12 && found.origin().is_none());
    // no sign change at the start, but one elsewhere: found by the scan
    let spike = Closure::new(
        1,
        |_, z: &[f64], g| g[0] = (z[0] - 777.0).tanh(),
        |_, z, j| j[0] = 1.0 - (z[0] - 777.0).tanh().powi(2),
    );
    let found = Search::default().root(&spike, &[Some(0.0)], &tight()).unwrap();
    assert!((found.z()[0] - 777.0).abs() < 1e-10 && found.origin().unwrap().sign_change, "{found:?}");
}

#[test]
fn broken_contracts_are_refused() {
    let square = Closure::new(1, |_, z: &[f64], g| g[0] = z[0] * z[0] - 4.0, |_, z, j| j[0] = 2.0 * z[0]);
    let search = Search::default();
    assert!(matches!(search.root(&square, &[], &tight()), Err(Error::Empty { .. })));
    assert!(matches!(search.root(&square, &[Some(f64::NAN)], &tight()), Err(Error::NonFinite { .. })));
    let bounded = |n: usize| Options { bounds: Some(Bounds::positive(n)), ..tight() };
    assert!(matches!(search.root(&square, &[None], &bounded(2)), Err(Error::Shape { .. })));
    assert!(matches!(search.root(&square, &[Some(-1.0)], &bounded(1)), Err(Error::OutOfBounds { .. })));
    let picard = Search { plan: Plan::Single(AnySolver::Picard(Default::default())) };
    assert!(matches!(picard.root(&square, &[Some(1.0)], &bounded(1)), Err(Error::Option { .. })));
    let empty = Search { plan: Plan::Between { low: 3.0, high: 2.0 } };
    assert!(matches!(empty.root(&square, &[None], &tight()), Err(Error::Option { .. })));
    // with bounds the other root is not looked at
    let found = search.root(&square, &[None], &bounded(1)).unwrap();
    assert!((found.z()[0] - 2.0).abs() < 1e-12);
}

/// x_{i-1} - 2 x_i + x_{i+1} = h^2 (x_i^3 + a_0) between a_1 and 0: parameters a.
struct Bent(usize);

impl Equation<f64> for Bent {
    fn unknowns(&self) -> usize {
        self.0
    }
    fn parameters(&self) -> usize {
        2
    }
    fn residual<D: DualNum<Primitive = f64> + Copy>(&self, x: &[D], a: &[D], g: &mut [D]) {
        let (n, h) = (self.0, 1.0 / (self.0 + 1) as f64);
        for i in 0..n {
            let before = if i == 0 { a[1] } else { x[i - 1] };
            let after = if i + 1 == n { D::from(0.0) } else { x[i + 1] };
            g[i] = before - x[i] * 2.0 + after - (x[i] * x[i] * x[i] + a[0]) * (h * h);
        }
    }
}

#[test]
fn a_pattern_changes_nothing_but_the_cost() {
    let n = 90;
    let plain = Dual::new(Bent(n), Rows::from_vec(1, 2, vec![2.0, -1.0]).unwrap()).unwrap();
    let sparse = Sparse { problem: &plain, sparsity: Sparsity::tridiagonal(n).unwrap() };
    let start = vec![None; n];
    let dense = Search::default().root(&plain, &start, &tight()).unwrap();
    let found = Search::default().root(&sparse, &start, &tight()).unwrap();
    assert!(found.z().iter().zip(dense.z()).all(|(a, b)| (a - b).abs() < 1e-12));
    let [verdict, known] = [found.verdict().unwrap(), dense.verdict().unwrap()];
    assert!(verdict.holds && known.holds && (verdict.condition / known.condition - 1.0).abs() < 1e-6);
    let unit = |p: usize| Rows::from_vec(1, 2, vec![f64::from(p == 0), f64::from(p == 1)]).unwrap();
    let (rows, columns) = (dense.jacobian().unwrap(), found.tangents([unit(0), unit(1)]).unwrap());
    for (i, row) in rows.iter().enumerate() {
        assert!((0..2).all(|p| (row.row(0)[p] - columns[p][i]).abs() < 1e-12), "{i}");
    }
    // a pattern that misses entries is noticed
    let wrong = Sparse { problem: &plain, sparsity: Sparsity::banded(n, 1, 0).unwrap() };
    let refused = Search::default().root(&wrong, &start, &tight());
    assert!(matches!(refused, Err(Error::IncompleteSparsity { .. })), "{refused:?}");
}

#[test]
fn large_systems_need_a_pattern() {
    let n = 10_000;
    // nothing is evaluated before
    let empty = Closure::new(1, |_, _: &[f64], _| (), |_, _, _| ());
    assert!(matches!(
        Search::default().root(&empty, &vec![None; n], &tight()),
        Err(Error::TooLarge { n: 10_000, most: 1000, .. })
    ));
    // one that elimination would fill is refused
    let scattered = (0..n).flat_map(|i| [(i, i), (i, i * 7919 % n), (i, (i * 104_729 + 17) % n)]);
    let pattern = Sparsity::new(n, scattered).unwrap();
    let filled = Sparse { problem: &empty, sparsity: pattern };
    let refused = Search::default().root(&filled, &vec![None; n], &tight());
    assert!(matches!(refused, Err(Error::TooDense { most: 40_000_000, .. })), "{refused:?}");
}
