//! Writing whole files.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use rand::Rng;

use super::{FileError, disk};

const WHAT: &str = "cannot write the file";
/// How the name of an unfinished file begins and ends.
const UNFINISHED: (&str, &str) = (".dini-", ".part");
/// Letters and digits between.
const LETTERS: usize = 12;

/// Writes `bytes` to `path` so that the file appears whole or not at all, and durably.
///
/// The bytes go to a new file in the same folder, reach the disk, and only then take the target's name, in place of a regular
/// file or a symbolic link that had it: a link is never followed.
///
/// # Errors
/// When the folder is missing or not writable, the disk is full, or `path` names something that is neither a regular file nor a
/// link. Whatever was at `path` before is then untouched.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let fail = |error: &io::Error| FileError::io(WHAT, path, error);
    match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() && !meta.is_symlink() => {
            let why = "something that is not a regular file has this name";
            return Err(FileError::new(WHAT, path, why, "choose another path"));
        }
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(&error)),
        _ => {}
    }
    if path.file_name().is_none() {
        return Err(FileError::new(WHAT, path, "this is no name of a file", "choose another path"));
    }
    let folder = parent(path);
    let (part, mut file) = unfinished(folder).map_err(|error| fail(&error))?;
    let written = disk::write(&mut file, bytes)
        .and_then(|()| disk::sync(&file))
        .and_then(|()| disk::rename(&part, path))
        .inspect_err(|_| {
            // if this fails too, the next process that writes here removes it
            let _ = disk::remove_file(&part);
        });
    written.and_then(|()| disk::sync_folder(folder)).map_err(|error| fail(&error))
}

/// Checks that nothing is at `path`, or that it may be replaced.
///
/// # Errors
/// Something of this name, a link included, unless `force`.
pub fn check_free(path: &Path, force: bool) -> Result<(), FileError> {
    if force || fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let advice = "choose another path, or overwrite with --force";
    Err(FileError::new("will not overwrite", path, "something of this name exists", advice))
}

/// Removes what processes that have ended left unfinished in a folder in which nobody else writes now.
///
/// # Errors
/// A folder that cannot be read.
pub(crate) fn remove_leftovers(folder: &Path) -> Result<(), FileError> {
    let fail = |error: io::Error| FileError::io("cannot read the folder", folder, &error);
    for entry in fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if is_leftover(&entry.file_name()) && entry.file_type().map_err(fail)?.is_file() {
            disk::remove_file(&entry.path()).map_err(fail)?;
        }
    }
    Ok(())
}

/// Whether this is the name of an unfinished file.
pub(crate) fn is_leftover(name: &OsStr) -> bool {
    let middle = name.to_str().and_then(|n| n.strip_prefix(UNFINISHED.0)).and_then(|n| n.strip_suffix(UNFINISHED.1));
    middle.is_some_and(|m| m.len() == LETTERS && m.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A new file beside the target.
fn unfinished(folder: &Path) -> io::Result<(PathBuf, fs::File)> {
    loop {
        let letters: String =
            rand::rng().sample_iter(rand::distr::Alphanumeric).take(LETTERS).map(char::from).collect();
        let path = folder.join(format!("{}{letters}{}", UNFINISHED.0, UNFINISHED.1));
        match disk::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fault::{self, Fault};
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
    fn whatever_fails_the_file_is_the_old_one_or_the_new_one() {
        for fault in [Fault::Fail, Fault::Crash] {
            for at in 0.. {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("out.html");
                fs::write(&path, b"old").unwrap();
                let (result, made) = fault::with(Some((at, fault)), || write_whole(&path, b"new"));
                let found = fs::read(&path).unwrap();
                if at >= made {
                    assert!(result.is_ok() && made == 5, "{made} operations");
                    break;
                }
                let renamed = at == 4;
                assert!(result.is_err());
                assert_eq!(found, if renamed { b"new" } else { b"old" }, "{fault:?} at {at}");
                // one failure is cleaned up after; what a dead process has left, the next one removes
                if fault == Fault::Crash {
                    assert_eq!(names(folder.path()).len(), if (1..4).contains(&at) { 2 } else { 1 });
                    remove_leftovers(folder.path()).unwrap();
                }
                assert_eq!(names(folder.path()), ["out.html"]);
            }
        }
    }

    #[test]
    fn only_own_leftovers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let others =
            [".dini-notes.part", ".dini-abcdefghijkl.party", "x.dini-abcdefghijkl.part", ".dini-abc/efghijk.part"];
        for name in others.iter().filter(|name| !name.contains('/')).chain(&[".dini-abcdefGHI123.part"]) {
            fs::write(folder.path().join(name), b"x").unwrap();
        }
        remove_leftovers(folder.path()).unwrap();
        assert_eq!(names(folder.path()).len(), 3);
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
        assert!(write_whole(&folder.path().join(".."), b"x").is_err());
        assert!(names(folder.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_replaced_and_never_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real");
        let link = folder.path().join("link");
        fs::write(&real, b"old").unwrap();
        for target in [&real, &folder.path().join("gone")] {
            symlink(target, &link).unwrap();
            write_whole(&link, b"new").unwrap();
            assert_eq!(fs::read(&real).unwrap(), b"old");
            assert!(fs::symlink_metadata(&link).unwrap().is_file() && fs::read(&link).unwrap() == b"new");
            // whatever the umask, both files came from the same one
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode(&real), mode(&link));
            fs::remove_file(&link).unwrap();
        }
        assert!(!folder.path().join("gone").exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn devices_are_never_replaced() {
        let text = write_whole(Path::new("/dev/null"), b"x").unwrap_err().to_string();
        assert!(text.contains("not a regular file"), "{text}");
    }
}
