//! Cells, and the implicit equation a cell states.

use std::sync::Arc;

use burn::module::Module;
use burn::prelude::*;
use burn::tensor::DType;
use dini::gradient::Derivative;
use dini::linear::Inverse;
use dini::problem::{Active, Eval, Linearize, Problem, ResidualScale};
use dini::{Error, Solution, solve};

use crate::batch::{TensorBatch, select};
use crate::deq::{ForwardReport, Settings};

/// A map f(z, x) whose fixed point z* = f(z*, x) is a layer.
///
/// z and x have rank D with the batch first; x is any injected input with the same batch. Samples must be independent
/// (no batch normalisation inside). Stochastic parts such as dropout belong outside the cell: the solve runs on
/// [`Module::valid`], which switches them off.
pub trait Cell<const D: usize>: Module + Sync + 'static {
    /// f(z, x).
    fn forward(&self, z: Tensor<D>, x: Tensor<D>) -> Tensor<D>;

    /// f(z, x) at a constant `z` that solves z = f(z, x), with its derivatives by x and the parameters. Override where the
    /// solution makes them cheaper; the value may be `z` itself.
    fn at_solution(&self, z: Tensor<D>, x: Tensor<D>) -> Tensor<D> {
        self.forward(z, x)
    }

    /// Solves z = f(z, x) without autodiff, from `z0`; called on [`Module::valid`]. Override to bring faster kernels.
    ///
    /// # Errors
    /// A broken contract (settings, shapes, non-finite input).
    fn solve(&self, x: Tensor<D>, z0: Tensor<D>, settings: &Settings) -> Result<Solved<D>, Error> {
        let dims = z0.dims();
        let start = TensorBatch::new(z0.flatten_batch());
        let problem = CellProblem::new(self.clone(), x, dims);
        let solution = solve(problem, &start, &settings.solver, &settings.options)?;
        Ok(Solved::new(
            solution,
            settings,
            move |z| z.tensor().clone().reshape(dims),
            |w| TensorBatch::new(w.flatten_batch()),
        ))
    }
}

/// Flattening all but the batch.
trait FlattenBatch {
    fn flatten_batch(self) -> Tensor<2>;
}

impl<const D: usize> FlattenBatch for Tensor<D> {
    fn flatten_batch(self) -> Tensor<2> {
        let batch = self.dims()[0];
        let rest = self.shape().num_elements() / batch.max(1);
        self.reshape([batch, rest])
    }
}

/// w -> lam with (I - df/dz)^T lam = w, and how each sample's solve went.
pub type Adjoint<const D: usize> =
    Arc<dyn Fn(Tensor<D>) -> Result<(Tensor<D>, Derivative<(), ()>), Error> + Send + Sync>;

/// A solved cell: z* without autodiff, and the adjoint that its backward pass needs.
pub struct Solved<const D: usize> {
    /// z*
    pub z: Tensor<D>,
    /// How the solve went.
    pub report: ForwardReport,
    /// The adjoint solve.
    pub adjoint: Adjoint<D>,
}

impl<const D: usize> Solved<D> {
    /// From a solution on any storage, with the conversions to and from tensors.
    pub fn new<P, M>(
        solution: Solution<P, M>,
        settings: &Settings,
        to_tensor: impl Fn(&P::State) -> Tensor<D> + Send + Sync + 'static,
        to_state: impl Fn(Tensor<D>) -> P::State + Send + Sync + 'static,
    ) -> Self
    where
        P: Linearize + Send + 'static,
        P::State: 'static,
        M: Inverse<P::State> + 'static,
    {
        let z = to_tensor(solution.z());
        let report = ForwardReport::new(&solution);
        let mode = settings.backward.clone();
        let adjoint: Adjoint<D> = Arc::new(move |w| {
            let Derivative { vector, reports, failures, left_out, .. } = solution.adjoint(&to_state(w), &mode)?;
            Ok((to_tensor(&vector), Derivative { value: (), vector: (), reports, failures, left_out }))
        });
        Solved { z, report, adjoint }
    }
}

/// The equation z - f(z, x) = 0 of a cell, on tensors.
#[derive(Debug)]
pub struct CellProblem<C, const D: usize> {
    cell: C,
    x: Tensor<2>,
    x_dims: [usize; D],
    z_dims: [usize; D],
}

impl<const D: usize, C: Cell<D>> CellProblem<C, D> {
    /// The equation of `cell` at input `x`, for states of shape `z_dims`.
    pub fn new(cell: C, x: Tensor<D>, z_dims: [usize; D]) -> Self {
        let x_dims = x.dims();
        CellProblem { cell, x: x.inner().flatten_batch(), x_dims, z_dims }
    }

