//! Block Gauss-Seidel passes against the residual and the products.

use num_traits::{Float, One};

use super::Mistake;
use crate::batch::{Batch, numbers};
use crate::problem::{Active, Equations, Linearize, Order, Pass, Passes, Scalar, residual};
use crate::solve::root::general_position;
use crate::{Real, UserError};

/// Disagreement from which a pass is wrong, in units of the square root of rounding and of the largest component.
const TOLERANCE: f64 = 16.0;

/// A pass, of whichever system: what it is to do, x, and the change.
type MakePass<'a, V> = dyn FnMut(Pass<'_, V>, &mut V, &mut V) -> Result<(), UserError> + 'a;
/// What a pass that moves nothing must give.
type Residual<'a, V> = dyn FnMut(&V, &mut V) -> Result<(), UserError> + 'a;

/// The passes on z = f(z), J x = b and J^T x = b of one sample.
pub(super) fn check<P: Linearize>(
    problem: &P,
    passes: &dyn Passes<P::State, P::Tape>,
    z: &P::State,
    sample: usize,
    mistakes: &mut Vec<Mistake>,
) -> Result<(), UserError> {
    let slots = [0];
    let at = Active::new(&slots, sample, true);
    let mut g = z.zeros(1);
    problem.residual(at, z, &mut g)?;
    let mut tape = problem.tape(z);
    problem.linearize(at, z, &g, &mut tape)?;
    let mut b = z.zeros(1);
    b.write(0, &general_position(z.width(), 7).into_iter().map(Scalar::<P>::of).collect::<Vec<_>>());
    let (tape, b) = (&tape, &b);
    let every = [
        (["a pass", "the residual that a pass measures"], Equations::Own),
        (["a pass on J x = b", "the residual that a pass on J x = b measures"], Equations::Tangent { tape, b }),
        (["a pass on J^T x = b", "the residual that a pass on J^T x = b measures"], Equations::Adjoint { tape, b }),
    ];
    for (names, of) in every {
        let make = &mut |pass: Pass<'_, P::State>, x: &mut P::State, change: &mut P::State| {
            passes.pass(at, of, pass, x, change)
        };
        let measure = &mut |x: &P::State, out: &mut P::State| residual(problem, at, of, x, out);
        mistakes.extend(wrong((names, sample), z, make, measure)?);
    }
    Ok(())
}

/// The first mistake of passes from `start`: held in both orders, then moving in both, then held again.
fn wrong<V: Batch>(
    (names, sample): ([&'static str; 2], usize),
    start: &V,
    make: &mut MakePass<'_, V>,
    residual: &mut Residual<'_, V>,
) -> Result<Option<Mistake>, UserError> {
    let (mut x, mut change, mut expected) = (start.clone(), start.zeros(1), start.zeros(1));
    let (mut ahead, mut behind) = (start.zeros(1), start.zeros(1));
    let one = V::Scalar::one();
    // the first pass makes the sums over the blocks after each block; from the second on, a pass has what it needs
    let plan = [(true, false), (true, true), (true, true), (false, true), (false, true), (true, true), (true, true)];
    let mut order = Order::Descending;
    for (hold, complete) in plan {
        let before = x.clone();
        make(Pass { order, hold, ahead: &ahead, behind: &mut behind }, &mut x, &mut change)?;
        if hold {
            residual(&x, &mut expected)?;
        } else {
            expected.copy_from(&before);
            expected.axpby(-one, &x, one);
        }
        std::mem::swap(&mut ahead, &mut behind);
        order = order.reversed();
        if complete && let Some((component, stated, found)) = worst(&change, &expected, &before) {
            return Ok(Some(Mistake::Pass { what: names[usize::from(hold)], sample, component, stated, found }));
        }
    }
    Ok(None)
}

/// The component in which two vectors disagree most, if that is more than rounding beside them and x.
fn worst<V: Batch>(stated: &V, expected: &V, x: &V) -> Option<(usize, f64, f64)> {
    let (stated, expected, x) = (numbers(stated, 0), numbers(expected, 0), numbers(x, 0));
    let size = stated.iter().chain(&expected).chain(&x).fold(0.0, |max: f64, v| max.max(v.abs()));
    let epsilon = <V::Scalar as Float>::epsilon().as_f64();
    let gap = |j: &usize| (stated[*j] - expected[*j]).abs();
    let worst = (0..stated.len()).max_by(|a, b| gap(a).total_cmp(&gap(b)))?;
    (gap(&worst) > TOLERANCE * epsilon.sqrt() * size || gap(&worst).is_nan())
        .then(|| (worst, stated[worst], expected[worst]))
}
