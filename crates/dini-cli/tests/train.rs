//! `dini train`, `eval` and `predict` as a user runs them: real processes, killed, interrupted, and with output that goes away.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tempfile::TempDir;

const DINI: &str = env!("CARGO_BIN_EXE_dini");
/// A run of less than a second on the embedded digits.
const SHORT: [&str; 6] = ["train", "--quiet", "-n", "20", "--epochs", "3"];
/// A run of a few seconds, which does not end before a signal arrives.
const LONG: [&str; 6] = ["train", "--quiet", "-n", "100", "--epochs", "40"];

fn dini() -> Command {
    let mut command = Command::new(DINI);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn place() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn start(place: &Path, more: &[&str]) -> Child {
    dini().current_dir(place).args(SHORT).args(more).spawn().unwrap()
}

fn call(place: &Path, words: &[&str]) -> Output {
    dini().current_dir(place).args(words).output().unwrap()
}

/// Exit code and standard error of a command that does not succeed.
fn fails(output: &Output) -> (i32, String) {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!output.status.success() && !text.contains('\u{1b}') && !text.contains("panicked"), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    (output.status.code().unwrap(), text)
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The files of a run; the metrics without their times, of the report and the checkpoint only that they are there.
fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let entry = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let bytes = fs::read(&path).unwrap();
        let timeless = match name.as_str() {
            "metrics.csv" => String::from_utf8(bytes)
                .unwrap()
                .lines()
                .flat_map(|line| [line.rsplit_once(',').unwrap().0, "\n"].concat().into_bytes())
                .collect(),
            "report.html" | "checkpoint.safetensors" => Vec::new(),
            _ => bytes,
        };
        (name, timeless)
    };
    fs::read_dir(run).unwrap().map(entry).collect()
}

