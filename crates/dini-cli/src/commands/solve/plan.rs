//! What a solver's name and a bracket ask for.

use dini::search::Plan;
use dini::solve::AnySolver;

use super::request::SolveError;
use crate::equation::listed;
use crate::text::shown;

/// Several methods from several starts.
const AUTO: &str = "auto";
/// Name of the method for a bracket, which has no start.
pub(super) const BRACKETING: &str = "bracketing";

/// What `--solver` accepts.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    AnySolver::NAMES.into_iter().chain([BRACKETING])
}

/// The plan for a name (none for the default) and the numbers of `--bracket`.
pub(super) fn plan(name: Option<&str>, bracket: &[f64]) -> Result<Plan, SolveError> {
    let name = name.unwrap_or(if bracket.is_empty() { AUTO } else { BRACKETING });
    let wanted = name.trim().to_lowercase();
    if wanted == BRACKETING {
        return between(bracket);
    }
    if !names().any(|known| known == wanted) {
        let nearest = names().min_by_key(|known| strsim::damerau_levenshtein(&wanted, known)).unwrap_or(AUTO);
        let all = names().collect::<Vec<_>>().join(", ");
        return Err(SolveError::Option(format!(
            "unknown solver `{}`; did you mean `{nearest}`? Known are {all}",
            shown(name)
        )));
    }
    if !bracket.is_empty() {
        return Err(SolveError::Option(format!("--bracket is for the solver `{BRACKETING}`, not for `{wanted}`")));
    }
    let method = AnySolver::by_name(&wanted).filter(|_| wanted != AUTO);
    Ok(method.map_or(Plan::Several, Plan::Single))
}

/// Two numbers with a root between them, if left minus right has different signs there.
fn between(ends: &[f64]) -> Result<Plan, SolveError> {
    let message = match *ends {
        [low, high] if low < high && low.is_finite() && high.is_finite() => return Ok(Plan::Between { low, high }),
        [low, high] => format!("--bracket must be two finite numbers, the lower one first, not {low},{high}"),
        [] => format!("the solver `{BRACKETING}` needs --bracket LOW,HIGH"),
        _ => format!("--bracket takes two numbers, not {}", ends.len()),
    };
    Err(SolveError::Option(message))
}

/// For a bracket there must be one unknown, without bounds, and a start given for it must lie in the bracket.
pub(super) fn check(plan: &Plan, unknowns: &[String], starts: &[Option<f64>], bounded: bool) -> Result<(), SolveError> {
    let Plan::Between { low, high } = plan else { return Ok(()) };
    let message = match (unknowns, starts) {
        ([name], [Some(start)]) if !(low <= start && start <= high) => {
            format!("the start {name} = {start} is not in the bracket {low},{high}")
        }
        ([name], _) if bounded => format!("{name} has a bracket and bounds: give one of the two"),
        ([_], _) => return Ok(()),
        _ => format!("--bracket is for one unknown, not for {}", listed(unknowns)),
    };
    Err(SolveError::Option(message))
}
