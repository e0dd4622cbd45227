//! The user's own data as .npy files.

use std::path::Path;

use super::case::DType;
use super::data::Data;
use crate::data::npy::NpyFile;
use crate::files::FileError;

/// Three arrays that fit together, not yet read.
#[derive(Debug)]
pub(super) struct Input {
    w: NpyFile,
    x: NpyFile,
    c: NpyFile,
}

impl Input {
    /// W (n x n), x and c (B x n).
    ///
    /// # Errors
    /// A file that is unreadable or no matrix of f32 or f64, shapes that do not fit together.
    pub fn open(w: &Path, x: &Path, c: &Path) -> Result<Self, FileError> {
        let input = Input { w: NpyFile::open(w)?, x: NpyFile::open(x)?, c: NpyFile::open(c)? };
        let (n, batch) = (input.n(), input.batch());
        fits(&input.w, "W", (n, n))?;
        fits(&input.x, "x", (batch, n))?;
        fits(&input.c, "c = dL/dz", (batch, n))?;
        Ok(input)
    }

    pub fn n(&self) -> usize {
        self.w.shape().0
    }

    pub fn batch(&self) -> usize {
        self.x.shape().0
    }

    /// The type of W.
    pub fn dtype(&self) -> DType {
        if self.w.is_single() { DType::F32 } else { DType::F64 }
    }

    /// The numbers.
    ///
    /// # Errors
    /// Files that cannot be read; numbers that are not finite.
    pub fn read(self) -> Result<Data, FileError> {
        let (n, batch) = (self.n(), self.batch());
        Ok(Data { n, batch, w: self.w.read()?, x: self.x.read()?, c: self.c.read()? })
    }
}

fn fits(file: &NpyFile, what: &str, (rows, columns): (usize, usize)) -> Result<(), FileError> {
    let found = file.shape();
    if found == (rows, columns) {
        return Ok(());
    }
    let why = format!("{what} must be {rows} x {columns}, found {} x {}", found.0, found.1);
    let advice = "give W (n x n), x (B x n) and c (B x n), in this order";
    Err(FileError::new("cannot use the array", file.path(), why, advice))
}
