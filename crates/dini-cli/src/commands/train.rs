//! `dini train`

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Failure, Outcome};
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
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed))
        .map_err(|e| Failure::usage(format!("cannot listen for Ctrl-C: {e}")))?;
    train(&args, &stop)
}
