//! dg/dz against differences of g.

use num_traits::{Float, One};

use super::{Mistake, TOLERANCE, compare};
use crate::batch::{Batch, numbers};
use crate::problem::{Active, Evaluator, Linearize, Scalar, Sparse};
use crate::{Real, UserError};

/// dg/dz of one sample, by both products, directly, and the pattern.
pub(super) fn check<P: Linearize>(
    problem: &P,
    z: &P::State,
    sample: usize,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), UserError> {
    let (slots, n) = ([0], z.width());
    let eval = Evaluator::new(problem, Active::new(&slots, sample, true));
    let mut g = z.zeros(1);
    eval.residual(z, &mut g)?;
    let mut tape = problem.tape(z);
    eval.linearize(z, &g, &mut tape)?;
    let mut row = vec![Scalar::<P>::default(); n];
    let point = numbers(z, 0);
    let epsilon = <Scalar<P> as Float>::epsilon().as_f64();
    let largest = point.iter().fold(0.0, |max: f64, v| max.max(v.abs()));
    let (mut found, mut forward, mut backward) = (vec![0.0; n * n], vec![0.0; n * n], vec![0.0; n * n]);
    let (mut moved, mut there) = (z.clone(), z.zeros(1));
    let mut at = |point: &[f64], j: usize, h: f64, out: &mut [f64]| -> Result<f64, UserError> {
        let mut numbers: Vec<Scalar<P>> = point.iter().map(|v| Scalar::<P>::of(*v)).collect();
        numbers[j] = Scalar::<P>::of(point[j] + h);
        moved.write(0, &numbers);
        eval.residual(&moved, &mut there)?;
        let length = numbers[j].as_f64() - point[j];
        there.read(0, &mut numbers);
        out.iter_mut().zip(&numbers).for_each(|(out, v)| *out = v.as_f64());
        Ok(length)
    };
    let (mut above, mut below) = (vec![0.0; n], vec![0.0; n]);
    for j in 0..n {
        let scale = if point[j] != 0.0 { point[j].abs() } else { largest.max(f64::from(u8::from(largest == 0.0))) };
        let h = epsilon.cbrt() * scale;
        let length = at(&point, j, h, &mut above)? - at(&point, j, -h, &mut below)?;
        (0..n).for_each(|i| found[j * n + i] = (above[i] - below[i]) / length);
    }
    if let Some(k) = found.iter().position(|v| !v.is_finite()) {
        mistakes.push(Mistake::Undefined { sample, equation: k % n });
        return Ok(());
    }
    let (mut unit, mut product) = (z.zeros(1), z.zeros(1));
    for j in 0..n {
        row.fill(Scalar::<P>::default());
        row[j] = Scalar::<P>::one();
        unit.write(0, &row);
        eval.jvp(&tape, &unit, &mut product)?;
        product.read(0, &mut row);
        (0..n).for_each(|i| forward[j * n + i] = row[i].as_f64());
        eval.vjp(&tape, &unit, &mut product)?;
        product.read(0, &mut row);
        (0..n).for_each(|i| backward[i * n + j] = row[i].as_f64());
    }
    mistakes.extend(compare("J v", sample, n, (&forward, &found), epsilon));
    mistakes.extend(compare("J^T u", sample, n, (&backward, &found), epsilon));
    let slot = eval.at().slot(0);
    let mut entries = |what: &'static str, direct: &[Scalar<P>]| {
        let direct: Vec<f64> = direct.iter().map(|v| v.as_f64()).collect();
        mistakes.extend(compare(what, sample, n, (&direct, &found), epsilon));
    };
    let capabilities = problem.capabilities();
    if let Some(dense) = capabilities.dense {
        let mut direct = vec![Scalar::<P>::default(); n * n];
        dense.jacobian(slot, &tape, &mut direct);
        entries("the Jacobian", &direct);
    }
    if let Some(Sparse { pattern: sparsity, entries: direct }) = capabilities.sparse {
        if let Some(direct) = direct {
            let mut values = vec![Scalar::<P>::default(); sparsity.entries()];
            direct.entries(slot, &tape, &mut values);
            let mut matrix = vec![Scalar::<P>::default(); n * n];
            sparsity.spread(&values, &mut matrix);
            entries("the sparse Jacobian", &matrix);
        }
        // entries that no direction of the pattern can show
        let covered = |i: usize, j: usize| sparsity.rows(j).contains(&i);
        let size = |i: usize| (0..n).map(|j| found[j * n + i].abs()).fold(0.0, f64::max);
        let outside = (0..n * n).find(|&k| {
            let (i, j) = (k % n, k / n);
            !covered(i, j) && found[k].abs() > TOLERANCE * epsilon.cbrt() * size(i)
        });
        if let Some(k) = outside {
            mistakes.push(Mistake::OutsidePattern { sample, entry: (k % n, k / n), found: found[k] });
        }
    }
    Ok(())
}
