//! Options of `dini train`: flags, and the same names in a TOML file.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory, FromArgMatches};
use dini::gradient::{AnyMode, Method, OnFailure};
use dini::solve::AnySolver;
use dini_burn::Settings;
use serde::Serialize;

use crate::failure::Failure;
use crate::files::{self, FileError};
use crate::text::{shown, shown_path};

/// Where runs go that are not given a folder.
pub const DEFAULT_RUNS: &str = "runs";

/// Largest value of options that count something.
const MOST: usize = 1_000_000_000;
/// Most bytes of a file of options.
const MOST_BYTES: u64 = 1_000_000;

/// Names of the optimisers.
pub const OPTIMIZERS: [&str; 3] = ["adamw", "adam", "sgd"];

/// What a resumed run takes from its own folder.
const OPTIONS: [&str; 19] = [
    "data",
    "n",
    "solver",
    "adjoint",
    "tol",
    "forward_tol",
    "backward_tol",
    "max_iterations",
    "epochs",
    "batch",
    "learning_rate",
    "weight_decay",
    "shift",
    "optimizer",
    "spectral_bound",
    "seed",
    "out",
    "force",
    "config",
];

/// Train an implicit-layer classifier: linear, z = tanh(W z + x), linear.
#[derive(Args, Clone, Debug, Serialize)]
#[command(args_override_self = true)]
#[serde(rename_all = "kebab-case")]
pub struct TrainArgs {
    /// Folder with MNIST in IDX form (four files, raw or .gz); without it the embedded 8 x 8 digits
    #[arg(long, value_name = "DIR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<PathBuf>,
    /// Size n of the implicit state
    #[arg(short, long, default_value_t = 100, value_parser = positive, allow_negative_numbers = true)]
    pub n: usize,
    /// Forward solver
    #[arg(long, default_value = "anderson", value_parser = PossibleValuesParser::new(AnySolver::NAMES))]
    pub solver: String,
    /// Gradient mode of the backward pass; the first seven are exact, and leave out samples where they do not succeed
    #[arg(long, default_value = "auto", value_parser = PossibleValuesParser::new(AnyMode::NAMES))]
    pub adjoint: String,
    /// Relative tolerance of both solves, per sample
    #[arg(long, visible_alias = "tolerance", default_value_t = 1e-3, value_parser = tolerance, allow_negative_numbers = true)]
    pub tol: f64,
    /// Relative tolerance of the forward solve, if not that of both
    #[arg(long, value_parser = tolerance, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_tol: Option<f64>,
    /// Relative tolerance of the adjoint solve, if not that of both
    #[arg(long, value_parser = tolerance, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backward_tol: Option<f64>,
    /// Iteration limit of either solve
    #[arg(long, default_value_t = 100, value_parser = positive, allow_negative_numbers = true)]
    pub max_iterations: usize,
    /// Passes over the training images [default: 60 for the digits, 10 otherwise]
    #[arg(long, value_parser = positive, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epochs: Option<usize>,
    /// Images per step [default: 32 for the digits, 100 otherwise]
    #[arg(long, visible_alias = "batch-size", value_parser = positive, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Learning rate at the start; it falls to zero along a cosine
    #[arg(long, visible_alias = "lr", default_value_t = 2e-3, value_parser = positive_real, allow_negative_numbers = true)]
    pub learning_rate: f64,
    /// Decoupled weight decay (adamw) or L2 penalty (adam, sgd)
    #[arg(long, default_value_t = 1e-2, value_parser = not_negative, allow_negative_numbers = true)]
    pub weight_decay: f64,
    /// Training images are moved at random by up to so many pixels each way [default: 0.5 for the digits, 1 otherwise]
    #[arg(long, value_name = "PIXELS", value_parser = not_negative, allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shift: Option<f64>,
    /// Optimiser
    #[arg(long, visible_alias = "optimiser", default_value = "adamw", value_parser = PossibleValuesParser::new(OPTIMIZERS))]
    pub optimizer: String,
    /// W is scaled down where its spectral norm exceeds this; below 1 the theorem's hypotheses hold for every input
    #[arg(long, default_value_t = 0.95, value_parser = positive_real, allow_negative_numbers = true)]
    pub spectral_bound: f64,
    /// Seed of the split, the initial weights and the order of the images
    #[arg(long, default_value_t = 1)]
    #[serde(serialize_with = "seed")]
    pub seed: u64,
    /// Folder of the run [default: runs/NAME-1, -2, ...]
    #[arg(long, value_name = "DIR")]
    #[serde(skip)]
    pub out: Option<PathBuf>,
    /// Write into a folder that already holds a run
    #[arg(long)]
    #[serde(skip)]
    pub force: bool,
    /// TOML file with these options, by the same names; flags on the command line win
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// Continue an interrupted run, to the result it would have had
    #[arg(long, value_name = "RUN", conflicts_with_all = OPTIONS)]
    #[serde(skip)]
    pub resume: Option<PathBuf>,
    /// Seconds between checkpoints within an epoch; 0 writes one after every step
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0, value_parser = not_negative, allow_negative_numbers = true)]
    #[serde(skip)]
    pub checkpoint_seconds: f64,
    /// No progress bar
    #[arg(short, long)]
    #[serde(skip)]
    pub quiet: bool,
}

