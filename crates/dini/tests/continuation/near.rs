//! Branches that pass close to each other must not be mixed up.

use super::common::{ends, sound, traced, values};
use dini::Model;
use dini::continuation::Options;
use dini::program::Var;

#[test]
fn branches_that_avoid_each_other_are_kept_apart() {
    for gap in [1e-2, 1e-4, 1e-6, 1e-8, 1e-10, 1e-12] {
        for sign in [1.0, -1.0] {
            let start = sign * (1.0f64 + gap).sqrt();
            let branch = traced(|z, a| [z[0] * z[0] - a * a - gap], &[start], -1.0, (-1.0, 1.0));
            sound(&branch, |z, a| (z[0] * z[0] - a * a - gap) / (a * a + z[0] * z[0]).sqrt());
            let (a, z) = ends(&branch)[1];
            assert!(branch.is_complete() && a == 1.0 && (z - start).abs() < 1e-12, "{gap} {z} {:?}", branch.stops);
            assert_eq!(branch.points.iter().filter(|p| p.event.is_some()).count(), 0, "{gap}");
            assert!(branch.points.iter().all(|p| p.z[0] * sign > 0.0));
        }
    }
}

/// A hyperbola, its gap given, with a chain of unknowns behind it: a sparse system.
fn chain(gap: f64, sign: f64) -> dini::continuation::Branch {
    let n = 80;
    let g = |z: &[Var], a: &[Var]| -> Vec<Var> {
        let link = |i: usize| z[i] - 0.5 * z[i - 1] - a[0].sin() / i as f64;
        std::iter::once(z[0] * z[0] - a[0] * a[0] - gap).chain((1..n).map(link)).collect()
    };
    let mut start = vec![sign * (1.0 + gap).sqrt()];
    (1..n).for_each(|i| start.push(0.5 * start[i - 1] + (-1f64).sin() / i as f64));
    let model = Model::equation(g).find_pattern().parameters(&[-1.0]).start(&start);
    model.branch(0, -1.0..=1.0, &Options { stability: false, ..Options::default() }).unwrap()
}

#[test]
fn sparse_systems_are_kept_apart_too() {
    for gap in [1e-2, 1e-5, 1e-8, 1e-11] {
        for sign in [1.0, -1.0] {
            let branch = chain(gap, sign);
            assert!(branch.is_complete(), "{gap} {:?}", branch.stops);
            assert!(branch.points.iter().all(|p| p.z[0] * sign > 0.0 && p.event.is_none()), "{gap}");
            assert!(branch.points.iter().all(|p| p.positive == Some(sign > 0.0)));
        }
    }
    let branch = chain(0.0, 1.0);
    let crossings = values(branch.branch_points());
    assert!(crossings.len() == 1 && crossings[0].abs() < 1e-10, "{crossings:?} {:?}", branch.stops);
    assert!((ends(&branch)[1].1 + 1.0).abs() < 1e-12 && branch.points[branch.points.len() - 1].positive == Some(false));
}

#[test]
fn neighbours_of_the_same_kind_are_not_visited() {
    // sheets a distance apart, every second one with a determinant of the same sign
    for apart in [0.3, 0.05, 0.01, 0.002] {
        let g = |z: &[Var], a: Var| [((z[0] - (5.0 * a).sin()) * (std::f64::consts::PI / apart)).sin()];
        let branch = traced(g, &[(-5f64).sin()], -1.0, (-1.0, 1.0));
        assert!(branch.is_complete(), "{apart} {:?}", branch.stops);
        let worst = branch.points.iter().map(|p| (p.z[0] - (5.0 * p.a).sin()).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-12, "{apart} {worst:e}");
        // and as a polynomial with roots at three sheets
        let g = |z: &[Var], a: Var| {
            let y = z[0] - (5.0 * a).sin();
            [y * (y - apart) * (y + apart)]
        };
        for sheet in [-apart, 0.0, apart] {
            let branch = traced(g, &[(-5f64).sin() + sheet], -1.0, (-1.0, 1.0));
            let worst = branch.points.iter().map(|p| (p.z[0] - (5.0 * p.a).sin() - sheet).abs()).fold(0.0, f64::max);
            assert!(branch.is_complete() && worst < 1e-12, "{apart} {sheet} {worst:e} {:?}", branch.stops);
        }
    }
}

#[test]
fn where_they_touch_they_cross() {
    let branch = traced(|z, a| [z[0] * z[0] - a * a], &[1.0], -1.0, (-1.0, 1.0));
    assert!(branch.is_complete());
    assert_eq!(branch.branch_points().count(), 1);
    let point = branch.branch_points().next().unwrap();
    assert!(point.a.abs() < 1e-10 && point.z[0].abs() < 1e-10);
    assert!((ends(&branch)[1].1 + 1.0).abs() < 1e-12);
}
