//! Large systems, whose Jacobians are sparse: roots and derivatives against closed forms, verdicts, and refusals.

use std::fmt::Write;
use std::time::{Duration, Instant};

use super::{Answer, answer, args};
use crate::commands::solve::{SolveArgs, run, solve};

/// The value of an unknown.
#[track_caller]
fn root(answer: &Answer, name: &str) -> f64 {
    answer.solution[place(&answer.unknowns, name)]
}

/// The derivative of an unknown by a parameter.
#[track_caller]
fn slope(answer: &Answer, unknown: &str, parameter: &str) -> f64 {
    let places = (place(&answer.unknowns, unknown), place(&answer.parameters, parameter));
    answer.derivative(places.0, places.1).unwrap_or_else(|| panic!("d{unknown}/d{parameter}: {:?}", answer.verdict))
}

#[track_caller]
fn place(names: &[String], name: &str) -> usize {
    names.iter().position(|known| known == name).unwrap_or_else(|| panic!("no {name}"))
}

#[track_caller]
fn assert_near(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-10 * expected.abs().max(1.0), "{what}: {found:e}, expected {expected:e}");
}

/// Solves equations that are to have a regular root.
#[track_caller]
fn regular(equations: &[String], with: &str) -> Answer {
    let equations: Vec<&str> = equations.iter().map(String::as_str).collect();
    let answer = answer(&args(&equations, with, "", ""));
    assert!(answer.solved() && answer.verdict.holds, "{:?} {:?}", answer.status, answer.verdict);
    answer
}

