//! The training loop.

use std::path::{Path, PathBuf};
use std::time::Instant;

use burn::optim::decay::WeightDecayConfig;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{AdamConfig, AdamWConfig, ModuleOptimizer, SgdConfig};
use burn::prelude::*;
use dini_burn::SpectralBound;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rand::rngs::StdRng;
use rand::{SeedableRng, seq::SliceRandom};

use super::augment::shift_at_random;
use super::checkpoint::{Progress, decode, encode};
use super::evaluate::evaluate;
use super::folder::RunFolder;
use super::history::{write_metrics, write_report};
use super::options::TrainArgs;
use super::step::step;
use crate::data::{self, Images, Split};
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::model::{self, Classifier, Preprocessing, Sizes};
use crate::output::say;
use crate::report::Epoch;

/// Power iterations on W per step: W changes slowly.
const SPECTRAL_ITERATIONS: usize = 1;

/// Everything that changes while training.
struct State {
    model: Classifier,
    optimizer: ModuleOptimizer,
    bound: SpectralBound,
    progress: Progress,
}

/// The fixed part of a run.
struct Run {
    args: TrainArgs,
    folder: RunFolder,
    data: Split,
    sizes: Sizes,
    preprocessing: Preprocessing,
    epochs: usize,
    batch: usize,
    shift: f64,
}

/// Trains, or continues a run, until done or until `stop` is set; prints what it did.
///
/// # Errors
/// Bad options or data, an unwritable folder, or an interruption (code 130) after a checkpoint has been written.
pub fn train(args: &TrainArgs) -> Outcome {
    let stop = Interrupt::listen(|| {}).map_err(|e| Failure::unsolved(format!("cannot listen for Ctrl-C: {e}")))?;
    let device = Device::flex().autodiff();
    let (run, mut state) = match &args.resume {
        Some(path) => resume(args, path, &device)?,
        None => start(args, &device)?,
    };
    let bar = run.progress_bar(args.quiet, &state.progress);
    let images = run.data.train.len();
    let mut last = None;
    while state.progress.epoch < run.epochs {
        let order = run.order(state.progress.epoch);
        let begun = Instant::now();
        let before = state.progress.seconds;
        let steps: Vec<&[usize]> = order.chunks(run.batch).collect();
        while state.progress.step < steps.len() {
            let indices = steps[state.progress.step];
            state = run.step(state, indices, steps.len())?;
            state.progress.seconds = before + begun.elapsed().as_secs_f64();
            let Progress { epoch, step, tally, .. } = &state.progress;
            bar.set_position((epoch * steps.len() + step) as u64);
            bar.set_message(format!(
                "epoch {}/{} loss {:.4} accuracy {:.2} % iterations {:.1} + {:.1}",
                epoch + 1,
                run.epochs,
                tally.loss(),
                100.0 * tally.accuracy(),
                tally.forward(),
                tally.backward()
            ));
            if stop.asked() {
                bar.finish_and_clear();
                run.save(&state)?;
                return Err(Failure::interrupted(format!(
                    "stopped in epoch {}; continue with: dini train --resume {}",
                    epoch + 1,
                    run.folder.path().display()
                )));
            }
        }
        let evaluation = evaluate(&state.model, &run.data.test, run.preprocessing)?;
        let tally = std::mem::take(&mut state.progress.tally);
        let record = Epoch {
            epoch: state.progress.epoch + 1,
            train_loss: tally.loss(),
            train_accuracy: tally.accuracy(),
            test_loss: evaluation.loss(&run.data.test.labels),
            test_accuracy: evaluation.accuracy(&run.data.test.labels),
            forward_iterations: tally.forward(),
            backward_iterations: tally.backward(),
            failures: tally.failures,
            seconds: state.progress.seconds,
        };
        let line = format!(
            "epoch {:>3}  loss {:.4}  train {:6.2} %  test {:6.2} %  iterations {:4.1} forward {:4.1} adjoint  {:.2} s{}",
            record.epoch,
            record.train_loss,
            100.0 * record.train_accuracy,
            100.0 * record.test_accuracy,
            record.forward_iterations,
            record.backward_iterations,
            record.seconds,
            if record.failures > 0 {
                format!("  {} images without a derivative", record.failures)
            } else {
                String::new()
            },
        );
        if bar.is_hidden() {
            say!("{line}")
        } else {
            bar.println(line)
        }
        state.progress.history.push(record);
        state.progress.epoch += 1;
        (state.progress.step, state.progress.seconds) = (0, 0.0);
        run.save(&state)?;
        last = Some(evaluation);
    }
    bar.finish_and_clear();
    // a resumed run may have had nothing left to do
    let evaluation = match last {
        Some(evaluation) => evaluation,
        None => evaluate(&state.model, &run.data.test, run.preprocessing)?,
    };
    let test = (run.data.name.as_str(), &run.data.test);
    write_report(&run.folder, &run.args, test, (&state.model, run.preprocessing), &evaluation, &state.progress)?;
    let seconds: f64 = state.progress.history.iter().map(|r| r.seconds).sum();
    say!("trained on {images} images of {} in {seconds:.1} s", run.data.name);
    say!("test accuracy {:.2} % of {} images", 100.0 * evaluation.accuracy(&run.data.test.labels), run.data.test.len());
    say!("run folder {} (open report.html)", run.folder.path().display());
    Ok(())
}

