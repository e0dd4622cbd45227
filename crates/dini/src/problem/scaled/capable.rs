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

/// What a pass has made, in the units outside; on hold x stays as it is, to the bit.
fn take<V: Batch>(hold: bool, x: &mut V, inside: V, change: &mut V, units: &[V::Scalar]) {
    multiply(change, units);
    if !hold {
        *x = inside;
        multiply(x, units);
    }
}

/// With R = C^-1, y = C^-1 f(C y), whose blocks are those of f; the sums that passes hand on are those of the problem inside.
impl<P: Linearize> Passes<P::State, P::Tape> for Scaled<P> {
    fn pass(&self, at: Active<'_>, pass: Pass<'_, P::State>, y: &mut P::State, change: &mut P::State) -> Eval {
        let passes = self.problem.capabilities().passes.ok_or_else(lost)?;
        let (hold, mut z) = (pass.hold, self.unscaled(y));
        passes.pass(at, pass, &mut z, change)?;
        take(hold, y, z, change, &self.rows);
        Ok(())
    }

    /// C^-1 J C x = b is J (C x) = C b.
    fn pass_tangent(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        let passes = self.problem.capabilities().passes.ok_or_else(lost)?;
        let (hold, mut inside) = (pass.hold, self.unscaled(x));
        passes.pass_tangent(at, tape, &self.unscaled(b), pass, &mut inside, change)?;
        take(hold, x, inside, change, &self.rows);
        Ok(())
    }

    /// C J^T C^-1 x = b is J^T (C^-1 x) = C^-1 b.
    fn pass_adjoint(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        b: &P::State,
        pass: Pass<'_, P::State>,
        x: &mut P::State,
        change: &mut P::State,
    ) -> Eval {
        let passes = self.problem.capabilities().passes.ok_or_else(lost)?;
        let (hold, mut inside) = (pass.hold, multiplied(x, &self.rows));
        passes.pass_adjoint(at, tape, &multiplied(b, &self.rows), pass, &mut inside, change)?;
        take(hold, x, inside, change, &self.columns);
        Ok(())
    }
}
