//! The book in docs/book: every chapter is in its table of contents, and every file that it names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn chapters() -> Vec<PathBuf> {
    let files = fs::read_dir(root().join("docs/book/src")).expect("the book's folder");
    files.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_file()).collect()
}

/// What stands between `open` and `close`, everywhere in a text.
fn between<'t>(text: &'t str, open: &'t str, close: char) -> impl Iterator<Item = &'t str> {
    text.split(open).skip(1).filter_map(move |rest| rest.split_once(close).map(|(inside, _)| inside))
}

#[test]
fn the_table_of_contents_has_every_chapter_and_no_other() {
    let summary = fs::read_to_string(root().join("docs/book/src/SUMMARY.md")).expect("the table of contents");
    let listed: BTreeSet<String> = between(&summary, "](", ')').map(str::to_owned).collect();
    let name = |path: &PathBuf| path.file_name().expect("a file").to_string_lossy().into_owned();
    let there: BTreeSet<String> = chapters().iter().map(name).filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed, there);
}

#[test]
fn links_includes_and_files_that_are_named_exist() {
    for chapter in chapters() {
        let text = fs::read_to_string(&chapter).expect("a chapter");
        let folder = chapter.parent().expect("the book's folder");
        let links = between(&text, "](", ')').filter(|link| !link.contains("://"));
        for link in links.chain(between(&text, "{{#include ", '}')) {
            let file = link.split('#').next().expect("a link");
            assert!(folder.join(file).exists(), "{}: no {link}", chapter.display());
        }
        for path in between(&text, "`", '`').filter(|code| code.starts_with("crates/") || code.starts_with("docs/")) {
            assert!(root().join(path).exists(), "{}: no {path}", chapter.display());
        }
    }
}
