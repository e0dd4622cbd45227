//! The `dini` command.

use std::process::ExitCode;

// gives less memory back to the system, which would have to be cleared and mapped again at every step
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    dini_cli::cli::run(std::env::args_os().collect()).into()
}
