//! Making a box smaller by its Jacobian: the interval Newton method in the form of Hansen and Sengupta.
//!
//! With c in the box X, Y about J(c)^-1, b = Y g(c) and A = Y J(X), every root x in X satisfies A' (x - c) = -b for some A' in A: row i leaves
//! of x_i what is in c_i - (b_i + sum_{j != i} A_ij (x_j - c_j)) / A_ii.
//!
//! Source: E. R. Hansen and S. Sengupta (1981), doi:10.1007/BF01933165; A. Neumaier (1990), doi:10.1017/CBO9780511526473, chapter 5.

use super::contract::Left;
use super::programs::{Entries, Programs, Work, grade};
use super::upward::Matrix;
use crate::interval::{Grade, Interval};

/// Steps of Newton's method from the middle of a box.
const STEPS: usize = 30;

/// The Jacobian over a box, where it has bounds and g is continuous.
pub(super) fn jacobian(programs: &Programs, z: &[Interval], a: &[Interval], work: &mut Work) -> Option<Entries> {
    if grade(programs.residual(z, a, work)) != Grade::Continuous {
        return None;
    }
    let entries = programs.jacobian(z, a, work);
    (entries.grade() >= Grade::Defined).then_some(entries)
}

/// Leaves of `z` what may hold a root.
pub(super) fn contract(
    programs: &Programs,
    entries: &Entries,
    z: &mut [Interval],
    a: &[Interval],
    work: &mut Work,
) -> Left {
    let n = z.len();
    let mut middle = Matrix::zeros(n, n);
    entries.entries.iter().for_each(|(i, j, value)| middle.row_mut(*i)[*j] = value.middle());
    let Some(inverse) = middle.inverse() else { return Left::Something };
    let centre: Vec<f64> = z.iter().map(|z| z.middle()).collect();
    let at: Vec<Interval> = centre.iter().map(|c| Interval::point(*c)).collect();
    let g = programs.residual(&at, a, work);
    if grade(g) == Grade::Partial {
        return Left::Something;
    }
    let zero = Interval::point(0.0);
    let mut system = vec![zero; n * n];
    let mut right = vec![zero; n];
    for i in 0..n {
        right[i] = inverse.row_times(i, g);
        for (k, j, value) in &entries.entries {
            system[i * n + j] = system[i * n + j] + Interval::point(inverse.row(i)[*k]) * *value;
        }
    }
    for i in 0..n {
        let pivot = system[i * n + i];
        if pivot.contains(0.0) {
            continue;
        }
        let mut sum = right[i];
        for j in (0..n).filter(|j| *j != i) {
            sum = sum + system[i * n + j] * (z[j] - at[j]);
        }
        let left = z[i].intersection(at[i] - sum / pivot);
        if left.is_empty() {
            return Left::Nothing;
        }
        z[i] = left;
    }
    Left::Something
}

/// Where Newton's method leads from `start`, in plain numbers; none where it does not settle.
pub(super) fn settled(programs: &Programs, start: Vec<f64>, a: &[Interval], work: &mut Work) -> Option<Vec<f64>> {
    let n = start.len();
    let mut at = start;
    let mut last = f64::INFINITY;
    for _ in 0..STEPS {
        let points: Vec<Interval> = at.iter().map(|z| Interval::point(*z)).collect();
        let entries = programs.jacobian(&points, a, work);
        let mut jacobian = Matrix::zeros(n, n);
        entries.entries.iter().for_each(|(i, j, value)| jacobian.row_mut(*i)[*j] = value.middle());
        let inverse = jacobian.inverse()?;
        let g: Vec<f64> = programs.residual(&points, a, work).iter().map(|g| g.middle()).collect();
        let step: Vec<f64> = (0..n).map(|i| inverse.row(i).iter().zip(&g).map(|(y, g)| y * g).sum()).collect();
        at.iter_mut().zip(&step).for_each(|(z, step)| *z -= step);
        let size = |z: f64| z.abs().max(1e-12);
        let relative = step.iter().zip(&at).fold(0.0, |max: f64, (step, z)| max.max(step.abs() / size(*z)));
        if !relative.is_finite() || at.iter().any(|z| !z.is_finite()) {
            return None;
        }
        if relative <= 4.0 * f64::EPSILON || (relative < 1e-9 && relative >= 0.5 * last) {
            return Some(at);
        }
        last = relative;
    }
    None
}
