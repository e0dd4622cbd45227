//! Folds of known places.

use super::common::{ends, sound, traced, values};
use dini::Model;
use dini::continuation::{Event, Options, Stop};

#[test]
fn the_s_of_a_hyperbolic_tangent_has_two_folds_and_three_parts() {
    let branch = traced(|z, x| [z[0] - (2.0 * z[0] + x).tanh()], &[-0.99], -1.0, (-1.0, 1.0));
    sound(&branch, |z, x| z[0] - (2.0 * z[0] + x).tanh());
    // z = +-sqrt(1/2), x = atanh z - 2 z
    let z = 0.5f64.sqrt();
    let x = z.atanh() - 2.0 * z;
    let folds: Vec<_> = branch.folds().collect();
    assert_eq!(folds.len(), 2);
    assert!((folds[0].a + x).abs() < 1e-13 && (folds[0].z[0] + z).abs() < 1e-12, "{folds:?}");
    assert!((folds[1].a - x).abs() < 1e-13 && (folds[1].z[0] - z).abs() < 1e-12, "{folds:?}");
    assert!((x + 0.532_839_975_353_552).abs() < 1e-14);
    assert!(!branch.solved || branch.points[0].a == -1.0);
    assert!(branch.is_complete() && ends(&branch)[0].0 == -1.0 && ends(&branch)[1].0 == 1.0);
    // stable, unstable, stable
    let parts: Vec<bool> = branch.points.iter().filter_map(|p| p.stable()).collect();
    let changes = parts.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert!(parts[0] && parts[parts.len() - 1] && changes == 2);
    for point in branch.points.iter().filter(|p| p.event.is_none()) {
        let slope = 1.0 - 2.0 * (1.0 - point.z[0] * point.z[0]);
        assert_eq!(point.positive, Some(slope > 0.0));
        assert_eq!(point.stable(), Some(slope > 0.0));
    }
}

#[test]
fn folds_of_a_cubic_with_their_bends() {
    let branch = traced(|z, a| [z[0].powi(3) - z[0] - a], &[-1.4], -1.0, (-1.0, 1.0));
    sound(&branch, |z, a| z[0].powi(3) - z[0] - a);
    let place = 2.0 / (3.0 * 3f64.sqrt());
    let folds: Vec<_> = branch.folds().collect();
    assert_eq!(folds.len(), 2);
    assert!((folds[0].a - place).abs() < 1e-14 && (folds[1].a + place).abs() < 1e-14, "{folds:?}");
    // d^2 a / dz^2 = 6 z, and ds is dz over the scale of z, 2
    let Some(Event::Fold { bend }) = folds[0].event else { panic!() };
    let scale = folds[0].tangent.z[0];
    assert!((bend - 6.0 * folds[0].z[0] * scale * scale).abs() < 1e-9, "{bend} {scale}");
}

#[test]
fn a_circle_is_closed_and_has_two_folds() {
    let branch = traced(|z, a| [z[0] * z[0] + a * a - 1.0], &[1.0], 0.0, (-2.0, 2.0));
    sound(&branch, |z, a| z[0] * z[0] + a * a - 1.0);
    assert!(branch.is_closed() && branch.is_complete());
    let mut folds = values(branch.folds());
    folds.sort_by(f64::total_cmp);
    assert!(folds.len() == 2 && (folds[0] + 1.0).abs() < 1e-14 && (folds[1] - 1.0).abs() < 1e-14);
    assert_eq!(branch.branch_points().count() + branch.turns().count(), 0);
    let (first, last) = (&branch.points[0], &branch.points[branch.points.len() - 1]);
    assert!((first.z[0] - last.z[0]).abs() + (first.a - last.a).abs() < 1e-9);
}

#[test]
fn a_circle_from_its_own_fold_has_both_folds() {
    let branch = traced(|z, a| [z[0] * z[0] + a * a - 1.0], &[0.0], 1.0, (-2.0, 2.0));
    assert!(branch.is_closed());
    let mut folds = values(branch.folds());
    folds.sort_by(f64::total_cmp);
    assert!(folds.len() == 2 && (folds[0] + 1.0).abs() < 1e-14 && (folds[1] - 1.0).abs() < 1e-14, "{folds:?}");
}

#[test]
fn a_cubic_tangency_is_no_fold() {
    for start in [-1.0, 1.0, 0.3] {
        let f = |z: f64| z * z * z;
        let branch = traced(|z, a| [z[0].powi(3) - a], &[start], f(start), (-2.0, 2.0));
        sound(&branch, |z, a| z[0] - a.cbrt());
        assert!(branch.is_complete());
        assert!(branch.points.iter().all(|p| p.event.is_none()), "{:?}", values(branch.folds()));
        assert!((ends(&branch)[1].1 - 2f64.cbrt()).abs() < 1e-12 && (ends(&branch)[0].1 + 2f64.cbrt()).abs() < 1e-12);
    }
}

