//! How branches end.

use super::common::{branch, ends, sound, traced};
use dini::continuation::{Direction, Options, Stop, trace_with};
use dini::problem::Bounds;
use dini::solve::Control;
use dini::{Error, Model};

#[test]
fn a_branch_ends_exactly_on_its_range() {
    let branch = traced(|z, a| [z[0].exp() - a], &[0.0], 1.0, (0.3, 2.7));
    sound(&branch, |z, a| z[0] - a.ln());
    let [first, last] = ends(&branch);
    assert_eq!((first.0, last.0), (0.3, 2.7));
    assert_eq!(branch.stops, [Some(Stop::Range), Some(Stop::Range)]);
    assert!((last.1 - 2.7f64.ln()).abs() < 1e-15 && branch.points[branch.start].a == 1.0);
}

#[test]
fn steep_branches_are_followed() {
    // z from 1 to 1e8, and a parameter that acts within a thousandth of its range
    let branch = traced(|z, a| [z[0] - (18.0 * a).exp()], &[1.0], 0.0, (0.0, 1.0));
    sound(&branch, |z, a| (z[0] / (18.0 * a).exp() - 1.0) * 1e-1);
    assert!(branch.is_complete() && ends(&branch)[1].0 == 1.0);
    let branch = traced(|z, a| [z[0] - (1000.0 * a).tanh()], &[-1.0], -1.0, (-1.0, 1.0));
    sound(&branch, |z, a| z[0] - (1000.0 * a).tanh());
    assert!(branch.is_complete() && (ends(&branch)[1].1 - 1.0).abs() < 1e-12);
    assert!(branch.points.iter().filter(|p| p.z[0].abs() < 0.9).count() > 10);
}

#[test]
fn the_edge_of_the_domain_ends_a_branch_and_keeps_it() {
    let branch = traced(|z, a| [z[0] - a.sqrt()], &[1.0], 1.0, (-1.0, 1.0));
    assert_eq!(branch.stops, [Some(Stop::Domain), None]);
    sound(&branch, |z, a| z[0] * z[0] - a);
    assert!(ends(&branch)[0].0 >= 0.0 && ends(&branch)[0].0 < 1e-8 && branch.points.len() > 10);
    assert_eq!(branch.folds().count(), 0);
    let branch = traced(|z, a| [z[0] + (a - 0.5).ln()], &[0.5f64.ln().abs()], 1.0, (0.0, 2.0));
    // z grows without bound at a = 1/2: the trace goes on as long as a can still be told from it
    assert!(!branch.is_complete() && branch.points[0].a > 0.5 && branch.points[0].a < 0.5 + 1e-9, "{:?}", branch.stops);
}

#[test]
fn bounds_end_a_branch_on_the_bound() {
    let options = Options { bounds: Some(Bounds::new(vec![-0.7], vec![1e3]).unwrap()), ..Options::default() };
    let branch = branch(|z, a| [z[0].powi(3) - z[0] - a], &[1.4], 1.0, (-1.0, 1.0), &options);
    assert_eq!(branch.stops, [Some(Stop::Bound { unknown: 0 }), None]);
    assert_eq!(ends(&branch)[0].1, -0.7);
    assert!((ends(&branch)[0].0 - (0.7 - 0.343)).abs() < 1e-14);
    // one at which the equations end, too
    let options = Options { bounds: Some(Bounds::positive(1)), ..Options::default() };
    let branch = self::branch(|z, a| [z[0].sqrt() - a], &[1.0], 1.0, (-1.0, 1.0), &options);
    assert_eq!(branch.stops[0], Some(Stop::Bound { unknown: 0 }));
    assert!(ends(&branch)[0].1 < 1e-8 && ends(&branch)[0].1 >= 0.0);
    let model = Model::equation(|z, a| [z[0] - a[0]]).parameters(&[-0.5]).start(&[-0.5]).bounds(Bounds::positive(1));
    assert!(matches!(model.branch(0, -1.0..=1.0, &Options::default()), Err(Error::OutOfBounds { .. })));
}

#[test]
fn limits_and_observers_keep_what_was_found() {
    let options = Options { max_points: 5, ..Options::default() };
    let short = branch(|z, a| [z[0] - a], &[0.0], 0.0, (-1.0, 1.0), &options);
    assert_eq!(short.stops, [Some(Stop::Limit), Some(Stop::Limit)]);
    assert!(short.points.len() == 11 && short.start == 5 && !short.is_complete());
    let family = Model::equation(|z, a| [z[0] - a[0]]).parameters(&[0.0]).system(1).unwrap().family(0).unwrap();
    let mut seen = 0;
    let stopped = trace_with(&family, (&[0.0], 0.0), -1.0..=1.0, &Options::default(), &mut |_| {
        seen += 1;
        if seen < 4 { Control::Continue } else { Control::Stop }
    });
    let stopped = stopped.unwrap();
    assert_eq!((stopped.points.len(), stopped.stops.clone()), (5, [None, Some(Stop::Interrupted)]));
}

