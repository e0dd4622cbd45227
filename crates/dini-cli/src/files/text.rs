//! Names and messages from elsewhere, as text that can do no harm.

use std::borrow::Cow;

/// `text` with characters escaped that would steer a terminal or hide what is written: control characters, and those that
/// change the direction of writing or have no width.
pub fn shown(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(harmful) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if harmful(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmful_characters_are_escaped() {
        for plain in ["", "runs/mnist-1", "Gewichte für z\u{2217}.png", "a b\\n"] {
            assert!(matches!(shown(plain), Cow::Borrowed(text) if text == plain));
        }
        assert_eq!(shown("a\u{1b}[31mb\tc\u{9b}d\u{200b}"), "a\\u{1b}[31mb\\tc\\u{9b}d\\u{200b}");
    }
}
