//! Training a classifier: options, run folder, checkpoints, the loop, its report.

mod augment;
mod checkpoint;
mod console;
mod evaluate;
mod folder;
mod history;
mod options;
mod run;
mod start;
mod step;

pub use checkpoint::Checkpoint;
pub use evaluate::{Evaluation, evaluate};
pub use folder::{CHECKPOINT, MODEL, is_run};
pub use history::write_report;
pub use options::{DEFAULT_RUNS, TrainArgs};
pub use run::train;
pub use start::restore;

#[cfg(test)]
mod tests;