#[test]
fn one_way_is_one_way() {
    for (direction, expected) in [(Direction::Up, (0.0, 1.0)), (Direction::Down, (-1.0, 0.0))] {
        let branch = branch(|z, a| [z[0] - a], &[0.0], 0.0, (-1.0, 1.0), &Options { direction, ..Options::default() });
        assert_eq!((ends(&branch)[0].0, ends(&branch)[1].0), expected);
    }
}

#[test]
fn a_start_that_is_no_root_is_solved_for() {
    let branch = traced(|z, a| [z[0].exp() + z[0] - a], &[7.0], 1.0, (0.0, 2.0));
    assert!(branch.solved && branch.points[branch.start].a == 1.0 && branch.points[branch.start].z[0].abs() < 1e-15);
    let branch = traced(|z, a| [z[0].exp() + z[0] - a], &[1e-9], 1.0, (0.0, 2.0));
    assert!(!branch.solved);
    let none = Model::equation(|z, a| [z[0] * z[0] + 1.0 - a[0]]).parameters(&[0.0]).start(&[1.0]);
    assert!(matches!(none.branch(0, -1.0..=0.5, &Options::default()), Err(Error::NotConverged { .. })));
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let model = Model::equation(|z, a| [z[0] - a[0]]).parameters(&[0.0]).start(&[0.0]);
    let name = |options: &Options, low: f64, high: f64| match model.branch(0, low..=high, options) {
        Err(Error::Option { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    let plain = Options::default();
    for (low, high) in [(1.0, -1.0), (0.0, 0.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        assert_eq!(name(&plain, low, high), "range");
    }
    assert_eq!(name(&Options { max_points: 0, ..plain.clone() }, -1.0, 1.0), "max_points");
    assert_eq!(name(&Options { tolerance: 0.0, ..plain.clone() }, -1.0, 1.0), "tolerance");
    assert_eq!(name(&Options { smallest_step: 0.0, ..plain.clone() }, -1.0, 1.0), "smallest_step");
    assert_eq!(name(&Options { largest_step: 2.0, ..plain.clone() }, -1.0, 1.0), "largest_step");
    assert_eq!(name(&Options { first_step: f64::NAN, ..plain.clone() }, -1.0, 1.0), "first_step");
    assert_eq!(name(&Options { largest_turn: 2.0, ..plain.clone() }, -1.0, 1.0), "largest_turn");
    assert!(matches!(model.branch(1, -1.0..=1.0, &plain), Err(Error::Shape { .. })));
}

#[test]
fn where_there_is_no_root_there_is_no_point() {
    // sqrt |z| = a has none below a = 0, though Newton's corrections become as small as one likes there
    for start in [0.25, -0.25] {
        let branch = traced(|z, a| [z[0].abs().sqrt() - a], &[start], 0.5, (-1.0, 1.0));
        assert!(
            branch.points.iter().all(|p| p.a >= 0.0 && (p.z[0].abs() - p.a * p.a).abs() < 1e-12),
            "{:?}",
            ends(&branch)
        );
        assert_eq!(ends(&branch)[1].0, 1.0);
    }
    // the slope is infinite at 0, and corrections there lead from side to side
    let steep = traced(|z, a| [z[0].cbrt() - a], &[1.0], 1.0, (-1.0, 1.0));
    assert!(steep.points.iter().all(|p| p.event.is_none() && (p.z[0].cbrt() - p.a).abs() < 1e-9));
    // a cusp of the curve itself, two branches that touch, a crossing of third order: roots up to there, and no claims
    let cusp = traced(|z, a| [z[0].powi(3) - a * a], &[1.0], -1.0, (-1.0, 1.0));
    assert!(cusp.points.iter().all(|p| (p.z[0] - p.a.abs().powf(2.0 / 3.0)).abs() < 1e-9 && p.event.is_none()));
    let touch = traced(|z, a| [z[0] * (z[0] - a * a)], &[1.0], -1.0, (-1.0, 1.0));
    assert!(touch.points.iter().all(|p| p.a < 0.0 && (p.z[0] - p.a * p.a).abs() < 1e-9 && p.event.is_none()));
    let third = traced(|z, a| [z[0] * (z[0] - a.powi(3))], &[0.0], -1.0, (-1.0, 1.0));
    assert!(third.points.iter().all(|p| p.z[0] == 0.0 && p.event.is_none()));
}

#[test]
fn errors_of_rounding_are_no_reason_to_stop() {
    // 1e6 + y - 1e6 leaves y uncertain by 1e-10
    let g = |z: &[dini::program::Var], a: dini::program::Var| [((1e6 + z[0]) - 1e6) - (((1e6 + a) - 1e6) * 2.0).sin()];
    let branch = traced(g, &[(-2f64).sin()], -1.0, (-1.0, 1.0));
    assert!(branch.is_complete(), "{:?}", branch.stops);
    assert!(branch.points.iter().all(|p| (p.z[0] - (2.0 * p.a).sin()).abs() < 1e-8));
}
