//! The command as a process: exit codes and streams.

use std::process::{Command, Output};

fn dini(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dini")).arg("solve").args(arguments).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn solved_is_0_and_prints_to_stdout() {
    for arguments in [
        &["z = tanh(w*z + x)", "--with", "w=0.5,x=0.3"][..],
        &["z = tanh(w*z + x)", "--with=w=0.5", "--with", "x=0.3", "--json"],
        &["a*z = b", "--with", "a=-2,b=1"],
        &["a*z = b", "--with", "a=-2", "--with", "b=-1e-3", "--for", "z"],
        &["--", "-z = 2"],
        &["z^2 = 4", "--start", "z=-1", "--tol", "1e-8", "--solver", "newton", "--max-iterations", "30"],
        &["z^2 = 0"],
        &["z^3 = -2", "--bracket", "-2,-1"],
        &["exp(z) = a*z", "--with", "a=3", "--bracket=1,2", "--solver", "bracketing"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stderr.is_empty() && output.stdout.ends_with(b"\n"));
    }
}

#[test]
fn not_solved_is_1_and_prints_to_stdout() {
    for arguments in [
        &["exp(-z) = 0"][..],
        &["z^2 + 1 = 0", "--json"],
        &["z = cos(z)", "--max-iterations", "1", "--solver", "newton"],
        &["z = 2*z + 1", "--solver", "picard"],
        &["z^3 = -2", "--bracket", "1,2"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stderr.is_empty() && output.stdout.ends_with(b"\n"));
    }
}

#[test]
fn not_understood_is_2_and_prints_to_stderr_only() {
    for arguments in [
        &[][..],
        &["z = (1"],
        &["z = a"],
        &["z = 1", "--tol", "0"],
        &["z = 1", "--tol", "-1"],
        &["z = 1", "--tol", "nan"],
        &["z = 1", "--tol", "inf"],
        &["z = 1", "--tol", "small"],
        &["z = 1", "--tol"],
        &["z = 1", "--tol", "1", "--tol", "2"],
        &["z = 1", "--max-iterations", "0"],
        &["z = 1", "--max-iterations", "-3"],
        &["z = 1", "--max-iterations", "1.5"],
        &["z = 1", "--solver", "nweton"],
        &["z = 1", "--solver"],
        &["z = 1", "--bracket", "0"],
        &["z = 1", "--bracket", "0,x"],
        &["z = 1", "--bracket", "2,0"],
        &["x = y", "x + y = 1", "--bracket", "0,1"],
        &["z = 1", "--solver", "bracketing"],
        &["z = 1", "--jsn"],
        &["z = 1", "--with", "a"],
        &["z = 1", "--with", ""],
        &["z = 1", "--start", ","],
        &["z = 1", "--for", ""],
        &["z = 1", "--file", "/no/such/file"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        // the command's own message, or that of the argument parser
        let message = text(&output.stderr);
        assert!(message.starts_with("dini: ") || message.starts_with("error: "), "{message}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn syntax_errors_point_at_the_mistake() {
    let output = dini(&["z = 2 * sinn(z)"]);
    let message = text(&output.stderr);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), 3, "{message}");
    assert_eq!(lines[2].find('^'), lines[1].find("sinn"), "{message}");
}

#[test]
fn the_examples_of_the_documentation_are_what_the_command_prints() {
    let documentation = include_str!("../../../docs/SOLVE.md");
    let mut checked = 0;
    for block in documentation.split("```text\n$ dini solve ").skip(1) {
        let (command, rest) = block.split_once('\n').expect("a line");
        let expected = rest.split("```").next().expect("the output");
        // arguments in single quotes may have spaces in them
        let quoted = command
            .split('\'')
            .enumerate()
            .flat_map(|(index, part)| if index % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
        let output = dini(&quoted.collect::<Vec<_>>());
        let found = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{command}: {}", text(&output.stderr));
        let same = |(found, expected): (&String, &String)| match (found.parse::<f64>(), expected.parse::<f64>()) {
            (Ok(found), Ok(expected)) => (found - expected).abs() <= 1e-9 * expected.abs(),
            _ => found == expected,
        };
        // but for the effort in parentheses, which depends on the last digits
        let words = |text: &str| -> Vec<String> {
            let lines = text.lines().map(|line| line.split_once("    (").map_or(line, |(line, _)| line));
            lines.flat_map(str::split_whitespace).map(str::to_owned).collect()
        };
        let (shown, wanted) = (words(&found), words(expected));
        assert_eq!(shown.len(), wanted.len(), "{command}: {found}");
        assert!(shown.iter().zip(&wanted).all(same), "{command}: {found}");
        checked += 1;
    }
    assert_eq!(checked, 10);
}
