//! Training a classifier: options, run folder, checkpoints, the loop, its report.

mod augment;
mod checkpoint;
mod evaluate;
mod folder;
mod history;
mod options;
mod run;
mod step;

pub use evaluate::{Evaluation, evaluate};
pub use folder::RunFolder;
pub use history::write_report;
pub use options::{DEFAULT_RUNS, TrainArgs};
pub use run::train;