/// TOML's whole numbers end at 2^63 - 1; larger seeds are written as text.
fn seed<S: serde::Serializer>(seed: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    match i64::try_from(*seed) {
        Ok(number) => serializer.serialize_i64(number),
        Err(_) => serializer.serialize_str(&seed.to_string()),
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".into()),
        Ok(value) if value <= MOST => Ok(value),
        Ok(_) => Err(format!("it must be at most {MOST}")),
        Err(_) => Err("it must be a whole number, at least 1".into()),
    }
}

fn real(text: &str) -> Result<f64, String> {
    text.parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(|| "it must be a finite number".into())
}

fn positive_real(text: &str) -> Result<f64, String> {
    real(text).and_then(|v| if v > 0.0 { Ok(v) } else { Err("it must be positive".into()) })
}

fn not_negative(text: &str) -> Result<f64, String> {
    real(text).and_then(|v| if v >= 0.0 { Ok(v) } else { Err("it must not be negative".into()) })
}

fn tolerance(text: &str) -> Result<f64, String> {
    positive_real(text).and_then(|v| if v < 1.0 { Ok(v) } else { Err("it must lie between 0 and 1".into()) })
}

/// `TrainArgs` as a command of its own, to parse a configuration file with the same checks as the flags.
#[derive(clap::Parser)]
#[command(name = "train")]
struct Alone {
    #[command(flatten)]
    args: TrainArgs,
}

impl TrainArgs {
    /// The options of a file, overridden by `flags` (the words after `dini train`).
    ///
    /// # Errors
    /// An unreadable file, TOML that does not parse, an unknown name (with the nearest valid one), or a bad value.
    pub fn from_file(path: &Path, flags: &[OsString]) -> Result<TrainArgs, Failure> {
        let text = files::read_text(path, "cannot read the configuration", MOST_BYTES).map_err(Failure::usage)?;
        Self::from_text(&text, &shown_path(path), flags)
    }

