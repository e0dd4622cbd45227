//! What a model becomes: a problem that solvers read.

use std::fmt;
use std::sync::Arc;

use super::names::Names;
use crate::Real;
use crate::batch::Rows;
use crate::error::Error;
use crate::kernels::vector;
use crate::problem::{
    Active, Along, Capabilities, CapabilitiesOf, DenseJacobian, Eval, Linearize, ParamJvp, ParamVjp, Parametric,
    Problem, ResidualScale, SecondOrder, Slot, Sparse, SparseJacobian, Sparsity,
};
use crate::program::{Graph, Id};

/// What a function states about its unknowns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// g(z; a) = 0
    Equation,
    /// z = f(z; a)
    FixedPoint,
    /// phi(z; a) is smallest: its gradient by z is 0
    Minimum,
    /// |r(z; a)|^2 is smallest: (dr/dz)^T r = 0
    LeastSquares,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Equation => "equation",
            Kind::FixedPoint => "fixed point",
            Kind::Minimum => "minimum",
            Kind::LeastSquares => "least squares",
        })
    }
}

/// Where the functions of a body are evaluated: row i of `z` is sample `at.sample(i)`, which is also its row of `a`.
#[derive(Clone, Copy)]
pub struct Spot<'a, T> {
    pub at: Active<'a>,
    pub z: &'a Rows<T>,
    pub a: &'a Rows<T>,
}

/// How the Jacobian dg/dz is had.
#[derive(Clone, Debug)]
pub enum Form {
    /// n^2 entries, column-major
    Dense,
    /// the entries of a pattern, in its order
    Sparse(Sparsity),
    /// products alone
    Products,
}

