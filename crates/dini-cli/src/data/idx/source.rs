//! Bytes from a file that may be gzipped, with errors that name it.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::files::{self, FileError};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Gzip content may have so many times the bytes of the file. That of MNIST has five times; no images have a hundred times, but
/// gzip can pack zeros a thousandfold, and then a small file could fill the memory.
const MOST_RATIO: u64 = 100;
/// So many bytes it may have in any case.
const ALWAYS: u64 = 1 << 24;

/// An opened file, unpacked on the way if its content is gzip.
pub(super) struct Source<'a> {
    what: &'static str,
    path: &'a Path,
    reader: Box<dyn Read>,
    gzip: bool,
    /// The most bytes that are believed to come.
    most: u64,
}

impl<'a> Source<'a> {
    /// Opens `path`; `what` begins every error about it.
    pub(super) fn open(path: &'a Path, what: &'static str) -> Result<Self, FileError> {
        let fail = |error| FileError::io(what, path, &error);
        let file = files::open(path, what)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut file = BufReader::new(file);
        // By content, because browsers and servers unpack files without renaming them.
        let gzip = file.fill_buf().map_err(fail)?.starts_with(&GZIP_MAGIC);
        let reader: Box<dyn Read> = if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let most = if gzip { length.saturating_mul(MOST_RATIO).max(ALWAYS) } else { length };
        Ok(Self { what, path, reader, gzip, most })
    }

    /// How many of `total` bytes to set memory aside for.
    ///
    /// # Errors
    /// Gzip that would unpack to more than any images do.
    pub(super) fn believable(&self, total: usize) -> Result<usize, FileError> {
        // every `usize` fits into 64 bits
        if self.gzip && total as u64 > self.most {
            let (total, most) = (files::size(total as u64), files::size(self.most));
            let why = format!("it would unpack to {total}, more than {MOST_RATIO} times its size");
            return Err(self.reject(why, format!("give at most {most} in a file of this size, as images need")));
        }
        Ok(total.min(usize::try_from(self.most).unwrap_or(usize::MAX)))
    }

    /// Fills `buffer`, or as much of it as there are bytes left; returns how many these are.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, FileError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.reader.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error)),
            }
        }
        Ok(filled)
    }

    fn broken(&self, error: &io::Error) -> FileError {
        match error.kind() {
            ErrorKind::UnexpectedEof if self.gzip => self.reject("the gzip data are cut short", "download it again"),
            ErrorKind::InvalidInput | ErrorKind::InvalidData if self.gzip => {
                self.reject("the gzip data are corrupt", "download it again")
            }
            _ => FileError::io(self.what, self.path, error),
        }
    }

    /// An error about this file.
    pub(super) fn reject(&self, why: impl Into<String>, advice: impl Into<Cow<'static, str>>) -> FileError {
        FileError::new(self.what, self.path, why, advice)
    }
}
