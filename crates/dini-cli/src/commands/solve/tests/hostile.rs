//! Input that asks for too much is refused in a line, in little time and memory.

use std::time::{Duration, Instant};

use super::{SolveArgs, args};
use crate::commands::solve::request::standard_input;
use crate::commands::solve::solve;

fn refused(equations: &[&str], with: &str) -> String {
    solve(&args(equations, with, "", "")).expect_err("refused").to_string()
}

#[test]
fn what_asks_for_too_much_is_refused_at_once() {
    let start = Instant::now();
    let terms = vec!["1"; 500_000].join("+");
    let nested = format!("x = {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    for (equations, with, message) in [
        (vec!["x = a"], "a=0..1:1e-12", "1000000000001 values of `a` are too many; at most 10000"),
        (vec![terms.as_str()], "", "the text is longer than 8000 characters"),
        (vec![nested.as_str()], "", "the text is longer than 8000 characters"),
        (vec!["sum(i, 1, 1e9, x) = 1"], "", "`i` runs over 1000000000 values; at most 100000 are possible"),
        (vec!["x[i] = 1 for i = 1..10^9"], "", "`i` runs over 1000000000 values; at most 100000 are possible"),
        (vec!["x[1e300] = 1"], "", "an index of `x` must be a whole number, not 1e300"),
        (vec!["x[i] = 1 for i = 1..10^5", "y = 1"], "", "with this there are more than 100000 equations"),
        (
            vec!["sum(i, 1, 1e5, sum(j, 1, 1e5, x)) = 1"],
            "",
            "written out, the formulas have more than 4000000 terms and operations",
        ),
        // the limit is that of all equations together
        (
            vec!["y[k] = sum(i, 1, 1e3, x[i]) for k = 1..1e3", "z[k] = sum(i, 1, 1e3, x[i]) for k = 1..1e3"],
            "",
            "written out, the formulas have more than 4000000 terms and operations",
        ),
    ] {
        let refused = refused(&equations, with);
        assert!(refused.starts_with(message), "{refused}");
        assert!(refused.lines().count() <= 3 && refused.len() < 1_000, "{refused}");
    }
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn long_names_and_escape_sequences_are_not_shown_as_they_are() {
    let long = "x".repeat(7_000);
    let refused_long = refused(&[&format!("y = {long}")], "");
    assert!(refused_long.starts_with("a name is longer than 200 characters\n"), "{refused_long}");
    assert!(refused(&[&format!("y = {}.", "1".repeat(7_000))], "").chars().count() < 700);
    let refused = refused(&["x = 1 \u{1b}[2J\u{202e} y"], "");
    assert!(
        refused.starts_with("unknown character `\\u{1b}`\n") && !refused.contains(['\u{1b}', '\u{202e}']),
        "{refused}"
    );
}

#[test]
fn values_may_depend_on_each_other_in_any_order() {
    let start = Instant::now();
    // the last is given first; bounds of sums wait for values as formulas do
    let link = |i: usize| match i {
        0 => "b0=1".to_owned(),
        i if i % 2 == 0 => format!("b{i}=b{}+1", i - 1),
        i => format!("b{i}=sum(k,1,b{},1)+1", i - 1),
    };
    let lists: Vec<String> = (0..5_000).rev().map(link).collect();
    let with = lists.chunks(100).map(|chunk| chunk.join(",")).collect();
    let found = solve(&SolveArgs { with, ..args(&["x = b4999"], "", "", "") }).expect("solved");
    assert_eq!(found.solution, [5_000.0]);
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn standard_input_is_limited() {
    let endless = standard_input(std::io::repeat(b' ')).expect_err("too long").to_string();
    assert_eq!(endless, "cannot read standard input: it is larger than 16 MiB");
    let binary = standard_input(&b"x = \xff"[..]).expect_err("binary").to_string();
    assert_eq!(binary, "cannot read standard input: it is not UTF-8 text");
    assert_eq!(standard_input(&b"x = 1"[..]).expect("text"), "x = 1");
}
