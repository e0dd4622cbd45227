//! What a problem in other units can do beyond products: what the problem inside can.

use super::*;

/// The problem inside no longer has what it had when it was asked.
fn lost() -> UserError {
    "a capability of the problem inside has gone".into()
}

impl<P: Problem> RoughResidual<P::State> for Scaled<P> {
    fn rough_residual(&self, at: Active<'_>, y: &P::State, out: &mut P::State) -> Eval {
        self.problem.rough().ok_or_else(lost)?.rough_residual(at, &self.unscaled(y), out)?;
        multiply(out, &self.rows);
        Ok(())
    }
}

impl<P: Linearize> DenseJacobian<P::Tape, Scalar<P>> for Scaled<P> {
    fn jacobian(&self, slot: Slot, tape: &P::Tape, out: &mut [Scalar<P>]) {
        let Some(dense) = self.problem.capabilities().dense else { return };
        dense.jacobian(slot, tape, out);
        for (column, unit) in out.chunks_exact_mut(self.rows.len()).zip(&self.columns) {
            column.iter_mut().zip(&self.rows).for_each(|(v, row)| *v *= *row * *unit);
        }
    }
}

impl<P: Linearize> SparseJacobian<P::Tape, Scalar<P>> for Scaled<P> {
    fn entries(&self, slot: Slot, tape: &P::Tape, out: &mut [Scalar<P>]) {
        let Some(Sparse { pattern, entries: Some(entries) }) = self.problem.capabilities().sparse else { return };
        entries.entries(slot, tape, out);
        for (j, unit) in self.columns.iter().enumerate() {
            let entries = out[pattern.column(j)].iter_mut().zip(pattern.rows(j));
            entries.for_each(|(v, &i)| *v *= self.rows[i] * *unit);
        }
    }
}

/// With R = C^-1, y = C^-1 f(C y), whose blocks are those of f; the sums that passes hand on are those of the problem inside. J x = b
/// becomes J (C x) = C b, and J^T x = b becomes J^T (R x) = R b.
impl<P: Linearize> Passes<P::State, P::Tape> for Scaled<P> {
    fn pass(
        &self,
        at: Active<'_>,
        of: Equations<'_, P::State, P::Tape>,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        let passes = self.problem.capabilities().passes.ok_or_else(lost)?;
        let (into, back) = match of {
            Equations::Own | Equations::Tangent { .. } => (&self.columns, &self.rows),
            Equations::Adjoint { .. } => (&self.rows, &self.columns),
        };
        let (hold, mut inside) = (pass.hold, multiplied(x, into));
        match of {
            Equations::Own => passes.pass(at, of, pass, &mut inside, change)?,
            Equations::Tangent { tape, b } => {
                let b = &multiplied(b, into);
                passes.pass(at, Equations::Tangent { tape, b }, pass, &mut inside, change)?;
            }
            Equations::Adjoint { tape, b } => {
                let b = &multiplied(b, into);
                passes.pass(at, Equations::Adjoint { tape, b }, pass, &mut inside, change)?;
            }
        }
        multiply(change, back);
        // on hold x stays as it is, to the bit
        if !hold {
            *x = inside;
            multiply(x, back);
        }
        Ok(())
    }
}