/// g(z; a) of a model and its derivatives.
pub trait Body<T>: Send + Sync {
    fn form(&self) -> &Form;
    fn residual(&self, point: Spot<'_, T>, out: &mut Rows<T>) -> Eval;
    /// Writes the entries of J as the form says: those of row i go to `values[at.slot(i) * count..][..count]`.
    fn entries(&self, point: Spot<'_, T>, count: usize, values: &mut [T]) -> Eval;
    /// out <- J v, where there are products alone; the points of `point` are by slot.
    fn jvp(&self, point: Spot<'_, T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval;
    /// out <- J^T u, likewise.
    fn vjp(&self, point: Spot<'_, T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval;
    /// grad <- grad + scale (dg/da)^T u
    fn parameter_vjp(&self, point: Spot<'_, T>, u: &Rows<T>, scale: T, grad: &mut Rows<T>) -> Eval;
    /// out <- (dg/da) da
    fn parameter_jvp(&self, point: Spot<'_, T>, da: &Rows<T>, out: &mut Rows<T>) -> Eval;
    /// Whether there are second derivatives.
    fn has_second(&self) -> bool {
        true
    }
    /// out <- h_zz dz + h_za da for h = lam^T g
    fn vjp_along(&self, a: &Rows<T>, at: Active<'_>, along: &Along<'_, Rows<T>, Rows<T>>, out: &mut Rows<T>) -> Eval;
    /// grad <- grad + scale (h_az dz + h_aa da)
    fn parameter_vjp_along(
        &self,
        a: &Rows<T>,
        at: Active<'_>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval;
    /// The graph of g and its outputs, of z and a, where there is one.
    fn program(&self) -> Option<(Graph, Vec<Id>)> {
        None
    }
    /// out <- the function of a minimum or of least squares, one number a row; false where there is none.
    fn objective(&self, point: Spot<'_, T>, out: &mut [T]) -> bool;
}

/// A [`Model`](super::Model) with its parameters, as the problem that solvers and derivatives read: g(z; a) = 0 for B samples, a being
/// B x p. A clone shares the function.
#[derive(Clone)]
pub struct System<T> {
    pub(super) kind: Kind,
    pub(super) n: usize,
    pub(super) names: Arc<Names>,
    pub(super) body: Arc<dyn Body<T>>,
    pub(super) parameters: Rows<T>,
}

impl<T: Real> fmt::Debug for System<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let System { kind, n, parameters, .. } = self;
        f.debug_struct("System")
            .field("kind", kind)
            .field("n", n)
            .field("parameters", parameters)
            .finish_non_exhaustive()
    }
}

impl<T: Real> System<T> {
    pub(super) fn new(
        kind: Kind,
        n: usize,
        names: Arc<Names>,
        body: Arc<dyn Body<T>>,
        parameters: Rows<T>,
    ) -> Result<Self, Error> {
        if n == 0 {
            return Err(Error::Empty { what: "the unknowns" });
        }
        names.check(n, parameters.width())?;
        if let Some(sample) = parameters.first_non_finite() {
            let row = parameters.row(sample);
            let place = row.iter().position(|v| !v.is_finite()).unwrap_or(0);
            return Err(Error::Unusable { what: names.parameter(place), value: row[place].as_f64(), sample });
        }
        Ok(System { kind, n, names, body, parameters })
    }

    /// What the model states about its unknowns.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The parameters, B x p.
    pub fn parameters(&self) -> &Rows<T> {
        &self.parameters
    }

    /// The same system with other parameters.
    ///
    /// # Errors
    /// [`Error::Shape`] where their number is another, [`Error::Unusable`] where one is not finite.
    pub fn with_parameters(&self, parameters: Rows<T>) -> Result<Self, Error> {
        if parameters.width() != self.parameters.width() {
            let (expected, found) = ((parameters.samples(), self.parameters.width()), parameters.width());
            return Err(Error::shape("the parameters", expected, (parameters.samples(), found)));
        }
        Self::new(self.kind, self.n, self.names.clone(), self.body.clone(), parameters)
    }

    /// The name of unknown `j`: as stated, or `z[j]`.
    pub fn unknown(&self, j: usize) -> String {
        self.names.unknown(j)
    }

    /// The name of parameter `k`: as stated, or `a[k]`.
    pub fn parameter(&self, k: usize) -> String {
        self.names.parameter(k)
    }

    /// phi(z; a), or |r(z; a)|^2 / 2, of every sample of a batch; none for equations and fixed points.
    ///
    /// # Errors
    /// As a solve from `z`.
    pub fn objective(&self, z: &Rows<T>) -> Result<Option<Vec<T>>, Error> {
        self.validate(z)?;
        let slots: Vec<usize> = (0..z.samples()).collect();
        let mut out = vec![T::zero(); z.samples()];
        let point = self.point(Active::new(&slots, 0, true), z);
        Ok(self.body.objective(point, &mut out).then_some(out))
    }

    pub(super) fn point<'a>(&'a self, at: Active<'a>, z: &'a Rows<T>) -> Spot<'a, T> {
        Spot { at, z, a: &self.parameters }
    }

    /// Numbers of the Jacobian that are kept for a sample.
    fn entries(&self) -> usize {
        match self.body.form() {
            Form::Dense => self.n * self.n,
            Form::Sparse(sparsity) => sparsity.entries(),
            Form::Products => 0,
        }
    }
}

impl<T: Real> Problem for System<T> {
    type State = Rows<T>;

    fn validate(&self, z: &Rows<T>) -> Result<(), Error> {
        let samples = if self.parameters.width() == 0 { z.samples() } else { self.parameters.samples() };
        if (z.samples(), z.width()) != (samples, self.n) {
            return Err(Error::shape("the start z0", (samples, self.n), (z.samples(), z.width())));
        }
        let Some(sample) = z.first_non_finite() else { return Ok(()) };
        let row = z.row(sample);
        let place = row.iter().position(|v| !v.is_finite()).unwrap_or(0);
        let what = format!("the start of {}", self.names.unknown(place));
        Err(Error::Unusable { what, value: row[place].as_f64(), sample })
    }

    fn residual_scale(&self) -> ResidualScale {
        if self.kind == Kind::FixedPoint { ResidualScale::State } else { ResidualScale::Start }
    }

    fn residual(&self, at: Active<'_>, z: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.body.residual(self.point(at, z), out)
    }
}

/// Jacobians of a chunk, or the points where products are formed.
#[derive(Clone, Debug)]
pub struct Tape<T> {
    slots: usize,
    /// slot by slot
    values: Vec<T>,
    /// by slot, where there are products alone
    z: Rows<T>,
}

impl<T: Real> Tape<T> {
    fn of(&self, slot: Slot, count: usize) -> &[T] {
        &self.values[slot.index() * count..][..count]
    }
}

impl<T: Real> Linearize for System<T> {
    type Tape = Tape<T>;

    fn tape(&self, like: &Rows<T>) -> Tape<T> {
        let slots = like.samples();
        let products = matches!(self.body.form(), Form::Products);
        let z = Rows::new(if products { slots } else { 0 }, self.n);
        Tape { slots, values: vec![T::zero(); slots * self.entries()], z }
    }

    fn linearize(&self, at: Active<'_>, z: &Rows<T>, _: &Rows<T>, tape: &mut Tape<T>) -> Eval {
        let count = self.entries();
        if matches!(self.body.form(), Form::Products) {
            if tape.z.samples() != tape.slots {
                tape.z = Rows::new(tape.slots, self.n);
            }
            (0..at.len()).for_each(|i| tape.z.row_mut(at.slot(i).index()).copy_from_slice(z.row(i)));
            return Ok(());
        }
        // a tape that is reused may have been another system's
        tape.values.resize(tape.slots * count, T::zero());
        self.body.entries(self.point(at, z), count, &mut tape.values)
    }

    fn jvp(&self, at: Active<'_>, tape: &Tape<T>, v: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let count = self.entries();
        match self.body.form() {
            Form::Products => return self.body.jvp(self.point(at, &tape.z), v, out),
            Form::Sparse(sparsity) => {
                (0..at.len()).for_each(|i| sparsity.multiply(tape.of(at.slot(i), count), v.row(i), out.row_mut(i)));
            }
            Form::Dense => {
                (0..at.len()).for_each(|i| vector::multiply(tape.of(at.slot(i), count), v.row(i), out.row_mut(i)));
            }
        }
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &Tape<T>, u: &Rows<T>, out: &mut Rows<T>) -> Eval {
        let count = self.entries();
        match self.body.form() {
            Form::Products => return self.body.vjp(self.point(at, &tape.z), u, out),
            Form::Sparse(sparsity) => (0..at.len()).for_each(|i| {
                sparsity.multiply_transpose(tape.of(at.slot(i), count), u.row(i), out.row_mut(i));
            }),
            Form::Dense => {
                (0..at.len()).for_each(|i| {
                    vector::multiply_transposed(tape.of(at.slot(i), count), u.row(i), out.row_mut(i));
                });
            }
        }
        Ok(())
    }

    fn capabilities(&self) -> CapabilitiesOf<'_, Self> {
        let dense: Option<&dyn DenseJacobian<_, _>> = Some(self);
        match self.body.form() {
            Form::Products => Capabilities::NONE,
            Form::Dense => Capabilities { dense, ..Capabilities::NONE },
            Form::Sparse(pattern) => {
                Capabilities { dense, sparse: Some(Sparse { pattern, entries: Some(self) }), ..Capabilities::NONE }
            }
        }
    }
}

impl<T: Real> DenseJacobian<Tape<T>, T> for System<T> {
    fn jacobian(&self, slot: Slot, tape: &Tape<T>, out: &mut [T]) {
        let values = tape.of(slot, self.entries());
        match self.body.form() {
            Form::Sparse(sparsity) => sparsity.spread(values, out),
            _ => out.copy_from_slice(values),
        }
    }
}

impl<T: Real> SparseJacobian<Tape<T>, T> for System<T> {
    fn entries(&self, slot: Slot, tape: &Tape<T>, out: &mut [T]) {
        out.copy_from_slice(tape.of(slot, self.entries()));
    }
}

impl<T: Real> Parametric for System<T> {
    type Parameters = Rows<T>;

    fn parametrised(&self) -> Result<(), Error> {
        if self.parameters.width() == 0 { Err(Error::NoParameters) } else { Ok(()) }
    }

    fn zero_parameters(&self, samples: usize) -> Rows<T> {
        Rows::new(samples, self.parameters.width())
    }
}

impl<T: Real> ParamVjp for System<T> {
    fn param_vjp(&self, at: Active<'_>, _: &Tape<T>, z: &Rows<T>, u: &Rows<T>, scale: T, grad: &mut Rows<T>) -> Eval {
        self.body.parameter_vjp(self.point(at, z), u, scale, grad)
    }
}

impl<T: Real> ParamJvp for System<T> {
    fn check_direction(&self, samples: usize, parameters: &Rows<T>) -> Result<(), Error> {
        let (expected, found) = ((samples, self.parameters.width()), (parameters.samples(), parameters.width()));
        if found == expected { Ok(()) } else { Err(Error::shape("the parameters' direction", expected, found)) }
    }

    fn param_jvp(&self, at: Active<'_>, _: &Tape<T>, z: &Rows<T>, tangent: &Rows<T>, out: &mut Rows<T>) -> Eval {
        self.body.parameter_jvp(self.point(at, z), tangent, out)
    }
}

impl<T: Real> SecondOrder for System<T> {
    fn vjp_along(&self, at: Active<'_>, _: &Tape<T>, along: &Along<'_, Rows<T>, Rows<T>>, out: &mut Rows<T>) -> Eval {
        self.body.vjp_along(&self.parameters, at, along, out)
    }

    fn param_vjp_along(
        &self,
        at: Active<'_>,
        _: &Tape<T>,
        along: &Along<'_, Rows<T>, Rows<T>>,
        scale: T,
        grad: &mut Rows<T>,
    ) -> Eval {
        self.body.parameter_vjp_along(&self.parameters, at, along, scale, grad)
    }
}
