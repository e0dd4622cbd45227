//! Problem files: systems too large for a command line, in TOML or as plain text with an equation a line.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::assignment::parse_name;
use super::expression::parse_constant;
use super::interval::{Interval, parse_interval};
use super::names::did_you_mean;
use super::statement::Statement;
use super::syntax_error::SyntaxError;
use super::values::Definition;
use crate::text::shown;

const KEYS: [&str; 9] = ["equations", "with", "for", "start", "bounds", "bracket", "tol", "solver", "max_iterations"];

/// The contents of a problem file; a key that is absent is `None` or empty.
///
/// ```toml
/// equations = ["x^2 + y^2 = r^2", "y = exp(-x)"]
/// for = ["x", "y"]
/// tol = 1e-12
///
/// [with]
/// r = "sqrt(2)"
///
/// [start]
/// x = 1
///
/// [bounds]
/// x = "0.."
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProblemFile {
    /// The equations, not yet parsed.
    pub equations: Option<Vec<String>>,
    /// The line of each of them, from 1.
    pub lines: Vec<usize>,
    /// Values of symbols, in the order of the file.
    pub with: Vec<Definition>,
    /// The symbols to solve for (key `for`).
    pub unknowns: Option<Vec<String>>,
    /// Where to start the iteration, in the order of the file.
    pub start: Vec<(String, f64)>,
    /// Intervals of unknowns, in the order of the file.
    pub bounds: Vec<(String, Interval)>,
    /// Two numbers with the root between them, not yet compared.
    pub bracket: Option<[f64; 2]>,
    /// Tolerance, positive.
    pub tol: Option<f64>,
    /// Name of the solver, not yet looked up.
    pub solver: Option<String>,
    /// Most iterations allowed, at least 1.
    pub max_iterations: Option<usize>,
}

/// A problem file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProblemFileError {
    /// A line is not TOML, or says something that is not understood.
    #[error("line {line}: {message}")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A formula that gives a value has a mistake.
    #[error("line {line}: {mistake}")]
    Formula {
        /// Line number, from 1.
        line: usize,
        /// The mistake in the formula.
        #[source]
        mistake: SyntaxError,
    },
}

impl ProblemFile {
    /// Reads the text of a problem file in TOML.
    pub fn parse(text: &str) -> Result<Self, ProblemFileError> {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Reader { text, breaks }.file()
    }

    /// Whether a text looks like TOML: a line begins with one of the keys, or with `[`.
    pub fn is_toml(text: &str) -> bool {
        text.lines().any(|line| {
            let key = line.split_once('=').map_or("", |(key, _)| key.trim());
            KEYS.contains(&key) || line.trim_start().starts_with('[')
        })
    }

    /// Reads a plain text: an equation a line, with comments after `#`.
    pub fn plain(text: &str) -> Self {
        let code = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
        let lines = text.lines().map(code).zip(1..).filter(|(line, _)| !line.is_empty());
        let (equations, lines) = lines.unzip();
        ProblemFile { equations: Some(equations), lines, ..ProblemFile::default() }
    }

    /// Checks that every equation can be read.
    pub fn check_equations(&self) -> Result<(), ProblemFileError> {
        for (equation, &line) in self.equations.iter().flatten().zip(&self.lines) {
            Statement::parse(equation).map_err(|mistake| ProblemFileError::Formula { line, mistake })?;
        }
        Ok(())
    }
}

type Value<'t> = Spanned<DeValue<'t>>;

struct Reader<'t> {
    text: &'t str,
    /// where lines end
    breaks: Vec<usize>,
}