fn until(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Kills at `times` random times, always continuing, and compares with a run left alone.
fn kill_and_continue(times: usize, seed: u64) {
    let place = place();
    let place = place.path();
    let begun = Instant::now();
    assert!(start(place, &["--out", "whole"]).wait().unwrap().success());
    let whole = begun.elapsed().as_secs_f64();
    let expected = files(&place.join("whole"));
    assert_eq!(expected.len(), 5);
    let mut rng = StdRng::seed_from_u64(seed);
    let mut killed = 0;
    while killed < times {
        let has_checkpoint = place.join("run/checkpoint.safetensors").exists();
        let words: &[&str] = if has_checkpoint {
            &["train", "--quiet", "--checkpoint-seconds", "0.02", "--resume", "run"]
        } else {
            &[&SHORT[..], &["--checkpoint-seconds", "0.02", "--out", "run"]].concat()
        };
        let mut child = dini().current_dir(place).args(words).spawn().unwrap();
        std::thread::sleep(Duration::from_secs_f64(rng.random_range(0.0..0.6 * whole)));
        let ended = child.try_wait().unwrap();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        killed += usize::from(ended.is_none());
        if let Some(status) = ended {
            assert!(status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(files(&place.join("run")), expected);
            fs::remove_dir_all(place.join("run")).unwrap();
        }
    }
    if place.join("run/checkpoint.safetensors").exists() {
        let output = call(place, &["train", "--quiet", "--resume", "run"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(files(&place.join("run")), expected);
    }
}

#[test]
fn a_killed_run_continues_to_the_same_files() {
    kill_and_continue(8, 1);
}

/// `cargo test --release -p dini-cli --test train -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn a_run_killed_200_times_continues_to_the_same_files() {
    kill_and_continue(200, 2);
}

#[test]
fn signals_end_a_run_within_a_second_with_a_checkpoint() {
    let place = place();
    let place = place.path();
    assert!(call(place, &[&LONG[..], &["--out", "whole"]].concat()).status.success());
    for signal in ["-INT", "-TERM", "-HUP"] {
        let child = dini().current_dir(place).args(LONG).args(["--out", "run"]).spawn().unwrap();
        until("a checkpoint", || place.join("run/config.toml").exists());
        send(&child, signal);
        let begun = Instant::now();
        let (code, text) = fails(&child.wait_with_output().unwrap());
        assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
        assert!(code == 130 && text.contains("dini train --resume run"), "{code}: {text}");
        assert!(call(place, &["train", "--quiet", "--resume", "run"]).status.success());
        assert_eq!(files(&place.join("run")), files(&place.join("whole")), "{signal}");
        fs::remove_dir_all(place.join("run")).unwrap();
    }
}

#[test]
fn what_has_nothing_to_save_ends_within_a_second() {
    let place = place();
    let place = place.path();
    // the initial weights take much longer
    let child = dini().current_dir(place).args(["train", "-n", "6000", "--out", "run"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    send(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_millis(2500), "{:?}", begun.elapsed());
    // or by the signal itself, where it came before anything else
    assert!(matches!(output.status.code(), Some(130) | None) && !place.join("run/checkpoint.safetensors").exists());
}

#[test]
fn nohup_keeps_a_run_alive() {
    let place = place();
    let place = place.path();
    let command = format!("trap '' HUP; exec '{}' {} --out run", DINI, LONG.join(" "));
    let child = Command::new("sh").args(["-c", &command]).current_dir(place).stdout(Stdio::null()).spawn().unwrap();
    until("a checkpoint", || place.join("run/config.toml").exists());
    send(&child, "-HUP");
    assert!(child.wait_with_output().unwrap().status.success());
    assert!(place.join("run/report.html").exists());
}

#[test]
fn a_folder_has_one_writer() {
    let place = place();
    let place = place.path();
    let mut child = start(place, &["--out", "run", "--epochs", "500"]);
    until("a checkpoint", || place.join("run/config.toml").exists());
    for words in [&["train", "--quiet", "--resume", "run"][..], &["train", "--quiet", "--force", "--out", "run"]] {
        let (code, text) = fails(&call(place, words));
        assert!(code == 2 && text.contains(&format!("process {} is writing", child.id())), "{text}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let (code, text) = fails(&call(place, &["train", "--quiet", "--out", "run"]));
    assert!(code == 2 && text.contains("not empty"), "{text}");
}

#[test]
fn output_that_goes_away_does_not_end_a_run() {
    let place = place();
    let place = place.path();
    // a reader that has gone
    let mut child = start(place, &["--out", "gone"]);
    drop((child.stdout.take(), child.stderr.take()));
    assert!(child.wait().unwrap().success());
    // a full disk
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = dini().current_dir(place).args(SHORT).args(["--out", "full"]).stdout(full()).output().unwrap();
    let (code, text) = fails(&output);
    assert!(code == 1 && text.contains("cannot write to standard output"), "{text}");
    let status = dini().args(["solve", "x = 1"]).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    assert_eq!(files(&place.join("gone")), files(&place.join("full")));
    let status = dini().arg("--help").stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(status.code(), Some(1));
    let mut child = dini().args(["eval", place.join("gone").to_str().unwrap()]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.code() == Some(0) && output.stderr.is_empty());
}

#[test]
fn a_limit_on_the_size_of_files_is_an_error_like_others() {
    let place = place();
    let place = place.path();
    let command = format!("ulimit -f 8; exec '{}' {} --out run", DINI, SHORT.join(" "));
    let output = Command::new("sh").args(["-c", &command]).current_dir(place).output().unwrap();
    let (code, text) = fails(&output);
    assert!(code == 1 && text.contains("larger than is allowed"), "{code}: {text}");
    assert_eq!(files(&place.join("run")).len(), 0);
}

#[test]
fn writes_follow_no_link() {
    let place = place();
    let place = place.path();
    assert!(start(place, &["--out", "run"]).wait().unwrap().success());
    let expected = files(&place.join("run"));
    let victim = place.join("victim");
    fs::write(&victim, "text").unwrap();
    for name in ["report.html", "metrics.csv", "config.toml", "model.safetensors"] {
        fs::remove_file(place.join("run").join(name)).unwrap();
        std::os::unix::fs::symlink("../victim", place.join("run").join(name)).unwrap();
    }
    assert!(call(place, &["train", "--quiet", "--resume", "run"]).status.success());
    assert_eq!(files(&place.join("run")), expected);
    assert!(start(place, &["--force", "--out", "run"]).wait().unwrap().success());
    assert_eq!(fs::read_to_string(&victim).unwrap(), "text");
    assert_eq!(fs::read_dir(place).unwrap().count(), 2);
}

#[test]
fn a_model_is_used_with_the_run_it_is_of() {
    let place = place();
    let place = place.path();
    let model = |run: &str| place.join(run).join("model.safetensors");
    assert!(start(place, &["--out", "a"]).wait().unwrap().success());
    assert!(start(place, &["--out", "b", "--seed", "2"]).wait().unwrap().success());
    let good = call(place, &["eval", "a"]);
    assert!(good.status.success() && good.stderr.is_empty());
    fs::copy(model("a"), place.join("kept")).unwrap();
    fs::copy(model("b"), model("a")).unwrap();
    let (code, text) = fails(&call(place, &["eval", "a"]));
    assert!(code == 2 && text.contains("of another run"), "{text}");
    assert!(call(place, &["train", "--quiet", "--resume", "a"]).status.success());
    assert_eq!(fs::read(model("a")).unwrap(), fs::read(place.join("kept")).unwrap());
    // flipped bits, other files, devices, folders
    let bytes = fs::read(model("a")).unwrap();
    for k in (0..bytes.len()).step_by(bytes.len() / 20) {
        let mut damaged = bytes.clone();
        damaged[k] ^= 4;
        fs::write(model("a"), damaged).unwrap();
        assert_eq!(fails(&call(place, &["eval", "a"])).0, 2);
    }
    fs::remove_file(model("a")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", model("a")).unwrap();
    let (code, text) = fails(&call(place, &["predict", "a", "x.png"]));
    assert!(code == 2 && text.contains("not a regular file"), "{text}");
    // a model alone is enough
    fs::create_dir(place.join("alone")).unwrap();
    fs::copy(model("b"), model("alone")).unwrap();
    let (alone, whole) = (call(place, &["eval", "alone"]), call(place, &["eval", "b"]));
    assert!(alone.status.success() && alone.stdout == whole.stdout);
}

#[test]
fn options_that_cannot_be_are_refused_before_anything_is_written() {
    let place = place();
    let place = place.path();
    File::create(place.join("empty.toml")).unwrap();
    fs::write(place.join("twice.toml"), "learning-rate = 0.1\nlearning_rate = 0.2\n").unwrap();
    fs::write(place.join("alias.toml"), "lr = 0.1\nlearning-rate = 0.2\n").unwrap();
    fs::write(place.join("broken.toml"), "seed = 1\nn = \n").unwrap();
    let cases: [(&[&str], &str); 10] = [
        (&["-n", "9223372036854775807"], "at most"),
        (&["-n", "1000000000"], "memory"),
        (&["--shift", "1e9"], "moved by 8 at most"),
        (&["--config", "twice.toml"], "`learning-rate` and `learning_rate` are the same option"),
        (&["--config", "alias.toml"], "are the same option"),
        (&["--config", "broken.toml"], "broken.toml: line 2: "),
        (&["--config", "/dev/zero"], "not a regular file"),
        (&["--checkpoint-seconds", "nan"], "finite"),
        (&["--solver", "\u{1b}[2J"], "invalid value"),
        (&["--data", "gone\u{1b}[2J"], "gone\\u{1b}[2J"),
    ];
    for (words, expected) in cases {
        let output = call(place, &[&["train", "--quiet", "--out", "run"], words].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(expected) && !text.contains('\u{1b}'), "{words:?}: {text}");
        assert!(!place.join("run").exists(), "{words:?}");
    }
}

/// IDX files of 30 training and 10 test images of one grey level, so that only biases learn.
fn black_images(dir: &PathBuf) {
    fs::create_dir_all(dir).unwrap();
    for (prefix, count) in [("train", 30u32), ("t10k", 10)] {
        let images =
            [&[0x0803u32, count, 6, 6].map(u32::to_be_bytes).concat()[..], &vec![0; 36 * count as usize]].concat();
        let labels: Vec<u8> = (0..count).map(|k| (k % 10) as u8).collect();
        let labels = [&[0x0801u32, count].map(u32::to_be_bytes).concat()[..], &labels].concat();
        fs::write(dir.join(format!("{prefix}-images-idx3-ubyte")), images).unwrap();
        fs::write(dir.join(format!("{prefix}-labels-idx1-ubyte")), labels).unwrap();
    }
}

#[test]
fn names_of_data_leave_no_folder() {
    let place = place();
    let place = place.path();
    black_images(&place.join("x/y"));
    fs::create_dir_all(place.join("work")).unwrap();
    let output =
        call(&place.join("work"), &["train", "--quiet", "--epochs", "1", "-n", "3", "--data", "../x/y/../../x/y/."]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(place.join("work/runs/y-1/report.html").exists());
    // a name that is no text cannot be written into the configuration
    use std::os::unix::ffi::OsStrExt;
    let name = place.join(std::ffi::OsStr::from_bytes(b"d\xff"));
    black_images(&name);
    let output =
        dini().current_dir(place).args(SHORT).args(["--out", "run"]).arg("--data").arg(&name).output().unwrap();
    let (code, text) = fails(&output);
    assert!(code == 2 && text.contains("not UTF-8") && !place.join("run").exists(), "{text}");
}

#[test]
fn nothing_that_is_not_finite_is_a_success() {
    let place = place();
    let place = place.path();
    black_images(&place.join("black"));
    let words = ["train", "--quiet", "--data", "black", "--lr", "3e38", "--out", "run"];
    let (code, text) = fails(&call(place, &words));
    assert!(
        code == 1 && text.contains("finite") && text.contains("epoch 1") && text.contains("--learning-rate"),
        "{text}"
    );
    assert!(place.join("run/checkpoint.safetensors").exists() && !place.join("run/report.html").exists());
}
