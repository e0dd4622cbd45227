//! Files that the command reads and writes.

use std::fs;

use super::{TraceArgs, args, run};

fn s() -> TraceArgs {
    args(&["z = tanh(2*z + x)"], "x=-1..1", "", "z=-0.9")
}

#[test]
fn the_points_are_written_as_comma_separated_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("branch.csv");
    let report = run(&TraceArgs { out: Some(path.clone()), ..s() }).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    assert_eq!(
        reader.headers().unwrap(),
        ["x", "z", "arclength", "determinant", "stable", "unstable", "event"].as_slice()
    );
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert!(report.text.starts_with(&format!("{} points", rows.len())));
    for row in &rows {
        let (x, z): (f64, f64) = (row[0].parse().unwrap(), row[1].parse().unwrap());
        assert!((z - (2.0 * z + x).tanh()).abs() < 1e-14);
        assert_eq!(row[4].is_empty(), &row[6] == "fold");
    }
    assert_eq!(rows.iter().filter(|row| &row[6] == "fold").count(), 2);
    assert_eq!((&rows[0][0], &rows[rows.len() - 1][0]), ("-1", "1"));
}

#[test]
fn the_picture_has_solid_and_dashed_parts_and_marks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("branch.svg");
    run(&TraceArgs { plot: Some(path.clone()), ..s() }).unwrap();
    let svg = fs::read_to_string(&path).unwrap();
    assert!(svg.starts_with("<svg") && svg.matches("<circle").count() == 2);
    // two solid parts are two lines of width 3; dashes are many of width 2
    let wide = svg.matches("stroke=\"#0072B2\" stroke-width=\"3\"").count();
    let dashes = svg.matches("stroke=\"#0072B2\" stroke-width=\"2\"").count();
    assert!(wide == 2 && dashes > 5, "{wide} {dashes}");
    // names that would be markup are text, and huge values have room
    for equations in [["x[1] = 1e200*a"], ["z = a*1e-300"], ["z = 5"], ["z = 0*a"]] {
        let args = TraceArgs { plot: Some(path.clone()), force: true, ..args(&equations, "a=0..1", "", "") };
        match run(&args) {
            Ok(_) => assert!(!fs::read_to_string(&path).unwrap().contains("NaN")),
            Err(failure) => assert!(failure.message.contains("no equation mentions"), "{failure:?}"),
        }
    }
}

#[test]
fn nothing_is_written_over_without_force() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("branch.csv");
    fs::write(&path, "mine").unwrap();
    let failure = run(&TraceArgs { out: Some(path.clone()), ..s() }).unwrap_err();
    assert!(failure.code == 2 && failure.message.contains("--force") && failure.message.lines().count() == 1);
    assert_eq!(fs::read(&path).unwrap(), b"mine");
    run(&TraceArgs { out: Some(path.clone()), force: true, ..s() }).unwrap();
    assert!(fs::read_to_string(&path).unwrap().starts_with("x,z,"));
    let missing = TraceArgs { out: Some(folder.path().join("no/such/branch.csv")), ..s() };
    assert_eq!(run(&missing).unwrap_err().code, 1);
    #[cfg(unix)]
    {
        let link = folder.path().join("link.csv");
        std::os::unix::fs::symlink(folder.path().join("gone"), &link).unwrap();
        assert_eq!(run(&TraceArgs { out: Some(link.clone()), ..s() }).unwrap_err().code, 2);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

#[test]
fn a_problem_file_gives_equations_and_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("problem.toml");
    let text = "equations = [\"z = tanh(w*z + x)\"]\n[with]\nw = 2\nx = 0\n[start]\nz = -0.9\n";
    fs::write(&path, text).unwrap();
    let args = TraceArgs { file: Some(path), along: vec!["x=-1..1".to_owned()], ..TraceArgs::default() };
    let text = run(&args).unwrap().text;
    assert!(text.contains("fold: x = 0.53283997535355") && text.contains("from x = -1, "), "{text}");
}
