//! The command line as a system, a symbol and its range.

use super::TraceArgs;
use crate::commands::solve::{Request, Setup, SolveArgs, SolveError};
use crate::equation::{Interval, listed, parse_bounds};

/// What is asked for.
pub(super) struct Traceable {
    /// The symbol traced along, and its place among the parameters.
    pub name: String,
    pub parameter: usize,
    pub range: (f64, f64),
    pub setup: Setup,
    pub max_points: Option<usize>,
    pub largest_step: Option<f64>,
}

pub(super) fn request(args: &TraceArgs) -> Result<Traceable, SolveError> {
    let refuse = |message: String| Err(SolveError::Option(message));
    let lists = args.along.iter().map(|list| parse_bounds(list)).collect::<Result<Vec<_>, _>>()?.concat();
    let (name, range) = match &lists[..] {
        [(name, Interval { low: Some(low), high: Some(high) })] => (name.clone(), (*low, *high)),
        [(name, _)] => return refuse(format!("--along {name} needs both ends of its range: write {name}=-1..1")),
        several => {
            let names: Vec<String> = several.iter().map(|(name, _)| name.clone()).collect();
            return refuse(format!("--along takes one symbol, not {}", listed(&names)));
        }
    };
    if args.max_points == Some(0) {
        return refuse("--max-points must be at least 1".to_owned());
    }
    if let Some(step) = args.largest_step.filter(|step| !(1e-6..=1.0).contains(step)) {
        return refuse(format!("--largest-step must lie between 1e-6 and 1, not {step}"));
    }
    let mut request = Request::new(&SolveArgs {
        equations: args.equations.clone(),
        with: args.with.clone(),
        unknowns: args.unknowns.clone(),
        start: args.start.clone(),
        bounds: args.bounds.clone(),
        file: args.file.clone(),
        ..SolveArgs::default()
    })?;
    if request.solves_for(&name) {
        return refuse(format!("`{name}` cannot be both traced along and solved for"));
    }
    if let Some(sweep) = request.sweep() {
        return refuse(format!("`{}` has several values; a branch is traced along --along alone", sweep.name));
    }
    request.give(&name, range.0);
    let setup = request.setup(None)?;
    let system = &setup.system;
    let Some(parameter) = system.parameters().iter().position(|known| *known == name) else {
        return refuse(format!(
            "`{name}` cannot be traced along: its value depends on others, or an index or a bound of a sum uses it"
        ));
    };
    let value = system.parameter_values()[parameter];
    if !(range.0..=range.1).contains(&value) {
        return refuse(format!("the start {name} = {value} is not in the range {}..{}", range.0, range.1));
    }
    if !(range.1 - range.0).is_finite() {
        return refuse(format!("the range of {name} is too long"));
    }
    let (max_points, largest_step) = (args.max_points, args.largest_step);
    Ok(Traceable { name, parameter, range, setup, max_points, largest_step })
}
