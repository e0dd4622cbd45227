//! What the documents of the repository name is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const DOCUMENTS: [&str; 2] = ["CONTRIBUTING.md", "docs/DESIGN.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Files and folders below `folder`, relative to `root`, with `/` between their parts.
fn collect(root: &Path, folder: &Path, all: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("target") || path.ends_with(".git") {
            continue;
        }
        let parts: Vec<_> = path.strip_prefix(root).unwrap().iter().map(|part| part.to_string_lossy()).collect();
        all.insert(parts.join("/"));
        if path.is_dir() {
            collect(root, &path, all);
        }
    }
}

fn everything() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    collect(&root(), &root(), &mut all);
    all
}

/// What stands between backticks, outside of blocks of code; what has spaces is a command or a formula.
fn quoted(document: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let prose: String = text.split("```").step_by(2).collect();
    let names = prose.split('`').skip(1).step_by(2);
    names.filter(|name| !name.contains([' ', '\n']) && !name.contains("NAME")).map(str::to_owned).collect()
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".rs")
}

#[test]
fn paths_in_backticks_exist() {
    let all = everything();
    for document in DOCUMENTS {
        let paths: Vec<String> = quoted(document).into_iter().filter(|name| is_path(name)).collect();
        assert!(paths.len() > 5, "{document} names files");
        for path in paths {
            let path = path.trim_end_matches('/');
            // from the root, or the end of a path
            let exists = all.contains(path) || all.iter().any(|known| known.ends_with(&format!("/{path}")));
            assert!(exists, "{document}: `{path}` does not exist");
        }
    }
}

#[test]
fn names_in_backticks_are_in_the_sources() {
    let mut words = BTreeSet::new();
    let sources = everything().into_iter().filter(|path| path.ends_with(".rs") || path.ends_with(".toml"));
    for path in sources.filter(|path| !path.ends_with("documents.rs")) {
        // an ill-formed configuration file of a test need not be text
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        words.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
    }
    for document in DOCUMENTS {
        for name in quoted(document).iter().filter(|name| !is_path(name)) {
            for word in name.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
                assert!(words.contains(word), "{document}: `{name}` is nowhere in the sources");
            }
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    let all = everything();
    for document in all.iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(root().join(document)).unwrap();
        let folder = Path::new(document).parent().unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if !file.is_empty() && !file.contains(':') && !file.contains(' ') {
                assert!(root().join(folder).join(file).exists(), "{document}: {link} leads nowhere");
            }
        }
    }
}
