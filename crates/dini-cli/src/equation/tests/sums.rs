//! Sums, products and indexed names.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use dini::program::{Code, Graph};

use super::{assert_close, assert_refused, differentiate, evaluate};
use crate::equation::lower::Lowering;
use crate::equation::{Equation, Expression, Statement, SyntaxError};

/// The equations, what they are made of, and the symbols.
type Written = (Vec<Equation>, Graph, Vec<String>);

fn equations(text: &str, values: &[(&str, f64)]) -> Result<Written, SyntaxError> {
    let values: HashMap<String, f64> = values.iter().map(|&(name, value)| (name.to_owned(), value)).collect();
    let mut lowering = Lowering::new(Some(&values));
    let equations = Statement::parse(text)?.equations(&mut lowering)?;
    let (graph, symbols) = lowering.finish();
    Ok((equations, graph, symbols))
}

#[test]
fn sums_and_products_are_written_out() {
    let x = [("x", 2.0)];
    for (text, value, slope) in [
        ("sum(i, 1, 4, i*x)", 20.0, 10.0),
        ("sum(i, 0, 3, x^i)", 15.0, 17.0),
        ("sum(i, -1, 1, i*x)", 0.0, 0.0),
        ("sum(i, 3, 3, i*x)", 6.0, 3.0),
        ("sum(i, 1, 0, i*x)", 0.0, 0.0),
        ("prod(i, 1, 0, i*x)", 1.0, 0.0),
        ("prod(i, 1, 3, x + i)", 60.0, 47.0),
        ("sum(i, 1, 3, sum(j, 1, i, x*j))", 20.0, 10.0),
        ("sum(i, 1, 2, sum(i, 1, 2, i)*x)", 12.0, 6.0),
        ("sum(i, 1, 2+1, prod(k, i, 2*i - 1, x))", 14.0, 1.0 + 4.0 + 12.0),
        ("sum(x, 1, 3, x)*x", 12.0, 6.0),
        ("sum(i, 1, 6/2, if(i > 1, x, 0))", 4.0, 2.0),
        ("sum(pi, 1, 2, pi)*x", 6.0, 3.0),
    ] {
        assert_eq!(differentiate(&format!("{text} + 0*x"), &x), (value, slope), "{text}");
    }
    assert_close(evaluate("sum(i, 1, 100000, 1/i^2)", &[]), 1.644_924_066_898_226_3, 1e-12, "zeta(2)");
}

#[test]
fn indexed_names_are_symbols() {
    let symbols = |text: &str| Expression::parse(text).expect(text).symbols().to_vec();
    assert_eq!(symbols("x[1] + x[ 2 ]*T[0] - a[1, 2] + x"), ["x[1]", "x[2]", "T[0]", "a[1,2]", "x"]);
    assert_eq!(symbols("sum(i, 1, 2, x[i + 1]*a[i, 2*i])"), ["x[2]", "a[1,2]", "x[3]", "a[2,4]"]);
    assert_eq!(symbols("x[-1] + x[6/2] + gamma[1] + e[2]"), ["x[-1]", "x[3]", "gamma[1]", "e[2]"]);
    // an index that a condition rules out is no symbol
    assert_eq!(symbols("sum(i, 1, 2, if(i > 1 and x[i - 1] > 0, x[i - 1], x[i]))"), ["x[1]", "x[2]"]);
    assert_eq!(evaluate("sum(i, 1, 3, i*x[i])", &[("x[1]", 1.0), ("x[2]", 10.0), ("x[3]", 100.0)]), 321.0);
}

#[test]
fn bounds_and_indices_may_use_values() {
    let found = equations("sum(i, 1, n, x[i]) = x[n + 1]", &[("n", 2.0)]).expect("valid");
    assert_eq!((found.0.len(), found.2), (1, ["x[1]", "x[2]", "x[3]"].map(str::to_owned).to_vec()));
    let statement = Statement::parse("x[2*n] = m").expect("valid");
    let values = [("n".to_owned(), 3.0), ("m".to_owned(), 1.0)].into();
    let mut lowering = Lowering::new(Some(&values));
    statement.equations(&mut lowering).expect("valid");
    assert_eq!(lowering.used().iter().collect::<Vec<_>>(), ["n"]);
}