#[test]
fn two_thousand_equations_one_by_one() {
    let start = Instant::now();
    let plain: Vec<String> = (1..=2000).map(|i| format!("x{i} = {i}")).collect();
    let found = regular(&plain, "");
    assert!((1..=2000).all(|i| root(&found, &format!("x{i}")) == f64::from(i)));
    // each depends on the one before: x1 = a, x2 = x1 + h, ...
    let chain: Vec<String> =
        (1..=2000).map(|i| if i == 1 { "x1 = a".to_owned() } else { format!("x{i} = x{} + h", i - 1) }).collect();
    let found = regular(&chain, "a=0.5,h=0.125");
    for i in [1, 2, 1000, 2000] {
        let name = format!("x{i}");
        assert_near(root(&found, &name), 0.5 + f64::from(i - 1) / 8.0, &name);
        assert_near(slope(&found, &name, "a"), 1.0, &name);
        assert_near(slope(&found, &name, "h"), f64::from(i - 1), &name);
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn boundary_value_problems() {
    let start = Instant::now();
    let n = 2000;
    let linear = format!("2*x[i] - x[i-1] - x[i+1] = c for i = 1..{n}");
    let ends = ["x[0] = a".to_owned(), format!("x[{}] = b", n + 1)];
    let found = regular(&[linear, ends[0].clone(), ends[1].clone()], "a=1,b=-2,c=1e-5");
    for i in [1, 700, 2000] {
        let (t, name) = (f64::from(i) / f64::from(n + 1), format!("x[{i}]"));
        let bend = f64::from(i) * f64::from(n + 1 - i) / 2.0;
        assert_near(root(&found, &name), 1.0 - 3.0 * t + 1e-5 * bend, &name);
        assert_near(slope(&found, &name, "a"), 1.0 - t, &name);
        assert_near(slope(&found, &name, "b"), t, &name);
        assert_near(slope(&found, &name, "c") / bend, 1.0, &name);
    }
    // x'' = 2 x^3 has the root 1 / (1 + t), which its differences have nearly
    let h = 1.0 / f64::from(n + 1);
    let bent = format!("x[i-1] - 2*x[i] + x[i+1] = 2*{h}^2*x[i]^3 for i = 1..{n}");
    let found = regular(&[bent, ends[0].clone(), ends[1].clone()], "a=1,b=0.5");
    for i in [1, 700, 2000] {
        let (name, exact) = (format!("x[{i}]"), 1.0 / (1.0 + h * f64::from(i)));
        assert!((root(&found, &name) - exact).abs() < 1e-6, "{name}: {} not {exact}", root(&found, &name));
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn families_with_one_unknown_in_all_equations() {
    // y is the mean of x[i] = i*a - y
    let n = 2000;
    let family = [format!("x[i] + y = i*a for i = 1..{n}"), format!("y = sum(i, 1, {n}, x[i])/{n}")];
    let found = regular(&family, "a=2");
    let mean = f64::from(n + 1) / 2.0;
    assert_near(root(&found, "y"), mean, "y");
    assert_near(slope(&found, "y", "a"), mean / 2.0, "dy/da");
    assert_near(slope(&found, "x[1]", "a"), 1.0 - mean / 2.0, "dx[1]/da");
    // roots, at a start that is singular, and logarithms, at one that is undefined
    let found = regular(&["x[i]^2 = a*i for i = 1..300".to_owned()], "a=4");
    for i in [1, 17, 300] {
        let (name, exact) = (format!("x[{i}]"), (4.0 * f64::from(i)).sqrt());
        assert_near(root(&found, &name).abs(), exact, &name);
        assert_near(slope(&found, &name, "a").abs(), exact / 8.0, &name);
    }
    let found = regular(&["ln(x[i] - 5) = a/i for i = 1..1500".to_owned()], "a=3");
    for i in [1, 17, 1500] {
        let (name, part) = (format!("x[{i}]"), (3.0 / f64::from(i)).exp());
        assert_near(root(&found, &name), 5.0 + part, &name);
        assert_near(slope(&found, &name, "a"), part / f64::from(i), &name);
    }
}

#[test]
fn verdicts_do_not_depend_on_the_size() {
    // 60 unknowns are solved with dense factors, 100 and 1200 with sparse ones
    for n in [60, 100, 1200] {
        let of = |text: &str, with: &str| answer(&args(&[&text.replace('N', &n.to_string())], with, "", ""));
        let multiple = of("(x[i] - 1)^2 = 0 for i = 1..N", "");
        assert!(!multiple.verdict.holds, "{n}: {:?}", multiple.verdict);
        let kink = of("x[i] = abs(a)*i for i = 1..N", "a=0");
        assert!(kink.solved() && !kink.verdict.holds && kink.verdict.reason.contains("by a at a = 0"), "{n}");
        let kink = of("x[i] + abs(x[i]) + 2*x[i] = a*i for i = 1..N", "a=0");
        assert!(!kink.verdict.holds && kink.verdict.reason.contains("slopes"), "{n}: {:?}", kink.verdict);
        let infinite = of("x[i] = a*i + cbrt(b) for i = 1..N", "a=2,b=0");
        assert_eq!(infinite.verdict.reason, "there is no finite derivative by b", "{n}");
        let none = of("x[i]^2 + i = x[i] for i = 1..N", "");
        assert!(!none.solved(), "{n}: {:?}", none.status);
    }
    let contradiction = answer(&args(&["x[i] + x[i+1] = 2 for i = 1..1200", "x[1] + x[2] = 3"], "", "", ""));
    assert!(!contradiction.solved(), "{:?}", contradiction.status);
}

#[test]
fn sweeps_of_large_systems() {
    let found =
        run(&SolveArgs { csv: true, ..args(&["x[i] = a*i for i = 1..1200"], "a=1..3", "", "") }).expect("solved");
    assert!(found.solved);
    let last: Vec<&str> = found.text.lines().last().expect("a row").split(',').collect();
    assert_eq!((last[0], last[1200], last[2400]), ("3", "3600", "1200"));
    let many = run(&args(&["x[i] = a*i for i = 1..2000"], "a=0..1:1e-3", "", "")).expect_err("too many").to_string();
    assert_eq!(many, "the table would have 4005001 numbers, too many (at most 1000000): take fewer values");
}

#[test]
fn what_is_too_large_is_said() {
    let refused = |args: &SolveArgs| solve(args).expect_err("refused").to_string();
    let solver = SolveArgs { solver: Some("dogleg".to_owned()), ..args(&["x[i] = i for i = 1..1200"], "", "", "") };
    assert_eq!(
        refused(&solver),
        "dogleg works with dense matrices, for up to 1000 unknowns, not 1200; --solver auto takes more"
    );
    let newton = SolveArgs { solver: Some("newton".to_owned()), ..solver };
    assert!(answer(&newton).verdict.holds);
    // every equation has three unknowns, but eliminating them fills the matrix
    let filled = "x[i] + 0.01*x[mod(i*7919, 10^4)]*x[mod(i*104729 + 17, 10^4)] = 1 for i = 0..9999";
    let message = refused(&args(&[filled], "", "", ""));
    assert!(message.starts_with("the factors of the sparse Jacobian may have"), "{message}");
    let names = refused(&args(&["sum(i, 1, 1000, x[i]) = 1"], "", "", ""));
    assert!(names.len() < 600 && names.contains("x[20], ... 980 more"), "{names}");
}

#[test]
fn a_long_chain_of_values_with_many_parameters_does_not_explode() {
    let start = Instant::now();
    // all equations use the product of the parameters
    let count = 900;
    let mut values: Vec<String> = (1..=count).map(|i| format!("a{i}={}", 1.0 + 1e-3 * f64::from(i % 7))).collect();
    values.extend((1..=count).map(|i| if i == 1 { "b1=a1".to_owned() } else { format!("b{i}=b{}*a{i}", i - 1) }));
    let with = values.chunks(200).map(|chunk| chunk.join(",")).collect();
    let found = answer(&SolveArgs { with, ..args(&["x[i] = i*b900 for i = 1..1000"], "", "", "") });
    assert!(found.verdict.holds, "{:?}", found.verdict);
    let product: f64 = (1..=count).map(|i| 1.0 + 1e-3 * f64::from(i % 7)).product();
    for (i, k) in [(1, 1), (500, 450), (1000, 900)] {
        let (x, a) = (f64::from(i) * product, 1.0 + 1e-3 * f64::from(k % 7));
        assert_near(root(&found, &format!("x[{i}]")) / x, 1.0, "x");
        assert_near(slope(&found, &format!("x[{i}]"), &format!("a{k}")) * a / x, 1.0, "dx/da");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn derivatives_that_would_be_too_many_are_left_out() {
    let with: Vec<String> = (1..=1001)
        .step_by(200)
        .map(|first| {
            let mut list = String::new();
            (first..(first + 200).min(1002)).for_each(|i| write!(list, ",a[{i}]={i}").unwrap());
            list.split_off(1)
        })
        .collect();
    let found = answer(&SolveArgs { with, ..args(&["x[i] = 2*a[i] for i = 1..1001"], "", "", "") });
    assert!(found.verdict.holds && found.derivatives.is_none());
    assert_eq!(root(&found, "x[1001]"), 2002.0);
    let text = found.to_string();
    assert!(
        text.contains("\nderivatives left out: 1001 unknowns by 1001 values are more than 1000000; kinks"),
        "{text}"
    );
    assert!(found.verdict.reason.ends_with("kinks by the values were not looked for"), "{:?}", found.verdict);
    assert_eq!(found.to_json()["derivatives"], serde_json::json!({}));
}
