//! The files of `tests/corpus`, and what is said about them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::fail;

/// Where the seeds of a reader are.
pub fn folder(reader: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(reader)
}

/// Names of a reader's seeds, and a part of the message that each must bring: of those named good-*, nothing; of the others, what
/// `tests/corpus/messages.txt` says.
pub fn expected(reader: &str) -> Vec<(String, String)> {
    let mut messages = messages(reader);
    let names = names(reader);
    let of = |name: &String| {
        let message = messages.remove(name);
        if name.starts_with("good-") != message.is_none() {
            fail(&format!("{reader}/{name}: no message, or one too many"));
        }
        (name.clone(), message.unwrap_or_default())
    };
    let expected = names.iter().map(of).collect();
    if !messages.is_empty() {
        fail(&format!("messages of files that there are not: {messages:?}"));
    }
    expected
}

/// The content of a reader's seeds.
pub fn contents(reader: &str) -> Vec<Vec<u8>> {
    contents_of(reader, &names(reader))
}

/// The content of those that can be read.
pub fn good(reader: &str) -> Vec<Vec<u8>> {
    let names: Vec<String> = names(reader).into_iter().filter(|name| name.starts_with("good-")).collect();
    contents_of(reader, &names)
}

fn contents_of(reader: &str, names: &[String]) -> Vec<Vec<u8>> {
    names.iter().map(|name| std::fs::read(folder(reader).join(name)).expect("a seed")).collect()
}

fn names(reader: &str) -> Vec<String> {
    let folder = std::fs::read_dir(folder(reader)).expect("a folder of seeds");
    let mut names: Vec<String> =
        folder.map(|e| e.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.sort_unstable();
    names
}

/// Lines of the form `reader/name: message`.
fn messages(reader: &str) -> BTreeMap<String, String> {
    let lines = include_str!("../corpus/messages.txt").lines();
    let of_reader =
        lines.filter_map(|line| line.split_once('/').filter(|(name, _)| *name == reader)?.1.split_once(": "));
    of_reader.map(|(name, message)| (name.to_owned(), message.to_owned())).collect()
}
