//! `dini predict` and `dini eval` as processes, given files of any kind: exit codes, streams, memory.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

const DINI: &str = env!("CARGO_BIN_EXE_dini");
/// For what is to be refused at once, on a machine that has other things to do.
const AT_ONCE: Duration = Duration::from_secs(10);

/// A run on the digits, made once: its images have 8 x 8 pixels.
static RUN: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let run = folder.path().join("run");
    let train = Command::new(DINI).args(["train", "--quiet", "--epochs", "1", "-n", "10", "--out"]).arg(run).output();
    assert!(train.expect("the command runs").status.success());
    folder
});

fn run() -> PathBuf {
    RUN.path().join("run")
}

fn predict(path: impl AsRef<std::ffi::OsStr>, options: &[&str]) -> Output {
    Command::new(DINI).arg("predict").arg(run()).arg(path).args(options).output().expect("the command runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

/// The line on standard error of a command that refused its input.
fn refusal(output: &Output) -> String {
    let message = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert!(message.starts_with("dini: ") && message.lines().count() == 1, "{message:?}");
    assert!(!message.trim_end().contains(char::is_control), "{message:?}");
    message.to_owned()
}

fn corpus(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    paths.sort_unstable();
    paths
}

/// An IDX file of images, gzipped.
fn idx(sizes: [u32; 3], pixels: impl Iterator<Item = u8>) -> Vec<u8> {
    let header = [0x0803, sizes[0], sizes[1], sizes[2]].map(u32::to_be_bytes).concat();
    gzip(&header.into_iter().chain(pixels).collect::<Vec<u8>>())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn every_damaged_file_is_refused_in_one_line() {
    for path in ["idx", "gzip", "png"].into_iter().flat_map(corpus) {
        let name = path.file_name().and_then(|n| n.to_str()).expect("UTF-8");
        let output = predict(&path, &[]);
        // seeds that can be read are of the model's size, but for two
        if name.starts_with("good-") && !["good-one-pixel", "good-a-million-blank-pixels"].contains(&name) {
            assert_eq!(output.status.code(), Some(0), "{path:?}: {output:?}");
            assert!(output.stderr.is_empty() && !output.stdout.is_empty());
        } else {
            let message = refusal(&output);
            assert!(message.contains(name), "{message}");
        }
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    for path in [Path::new("/dev/zero"), Path::new("/dev/null"), folder.path(), &pipe] {
        let begun = Instant::now();
        let message = refusal(&predict(path, &[]));
        assert!(message.contains("not a regular file") && begun.elapsed() < AT_ONCE, "{message}");
    }
    assert!(refusal(&predict(folder.path().join("gone"), &[])).contains("no such file"));
    // a folder of images whose files are pipes
    for name in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
        std::fs::rename(&pipe, folder.path().join(name)).expect("a name");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    }
    let eval = Command::new(DINI).arg("eval").arg(run()).arg("--data").arg(folder.path()).output();
    assert!(refusal(&eval.expect("the command runs")).contains("cannot find the test images"));
}

#[cfg(target_os = "linux")]
#[test]
fn files_below_a_megabyte_take_less_memory_than_a_gigabyte() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bomb");
    // so much address space, and there is no more memory than that
    let limited = |command: &str| {
        let script = format!("ulimit -v 1000000; exec {DINI} {command}");
        let output = Command::new("sh").args(["-c", &script, "sh"]).arg(run()).arg(&path).output();
        output.expect("the command runs")
    };
    let zeros = |sizes: [u32; 3], most: usize| {
        let pixels = sizes.iter().map(|&size| size as usize).product::<usize>().min(most);
        idx(sizes, std::iter::repeat_n(0, pixels))
    };
    // 2^20 pixels, of which one in a hundred is packed badly
    let noise = (0..9_000u32).map(|i| i.wrapping_mul(2_654_435_769).rotate_left(i % 31) as u8);
    let part = gzip(&noise.chain(std::iter::repeat_n(0, (1 << 20) - 9_000)).collect::<Vec<u8>>());
    for (bytes, expected) in [
        (zeros([8192, 128, 256], usize::MAX), "more than 100 times its size"),
        (zeros([1_000_000, 16, 16], 50_000_000), "more than 100 times its size"),
        (zeros([1, 8, 8], usize::MAX).repeat(20_000), "more bytes follow"),
        // nearly all that is taken of a megabyte
        (
            [idx([88 << 10, 8, 128], std::iter::empty()), part.repeat(88)].concat(),
            "8 x 128 pixels, the model takes 8 x 8",
        ),
    ] {
        assert!(bytes.len() < 1_000_000, "{}", bytes.len());
        std::fs::write(&path, bytes).expect("a file");
        let message = refusal(&limited("predict \"$1\" \"$2\""));
        assert!(message.contains(expected), "{message}");
    }
    // the largest image in the widest kind of pixels
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 4096, 4096);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Sixteen);
    encoder.write_header().and_then(|mut w| w.write_image_data(&vec![0; 8 << 24])).expect("a file");
    assert!(png.len() < 1_000_000, "{}", png.len());
    std::fs::write(&path, png).expect("a file");
    assert!(refusal(&limited("predict \"$1\" \"$2\"")).contains("4096 x 4096 pixels, the model takes 8 x 8"));
    // and what has the right size: 200000 images with their probabilities and text
    std::fs::write(&path, zeros([200_000, 8, 8], usize::MAX)).expect("a file");
    for json in ["", " --json"] {
        let output = limited(&format!("predict \"$1\" \"$2\"{json}"));
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        if json.is_empty() {
            assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 200_000);
        } else {
            let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            assert_eq!(object["predictions"].as_array().map(Vec::len), Some(200_000));
        }
    }
}

