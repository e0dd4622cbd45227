//! The classifier: linear, tanh implicit layer, linear.

mod file;
mod linear;

use file::NAMES;
pub use file::{Header, Origin, Preprocessing, Stored, open, save};
pub use linear::Linear;

use burn::module::{Module, Param, ParamId};
use burn::prelude::*;
use dini::Error;
use dini_burn::{BackwardTicket, Deq, ForwardReport, Settings, TanhCell, TanhCellConfig};

/// Logits of an image: output(z*), z* = tanh(W z* + input(pixels)).
#[derive(Module, Debug)]
pub struct Classifier {
    /// pixels -> n
    pub input: Linear,
    /// the implicit layer
    pub layer: Deq<TanhCell>,
    /// n -> classes
    pub output: Linear,
}

/// Logits and how the implicit layer was solved.
pub struct Logits {
    /// B x classes.
    pub logits: Tensor<2>,
    /// Forward solve.
    pub forward: ForwardReport,
    /// Backward solve, once it has run.
    pub backward: BackwardTicket,
}

/// Sizes of a classifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Height of an image in pixels.
    pub height: usize,
    /// Width of an image in pixels.
    pub width: usize,
    /// Size n of the implicit state.
    pub state: usize,
    /// Number of classes.
    pub classes: usize,
}

/// Spectral norm of the initial W.
const INITIAL_NORM: f64 = 0.5;

impl Classifier {
    /// A classifier with random weights; parameters carry the ids 1 to 5, so that an optimiser's state can be matched to
    /// them when it is read back.
    pub fn new(sizes: Sizes, settings: Settings, device: &Device) -> Self {
        let mut cell = TanhCellConfig::new(sizes.state).with_initial_norm(INITIAL_NORM).init(device);
        cell.weight.id = ParamId::from(3);
        Classifier {
            input: Linear::new(sizes.height * sizes.width, sizes.state, 1, device),
            layer: Deq::with_settings(cell, settings),
            output: Linear::new(sizes.state, sizes.classes, 4, device),
        }
    }

    /// The first of the parameters that holds a number which is not finite, by its name in the model's file.
    pub fn not_finite(&self) -> Option<&'static str> {
        fn finite<const D: usize>(parameter: &Param<Tensor<D>>) -> bool {
            // 0 times anything finite
            parameter.val().inner().mul_scalar(0.0).sum().into_scalar::<f32>() == 0.0
        }
        let all = [
            finite(&self.input.weight),
            finite(&self.input.bias),
            finite(&self.layer.cell.weight),
            finite(&self.output.weight),
            finite(&self.output.bias),
        ];
        NAMES.iter().zip(all).find(|(_, finite)| !finite).map(|(name, _)| *name)
    }

    /// Logits of images, B x pixels.
    ///
    /// # Errors
    /// As [`Deq::forward`].
    pub fn forward(&self, images: Tensor<2>) -> Result<Logits, Error> {
        let solved = self.layer.forward(self.input.forward(images))?;
        Ok(Logits { logits: self.output.forward(solved.z), forward: solved.forward, backward: solved.backward })
    }
}
