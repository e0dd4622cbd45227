//! The training loop, and what it writes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use burn::prelude::*;
use burn_optim::ModuleOptimizer;
use dini_burn::SpectralBound;
use rand::rngs::StdRng;
use rand::{SeedableRng, seq::SliceRandom};

use super::augment::shift_at_random;
use super::checkpoint::{Identity, Progress, encode};
use super::console::Console;
use super::evaluate::{Evaluation, evaluate};
use super::folder::{CHECKPOINT, CONFIG, MODEL, REPORT, RunFolder};
use super::history::{write_metrics, write_report};
use super::options::TrainArgs;
use super::start::{resume, start};
use super::step::step;
use crate::data::Split;
use crate::failure::{Failure, Outcome};
use crate::interrupt::Interrupt;
use crate::model::{self, Classifier, Preprocessing, Sizes};
use crate::output;
use crate::report::Epoch;
use crate::text::{shown, shown_path};

/// Power iterations on W per step: W changes slowly.
const SPECTRAL_ITERATIONS: usize = 1;

/// Everything that changes while training.
pub struct State {
    pub model: Classifier,
    pub optimizer: ModuleOptimizer,
    pub bound: SpectralBound,
    pub progress: Progress,
}

/// The fixed part of a run.
pub struct Run {
    pub args: TrainArgs,
    pub folder: RunFolder,
    pub data: Split,
    pub sizes: Sizes,
    pub preprocessing: Preprocessing,
    pub epochs: usize,
    pub batch: usize,
    pub shift: f64,
    pub identity: Identity,
}

/// Trains, or continues a run, until done or until a signal asks for an end; prints what it did.
///
/// # Errors
/// Bad options or data (code 2), numbers that are no longer finite, a folder that cannot be written (code 1), an interruption
/// (code 130) after a checkpoint has been written.
pub fn train(args: &TrainArgs) -> Outcome {
    // a run that is continued has a checkpoint
    let begun = args.resume.as_ref().map(|path| shown_path(path));
    let begun = Arc::new(Mutex::new(begun));
    let known = begun.clone();
    let last_words = move || match known.lock().unwrap_or_else(PoisonError::into_inner).as_deref() {
        Some(run) => {
            output::note(format_args!("stopped; continue from the last checkpoint with: dini train --resume {run}"))
        }
        None => output::note(format_args!("stopped before the first checkpoint")),
    };
    let interrupt =
        Interrupt::listen(last_words).map_err(|e| Failure::unsolved(format!("cannot listen for Ctrl-C: {e}")))?;
    train_until(args, &interrupt, &begun)
}

pub(super) fn train_until(args: &TrainArgs, interrupt: &Interrupt, begun: &Mutex<Option<String>>) -> Outcome {
    let device = Device::flex().autodiff();
    let (run, state) = match &args.resume {
        Some(path) => resume(args, path, &device)?,
        None => start(args, &device)?,
    };
    run.begin(&state)?;
    let path = shown_path(run.folder.path());
    *begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.clone());
    let mut console = Console::new(args.quiet, (run.epochs, run.steps()), &state.progress);
    let result = run.train(state, interrupt, &mut console);
    console.clear();
    let (state, evaluation) = result?;
    let test = (run.data.name.as_str(), &run.data.test);
    write_report(&run.folder, &run.args, test, (&state.model, run.preprocessing), &evaluation, &state.progress)?;
    let seconds: f64 = state.progress.history.iter().map(|r| r.seconds).sum();
    let (train, name) = (run.data.train.len(), shown(&run.data.name));
    console.line(&format!("trained on {train} images of {name} in {seconds:.1} s"));
    let accuracy = 100.0 * evaluation.accuracy(&run.data.test.labels);
    console.line(&format!("test accuracy {accuracy:.2} % of {} images", run.data.test.len()));
    console.line(&format!("run folder {path} (open report.html)"));
    console.outcome()
}

impl Run {
    /// Steps of an epoch.
    pub fn steps(&self) -> usize {
        self.data.train.len().div_ceil(self.batch)
    }

    /// All epochs that are left; returns the last state with its evaluation.
    fn train(
        &self,
        mut state: State,
        interrupt: &Interrupt,
        console: &mut Console,
    ) -> Result<(State, Evaluation), Failure> {
        let mut last = None;
        while state.progress.epoch < self.epochs {
            state = self.epoch(state, interrupt, console)?;
            let evaluation = evaluate(&state.model, &self.data.test, self.preprocessing)
                .map_err(|failure| self.advise(&format!("after epoch {}", state.progress.epoch + 1), failure))?;
            let record = self.record(&mut state.progress, &evaluation);
            self.save(&state)?;
            console.epoch(&record);
            last = Some(evaluation);
        }
        // a resumed run may have had nothing left to do
        let evaluation = match last {
            Some(evaluation) => evaluation,
            None => evaluate(&state.model, &self.data.test, self.preprocessing)?,
        };
        Ok((state, evaluation))
    }

