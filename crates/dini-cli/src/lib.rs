//! The `dini` command as a library, so that its parts can be tested.

pub mod data;
pub mod equation;
pub mod files;
pub mod report;
