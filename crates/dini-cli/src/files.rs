//! Writing whole files, and the one-line error that files and data share.

use std::borrow::Cow;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// A failure concerning one file or folder.
///
/// Its text is always a single line, `what: path: why; what to do`, so that the program can print
/// it as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileError {
    what: Cow<'static, str>,
    path: PathBuf,
    why: String,
    advice: Cow<'static, str>,
}

impl FileError {
    /// An error from its four parts: what failed, for which path, why, and what to do about it.
    pub fn new(
        what: impl Into<Cow<'static, str>>,
        path: impl Into<PathBuf>,
        why: impl Into<String>,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { what: what.into(), path: path.into(), why: why.into(), advice: advice.into() }
    }

    /// An error from the operating system, in plain words where its kind is a usual one.
    pub fn io(what: impl Into<Cow<'static, str>>, path: impl Into<PathBuf>, error: &io::Error) -> Self {
        let usual = match error.kind() {
            ErrorKind::NotFound => {
                Some(("no such file or folder", "check the path, and create the folder if it is missing"))
            }
            ErrorKind::PermissionDenied => Some(("permission denied", "change its permissions or choose another path")),
            ErrorKind::ReadOnlyFilesystem => Some(("the disk is read-only", "choose another path")),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Some(("the disk is full", "free some space or choose another disk"))
            }
            ErrorKind::NotADirectory => {
                Some(("a part of the path is a file where a folder should be", "check the path"))
            }
            _ => None,
        };
        match usual {
            Some((why, advice)) => Self::new(what, path, why, advice),
            None => Self::new(what, path, error.to_string(), "check the path and the disk, then try again"),
        }
    }

    /// The file or folder the error is about.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = format!("{}: {}: {}; {}", self.what, self.path.display(), self.why, self.advice);
        // Paths and messages from elsewhere may hold line breaks or terminal escapes.
        f.write_str(&line.replace(char::is_control, " "))
    }
}

impl std::error::Error for FileError {}

/// Writes `bytes` to `path` so that the file appears whole or not at all.
///
/// The bytes go to a temporary file in the same folder, reach the disk, and only then take the
/// target's name. An existing regular file is replaced; a symbolic link is followed, so that it
/// keeps pointing at the new content.
///
/// # Errors
///
/// When the folder is missing or not writable, the disk is full, or `path` names something that
/// is not a regular file. Whatever was at `path` before is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    const WHAT: &str = "cannot write the file";
    let fail = |error: &io::Error| FileError::io(WHAT, path, error);

    let target = resolve(path).map_err(|error| fail(&error))?;
    match fs::metadata(&target) {
        Ok(meta) if !meta.is_file() => {
            return Err(FileError::new(
                WHAT,
                path,
                "something that is not a regular file has this name",
                "choose another path",
            ));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(&error)),
        _ => {}
    }

    let folder = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = temporary(folder).map_err(|error| fail(&error))?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(|error| fail(&error))?;
    file.persist(&target).map_err(|error| fail(&error.error))?;
    // Makes the new name durable as well. Some file systems refuse to sync a folder, and by now
    // the file is whole either way.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// The file a symbolic link stands for; any other path as it is.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_symlink() => fs::canonicalize(path),
        _ => Ok(path.to_path_buf()),
    }
}

/// A temporary file with the permissions an ordinary new file gets, instead of `tempfile`'s
/// owner-only ones, since it becomes the user's file.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".dini-").suffix(".part").tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn writes_and_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.html");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(folder.path()), ["out.html"]);
    }

    #[test]
    fn missing_parent_is_one_line_naming_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/such/out.html");
        let error = write_whole(&path, b"x").unwrap_err();
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1);
        assert!(text.starts_with("cannot write the file: "), "{text}");
        assert!(text.contains("no/such/out.html: no such file"), "{text}");
        assert_eq!(error.path(), path);
    }

    #[test]
    fn refuses_a_folder_and_an_empty_path() {
        let folder = tempfile::tempdir().unwrap();
        let text = write_whole(folder.path(), b"x").unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
        assert!(write_whole(Path::new(""), b"x").is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let error = FileError::new("a", "b\nc\u{1b}[2J", "d\r", "e");
        assert_eq!(error.to_string(), "a: b c [2J: d ; e");
    }

    #[cfg(unix)]
    #[test]
    fn follows_links_and_gives_ordinary_permissions() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        fs::write(&real, b"old").unwrap();
        symlink(&real, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        // Whatever the umask, both files came from the same one.
        let plain = folder.path().join("plain");
        fs::write(&plain, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&real), mode(&plain));

        let dangling = folder.path().join("dangling");
        symlink(folder.path().join("gone"), &dangling).unwrap();
        assert!(write_whole(&dangling, b"x").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_never_replaced() {
        let text = write_whole(Path::new("/dev/null"), b"x").unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
    }
}
