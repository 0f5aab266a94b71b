//! What the documents say: the files that they name, the version, and the reasons for dependencies.

use super::rooms::map;
use super::{program, read, root};

#[test]
fn the_documents_name_files_that_there_are() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        let ours = quoted.filter(|quoted| {
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
    let quoted = text.split('`').skip(1).step_by(2);
    let ours: Vec<&str> =
        quoted.filter(|path| path.split_once('/').is_some_and(|(room, _)| rooms.contains_key(room))).collect();
    assert!(ours.len() > 20, "{ours:?}");
    let files = program();
    for path in ours {
        let names = |file: &String| {
            let from_source = file.trim_start_matches("src/").trim_start_matches("crates/").replacen("/src/", "/", 1);
            let rest = from_source.strip_prefix(path.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
        };
        assert!(files.keys().any(names), "ARCHITECTURE.md names `{path}`");
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
