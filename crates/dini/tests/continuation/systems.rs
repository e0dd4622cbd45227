//! Systems: boundary-value problems, unknowns of different size.

use std::cell::Cell;

use super::common::{ends, values};
use dini::Model;
use dini::continuation::{Options, Stop};
use dini::problem::Bounds;
use dini::program::Var;

/// u'' + a e^u = 0 on (0, 1), n points inside, as residuals in the units of u.
fn bratu(u: &[Var], a: Var) -> Vec<Var> {
    let n = u.len();
    let h = 1.0 / (n + 1) as f64;
    let at = |i: usize| if i == 0 || i == n + 1 { Var::from(0.0) } else { u[i - 1] };
    (1..=n).map(|i| at(i - 1) - 2.0 * at(i) + at(i + 1) + h * h * a * at(i).exp()).collect()
}

/// The a at which shooting from u(0) = 0 with this slope meets u(1) = 0 for the discrete equation, by bisection.
fn shooting(n: usize, slope: f64) -> f64 {
    let h = 1.0 / (n + 1) as f64;
    let end = |a: f64| {
        let (mut before, mut here) = (0.0f64, slope * h);
        for _ in 0..n {
            (before, here) = (here, 2.0 * here - before - h * h * a * here.exp());
        }
        here
    };
    let (mut low, mut high) = (0.0, 20.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if end(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The largest a over all slopes, by golden sections; and once more by a parabola, since a maximum hides in rounding.
fn largest(n: usize) -> f64 {
    let ratio = 0.5 * (5f64.sqrt() - 1.0);
    let (mut low, mut high) = (1.0, 10.0);
    while high - low > 1e-4 {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if shooting(n, a) > shooting(n, b) { high = b } else { low = a }
    }
    let (middle, d) = (0.5 * (low + high), 1e-3);
    let [before, here, after] = [-d, 0.0, d].map(|d| shooting(n, middle + d));
    here + (after - before).powi(2) / (8.0 * (2.0 * here - before - after))
}

#[test]
fn the_fold_of_bratus_problem() {
    let folds = |n: usize| {
        let model = Model::equation(|u: &[Var], a: &[Var]| bratu(u, a[0])).parameters(&[0.0]).start(&vec![0.0; n]);
        let branch = model.branch(0, 0.0..=4.0, &Options { max_points: 400, ..Options::default() }).unwrap();
        assert!(ends(&branch)[0].0 == 0.0);
        let folds = values(branch.folds());
        assert_eq!(folds.len(), 1, "{n} {:?} {}", branch.stops, branch.points.len());
        assert_eq!(branch.branch_points().count() + branch.turns().count(), 0);
        // the lower half is stable, the upper one is not
        let flow: Vec<_> = branch.points.iter().map(|p| p.unstable).collect();
        let fold = branch.points.iter().position(|p| p.event.is_some()).unwrap();
        // g is the negative of a diffusion operator: u_t = u_xx + ... is dz/dt = g
        assert!(flow[..fold].iter().flatten().all(|count| *count == n));
        assert!(flow[fold + 1..].iter().flatten().all(|count| *count == n - 1));
        folds[0]
    };
    let fold = folds(31);
    assert!((fold - largest(31)).abs() < 1e-10, "{fold} {}", largest(31));
    // Richardson: errors of second and fourth order
    let [coarse, middle, fine] = [15, 31, 63].map(folds);
    let (a, b) = ((4.0 * middle - coarse) / 3.0, (4.0 * fine - middle) / 3.0);
    let limit = (16.0 * b - a) / 15.0;
    assert!((limit - 3.513_830_719_125_161).abs() < 1e-7, "{limit}");
}

#[test]
fn the_fold_of_a_sparse_problem_in_the_plane() {
    // u_xx + u_yy + a e^u = 0 on the unit square, m x m points inside
    let fold = |m: usize| {
        let g = |u: &[Var], a: &[Var]| -> Vec<Var> {
            let h = 1.0 / (m + 1) as f64;
            let at = |i: usize, j: usize| {
                if i == 0 || j == 0 || i > m || j > m { Var::from(0.0) } else { u[(i - 1) * m + j - 1] }
            };
            let cell = |k: usize| {
                let (i, j) = (k / m + 1, k % m + 1);
                let around = at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1);
                4.0 * at(i, j) - around - h * h * a[0] * at(i, j).exp()
            };
            (0..m * m).map(cell).collect()
        };
        let model = Model::equation(g).find_pattern().parameters(&[0.0]).start(&vec![0.0; m * m]);
        // the coarse equations have folds of their own, far above
        let bounds = Some(Bounds::new(vec![-1.0; m * m], vec![5.0; m * m]).unwrap());
        let options = Options { max_points: 100, stability: false, bounds, ..Options::default() };
        let branch = model.branch(0, 0.0..=8.0, &options).unwrap();
        assert!(matches!(branch.stops, [None, Some(Stop::Bound { unknown })] if unknown == m * m / 2));
        let folds: Vec<_> = branch.folds().collect();
        assert!(folds.len() == 1 && branch.branch_points().count() == 0, "{:?} {}", branch.stops, branch.points.len());
        let before = branch.points.iter().filter(|p| p.event.is_none() && p.arclength < folds[0].arclength);
        assert!(before.clone().count() > 5 && before.clone().all(|p| p.positive == Some(true)));
        folds[0].a
    };
    let (coarse, fine) = (fold(11), fold(23));
    let limit = (4.0 * fine - coarse) / 3.0;
    assert!((limit - 6.808_124_423).abs() < 2e-3, "{coarse} {fine} {limit}");
}

#[test]
fn sizes_of_unknowns_do_not_matter() {
    // the same S three times in units of 1e-8, 1 and 1e6, coupled; the parameter in units of 1e-3
    let units = [1e-8, 1.0, 1e6];
    let model = Model::equation(|z: &[Var], a: &[Var]| -> Vec<Var> {
        let y: Vec<Var> = (0..3).map(|i| z[i] / units[i]).collect();
        vec![y[0] - (2.0 * y[0] + 1e3 * a[0]).tanh(), units[2] * (y[1] - y[0]), units[0] * (y[2] - 0.5 * (y[0] + y[1]))]
    });
    let start = [-0.99 * units[0], -0.99 * units[1], -0.99 * units[2]];
    let branch = model.parameters(&[-1e-3]).start(&start).branch(0, -1e-3..=1e-3, &Options::default()).unwrap();
    assert!(branch.is_complete(), "{:?}", branch.stops);
    let folds: Vec<_> = branch.folds().collect();
    assert_eq!(folds.len(), 2);
    for fold in folds {
        assert!((fold.a.abs() * 1e3 - 0.532_839_975_353_552).abs() < 1e-12);
        (0..3).for_each(|i| assert!((fold.z[i].abs() / units[i] - 0.5f64.sqrt()).abs() < 1e-10));
    }
}

#[test]
fn branches_of_random_curves_are_roots_everywhere() {
    // z1 and z2 along closed forms: z1 = sin(3 a), z2^3 - z2 = z1 + a with up to three branches
    let evaluations = Cell::new(0);
    for shift in [-0.3, 0.0, 0.2, 0.5] {
        let g = |z: &[Var], a: &[Var]| {
            evaluations.set(evaluations.get() + 1);
            [z[0] - (3.0 * a[0]).sin(), z[1].powi(3) - z[1] - z[0] - a[0] - shift]
        };
        let model = Model::equation(g).parameters(&[-2.0]).start(&[(-6f64).sin(), -1.5]);
        let branch = model.branch(0, -2.0..=2.0, &Options::default()).unwrap();
        assert!(branch.is_complete());
        for point in &branch.points {
            let (z, a) = (&point.z, point.a);
            assert!((z[0] - (3.0 * a).sin()).abs() < 1e-14);
            assert!((z[1].powi(3) - z[1] - z[0] - a - shift).abs() < 1e-13);
        }
        // turning points are where z2^2 = 1/3
        assert!(branch.folds().all(|p| (p.z[1] * p.z[1] - 1.0 / 3.0).abs() < 1e-12));
        let crossings = branch.points.windows(2).filter(|pair| {
            let slope = |k: usize| 3.0 * pair[k].z[1].powi(2) - 1.0;
            slope(0) * slope(1) < 0.0
        });
        assert!(branch.folds().count() >= crossings.count());
    }
    assert_eq!(evaluations.get(), 4);
}
