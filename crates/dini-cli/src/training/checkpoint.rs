//! The one truth about a run: everything that it needs to continue to the same result.

use std::path::Path;

use burn::tensor::Bytes;
use burn_optim::ModuleOptimizer;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::step::Tally;
use crate::contain::contain;
use crate::data::{Images, Split};
use crate::files::{FileError, digest, seal, unseal_as};
use crate::model::Origin;
use crate::report::Epoch;

const FORMAT: u32 = 2;

/// Where a run stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Epochs finished.
    pub epoch: usize,
    /// Steps done in the epoch under way.
    pub step: usize,
    /// Sums of the epoch under way.
    pub tally: Tally,
    /// Seconds spent in the epoch under way.
    pub seconds: f64,
    /// Vector of the spectral-norm iteration.
    pub spectral: Vec<f64>,
    /// Finished epochs.
    pub history: Vec<Epoch>,
}

/// What a run is: its options and its data. Random numbers follow from the seed among the options and the place in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The options, as the text of `config.toml`.
    pub options: String,
    /// Digest of the images and labels.
    pub data: String,
}

impl Identity {
    /// The run of these options on these data.
    pub fn new(options: String, data: &Split) -> Self {
        Identity { options, data: fingerprint(data) }
    }

    /// Where a model of this run comes from.
    pub fn origin(&self, progress: &Progress) -> Origin {
        let run = digest([&self.options, &self.data]);
        Origin { run, epoch: progress.epoch, step: progress.step, options: self.options.clone() }
    }
}

/// Digest of all images and labels in their order.
pub fn fingerprint(data: &Split) -> String {
    let part = |images: &Images| {
        let sizes = [images.height, images.width, images.classes].map(|size| (size as u64).to_le_bytes()).concat();
        // in portions, since all of them may take much memory
        let pixels =
            images.pixels.chunks(1 << 16).map(|some| some.iter().flat_map(|pixel| pixel.to_le_bytes()).collect());
        digest([sizes, images.labels.clone()].into_iter().chain(pixels))
    };
    digest([part(&data.train), part(&data.test)])
}

/// A checkpoint as read from its file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Which run it is of.
    pub identity: Identity,
    /// Where that stands.
    pub progress: Progress,
    /// The bytes of `model.safetensors`.
    pub model: Vec<u8>,
    optimizer: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    identity: Identity,
}

fn failure(path: &Path, why: impl ToString) -> FileError {
    FileError::new("cannot use the checkpoint", path, why.to_string(), "start a new run")
}

/// The bytes of a checkpoint.
///
/// # Errors
/// State that cannot be encoded.
pub fn encode(
    path: &Path,
    model: &[u8],
    optimizer: &ModuleOptimizer,
    (identity, progress): (&Identity, &Progress),
) -> Result<Vec<u8>, FileError> {
    let failure = |why: String| failure(path, why);
    let optimizer = optimizer.into_bytes().map_err(|e| failure(e.to_string()))?;
    let optimizer = in_order(optimizer).map_err(|e| failure(e.to_string()))?;
    let progress = serde_json::to_vec(progress).map_err(|e| failure(e.to_string()))?;
    let description = Description { format: FORMAT, identity: identity.clone() };
    let description = serde_json::to_string(&description).map_err(|e| failure(e.to_string()))?;
    let view = |bytes| TensorView::new(Dtype::U8, vec![<[u8]>::len(bytes)], bytes).map_err(|e| failure(e.to_string()));
    let tensors = [("model", view(model)?), ("optimizer", view(&optimizer)?), ("progress", view(&progress)?)];
    seal(&tensors, &description).map_err(failure)
}

/// The same state with its tensors by name, so that equal states give equal bytes: the optimiser keeps them in a hash table.
fn in_order(bytes: Bytes) -> Result<Bytes, burn_pack::Error> {
    let reader = burn_pack::Reader::from_bytes(bytes)?;
    let (scalars, metadata) = (reader.scalars().clone(), reader.metadata().clone());
    let parts: Result<Vec<_>, _> = reader.into_tensors()?.into_iter().map(burn_pack::Tensor::into_parts).collect();
    let mut parts = parts?;
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    let tensor = |(name, dtype, shape, id, bytes)| burn_pack::Tensor::new(name, dtype, shape, id, bytes);
    let writer = burn_pack::Writer::new(parts.into_iter().map(tensor).collect());
    let writer = scalars.iter().fold(writer, |writer, (key, value)| writer.with_scalar(key, *value));
    metadata.iter().fold(writer, |writer, (key, value)| writer.with_metadata(key, value)).into_bytes()
}

impl Checkpoint {
    /// Takes apart the bytes of a checkpoint; `path` is named in errors.
    ///
    /// # Errors
    /// A damaged or foreign file, or one of another format.
    pub fn decode(path: &Path, bytes: &[u8]) -> Result<Self, FileError> {
        let (Description { identity, .. }, tensors) =
            unseal_as(bytes, "checkpoint", FORMAT).map_err(|e| failure(path, e))?;
        let part = |name| tensors.tensor(name).map(|t| t.data().to_vec()).map_err(|e| failure(path, e));
        let progress = serde_json::from_slice(&part("progress")?).map_err(|e| failure(path, e))?;
        Ok(Checkpoint { identity, progress, model: part("model")?, optimizer: part("optimizer")? })
    }

    /// `fresh`, with the state it had.
    ///
    /// # Errors
    /// State of another optimiser.
    pub fn optimizer(&self, path: &Path, fresh: ModuleOptimizer) -> Result<ModuleOptimizer, FileError> {
        let state = Bytes::from_bytes_vec(self.optimizer.clone());
        // the decoder asserts what a file should hold
        contain(|| fresh.from_bytes(state).map_err(|e| failure(path, e)))
            .unwrap_or_else(|panic| Err(failure(path, format!("its optimiser is damaged ({panic})"))))
    }
}