    /// The steps that are left of an epoch, with checkpoints by time.
    fn epoch(&self, mut state: State, interrupt: &Interrupt, console: &Console) -> Result<State, Failure> {
        let order = self.order(state.progress.epoch);
        let before = state.progress.seconds;
        let begun = Instant::now();
        let mut saved = begun;
        for indices in order.chunks(self.batch).skip(state.progress.step) {
            state = self.step(state, indices)?;
            state.progress.seconds = before + begun.elapsed().as_secs_f64();
            console.step(&state.progress);
            if interrupt.asked() {
                console.clear();
                self.save(&state)?;
                return Err(Failure::interrupted(format!(
                    "stopped in epoch {}; continue with: dini train --resume {}",
                    state.progress.epoch + 1,
                    shown_path(self.folder.path())
                )));
            }
            if saved.elapsed() >= Duration::from_secs_f64(self.args.checkpoint_seconds) {
                self.save(&state)?;
                saved = Instant::now();
            }
        }
        Ok(state)
    }

    /// Ends an epoch: its record goes into the history.
    fn record(&self, progress: &mut Progress, evaluation: &Evaluation) -> Epoch {
        let tally = std::mem::take(&mut progress.tally);
        let record = Epoch {
            epoch: progress.epoch + 1,
            train_loss: tally.loss(),
            train_accuracy: tally.accuracy(),
            test_loss: evaluation.loss(&self.data.test.labels),
            test_accuracy: evaluation.accuracy(&self.data.test.labels),
            forward_iterations: tally.forward(),
            backward_iterations: tally.backward(),
            failures: tally.failures,
            seconds: progress.seconds,
        };
        progress.history.push(record.clone());
        progress.epoch += 1;
        (progress.step, progress.seconds) = (0, 0.0);
        record
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

    fn step(&self, state: State, indices: &[usize]) -> Result<State, Failure> {
        let State { model, mut optimizer, mut bound, mut progress } = state;
        let steps = self.steps();
        let done = (progress.epoch * steps + progress.step) as f64 / (self.epochs * steps) as f64;
        let rate = self.args.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
        let mut images = self.data.train.select(indices);
        if self.shift > 0.0 {
            shift_at_random(&mut images, self.shift, &mut self.random(progress.epoch, 1 + progress.step));
        }
        let mut model =
            step(model, &mut optimizer, rate, &images, self.preprocessing, &mut progress.tally).map_err(|failure| {
                let place = format!("epoch {}, step {} of {steps}", progress.epoch + 1, progress.step + 1);
                self.advise(&place, failure)
            })?;
        model.layer.cell.weight = bound.apply(model.layer.cell.weight, SPECTRAL_ITERATIONS);
        progress.step += 1;
        Ok(State { model, optimizer, bound, progress })
    }

    /// A failure with its place, and what to try.
    fn advise(&self, place: &str, failure: Failure) -> Failure {
        let rate = self.args.learning_rate;
        let advice = format!("train anew with a --learning-rate below {rate:e}; the last checkpoint is kept");
        Failure { message: format!("{place}: {}; {advice}", failure.message), ..failure }
    }

    /// The first writes of this process: a checkpoint, from which on the folder is this run's, and all that follows from it.
    fn begin(&self, state: &State) -> Outcome {
        let resumed = state.progress != Progress::default();
        if !resumed {
            self.save(state)?;
        }
        // a killed process may have left any of these older than the checkpoint
        self.folder.clean()?;
        self.folder.write(CONFIG, self.identity.options.as_bytes())?;
        if resumed {
            self.folder.write(MODEL, &self.model(state)?)?;
            write_metrics(&self.folder, &state.progress.history)?;
        }
        if state.progress.epoch < self.epochs { self.folder.remove(REPORT) } else { Ok(()) }
    }

    /// The checkpoint, then what follows from it, each whole.
    fn save(&self, state: &State) -> Outcome {
        let model = self.model(state)?;
        let progress = Progress { spectral: state.bound.vector().to_vec(), ..state.progress.clone() };
        let path = self.folder.file(CHECKPOINT);
        let checkpoint = encode(&path, &model, &state.optimizer, (&self.identity, &progress));
        self.folder.write(CHECKPOINT, &checkpoint.map_err(Failure::unsolved)?)?;
        self.folder.write(MODEL, &model)?;
        write_metrics(&self.folder, &progress.history)
    }

    /// The bytes of the model's file.
    fn model(&self, state: &State) -> Result<Vec<u8>, Failure> {
        let origin = self.identity.origin(&state.progress);
        model::save(&state.model, self.sizes, self.preprocessing, origin).map_err(Failure::unsolved)
    }
}
