//! The operations that change a disk, and a way for tests to make the k-th of them fail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Creates a file that must not exist yet, and is no link.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    fault::check()?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens a file for writing that may exist, and is no link.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    fault::check()?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NOFOLLOW | libc::O_NONBLOCK);
    options.open(path)
}

/// Writes all of `bytes`.
pub(super) fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = fault::check() {
        // a full disk takes a part
        file.write_all(&bytes[..bytes.len() / 2])?;
        return Err(error);
    }
    file.write_all(bytes)
}

/// Waits until the content is on the disk.
pub(super) fn sync(file: &File) -> io::Result<()> {
    fault::check()?;
    file.sync_all()
}

/// Gives a file its name, in place of what had it.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::check()?;
    fs::rename(from, to)
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fault::check()?;
    // some file systems refuse to sync a folder, and the file is whole either way
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Removes a file or a link.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    fault::check()?;
    fs::remove_file(path)
}

/// Creates a folder that must not exist yet.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    fault::check()?;
    fs::create_dir(path)
}

/// Without tests nothing fails on purpose.
#[cfg(not(test))]
mod fault {
    pub(super) fn check() -> std::io::Result<()> {
        Ok(())
    }
}

/// Faults of the operations that this thread makes.
#[cfg(test)]
pub(crate) mod fault {
    use std::cell::RefCell;
    use std::io::{self, ErrorKind};

    /// What happens at the operation in question.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Fault {
        /// It fails, of a write after half of the bytes, as on a full disk; later ones succeed.
        Fail,
        /// The process ends in it: nothing later reaches the disk.
        Crash,
    }

    #[derive(Default)]
    struct Plan {
        made: usize,
        fault: Option<(usize, Fault)>,
    }

    thread_local! {
        static PLAN: RefCell<Plan> = RefCell::default();
    }

    /// Runs `f` with a fault at operation `at`, counted from 0; returns its result and the number of operations asked for.
    pub fn with<T>(fault: Option<(usize, Fault)>, f: impl FnOnce() -> T) -> (T, usize) {
        PLAN.with(|plan| *plan.borrow_mut() = Plan { made: 0, fault });
        let result = f();
        let made = PLAN.with(|plan| std::mem::take(&mut *plan.borrow_mut()).made);
        (result, made)
    }

    pub(super) fn check() -> io::Result<()> {
        PLAN.with(|plan| {
            let mut plan = plan.borrow_mut();
            let now = plan.made;
            plan.made += 1;
            match plan.fault {
                Some((at, Fault::Fail)) if now == at => Err(ErrorKind::StorageFull.into()),
                Some((at, Fault::Crash)) if now >= at => Err(io::Error::other("the process has ended")),
                _ => Ok(()),
            }
        })
    }
}
