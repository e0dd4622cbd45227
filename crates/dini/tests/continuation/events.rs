//! Crossings, Hopf points, corners.

use super::common::{branch, ends, sound, traced, values};
use dini::continuation::{Event, Flow, Options, Stop};
use dini::program::select;

#[test]
fn a_pitchfork_is_a_branch_point_on_each_of_its_branches() {
    // the trivial branch
    let trivial = traced(|z, a| [z[0].powi(3) - a * z[0]], &[0.0], -1.0, (-1.0, 1.0));
    assert!(trivial.is_complete() && trivial.points.iter().all(|p| p.z[0] == 0.0), "{:?}", trivial.stops);
    let points = values(trivial.branch_points());
    assert!(points.len() == 1 && points[0].abs() < 1e-12, "{points:?}");
    assert_eq!(trivial.folds().count() + trivial.turns().count(), 0);
    // dz/dt = a z - z^3 is stable for a < 0
    assert!(trivial.points.iter().all(|p| p.event.is_some() || p.stable() == Some(p.a < 0.0)));
    // the parabola
    let parabola = traced(|z, a| [z[0].powi(3) - a * z[0]], &[1.0], 1.0, (-1.0, 1.0));
    sound(&parabola, |z, a| z[0] * z[0] - a);
    let points = values(parabola.branch_points());
    assert!(points.len() == 1 && points[0].abs() < 1e-12, "{points:?}");
    assert_eq!(parabola.folds().count() + parabola.turns().count(), 0);
    assert_eq!(ends(&parabola).map(|(a, z)| (a, z.round())), [(1.0, -1.0), (1.0, 1.0)]);
}

#[test]
fn a_transcritical_crossing_is_found_on_both_branches() {
    for (start, slope) in [(0.0, 0.0), (-1.0, 1.0)] {
        let branch = traced(|z, a| [z[0] * (z[0] - a)], &[start], -1.0, (-1.0, 1.3));
        sound(&branch, |z, a| z[0] - slope * a);
        let points = values(branch.branch_points());
        assert!(points.len() == 1 && points[0].abs() < 1e-12, "{points:?} {:?}", branch.stops);
        assert_eq!(branch.folds().count(), 0);
        assert!(branch.is_complete());
    }
}

#[test]
fn broken_pitchforks_have_a_fold_and_no_branch_point() {
    for unfolding in [1e-2, 1e-4, 1e-6, 1e-9] {
        let g = move |z: f64, a: f64| z.powi(3) - a * z - unfolding;
        let start = (0..80).fold(1.2, |z: f64, _| z - g(z, 1.0) / (3.0 * z * z - 1.0));
        let upper = traced(move |z, a| [z[0].powi(3) - a * z[0] - unfolding], &[start], 1.0, (-1.0, 1.0));
        assert!(upper.is_complete() && upper.points.iter().all(|p| p.z[0] > 0.0 && p.event.is_none()), "{unfolding}");
        let start = (0..80).fold(-1.2, |z: f64, _| z - g(z, 1.0) / (3.0 * z * z - 1.0));
        let lower = traced(move |z, a| [z[0].powi(3) - a * z[0] - unfolding], &[start], 1.0, (-1.0, 1.0));
        let fold = 3.0 * (unfolding / 2.0).powf(2.0 / 3.0);
        let folds = values(lower.folds());
        assert!(lower.is_complete() && lower.branch_points().count() == 0);
        assert!(folds.len() == 1 && (folds[0] - fold).abs() < 1e-12, "{unfolding} {folds:?} {fold}");
    }
}

#[test]
fn the_brusselator_has_a_hopf_point_where_b_is_1_plus_a_squared() {
    for a in [0.7, 1.0, 2.0] {
        let options = Options { flow: Flow::Plus, ..Options::default() };
        let branch = branch(
            |z, b| [a - (b + 1.0) * z[0] + z[0] * z[0] * z[1], b * z[0] - z[0] * z[0] * z[1]],
            &[a, 0.5 / a],
            0.5,
            (0.5, 6.0),
            &options,
        );
        sound(&branch, |z, b| (z[0] - a).abs().max((z[1] - b / a).abs()));
        let points: Vec<_> = branch.hopf_points().collect();
        assert_eq!(points.len(), 1);
        assert!((points[0].a - (1.0 + a * a)).abs() < 1e-10, "{}", points[0].a);
        let Some(Event::Hopf { frequency }) = points[0].event else { panic!() };
        assert!((frequency - a).abs() < 1e-9);
        assert_eq!(branch.points[0].stable(), Some(true));
        assert_eq!(branch.points[branch.points.len() - 1].unstable, Some(2));
    }
}

#[test]
fn a_corner_where_the_parameter_turns_is_no_fold() {
    for slope in [1.0, 0.5, 0.05, 3.0] {
        let branch = traced(|z, a| [slope * z[0].abs() + a - 1.0], &[-1.0 / slope], 0.0, (0.0, 2.0));
        sound(&branch, |z, a| slope * z[0].abs() + a - 1.0);
        assert_eq!(branch.folds().count(), 0, "{slope}");
        let turns = values(branch.turns());
        assert!(turns.len() == 1 && (turns[0] - 1.0).abs() < 1e-9, "{slope} {turns:?} {:?}", branch.stops);
        assert!(branch.is_complete() && (ends(&branch)[1].1 - 1.0 / slope).abs() < 1e-12, "{:?}", ends(&branch));
        let turn = branch.turns().next().unwrap();
        assert_eq!((turn.stable(), turn.positive), (None, None));
    }
}

#[test]
fn a_corner_without_a_turn_is_passed() {
    for (left, right) in [(1.0, 5.0), (5.0, 1.0), (0.2, 1.0)] {
        let g = |z: &[dini::program::Var], a| [select(z[0].lt(0.0), left * z[0], right * z[0]) - a];
        let branch = traced(g, &[-1.0 / left], -1.0, (-1.0, 1.0));
        assert!(branch.is_complete(), "{:?}", branch.stops);
        assert_eq!(branch.folds().count() + branch.turns().count() + branch.branch_points().count(), 0);
        let corners = values(branch.corners());
        assert!(corners.len() == 1 && corners[0].abs() < 1e-9, "{corners:?}");
        assert!((ends(&branch)[1].1 - 1.0 / right).abs() < 1e-12);
    }
}

#[test]
fn a_jump_is_no_branch() {
    // z = a below 0, z = a + 1 above
    let branch = traced(|z, a| [z[0] - a - select(a.lt(0.0), 0.0, 1.0)], &[-1.0], -1.0, (-1.0, 1.0));
    assert!(matches!(branch.stops[1], Some(Stop::Stuck(_) | Stop::Domain)), "{:?}", branch.stops);
    assert!(branch.points.iter().all(|p| p.a < 1e-6 && p.z[0] < 1e-6 && p.event.is_none()));
}
