//! One file a command; `images` and `numbers` read what several of them are given.

pub mod bench;
pub mod check;
pub mod classify;
mod images;
mod numbers;
pub mod solve;
pub mod trace;
pub mod train;