#[test]
fn a_fold_of_fourth_order_is_a_turn_and_no_regular_fold() {
    let branch = traced(|z, a| [z[0].powi(4) - a], &[1.0], 1.0, (-1.0, 1.0));
    sound(&branch, |z, a| z[0].powi(4) - a);
    assert!(branch.is_complete() && branch.folds().count() == 0, "{:?}", branch.stops);
    let turns = values(branch.turns());
    assert!(turns.len() == 1 && turns[0].abs() < 1e-12, "{turns:?}");
}

#[test]
fn a_fold_at_the_very_end_of_the_range_is_found() {
    let branch = traced(|z, a| [z[0] * z[0] - a], &[1.0], 1.0, (0.0, 1.0));
    let folds = values(branch.folds());
    assert!(folds.len() == 1 && folds[0].abs() < 1e-14 && folds[0] >= 0.0, "{folds:?} {:?}", branch.stops);
    assert_eq!(ends(&branch).map(|end| end.0), [1.0, 1.0]);
    // and from the fold itself
    let branch = traced(|z, a| [z[0] * z[0] - a], &[0.0], 0.0, (0.0, 1.0));
    assert_eq!(values(branch.folds()), [0.0]);
    assert_eq!(ends(&branch).map(|end| end.0), [1.0, 1.0]);
}

#[test]
fn a_fold_just_outside_of_the_range_is_not_passed() {
    for beyond in [1e-3, 1e-5, 1e-8] {
        let branch = traced(|z, a| [z[0] * z[0] - (a + beyond)], &[1.0 + beyond], 1.0, (0.0, 1.0));
        assert_eq!(branch.folds().count(), 0);
        assert_eq!(branch.stops, [Some(Stop::Range), None]);
        let (a, z) = ends(&branch)[0];
        assert!(a == 0.0 && (z - beyond.sqrt()).abs() < 1e-10, "{a} {z}");
    }
}

#[test]
fn sharp_folds_are_folds() {
    // a hyperbola with an ever sharper corner: z^2 / e - e a ... as a = -sqrt(z^2 + e^2)
    for sharp in [1e-2f64, 1e-4, 1e-6, 1e-8] {
        let branch =
            traced(|z, a| [a * a - z[0] * z[0] - sharp * sharp], &[-(1.0 - sharp * sharp).sqrt()], -1.0, (-1.0, 1.0));
        sound(&branch, |z, a| (a * a - z[0] * z[0] - sharp * sharp) / (a * a + z[0] * z[0]).sqrt());
        let folds = values(branch.folds());
        assert!(folds.len() == 1 && (folds[0] + sharp).abs() < 1e-14, "{sharp} {folds:?} {:?}", branch.stops);
        assert!(branch.is_complete() && (ends(&branch)[1].1 - (1.0 - sharp * sharp).sqrt()).abs() < 1e-12);
    }
}

#[test]
fn functions_on_slices_have_folds_too() {
    let g = |z: &[f64], a: &[f64], g: &mut [f64]| g[0] = z[0] - (2.0 * z[0] + a[0]).tanh();
    let model = Model::equation_on_slices(g).parameters(&[-1.0]).start(&[-0.99]);
    let branch = model.branch(0, -1.0..=1.0, &Options::default()).unwrap();
    let folds = values(branch.folds());
    assert!(folds.len() == 2 && folds.iter().all(|a| (a.abs() - 0.532_839_975_353_552).abs() < 1e-10), "{folds:?}");
    assert!(branch.is_complete());
}

#[test]
fn none_of_many_folds_is_missed() {
    // a = z + c sin(50 z): folds where 1 + 50 c cos(50 z) = 0
    for c in [0.021, 0.03, 0.1] {
        let f = |z: f64| z + c * (50.0 * z).sin();
        let branch = traced(move |z, a| [z[0] + c * (50.0 * z[0]).sin() - a], &[-1.0], f(-1.0), (-1.2, 1.2));
        assert!(branch.is_complete(), "{:?}", branch.stops);
        let (first, last) = (branch.points[0].z[0], branch.points[branch.points.len() - 1].z[0]);
        let slope = |z: f64| 1.0 + 50.0 * c * (50.0 * z).cos();
        let steps = 1_000_000;
        let at = |k: usize| first + (last - first) * k as f64 / steps as f64;
        let changes = (0..steps).filter(|&k| slope(at(k)) * slope(at(k + 1)) < 0.0).count();
        assert_eq!(branch.folds().count(), changes, "{c}");
        assert!(branch.folds().all(|p| slope(p.z[0]).abs() < 1e-9));
    }
}
