//! Images that `dini predict` is given, and their names.

use std::io::Read;
use std::path::Path;

use crate::data::{Images, idx, image};
use crate::files::{self, FileError};
use crate::{output, text};

const WHAT: &str = "cannot read the image";

/// The images of a PNG or IDX file.
///
/// # Errors
/// A file that is neither, or that its reader refuses.
pub(super) fn read(path: &Path) -> Result<Images, FileError> {
    let mut first = Vec::new();
    files::open(path, WHAT)?.take(4).read_to_end(&mut first).map_err(|e| FileError::io(WHAT, path, &e))?;
    let (pixels, count, height, width) = match first.as_slice() {
        b"\x89PNG" => {
            let (pixels, height, width) = image::read_png(path)?;
            (pixels, 1, height, width)
        }
        // the beginning of every IDX file, and of gzip
        [0, 0, ..] | [0x1f, 0x8b, ..] => idx::read_images(path)?,
        _ => return Err(FileError::new(WHAT, path, "it is neither a PNG nor an IDX file", "convert it to PNG")),
    };
    Ok(Images { pixels, labels: vec![0; count], height, width, classes: 0 })
}

/// The name of a file in the output.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name {
    /// As it is, for JSON; only bytes that are not UTF-8 are written `\xff`.
    pub plain: String,
    /// The same with all escaped that would steer a terminal.
    pub shown: String,
}

/// The name of `path`; says so where it cannot be given as it is.
pub(super) fn name(path: &Path) -> Name {
    let (plain, shown) = (text::path(path), text::shown_path(path));
    if path.to_str().is_none() {
        output::note(format_args!("the name {shown} is not UTF-8: its other bytes are written \\x and two digits"));
    }
    Name { plain, shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn names_are_kept_and_shown_without_harm() {
        use std::os::unix::ffi::OsStrExt;
        let of = |bytes: &[u8]| name(Path::new(std::ffi::OsStr::from_bytes(bytes)));
        let expected = |plain: &str, shown: &str| Name { plain: plain.into(), shown: shown.into() };
        assert_eq!(of("ü/x.png".as_bytes()), expected("ü/x.png", "ü/x.png"));
        assert_eq!(of(b"a\n\x1b[2J"), expected("a\n\u{1b}[2J", "a\\n\\u{1b}[2J"));
        assert_eq!(of(b"a\xff\xc3\x1b.png"), expected("a\\xff\\xc3\u{1b}.png", "a\\xff\\xc3\\u{1b}.png"));
    }
}
