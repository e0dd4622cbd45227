//! `dini solve`: solves typed equations and differentiates the solution by the values given.
//!
//! 1. `request` joins command line and problem file into a system and its settings;
//! 2. `plan` is what a solver's name and a bracket ask for;
//! 3. `model` is the system as a problem of the library, which looks for the root and differentiates it ([`dini::search`]);
//! 4. `derivatives` asks for the derivatives, and `kink` looks for kinks by a parameter, which the library's verdict does not see;
//! 5. `answer` is the result, as text or as JSON; `proof` is what can be proved of it, `every` all roots in a box;
//! 6. `sweep` solves at several values of one symbol, along a branch of roots, and `table` shows the rows.

mod answer;
mod derivatives;
mod every;
mod kink;
mod model;
mod plan;
mod proof;
mod request;
mod sweep;
mod table;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub(super) use answer::number;
pub use answer::{Answer, Judgement};
use every::Every;
pub(super) use model::Model;
use proof::Proof;
pub use request::SolveError;
pub(super) use request::{Request, Setup};

/// Solve equations and differentiate the solution by its parameters.
///
/// The unknowns are the symbols without a value. Derivatives come from the implicit function theorem, and only where its
/// hypotheses hold.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct SolveArgs {
    /// Equations, as in 'z = tanh(w*z + x)'; without `=` the expression is to be 0. They add to those of --file
    #[arg(value_name = "EQUATION")]
    pub equations: Vec<String>,
    /// Values of symbols; a value may be a formula such as pi/2, or of other values such as a/3
    ///
    /// Derivatives are taken by the symbols whose values are numbers. A value that depends on others is an abbreviation: it is
    /// shown, and derivatives by the others go through it. A value that a bound of sum or an index uses is a constant. One symbol
    /// may have several values, a=1..5:0.5 (first..last:step) or `a=[1,2,5]`: the answer is then a row for each of them, every
    /// solve starting from the root before; where that root cannot be followed, the row says so.
    #[arg(long, value_name = "NAME=VALUE,...")]
    pub with: Vec<String>,
    /// The symbols to solve for [default: all without a value]
    #[arg(long = "for", value_name = "NAME,...")]
    pub unknowns: Vec<String>,
    /// Where to start; unknowns not listed are tried at several values
    #[arg(long, value_name = "NAME=VALUE,...")]
    pub start: Vec<String>,
    /// Where unknowns must lie, as in 'h=0..,v=0..1,w=..5'. A root on a bound is reported as such, without derivatives
    #[arg(long, value_name = "NAME=LOW..HIGH,...")]
    pub bounds: Vec<String>,
    /// A file with an equation a line, or in TOML with the keys equations, with, for, start, bounds, bracket, tol, solver, max_iterations, over
    /// which flags take precedence; - is standard input
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Largest Newton correction left, relative to each unknown [default: 1e-12; above 1e-3 as 1e-3]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub tol: Option<f64>,
    /// auto, newton, chord, newton-krylov, dogleg, levenberg-marquardt, pseudo-transient, broyden, picard, gauss-seidel,
    /// anderson or bracketing [default: auto, with --bracket bracketing]
    ///
    /// auto is Newton's method from several starts, and other methods where it fails. pseudo-transient, broyden, picard and
    /// anderson work on z - f(z) for an equation z = f(z) or f(z) = z, and on left - right for any other. bracketing needs
    /// --bracket.
    #[arg(long, value_name = "NAME")]
    pub solver: Option<String>,
    /// One unknown between two numbers at which left - right has different signs: found without derivatives, to rounding
    #[arg(long, value_name = "LOW,HIGH", value_delimiter = ',', allow_hyphen_values = true)]
    pub bracket: Vec<f64>,
    /// Most iterations of one attempt [default: 200]
    #[arg(long, value_name = "COUNT", allow_negative_numbers = true)]
    pub max_iterations: Option<usize>,
    /// Prove the root with intervals: how near it is, within which distance no other lies, and how far values may change before
    /// it could cease to be a smooth function of them
    #[arg(long, conflicts_with = "csv")]
    pub certify: bool,
    /// List every root in the box, and whether it is proved that there are no others
    #[arg(long, requires = "sides", conflicts_with_all = ["csv", "bracket", "solver", "start", "bounds"])]
    pub all: bool,
    /// The box of --all, with a side for every unknown
    #[arg(long = "box", id = "sides", value_name = "NAME=LOW..HIGH,...", requires = "all")]
    pub sides: Vec<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Print comma-separated values: a line of names, then a line for each value of the symbol that has several
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

