//! Files: reading what may be anything, writing so that nothing is half-written, and the one-line error of both.
//!
//! - `error.rs`: [`FileError`];
//! - `read.rs`: regular files of limited size;
//! - `disk.rs`: the operations that change a disk, each of which a test can make fail;
//! - `write.rs`: whole files;
//! - `sealed.rs`: tensors with a checksum;
//! - `lock.rs`: one process a folder.

mod disk;
mod error;
mod lock;
mod read;
mod sealed;
mod write;

#[cfg(test)]
pub(crate) use disk::fault;
pub(crate) use disk::{create_folder, remove_file};
pub use error::FileError;
pub use lock::Lock;
pub use read::{open, read, read_text, size};
pub use sealed::{digest, read_sealed, seal, unseal, unseal_as};
pub use write::{check_free, write_whole};
pub(crate) use write::{is_leftover, remove_leftovers};
