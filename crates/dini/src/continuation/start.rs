//! The root at which a branch begins.

use super::curve::{Corrected, Curve, Trouble};
use super::{Family, Options};
use crate::batch::Rows;
use crate::error::Error;
use crate::linear::DENSE;
use crate::outcome::Status;
use crate::problem::{
    Active, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, Problem, Slot, Slots, Sparse, SparseJacobian,
    Sparsity,
};
use crate::solve::{Auto, solve};

/// Scaled distance up to which a start counts as a root.
const NEAR: f64 = 1e-6;

/// Checks what can be checked before anything is computed.
pub(super) fn check(
    family: &dyn Family,
    (z, a): (&[f64], f64),
    range: (f64, f64),
    options: &Options,
) -> Result<(), Error> {
    options.validate()?;
    let n = family.unknowns();
    if n == 0 {
        return Err(Error::Empty { what: "the start" });
    }
    if z.len() != n {
        return Err(Error::shape("the start of a branch", (1, n), (1, z.len())));
    }
    let (low, high) = range;
    if !(low < high && (high - low).is_finite() && low.is_finite() && high.is_finite()) {
        let requirement = "its ends must be finite, the lower one first";
        return Err(Error::option("range", format!("{low}..={high}"), requirement));
    }
    if !(low..=high).contains(&a) {
        return Err(Error::option("start", a, "the parameter must begin inside the range"));
    }
    if family.pattern().is_none_or(|pattern| pattern.size() != n) && n > DENSE {
        return Err(Error::TooLarge { what: "dg/dz along a branch", n, most: DENSE });
    }
    if let Some(value) = z.iter().find(|v| !v.is_finite()) {
        return Err(Error::Unusable { what: "the start of a branch".to_owned(), value: *value, sample: 0 });
    }
    if let Some(bounds) = &options.bounds {
        bounds.admit(&Rows::from_vec(1, n, z.to_vec())?)?;
    }
    Ok(())
}

/// The root at `a` near z, or from z, with its tangent to larger values of a; and whether it was solved for.
pub(super) fn root(curve: &mut Curve<'_>, (z, a): (&[f64], f64)) -> Result<(Corrected, bool), Error> {
    let mut x: Vec<f64> = z.iter().copied().chain([a]).collect();
    if let Some(point) = near(curve, &x)? {
        return Ok((point, false));
    }
    let problem = Fixed { family: curve.family, a };
    let options = crate::Options {
        relative: curve.options.tolerance,
        bounds: curve.options.bounds.clone(),
        ..crate::Options::default()
    };
    let solution = solve(&problem, &Rows::from_vec(1, z.len(), z.to_vec())?, &Auto::default(), &options)?;
    let failed = |status, residual| Error::NotConverged { sample: 0, status, residual };
    let outcome = &solution.outcomes()[0];
    if outcome.status != Status::Converged {
        return Err(failed(outcome.status, outcome.residual));
    }
    x[..z.len()].copy_from_slice(solution.z().row(0));
    let residual = outcome.residual;
    near(curve, &x)?.map(|point| (point, true)).ok_or_else(|| failed(Status::Singular, residual))
}

/// The point of the curve at x, where x is within a small distance of one.
fn near(curve: &mut Curve<'_>, x: &[f64]) -> Result<Option<Corrected>, Error> {
    let n = curve.n;
    let attempt = |curve: &mut Curve<'_>| -> Result<Option<Corrected>, Trouble> {
        curve.size_up(x, &vec![0.0; n + 1]);
        let tangent = curve.first_tangent(&curve.linearise(x)?)?;
        curve.size_up(x, &tangent);
        let tangent = curve.first_tangent(&curve.linearise(x)?)?;
        let held: Vec<f64> = (0..=n).map(|j| if j == n { 1.0 } else { 0.0 }).collect();
        let close = |point: &Corrected| curve.distance(&point.x, x) <= NEAR;
        // at a fold the parameter cannot be held; beside one, what is far away at it is another root
        let at = Trouble::refused(curve.correct(x, &held))?.filter(close);
        let there = at.map_or_else(|| x.to_vec(), |point| point.x);
        let point = curve.correct(&there, &tangent)?;
        if !close(&point) {
            return Ok(None);
        }
        Ok(Some(if point.tangent[n] < 0.0 { point.reversed() } else { point }))
    };
    Trouble::refused(attempt(curve)).map(Option::flatten).map_err(Error::User)
}

/// A family at one value of its parameter.
struct Fixed<'f> {
    family: &'f dyn Family,
    a: f64,
}

/// The Jacobian's entries, as the family states them, slot by slot.
type Tape = Slots<Vec<f64>>;

impl Problem for Fixed<'_> {
    type State = Rows<f64>;

    fn validate(&self, z: &Rows<f64>) -> Result<(), Error> {
        z.check("the start of a branch", (1, self.family.unknowns()))
    }

    fn residual(&self, at: Active<'_>, z: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        (0..at.len()).try_for_each(|i| self.family.residual(z.row(i), self.a, out.row_mut(i)))
    }
}

impl Linearize for Fixed<'_> {
    type Tape = Tape;

    fn tape(&self, like: &Rows<f64>) -> Tape {
        let n = like.width();
        Slots::new(like.samples(), vec![0.0; self.family.pattern().map_or(n * n, Sparsity::entries)])
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<f64>, _: &Rows<f64>, tape: &mut Tape) -> Eval {
        let mut column = vec![0.0; z.width()];
        (0..at.len()).try_for_each(|i| self.family.slopes(z.row(i), self.a, &mut tape[at.slot(i)], &mut column))
    }

    fn jvp(&self, at: Active<'_>, tape: &Tape, v: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            match self.family.pattern() {
                Some(pattern) => pattern.multiply(&tape[at.slot(i)], v.row(i), out.row_mut(i)),
                None => crate::kernels::vector::multiply(&tape[at.slot(i)], v.row(i), out.row_mut(i)),
            }
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Tape, u: &Rows<f64>, out: &mut Rows<f64>) -> Eval {
        for i in 0..at.len() {
            match self.family.pattern() {
                Some(pattern) => pattern.multiply_transpose(&tape[at.slot(i)], u.row(i), out.row_mut(i)),
                None => crate::kernels::vector::multiply_transposed(&tape[at.slot(i)], u.row(i), out.row_mut(i)),
            }
        }
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        let sparse = self.family.pattern().map(|pattern| Sparse { pattern, entries: Some(self as _) });
        Capabilities { dense: Some(self), sparse, passes: None }
    }
}

impl DenseJacobian<Tape, f64> for Fixed<'_> {
    fn jacobian(&self, slot: Slot, tape: &Tape, out: &mut [f64]) {
        match self.family.pattern() {
            Some(pattern) => pattern.spread(&tape[slot], out),
            None => out.copy_from_slice(&tape[slot]),
        }
    }
}

impl SparseJacobian<Tape, f64> for Fixed<'_> {
    fn entries(&self, slot: Slot, tape: &Tape, out: &mut [f64]) {
        out.copy_from_slice(&tape[slot]);
    }
}
