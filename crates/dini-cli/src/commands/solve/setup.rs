//! Command line and problem file, joined.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::SolveArgs;
use super::bracket::Bracket;
use super::method::{BRACKETING, Method, names};
use crate::equation::{
    Given, ProblemFile, ProblemFileError, SyntaxError, System, SystemError, parse_assignments, parse_names,
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
        let mut equations = file.equations.unwrap_or_default();
        equations.extend(args.equations.iter().cloned());
        let named = args.unknowns.iter().map(|list| parse_names(list)).collect::<Result<Vec<_>, _>>()?.concat();
        let starts = overlay(file.start, &args.start)?;
        let given = Given {
            values: overlay(file.with, &args.with)?,
            unknowns: if named.is_empty() { file.unknowns } else { Some(named) },
            starts: starts.clone(),
        };
        let name = args.solver.as_deref().or(file.solver.as_deref());
        let plan = plan(name, &args.bracket)?;
        let tolerance = args.tol.or(file.tol).unwrap_or(TOLERANCE);
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(SolveError::Option(format!("--tol must be positive and finite, not {tolerance}")));
        }
        let max_iterations = args.max_iterations.or(file.max_iterations).unwrap_or(MAX_ITERATIONS);
        if max_iterations == 0 {
            return Err(SolveError::Option("--max-iterations must be at least 1".to_owned()));
        }
        let system = Arc::new(System::new(&equations, given)?);
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
    parsed.map_err(|mistake| SolveError::File { path: path.display().to_string(), mistake })
}

/// The values of a file with those of the flags in place of, or after, them.
fn overlay(file: Vec<(String, f64)>, flags: &[String]) -> Result<Vec<(String, f64)>, SolveError> {
    let lists = flags.iter().map(|list| parse_assignments(list)).collect::<Result<Vec<_>, _>>()?;
    let flags = lists.concat();
    let overridden: HashSet<&String> = flags.iter().map(|(name, _)| name).collect();
    let kept = file.into_iter().filter(|(name, _)| !overridden.contains(name)).collect::<Vec<_>>();
    Ok([kept, flags.clone()].concat())
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
