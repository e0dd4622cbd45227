//! `dini bench` and `dini check` as processes: what their options may be, files that are no arrays, memory, and Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const DINI: &str = env!("CARGO_BIN_EXE_dini");

fn dini(arguments: &[&str]) -> Output {
    Command::new(DINI).args(arguments).output().expect("the command runs")
}

/// What is said of a refused command, whose work has not begun.
fn refusal(output: &Output) -> &str {
    let message = std::str::from_utf8(&output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let line = message.lines().next().expect("a line");
    assert!(!line.contains(char::is_control), "{message:?}");
    line
}

#[test]
fn numbers_out_of_range_are_refused_by_name_and_with_the_range() {
    let whole =
        ["0", "-1", "4097", "20000", "9223372036854775807", "1000000000000", "18446744073709551616", "1e3", "nan"];
    let none = ["-1", "nan", "1e300", "inf", "x"];
    let share = ["0", "-0.5", "1", "1e300", "nan", "inf"];
    let seed = ["-1", "18446744073709551616", "1.5", "nan"];
    for (command, option, values, range) in [
        ("check", "--n", &whole[..], "1..=4096"),
        ("check", "--n", &["5,20000"], "1..=4096"),
        ("check", "--batch", &whole, "1..=4096"),
        ("check", "--instances", &whole, "1..=4096"),
        ("check", "--norm", &share, "between 0 and 0.95"),
        ("check", "--seed", &seed, "0..=18446744073709551615"),
        ("bench", "--seconds", &none, "0..=3600"),
        ("bench", "--threads", &["0", "-1", "1025", "70000", "1.5", "nan"], "1..=1024"),
        ("bench", "--seed", &seed, "0..=18446744073709551615"),
        ("bench", "--input w x c --tol", &share, "between 0 and 1"),
    ] {
        for value in values {
            let mut arguments = vec![command];
            arguments.extend(option.split(' '));
            arguments.push(value);
            let output = dini(&arguments);
            let line = refusal(&output);
            let name = option.rsplit(' ').next().expect("a name");
            assert!(line.contains(&format!("'{name} <")) && line.contains(range), "{arguments:?}: {line}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_into_memory_is_refused_before_it_begins() {
    let output = dini(&["check", "-n", "2,4096", "--batch", "4096"]);
    let line = refusal(&output);
    let begin = "dini: n = 4096, batch = 4096: about 1.2 TB of memory would be needed, ";
    assert!(line.starts_with(begin) && line.contains("are available"), "{line}");

    // the numbers of a sparse file take no disk
    let folder = tempfile::tempdir().expect("a folder");
    let array = |name: &str, rows: usize, columns: usize| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns})}}");
        let length = u16::try_from(header.len()).expect("a short header").to_le_bytes();
        let path = folder.path().join(name);
        std::fs::write(&path, [b"\x93NUMPY\x01\0", &length[..], header.as_bytes()].concat()).expect("a file");
        let file = std::fs::File::options().append(true).open(&path).expect("a file");
        file.set_len((10 + header.len() + 4 * rows * columns) as u64).expect("a length");
        path
    };
    let (w, x) = (array("w", 1, 1), array("x", 1 << 26, 1));
    let script = format!("ulimit -v 1000000; exec {DINI} bench --input \"$1\" \"$2\" \"$2\"");
    let output = Command::new("sh").args(["-c", &script, "sh"]).args([w, x]).output().expect("the command runs");
    if std::fs::read_to_string("/proc/meminfo").is_ok_and(|text| available(&text) < 70_000_000) {
        assert!(refusal(&output).contains("n = 1, B = 67108864: about 75.2 GB of memory"), "{output:?}");
    }
}

/// Units of 1024 bytes.
#[cfg(target_os = "linux")]
fn available(text: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:")).expect("a line");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/npy");
    std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect()
}

#[test]
fn damaged_arrays_are_refused_in_one_line() {
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/npy/good-f8");
    let mut others = vec![std::env::temp_dir(), PathBuf::from("gone.npy")];
    others.extend(["/dev/zero", "/dev/null"].map(PathBuf::from).into_iter().filter(|path| path.exists()));
    for path in corpus().into_iter().chain(others) {
        // none of the seeds is square: as W, good ones do not fit either
        let output = Command::new(DINI).args(["bench", "--input"]).args([&path, &good, &good]).output();
        let output = output.expect("the command runs");
        let line = refusal(&output);
        assert!(line.starts_with("dini: cannot ") && output.stderr.ends_with(b"\n"), "{line}");
        assert_eq!(output.stderr.iter().filter(|byte| **byte == b'\n').count(), 1, "{line}");
        let name = path.file_name().and_then(|name| name.to_str()).expect("UTF-8");
        assert!(line.contains(name), "{line}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named_before_the_sweep() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let folder = file.path().join("charts");
    let output = dini(&["bench", "--sweep", folder.to_str().expect("UTF-8")]);
    assert!(refusal(&output).contains("charts"), "{output:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_work_within_a_second() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    for arguments in [&["check", "-n", "2000", "-i", "100"][..], &["bench", "--only", "1024x128", "--seconds", "60"]] {
        let mut child = Command::new(DINI).args(arguments).stdout(Stdio::null()).spawn().expect("the command runs");
        std::thread::sleep(Duration::from_millis(500));
        assert!(child.try_wait().expect("a status").is_none(), "it has ended by itself");
        let begun = Instant::now();
        assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().expect("kill runs").success());
        let status = child.wait().expect("a status");
        assert!(begun.elapsed() < Duration::from_secs(1), "{arguments:?}: {:?}", begun.elapsed());
        assert_eq!(status.signal(), Some(2), "{arguments:?}");
    }
}
