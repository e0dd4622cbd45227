//! What must be true of the names and numbers that come with equations.

use std::collections::{HashMap, HashSet};

use super::names::did_you_mean;
use super::system_error::{Role, SystemError};

/// Refuses starts that are not finite.
pub(super) fn check_numbers(starts: &[(String, f64)]) -> Result<(), SystemError> {
    match starts.iter().find(|(_, value)| !value.is_finite()) {
        Some((name, value)) => Err(SystemError::NotFinite { role: Role::Start, name: name.clone(), value: *value }),
        None => Ok(()),
    }
}

/// Refuses names that are repeated or are not mentioned by the equations; those of `symbols` are suggested.
pub(super) fn check_names(
    names: &[String],
    role: Role,
    symbols: &[String],
    mentioned: &HashSet<String>,
) -> Result<(), SystemError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(SystemError::Duplicate { role, name: name.clone() });
        }
        if !mentioned.contains(name) {
            let suggestion = did_you_mean(name, symbols.iter().map(String::as_str));
            return Err(SystemError::NotInEquations { role, name: name.clone(), suggestion });
        }
    }
    Ok(())
}

/// The starts in the order of the unknowns, 0 where there is none.
pub(super) fn start_vector(
    starts: Vec<(String, f64)>,
    unknowns: &[String],
    symbols: &[String],
    mentioned: &HashSet<String>,
) -> Result<Vec<f64>, SystemError> {
    let (names, values): (Vec<String>, Vec<f64>) = starts.into_iter().unzip();
    check_names(&names, Role::Start, symbols, mentioned)?;
    let mut start = vec![0.0; unknowns.len()];
    let places: HashMap<&String, usize> = unknowns.iter().zip(0..).collect();
    for (name, value) in names.into_iter().zip(values) {
        match places.get(&name) {
            Some(index) => start[*index] = value,
            None => {
                let unknowns = unknowns.to_vec();
                return Err(SystemError::StartForKnown { name, unknowns });
            }
        }
    }
    Ok(start)
}
