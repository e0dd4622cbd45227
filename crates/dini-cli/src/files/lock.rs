//! One process at a time in a folder.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};

use super::{FileError, disk};

const WHAT: &str = "cannot use the folder";

/// Held by the one process that writes into a folder: a file in it, locked by the system, with the number of the process.
///
/// The lock ends with the process, however that ends; a file that is left behind then locks nobody out.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// locked as long as it is open
    _file: File,
}

impl Lock {
    /// Name of the file.
    pub const NAME: &'static str = ".dini-lock";

    /// Takes the lock of a folder.
    ///
    /// # Errors
    /// Another process that holds it, or a folder that cannot be written.
    pub fn take(folder: &Path) -> Result<Self, FileError> {
        let path = folder.join(Self::NAME);
        let fail = |error: io::Error| FileError::io(WHAT, &path, &error);
        loop {
            let mut file = disk::open_or_create(&path).map_err(fail)?;
            if !file.metadata().map_err(fail)?.is_file() {
                return Err(FileError::new(WHAT, &path, "it is not a regular file", "remove it"));
            }
            match file.try_lock() {
                Ok(()) => {}
                // a file system without locks
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) => {
                    let mut owner = String::new();
                    let _ = (&file).take(20).read_to_string(&mut owner);
                    let why = format!("process {} is writing into it", owner.trim());
                    return Err(FileError::new(WHAT, folder, why, "wait for its end, or choose another folder"));
                }
            }
            // the last holder may have removed the file between the two calls
            if !is_at(&file, &path).map_err(fail)? {
                continue;
            }
            let owner = std::process::id().to_string();
            let written =
                file.set_len(0).and_then(|()| file.rewind()).and_then(|()| disk::write(&mut file, owner.as_bytes()));
            let lock = Lock { path: path.clone(), _file: file };
            return written.map(|()| lock).map_err(fail);
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // before the lock is released, so that it is this process's own file
        let _ = disk::remove_file(&self.path);
    }
}

/// Whether `path` still is this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let opened = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (opened.dev(), opened.ino())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> io::Result<bool> {
    fs::exists(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_names_itself() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        let text = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(text.contains(&format!("process {} is writing", std::process::id())), "{text}");
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Lock::take(folder.path()).unwrap());
    }

    #[test]
    fn a_file_left_behind_locks_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(Lock::NAME), "4194304999").unwrap();
        let lock = Lock::take(folder.path()).unwrap();
        assert_eq!(fs::read_to_string(folder.path().join(Lock::NAME)).unwrap(), std::process::id().to_string());
        drop(lock);
        assert!(Lock::take(&folder.path().join("gone")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(Lock::NAME);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let text = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
        assert!(fs::symlink_metadata(&path).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "text").unwrap();
        std::os::unix::fs::symlink(&victim, folder.path().join(Lock::NAME)).unwrap();
        assert!(Lock::take(folder.path()).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "text");
    }
}
