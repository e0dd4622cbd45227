//! A run before its first step: new, or as a checkpoint left it.

use std::path::Path;

use burn::prelude::*;
use burn_optim::decay::WeightDecayConfig;
use burn_optim::momentum::MomentumConfig;
use burn_optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use dini_burn::SpectralBound;

use super::checkpoint::{Checkpoint, Identity, Progress, fingerprint};
use super::folder::{CHECKPOINT, RunFolder};
use super::options::TrainArgs;
use super::run::{Run, State};
use crate::data::{self, Images, Split};
use crate::failure::Failure;
use crate::files::{FileError, read_sealed};
use crate::memory;
use crate::model::{self, Classifier, Preprocessing, Sizes};
use crate::text::shown_path;

/// The images a run is about.
fn load_data(args: &TrainArgs) -> Result<Split, Failure> {
    let Some(dir) = &args.data else { return Ok(data::digits(args.seed)?) };
    let data = data::idx::load_dir(dir)?;
    // `..` has a name, too
    let name = dir.canonicalize().ok().and_then(|path| path.file_name().map(|n| n.to_string_lossy().into_owned()));
    Ok(Split { name: name.unwrap_or_else(|| data.name.clone()), ..data })
}

fn preprocessing(train: &Images) -> Preprocessing {
    let count = train.pixels.len().max(1) as f64;
    let mean = train.pixels.iter().map(|&v| f64::from(v)).sum::<f64>() / count;
    let square = train.pixels.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / count;
    // images of one grey level carry nothing to scale by
    let deviation = if square > 0.0 { square.sqrt() } else { 1.0 };
    Preprocessing { mean: mean as f32, deviation: deviation as f32 }
}

fn optimizer(args: &TrainArgs) -> ModuleOptimizer {
    let decay = args.weight_decay as f32;
    match args.optimizer.as_str() {
        "adam" => AdamConfig::new().with_weight_decay(Some(WeightDecayConfig::new(decay))).init(),
        "sgd" => SgdConfig::new()
            .with_momentum(Some(MomentumConfig::new()))
            .with_weight_decay(Some(WeightDecayConfig::new(decay)))
            .init(),
        _ => AdamWConfig::new().with_weight_decay(decay).init(),
    }
}

/// A new run, whose first checkpoint takes the place of whatever the folder held.
///
/// # Errors
/// Options or data that do not fit each other or the machine, and a folder that cannot be used.
pub fn start(args: &TrainArgs, device: &Device) -> Result<(Run, State), Failure> {
    let absolute = |dir: &std::path::PathBuf| {
        std::path::absolute(dir).map_err(|e| Failure::usage(FileError::io("cannot use the data", dir, &e)))
    };
    // so that the run can be continued from anywhere
    let args = TrainArgs { data: args.data.as_ref().map(absolute).transpose()?, ..args.clone() };
    let options = args.to_toml()?;
    let data = load_data(&args)?;
    fits(&args, &data)?;
    let identity = Identity::new(options, &data);
    let folder = RunFolder::create(args.out.as_deref(), &data.name, args.force)?;
    let run = Run::new(args, folder, data, identity);
    device.seed(run.args.seed);
    let state = State {
        model: Classifier::new(run.sizes, run.args.settings(), device),
        optimizer: optimizer(&run.args),
        bound: SpectralBound::new(run.args.spectral_bound),
        progress: Progress::default(),
    };
    Ok((run, state))
}

/// A checkpoint with what it holds taken apart.
pub struct Restored {
    /// The run's options.
    pub args: TrainArgs,
    identity: Identity,
    state: State,
    sizes: Sizes,
}