#[test]
fn a_family_is_an_equation_for_each_index() {
    let (found, graph, _) = equations("x[i]^2 = i for i = 1..3", &[]).expect("valid");
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(shown[1..], ["x[i]^2 = i for i = 1..3 at i = 2", "x[i]^2 = i for i = 1..3 at i = 3"]);
    let mut last = 0.0;
    Code::new(&graph, &[found[2].residual], 3).run_one(&[&[5.0, 5.0, 2.0]], |_, value| last = value);
    assert_eq!(last, 1.0);

    let (found, _, symbols) = equations("a[i,j] = x[j]/i for i in 1..n, j = i..2", &[("n", 2.0)]).expect("valid");
    let alone = found.iter().filter_map(|equation| equation.alone[0]).map(|symbol| symbols[symbol].as_str());
    assert_eq!(alone.collect::<Vec<_>>(), ["a[1,1]", "a[1,2]", "a[2,2]"]);

    assert_eq!(equations("x[i] = 1 for i = 2..1", &[]).expect("valid").0.len(), 0);
    // `for` is a name where an operand must come
    assert_eq!(equations("2*for = 3 for i = 1..2", &[]).expect("valid").0.len(), 2);
}

#[test]
fn bounds_and_indices_are_checked() {
    let give = |name: &str| format!("--with {name}=... gives it a value");
    // Text, position, message, hint.
    let cases = [
        ("z = sum(i, 1, n, i)", 14, "the last value of `i` must be a constant, but `n` is not", give("n")),
        ("z = sum(i, z, 3, i)", 11, "the first value of `i` must be a constant, but `z` is not", give("z")),
        ("z = sum(i, 1, 2.5, i)", 8, "the last value of `i` must be a whole number, not 2.5", String::new()),
        ("z = sum(i, 1, 1/0, i)", 8, "the last value of `i` must be a whole number, not inf", String::new()),
        ("z = sum(i, 1, 1e300, i)", 8, "the last value of `i` must be a whole number, not 1e300", String::new()),
        ("z = sum(i, 0, 1e5, i)", 8, "`i` runs over 100001 values; at most 100000 are possible", String::new()),
        ("z = x[i]", 6, "an index of `x` must be a constant, but `i` is not", give("i")),
        ("z = x[1/2]", 4, "an index of `x` must be a whole number, not 0.5", String::new()),
        ("z = x[y[1]]", 6, "an index of `x` must be a constant, but `y[1]` is not", give("y[1]")),
        ("z = x[i] for i = 1..n", 20, "the last value of `i` must be a constant, but `n` is not", give("n")),
        ("z = x[i] for i = 1..999, j = 1..999", 13, "with this there are more than 100000 equations", String::new()),
        ("z = sum(i, 1, 3, i) + i[i]", 24, "an index of `i` must be a constant, but `i` is not", give("i")),
    ];
    for (text, position, message, hint) in cases {
        assert_refused(equations(text, &[]), position, message, &hint);
    }
}

#[test]
fn writing_out_has_an_end() {
    let start = Instant::now();
    let long = format!("z = sum(i, 1, 1e5, {})", vec!["x*i"; 1_500].join("+"));
    let nested = format!("z = {}x{}", "sum(i, 1, 1e4, ".repeat(90), ")".repeat(90));
    for text in [&long, &nested, "z = sum(i, 1, 1e5, sum(j, 1, 1e5, 1))"] {
        let error = equations(text, &[]).expect_err("too long");
        assert_eq!(error.message, "written out, the formulas have more than 4000000 terms and operations");
    }
    assert!(equations("z = sum(i, 1, 1e5, a*x[i]^2 + b*x[i + 1])", &[]).is_ok());
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}
