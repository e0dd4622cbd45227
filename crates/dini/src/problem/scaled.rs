//! A problem in other units.

use super::*;
use crate::Real;

/// R g(C y; a) = 0 with diagonal R and C: the equations of another problem in units of their own, and its unknowns z = C y in units
/// of y.
///
/// Methods that compare residuals or unknowns with each other (line searches, trust regions, fixed-point iterations) depend on
/// units; factors that are powers of two change nothing else, since they round nothing. The derivatives by the parameters are those
/// of R g; of a loss L(z) the cotangent by y is C dL/dz. An evaluation copies z.
///
/// ```
/// use dini::{Model, Newton, Options, Rows, problem::Scaled, solve};
/// // a pressure near 1e5 and a fraction near 1e-3
/// let pair = Model::equation(|z, _| [z[0] - 1e5, z[0] * z[1] - 128.0]).system(2)?;
/// let units = [131_072.0, 0.0009765625];
/// let scaled = Scaled::new(&pair, vec![1.0 / units[0], 0.0078125], units.to_vec())?;
/// let y = Rows::from_vec(1, 2, vec![1.0, 1.0])?;
/// let y = solve(&scaled, &y, &Newton::default(), &Options::default())?.into_z();
/// assert!((y.row(0)[1] * units[1] - 1.28e-3).abs() < 1e-8);
/// # Ok::<(), dini::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Scaled<P: Problem> {
    problem: P,
    rows: Vec<Scalar<P>>,
    columns: Vec<Scalar<P>>,
}

impl<P: Problem> Scaled<P> {
    /// `problem` with the diagonals of R and C, one number an equation and one an unknown.
    ///
    /// # Errors
    /// [`Error::Shape`] where these are not equally many, [`Error::Option`] where one is zero or not finite.
    pub fn new(problem: P, rows: Vec<Scalar<P>>, columns: Vec<Scalar<P>>) -> Result<Self, Error> {
        if rows.len() != columns.len() {
            return Err(Error::shape("the units of the unknowns", (1, rows.len()), (1, columns.len())));
        }
        for (name, units) in [("rows", &rows), ("columns", &columns)] {
            if let Some(unit) = units.iter().map(|u| u.as_f64()).find(|u| !u.is_finite() || *u == 0.0) {
                return Err(Error::option(name, unit, "a unit must be finite and not zero"));
            }
        }
        Ok(Scaled { problem, rows, columns })
    }

    /// Factors of the equations, the diagonal of R.
    pub fn rows(&self) -> &[Scalar<P>] {
        &self.rows
    }

    /// Units of the unknowns, the diagonal of C.
    pub fn columns(&self) -> &[Scalar<P>] {
        &self.columns
    }

    fn unscaled(&self, y: &P::State) -> P::State {
        multiplied(y, &self.columns)
    }
}

/// Every row of `x` times `by`, component by component.
fn multiplied<V: Batch>(x: &V, by: &[V::Scalar]) -> V {
    let mut out = x.clone();
    multiply(&mut out, by);
    out
}

fn multiply<V: Batch>(x: &mut V, by: &[V::Scalar]) {
    crate::kernels::scratch::with(by.len(), |row| {
        for i in 0..x.samples() {
            x.read(i, row);
            row.iter_mut().zip(by).for_each(|(v, by)| *v *= *by);
            x.write(i, row);
        }
    });
}

impl<P: Problem> Problem for Scaled<P> {
    type State = P::State;

    fn validate(&self, y: &P::State) -> Result<(), Error> {
        if y.width() != self.columns.len() {
            let found = (y.samples(), y.width());
            return Err(Error::shape("the unknowns of a scaled problem", (y.samples(), self.columns.len()), found));
        }
        self.problem.validate(&self.unscaled(y))
    }

    fn residual_scale(&self) -> ResidualScale {
        let one = <Scalar<P> as num_traits::One>::one();
        // y - C^-1 f(C y) is a fixed point again; with other units of the equations there is none
        let alike = self.rows.iter().zip(&self.columns).all(|(row, column)| *row * *column == one);
        if alike { self.problem.residual_scale() } else { ResidualScale::Start }
    }

    fn residual(&self, at: Active<'_>, y: &P::State, out: &mut P::State) -> Eval {
        self.problem.residual(at, &self.unscaled(y), out)?;
        multiply(out, &self.rows);
        Ok(())
    }
}

impl<P: Linearize> Linearize for Scaled<P> {
    type Tape = P::Tape;

    fn tape(&self, like: &P::State) -> P::Tape {
        self.problem.tape(like)
    }

    fn linearize(&self, at: Active<'_>, y: &P::State, g: &P::State, tape: &mut P::Tape) -> Eval {
        let one = <Scalar<P> as num_traits::One>::one();
        let rows: Vec<Scalar<P>> = self.rows.iter().map(|row| one / *row).collect();
        self.problem.linearize(at, &self.unscaled(y), &multiplied(g, &rows), tape)
    }

    fn jvp(&self, at: Active<'_>, tape: &P::Tape, v: &P::State, out: &mut P::State) -> Eval {
        self.problem.jvp(at, tape, &self.unscaled(v), out)?;
        multiply(out, &self.rows);
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &P::Tape, u: &P::State, out: &mut P::State) -> Eval {
        self.problem.vjp(at, tape, &multiplied(u, &self.rows), out)?;
        multiply(out, &self.columns);
        Ok(())
    }

    fn jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
        let direct = self.problem.jacobian(slot, tape, out);
        if direct {
            for (column, unit) in out.chunks_exact_mut(self.rows.len()).zip(&self.columns) {
                column.iter_mut().zip(&self.rows).for_each(|(v, row)| *v *= *row * *unit);
            }
        }
        direct
    }

    fn sparse_jacobian(&self, slot: usize, tape: &P::Tape, out: &mut [Scalar<P>]) -> bool {
        let Some(sparsity) = self.problem.sparsity() else { return false };
        let direct = self.problem.sparse_jacobian(slot, tape, out);
        if direct {
            for (j, unit) in self.columns.iter().enumerate() {
                let entries = out[sparsity.column(j)].iter_mut().zip(sparsity.rows(j));
                entries.for_each(|(v, &i)| *v *= self.rows[i] * *unit);
            }
        }
        direct
    }

    fn sparsity(&self) -> Option<&Sparsity> {
        self.problem.sparsity()
    }
}

impl<P: Parametric> Parametric for Scaled<P> {
    type Parameters = P::Parameters;

    fn zero_parameters(&self, samples: usize) -> P::Parameters {
        self.problem.zero_parameters(samples)
    }

    fn check_parameters(&self, samples: usize, parameters: &P::Parameters) -> Result<(), Error> {
        self.problem.check_parameters(samples, parameters)
    }
}

impl<P: ParamVjp> ParamVjp for Scaled<P> {
    fn param_vjp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        y: &P::State,
        u: &P::State,
        scale: Scalar<P>,
        grad: &mut P::Parameters,
    ) -> Eval {
        self.problem.param_vjp(at, tape, &self.unscaled(y), &multiplied(u, &self.rows), scale, grad)
    }
}

impl<P: ParamJvp> ParamJvp for Scaled<P> {
    fn param_jvp(
        &self,
        at: Active<'_>,
        tape: &P::Tape,
        y: &P::State,
        tangent: &P::Parameters,
        out: &mut P::State,
    ) -> Eval {
        self.problem.param_jvp(at, tape, &self.unscaled(y), tangent, out)?;
        multiply(out, &self.rows);
        Ok(())
    }
}
