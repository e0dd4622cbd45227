//! Command line and problem file, joined.

use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use dini::Options;
use dini::problem::Bounds;
use dini::search::Plan;

use super::SolveArgs;
use super::plan::{BRACKETING, check, plan};
use crate::equation::{
    Definition, Given, Interval, ProblemFile, ProblemFileError, SyntaxError, System, SystemError, listed,
    parse_assignments, parse_bounds, parse_names, parse_values,
};
use crate::files::{FileError, read_text};
use crate::text::shown_path;

/// Most bytes of a problem.
const MOST: u64 = 16 << 20;
/// Default of `--tol`.
const TOLERANCE: f64 = 1e-12;
/// Above this a tolerance no longer tells a root from a slowly vanishing function.
const LOOSEST: f64 = 1e-3;
/// Default of `--max-iterations`.
const MAX_ITERATIONS: usize = 200;

/// A request that is not understood.
#[derive(Debug, thiserror::Error)]
pub enum SolveError {
    /// A mistake in a formula or a list.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// Equations, values and unknowns that do not make up a system.
    #[error(transparent)]
    System(#[from] SystemError),
    /// A problem file that cannot be read.
    #[error(transparent)]
    Unreadable(#[from] FileError),
    /// A problem file with a mistake.
    #[error("{path}, {mistake}")]
    File {
        /// The file.
        path: String,
        /// The mistake and its line.
        #[source]
        mistake: ProblemFileError,
    },
    /// An option out of range.
    #[error("{0}")]
    Option(String),
    /// The library refused the problem.
    #[error(transparent)]
    Core(#[from] dini::Error),
}

/// What is asked for, read but not yet put together.
pub(in crate::commands) struct Request {
    /// Where equations of the file come from, for messages.
    path: Option<PathBuf>,
    /// The equations of the file, which come first, with their lines.
    lines: Vec<usize>,
    equations: Vec<String>,
    values: Vec<Definition>,
    unknowns: Option<Vec<String>>,
    starts: Vec<(String, f64)>,
    bounds: Vec<(String, Interval)>,
    /// The box of `--all`.
    pub sides: Vec<(String, Interval)>,
    plan: Plan,
    options: Options,
    /// The symbol that has several values, and its place in `values`.
    sweep: Option<Sweep>,
}

/// Values that a symbol takes one after the other.
#[derive(Clone, Debug)]
pub(in crate::commands) struct Sweep {
    place: usize,
    pub name: String,
    pub values: Vec<f64>,
}

/// A system and how to solve it.
pub(in crate::commands) struct Setup {
    pub system: System,
    /// One entry per unknown: the start the user has given for it.
    pub starts: Vec<Option<f64>>,
    pub plan: Plan,
    pub options: Options,
}

impl Request {
    pub fn new(args: &SolveArgs) -> Result<Self, SolveError> {
        let file = args.file.as_deref().map(read).transpose()?.unwrap_or_default();
        let mut equations = file.equations.unwrap_or_default();
        equations.extend(args.equations.iter().cloned());
        let named = args.unknowns.iter().map(|list| parse_names(list)).collect::<Result<Vec<_>, _>>()?.concat();
        let values = overlay(file.with, &args.with, parse_values, Definition::name)?;
        let name = args.solver.as_deref().or(file.solver.as_deref());
        // a solver asked for by a flag has precedence over a bracket of the file
        let bracket = file.bracket.filter(|_| args.solver.as_deref().is_none_or(|name| name.trim() == BRACKETING));
        let bracket_of_file = bracket.as_ref().map_or(&[][..], |ends| ends);
        let plan = plan(name, if args.bracket.is_empty() { bracket_of_file } else { &args.bracket })?;
        let tolerance = args.tol.or(file.tol).unwrap_or(TOLERANCE);
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(SolveError::Option(format!("--tol must be positive and finite, not {tolerance}")));
        }
        let max_iterations = args.max_iterations.or(file.max_iterations).unwrap_or(MAX_ITERATIONS);
        if max_iterations == 0 {
            return Err(SolveError::Option("--max-iterations must be at least 1".to_owned()));
        }
        Ok(Request {
            path: args.file.clone(),
            lines: file.lines,
            equations,
            sweep: sweep(&values)?,
            values,
            unknowns: if named.is_empty() { file.unknowns } else { Some(named) },
            starts: overlay(file.start, &args.start, parse_assignments, |(name, _)| name)?,
            bounds: overlay(file.bounds, &args.bounds, parse_bounds, |(name, _)| name)?,
            sides: args.sides.iter().map(|list| parse_bounds(list)).collect::<Result<Vec<_>, _>>()?.concat(),
            plan,
            options: Options { relative: tolerance.min(LOOSEST), max_iterations, ..Options::default() },
        })
    }

    /// The symbol that has several values.
    pub fn sweep(&self) -> Option<&Sweep> {
        self.sweep.as_ref()
    }

    /// Whether this symbol is named as an unknown.
    pub fn solves_for(&self, name: &str) -> bool {
        self.unknowns.iter().flatten().any(|unknown| unknown == name)
    }

    /// Gives a symbol a value, unless it has one.
    pub fn give(&mut self, name: &str, value: f64) {
        if self.values.iter().all(|known| known.name() != name) {
            self.values.push(Definition::number(name, value));
        }
    }

    /// How a root is to be looked for.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The system and how to solve it, at one value of the sweep if there is one.
    pub fn setup(&self, value: Option<f64>) -> Result<Setup, SolveError> {
        let mut values = self.values.clone();
        if let (Some(sweep), Some(value)) = (&self.sweep, value) {
            values[sweep.place] = Definition::number(sweep.name.as_str(), value);
        }
        let given = Given { values, unknowns: self.unknowns.clone(), starts: self.starts.clone() };
        let system = System::new(&self.equations, given).map_err(|error| {
            let SystemError::Syntax(mistake) = error else { return SolveError::System(error) };
            // only with the values at hand are all mistakes of an equation seen
            let of_file = self.equations.iter().zip(&self.lines).find(|(text, _)| **text == mistake.text);
            match (&self.path, of_file) {
                (Some(path), Some((_, &line))) => in_file(path, ProblemFileError::Formula { line, mistake }),
                _ => SolveError::Syntax(mistake),
            }
        })?;
        let given: HashMap<&str, f64> = self.starts.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let starts: Vec<Option<f64>> = system.unknowns().iter().map(|name| given.get(name.as_str()).copied()).collect();
        let bounds = bounds(&self.bounds, system.unknowns(), &starts)?;
        check(&self.plan, system.unknowns(), &starts, bounds.is_some())?;
        let options = Options { bounds, ..self.options.clone() };
        Ok(Setup { system, starts, plan: self.plan.clone(), options })
    }
}

/// The symbol with several values; there may be one.
fn sweep(values: &[Definition]) -> Result<Option<Sweep>, SolveError> {
    let mut several = values.iter().enumerate().filter_map(|(place, value)| Some((place, value, value.sweep()?)));
    let Some((place, first, values)) = several.next() else { return Ok(None) };
    match several.next() {
        None => Ok(Some(Sweep { place, name: first.name().to_owned(), values: values.to_vec() })),
        Some((_, second, _)) => {
            let (first, second) = (first.name(), second.name());
            let message = format!("both `{first}` and `{second}` have several values; a sweep is over one symbol");
            Err(SolveError::Option(message))
        }
    }
}

fn read(path: &Path) -> Result<ProblemFile, SolveError> {
    let text =
        if path == Path::new("-") { standard_input(std::io::stdin())? } else { read_text(path, "cannot read", MOST)? };
    let toml = path.extension().is_some_and(|extension| extension == "toml") || ProblemFile::is_toml(&text);
    let file = if toml { ProblemFile::parse(&text) } else { Ok(ProblemFile::plain(&text)) };
    let parsed = file.and_then(|file| file.check_equations().map(|()| file));
    parsed.map_err(|mistake| in_file(path, mistake))
}

/// A text of limited length.
pub(super) fn standard_input(input: impl Read) -> Result<String, SolveError> {
    let mut bytes = Vec::new();
    let read = input.take(MOST + 1).read_to_end(&mut bytes);
    let refused = |why: String| SolveError::Option(format!("cannot read standard input: {why}"));
    read.map_err(|error| refused(error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(refused(format!("it is larger than {} MiB", MOST >> 20)));
    }
    String::from_utf8(bytes).map_err(|_| refused("it is not UTF-8 text".to_owned()))
}

fn in_file(path: &Path, mistake: ProblemFileError) -> SolveError {
    SolveError::File { path: shown_path(path), mistake }
}

/// The entries of a file with those of the flags in place of, or after, them.
fn overlay<T>(
    file: Vec<T>,
    flags: &[String],
    parse: fn(&str) -> Result<Vec<T>, SyntaxError>,
    name: fn(&T) -> &str,
) -> Result<Vec<T>, SolveError> {
    let lists = flags.iter().map(|list| parse(list)).collect::<Result<Vec<_>, _>>()?;
    let flags: Vec<T> = lists.into_iter().flatten().collect();
    let overridden: HashSet<&str> = flags.iter().map(name).collect();
    let mut entries: Vec<T> = file.into_iter().filter(|entry| !overridden.contains(name(entry))).collect();
    entries.extend(flags);
    Ok(entries)
}

/// The intervals of the unknowns, which must hold the starts.
fn bounds(
    intervals: &[(String, Interval)],
    unknowns: &[String],
    starts: &[Option<f64>],
) -> Result<Option<Bounds>, SolveError> {
    let (mut lower, mut upper) = (vec![f64::NEG_INFINITY; unknowns.len()], vec![f64::INFINITY; unknowns.len()]);
    let places: HashMap<&String, usize> = unknowns.iter().zip(0..).collect();
    for (name, Interval { low, high }) in intervals {
        let Some(&place) = places.get(name) else {
            let message = format!("bounds are for unknowns, which `{name}` is not; there are {}", listed(unknowns));
            return Err(SolveError::Option(message));
        };
        (lower[place], upper[place]) = (low.unwrap_or(lower[place]), high.unwrap_or(upper[place]));
        if let Some(start) = starts[place].filter(|start| !(lower[place] < *start && *start < upper[place])) {
            let interval = match (low, high) {
                (Some(low), Some(high)) => format!("between {low} and {high}"),
                (Some(low), None) => format!("above {low}"),
                (None, high) => format!("below {}", high.unwrap_or(f64::INFINITY)),
            };
            return Err(SolveError::Option(format!(
                "the start {name} = {start} does not lie {interval}, as its bounds ask"
            )));
        }
    }
    Ok(if intervals.is_empty() { None } else { Some(Bounds::new(lower, upper)?) })
}
