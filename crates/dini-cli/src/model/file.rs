//! A classifier as a safetensors file.

use std::path::Path;

use burn::module::{Param, ParamId};
use burn::prelude::*;
use dini_burn::{Deq, Settings, TanhCell};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::{Classifier, Linear, Sizes};
use crate::files::{FileError, seal, unseal_as};

/// What is done to pixels before the model sees them: (pixel - mean) / deviation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preprocessing {
    /// Mean pixel of the training images.
    pub mean: f32,
    /// Standard deviation of their pixels.
    pub deviation: f32,
}

/// Which state of which run a model is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Digest of the run's options and data.
    pub run: String,
    /// Epochs finished.
    pub epoch: usize,
    /// Steps done in the epoch under way.
    pub step: usize,
    /// The run's options, as the text of `config.toml`.
    pub options: String,
}

/// Everything about a model but its weights.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Header {
    format: u32,
    height: usize,
    width: usize,
    /// What is done to pixels.
    pub preprocessing: Preprocessing,
    /// Where the model comes from.
    pub origin: Origin,
}

const FORMAT: u32 = 2;
/// Labels are bytes.
const MOST_CLASSES: usize = 256;
/// Names and shapes are those of the mathematics: W is n x n and acts on columns, U is pixels x n and acts on rows.
pub(super) const NAMES: [&str; 5] = ["input.weight", "input.bias", "layer.weight", "output.weight", "output.bias"];

/// The file's content.
///
/// # Errors
/// A tensor that cannot be read back from its device.
pub fn save(
    model: &Classifier,
    sizes: Sizes,
    preprocessing: Preprocessing,
    origin: Origin,
) -> Result<Vec<u8>, FileError> {
    let data = [
        model.input.weight.val().inner().into_data(),
        model.input.bias.val().inner().into_data(),
        model.layer.cell.weight.val().inner().into_data(),
        model.output.weight.val().inner().into_data(),
        model.output.bias.val().inner().into_data(),
    ];
    let fail = |why: String| FileError::new("the model cannot be written", "model.safetensors", why, "report this");
    let mut tensors = Vec::with_capacity(NAMES.len());
    for (name, data) in NAMES.iter().zip(&data) {
        let shape = data.shape().to_vec();
        let view = TensorView::new(Dtype::F32, shape, data.as_bytes()).map_err(|e| fail(e.to_string()))?;
        tensors.push((*name, view));
    }
    let header = Header { format: FORMAT, height: sizes.height, width: sizes.width, preprocessing, origin };
    seal(&tensors, &serde_json::to_string(&header).map_err(|e| fail(e.to_string()))?).map_err(fail)
}

fn foreign(path: &Path, why: String) -> FileError {
    FileError::new("cannot use the model", path, why, "give a run folder that `dini train` has written")
}

/// What [`save`] has written, with its checksum compared and its weights not yet taken out.
pub struct Stored<'b> {
    path: &'b Path,
    /// Everything but the weights.
    pub header: Header,
    tensors: SafeTensors<'b>,
}

/// Reads what [`save`] has written; `path` is named in errors.
///
/// # Errors
/// A file that is damaged, of another format, or not one of dini's models.
pub fn open<'b>(path: &'b Path, bytes: &'b [u8]) -> Result<Stored<'b>, FileError> {
    let (header, tensors) = unseal_as(bytes, "model", FORMAT).map_err(|e| foreign(path, e))?;
    Ok(Stored { path, header, tensors })
}

impl Stored<'_> {
    /// The model.
    ///
    /// # Errors
    /// Tensors that do not make one.
    pub fn load(&self, settings: Settings, device: &Device) -> Result<(Classifier, Sizes), FileError> {
        let Stored { path, header, tensors } = self;
        let foreign = |why: String| foreign(path, why);
        let tensor = |name: &str, rank: usize| -> Result<(Vec<usize>, Vec<f32>), FileError> {
            let view = tensors.tensor(name).map_err(|_| foreign(format!("tensor `{name}` is missing")))?;
            if view.dtype() != Dtype::F32 || view.shape().len() != rank {
                let found = format!("{:?} {:?}", view.dtype(), view.shape());
                return Err(foreign(format!("tensor `{name}` should be f32 of rank {rank}, found {found}")));
            }
            let values: Vec<f32> =
                view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
            if values.iter().any(|v| !v.is_finite()) {
                return Err(foreign(format!("tensor `{name}` holds NaN or infinite values")));
            }
            Ok((view.shape().to_vec(), values))
        };
        let parts = [
            tensor(NAMES[0], 2)?,
            tensor(NAMES[1], 1)?,
            tensor(NAMES[2], 2)?,
            tensor(NAMES[3], 2)?,
            tensor(NAMES[4], 1)?,
        ];
        let [(input, _), (input_bias, _), (w, _), (output, _), (output_bias, _)] = &parts;
        let (n, classes) = (w[0], output[1]);
        let pixels = header.height.checked_mul(header.width);
        let fits = pixels == Some(input[0])
            && input[1] == n
            && input_bias[0] == n
            && w[1] == n
            && output[0] == n
            && output_bias[0] == classes
            && (1..=MOST_CLASSES).contains(&classes)
            && n > 0;
        let Preprocessing { mean, deviation } = header.preprocessing;
        if !fits || !mean.is_finite() || !deviation.is_finite() || deviation <= 0.0 {
            return Err(foreign("its tensors do not fit together".into()));
        }
        let sizes = Sizes { height: header.height, width: header.width, state: n, classes };
        Ok((assemble(parts, settings, device), sizes))
    }
}

fn assemble(parts: [(Vec<usize>, Vec<f32>); 5], settings: Settings, device: &Device) -> Classifier {
    fn param<const D: usize>(id: u64, (shape, values): (Vec<usize>, Vec<f32>), device: &Device) -> Param<Tensor<D>> {
        let tensor = Tensor::from_data(TensorData::new(values, shape), device);
        let tensor = if device.is_autodiff() { tensor.require_grad() } else { tensor };
        Param::initialized(ParamId::from(id), tensor)
    }
    let [input, input_bias, w, output, output_bias] = parts;
    Classifier {
        input: Linear { weight: param(1, input, device), bias: param(2, input_bias, device) },
        layer: Deq::with_settings(TanhCell { weight: param(3, w, device) }, settings),
        output: Linear { weight: param(4, output, device), bias: param(5, output_bias, device) },
    }
}
