//! One file a command.

pub mod check;
pub mod classify;
pub mod train;
