//! `dini train`

use std::ffi::OsString;

use crate::failure::Outcome;
use crate::training::{TrainArgs, train};

/// Trains; `flags` are the words after `dini train`, which win over a configuration file.
///
/// # Errors
/// See [`train`].
pub fn run(args: TrainArgs, flags: &[OsString]) -> Outcome {
    let args = match &args.config {
        Some(path) => TrainArgs::from_file(path, flags)?,
        None => args,
    };
    train(&args)
}
