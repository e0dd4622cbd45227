//! Names of unknowns and parameters, for messages.

use crate::Error;

/// Names as stated; what has none is called by its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub unknowns: Vec<String>,
    pub parameters: Vec<String>,
}

impl Names {
    /// There must be as many as unknowns and parameters, or none.
    pub fn check(&self, n: usize, p: usize) -> Result<(), Error> {
        let counts =
            [("the names of the unknowns", &self.unknowns, n), ("the names of the parameters", &self.parameters, p)];
        match counts.iter().find(|(_, names, count)| !names.is_empty() && names.len() != *count) {
            Some((what, names, count)) => Err(Error::shape(what, (1, *count), (1, names.len()))),
            None => Ok(()),
        }
    }

    pub fn unknown(&self, j: usize) -> String {
        self.unknowns.get(j).map_or_else(|| format!("z[{j}]"), |name| format!("`{name}`"))
    }

    pub fn parameter(&self, k: usize) -> String {
        self.parameters.get(k).map_or_else(|| format!("a[{k}]"), |name| format!("`{name}`"))
    }
}
