//! The tanh cell, on dini's own kernels where the tensors lie in CPU memory.

use burn::config::Config;
use burn::module::{Module, Param, ParamId};
use burn::prelude::*;
use burn::tensor::{DType, Distribution, Element, activation};
use dini::{Error, Real, Rows, cells, solve};

use crate::cell::{Cell, Solved};
use crate::deq::Settings;
use crate::solved_tanh::solved_tanh;

/// Configuration of [`TanhCell`].
#[derive(Config, Debug)]
pub struct TanhCellConfig {
    /// Size n of the state.
    pub size: usize,
    /// Spectral norm of the initial weights, approximately (dimensionless).
    #[config(default = 0.5)]
    pub initial_norm: f64,
}

/// f(z, x) = tanh(W z + x), W n x n, z and x B x n.
#[derive(Module, Debug)]
pub struct TanhCell {
    /// W, n x n.
    pub weight: Param<Tensor<2>>,
}

impl TanhCellConfig {
    /// A cell with normal random weights.
    pub fn init(&self, device: &Device) -> TanhCell {
        // a random n x n matrix of standard deviation s has spectral norm about 2 s sqrt(n)
        let std = self.initial_norm / (2.0 * (self.size as f64).sqrt());
        let shape = [self.size, self.size];
        // drawn when first used, as the weights of burn's own layers are
        let draw = move |device: &Device, require_grad| {
            let weight = Tensor::random(shape, Distribution::Normal(0.0, std), device);
            if require_grad { weight.require_grad() } else { weight }
        };
        TanhCell { weight: Param::uninitialized(ParamId::new(), draw, device.clone(), true, shape.into()) }
    }
}

impl Cell<2> for TanhCell {
    fn forward(&self, z: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        activation::tanh(z.matmul(self.weight.val().transpose()) + x)
    }

    fn at_solution(&self, z: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        solved_tanh(z, x, self.weight.val())
    }

    fn solve(&self, x: Tensor<2>, z0: Tensor<2>, settings: &Settings) -> Result<Solved<2>, Error> {
        let weight = self.weight.val().inner();
        match x.dtype() {
            DType::F32 => solve_native::<f32>(weight, x.inner(), z0.inner(), settings),
            DType::F64 => solve_native::<f64>(weight, x.inner(), z0.inner(), settings),
            other => Err(Error::Shape {
                what: "element type of the tanh cell",
                expected: "f32 or f64".into(),
                found: format!("{other:?}"),
            }),
        }
    }
}

fn solve_native<T: Real + Element>(
    weight: Tensor<2>,
    x: Tensor<2>,
    z0: Tensor<2>,
    settings: &Settings,
) -> Result<Solved<2>, Error> {
    let [n, _] = weight.dims();
    let device = x.device();
    let cell = cells::Tanh::<T>::new(n, values(weight)?, rows(x)?)?;
    let solution = solve(cell, &rows(z0)?, &settings.solver, &settings.options)?;
    let to_tensor = move |z: &Rows<T>| {
        let data = TensorData::new(z.as_slice().to_vec(), [z.samples(), z.width()]);
        Tensor::from_data(data, (&device, T::dtype()))
    };
    // a tensor that cannot be read becomes an empty batch, which the adjoint refuses
    Ok(Solved::new(solution, settings, to_tensor, |w| rows(w).unwrap_or_default()))
}

fn values<T: Real + Element, const D: usize>(tensor: Tensor<D>) -> Result<Vec<T>, Error> {
    let data = tensor.try_into_data_as::<T>().map_err(|e| Error::User(e.to_string().into()))?;
    data.try_into_vec::<T>().map_err(|e| Error::User(format!("{e:?}").into()))
}

fn rows<T: Real + Element>(tensor: Tensor<2>) -> Result<Rows<T>, Error> {
    let [samples, width] = tensor.dims();
    Rows::from_vec(samples, width, values(tensor)?)
}
