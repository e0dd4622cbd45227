//! `dini trace`: a branch of roots along one symbol, through folds.
//!
//! 1. `request` makes of the command line a system, a symbol and a range, with the machinery of `dini solve`;
//! 2. `branch` looks for a root at the start ([`dini::search`]) and traces from it ([`dini::continuation`]);
//! 3. `text`, `table` and `chart` show the result: as text, as JSON or CSV, and as a picture.

mod branch;
mod chart;
mod request;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use dini::continuation::{Flow, Point};
use dini::solve::Control;

use super::solve::SolveError;
use crate::failure::{Failure, Outcome};
use crate::files::{check_free, write_whole};
use crate::interrupt::Interrupt;
use crate::output;
use crate::text::shown_path;
use branch::Ended;

/// Follow a root along a symbol, through folds, and say where folds, crossings and Hopf points are and which parts are stable.
///
/// Begins at a root where the symbol has the value of --with, or else the lower end of the range, and goes both ways to the ends of the
/// range, or until the branch ends or is closed.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct TraceArgs {
    /// Equations, as those of `dini solve`
    #[arg(value_name = "EQUATION")]
    pub equations: Vec<String>,
    /// The symbol along which the branch is followed, and its range
    #[arg(long, value_name = "NAME=LOW..HIGH", required = true)]
    pub along: Vec<String>,
    /// Values of the other symbols, as for `dini solve`; that of the symbol traced along is where the branch is begun
    #[arg(long, value_name = "NAME=VALUE,...")]
    pub with: Vec<String>,
    /// The symbols to solve for [default: all without a value]
    #[arg(long = "for", value_name = "NAME,...")]
    pub unknowns: Vec<String>,
    /// Where to look for the first root; unknowns not listed are tried at several values
    #[arg(long, value_name = "NAME=VALUE,...")]
    pub start: Vec<String>,
    /// Where unknowns must lie; the branch ends at a bound
    #[arg(long, value_name = "NAME=LOW..HIGH,...")]
    pub bounds: Vec<String>,
    /// A file with equations and values, as for `dini solve`; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Whose equilibria the roots are, for their stability: dz/dt = -g or dz/dt = +g, where g is z - f for an equation z = f or f = z, and
    /// left - right for any other [default: minus]
    #[arg(long, value_name = "minus|plus")]
    pub flow: Option<String>,
    /// Most points each way from the start [default: 2000]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pub max_points: Option<usize>,
    /// Longest step, as a share of the range and of the sizes of the unknowns [default: 0.05]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub largest_step: Option<f64>,
    /// Write the points to a file: comma-separated values
    #[arg(long, value_name = "FILE.csv")]
    pub out: Option<PathBuf>,
    /// Draw the branch: stable parts solid, unstable ones dashed, folds and other points marked
    #[arg(long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
    /// Write over files that exist
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object, with all points
    #[arg(long)]
    pub json: bool,
}

const EXAMPLES: &str = "Examples:
  dini trace 'z = tanh(2*z + x)' --along x=-1..1 --start z=-0.9
  dini trace 'z^3 - z = a' --along a=-1..1 --out branch.csv --plot branch.svg
  dini trace 'z^2 + a^2 = 1' --along a=-2..2 --with a=0 --json
  dini trace 'A - (b+1)*x + x^2*y = 0' 'b*x - x^2*y = 0' --with A=1 --along b=0.5..4 --start x=1,y=0.5 --flow plus

Equations and formulas are those of `dini solve`.

Exit code: 0 followed to the ends of the range or of the branch, 1 not, or no root at the start; 2 not understood.";

/// What there is to print, and how the trace has ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Text or JSON, with a final line break.
    pub text: String,
    /// Whether the branch was followed to its ends.
    pub complete: bool,
}

/// Traces, renders and writes files: the whole command but for printing. `watch` sees the points.
///
/// # Errors
/// Exit code 2 where the request is not understood or a file must not be written, 1 where it cannot be.
pub fn report(args: &TraceArgs, watch: &mut dyn FnMut(&Point) -> Control) -> Result<Report, Failure> {
    let flow = flow(args.flow.as_deref()).map_err(Failure::usage)?;
    if let Some(path) = &args.plot {
        drawable(path).map_err(Failure::usage)?;
    }
    for path in args.out.iter().chain(&args.plot) {
        check_free(path, args.force)?;
    }
    if args.out.is_some() && args.out == args.plot {
        return Err(Failure::usage("--out and --plot name the same file"));
    }
    let request = request::request(args).map_err(Failure::usage)?;
    let traced = match branch::trace(&request, flow, watch).map_err(Failure::usage)? {
        Ended::Traced(traced) => traced,
        Ended::NoBranch(answer, root) => {
            let why = if root { text::NO_DIRECTION } else { text::NO_ROOT };
            let text = if args.json {
                format!("{:#}\n", table::no_branch(&request, &answer, why))
            } else {
                format!("{answer}not traced: {why}\n")
            };
            return Ok(Report { text, complete: false });
        }
    };
    let written = |path: &Path, bytes: &[u8]| write_whole(path, bytes).map_err(Failure::unsolved);
    if let Some(path) = &args.out {
        written(path, table::csv(&traced).map_err(Failure::unsolved)?.as_bytes())?;
    }
    if let Some(path) = &args.plot {
        let drawn = chart::svg(&traced);
        let svg = drawn.map_err(|why| Failure::unsolved(format!("cannot draw {}: {why}", shown_path(path))))?;
        written(path, svg.as_bytes())?;
    }
    let text = if args.json { format!("{:#}\n", table::json(&traced)) } else { traced.to_string() };
    Ok(Report { text, complete: traced.branch.is_complete() })
}

/// The command. Ctrl-C ends the trace, and what was found is printed and written.
///
/// # Errors
/// As [`report`], and where the branch was not followed to its ends.
pub fn run(args: &TraceArgs) -> Outcome {
    // without signals the trace goes on to its own end
    let interrupt = Interrupt::listen(|| {}).unwrap_or_default();
    let mut watch = |_: &Point| if interrupt.asked() { Control::Stop } else { Control::Continue };
    let report = report(args, &mut watch)?;
    output::line(format_args!("{}", report.text.trim_end()))?;
    match (report.complete, interrupt.asked()) {
        (true, _) => Ok(()),
        (false, true) => Err(Failure::interrupted("")),
        (false, false) => Err(Failure::unsolved("")),
    }
}

fn flow(name: Option<&str>) -> Result<Flow, SolveError> {
    match name.map(str::trim) {
        None | Some("minus") => Ok(Flow::Minus),
        Some("plus") => Ok(Flow::Plus),
        Some(other) => {
            Err(SolveError::Option(format!("--flow is `minus` or `plus`, not `{}`", crate::text::shown(other))))
        }
    }
}

/// Pictures are SVG.
fn drawable(path: &Path) -> Result<(), SolveError> {
    if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg")) {
        return Ok(());
    }
    let message = format!("--plot draws SVG: give a name that ends in .svg, not {}", shown_path(path));
    Err(SolveError::Option(message))
}
