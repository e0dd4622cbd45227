//! Reading files whose content comes from elsewhere.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;

use super::FileError;

/// Opens a regular file; `what` begins the error.
///
/// A pipe or a device is refused without waiting for its other end.
///
/// # Errors
/// A file that is missing, unreadable, or not a regular one.
pub fn open(path: &Path, what: &'static str) -> Result<File, FileError> {
    let fail = |error| FileError::io(what, path, &error);
    let irregular = || FileError::new(what, path, "it is not a regular file", "give the path of a file");
    if !std::fs::metadata(path).map_err(fail)?.is_file() {
        return Err(irregular());
    }
    let mut options = OpenOptions::new();
    options.read(true);
    // should a pipe take the file's place in this moment
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    let file = options.open(path).map_err(fail)?;
    if file.metadata().map_err(fail)?.is_file() { Ok(file) } else { Err(irregular()) }
}

/// The content of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open`]; a file that is larger.
pub fn read(path: &Path, what: &'static str, most: u64) -> Result<Vec<u8>, FileError> {
    read_checked(path, what, most, |_: [u8; 0]| Ok(()))
}

/// The same of a file whose first N bytes tell whether it is worth reading.
pub(super) fn read_checked<const N: usize>(
    path: &Path,
    what: &'static str,
    most: u64,
    check: impl FnOnce([u8; N]) -> Result<(), String>,
) -> Result<Vec<u8>, FileError> {
    let mut file = open(path, what)?;
    let fail = |error| FileError::io(what, path, &error);
    let refuse = |why: String| FileError::new(what, path, why, "check that this is the right file");
    let mut bytes = Vec::new();
    file.by_ref().take(N as u64).read_to_end(&mut bytes).map_err(fail)?;
    let start = <[u8; N]>::try_from(bytes.as_slice());
    check(start.map_err(|_| refuse("it is empty or cut short".to_owned()))?).map_err(refuse)?;
    // what a file says of its size is not always true
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > most {
        return Err(refuse(format!("it is larger than {}", size(most))));
    }
    Ok(bytes)
}

/// The content of a regular file of at most `most` bytes, which must be UTF-8.
///
/// # Errors
/// As [`read`]; bytes that are not UTF-8.
pub fn read_text(path: &Path, what: &'static str, most: u64) -> Result<String, FileError> {
    String::from_utf8(read(path, what, most)?).map_err(|error| {
        let why = format!("byte {} is not UTF-8 text", error.utf8_error().valid_up_to() + 1);
        FileError::new(what, path, why, "check that this is the right file")
    })
}

/// A number of bytes in words.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1000.0 {
            break;
        }
        (value, unit) = (value / 1000.0, next);
    }
    if value.fract().abs() < 0.05 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_and_are_stated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![b'x'; 2500]).unwrap();
        assert_eq!(read(&path, "cannot read it", 2500).unwrap().len(), 2500);
        let text = read(&path, "cannot read it", 2499).unwrap_err().to_string();
        assert!(text.starts_with("cannot read it: ") && text.contains("larger than 2.5 kB"), "{text}");
        std::fs::write(&path, b"ab\xff").unwrap();
        let text = read_text(&path, "cannot read it", 10).unwrap_err().to_string();
        assert!(text.contains("byte 3 is not UTF-8"), "{text}");
        assert_eq!(
            [size(0), size(999), size(64_000_000), size(1_900_000_000)],
            ["0 bytes", "999 bytes", "64 MB", "1.9 GB"]
        );
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/zero"), Path::new("/dev/null")] {
            if path.exists() {
                let text = read(path, "cannot read it", 10).unwrap_err().to_string();
                assert!(text.contains("not a regular file"), "{text}");
            }
        }
        assert!(
            read(&folder.path().join("gone"), "cannot read it", 10).unwrap_err().to_string().contains("no such file")
        );
    }
}
