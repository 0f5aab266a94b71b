//! The documentation: every command in it means something, every link leads somewhere, and what repeats the code is made
//! from the code.

mod commands;
mod fences;
mod generated;
mod links;
mod tables;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Documents beside the book.
const DOCUMENTS: [&str; 6] =
    ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "examples/README.md"];

/// The folder with the pages of the book.
const BOOK: &str = "docs/src";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the pages of the book, by their paths from the root.
fn book() -> BTreeMap<String, String> {
    fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&root().join(BOOK), &mut found);
    found
}

/// Returns all documents and pages.
fn pages() -> BTreeMap<String, String> {
    let mut pages = book();
    pages.extend(DOCUMENTS.map(|path| (path.to_owned(), read(path))));
    pages
}
