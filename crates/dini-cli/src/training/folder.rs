//! The folder of a run.

use std::path::{Path, PathBuf};

use super::options::DEFAULT_RUNS;
use crate::files::{FileError, write_whole};

/// A run: `config.toml`, `metrics.csv`, `model.safetensors`, `checkpoint.safetensors`, `report.html`.
#[derive(Clone, Debug)]
pub struct RunFolder {
    path: PathBuf,
}

impl RunFolder {
    /// A new run at `out`, or at the first free `runs/NAME-1`, `-2`, ...
    ///
    /// # Errors
    /// A folder that already holds a run (unless `force`), or that cannot be written.
    pub fn create(out: Option<&Path>, name: &str, force: bool) -> Result<Self, FileError> {
        let path = match out {
            Some(path) => path.to_path_buf(),
            None => {
                let free = |i: &usize| !Path::new(DEFAULT_RUNS).join(format!("{name}-{i}")).exists();
                let number = (1..).find(free).unwrap_or_default();
                Path::new(DEFAULT_RUNS).join(format!("{name}-{number}"))
            }
        };
        let fail = |e: std::io::Error| FileError::io("cannot create the run folder", &path, &e);
        if path.exists() && !path.is_dir() {
            return Err(FileError::new(
                "cannot create the run folder",
                &path,
                "a file is in its place",
                "choose another --out",
            ));
        }
        if path.is_dir() && !force && std::fs::read_dir(&path).map_err(fail)?.next().is_some() {
            let advice = "choose another --out, or overwrite with --force";
            return Err(FileError::new("will not overwrite", &path, "the folder is not empty", advice));
        }
        std::fs::create_dir_all(&path).map_err(fail)?;
        Ok(RunFolder { path })
    }

    /// An existing run.
    ///
    /// # Errors
    /// No such folder.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        if path.is_dir() {
            return Ok(RunFolder { path: path.to_path_buf() });
        }
        let why = if path.exists() { "it is a file" } else { "there is no such folder" };
        Err(FileError::new("cannot open the run", path, why, "give a folder that `dini train` has written"))
    }

    /// Where the run is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads one of its files.
    ///
    /// # Errors
    /// A file that is missing or unreadable.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, FileError> {
        let path = self.file(name);
        std::fs::read(&path).map_err(|e| FileError::io("cannot read the run", &path, &e))
    }

    /// Writes one of its files, whole.
    ///
    /// # Errors
    /// A full disk, an unwritable folder, ...
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FileError> {
        write_whole(&self.file(name), bytes)
    }
}
