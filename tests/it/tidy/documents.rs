//! What the documents say: the files that they name, the version, and the reasons for dependencies.

use super::{read, root};

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
