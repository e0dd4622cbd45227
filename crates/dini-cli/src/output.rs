//! Standard output and standard error, either of which may go away.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use crate::failure::{Failure, Outcome};
use crate::text::shown;

/// Writes a line to standard output. `println!` would panic when the reader has gone (`dini predict ... | head`).
///
/// # Errors
/// Code 0 without a message where the reader has gone, since it has what it wanted; code 1 where the line cannot be written, as to a
/// full disk.
pub fn line(text: Arguments<'_>) -> Outcome {
    write(|out| writeln!(out, "{text}"))
}

/// The same of text as it is.
///
/// # Errors
/// As [`line`].
pub fn write(f: impl FnOnce(&mut io::StdoutLock<'_>) -> io::Result<()>) -> Outcome {
    let mut out = io::stdout().lock();
    f(&mut out).and_then(|()| out.flush()).map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Failure { code: 0, message: String::new() },
        _ => Failure::unsolved(format!("cannot write to standard output: {e}")),
    })
}

/// Writes a line to standard error, which nothing can be done about if it fails.
pub fn note(text: Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "dini: {text}");
}

/// Writes lines to standard error, with what would steer a terminal escaped.
pub fn lines<'a>(lines: impl Iterator<Item = &'a str>) {
    let mut out = io::stderr().lock();
    for line in lines {
        let _ = writeln!(out, "{}", shown(line));
    }
}

/// `println!` for commands: ends the command where standard output is gone.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::line(format_args!($($text)*))?
    };
}
pub(crate) use say;
