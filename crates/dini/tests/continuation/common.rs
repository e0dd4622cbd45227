//! What every branch must fulfil.

use dini::Model;
use dini::continuation::{Branch, Options};
use dini::program::{Outputs, Var};

/// The branch of a scalar or small equation from a start.
pub fn branch<R: Outputs>(
    g: impl Fn(&[Var], Var) -> R,
    start: &[f64],
    a: f64,
    range: (f64, f64),
    options: &Options,
) -> Branch {
    let model = Model::equation(|z: &[Var], a: &[Var]| g(z, a[0])).parameters(&[a]).start(start);
    model.branch(0, range.0..=range.1, options).unwrap()
}

/// Under default options.
pub fn traced<R: Outputs>(g: impl Fn(&[Var], Var) -> R, start: &[f64], a: f64, range: (f64, f64)) -> Branch {
    branch(g, start, a, range, &Options::default())
}

/// Every point is a root by `miss`, a bound on how far it is from one; the points are in order, and directions do not jump.
pub fn sound(branch: &Branch, miss: impl Fn(&[f64], f64) -> f64) {
    for point in &branch.points {
        let missed = miss(&point.z, point.a);
        assert!(missed.abs() < 1e-9, "{missed:e} at a = {} z = {:?} ({:?})", point.a, point.z, point.event);
    }
    for pair in branch.points.windows(2) {
        assert!(pair[1].arclength >= pair[0].arclength, "{pair:?}");
        let [p, q] = [&pair[0].tangent, &pair[1].tangent];
        let product: f64 = p.z.iter().zip(&q.z).map(|(p, q)| p * q).sum::<f64>() + p.a * q.a;
        assert!(product > 0.0 || branch.corners().next().is_some() || branch.turns().next().is_some(), "{pair:?}");
    }
}

/// The values of the parameter at these points.
pub fn values<'p>(points: impl Iterator<Item = &'p dini::continuation::Point>) -> Vec<f64> {
    points.map(|point| point.a).collect()
}

/// Both ends, as pairs of a and z[0].
pub fn ends(branch: &Branch) -> [(f64, f64); 2] {
    [&branch.points[0], &branch.points[branch.points.len() - 1]].map(|point| (point.a, point.z[0]))
}
