//! Several values of one symbol: `1..5:0.5` and `[1, 2, 5]`.

use super::expression::constant;
use super::statement::outside_groups;
use super::syntax_error::Fault;
use super::token::{Kind, Token};

/// Most values of a sweep.
const MOST: usize = 10_000;
/// How far the last step may miss the end, in steps.
const MISS: f64 = 1e-9;

/// The values that `tokens` list, if they are a range or a list; `whole` is where the absence of a number is reported.
pub(super) fn sweep(tokens: &[Token<'_>], whole: usize, name: &str) -> Result<Option<Vec<f64>>, Fault> {
    if let Some(dots) = outside_groups(tokens, |token| token.kind == Kind::Range).first() {
        return range(&tokens[..*dots], &tokens[dots + 1..], tokens[*dots].position, name).map(Some);
    }
    match tokens {
        [open, inner @ .., close] if open.kind == Kind::OpenIndex && close.kind == Kind::CloseIndex => {
            list(inner, whole, name).map(Some)
        }
        _ => Ok(None),
    }
}

fn list(tokens: &[Token<'_>], whole: usize, name: &str) -> Result<Vec<f64>, Fault> {
    let mut ends = outside_groups(tokens, |token| token.kind == Kind::Comma);
    ends.push(tokens.len());
    let mut start = 0;
    let mut values = Vec::with_capacity(ends.len());
    for end in ends {
        values.push(constant(&tokens[start..end], whole, &format!("a value of `{name}`"))?);
        start = end + 1;
    }
    check_count(values.len() as f64, whole, name)?;
    Ok(values)
}

/// first, first + step, ... up to last; a step of 1 or -1 where none is given.
fn range(first: &[Token<'_>], rest: &[Token<'_>], position: usize, name: &str) -> Result<Vec<f64>, Fault> {
    let colon = outside_groups(rest, |token| token.kind == Kind::Colon);
    let (last, step) = match colon[..] {
        [] => (rest, None),
        [at, ..] => (&rest[..at], Some((&rest[at + 1..], rest[at].position))),
    };
    for (side, what) in [(first, "start"), (last, "end")] {
        if side.is_empty() {
            return Err(
                Fault::new(position, format!("the range of `{name}` has no {what}")).hint("write first..last:step")
            );
        }
    }
    let first = constant(first, position, &format!("the start of the range of `{name}`"))?;
    let last = constant(last, position, &format!("the end of the range of `{name}`"))?;
    let step = match step {
        Some((tokens, position)) => constant(tokens, position, &format!("the step of the range of `{name}`"))?,
        None if last < first => -1.0,
        None => 1.0,
    };
    let steps = (last - first) / step;
    if !(steps >= 0.0 && steps.is_finite()) && last != first {
        return Err(Fault::new(position, format!("steps of {step} do not lead from {first} to {last}")));
    }
    let count = if last == first { 0.0 } else { (steps + MISS).floor() };
    check_count(count + 1.0, position, name)?;
    let value = |k: usize| {
        let k = k as f64;
        // the end as it was typed
        if (k - steps).abs() <= MISS { last } else { decimal(first + k * step, first.abs().max(last.abs())) }
    };
    Ok((0..=count as usize).map(value).collect())
}

/// v without the rounding errors of a sum of decimal numbers of that size.
fn decimal(v: f64, size: f64) -> f64 {
    let digits = 14 - size.max(f64::MIN_POSITIVE).log10().ceil() as i32;
    if !(0..=300).contains(&digits) {
        return v;
    }
    let rounded = format!("{v:.*}", digits as usize).parse().unwrap_or(v);
    if rounded == 0.0 { 0.0 } else { rounded }
}

fn check_count(count: f64, position: usize, name: &str) -> Result<(), Fault> {
    if count <= MOST as f64 {
        return Ok(());
    }
    Err(Fault::new(position, format!("{count:.0} values of `{name}` are too many; at most {MOST}")))
}