impl Reader<'_> {
    fn file(&self) -> Result<ProblemFile, ProblemFileError> {
        let document = DeTable::parse(self.text).map_err(|error| {
            let message = format!("not TOML: {}", error.message().replace('\n', " "));
            self.refuse(error.span().unwrap_or_default(), message)
        })?;
        let mut file = ProblemFile::default();
        for (key, value) in document.get_ref() {
            match key.get_ref().as_ref() {
                "equations" => {
                    file.equations = Some(self.strings("equations", value)?);
                    if let DeValue::Array(items) = value.get_ref() {
                        file.lines = items.iter().map(|item| self.line(item.span())).collect();
                    }
                }
                "with" => {
                    file.with = self.entries("with", value, |path, name, value| self.definition(path, name, value))?
                }
                "for" => file.unknowns = Some(self.strings("for", value)?),
                "start" => {
                    file.start =
                        self.entries("start", value, |path, name, value| Ok((name, self.constant(path, value)?)))?;
                }
                "bounds" => {
                    file.bounds = self.entries("bounds", value, |path, name, value| {
                        let text = self.string(path, value)?;
                        let interval = parse_interval(&text, &name).map_err(|mistake| self.formula(value, mistake))?;
                        Ok((name, interval))
                    })?;
                }
                "bracket" => file.bracket = Some(self.bracket(value)?),
                "tol" => file.tol = Some(self.tolerance(value)?),
                "solver" => file.solver = Some(self.string("solver", value)?),
                "max_iterations" => file.max_iterations = Some(self.count(value)?),
                unknown => {
                    let suggestion = did_you_mean(unknown, KEYS);
                    let message = if suggestion.is_empty() {
                        format!("unknown key `{unknown}`; known are {}", KEYS.join(", "))
                    } else {
                        format!("unknown key `{unknown}`{suggestion}")
                    };
                    return Err(self.refuse(key.span(), message));
                }
            }
        }
        Ok(file)
    }

    fn strings(&self, key: &str, value: &Value<'_>) -> Result<Vec<String>, ProblemFileError> {
        let DeValue::Array(items) = value.get_ref() else {
            return Err(self.wrong_type(key, "an array of strings", value));
        };
        items
            .iter()
            .map(|item| match item.get_ref() {
                DeValue::String(string) => Ok(string.to_string()),
                _ => Err(self.wrong_type(key, "an array of strings", item)),
            })
            .collect()
    }

    fn string(&self, key: &str, value: &Value<'_>) -> Result<String, ProblemFileError> {
        match value.get_ref() {
            DeValue::String(string) => Ok(string.to_string()),
            _ => Err(self.wrong_type(key, "a string", value)),
        }
    }

    /// What `read` makes of the entries of a table, given their path, name and value.
    fn entries<T>(
        &self,
        key: &str,
        value: &Value<'_>,
        read: impl Fn(&str, String, &Value<'_>) -> Result<T, ProblemFileError>,
    ) -> Result<Vec<T>, ProblemFileError> {
        let DeValue::Table(table) = value.get_ref() else {
            return Err(self.wrong_type(key, "a table", value));
        };
        // The table is sorted by name; the user's own order is of more use.
        let mut entries: Vec<_> = table.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .map(|(name, value)| {
                let path = format!("{key}.{}", name.get_ref());
                let line = self.line(name.span());
                let name = parse_name(name.get_ref()).map_err(|mistake| ProblemFileError::Formula { line, mistake })?;
                read(&path, name, value)
            })
            .collect()
    }

    fn definition(&self, path: &str, name: String, value: &Value<'_>) -> Result<Definition, ProblemFileError> {
        match value.get_ref() {
            DeValue::String(formula) => {
                Definition::parse(name, formula).map_err(|mistake| self.formula(value, mistake))
            }
            DeValue::Array(items) => {
                let values = items.iter().map(|item| self.constant(path, item)).collect::<Result<Vec<_>, _>>()?;
                let empty = || self.refuse(value.span(), format!("`{path}` lists no value"));
                Definition::several(name, values).ok_or_else(empty)
            }
            _ => Ok(Definition::number(name, self.constant(path, value)?)),
        }
    }

    fn bracket(&self, value: &Value<'_>) -> Result<[f64; 2], ProblemFileError> {
        match value.get_ref() {
            DeValue::Array(ends) if ends.len() == 2 => {
                Ok([self.constant("bracket", &ends[0])?, self.constant("bracket", &ends[1])?])
            }
            DeValue::Array(ends) => {
                let message = format!("`bracket` must be two numbers, not {}", ends.len());
                Err(self.refuse(value.span(), message))
            }
            _ => Err(self.wrong_type("bracket", "an array of two numbers", value)),
        }
    }

    fn constant(&self, key: &str, value: &Value<'_>) -> Result<f64, ProblemFileError> {
        if let DeValue::String(formula) = value.get_ref() {
            return parse_constant(formula, &format!("`{key}`")).map_err(|mistake| self.formula(value, mistake));
        }
        let number = number(value).ok_or_else(|| self.wrong_type(key, "a number or a string with a formula", value))?;
        if number.is_finite() {
            Ok(number)
        } else {
            let message = format!("`{key}` must be finite, not {number}");
            Err(self.refuse(value.span(), message))
        }
    }

    fn tolerance(&self, value: &Value<'_>) -> Result<f64, ProblemFileError> {
        let tolerance = number(value).ok_or_else(|| self.wrong_type("tol", "a positive number", value))?;
        if tolerance > 0.0 && tolerance.is_finite() {
            Ok(tolerance)
        } else {
            let message = format!("`tol` must be positive and finite, not {tolerance}");
            Err(self.refuse(value.span(), message))
        }
    }

    fn count(&self, value: &Value<'_>) -> Result<usize, ProblemFileError> {
        let DeValue::Integer(integer) = value.get_ref() else {
            return Err(self.wrong_type("max_iterations", "a positive integer", value));
        };
        match usize::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(count) if count > 0 => Ok(count),
            _ => {
                let message = format!("`max_iterations` must be a positive integer, not {integer}");
                Err(self.refuse(value.span(), message))
            }
        }
    }

    fn wrong_type(&self, key: &str, wanted: &str, value: &Value<'_>) -> ProblemFileError {
        let found = value.get_ref().type_str();
        let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
        let message = format!("`{key}` must be {wanted}, not {article} {found}");
        self.refuse(value.span(), message)
    }

    /// A mistake in the formula that is the value.
    fn formula(&self, value: &Value<'_>, mistake: SyntaxError) -> ProblemFileError {
        ProblemFileError::Formula { line: self.line(value.span()), mistake }
    }

    fn refuse(&self, span: Range<usize>, message: String) -> ProblemFileError {
        let line = self.line(span);
        ProblemFileError::Line { line, message: shown(&message).into_owned() }
    }

    fn line(&self, span: Range<usize>) -> usize {
        1 + self.breaks.partition_point(|at| *at < span.start)
    }
}

/// The number a TOML value is, if it is one.
fn number(value: &Value<'_>) -> Option<f64> {
    match value.get_ref() {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|integer| integer as f64)
        }
        _ => None,
    }
}
