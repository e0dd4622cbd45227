//! The command line.

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::commands;
use crate::commands::bench::BenchArgs;
use crate::commands::check::CheckArgs;
use crate::commands::classify::{EvalArgs, PredictArgs};
use crate::commands::solve::SolveArgs;
use crate::commands::trace::TraceArgs;
use crate::failure::{Failure, Outcome};
use crate::training::TrainArgs;
use crate::{contain, interrupt, output, threads};

/// Implicit layers: solve g(z; a) = 0, differentiate z*(a), and know when the theorem holds.
#[derive(Parser, Debug)]
#[command(name = "dini", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Train(Box<TrainArgs>),
    Eval(EvalArgs),
    Predict(PredictArgs),
    Solve(SolveArgs),
    Trace(TraceArgs),
    Check(CheckArgs),
    Bench(BenchArgs),
}

/// Runs the command line and returns the exit code; messages go to standard error.
pub fn run(words: Vec<OsString>) -> u8 {
    contain::silence();
    threads::make_do();
    // if that cannot be had, the system ends the process
    let _ = interrupt::make_large_files_errors();
    let outcome = contain::contain(|| dispatch(words)).unwrap_or_else(|message| {
        let place = contain::place();
        Err(Failure::unsolved(format!("internal error: {message} ({place}); please report it with the command")))
    });
    match outcome {
        Ok(()) => 0,
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                output::note(format_args!("{message}"));
            }
            code
        }
    }
}

fn dispatch(mut words: Vec<OsString>) -> Outcome {
    protect_equations(&mut words);
    let cli = match Cli::try_parse_from(&words) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => {
            // without colours, since it repeats words that may hold sequences of their own
            output::lines(error.render().to_string().lines());
            return Err(Failure::usage(""));
        }
        // help and version
        Err(error) => return output::write(|_| error.print()),
    };
    match cli.command {
        Command::Train(args) => commands::train::run(*args, &words[2..]),
        Command::Eval(args) => commands::classify::eval(&args),
        Command::Predict(args) => commands::classify::predict(&args),
        Command::Solve(args) => solve(&args),
        Command::Trace(args) => commands::trace::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Bench(args) => commands::bench::run(&args),
    }
}

/// Equations may begin with a minus sign, as no option of `dini solve` and `dini trace` does: a blank before it keeps them apart.
fn protect_equations(words: &mut [OsString]) {
    if words.get(1).is_none_or(|command| command != "solve" && command != "trace") {
        return;
    }
    let is_equation = |word: &str| {
        let mut letters = word.chars();
        let signed =
            letters.next() == Some('-') && letters.next().is_some_and(|c| c != '-') && letters.next().is_some();
        // the value of an option, as in --bracket -1,1
        signed && !word.split(',').all(|number| number.parse::<f64>().is_ok())
    };
    for word in &mut words[2..] {
        if word.to_str().is_some_and(is_equation) {
            *word = format!(" {}", word.to_string_lossy()).into();
        }
    }
}

/// `dini solve`: what is not solved is said on standard output, and by the exit code.
fn solve(args: &SolveArgs) -> Outcome {
    let report = commands::solve::run(args).map_err(Failure::usage)?;
    output::line(format_args!("{}", report.text.trim_end()))?;
    if report.solved { Ok(()) } else { Err(Failure::unsolved("")) }
}
