//! The readers of files from elsewhere: one entry each.

use std::path::Path;

use burn_core::prelude::Device;
use dini_burn::Settings;
use dini_cli::data::npy::NpyFile;
use dini_cli::data::{idx, image};
use dini_cli::files::read_sealed;
use dini_cli::model;
use dini_cli::training::{TrainArgs, restore};
use rand::rngs::StdRng;

use crate::{containers, mutate};

/// Changes a file; the others are there to take parts from.
type Mutate = fn(Vec<u8>, &[Vec<u8>], &mut StdRng) -> Vec<u8>;

/// A reader and what it may do.
pub struct Reader {
    /// Its name, and that of its folder in `tests/corpus`.
    pub name: &'static str,
    /// Reads a file; the error is what the command prints.
    pub read: fn(&Path) -> Result<(), String>,
    /// Makes another file of one.
    pub mutate: Mutate,
    /// The most bytes of memory for a file of at most 1 MB.
    pub most_memory: usize,
}

/// How a reader says that its decoder has panicked.
pub const CONTAINED: &str = "the decoder fails on it";

const MB: usize = 1_000_000;

pub const READERS: &[Reader] = &[
    Reader { name: "idx", read: images, mutate: mutate::bytes, most_memory: 10 * MB },
    Reader { name: "labels", read: labels, mutate: mutate::bytes, most_memory: 40 * MB },
    // a hundred times the file, in f32
    Reader { name: "gzip", read: images, mutate: containers::gzip, most_memory: 500 * MB },
    Reader { name: "png", read: png, mutate: containers::png, most_memory: 300 * MB },
    Reader { name: "npy", read: npy, mutate: mutate::bytes, most_memory: 10 * MB },
    Reader { name: "model", read: model, mutate: containers::sealed, most_memory: 100 * MB },
    Reader { name: "checkpoint", read: checkpoint, mutate: containers::sealed, most_memory: 200 * MB },
    Reader { name: "options", read: options, mutate: mutate::bytes, most_memory: 500 * MB },
];

fn images(path: &Path) -> Result<(), String> {
    let (pixels, count, height, width) = idx::read_images(path).map_err(|e| e.to_string())?;
    assert_eq!(pixels.len(), count * height * width);
    assert!(pixels.iter().all(|p| (0.0..=1.0).contains(p)));
    Ok(())
}

fn labels(path: &Path) -> Result<(), String> {
    let labels = idx::read_labels(path).map_err(|e| e.to_string())?;
    assert!(!labels.is_empty() && labels.iter().all(|label| *label < 10));
    Ok(())
}

fn png(path: &Path) -> Result<(), String> {
    let (pixels, height, width) = image::read_png(path).map_err(|e| e.to_string())?;
    assert_eq!(pixels.len(), height * width);
    assert!(pixels.iter().all(|p| (0.0..=1.0).contains(p)));
    Ok(())
}

fn npy(path: &Path) -> Result<(), String> {
    let file = NpyFile::open(path).map_err(|e| e.to_string())?;
    let (rows, columns) = file.shape();
    let values = file.read().map_err(|e| e.to_string())?;
    assert!(values.len() == rows * columns && values.iter().all(|v| v.is_finite()));
    Ok(())
}

fn model(path: &Path) -> Result<(), String> {
    let bytes = read_sealed(path, "cannot read the model").map_err(|e| e.to_string())?;
    let stored = model::open(path, &bytes).map_err(|e| e.to_string())?;
    stored.load(Settings::default(), &Device::flex()).map(|_| ()).map_err(|e| e.to_string())
}

fn checkpoint(path: &Path) -> Result<(), String> {
    restore(path, &Device::flex()).map(|_| ()).map_err(|failure| failure.message)
}

fn options(path: &Path) -> Result<(), String> {
    TrainArgs::from_file(path, &[]).map(|_| ()).map_err(|failure| failure.message)
}
