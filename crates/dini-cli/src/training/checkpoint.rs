//! Everything an interrupted run needs to continue to the same result.

use std::collections::HashMap;
use std::path::Path;

use burn::optim::ModuleOptimizer;
use burn::tensor::Bytes;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::step::Tally;
use crate::files::FileError;
use crate::report::Epoch;

/// Where a run stands.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
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

fn failure(path: &Path, why: impl ToString) -> FileError {
    FileError::new("cannot use the checkpoint", path, why.to_string(), "start a new run")
}

/// One file with model, optimiser and progress, so that they always belong together.
///
/// # Errors
/// State that cannot be encoded.
pub fn encode(model: &[u8], optimizer: &ModuleOptimizer, progress: &Progress) -> Result<Vec<u8>, FileError> {
    let path = Path::new("checkpoint.safetensors");
    let optimizer = optimizer.into_bytes().map_err(|e| failure(path, e))?;
    let view = |bytes| TensorView::new(Dtype::U8, vec![<[u8]>::len(bytes)], bytes).map_err(|e| failure(path, e));
    let tensors = [("model", view(model)?), ("optimizer", view(&optimizer)?)];
    let progress = serde_json::to_string(progress).map_err(|e| failure(path, e))?;
    let metadata = HashMap::from([("progress".to_string(), progress)]);
    safetensors::serialize(tensors, Some(metadata)).map_err(|e| failure(path, e))
}

/// Takes apart what [`encode`] has made: the model's file, the optimiser with its state, the progress.
///
/// # Errors
/// A damaged or foreign file.
pub fn decode(
    path: &Path,
    bytes: &[u8],
    optimizer: ModuleOptimizer,
) -> Result<(Vec<u8>, ModuleOptimizer, Progress), FileError> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| failure(path, e))?;
    let tensors = SafeTensors::deserialize(bytes).map_err(|e| failure(path, e))?;
    let progress = metadata.metadata().as_ref().and_then(|m| m.get("progress"));
    let progress = progress.ok_or_else(|| failure(path, "it is not a checkpoint of dini"))?;
    let progress = serde_json::from_str(progress).map_err(|e| failure(path, e))?;
    let part = |name| tensors.tensor(name).map(|t| t.data().to_vec()).map_err(|e| failure(path, e));
    let state = Bytes::from_bytes_vec(part("optimizer")?);
    let optimizer = optimizer.from_bytes(state).map_err(|e| failure(path, e))?;
    Ok((part("model")?, optimizer, progress))
}
