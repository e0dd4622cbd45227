//! `dini bench`: time and accuracy of solve and gradient, against the matrix products they cannot do without.
//!
//! 1. `case` names the workloads and `data` makes their numbers, or `input` reads the user's;
//! 2. `layer` times z = tanh(W z + x) and `small` a system of two equations, with `clock`; `reference` measures errors;
//! 3. `gemm` measures the bound;
//! 4. `row` is one line of the result, as JSON or in a table; `sweep` runs series of cases and draws them with `plot`.

mod case;
mod clock;
mod data;
mod gemm;
mod input;
mod layer;
pub mod plot;
mod reference;
mod row;
mod runner;
mod small;
mod sweep;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use case::{CASES, Case, DType, Workload};
use clap::Args;
use input::Input;
use runner::Runner;

use super::numbers::{between, seed, within};
use crate::failure::{Failure, Outcome};
use crate::output::say;

/// Time solve and gradient of the standard workloads, or of your own data.
///
/// Rows are the solvers and the ways to solve the adjoint system. Times are medians of wall-clock milliseconds, from plain
/// arrays to the result: packing W and checking the input count. forward is the solve, total adds dL/dx and dL/dW.
/// gemm-bound is the time of the matrix products that the row has made, at the best rate measured for their shape in the
/// same run; ratio is total over it, and plain is total over the bound of the plain fixed-point iteration, the same for all rows. Errors are the largest relative ones of a sample, against a solution in f64.
#[derive(Args, Clone, Debug)]
#[command(after_help = case::HELP)]
pub struct BenchArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// Run this case only; may be repeated
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Print the names of the cases
    #[arg(long)]
    list: bool,
    /// Own data as .npy files of f32 or f64: W (n x n), x (B x n), and c = dL/dz (B x n)
    #[arg(long, num_args = 3, value_names = ["W.npy", "x.npy", "c.npy"], conflicts_with_all = ["only", "list", "sweep"])]
    input: Vec<PathBuf>,
    /// Relative tolerance of both solves, per sample, for --input [default: 1e-4]
    #[arg(long, value_parser = tolerance, requires = "input", allow_negative_numbers = true)]
    tol: Option<f64>,
    /// Arithmetic for --input [default: that of W]
    #[arg(long, requires = "input")]
    dtype: Option<DType>,
    /// Threads [default: one per processor]
    #[arg(long, value_parser = threads, allow_negative_numbers = true)]
    threads: Option<u16>,
    /// Seconds for each row
    #[arg(long, default_value_t = 1.0, value_parser = seconds, allow_negative_numbers = true)]
    seconds: f64,
    /// Seed of the standard workloads
    #[arg(long, default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    seed: u64,
    /// Cost against n, batch, tolerance and threads: sweep.jsonl and charts, into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["only", "list"])]
    sweep: Option<PathBuf>,
}

fn tolerance(text: &str) -> Result<f64, String> {
    between(text, (0.0, 1.0))
}

fn seconds(text: &str) -> Result<f64, String> {
    within(text, 0.0..=3600.0)
}

fn threads(text: &str) -> Result<u16, String> {
    within(text, 1..=1024)
}

/// Runs the cases asked for and prints a row for each pair of methods.
///
/// # Errors
/// Code 2 for an unknown case, unusable input or threads that cannot be started; code 1 where no row has converged.
pub fn run(args: &BenchArgs) -> Outcome {
    if args.list {
        for case in &CASES {
            say!("{:<16} {}", case.name, case.about);
        }
        return Ok(());
    }
    let budget = Duration::from_secs_f64(args.seconds);
    if let Some(folder) = &args.sweep {
        return sweep::run(folder, args.seed, budget);
    }
    let runner = Runner::new(args.threads.map(usize::from), budget)?;
    let mut table = row::Printer::new(args.json);
    if let [w, x, c] = args.input.as_slice() {
        let input = Input::open(w, x, c)?;
        let case = Case {
            name: "input",
            about: "",
            n: input.n(),
            batch: input.batch(),
            dtype: args.dtype.unwrap_or(input.dtype()),
            tol: args.tol.unwrap_or(1e-4),
            workload: Workload::Contraction,
        };
        case.require_memory()?;
        runner.layer(&case, &input.read()?, |row| table.print(row))?;
    } else {
        for case in select(&args.only)? {
            runner.case(case, args.seed, |row| table.print(row))?;
        }
    }
    table.outcome()
}

/// The cases of these names, all where none is given.
fn select(names: &[String]) -> Result<Vec<&'static Case>, Failure> {
    if names.is_empty() {
        return Ok(CASES.iter().collect());
    }
    names.iter().map(|name| case::by_name(name)).collect()
}
