//! A deep equilibrium model around a cell of one's own: is a point inside the ring?
//!
//! The cell states f(z, x) = tanh(W z + U x + b); the layer returns z* = f(z*, x), and its backward pass is one adjoint
//! solve per point. W is kept a contraction, so that the implicit function theorem holds for every x.
//!
//! Run with `cargo run --release -p dini-burn --example deq`.

use burn::module::{Initializer, Module, Param};
use burn::nn::loss::CrossEntropyLoss;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::activation;
use dini_burn::{Cell, Deq, DeqConfig, SpectralBound};

const STATE: usize = 24;
const POINTS: usize = 256;
const STEPS: usize = 60;

/// f(z, x) = tanh(W z + U x + b); any module with such a map can be a cell.
#[derive(Module, Debug)]
struct RingCell {
    w: Param<Tensor<2>>,
    u: Linear,
}

impl Cell<2> for RingCell {
    fn forward(&self, z: Tensor<2>, x: Tensor<2>) -> Tensor<2> {
        activation::tanh(z.matmul(self.w.val().transpose()) + self.u.forward(x))
    }
}

#[derive(Module, Debug)]
struct Net {
    layer: Deq<RingCell>,
    head: Linear,
}

/// Points spread evenly over a square, and whether 0.4 < |x| < 0.8.
fn points(device: &Device) -> (Tensor<2>, Vec<i64>) {
    let spread = |i: usize, by: f64| 2.0 * (0.5 + i as f64 * by).fract() - 1.0;
    let xy: Vec<[f64; 2]> = (0..POINTS).map(|i| [spread(i, 0.754_877_666), spread(i, 0.569_840_291)]).collect();
    let labels = xy.iter().map(|[x, y]| i64::from((0.4..0.8).contains(&x.hypot(*y)))).collect();
    (Tensor::from_data(TensorData::new(xy.concat(), [POINTS, 2]), device), labels)
}

fn main() -> Result<(), dini::Error> {
    let device = Device::flex().autodiff();
    device.seed(1);
    let cell = RingCell {
        w: Initializer::Normal { mean: 0.0, std: 0.05 }.init([STATE, STATE], &device),
        u: LinearConfig::new(2, STATE).with_initializer(Initializer::Normal { mean: 0.0, std: 2.0 }).init(&device),
    };
    // samples whose solve fails are an error here; `Deq::with_settings` gives full control
    let layer = DeqConfig::new().with_forward_tolerance(1e-4).init(cell);
    let mut net = Net { layer, head: LinearConfig::new(STATE, 2).init(&device) };
    let mut optimizer = AdamWConfig::new().init();
    let mut bound = SpectralBound::new(0.9);

    let (x, labels) = points(&device);
    let targets = Tensor::<1, Int>::from_data(TensorData::new(labels.clone(), [POINTS]), &device);
    println!(
        "{:>4} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8}",
        "step", "loss", "accuracy", "forward", "adjoint", "failed", "|W|_2"
    );
    for step in 0..=STEPS {
        // z and x differ in width here, so the start is given explicitly; it fixes the shape of z
        let output = net.layer.forward_from(Tensor::zeros([POINTS, STATE], &device), x.clone())?;
        let logits = net.head.forward(output.z);
        let predicted = logits.clone().inner().argmax(1).into_data_as::<i64>();
        let loss = CrossEntropyLoss::new(None, &device).forward(logits, targets.clone());
        let value = loss.clone().inner().into_scalar::<f64>();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = optimizer.step(0.03, net, gradients);
        net.layer.cell.w = bound.apply(net.layer.cell.w, 2);
        if step % 10 == 0
            && let Some(backward) = output.backward.report()
        {
            let right =
                predicted.as_slice::<i64>().unwrap_or_default().iter().zip(&labels).filter(|(a, b)| a == b).count();
            println!(
                "{step:>4} {value:>8.4} {:>7.1} % {:>8.1} {:>8.1} {:>8} {:>8.3}",
                100.0 * right as f64 / POINTS as f64,
                output.forward.mean_iterations(),
                backward.mean_iterations(),
                output.forward.failures() + backward.failures.len(),
                bound.estimate(net.layer.cell.w.val().inner(), 10),
            );
        }
    }
    Ok(())
}
