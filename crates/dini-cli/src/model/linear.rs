//! A dense layer.

use burn::module::{Module, Param, ParamId};
use burn::prelude::*;
use burn::tensor::{Distribution, module};

/// x U + b, with x B x inputs and U inputs x outputs.
#[derive(Module, Debug)]
pub struct Linear {
    /// U, inputs x outputs.
    pub weight: Param<Tensor<2>>,
    /// b, of size outputs.
    pub bias: Param<Tensor<1>>,
}

/// A parameter that is drawn evenly from (-1 / sqrt(inputs), 1 / sqrt(inputs)) when it is first used.
fn uniform<const D: usize>(id: u64, shape: [usize; D], inputs: usize, device: &Device) -> Param<Tensor<D>> {
    let most = 1.0 / (inputs as f64).sqrt();
    let draw = move |device: &Device, require_grad| {
        let values = Tensor::random(shape, Distribution::Uniform(-most, most), device);
        if require_grad { values.require_grad() } else { values }
    };
    Param::uninitialized(ParamId::from(id), draw, device.clone(), true, shape.into())
}

impl Linear {
    /// Random weights with the id `id`, and a random bias with the next one.
    pub fn new(inputs: usize, outputs: usize, id: u64, device: &Device) -> Self {
        Linear {
            weight: uniform(id, [inputs, outputs], inputs, device),
            bias: uniform(id + 1, [outputs], inputs, device),
        }
    }

    /// x U + b.
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        module::linear(x, self.weight.val(), Some(self.bias.val()))
    }
}
