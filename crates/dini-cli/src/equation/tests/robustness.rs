//! Long, deep and damaged input, and how mistakes are displayed.

use std::collections::HashMap;

use dini::program::Code;

use super::assert_refused;
use crate::equation::lower::Lowering;
use crate::equation::{Given, Statement, System, parse_assignments, parse_bounds, parse_names, parse_values};

#[test]
fn long_and_deep_input_is_refused_rather_than_overflowing() {
    let deep = "(".repeat(100_000);
    assert_refused(Statement::parse(&deep), 8_000, "the text is longer than 8000 characters", "");
    let message = "nested more than 100 levels deep";
    assert_refused(Statement::parse(&deep[..5_000]), 100, message, "");
    assert_refused(Statement::parse(&"-".repeat(7_000)), 100, message, "");
    assert_refused(Statement::parse(&"2^".repeat(3_000)), 201, message, "");
    assert_refused(Statement::parse(&"sin(".repeat(2_000)), 403, message, "");
    assert_refused(Statement::parse(&"-(".repeat(2_000)), 100, message, "");
    assert_refused(Statement::parse(&"if(".repeat(2_000)), 302, message, "");
    assert_refused(Statement::parse(&"x[".repeat(2_000)), 201, message, "");
    assert_refused(Statement::parse(&"sum(i, 1, 2, ".repeat(500)), 1_303, message, "");
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
    damage("z = -atan2(2^-x*1.5e-3, (μ1 + pi)/sin(z)) - max(.5, z) = 0 == ! 1..2 ** ,");
    damage("x[i,2] = if((1 <= y[2*i] or b) && x != 1, sum(k, 1, 3, k*a[k]), prod(j, 1, n, 2)) for i = 1..3, n in 2..i");
}

/// Tries every prefix of `text`, also without one of its characters.
fn damage(text: &str) {
    let characters: Vec<char> = text.chars().collect();
    for end in 0..=characters.len() {
        for skipped in 0..=end {
            let damaged: String =
                characters[..end].iter().enumerate().filter(|(index, _)| *index != skipped).map(|(_, c)| *c).collect();
            digest(&damaged);
        }
    }
}

/// Reads a text as everything it could be.
fn digest(text: &str) {
    let values = HashMap::from([("n".to_owned(), 2.0)]);
    let mut lowering = Lowering::new(Some(&values));
    match Statement::parse(text).and_then(|statement| statement.equations(&mut lowering)) {
        Ok(equations) => {
            let (graph, symbols) = lowering.finish();
            let outputs: Vec<_> = equations.iter().map(|equation| equation.residual).collect();
            let inputs: Vec<f64> = (0..symbols.len()).map(|symbol| symbol as f64).collect();
            Code::new(&graph, &outputs, inputs.len()).run_one(&[&inputs], |_, _| {});
        }
        Err(error) => {
            assert!(error.position <= text.chars().count(), "{error}");
            assert!(error.to_string().lines().count() <= 3, "{error}");
            assert!(!error.message.is_empty() && !error.message.contains("``"), "{error}");
        }
    }
    let _ = parse_assignments(text);
    let _ = parse_names(text);
    let _ = parse_bounds(text);
    if let Ok(values) = parse_values(text) {
        let _ = System::new(&["z = a"], Given { values, ..Given::default() });
    }
}

#[test]
fn random_tokens_are_handled() {
    const PIECES: [&str; 44] = [
        "x",
        "i",
        "n",
        "e",
        "for",
        "and",
        "or",
        "in",
        "if",
        "sum",
        "prod",
        "sin",
        "max",
        "mod",
        "log",
        "foo",
        "1",
        "2.5",
        "3",
        "1e5",
        "+",
        "-",
        "*",
        "/",
        "^",
        "<",
        ">=",
        "==",
        "=",
        "&&",
        "||",
        "(",
        ")",
        "(",
        ")",
        "[",
        "]",
        ",",
        ",",
        "..",
        "!",
        "if(x < 1, ",
        "sum(i, 1, 3, ",
        "x[i]",
    ];
    // A linear congruential generator; the test must not vary.
    let mut state = 7_u64;
    let mut below = |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n
    };
    for _ in 0..30_000 {
        let pieces: Vec<&str> = (0..1 + below(14)).map(|_| PIECES[below(PIECES.len())]).collect();
        digest(&pieces.join([" ", ""][below(2)]));
    }
}
