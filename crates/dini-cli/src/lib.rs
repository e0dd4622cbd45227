//! The `dini` command as a library, so that its parts can be tested.

#![forbid(unsafe_code)]

// the name by which burn's derives know it; `burn` itself would bring crates that are not used here
extern crate burn_core as burn;

pub mod cli;
pub mod commands;
pub mod contain;
pub mod data;
pub mod equation;
pub mod failure;
pub mod files;
pub mod interrupt;
pub mod memory;
pub mod model;
mod output;
mod palette;
pub mod report;
pub mod text;
pub mod threads;
pub mod training;
