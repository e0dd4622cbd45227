//! Bytes from a file that may be gzipped, with errors that name it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::files::FileError;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// An opened file, unpacked on the way if its content is gzip.
pub(super) struct Source<'a> {
    what: &'static str,
    path: &'a Path,
    reader: Box<dyn Read>,
    gzip: bool,
}

impl<'a> Source<'a> {
    /// Opens `path`; `what` begins every error about it.
    pub(super) fn open(path: &'a Path, what: &'static str) -> Result<Self, FileError> {
        let fail = |error| FileError::io(what, path, &error);
        // Opening a pipe would wait for its other end.
        if !std::fs::metadata(path).map_err(fail)?.is_file() {
            return Err(FileError::new(what, path, "this is not a file", "give the path of an IDX file"));
        }
        let mut file = BufReader::new(File::open(path).map_err(fail)?);
        // By content, because browsers and servers unpack files without renaming them.
        let gzip = file.fill_buf().map_err(fail)?.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        Ok(Self { what, path, reader, gzip })
    }

    /// The next `most` bytes, or fewer if the data end before. Memory grows with what is there.
    pub(super) fn up_to(&mut self, most: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        // Every `usize` fits on the platforms there are; a smaller limit would still be sound.
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        match self.reader.by_ref().take(limit).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(match error.kind() {
                ErrorKind::UnexpectedEof if self.gzip => {
                    self.reject("the gzip data are cut short", "download it again")
                }
                ErrorKind::InvalidInput | ErrorKind::InvalidData if self.gzip => {
                    self.reject("the gzip data are corrupt", "download it again")
                }
                _ => FileError::io(self.what, self.path, &error),
            }),
        }
    }

    /// An error about this file.
    pub(super) fn reject(&self, why: impl Into<String>, advice: impl Into<Cow<'static, str>>) -> FileError {
        FileError::new(self.what, self.path, why, advice)
    }
}
