//! The one-line error that files and data share.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::text::{shown, shown_path};

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
            ErrorKind::FileTooLarge => Some((
                "the file would be larger than is allowed here",
                "raise the limit (ulimit -f) or choose another disk",
            )),
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
        // paths and messages from elsewhere may hold line breaks or terminal escapes
        let (what, why, advice) = (shown(&self.what), shown(&self.why), shown(&self.advice));
        write!(f, "{what}: {}: {why}; {advice}", shown_path(&self.path))
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let error = FileError::new("a", "b\nc\u{1b}[2J", "d\r\u{202e}", "e");
        assert_eq!(error.to_string(), "a: b\\nc\\u{1b}[2J: d\\r\\u{202e}; e");
    }
}
