//! The folder of a run.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::options::DEFAULT_RUNS;
use crate::failure::Failure;
use crate::files::{self, FileError, Lock, create_folder, is_leftover, remove_leftovers, write_whole};

/// The one truth about the run.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// What follows from it.
pub const MODEL: &str = "model.safetensors";
/// The options, for people and for `--config`.
pub const CONFIG: &str = "config.toml";
/// The finished epochs.
pub const METRICS: &str = "metrics.csv";
/// How it went; there once the run is finished.
pub const REPORT: &str = "report.html";

/// A run that this process alone writes.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: Lock,
}

impl RunFolder {
    /// A new run at `out`, or at the first free `runs/NAME-1`, `-2`, ...
    ///
    /// # Errors
    /// A folder that already holds anything (unless `force`), that another process uses, or that cannot be written.
    pub fn create(out: Option<&Path>, name: &str, force: bool) -> Result<Self, FileError> {
        let path = match out {
            Some(path) => path.to_path_buf(),
            None => first_free(name)?,
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
        create_with_parents(&path).map_err(fail)?;
        let lock = Lock::take(&path)?;
        if !force && !is_empty(&path).map_err(fail)? {
            let advice = "choose another --out, or overwrite with --force";
            return Err(FileError::new("will not overwrite", &path, "the folder is not empty", advice));
        }
        remove_leftovers(&path)?;
        Ok(RunFolder { path, _lock: lock })
    }

    /// An existing run, to continue it.
    ///
    /// # Errors
    /// No such folder, or one that another process uses or that cannot be written.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        is_run(path)?;
        Ok(RunFolder { path: path.to_path_buf(), _lock: Lock::take(path)? })
    }

    /// Where the run is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Removes what processes that were killed have left.
    ///
    /// # Errors
    /// A folder that cannot be read or written.
    pub fn clean(&self) -> Result<(), FileError> {
        remove_leftovers(&self.path)
    }

    /// Writes one of its files, whole, unless it is what it should be already.
    ///
    /// # Errors
    /// Code 1: a full disk, an unwritable folder, ...
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.file(name);
        let own = fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == bytes.len() as u64);
        if own && files::read(&path, "", bytes.len() as u64).is_ok_and(|found| found == bytes) {
            return Ok(());
        }
        write_whole(&path, bytes).map_err(Failure::unsolved)
    }

    /// Removes one of its files, if it is there.
    ///
    /// # Errors
    /// Code 1: an unwritable folder.
    pub fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.file(name);
        match fs::symlink_metadata(&path) {
            Ok(meta) if !meta.is_dir() => files::remove_file(&path)
                .map_err(|e| Failure::unsolved(FileError::io("cannot remove an old file", &path, &e))),
            _ => Ok(()),
        }
    }
}

/// Refuses what is no folder.
///
/// # Errors
/// No such folder.
pub fn is_run(path: &Path) -> Result<(), FileError> {
    if path.is_dir() {
        return Ok(());
    }
    let why = if path.exists() { "it is a file" } else { "there is no such folder" };
    Err(FileError::new("cannot open the run", path, why, "give a folder that `dini train` has written"))
}

/// A new folder below the folder of runs, whatever the data are called.
fn first_free(name: &str) -> Result<PathBuf, FileError> {
    let runs = Path::new(DEFAULT_RUNS);
    let name = plain(name);
    create_with_parents(runs).map_err(|e| FileError::io("cannot create the folder", runs, &e))?;
    let mut number = 1;
    loop {
        let path = runs.join(format!("{name}-{number}"));
        match create_folder(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(FileError::io("cannot create the run folder", path, &error)),
        }
    }
}

/// A name without separators, leading dots or anything else that a shell or a file system takes for more than a letter.
fn plain(name: &str) -> String {
    let kept = name.chars().take(64);
    let letters: String =
        kept.map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' }).collect();
    let letters = letters.trim_start_matches(['.', '-']);
    if letters.is_empty() { "data".to_owned() } else { letters.to_owned() }
}

fn create_with_parents(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_with_parents(parent)?;
    }
    match create_folder(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}

/// Whether a folder holds nothing but what a killed process has left.
fn is_empty(path: &Path) -> std::io::Result<bool> {
    for entry in fs::read_dir(path)? {
        let name = entry?.file_name();
        if name != Lock::NAME && !is_leftover(&name) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_data_stay_inside_the_folder_of_runs() {
        for (name, expected) in [
            ("mnist", "mnist"),
            ("../../x/..", "_.._x_.."),
            ("..", "data"),
            ("", "data"),
            ("-rf", "rf"),
            ("a\u{1b}[2Jb c", "a__2Jb_c"),
            ("Größe.v2", "Größe.v2"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn a_folder_is_used_once() {
        let place = tempfile::tempdir().unwrap();
        let out = place.path().join("a/b");
        let folder = RunFolder::create(Some(&out), "x", false).unwrap();
        let text = RunFolder::create(Some(&out), "x", true).unwrap_err().to_string();
        assert!(text.contains("is writing into it"), "{text}");
        assert!(RunFolder::open(&out).is_err());
        // an empty folder, or one with leftovers alone, is free
        drop(folder);
        fs::write(out.join(".dini-abcdefghijkl.part"), "x").unwrap();
        let folder = RunFolder::create(Some(&out), "x", false).unwrap();
        folder.write(CONFIG, b"1").unwrap();
        drop(folder);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
        assert!(RunFolder::create(Some(&out), "x", false).unwrap_err().to_string().contains("not empty"));
        assert!(RunFolder::create(Some(&out.join(CONFIG)), "x", true).is_err());
        RunFolder::create(Some(&out), "x", true).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_replaced_even_where_it_shows_the_right_content() {
        let place = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(Some(&place.path().join("r")), "x", false).unwrap();
        let other = place.path().join("other");
        fs::write(&other, b"same").unwrap();
        std::os::unix::fs::symlink(&other, folder.file(REPORT)).unwrap();
        folder.write(REPORT, b"same").unwrap();
        assert!(fs::symlink_metadata(folder.file(REPORT)).unwrap().is_file());
        folder.remove(REPORT).unwrap();
        folder.remove(REPORT).unwrap();
        assert!(other.exists() && !folder.file(REPORT).exists());
    }
}
