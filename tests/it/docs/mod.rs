//! The documentation: every command in it means something, every link leads somewhere, and what repeats the code is made
//! from the code.

mod commands;
mod fences;
mod generated;
mod links;
mod packages;
mod pictures;
mod schemas;
mod summary_picture;
mod tables;
mod terminal_picture;
mod troubleshooting;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::tidy::{read, root};

/// Documents beside the book.
const DOCUMENTS: [&str; 6] =
    ["ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "examples/README.md"];

/// The folder with the pages of the book.
const BOOK: &str = "docs/src";

/// Returns the texts of the files with this extension below a folder, by their paths from the root.
fn texts_below(folder: &Path, extension: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = folder.join(entry.unwrap().file_name());
        if root().join(&path).is_dir() {
            found.extend(texts_below(&path, extension));
        } else if path.extension().is_some_and(|other| other == extension) {
            let name = path.display().to_string();
            found.insert(name.clone(), read(&name));
        }
    }
    found
}

/// Returns the source files of the program, by their paths from the root.
fn code() -> BTreeMap<String, String> {
    ["src", "crates"].into_iter().flat_map(|folder| texts_below(Path::new(folder), "rs")).collect()
}

/// Returns the pages of the book, by their paths from the root.
fn book() -> BTreeMap<String, String> {
    texts_below(Path::new(BOOK), "md")
}

/// Returns all documents and pages, with those beside the code.
fn pages() -> BTreeMap<String, String> {
    let mut pages = book();
    pages.extend(DOCUMENTS.map(|path| (path.to_owned(), read(path))));
    pages.extend(["src", "crates"].into_iter().flat_map(|folder| texts_below(Path::new(folder), "md")));
    pages
}

/// Returns the numbers of rows of the tables of a page.
fn rows_of_tables(page: &str) -> Vec<usize> {
    let blocks = page.split("\n\n").filter(|block| block.starts_with('|') && block.contains("\n|---"));
    blocks.map(|block| block.lines().count() - 2).collect()
}

/// It is read in a minute; what is longer belongs into the book.
#[test]
fn the_readme_is_short() {
    let readme = read("README.md");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    let tables = rows_of_tables(&readme);
    assert!(!tables.is_empty() && tables.iter().all(|rows| *rows <= 10), "{tables:?}");
}
