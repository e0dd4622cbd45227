//! Tests of the equation front end as a whole.

mod assignments;
mod conditions;
mod delicate;
mod derivatives;
mod formulas;
mod mutations;
mod problem_files;
mod random;
mod references;
mod refusals;
mod robustness;
mod sums;
mod systems;
mod values;

use num_dual::Dual64;

use super::{Expression, Scalar, SyntaxError};

/// Value of `text` over any scalar, with the symbols given by name.
fn evaluate<D: Scalar>(text: &str, values: &[(&str, D)]) -> D {
    let expression = Expression::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let operands: Vec<D> = expression
        .symbols()
        .iter()
        .map(|symbol| {
            let given = values.iter().find(|(name, _)| name == symbol);
            given.unwrap_or_else(|| panic!("{symbol} in {text}")).1
        })
        .collect();
    expression.evaluate(|symbol| operands[symbol])
}

/// Value and derivative with respect to the first symbol given.
fn differentiate(text: &str, values: &[(&str, f64)]) -> (f64, f64) {
    let mut values: Vec<(&str, Dual64)> = values.iter().map(|&(name, value)| (name, Dual64::from_re(value))).collect();
    values[0].1 = values[0].1.derivative();
    let result = evaluate(text, &values);
    (result.re, result.eps)
}

#[track_caller]
fn assert_close(found: f64, expected: f64, tolerance: f64, what: &str) {
    let close = (found - expected).abs() <= tolerance * expected.abs().max(f64::MIN_POSITIVE);
    let same = found == expected || (found.is_nan() && expected.is_nan());
    assert!(close || same, "{what}: {found:e}, expected {expected:e}");
}

#[track_caller]
fn assert_refused<T>(result: Result<T, SyntaxError>, position: usize, message: &str, hint: &str) {
    let Err(error) = result else {
        panic!("accepted, expected: {message}");
    };
    let found = (error.position, error.message.as_str(), error.hint.as_deref().unwrap_or_default());
    assert_eq!(found, (position, message, hint), "in {}", error.text);
}