/// Reads a checkpoint.
///
/// # Errors
/// A file that is damaged, foreign, of another format, or contradicts itself.
pub fn restore(file: &Path, device: &Device) -> Result<Restored, Failure> {
    let checkpoint = Checkpoint::decode(file, &read_sealed(file, "cannot read the checkpoint")?)?;
    let args = TrainArgs::from_text(&checkpoint.identity.options, &shown_path(file), &[])?;
    let (model, sizes) = model::open(file, &checkpoint.model)?.load(args.settings(), device)?;
    let optimizer = checkpoint.optimizer(file, optimizer(&args))?;
    let Checkpoint { identity, progress, .. } = checkpoint;
    let spectral = &progress.spectral;
    let begun = !spectral.is_empty();
    if progress.epoch != progress.history.len() || (begun && spectral.len() != sizes.state) {
        let why = "it contradicts itself";
        return Err(FileError::new("cannot use the checkpoint", file, why, "start a new run").into());
    }
    let bound = SpectralBound::new(args.spectral_bound).with_vector(spectral.clone());
    Ok(Restored { args, identity, state: State { model, optimizer, bound, progress }, sizes })
}

/// With the run's own options, so that the result is that of an uninterrupted run.
///
/// # Errors
/// A folder without a usable checkpoint, or data that are not those of the run; nothing is changed then.
pub fn resume(args: &TrainArgs, path: &Path, device: &Device) -> Result<(Run, State), Failure> {
    let folder = RunFolder::open(path)?;
    let file = folder.file(CHECKPOINT);
    if !file.exists() {
        let advice = "if it was interrupted before its first checkpoint, start it again";
        return Err(FileError::new("cannot continue the run", path, format!("it has no {CHECKPOINT}"), advice).into());
    }
    let Restored { args: own, identity, state, sizes } = restore(&file, device)?;
    let own = TrainArgs { quiet: args.quiet, checkpoint_seconds: args.checkpoint_seconds, ..own };
    let data = load_data(&own)?;
    if fingerprint(&data) != identity.data {
        let why = "its images or labels are not those the run was started with";
        let place = own.data.as_deref().unwrap_or(Path::new("the embedded digits"));
        let advice = "restore them, or start a new run";
        return Err(FileError::new("cannot continue with the data", place, why, advice).into());
    }
    let run = Run::new(own, folder, data, identity);
    if run.sizes != sizes || state.progress.epoch > run.epochs || state.progress.step > run.steps() {
        let why = "its model does not fit the data";
        return Err(FileError::new("cannot use the checkpoint", file, why, "start a new run").into());
    }
    Ok((run, state))
}

/// Refuses what cannot be trained before anything is written.
fn fits(args: &TrainArgs, data: &Split) -> Result<(), Failure> {
    let (height, width) = (data.train.height, data.train.width);
    let side = height.min(width);
    if args.shift.is_some_and(|shift| shift > side as f64) {
        let why = format!("--shift: images of {height} x {width} pixels can be moved by {side} at most");
        return Err(Failure::usage(why));
    }
    memory::require(&format!("-n {}", args.n), memory_needed(args.n, &data.train, batch(args)))
}

/// Bytes that training takes at least: every weight with its gradient, two moments, their successors and a copy for the checkpoint; of
/// every image of a step the states that a solver keeps and their gradients.
fn memory_needed(n: usize, train: &Images, batch: usize) -> u64 {
    const PER_WEIGHT: u128 = 4 * 8;
    const PER_STATE: u128 = 4 * 24;
    let (n, pixels, classes) = (n as u128, (train.height * train.width) as u128, train.classes as u128);
    let weights = n * (pixels + n + classes);
    let states = batch.min(train.len()) as u128 * (n + pixels);
    u64::try_from(PER_WEIGHT * weights + PER_STATE * states).unwrap_or(u64::MAX)
}

/// Images per step.
fn batch(args: &TrainArgs) -> usize {
    args.batch.unwrap_or(if args.data.is_none() { 32 } else { 100 })
}

impl Run {
    fn new(args: TrainArgs, folder: RunFolder, data: Split, identity: Identity) -> Self {
        let small = args.data.is_none();
        let train = &data.train;
        Run {
            sizes: Sizes { height: train.height, width: train.width, state: args.n, classes: train.classes },
            preprocessing: preprocessing(train),
            epochs: args.epochs.unwrap_or(if small { 60 } else { 10 }),
            batch: batch(&args),
            shift: args.shift.unwrap_or(if small { 0.5 } else { 1.0 }),
            args,
            folder,
            data,
            identity,
        }
    }
}
