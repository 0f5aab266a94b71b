//! Rules that hold for the tree as a whole, read from the source: which room may use which, no circles of files, one
//! meaning for each name, and documents that tell the truth.

mod circles;
mod documents;
mod files;
mod names;
mod rooms;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Returns the folder of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a file, by its path from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns each source file of a folder, by its path from the root, without its unit tests.
fn sources(folder: &str) -> BTreeMap<String, String> {
    fn collect(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("\n#[cfg(test)]").next().unwrap().split("\n#[cfg(all(test").next().unwrap();
                let name = path.strip_prefix(root()).unwrap().display().to_string();
                found.insert(name, code.to_owned());
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(&root().join(folder), &mut found);
    found
}

/// Returns the source files of the program: of `src`, and of the room that is a crate of its own.
fn program() -> BTreeMap<String, String> {
    sources("src").into_iter().chain(sources("crates/yaml/src")).collect()
}

/// Returns the room that a file of the program belongs to; `None` for a loose file.
fn room_of(path: &str) -> Option<&str> {
    match path.strip_prefix("src/") {
        Some(path) => path.split_once('/').map(|(room, _)| room),
        None => path.strip_prefix("crates/")?.split_once("/src/").map(|(room, _)| room),
    }
}

/// Returns the code of a file, line by line, without its comments.
fn code_lines(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}
