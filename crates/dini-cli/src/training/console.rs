//! What `dini train` shows.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::checkpoint::Progress;
use crate::failure::{Failure, Outcome};
use crate::output;
use crate::report::Epoch;

/// A progress bar where there is a terminal, and lines.
///
/// Training goes on where they cannot be written: its result is the run folder.
pub struct Console {
    bar: ProgressBar,
    steps: usize,
    epochs: usize,
    failure: Option<Failure>,
}

impl Console {
    /// For a run of `epochs` epochs of `steps` steps that stands at `progress`.
    pub fn new(quiet: bool, (epochs, steps): (usize, usize), progress: &Progress) -> Self {
        let bar = ProgressBar::new((epochs * steps) as u64);
        if quiet {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg} ({eta} left)") {
            bar.set_style(style);
        }
        bar.set_position((progress.epoch * steps + progress.step) as u64);
        bar.reset_eta();
        Console { bar, steps, epochs, failure: None }
    }

    /// After a step.
    pub fn step(&self, progress: &Progress) {
        if self.bar.is_hidden() {
            return;
        }
        let Progress { epoch, step, tally, .. } = progress;
        self.bar.set_position((epoch * self.steps + step) as u64);
        self.bar.set_message(format!(
            "epoch {}/{} loss {:.4} accuracy {:.2} % iterations {:.1} + {:.1}",
            epoch + 1,
            self.epochs,
            tally.loss(),
            100.0 * tally.accuracy(),
            tally.forward(),
            tally.backward()
        ));
    }

    /// After an epoch.
    pub fn epoch(&mut self, record: &Epoch) {
        let failures = if record.failures > 0 {
            format!("  {} images without a derivative", record.failures)
        } else {
            String::new()
        };
        let line = format!(
            "epoch {:>3}  loss {:.4}  train {:6.2} %  test {:6.2} %  iterations {:4.1} forward {:4.1} adjoint  {:.2} s{failures}",
            record.epoch,
            record.train_loss,
            100.0 * record.train_accuracy,
            100.0 * record.test_accuracy,
            record.forward_iterations,
            record.backward_iterations,
            record.seconds,
        );
        if self.bar.is_hidden() { self.line(&line) } else { self.bar.println(line) }
    }

    /// Takes the bar away.
    pub fn clear(&self) {
        self.bar.finish_and_clear();
    }

    /// A line of its own.
    pub fn line(&mut self, text: &str) {
        if self.failure.is_none() {
            self.failure = output::line(format_args!("{text}")).err();
        }
    }

    /// Whether all lines could be written.
    ///
    /// # Errors
    /// See [`output::line`].
    pub fn outcome(self) -> Outcome {
        self.failure.map_or(Ok(()), Err)
    }
}
