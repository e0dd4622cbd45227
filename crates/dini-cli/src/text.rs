//! Names and messages from elsewhere, as text that can do no harm.

use std::borrow::Cow;
use std::path::Path;

/// `text` with characters escaped that do something other than to be shown.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// A path as text: bytes that are not UTF-8 are written `\xff`.
pub fn path(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// A path as text that can do no harm.
pub fn shown_path(name: &Path) -> String {
    shown(&path(name)).into_owned()
}

/// The beginning of `text`, of up to `most` characters, with an ellipsis where there is more.
pub fn clipped(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Whether a character steers a terminal or hides what is written: control characters, and those that change the direction of writing or
/// have no width.
pub fn steers(c: char) -> bool {
    let hidden = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_harmful_characters_are_escaped() {
        for plain in ["", "runs/mnist-1", "Gewichte für z\u{2217}.png", "a b\\n"] {
            assert!(matches!(shown(plain), Cow::Borrowed(text) if text == plain));
        }
        assert_eq!((clipped("αβγ", 3), clipped("αβγ", 2)), ("αβγ".into(), "αβ…".into()));
        assert_eq!(shown("a\u{1b}[31mb\tc\u{9b}d\u{200b}"), "a\\u{1b}[31mb\\tc\\u{9b}d\\u{200b}");
    }
}