#[test]
fn several_images_are_numbered_and_too_many_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("images.gz");
    std::fs::write(&path, idx([3, 8, 8], (0..192).map(|i| i as u8))).expect("a file");
    let output = predict(&path, &[]);
    let lines: Vec<&str> = text(&output.stdout).lines().collect();
    assert_eq!(lines.len(), 3);
    for (i, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{}[{i}]: ", path.display())), "{line}");
    }
    let output = predict(&path, &["--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let images = object["predictions"].as_array().expect("a list");
    for (i, image) in images.iter().enumerate() {
        assert_eq!(image["image"], format!("{}[{i}]", path.display()));
        let probabilities: Vec<f64> =
            image["probabilities"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
        assert!(probabilities.len() == 10 && (probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let class = image["class"].as_u64().expect("a class") as usize;
        assert_eq!(image["probability"].as_f64(), Some(probabilities[class]));
    }
    assert_eq!(images.len(), 3);

    std::fs::write(&path, idx([200_000, 8, 8], std::iter::repeat_n(0, 12_800_000))).expect("a file");
    let mut command = Command::new(DINI);
    let output = command.arg("predict").arg(run()).args([&path; 6]).output().expect("the command runs");
    let message = refusal(&output);
    assert!(message.contains("1200000 images are given; give at most 1000000 images at a time"), "{message}");
}

#[cfg(unix)]
#[test]
fn names_are_shown_without_harm_and_kept_in_json() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let seed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/png/good-gray");
    let put = |name: &[u8]| {
        let path = folder.path().join(std::ffi::OsStr::from_bytes(name));
        std::fs::copy(&seed, &path).map(|_| path)
    };
    let path = put("a\u{1b}[2J\nb\u{202e}ü.png".as_bytes()).expect("a file");
    let output = predict(&path, &[]);
    let line = text(&output.stdout);
    assert_eq!((line.lines().count(), output.stderr.len()), (1, 0));
    assert!(line.contains("a\\u{1b}[2J\\nb\\u{202e}ü.png: "), "{line}");
    let output = predict(&path, &["--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(object["predictions"][0]["image"].as_str(), path.to_str());
    assert!(!output.stdout.contains(&0x1b));

    // some file systems take UTF-8 only
    let Ok(path) = put(b"a\xffb.png") else { return };
    for options in [&[][..], &["--json"]] {
        let output = predict(&path, options);
        let (line, note) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0));
        // in JSON a backslash is two
        assert!(line.replace("\\\\", "\\").contains("a\\xffb.png"), "{line}");
        assert!(note.contains("a\\xffb.png is not UTF-8") && note.lines().count() == 1, "{note}");
    }
}