    /// The same of text; `place` is named in errors.
    ///
    /// # Errors
    /// As [`from_file`](TrainArgs::from_file).
    pub fn from_text(text: &str, place: &str, flags: &[OsString]) -> Result<TrainArgs, Failure> {
        let here = |message: String| Failure::usage(format!("{place}: {}", shown(&message)));
        let table: toml::Table = toml::from_str(text).map_err(|e| {
            let line = e.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
            here(line.map_or_else(String::new, |line| format!("line {line}: ")) + e.message())
        })?;
        let command = Alone::command();
        let names: Vec<String> = command
            .get_arguments()
            .filter(|a| {
                !matches!(a.get_id().as_str(), "config" | "resume" | "force" | "quiet" | "checkpoint_seconds" | "help")
            })
            .flat_map(|a| a.get_long_and_visible_aliases().unwrap_or_default())
            .map(str::to_string)
            .collect();
        let mut words = vec![OsString::from("train")];
        let mut seen: Vec<(clap::Id, String)> = Vec::new();
        for (key, value) in table {
            let name = key.replace('_', "-");
            if !names.contains(&name) {
                let nearest = names
                    .iter()
                    .max_by(|a, b| strsim::jaro_winkler(a, &name).total_cmp(&strsim::jaro_winkler(b, &name)));
                let hint = nearest.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                return Err(here(format!("unknown option `{key}`{hint}")));
            }
            // an option may be written in several ways, of which one would win without a word
            let same =
                |a: &&clap::Arg| a.get_long_and_visible_aliases().is_some_and(|all| all.contains(&name.as_str()));
            if let Some(id) = command.get_arguments().find(same).map(|a| a.get_id().clone()) {
                if let Some((_, before)) = seen.iter().find(|(known, _)| *known == id) {
                    return Err(here(format!("`{before}` and `{key}` are the same option; leave one out")));
                }
                seen.push((id, key.clone()));
            }
            let value = match value {
                toml::Value::String(s) => s,
                toml::Value::Integer(i) => i.to_string(),
                toml::Value::Float(f) => f.to_string(),
                other => return Err(here(format!("`{key}` must be a number or a text, not {}", other.type_str()))),
            };
            words.push(format!("--{name}={value}").into());
        }
        // checked alone first, so that a mistake is attributed to the file
        Self::parse(&words).map_err(|e| here(one_line(&e)))?;
        words.extend(flags.iter().cloned());
        Self::parse(&words).map_err(|e| Failure::usage(one_line(&e)))
    }

    pub(super) fn parse(words: &[OsString]) -> Result<TrainArgs, clap::Error> {
        let command = Alone::command().args_override_self(true);
        Alone::from_arg_matches(&command.try_get_matches_from(words)?).map(|alone| alone.args)
    }

    /// The options as a configuration file.
    ///
    /// # Errors
    /// A folder of data whose name is not UTF-8, which TOML is.
    pub fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(|e| match &self.data {
            Some(path) if path.to_str().is_none() => {
                let why = "its name is not UTF-8 text, as the configuration of the run must be";
                Failure::usage(FileError::new("cannot use the data", path, why, "rename it, or give a link to it"))
            }
            _ => Failure::usage(format!("the options cannot be written: {e}")),
        })
    }

    /// Relative tolerance of the forward solve.
    pub fn forward_tolerance(&self) -> f64 {
        self.forward_tol.unwrap_or(self.tol)
    }

    /// Solvers and tolerances for the implicit layer.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        if let Some(solver) = AnySolver::by_name(&self.solver) {
            settings.solver = solver;
        }
        settings.options.relative = self.forward_tolerance();
        settings.options.max_iterations = self.max_iterations;
        if let Some(mode) = AnyMode::by_name(&self.adjoint) {
            // a failed sample is left out of the step, and counted where the user sees it
            settings.backward = mode.with_on_failure(OnFailure::Drop);
        }
        if let AnyMode::Implicit(implicit) = &mut settings.backward {
            implicit.tolerance = Some(self.backward_tol.unwrap_or(self.tol));
            // at every step it would cost more than the step; the spectral bound stands for it
            implicit.verdict = Some(false);
            match &mut implicit.method {
                Method::Krylov(krylov) | Method::Preconditioned(krylov, _) => {
                    *krylov = krylov.clone().with_max_iterations(self.max_iterations.max(2));
                }
                Method::FixedPoint(refinement) => refinement.max_iterations = self.max_iterations,
                Method::GaussSeidel(method) => method.max_iterations = self.max_iterations,
                Method::Auto | Method::Dense => {}
            }
        }
        settings
    }
}

/// The first line of clap's message, without its label.
fn one_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let until = lines.iter().position(|l| l.starts_with("Usage") || l.starts_with("For more")).unwrap_or(lines.len());
    lines[..until].join("; ").trim_start_matches("error: ").to_string()
}
