//! Functions and their first two derivatives against recorded values.

use super::twice;

/// Relative error allowed.
const TOLERANCE: f64 = 2e-15;

#[test]
fn functions_and_derivatives_have_their_recorded_values() {
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in include_str!("data/functions.txt").lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let numbers: Vec<f64> = fields[1..].iter().map(|field| field.parse().expect(line)).collect();
        let found = twice(&format!("{}(x)", fields[0]), &[("x", numbers[0])]);
        for (order, (found, expected)) in found.into_iter().zip(&numbers[1..]).enumerate() {
            // Near its zeros a function is as good as the next number to x would make it.
            let scale = expected.abs().max(numbers.get(order + 2).map_or(0.0, |next| (numbers[0] * next).abs()));
            if !((found - expected).abs() <= TOLERANCE * scale || found == *expected) {
                let what = format!("{} at {}, derivative {order}", fields[0], fields[1]);
                wrong.push(format!("{what}: {found:e}, not {expected:e}"));
            }
            checked += 1;
        }
    }
    assert!(checked > 1_000 && wrong.is_empty(), "{} wrong of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn ends_and_poles_of_special_functions() {
    // Formula, x, value and derivative.
    for (text, x, value, slope) in [
        ("lambertw(x)", -1.0 / std::f64::consts::E, -1.0, f64::INFINITY),
        ("lambertw(x)", -0.4, f64::NAN, f64::NAN),
        ("j1(x)", 0.0, 0.0, 0.5),
        ("j0(x)", 0.0, 1.0, 0.0),
        ("erf(x)", 1e200, 1.0, 0.0),
        ("erfc(x)", -1e200, 2.0, 0.0),
        ("normcdf(x)", -1e200, 0.0, 0.0),
        ("normcdf(x)", 1e200, 1.0, 0.0),
        ("gamma(x)", 200.0, f64::INFINITY, 0.0),
        ("gamma(x)", -1.0, f64::NAN, f64::NAN),
        ("lgamma(x)", -2.0, f64::INFINITY, 0.0),
    ] {
        let [found, first, _] = twice(text, &[("x", x)]);
        assert!(found == value || found.is_nan() && value.is_nan(), "{text} at {x}: {found}");
        assert!(first == slope || first.is_nan() && slope.is_nan(), "{text} at {x}: {first}");
    }
}
