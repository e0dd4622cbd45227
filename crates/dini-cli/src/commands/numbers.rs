//! Numbers given to options, within their ranges.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The number that `text` is, for a `value_parser`.
///
/// # Errors
/// What is no number, or lies outside the range: the error states the range, and the argument parser the option.
pub(super) fn within<T: FromStr + PartialOrd + Display>(text: &str, range: RangeInclusive<T>) -> Result<T, String> {
    let number = text.trim().parse().ok().filter(|v| range.contains(v));
    number.ok_or_else(|| format!("it must lie in {}..={}", range.start(), range.end()))
}

/// The same of a range without its ends.
///
/// # Errors
/// As [`within`].
pub(super) fn between(text: &str, (low, high): (f64, f64)) -> Result<f64, String> {
    let number = text.trim().parse().ok().filter(|v| *v > low && *v < high);
    number.ok_or_else(|| format!("it must lie between {low} and {high}"))
}

/// A seed of random numbers.
///
/// # Errors
/// As [`within`].
pub(super) fn seed(text: &str) -> Result<u64, String> {
    within(text, 0..=u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_within_the_range_are_taken() {
        assert_eq!(within(" 3 ", 1..=3), Ok(3usize));
        assert_eq!(within("0", 0.0..=3600.0), Ok(0.0));
        for text in ["0", "4", "-1", "", "nan", "1.5", "9223372036854775808", "99999999999999999999999"] {
            assert_eq!(within(text, 1..=3usize), Err("it must lie in 1..=3".to_owned()), "{text}");
        }
        for text in ["nan", "inf", "-1e-300", "1e300", "3600.1", "x"] {
            assert_eq!(within(text, 0.0..=3600.0), Err("it must lie in 0..=3600".to_owned()), "{text}");
        }
        assert_eq!(between("0.5", (0.0, 0.95)), Ok(0.5));
        for text in ["0", "-0", "0.95", "nan", "inf", "-inf", ""] {
            assert_eq!(between(text, (0.0, 0.95)), Err("it must lie between 0 and 0.95".to_owned()), "{text}");
        }
        assert_eq!(seed("18446744073709551615"), Ok(u64::MAX));
        assert!(seed("-1").is_err_and(|why| why.contains("0..=18446744073709551615")));
    }
}
