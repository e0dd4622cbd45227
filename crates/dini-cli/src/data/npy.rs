//! Matrices in .npy files, as numpy.save writes them.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

mod header;

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::files::{self, FileError};
use header::{Header, Number};

/// The most numbers a file may hold: a matrix of 8192 x 8192.
const MOST_NUMBERS: u64 = 1 << 26;
/// The longest header; that of a matrix has about a hundred bytes.
const MOST_HEADER: u32 = 1 << 16;

const MAGIC: &[u8] = b"\x93NUMPY";
const ADVICE: &str = "save it with numpy.save, as a 2-D array of float32 or float64";

/// A file whose header has been read and found sound.
#[derive(Debug)]
pub struct NpyFile {
    path: PathBuf,
    data: BufReader<File>,
    number: Number,
    columns_first: bool,
    rows: usize,
    columns: usize,
}

impl NpyFile {
    /// Reads the header.
    ///
    /// # Errors
    /// A file that is no regular one, or no matrix of f32 or f64, or too large, or not of the length that its header announces.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let file = files::open(path, "cannot read the array")?;
        let length = file.metadata().map_err(|e| FileError::io("cannot read the array", path, &e))?.len();
        let mut data = BufReader::new(file);
        let text = header_text(&mut data, path)?;
        let before = (MAGIC.len() + 2) as u64 + text.size;
        let header = Header::parse(&text.bytes).map_err(|why| refused(path, format!("its header {why}"), ADVICE))?;
        let number = Number::of(&header.descr)
            .ok_or_else(|| refused(path, format!("its numbers have type {}, not f32 or f64", header.descr), ADVICE))?;
        let &[rows, columns] = header.shape.as_slice() else {
            return Err(refused(path, format!("it has {} dimensions, not 2", header.shape.len()), ADVICE));
        };
        if rows == 0 || columns == 0 {
            return Err(refused(path, format!("it is empty, {rows} x {columns}"), ADVICE));
        }
        let count = rows.checked_mul(columns).filter(|count| *count <= MOST_NUMBERS).ok_or_else(|| {
            let advice = format!("give an array of at most {MOST_NUMBERS} numbers");
            FileError::new("cannot use the array", path, format!("it has {rows} x {columns} numbers"), advice)
        })?;
        let (wanted, found) = (count * number.size() as u64, length.saturating_sub(before));
        if found != wanted {
            let fault = if found < wanted { "it is cut short" } else { "something follows the numbers" };
            let why = format!("{fault}: {rows} x {columns} numbers have {wanted} bytes, found {found}");
            return Err(refused(path, why, ADVICE));
        }
        // both are at most MOST_NUMBERS
        let (rows, columns) = (rows as usize, columns as usize);
        Ok(NpyFile { path: path.to_path_buf(), data, number, columns_first: header.columns_first, rows, columns })
    }

    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows, self.columns)
    }

    /// Whether the numbers are f32.
    pub fn is_single(&self) -> bool {
        self.number.size() == 4
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The numbers, row by row.
    ///
    /// # Errors
    /// A file that cannot be read or has changed since; numbers that are not finite.
    pub fn read(self) -> Result<Vec<f64>, FileError> {
        let NpyFile { path, mut data, number, columns_first, rows, columns } = self;
        let mut values = vec![0.0; rows * columns];
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..number.size()];
        for k in 0..rows * columns {
            data.read_exact(bytes).map_err(|e| cut_or_io(&path, &e))?;
            let value = number.value(bytes);
            let (row, column) = if columns_first { (k % rows, k / rows) } else { (k / columns, k % columns) };
            if !value.is_finite() {
                let why = format!("row {row}, column {column} is {value}");
                return Err(refused(&path, why, "all numbers must be finite"));
            }
            values[row * columns + column] = value;
        }
        Ok(values)
    }
}

fn refused(path: &Path, why: impl Into<String>, advice: &'static str) -> FileError {
    FileError::new("cannot use the array", path, why, advice)
}

fn cut_or_io(path: &Path, error: &std::io::Error) -> FileError {
    match error.kind() {
        ErrorKind::UnexpectedEof => refused(path, "it is cut short", ADVICE),
        _ => FileError::io("cannot read the array", path, error),
    }
}

/// The text of a header, and the bytes that it takes together with its own length.
struct Text {
    bytes: Vec<u8>,
    size: u64,
}

