//! What the documents say: the files that they name, how wide they are, the version, and the reasons for dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::rooms::map;
use super::{program, read, root};

/// Returns the documents at the root that name files, and the READMEs beside the code, by their paths from the root.
fn documents() -> BTreeMap<String, String> {
    fn collect(folder: &str, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            let path = format!("{folder}/{}", entry.unwrap().file_name().display());
            if root().join(&path).is_dir() {
                collect(&path, found);
            } else if path.ends_with("/README.md") {
                found.insert(path.clone(), read(&path));
            }
        }
    }
    let at_root = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut found = at_root.map(|path| (path.to_owned(), read(path))).into();
    collect("src", &mut found);
    collect("crates", &mut found);
    found
}

/// Returns what stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Returns a path of the program as it is seen from `src`: `crates/yaml/src/proof.rs` is `yaml/proof.rs`.
fn from_source(path: &str) -> String {
    path.trim_start_matches("src/").trim_start_matches("crates/").replacen("/src/", "/", 1)
}

#[test]
fn the_documents_name_files_that_there_are() {
    for (document, text) in documents() {
        let ours = quoted(&text).filter(|quoted| {
            ["src/", "crates/", "tests/", "action/", ".ci/"].iter().any(|root| quoted.starts_with(root))
        });
        for path in ours.filter(|path| !path.contains(['*', '<', ' '])) {
            assert!(root().join(path).exists(), "{document} names `{path}`");
        }
    }
}

/// The architecture names a file as it is seen from `src`, with `.rs` or without.
#[test]
fn the_architecture_names_files_of_rooms_that_there_are() {
    let text = read("ARCHITECTURE.md");
    let rooms = map();
    let ours: Vec<&str> =
        quoted(&text).filter(|path| path.split_once('/').is_some_and(|(room, _)| rooms.contains_key(room))).collect();
    assert!(ours.len() > 20, "{ours:?}");
    let files = program();
    for path in ours {
        let names = |file: &String| {
            let file = from_source(file);
            let rest = file.strip_prefix(path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
        };
        assert!(files.keys().any(names), "ARCHITECTURE.md names `{path}`");
    }
}

/// A README names a file or a folder as it is seen from its own folder, or from `src`.
#[test]
fn the_readmes_beside_the_code_name_files_that_there_are() {
    let mut found = 0;
    for (document, text) in documents().iter().filter(|(document, _)| document.contains('/')) {
        let folder = document.trim_end_matches("README.md");
        for path in quoted(text).filter(|path| path.ends_with(".rs") || path.ends_with('/')) {
            if path.contains(['*', '<', ' ']) || path.starts_with('/') {
                continue;
            }
            let places = [folder.to_owned(), format!("{folder}src/"), "src/".to_owned(), String::new()];
            let is_there = places.iter().any(|place| root().join(format!("{place}{path}")).exists());
            assert!(is_there, "{document} names `{path}`");
            found += 1;
        }
    }
    assert!(found > 50, "{found} files");
}

/// Returns the files that the tables of ARCHITECTURE.md name. A file without a folder is in that of the one before it in its row.
fn files_by_question() -> BTreeSet<String> {
    let text = read("ARCHITECTURE.md");
    let mut found = BTreeSet::new();
    for row in text.lines().filter(|line| line.starts_with('|')) {
        let mut folder = "";
        for path in quoted(row).filter(|path| path.ends_with(".rs")) {
            match path.rsplit_once('/') {
                Some((above, _)) => {
                    folder = above;
                    found.insert(path.to_owned());
                }
                None => drop(found.insert(format!("{folder}/{path}"))),
            }
        }
    }
    found
}

/// A stranger finds the place of a change by a question, and no file is left out where there are many.
#[test]
fn files_are_found_by_a_question() {
    let asked = files_by_question();
    let files: BTreeSet<String> = program().keys().map(|path| from_source(path)).collect();
    let rooms = map();
    let is_of_a_room = |path: &&String| path.split('/').next().is_some_and(|room| rooms.contains_key(room));
    let unknown: Vec<&String> = asked.iter().filter(is_of_a_room).filter(|path| !files.contains(*path)).collect();
    assert_eq!(unknown, [""; 0], "ARCHITECTURE.md names files that are not there");
    let is_large = |path: &&String| ["flow/", "guards/", "targets/"].iter().any(|room| path.starts_with(room));
    let is_named = |path: &&String| path.ends_with("/mod.rs") || asked.contains(*path);
    let unnamed: Vec<&String> = files.iter().filter(is_large).filter(|path| !is_named(path)).collect();
    assert_eq!(unnamed, [""; 0], "ARCHITECTURE.md needs a row, or a place in one, for these files");
}

/// Those that developers read. Tables are as wide as they have to be, and code is as it is.
#[test]
fn documents_are_not_wider_than_a_screen() {
    let is_for_users = |document: &String| ["README.md", "SECURITY.md"].contains(&document.as_str());
    for (document, text) in documents().into_iter().filter(|(document, _)| !is_for_users(document)) {
        let mut in_code = false;
        for line in text.lines() {
            in_code ^= line.trim_start().starts_with("```");
            let is_wide = line.chars().count() > 130 && !in_code && !line.starts_with('|');
            assert!(!is_wide, "{document}: {line}");
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let changelog = read("CHANGELOG.md");
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert!(changelog.contains(&heading) || changelog.contains("## [Unreleased]"), "{heading}, or Unreleased");
}

#[test]
fn every_dependency_has_a_reason() {
    let manifests = [read("Cargo.toml"), read("crates/yaml/Cargo.toml")].concat();
    let mut in_dependencies = false;
    let mut previous = "";
    for line in manifests.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        } else if in_dependencies && line.contains(" = ") && !line.starts_with([' ', '#']) {
            assert!(previous.starts_with('#'), "no reason above: {line}");
        }
        previous = line;
    }
}
