//! Errors that point into the text the user typed.

use std::fmt;

use crate::text::{clipped, shown, steers};

/// Columns of source text shown above the caret.
const SHOWN: usize = 72;

/// Longest message shown, in characters: names may be of any length.
const LONGEST: usize = 400;

/// A mistake in a formula, an equation or an assignment list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The whole text that was refused.
    pub text: String,
    /// Index of the offending character, counted in characters from 0; one
    /// past the last character if something is missing at the end.
    pub position: usize,
    /// What is wrong, without a trailing full stop.
    pub message: String,
    /// How to mend it, where that can be guessed.
    pub hint: Option<String>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.excerpt();
        f.write_str(&shown(&clipped(&self.message, LONGEST)))?;
        if let Some(hint) = &self.hint {
            write!(f, " ({})", clipped(hint, LONGEST))?;
        }
        write!(f, "\n  {line}\n  {:>1$}", '^', column + 1)
    }
}

impl std::error::Error for SyntaxError {}

impl SyntaxError {
    /// The part of the text around the mistake, on one line, and the column
    /// of the mistake in it.
    fn excerpt(&self) -> (String, usize) {
        let start = self.position.saturating_sub(SHOWN - SHOWN / 4);
        let mut shown: String = self
            .text
            .chars()
            .skip(start)
            .take(SHOWN)
            // A line break or a tab would part the caret from its character.
            .map(|c| if steers(c) { ' ' } else { c })
            .collect();
        let mut column = self.position - start;
        if self.text.chars().nth(start + SHOWN).is_some() {
            shown.push('…');
        }
        if start > 0 {
            shown.insert(0, '…');
            column += 1;
        }
        (shown, column)
    }
}

/// A mistake found by a stage that sees tokens and not the whole text.
#[derive(Debug)]
pub(super) struct Fault {
    position: usize,
    message: String,
    hint: Option<String>,
}

impl Fault {
    pub(super) fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Completes the fault with the text its position refers to.
    pub(super) fn in_text(self, text: &str) -> SyntaxError {
        SyntaxError { text: text.to_owned(), position: self.position, message: self.message, hint: self.hint }
    }
}
