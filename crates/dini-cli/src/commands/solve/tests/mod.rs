//! Tests of the command through its library function.

mod bounds;
mod bracket;
mod degenerate;
mod hostile;
mod language;
mod large;
mod options;
mod proofs;
mod refusals;
mod roots;
mod sweeps;
mod truth;

use super::{Answer, SolveArgs, SolveError, solve};

/// `dini solve` with equations and `--with`, `--for`, `--start`; an empty string leaves the flag out.
fn args(equations: &[&str], with: &str, unknowns: &str, start: &str) -> SolveArgs {
    let flag = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
    SolveArgs {
        equations: equations.iter().map(|e| (*e).to_owned()).collect(),
        with: flag(with),
        unknowns: flag(unknowns),
        start: flag(start),
        ..SolveArgs::default()
    }
}

fn answer(args: &SolveArgs) -> Answer {
    solve(args).unwrap_or_else(|error: SolveError| panic!("{:?}: {error}", args.equations))
}
