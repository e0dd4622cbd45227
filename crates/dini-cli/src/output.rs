//! Standard output that may go away.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

use crate::failure::{Failure, Outcome};

/// Writes a line to standard output. `println!` would panic when the reader has gone (`dini predict ... | head`).
///
/// # Errors
/// Code 141 without a message for a closed pipe, as for a process that SIGPIPE ends; code 2 for anything else.
pub fn line(text: Arguments<'_>) -> Outcome {
    writeln!(std::io::stdout(), "{text}").map_err(|e| match e.kind() {
        ErrorKind::BrokenPipe => Failure { code: 141, message: String::new() },
        _ => Failure::usage(format!("cannot write to standard output: {e}")),
    })
}

/// `println!` for commands: ends the command where standard output is gone.
macro_rules! say {
    ($($text:tt)*) => {
        $crate::output::line(format_args!($($text)*))?
    };
}
pub(crate) use say;
