//! Roots where no good start is known.

use dini::model::System;
use dini::problem::{Active, Bounds, Capabilities, CapabilitiesOf, Eval, Linearize, Problem, Sparse, Sparsity};
use dini::program::Var;
use dini::search::{Plan, Search};
use dini::solve::AnySolver;
use dini::{Error, Model, Newton, Options, Rows, Status};
use rand::{Rng, SeedableRng, rngs::StdRng};

fn tight() -> Options {
    Options { relative: 1e-12, ..Options::default() }
}

/// A two-link arm that is to reach (x, y): angles of its joints.
fn arm(q: &[Var], a: &[Var]) -> [Var; 2] {
    [q[0].cos() * 0.5 + (q[0] + q[1]).cos() * 0.4 - a[0], q[0].sin() * 0.5 + (q[0] + q[1]).sin() * 0.4 - a[1]]
}

/// The pattern that a problem states.
fn pattern<P: Linearize>(problem: &P) -> Option<&Sparsity> {
    problem.capabilities().sparse.map(|sparse| sparse.pattern)
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
        let problem = Model::equation(arm).parameters(&target).system(2).unwrap();
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
    let model = || Model::equation(|z, _| [(z[0] / 300.0 - 1.0).ln() - 0.5, z[1] - 2.0 * z[0]]);
    let plain = model().system(2).unwrap();
    let found = Search::default().root(&plain, &[None, None], &tight()).unwrap();
    assert!((found.z()[0] - 794.6163812100384).abs() < 1e-9, "{found:?}");
    assert!(found.verdict().unwrap().holds && found.origin().is_some());
    // the same with a pattern, which says that p does not matter to the first equation
    let sparse = model().find_pattern().system(2).unwrap();
    assert_eq!(pattern(&sparse), Some(&Sparsity::new(2, [(0, 0), (1, 0), (1, 1)]).unwrap()));
    let found = Search::default().root(&sparse, &[None, Some(1.0)], &tight()).unwrap();
    assert!((found.z()[1] - 2.0 * 794.6163812100384).abs() < 1e-8, "{found:?}");
    // where there is no domain, the equation is named
    let nowhere = Model::equation(|z, _| [z[0] - z[1], (-1.0 - z[0] * z[0]).ln()]).system(2).unwrap();
    let found = Search::default().root(&nowhere, &[None, None], &tight()).unwrap();
    assert_eq!((found.status(), found.undefined()), (Status::NonFinite, Some(1)));
    assert!(found.verdict().is_none() && found.attempts() > 100);
    assert!(matches!(found.jacobian(), Err(Error::NotConverged { .. })));
}

#[test]
fn what_has_no_root_is_not_solved() {
    let inconsistent = Model::equation(|z, _| [z[0] + z[1] - 1.0, 2.0 * z[0] + 2.0 * z[1] - 3.0]).system(2).unwrap();
    let far = Model::equation(|z, _| [z[0].tanh() - 1.0]).system(1).unwrap();
    for (found, least) in [
        (Search::default().root(&inconsistent, &[None, None], &tight()).unwrap().status(), 100),
        (Search::default().root(&far, &[None], &tight()).unwrap().status(), 30),
    ] {
        assert!(!matches!(found, Status::Converged | Status::OnBound), "{found:?} {least}");
    }
    // a circle twice is a curve of roots: a root, but no derivative
    let circle = Model::equation(|z, _| {
        let square = z[0] * z[0] + z[1] * z[1] - 1.0;
        [square, 0.25 * square]
    });
    let circle = circle.system(2).unwrap();
    let found = Search::default().root(&circle, &[Some(1.0), Some(2.0)], &tight()).unwrap();
    assert_eq!(found.status(), Status::Converged);
    assert!((found.z()[0].hypot(found.z()[1]) - 1.0).abs() < 1e-12 && !found.verdict().unwrap().holds);
    assert!(matches!(found.jacobian(), Err(Error::Hypotheses { .. })));
}

#[test]
fn units_do_not_matter() {
    // pressures near 1e7, fractions near 1e-9: derivatives by the parameters in the units of the unknowns
    let model = Model::equation(|z, a| [z[0] * z[1] - a[0], z[0] * z[0] * 1e-14 - a[1]]);
    let problem = model.parameters(&[3e-3, 9.0]).system(2).unwrap();
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
    let problem = Model::equation(|z, _| [(z[0] - 1.0) * (z[0] - 2.0) * (z[0] - 3.0)]).system(1).unwrap();
    let between = Search { plan: Plan::Between { low: 1.5, high: 2.75 } };
    let found = between.root(&problem, &[None], &tight()).unwrap();
    assert!((found.z()[0] - 2.0).abs() < 1e-14 && found.attempts() == 1, "{found:?}");
    let newton = Search { plan: Plan::Single(AnySolver::Newton(Newton::default())) };
    let found = newton.root(&problem, &[Some(4.0)], &tight()).unwrap();
    assert!((found.z()[0] - 3.0).abs() < 1e-12 && found.origin().is_none());
    // no sign change at the start, but one elsewhere: found by the scan
    let spike = Model::equation(|z, _| [(z[0] - 777.0).tanh()]).system(1).unwrap();
    let found = Search::default().root(&spike, &[Some(0.0)], &tight()).unwrap();
    assert!((found.z()[0] - 777.0).abs() < 1e-10 && found.origin().unwrap().sign_change, "{found:?}");
}

