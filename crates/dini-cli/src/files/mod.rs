//! Files: reading what may be anything, writing so that nothing is half-written, and the one-line error of both.
//!
//! - `error.rs`: [`FileError`]; `text.rs`: names from elsewhere made harmless;
//! - `read.rs`: regular files of limited size;
//! - `disk.rs`: the operations that change a disk, each of which a test can make fail;
//! - `write.rs`: whole files.

mod disk;
mod error;
mod read;
mod text;
mod write;

#[cfg(test)]
pub(crate) use disk::fault;
#[expect(unused_imports)]
pub(crate) use disk::{create_folder, remove_file};
pub use error::FileError;
pub use read::{open, read, read_text, size};
pub use text::shown;
pub use write::write_whole;
pub(crate) use write::remove_leftovers;