/// The images a run is about.
fn load_data(args: &TrainArgs) -> Result<Split, Failure> {
    Ok(match &args.data {
        Some(dir) => data::idx::load_dir(dir)?,
        None => data::digits(args.seed)?,
    })
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

fn start(args: &TrainArgs, device: &Device) -> Result<(Run, State), Failure> {
    let data = load_data(args)?;
    let folder = RunFolder::create(args.out.as_deref(), &data.name, args.force)?;
    folder.write("config.toml", args.to_toml().as_bytes())?;
    let run = Run::new(args.clone(), folder, data);
    device.seed(args.seed);
    let state = State {
        model: Classifier::new(run.sizes, args.settings(), device),
        optimizer: optimizer(args),
        bound: SpectralBound::new(args.spectral_bound),
        progress: Progress::default(),
    };
    Ok((run, state))
}

/// With the run's own options, so that the result is that of an uninterrupted run.
fn resume(args: &TrainArgs, path: &Path, device: &Device) -> Result<(Run, State), Failure> {
    let folder = RunFolder::open(path)?;
    let own = TrainArgs::from_file(&folder.file("config.toml"), &[])?;
    let own = TrainArgs { quiet: args.quiet, ..own };
    let checkpoint: PathBuf = folder.file("checkpoint.safetensors");
    let bytes = folder.read("checkpoint.safetensors")?;
    let (model, optimizer, progress) = decode(&checkpoint, &bytes, optimizer(&own))?;
    let (model, sizes, preprocessing) = model::load(&checkpoint, &model, own.settings(), device)?;
    let data = load_data(&own)?;
    let bound = SpectralBound::new(own.spectral_bound).with_vector(progress.spectral.clone());
    let run = Run::new(own, folder, data);
    if run.sizes != sizes || run.preprocessing != preprocessing {
        let why = format!("{}: the data are not those the run was started with", path.display());
        return Err(Failure::usage(why));
    }
    Ok((run, State { model, optimizer, bound, progress }))
}

impl Run {
    fn new(args: TrainArgs, folder: RunFolder, data: Split) -> Self {
        let small = args.data.is_none();
        let train = &data.train;
        Run {
            sizes: Sizes { height: train.height, width: train.width, state: args.n, classes: train.classes },
            preprocessing: preprocessing(train),
            epochs: args.epochs.unwrap_or(if small { 60 } else { 10 }),
            batch: args.batch.unwrap_or(if small { 32 } else { 100 }),
            shift: args.shift.unwrap_or(if small { 0.5 } else { 1.0 }),
            args,
            folder,
            data,
        }
    }

    /// Order of the images in an epoch, a function of seed and epoch alone.
    fn order(&self, epoch: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.data.train.len()).collect();
        order.shuffle(&mut self.random(epoch, 0));
        order
    }

    /// Random numbers that depend on the seed and the place in the run alone, so that a resumed run sees the same.
    fn random(&self, epoch: usize, place: usize) -> StdRng {
        let mut key = [0; 32];
        for (part, value) in key.chunks_exact_mut(8).zip([self.args.seed, epoch as u64, place as u64]) {
            part.copy_from_slice(&value.to_le_bytes());
        }
        StdRng::from_seed(key)
    }

    fn step(&self, state: State, indices: &[usize], steps: usize) -> Result<State, Failure> {
        let State { model, mut optimizer, mut bound, mut progress } = state;
        let done = (progress.epoch * steps + progress.step) as f64 / (self.epochs * steps) as f64;
        let rate = self.args.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        let mut images = self.data.train.select(indices);
        if self.shift > 0.0 {
            shift_at_random(&mut images, self.shift, &mut self.random(progress.epoch, 1 + progress.step));
        }
        let mut model = step(model, &mut optimizer, rate, &images, self.preprocessing, &mut progress.tally)?;
        model.layer.cell.weight = bound.apply(model.layer.cell.weight, SPECTRAL_ITERATIONS);
        progress.step += 1;
        Ok(State { model, optimizer, bound, progress })
    }

    /// Model, checkpoint and metrics, each whole.
    fn save(&self, state: &State) -> Outcome {
        let model = model::save(&state.model, self.sizes, self.preprocessing)?;
        let progress = Progress { spectral: state.bound.vector().to_vec(), ..state.progress.clone() };
        self.folder.write("checkpoint.safetensors", &encode(&model, &state.optimizer, &progress)?)?;
        self.folder.write("model.safetensors", &model)?;
        write_metrics(&self.folder, &progress.history)
    }

    fn progress_bar(&self, quiet: bool, progress: &Progress) -> ProgressBar {
        let steps = self.data.train.len().div_ceil(self.batch);
        let bar = ProgressBar::new((self.epochs * steps) as u64);
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg} ({eta} left)") {
            bar.set_style(style);
        }
        bar.set_position((progress.epoch * steps + progress.step) as u64);
        bar.reset_eta();
        bar
    }
}
