//! Splits formula text into tokens that know their place.

use super::syntax_error::Fault;

/// Longest text accepted, in characters: far above any formula worth typing,
/// and low enough for mistakes to be reported at once.
pub(super) const MAX_LENGTH: usize = 8_000;

/// Longest name accepted: messages show names.
const LONGEST_NAME: usize = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Name,
    /// One of `+ - * / ^`.
    Operator,
    /// One of `< <= > >= == !=` and `≤ ≥ ≠`.
    Comparison,
    /// `&&` or `||`; the words `and` and `or` are names.
    Logic,
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Comma,
    Equals,
    /// `..`
    Range,
    /// `:`, before the step of a range.
    Colon,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Index of the first character, counted in characters.
    pub(super) position: usize,
}

/// Splits `text`, refusing characters and spellings no formula can contain.
pub(super) fn tokenize(text: &str) -> Result<Vec<Token<'_>>, Fault> {
    if text.chars().nth(MAX_LENGTH).is_some() {
        let message = format!("the text is longer than {MAX_LENGTH} characters");
        return Err(Fault::new(MAX_LENGTH, message));
    }
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut position = 0;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_whitespace() {
            first.len_utf8()
        } else {
            let (kind, length) = next_token(rest, first, position)?;
            let text = &rest[..length];
            tokens.push(Token { kind, text, position });
            length
        };
        position += rest[..length].chars().count();
        rest = &rest[length..];
    }
    Ok(tokens)
}

/// Kind and byte length of the token that `rest` starts with.
fn next_token(rest: &str, first: char, position: usize) -> Result<(Kind, usize), Fault> {
    let second = rest[first.len_utf8()..].chars().next();
    let kind = match first {
        '.' if second == Some('.') => return Ok((Kind::Range, 2)),
        '0'..='9' | '.' => return number(rest, position).map(|length| (Kind::Number, length)),
        _ if starts_name(first) => {
            let length = name_length(rest);
            if rest[..length].chars().nth(LONGEST_NAME).is_some() {
                return Err(Fault::new(position, format!("a name is longer than {LONGEST_NAME} characters")));
            }
            return Ok((Kind::Name, length));
        }
        '*' if second == Some('*') => {
            return Err(Fault::new(position, "`**` is not an operator").hint("write ^ for a power"));
        }
        '<' | '>' | '=' | '!' if second == Some('=') => return Ok((Kind::Comparison, 2)),
        '<' | '>' | '≤' | '≥' | '≠' => Kind::Comparison,
        '&' | '|' if second == Some(first) => return Ok((Kind::Logic, 2)),
        '!' => {
            let fault = Fault::new(position, "`!` is not an operator");
            return Err(fault.hint("write gamma(x + 1) for a factorial"));
        }
        '+' | '-' | '*' | '/' | '^' => Kind::Operator,
        '(' => Kind::Open,
        ')' => Kind::Close,
        '[' => Kind::OpenIndex,
        ']' => Kind::CloseIndex,
        ',' => Kind::Comma,
        ':' => Kind::Colon,
        '=' => Kind::Equals,
        _ => {
            let fault = Fault::new(position, format!("unknown character `{first}`"));
            return Err(match ascii_spelling(first) {
                Some(spelling) => fault.hint(format!("write {spelling}")),
                None => fault,
            });
        }
    };
    Ok((kind, first.len_utf8()))
}

/// What to type for characters that come with text copied from elsewhere.
fn ascii_spelling(c: char) -> Option<&'static str> {
    Some(match c {
        '−' | '–' | '—' => "-",
        '×' | '·' | '⋅' | '∗' => "*",
        '÷' | '∕' => "/",
        '²' => "^2",
        '³' => "^3",
        '√' => "sqrt(...)",
        '|' => "abs(...)",
        '%' => "mod(x, y) for a remainder, 0.01*x for a share",
        '°' => "*pi/180",
        '₀'..='₉' => "a plain digit, as in x1",
        '{' => "(",
        '}' => ")",
        '&' => "&& or the word and, inside if(...)",
        ';' => "a comma between values, one text for each equation",
        _ => return None,
    })
}

fn starts_name(c: char) -> bool {
    let greek = ('\u{370}'..='\u{3ff}').contains(&c) && c.is_alphabetic();
    c.is_ascii_alphabetic() || c == '_' || greek
}

fn name_length(rest: &str) -> usize {
    rest.find(|c: char| !starts_name(c) && !c.is_ascii_digit()).unwrap_or(rest.len())
}

/// Byte length of the number at the start of `rest`, or what is wrong with it.
fn number(rest: &str, position: usize) -> Result<usize, Fault> {
    let length = number_length(rest);
    let after = &rest[length..];
    let hint = if length == 0 {
        "a number needs a digit"
    } else if after.starts_with('.') && !after.starts_with("..") {
        "a number has one decimal point"
    } else if after.starts_with(['e', 'E']) && name_length(after) == 1 {
        // `2exp(x)` is a product without `*`, not a number: the grammar says so.
        "an exponent needs digits, as in 1e-3"
    } else if rest[..length].parse().is_ok_and(f64::is_finite) {
        return Ok(length);
    } else {
        "it exceeds the range of floating-point numbers"
    };
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
    let message = format!("malformed number `{}`", &rest[..end]);
    Err(Fault::new(position, message).hint(hint))
}

/// Byte length of the longest number `rest` starts with, 0 if with none.
fn number_length(rest: &str) -> usize {
    let digits = |from: usize| {
        let tail = rest.as_bytes().get(from..).unwrap_or_default();
        from + tail.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let whole = digits(0);
    let mut end = whole;
    // `1..3` is a range from 1 to 3
    if rest[whole..].starts_with('.') && !rest[whole..].starts_with("..") {
        let fraction = digits(whole + 1);
        if whole == 0 && fraction == 1 {
            return 0;
        }
        end = fraction;
    }
    if end > 0 && rest[end..].starts_with(['e', 'E']) {
        let signed = usize::from(rest[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + signed);
        if exponent > end + 1 + signed {
            end = exponent;
        }
    }
    end
}
