//! One training step, and the sums an epoch keeps of its steps.

use burn::prelude::*;
use burn::tensor::activation::log_softmax;
use burn_optim::{GradientsParams, ModuleOptimizer};
use serde::{Deserialize, Serialize};

use crate::data::Images;
use crate::failure::Failure;
use crate::model::{Classifier, Preprocessing};

/// Sums over the steps of an epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    images: usize,
    loss: f64,
    right: usize,
    forward: f64,
    backward: f64,
    /// Images without a derivative.
    pub failures: usize,
}

impl Tally {
    fn mean(&self, sum: f64) -> f64 {
        sum / self.images.max(1) as f64
    }
    /// Mean cross-entropy.
    pub fn loss(&self) -> f64 {
        self.mean(self.loss)
    }
    /// Share of images classified rightly.
    pub fn accuracy(&self) -> f64 {
        self.mean(self.right as f64)
    }
    /// Mean iterations of the forward solve per image.
    pub fn forward(&self) -> f64 {
        self.mean(self.forward)
    }
    /// Mean iterations of the adjoint solve per image.
    pub fn backward(&self) -> f64 {
        self.mean(self.backward)
    }
}

/// Images as a tensor, B x pixels, preprocessed.
pub fn pixels(images: &Images, indices: &[usize], p: Preprocessing, device: &Device) -> Tensor<2> {
    let size = images.height * images.width;
    let mut values = Vec::with_capacity(indices.len() * size);
    for row in indices.iter().filter_map(|&i| images.row(i)) {
        values.extend(row.iter().map(|v| (v - p.mean) / p.deviation));
    }
    Tensor::from_data(TensorData::new(values, [indices.len(), size]), device)
}

/// Mean over the images of -log p, p the probability that the logits give to the target.
fn cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>) -> Tensor<1> {
    let [images] = targets.dims();
    log_softmax(logits, 1).gather(1, targets.reshape([images, 1])).reshape([images]).mean().neg()
}

/// One step on `images`.
///
/// # Errors
/// A broken contract of the layer, or numbers that are no longer finite: of the loss, or of a layer, which is named.
pub fn step(
    model: Classifier,
    optimizer: &mut ModuleOptimizer,
    learning_rate: f64,
    images: &Images,
    p: Preprocessing,
    tally: &mut Tally,
) -> Result<Classifier, Failure> {
    let device = model.input.weight.val().device();
    let labels: Vec<i64> = images.labels.iter().map(|&l| i64::from(l)).collect();
    let all: Vec<usize> = (0..images.len()).collect();
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels.clone(), [labels.len()]), &device.clone().inner());
    let output = model.forward(pixels(images, &all, p, &device)).map_err(Failure::unsolved)?;
    let predicted = output.logits.clone().inner().argmax(1).reshape([labels.len()]);
    let targets = if output.logits.is_autodiff() { Tensor::from_inner(targets) } else { targets };
    let loss = cross_entropy(output.logits, targets);
    let value = loss.clone().inner().into_scalar::<f64>();
    if !value.is_finite() {
        return Err(Failure::unsolved("the loss is no longer finite"));
    }
    let gradients = GradientsParams::from_grads(loss.backward(), &model);
    let model = optimizer.step(learning_rate, model, gradients);
    if let Some(name) = model.not_finite() {
        return Err(Failure::unsolved(format!("`{name}` is no longer finite")));
    }

    let backward = output.backward.report();
    if let Some(error) = backward.as_ref().and_then(|b| b.error.clone()) {
        return Err(Failure::unsolved(error));
    }
    let predicted = predicted.into_data_as::<i64>();
    let predicted = predicted.as_slice::<i64>().unwrap_or_default();
    tally.images += labels.len();
    tally.loss += value * labels.len() as f64;
    tally.right += labels.iter().zip(predicted).filter(|(a, b)| a == b).count();
    tally.forward += output.forward.iterations.iter().sum::<usize>() as f64;
    if let Some(backward) = backward {
        tally.backward += backward.samples.iter().map(|r| r.iterations as f64).sum::<f64>();
        tally.failures += backward.failures.len();
    }
    Ok(model)
}
