//! Reasons why equations, values and unknowns do not make up a system.

use super::syntax_error::SyntaxError;
use crate::text::clipped;

/// A system that cannot be set up. Except for mistakes inside an equation,
/// each is one line of text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SystemError {
    /// An equation cannot be read.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// There is nothing to solve.
    #[error("no equation is given")]
    NoEquation,
    /// A name is given twice in the same list.
    #[error("{role} `{name}` is given twice")]
    Duplicate {
        /// What the name is given as.
        role: Role,
        /// The name.
        name: String,
    },
    /// A value or start is infinite or not a number.
    #[error("{role} `{name}` must be finite, not {value}")]
    NotFinite {
        /// What the number is given for.
        role: Role,
        /// The name it is given to.
        name: String,
        /// The number.
        value: f64,
    },
    /// A name is given that no equation mentions.
    #[error("{role} `{name}`: no equation mentions `{name}`{suggestion}")]
    NotInEquations {
        /// What the name is given as.
        role: Role,
        /// The name.
        name: String,
        /// A guess at the name that was meant, ready to be appended; may be
        /// empty.
        suggestion: String,
    },
    /// A symbol is both to be solved for and given.
    #[error("`{name}` is to be solved for (--for) and cannot have a value (--with) as well")]
    ValueForUnknown {
        /// The symbol.
        name: String,
    },
    /// A symbol is neither to be solved for nor given.
    #[error("`{name}` has neither a value (--with {name}=...) nor a place in --for")]
    Unbound {
        /// The symbol.
        name: String,
    },
    /// A value depends on a symbol that has none.
    #[error(
        "--with `{name}` depends on `{symbol}`, which has no value: give it one (--with {symbol}=...), or make \
         `{name} = ...` an equation{suggestion}"
    )]
    NoValue {
        /// What the value is for.
        name: String,
        /// What it depends on.
        symbol: String,
        /// A guess at the name that was meant, ready to be appended; may be empty.
        suggestion: String,
    },
    /// Values depend on each other.
    #[error("the values of --with depend on each other in a circle: {}", shortened(circle, " -> "))]
    Circle {
        /// The names on the circle; the last is the first.
        circle: Vec<String>,
    },
    /// A letter that stands for a constant looks like a quantity of the user's.
    #[error(
        "is `{name}` the constant {value}? Beside other letters it may be meant as a quantity of its own: give it a value \
         (--with {name}=...), solve for it (--for {name},...), or write exp(1) for the constant"
    )]
    LooksLikeAQuantity {
        /// The letter.
        name: String,
        /// What it stands for.
        value: f64,
    },
    /// A start is given to something that is not solved for.
    #[error("--start `{name}`: `{name}` has a fixed value; starts are for the unknowns ({})", listed(unknowns))]
    StartForKnown {
        /// The symbol.
        name: String,
        /// What is solved for.
        unknowns: Vec<String>,
    },
    /// Equations and unknowns differ in number.
    #[error("{}", count_message(*equations, unknowns, values, constants))]
    Count {
        /// Number of equations.
        equations: usize,
        /// The unknowns.
        unknowns: Vec<String>,
        /// Names with a value.
        values: Vec<String>,
        /// Names that stand for constants.
        constants: Vec<String>,
    },
}

/// What a name on the command line or in a problem file is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A symbol with a value.
    Value,
    /// A symbol to solve for.
    Unknown,
    /// An unknown with a start.
    Start,
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Value => "--with",
            Self::Unknown => "--for",
            Self::Start => "--start",
        })
    }
}

/// Most names in a message, and most characters of each.
const NAMES: usize = 20;
const LONGEST: usize = 80;

/// Names, of which only the first are shown where they are many.
pub fn listed(names: &[String]) -> String {
    shortened(names, ", ")
}

fn shortened(names: &[String], separator: &str) -> String {
    let shown: Vec<_> = names.iter().take(NAMES).map(|name| clipped(name, LONGEST)).collect();
    let shown = shown.join(separator);
    match names.len().checked_sub(NAMES) {
        Some(more) if more > 0 => format!("{shown}{separator}... {more} more"),
        _ => shown,
    }
}

fn count_message(equations: usize, unknowns: &[String], values: &[String], constants: &[String]) -> String {
    let counted = |n: usize, noun: &str| format!("{n} {noun}{}", if n == 1 { "" } else { "s" });
    let left = counted(equations, "equation");
    if unknowns.is_empty() {
        let message = format!("{left} but no unknown: every symbol has a value");
        return match constants.first() {
            Some(name) => format!("{message} (`{name}` is a constant; --for {name} solves for it)"),
            None => message,
        };
    }
    let count = unknowns.len();
    let message = format!("{left} but {} ({})", counted(count, "unknown"), listed(unknowns));
    if count > equations {
        let excess = count - equations;
        let example = &unknowns[count - 1];
        return format!(
            "{message}: give a value to {excess} of them (--with {example}=...), or add {}",
            counted(excess, "equation")
        );
    }
    let excess = equations - count;
    let remedy = if values.is_empty() {
        String::new()
    } else {
        format!(", or take {} away from {}", counted(excess, "value"), listed(values))
    };
    format!("{message}: leave out {}{remedy}; there is no least-squares fit here", counted(excess, "equation"))
}
