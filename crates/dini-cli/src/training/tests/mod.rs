//! Runs in this process, on a few tiny images, with faults of the disk.

mod faults;
mod identity;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

use super::checkpoint::Checkpoint;
use super::folder::{CHECKPOINT, METRICS, REPORT};
use super::options::TrainArgs;
use super::run::train_until;
use crate::failure::Outcome;
use crate::interrupt::Interrupt;

/// The seed of the random initial weights belongs to the process.
static ALONE: Mutex<()> = Mutex::new(());

/// A folder with data, beside which runs are made, one test at a time.
struct Place {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

type Files = BTreeMap<String, String>;

impl Place {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place { folder: tempfile::tempdir().unwrap(), _alone: alone };
        place.write_data(&place.data(), 0);
        place
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// 20 training and 6 test images of 4 x 4 pixels, a function of `kind`.
    fn write_data(&self, dir: &Path, kind: u32) {
        fs::create_dir_all(dir).unwrap();
        let pixel = |k: u32| (k.wrapping_add(kind).wrapping_mul(2_654_435_761) >> 24) as u8;
        for (prefix, count) in [("train", 20u32), ("t10k", 6)] {
            let mut images = [0x0803u32, count, 4, 4].map(u32::to_be_bytes).concat();
            images.extend((0..count * 16).map(pixel));
            let mut labels = [0x0801u32, count].map(u32::to_be_bytes).concat();
            labels.extend((0..count).map(|k| (k % 3) as u8));
            fs::write(dir.join(format!("{prefix}-images-idx3-ubyte")), images).unwrap();
            fs::write(dir.join(format!("{prefix}-labels-idx1-ubyte")), labels).unwrap();
        }
    }

    /// `dini train` on the data, into folder `out`: 2 epochs of 2 steps, each with a checkpoint.
    fn train(&self, out: &str, more: &[&str]) -> Outcome {
        let mut words = vec!["--n=3", "--epochs=2", "--batch=10", "--checkpoint-seconds=0"];
        let (data, out) = (format!("--data={}", self.data().display()), format!("--out={}", self.path(out).display()));
        words.extend([data.as_str(), out.as_str()]);
        words.extend(more);
        run(&words)
    }

    fn resume(&self, out: &str) -> Outcome {
        run(&["--checkpoint-seconds=0", &format!("--resume={}", self.path(out).display())])
    }

    /// The files of a run, without what depends on the clock.
    fn files(&self, out: &str) -> Files {
        let entries = fs::read_dir(self.path(out)).unwrap().map(|entry| entry.unwrap().path());
        entries
            .map(|path| {
                let bytes = fs::read(&path).unwrap();
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                let timeless = match name.as_str() {
                    CHECKPOINT => checkpoint(&path, &bytes),
                    METRICS => without_seconds(&bytes, |line| line.rsplit_once(',')),
                    REPORT => {
                        without_seconds(&bytes, |line| line.split_once("training time").or(line.rsplit_once("<td>")))
                    }
                    _ => format!("{bytes:?}"),
                };
                (name, timeless)
            })
            .collect()
    }
}

/// The names of the files that are in one of the two only, or differ.
fn differing(a: &Files, b: &Files) -> Vec<String> {
    a.keys().chain(b.keys().filter(|name| !a.contains_key(*name))).filter(|n| a.get(*n) != b.get(*n)).cloned().collect()
}

fn run(words: &[&str]) -> Outcome {
    let words: Vec<OsString> = ["train", "--quiet"].iter().chain(words).map(OsString::from).collect();
    train_until(&TrainArgs::parse(&words).unwrap(), &Interrupt::default(), &Mutex::default())
}

fn checkpoint(path: &Path, bytes: &[u8]) -> String {
    let Ok(mut checkpoint) = Checkpoint::decode(path, bytes) else { return "damaged".to_owned() };
    checkpoint.progress.seconds = 0.0;
    checkpoint.progress.history.iter_mut().for_each(|epoch| epoch.seconds = 0.0);
    format!("{checkpoint:?}")
}

fn without_seconds<'t>(bytes: &'t [u8], cut: impl Fn(&'t str) -> Option<(&'t str, &'t str)>) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or("not text");
    text.lines().map(|line| cut(line).map_or(line, |(rest, _)| rest).to_owned() + "\n").collect()
}