    /// f(z, x) at the active rows, flattened; `z` may be tracked.
    fn map(&self, at: Active<'_>, z: Tensor<2>) -> Tensor<2> {
        let samples: Vec<usize> = (0..at.len()).map(|i| at.sample(i).index()).collect();
        let with_batch = |mut dims: [usize; D]| {
            dims[0] = at.len();
            dims
        };
        let x = select(&self.x, &samples).reshape(with_batch(self.x_dims));
        self.cell.forward(z.reshape(with_batch(self.z_dims)), x).flatten_batch()
    }
}

impl<const D: usize, C: Cell<D>> Problem for CellProblem<C, D> {
    type State = TensorBatch;

    fn validate(&self, z: &TensorBatch) -> Result<(), Error> {
        let samples = dini::Batch::samples(z);
        if self.x_dims[0] != samples {
            return Err(Error::Shape {
                what: "x of the cell",
                expected: format!("{samples} samples"),
                found: format!("{} samples", self.x_dims[0]),
            });
        }
        for (what, tensor) in [("the start z0", z.tensor()), ("x of the cell", &self.x)] {
            let sums = crate::batch::host(tensor.clone().mul_scalar(0.0).sum_dim(1));
            if let Some(sample) = sums.iter().position(|s| !s.is_finite()) {
                return Err(Error::NonFinite { what, sample });
            }
        }
        Ok(())
    }

    fn residual_scale(&self) -> ResidualScale {
        ResidualScale::State
    }

    fn residual(&self, at: Active<'_>, z: &TensorBatch, out: &mut TensorBatch) -> Eval {
        let f = self.map(at, z.tensor().clone());
        if f.dims() != z.tensor().dims() {
            return Err(format!("the cell returned {:?} for a state of {:?}", f.dims(), z.tensor().dims()).into());
        }
        out.set(z.tensor().clone() - f);
        Ok(())
    }
}

impl<const D: usize, C: Cell<D>> Linearize for CellProblem<C, D> {
    /// z of every slot.
    type Tape = TensorBatch;

    fn tape(&self, like: &TensorBatch) -> TensorBatch {
        dini::Batch::zeros(like, dini::Batch::samples(like))
    }

    fn linearize(&self, at: Active<'_>, z: &TensorBatch, _: &TensorBatch, tape: &mut TensorBatch) -> Eval {
        let (slots, rows): (Vec<usize>, Vec<usize>) = (0..at.len()).map(|i| (at.slot(i).index(), i)).unzip();
        dini::Batch::put(tape, &slots, z, &rows);
        Ok(())
    }

    /// By a central difference along v: burn has no forward mode. Solvers correct for its error; derivatives use `vjp`.
    fn jvp(&self, at: Active<'_>, tape: &TensorBatch, v: &TensorBatch, out: &mut TensorBatch) -> Eval {
        let z = self.at_slots(at, tape);
        let norm = |t: &Tensor<2>| t.clone().powi_scalar(2).sum_dim(1).sqrt();
        // cube root of the rounding unit, relative to z
        let relative = if z.dtype() == DType::F64 { 6e-6 } else { 5e-3 };
        let h = (norm(&z) + 1.0).mul_scalar(relative) / (norm(v.tensor()) + 1e-30);
        let step = v.tensor().clone() * h.clone();
        let difference = self.map(at, z.clone() + step.clone()) - self.map(at, z - step);
        out.set(v.tensor().clone() - difference / h.mul_scalar(2.0));
        Ok(())
    }

    fn vjp(&self, at: Active<'_>, tape: &TensorBatch, u: &TensorBatch, out: &mut TensorBatch) -> Eval {
        // a private leaf has a private graph, which backward consumes
        let z = self.at_slots(at, tape).autodiff().require_grad();
        let f = self.map(at, z.clone());
        let product = (f * Tensor::from_inner(u.tensor().clone())).sum();
        if !product.is_tracked() {
            // f does not depend on z
            out.set(u.tensor().clone());
            return Ok(());
        }
        let gradient = z.grad_remove(&mut product.backward()).ok_or("the cell gave no gradient for z")?;
        out.set(u.tensor().clone() - gradient);
        Ok(())
    }
}

impl<const D: usize, C: Cell<D>> CellProblem<C, D> {
    fn at_slots(&self, at: Active<'_>, tape: &TensorBatch) -> Tensor<2> {
        let slots: Vec<usize> = (0..at.len()).map(|i| at.slot(i).index()).collect();
        select(tape.tensor(), &slots)
    }
}