const EXAMPLES: &str = "Examples:
  dini solve 'z = tanh(w*z + x)' --with w=0.5,x=0.3
  dini solve 'x^2 + y^2 = r^2' 'y = x' --with r=2 --start x=1,y=1 --json
  dini solve 'exp(z) = a*z' --with a=3 --bracket 1,2
  dini solve --file problem.toml --with r=3
  dini solve 'x^2 = a + b' --with a=2,b=a/3
  dini solve 'x[i]^2 - x[i-1] = h for i = 1..n' 'x[0] = 1' --with n=3,h=0.5
  dini solve 'y = if(x < 1, x, 2*x - 1)' --with x=3
  dini solve 'x^3 - x = a' --with a=-1..1:0.25 --csv
  dini solve 'h^2 = K*(c - h)' --with K=1e-5,c=0.1 --bounds h=0..0.1
  dini solve 'z = tanh(2*z + x)' --with x=0.5 --start z=-0.9 --certify
  dini solve 'z = tanh(2*z + x)' --with x=0.5 --all --box z=-2..2

Formulas:
  + - * / ^, numbers such as 2.5e-3, pi, e, names such as x, k_1, α and x[1], a[2,3]
  exp ln log10 log2 sqrt cbrt abs sign floor ceil mod(x, y) min(x, y, ...) max(x, y, ...) pow(x, y)
  sin cos tan asin acos atan atan2(y, x) sinh cosh tanh asinh acosh atanh sigmoid
  erf erfc normcdf gamma lgamma lambertw j0 j1
  if(x < 1 and y >= 0, a, b)    conditions: < <= > >=, and, or
  sum(i, 1, n, x[i]^2), prod(i, 1, n, x[i])    the bounds are whole numbers: literals, or values given by --with
  EQUATION for i = 1..n, j = i..n    an equation for each i and j

Exit code: 0 solved, 1 not solved, 2 not understood.";

/// What there is to print, and whether the equations were solved.
#[derive(Clone, Debug)]
pub struct Report {
    /// Text, JSON or CSV, with a final line break.
    pub text: String,
    /// Whether the exit code is 0.
    pub solved: bool,
}

/// Solves and renders: the whole command but for printing.
///
/// # Errors
/// [`SolveError`] where the request is not understood: exit code 2, nothing on standard output.
pub fn run(args: &SolveArgs) -> Result<Report, SolveError> {
    let request = Request::new(args)?;
    if let Some(sweep) = request.sweep().filter(|_| args.certify || args.all) {
        let flag = if args.all { "--all" } else { "--certify" };
        return Err(SolveError::Option(format!(
            "{flag} is for one value of every symbol; `{}` has several",
            sweep.name
        )));
    }
    if args.all {
        let every = Every::of(request.setup(None)?, &request.sides, args.certify)?;
        let text = if args.json { format!("{:#}\n", every.to_json()) } else { every.to_string() };
        return Ok(Report { text, solved: every.complete() });
    }
    if request.sweep().is_none() && !args.csv {
        return single(&request.setup(None)?, args);
    }
    let table = sweep::sweep(&request)?;
    let text = match (args.csv, args.json) {
        (true, _) => table.to_csv()?,
        (false, true) => format!("{:#}\n", table.to_json()),
        (false, false) => table.to_string(),
    };
    Ok(Report { text, solved: table.solved() })
}

/// One root, and what is proved of it if that is asked for.
fn single(setup: &request::Setup, args: &SolveArgs) -> Result<Report, SolveError> {
    let model = Model::new(&setup.system)?;
    let answer = Answer::by(&model, setup)?;
    let proof = if args.certify { Some(Proof::of(&model.problem.programs()?, &setup.system, &answer)) } else { None };
    let text = if args.json {
        let mut json = answer.to_json();
        if let (Some(fields), Some(proof)) = (json.as_object_mut(), &proof) {
            fields.insert("certificate".to_owned(), proof.to_json());
        }
        format!("{json:#}\n")
    } else {
        format!("{answer}{}", proof.map(|proof| proof.to_string()).unwrap_or_default())
    };
    Ok(Report { text, solved: answer.solved() })
}

/// Solves at one value of every symbol.
///
/// # Errors
/// As [`run`]; also where a symbol has several values.
pub fn solve(args: &SolveArgs) -> Result<Answer, SolveError> {
    let request = Request::new(args)?;
    match request.sweep() {
        None => Answer::of(&request.setup(None)?),
        Some(sweep) => Err(SolveError::Option(format!("`{}` has several values", sweep.name))),
    }
}
