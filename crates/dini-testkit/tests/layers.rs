//! The rooms of the library form layers: none depends on another that depends on it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The source of a file without comments and tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let below = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    below.filter(|path| path.extension().is_some_and(|e| e == "rs")).collect()
}

/// The names that follow each occurrence of `crate::`, one or several in braces.
fn named(code: &str) -> Vec<&str> {
    let word = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let mut names = Vec::new();
    for after in code.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            None => names.push(&after[..word(after)]),
            Some(list) => {
                let list = &list[..list.find("};").unwrap_or(list.len())];
                names.extend(list.split(',').map(str::trim).map(|name| &name[..word(name)]));
            }
        }
    }
    names
}

/// The room of every name at the root: its own, or that from which it is re-exported.
fn rooms(lib: &str) -> BTreeMap<&str, &str> {
    let mut rooms = BTreeMap::new();
    for line in lib.lines() {
        let line = line.trim_start_matches("pub ").trim_end_matches(';');
        if let Some(name) = line.strip_prefix("mod ") {
            rooms.insert(name, name);
        } else if let Some((room, names)) = line.strip_prefix("use ").and_then(|path| path.split_once("::")) {
            let names = names.trim_matches(['{', '}']).split(", ");
            names.for_each(|name| _ = rooms.entry(name).or_insert(room));
        }
    }
    rooms
}

/// What a room depends on, itself left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dini/src");
    let lib = code(&root.join("lib.rs"));
    let rooms = rooms(&lib);
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in sources(&root) {
        let place = path.strip_prefix(&root).expect("a path below the root");
        let room = place.iter().next().expect("a name").to_string_lossy().trim_end_matches(".rs").to_owned();
        if room != "lib" {
            let text = code(&path);
            let on = named(&text).into_iter().filter_map(|name| rooms.get(name)).filter(|on| **on != room);
            found.entry(room.clone()).or_default().extend(on.map(|on| (*on).to_owned()));
        }
    }
    found
}

/// Rooms that lead back to themselves.
fn circles(dependencies: &BTreeMap<String, BTreeSet<String>>) -> Vec<&String> {
    let leads_back = |start: &&String| {
        let mut open: Vec<&String> = dependencies[*start].iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(room) = open.pop() {
            if seen.insert(room) {
                open.extend(dependencies.get(room).into_iter().flatten());
            }
        }
        seen.contains(start)
    };
    dependencies.keys().filter(leads_back).collect()
}

#[test]
fn no_two_rooms_of_the_library_depend_on_each_other() {
    let found = dependencies();
    assert!(found["solve"].contains("linear") && found["error"].contains("outcome"), "{found:?}");
    assert_eq!(circles(&found), Vec::<&String>::new(), "{found:#?}");
}

#[test]
fn a_circle_is_found() {
    let on = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let circular = BTreeMap::from([("a".into(), on(&["b"])), ("b".into(), on(&["c", "a"])), ("c".into(), on(&[]))]);
    assert_eq!(circles(&circular), ["a", "b"]);
    assert_eq!(named("use crate::{Real, batch::Rows};\ncrate::linear::DENSE"), ["Real", "batch", "linear"]);
}
