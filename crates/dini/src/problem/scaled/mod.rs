//! A problem in other units.

mod capable;
mod parameters;

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

    /// Whether R is the inverse of C.
    fn alike(&self) -> bool {
        let one = <Scalar<P> as num_traits::One>::one();
        self.rows.iter().zip(&self.columns).all(|(row, column)| *row * *column == one)
    }
}

/// 1 / x, component by component.
fn inverse<T: Real>(x: &[T]) -> Vec<T> {
    x.iter().map(|x| T::one() / *x).collect()
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
        // y - C^-1 f(C y) is a fixed point again; with other units of the equations there is none
        if self.alike() { self.problem.residual_scale() } else { ResidualScale::Start }
    }

    fn residual(&self, at: Active<'_>, y: &P::State, out: &mut P::State) -> Eval {
        self.problem.residual(at, &self.unscaled(y), out)?;
        multiply(out, &self.rows);
        Ok(())
    }

    fn rough(&self) -> Option<&dyn RoughResidual<P::State>> {
        self.problem.rough().map(|_| self as &dyn RoughResidual<_>)
    }
}

impl<P: Linearize> Linearize for Scaled<P> {
    type Tape = P::Tape;

    fn tape(&self, like: &P::State) -> P::Tape {
        self.problem.tape(like)
    }

    fn linearize(&self, at: Active<'_>, y: &P::State, g: &P::State, tape: &mut P::Tape) -> Eval {
        self.problem.linearize(at, &self.unscaled(y), &multiplied(g, &inverse(&self.rows)), tape)
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

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        let Capabilities { dense, sparse, passes } = self.problem.capabilities();
        Capabilities {
            dense: dense.map(|_| self as &dyn DenseJacobian<_, _>),
            sparse: sparse.map(|Sparse { pattern, entries }| Sparse {
                pattern,
                entries: entries.map(|_| self as &dyn SparseJacobian<_, _>),
            }),
            // in other units for the equations than for the unknowns z is no f(z)
            passes: passes.filter(|_| self.alike()).map(|_| self as &dyn Passes<_, _>),
        }
    }
}