fn header_text(data: &mut impl Read, path: &Path) -> Result<Text, FileError> {
    let io = |e: std::io::Error| cut_or_io(path, &e);
    let mut begin = Vec::new();
    data.take(MAGIC.len() as u64 + 2).read_to_end(&mut begin).map_err(io)?;
    if !begin.starts_with(MAGIC) {
        return Err(refused(path, "it is not a .npy file", ADVICE));
    }
    // the length has two bytes in version 1, four in versions 2 and 3
    let width = match begin[MAGIC.len()..] {
        [1, 0] => 2,
        [2 | 3, 0] => 4,
        [major, minor] => return Err(refused(path, format!("its version {major}.{minor} is unknown"), ADVICE)),
        _ => return Err(refused(path, "it is cut short", ADVICE)),
    };
    let mut length = [0; 4];
    data.read_exact(&mut length[..width]).map_err(io)?;
    let length = u32::from_le_bytes(length);
    if length > MOST_HEADER {
        let why = format!("its header has {length} bytes, more than {MOST_HEADER}");
        return Err(refused(path, why, ADVICE));
    }
    let mut bytes = Vec::new();
    data.take(length.into()).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() < length as usize {
        return Err(refused(path, "it is cut short", ADVICE));
    }
    Ok(Text { bytes, size: width as u64 + u64::from(length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file of version 1 with this header.
    fn npy(header: &str, numbers: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), numbers].concat()
    }

    fn read(bytes: &[u8]) -> Result<((usize, usize), Vec<f64>), FileError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let file = NpyFile::open(&path)?;
        Ok((file.shape(), file.read()?))
    }

    #[test]
    fn all_four_kinds_of_numbers_and_both_orders_are_read() {
        let values = [1.0, -2.5, 3.0, 0.1, 5e-9, 7.0];
        for (descr, most) in [("<f4", 1e-7), (">f4", 1e-7), ("<f8", 0.0), (">f8", 0.0)] {
            for order in ["True", "False"] {
                let bytes: Vec<u8> = (values.iter())
                    .flat_map(|&v: &f64| match descr {
                        "<f4" => (v as f32).to_le_bytes().to_vec(),
                        ">f4" => (v as f32).to_be_bytes().to_vec(),
                        "<f8" => v.to_le_bytes().to_vec(),
                        _ => v.to_be_bytes().to_vec(),
                    })
                    .collect();
                let header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3), }}   \n");
                let (shape, found) = read(&npy(&header, &bytes)).unwrap();
                let expected = if order == "True" { [1.0, 3.0, 5e-9, -2.5, 0.1, 7.0] } else { values };
                assert_eq!(shape, (2, 3));
                assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() <= most), "{descr} {order}: {found:?}");
            }
        }
    }

    #[test]
    fn each_fault_has_its_own_line() {
        let header = |shape: &str| format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let good = npy(&header("(1, 1)"), &[0; 8]);
        assert!(read(&good).is_ok());
        let long = [MAGIC, &[2, 0], &u32::MAX.to_le_bytes()].concat();
        for (bytes, expected) in [
            (npy(&header("(1, 2)"), &[0; 8]), "cut short: 1 x 2 numbers have 16 bytes, found 8"),
            (npy(&header("(1, 1)"), &[0; 9]), "something follows the numbers"),
            (npy(&header("(4294967296, 4294967296)"), &[0; 8]), "4294967296 x 4294967296 numbers"),
            (npy(&header("(8192, 8193)"), &[0; 8]), "at most 67108864"),
            (npy(&header("(0, 5)"), &[]), "empty, 0 x 5"),
            (npy(&header("(1, 1)"), &f64::NAN.to_le_bytes()), "row 0, column 0 is NaN"),
            (long, "its header has 4294967295 bytes"),
            ([MAGIC, &[9, 0, 0, 0]].concat(), "version 9.0"),
            (b"text".to_vec(), "not a .npy file"),
            (Vec::new(), "not a .npy file"),
        ] {
            let text = read(&bytes).unwrap_err().to_string();
            assert!(text.contains(expected), "{expected}: {text}");
            assert_eq!(text.lines().count(), 1);
        }
        for cut in 0..good.len() {
            assert!(read(&good[..cut]).is_err(), "{cut}");
        }
    }
}
