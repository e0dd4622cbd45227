//! The contract of [`Capabilities`](dini::problem::Capabilities).

use dini::Real;
use dini::batch::Batch;
use dini::problem::{Linearize, Scalar, Sparse};

use super::linearize::Point;
use super::numbers::{epsilon, norm, read};

/// Checks that `outer`, which wraps `inner`, has lost nothing of what that can do: kind, rough residual and capabilities.
///
/// # Panics
/// Where something is missing.
pub fn wrapper<P: Linearize, Q: Linearize<State = P::State>>(inner: &P, outer: &Q) {
    assert_eq!(outer.residual_scale(), inner.residual_scale(), "the kind of the problem");
    assert_eq!(outer.rough().is_some(), inner.rough().is_some(), "a rough residual");
    assert_eq!(outer.capabilities().names(), inner.capabilities().names(), "capabilities");
    let pattern = |sparse: Option<Sparse<'_, _, _>>| sparse.map(|sparse| sparse.pattern.clone());
    let outside = outer.capabilities().sparse.map(|sparse| sparse.pattern.clone());
    assert_eq!(outside, pattern(inner.capabilities().sparse), "the pattern");
}

/// Matrices and entries against products with unit vectors, passes against what they must measure.
pub(super) fn capable<P: Linearize>(point: &Point<'_, P>) {
    let (b, n) = (point.z.samples(), point.z.width());
    let capabilities = point.problem.capabilities();
    let nothing = || vec![Scalar::<P>::of(f64::NAN); n * n];
    if let Some(dense) = capabilities.dense {
        let mut matrices = vec![nothing(); b];
        (0..b).for_each(|i| dense.jacobian(point.at.slot(i), &point.tape, &mut matrices[i]));
        columns(point, "Jacobian", &matrices);
    }
    if let Some(Sparse { pattern, entries: Some(entries) }) = capabilities.sparse {
        let mut matrices = vec![nothing(); b];
        for (i, matrix) in matrices.iter_mut().enumerate() {
            let mut values = vec![Scalar::<P>::of(f64::NAN); pattern.entries()];
            entries.entries(point.at.slot(i), &point.tape, &mut values);
            pattern.spread(&values, matrix);
        }
        columns(point, "sparse Jacobian", &matrices);
    }
    if capabilities.passes.is_some() {
        let mistakes = dini::check(point.problem, &point.z).expect("a check");
        let wrong = mistakes.iter().find(|mistake| matches!(mistake, dini::Mistake::Pass { .. }));
        assert!(wrong.is_none(), "{wrong:?}");
    }
}

/// Column j of the matrix of every sample against J e_j.
fn columns<P: Linearize>(point: &Point<'_, P>, what: &str, matrices: &[Vec<Scalar<P>>]) {
    let (b, n) = (point.z.samples(), point.z.width());
    let mut unit = point.z.zeros(b);
    for j in 0..n {
        let mut e = vec![Scalar::<P>::of(0.0); n];
        e[j] = Scalar::<P>::of(1.0);
        (0..b).for_each(|s| unit.write(s, &e));
        let product = point.jvp(&unit);
        for (s, matrix) in matrices.iter().enumerate() {
            let (column, product) = (&matrix[j * n..(j + 1) * n], read(&product, s));
            let scale = norm(&product).max(norm(column));
            for (i, (a, b)) in column.iter().zip(&product).enumerate() {
                let gap = (a.as_f64() - b.as_f64()).abs();
                let tolerance = 16.0 * epsilon::<Scalar<P>>() * scale;
                assert!(gap <= tolerance, "{what} ({i}, {j}) of sample {s}: {a}, not {b}");
            }
        }
    }
}
