//! Command line and problem file, joined.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::SolveArgs;
use super::bracket::Bracket;
use super::method::{BRACKETING, Method, names};
use crate::equation::{
    Definition, Given, ProblemFile, ProblemFileError, SyntaxError, System, SystemError, parse_assignments, parse_names,
    parse_values,
};
use crate::files::FileError;

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

/// How a root is looked for.
pub(super) enum Plan {
    /// By several methods from several starts.
    Auto,
    /// By one method from one start.
    Single(&'static Method),
    /// Between two numbers.
    Between(Bracket),
}

/// A system and how to solve it.
pub(super) struct Setup {
    pub system: Arc<System>,
    /// One entry per unknown: the start the user has given for it.
    pub starts: Vec<Option<f64>>,
    pub plan: Plan,
    pub tolerance: f64,
    pub max_iterations: usize,
}

impl Setup {
    pub fn new(args: &SolveArgs) -> Result<Self, SolveError> {
        let file = args.file.as_deref().map(read).transpose()?.unwrap_or_default();
        let from_file = file.equations.unwrap_or_default();
        let equations: Vec<&String> = from_file.iter().chain(&args.equations).collect();
        let named = args.unknowns.iter().map(|list| parse_names(list)).collect::<Result<Vec<_>, _>>()?.concat();
        let starts = overlay(file.start, &args.start, parse_assignments, |(name, _)| name)?;
        let given = Given {
            values: overlay(file.with, &args.with, parse_values, Definition::name)?,
            unknowns: if named.is_empty() { file.unknowns } else { Some(named) },
            starts: starts.clone(),
        };
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
        let system = System::new(&equations, given).map_err(|error| {
            let SystemError::Syntax(mistake) = error else { return SolveError::System(error) };
            // only with the values at hand are all mistakes of an equation seen
            match (&args.file, from_file.iter().position(|text| *text == mistake.text)) {
                (Some(path), Some(index)) => {
                    in_file(path, ProblemFileError::Formula { line: file.lines[index], mistake })
                }
                _ => SolveError::Syntax(mistake),
            }
        });
        let system = Arc::new(system?);
        let start_of = |name: &String| starts.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
        let starts: Vec<Option<f64>> = system.unknowns().iter().map(start_of).collect();
        if let Plan::Between(bracket) = &plan {
            bracket.check(system.unknowns(), &starts)?;
        }
        Ok(Setup { system, starts, plan, tolerance: tolerance.min(LOOSEST), max_iterations })
    }
}

fn read(path: &Path) -> Result<ProblemFile, SolveError> {
    let text =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let text = text.map_err(|error| FileError::io("cannot read", path, &error))?;
    let toml = path.extension().is_some_and(|extension| extension == "toml") || ProblemFile::is_toml(&text);
    let file = if toml { ProblemFile::parse(&text) } else { Ok(ProblemFile::plain(&text)) };
    let parsed = file.and_then(|file| file.check_equations().map(|()| file));
    parsed.map_err(|mistake| in_file(path, mistake))
}

fn in_file(path: &Path, mistake: ProblemFileError) -> SolveError {
    SolveError::File { path: path.display().to_string(), mistake }
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

/// What a name (none for the default) and the numbers of `--bracket` ask for.
fn plan(name: Option<&str>, bracket: &[f64]) -> Result<Plan, SolveError> {
    let name = name.unwrap_or(if bracket.is_empty() { "auto" } else { BRACKETING });
    let wanted = name.trim().to_lowercase();
    if wanted == BRACKETING {
        return Bracket::new(bracket).map(Plan::Between);
    }
    let plan = if wanted == "auto" { Some(Plan::Auto) } else { Method::named(&wanted).map(Plan::Single) };
    if let Some(plan) = plan {
        let unused = format!("--bracket is for the solver `{BRACKETING}`, not for `{wanted}`");
        return if bracket.is_empty() { Ok(plan) } else { Err(SolveError::Option(unused)) };
    }
    let nearest = names().min_by_key(|known| strsim::damerau_levenshtein(&wanted, known)).unwrap_or("auto");
    let all = names().collect::<Vec<_>>().join(", ");
    Err(SolveError::Option(format!("unknown solver `{name}`; did you mean `{nearest}`? Known are {all}")))
}
