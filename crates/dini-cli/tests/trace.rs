//! `dini trace` as a process: exit codes, streams and files.

use std::process::{Command, Output};

fn dini(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dini")).arg("trace").args(arguments).output().expect("the command runs")
}

#[test]
fn followed_to_its_ends_is_0() {
    for arguments in [
        &["z = tanh(2*z + x)", "--along", "x=-1..1", "--start", "z=-0.9"][..],
        &["-z^2 = -a", "--along", "a=-1..1", "--with", "a=1", "--json"],
        &["z^2 + a^2 = 1", "--along=a=-2..2", "--with", "a=0"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty() && output.stdout.ends_with(b"\n"));
    }
}

#[test]
fn what_ends_early_is_1_and_shown() {
    for arguments in [
        &["z = sqrt(a)", "--along", "a=-1..1", "--with", "a=1"][..],
        &["z = a", "--along", "a=0..1", "--max-points", "2"],
        &["z^2 = a", "--along", "a=-1..1"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(output.stderr.is_empty() && output.stdout.ends_with(b"\n"));
    }
}

#[test]
fn not_understood_is_2_and_one_line_on_standard_error() {
    for arguments in [
        &["z = a"][..],
        &["z = a", "--along", "a=1..0"],
        &["z = a", "--along", "a"],
        &["z = a", "--along", "a=0..1", "--with", "a=3"],
        &["z = a", "--along", "a=0..1", "--for", "a"],
        &["z = a", "--along", "a=0..1", "--plot", "branch.png"],
        &["z = a", "--along", "a=0..1", "--max-points", "-1"],
        &["z = a", "--along", "a=0..1", "--flow", "sideways"],
    ] {
        let output = dini(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn files_are_written_and_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let [table, picture] = ["branch.csv", "branch.svg"].map(|name| folder.path().join(name));
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let (out, plot) = (path(&table), path(&picture));
    let arguments = ["z^3 - z = a", "--along", "a=-1..1", "--out", &out, "--plot", &plot];
    assert_eq!(dini(&arguments).status.code(), Some(0));
    assert!(
        std::fs::read_to_string(&table)
            .expect("a table")
            .starts_with("a,z,arclength,determinant,stable,unstable,event\n")
    );
    assert!(std::fs::read_to_string(&picture).expect("a picture").starts_with("<svg"));
    let again = dini(&arguments);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("--force"));
    assert_eq!(dini(&[&arguments[..], &["--force"]].concat()).status.code(), Some(0));
}
