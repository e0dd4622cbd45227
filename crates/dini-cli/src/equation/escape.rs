//! Text from elsewhere, made fit to be shown.

use std::borrow::Cow;

/// `text` with control characters, and those that change the direction of writing, as escape sequences: a terminal would obey them.
pub fn escaped(text: &str) -> Cow<'_, str> {
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| if obeyed(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(shown).collect())
}

/// The beginning of `text`, of up to `most` characters, with an ellipsis where there is more.
pub(super) fn clipped(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Whether a character does something other than to be shown.
pub(super) fn obeyed(c: char) -> bool {
    let direction =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}');
    c.is_control() || direction || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200b}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(escaped("x[1] = α²"), "x[1] = α²");
        assert_eq!((clipped("αβγ", 3), clipped("αβγ", 2)), ("αβγ".into(), "αβ…".into()));
        assert_eq!(escaped("a\u{1b}[2J\nb\u{202e}c\r"), "a\\u{1b}[2J\\nb\\u{202e}c\\r");
    }
}