#[test]
fn broken_contracts_are_refused() {
    let square = Model::equation(|z, _| [z[0] * z[0] - 4.0]).system(1).unwrap();
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
fn bent(x: &[Var], a: &[Var]) -> Vec<Var> {
    let (n, h) = (x.len(), 1.0 / (x.len() + 1) as f64);
    let g = |i: usize| {
        let before = if i == 0 { a[1] } else { x[i - 1] };
        let after = if i + 1 == n { 0.0.into() } else { x[i + 1] };
        before - x[i] * 2.0 + after - (x[i] * x[i] * x[i] + a[0]) * (h * h)
    };
    (0..n).map(g).collect()
}

/// The same by value, with a dense Jacobian by hand.
fn bent_by_hand(n: usize) -> System<f64> {
    let h = 1.0 / (n + 1) as f64;
    let g = move |x: &[f64], a: &[f64], g: &mut [f64]| {
        for i in 0..n {
            let before = if i == 0 { a[1] } else { x[i - 1] };
            let after = if i + 1 == n { 0.0 } else { x[i + 1] };
            g[i] = before - x[i] * 2.0 + after - (x[i] * x[i] * x[i] + a[0]) * (h * h);
        }
    };
    let model = Model::equation_on_slices(g).jacobian(move |x, _, j| {
        for i in 0..n {
            j[i * n + i] = -2.0 - 3.0 * x[i] * x[i] * h * h;
            (i.saturating_sub(1)..(i + 2).min(n)).filter(|&c| c != i).for_each(|c| j[c * n + i] = 1.0);
        }
    });
    let model = model.parameter_jacobian(move |_, _, d| {
        d[..n].fill(-h * h);
        d[n] = 1.0;
    });
    model.parameters(&[2.0, -1.0]).system(n).unwrap()
}

/// A problem with a pattern of which it does not know that it is wrong.
struct Patterned {
    problem: System<f64>,
    sparsity: Sparsity,
}

impl Problem for Patterned {
    type State = Rows<f64>;
    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        self.problem.validate(z)
    }
    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.problem.residual(at, z, out)
    }
}

impl Linearize for Patterned {
    type Tape = <System<f64> as Linearize>::Tape;
    fn tape(&self, like: &Rows<f64>) -> Self::Tape {
        self.problem.tape(like)
    }
    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, g: &Rows<f64>, tape: &mut Self::Tape) -> Eval {
        self.problem.linearize(at, z, g, tape)
    }
    fn jvp(&self, at: Active<'_>, tape: &Self::Tape, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.problem.jvp(at, tape, v, out)
    }
    fn vjp(&self, at: Active<'_>, tape: &Self::Tape, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        self.problem.vjp(at, tape, u, out)
    }
    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        Capabilities { sparse: Some(Sparse { pattern: &self.sparsity, entries: None }), ..Capabilities::NONE }
    }
}

#[test]
fn a_pattern_changes_nothing_but_the_cost() {
    let n = 90;
    let plain = bent_by_hand(n);
    let sparse = Model::equation(bent).parameters(&[2.0, -1.0]).system(n).unwrap();
    assert_eq!((pattern(&plain), pattern(&sparse)), (None, Some(&Sparsity::tridiagonal(n).unwrap())));
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
    let wrong = Patterned { problem: plain, sparsity: Sparsity::banded(n, 1, 0).unwrap() };
    let refused = Search::default().root(&wrong, &start, &tight());
    assert!(matches!(refused, Err(Error::IncompleteSparsity { .. })), "{refused:?}");
}

#[test]
fn large_systems_need_a_pattern() {
    let n = 10_000;
    // nothing is evaluated before
    let empty = || Model::equation_on_slices(|_: &[f64], _: &[f64], _: &mut [f64]| unreachable!());
    assert!(matches!(
        Search::default().root(&empty().system(n).unwrap(), &vec![None; n], &tight()),
        Err(Error::TooLarge { n: 10_000, most: 1000, .. })
    ));
    // one that elimination would fill is refused
    let scattered = (0..n).flat_map(|i| [(i, i), (i, i * 7919 % n), (i, (i * 104_729 + 17) % n)]);
    let pattern = Sparsity::new(n, scattered).unwrap();
    let filled = empty().pattern(pattern).system(n).unwrap();
    let refused = Search::default().root(&filled, &vec![None; n], &tight());
    assert!(matches!(refused, Err(Error::TooDense { most: 40_000_000, .. })), "{refused:?}");
}
