//! Long, deep and damaged input, and how mistakes are displayed.

use super::assert_refused;
use crate::equation::{Statement, parse_assignments};

#[test]
fn long_and_deep_input_is_refused_rather_than_overflowing() {
    let deep = "(".repeat(100_000);
    assert_refused(Statement::parse(&deep), 8_000, "the text is longer than 8000 characters", "");
    let message = "nested more than 200 levels deep";
    assert_refused(Statement::parse(&deep[..5_000]), 200, message, "");
    assert_refused(Statement::parse(&"-".repeat(7_000)), 200, message, "");
    assert_refused(Statement::parse(&"2^".repeat(3_000)), 401, message, "");
    assert_refused(Statement::parse(&"sin(".repeat(2_000)), 803, message, "");
    assert_refused(Statement::parse(&"-(".repeat(2_000)), 200, message, "");
    assert_refused(parse_assignments(&format!("w={deep}")), 8_000, "the text is longer than 8000 characters", "");
}

#[test]
fn the_caret_stands_under_the_mistake() {
    let shown = |text: &str| Statement::parse(text).map_err(|error| error.to_string());
    assert_eq!(
        shown("z = tanhh(z)").err().as_deref(),
        Some("unknown function `tanhh` (did you mean tanh?)\n  z = tanhh(z)\n      ^")
    );
    assert_eq!(
        shown("αβ = 2\tγ").err().as_deref(),
        Some(concat!("missing operator between `2` and `γ` (write 2*γ for a product)\n", "  αβ = 2 γ\n", "         ^"))
    );
    // A long text is cut around the mistake.
    let text = format!("{}2 x{}", "x + ".repeat(500), " + x".repeat(500));
    let error = shown(&text).expect_err("refused");
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!(lines.len(), 3);
    let caret = lines[2].chars().count() - 1;
    assert_eq!(lines[1].chars().nth(caret), Some('x'));
    assert_eq!(lines[1].chars().nth(caret - 2), Some('2'));
    assert!(lines[1].chars().count() < 80 && lines[1].ends_with('…'));
}

#[test]
fn every_prefix_and_every_damaged_formula_is_handled() {
    // Nothing is asserted but that a result comes back, with its position in
    // the text.
    let text = "z = -atan2(2^-x*1.5e-3, (μ1 + pi)/sin(z)) - max(.5, z) = 0 == ! 1..2 ** ,";
    let characters: Vec<char> = text.chars().collect();
    for end in 0..=characters.len() {
        for skipped in 0..=end {
            let damaged: String =
                characters[..end].iter().enumerate().filter(|(index, _)| *index != skipped).map(|(_, c)| *c).collect();
            if let Err(error) = Statement::parse(&damaged) {
                assert!(error.position <= damaged.chars().count(), "{error}");
                assert!(error.to_string().lines().count() <= 3, "{error}");
                assert!(!error.message.starts_with("cannot parse"), "{error}");
            }
            let _ = parse_assignments(&damaged);
        }
    }
}
