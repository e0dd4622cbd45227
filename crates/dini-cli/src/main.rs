//! The `dini` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dini_cli::cli::run(std::env::args_os().collect()).into()
}
