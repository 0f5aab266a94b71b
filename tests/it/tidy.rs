//! Rules that hold for the tree as a whole: who may use whom, what only one place does, and what the documents say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tagship::failure::FailureKind;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns each source file of a folder, by its path from the root, without its tests.
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

/// Returns the module of `src` that a file belongs to.
fn module_of(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap();
    inside.split('/').next().unwrap().trim_end_matches(".rs")
}

/// Who may use whom. The arrows run one way: from what a person typed, through the flow, to what is told.
const LAYERS: [(&str, &[&str]); 31] = [
    ("image", &[]),
    ("backoff", &[]),
    ("http", &[]),
    ("diff", &[]),
    ("nearest", &[]),
    ("worktree", &[]),
    ("hold", &[]),
    ("marker", &[]),
    ("cli", &[]),
    ("interrupt", &["backoff"]),
    ("program", &["backoff"]),
    ("git", &["http", "program"]),
    ("registry", &["image", "backoff", "http", "program"]),
    ("kustomization", &["image"]),
    ("failure", &["image", "interrupt", "git", "registry", "kustomization"]),
    ("logins", &["cli", "failure", "registry"]),
    ("message_template", &["failure", "marker"]),
    ("request", &["cli", "image", "git", "registry", "logins", "marker", "message_template", "failure"]),
    ("provenance", &["git"]),
    ("order", &["git", "provenance"]),
    ("guard", &["git", "kustomization", "provenance"]),
    ("plan", &["image", "git", "kustomization", "marker", "provenance", "request", "message_template", "failure"]),
    ("outcome", &["image", "git", "registry", "kustomization", "plan", "provenance", "diff"]),
    ("checks", &["backoff", "failure", "image", "outcome", "plan", "registry", "request"]),
    ("target", &["cli", "git", "kustomization", "request", "failure"]),
    ("source", &["failure", "git", "request", "target"]),
    ("trigger", &["failure", "git", "guard", "request", "target"]),
    (
        "flow",
        &[
            "backoff",
            "checks",
            "cli",
            "failure",
            "git",
            "hold",
            "image",
            "interrupt",
            "kustomization",
            "nearest",
            "order",
            "outcome",
            "plan",
            "provenance",
            "request",
            "source",
            "target",
            "trigger",
            "worktree",
        ],
    ),
    ("report", &["cli", "failure", "git", "image", "kustomization", "outcome", "plan"]),
    ("lib", &["cli", "failure", "flow", "git", "interrupt", "outcome", "program", "report", "request"]),
    ("main", &["tagship"]),
];

#[test]
fn who_uses_whom() {
    let layers = BTreeMap::from(LAYERS);
    for (path, code) in sources("src") {
        let module = module_of(&path);
        let allowed = layers.get(module).unwrap_or_else(|| panic!("{path}: give `{module}` its place in LAYERS"));
        for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
            assert!(
                module == "lib" || !line.contains("use crate::{"),
                "{path}: one line a module, so that it is seen here"
            );
            for used in line.split("crate::").skip(1) {
                let used: &str = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let fine = used.is_empty() || used == module || allowed.contains(&used) || module == "lib";
                assert!(fine, "{path} must not use `{used}`: {line}");
            }
        }
    }
}

/// What only one place does: a word of code, and where it may stand.
#[test]
fn only_one_place() {
    for (word, places) in [
        ("env::var", &["src/cli/env.rs"][..]),
        ("env::args", &["src/main.rs"]),
        ("io::stdout", &["src/report/"]),
        ("io::stderr", &["src/report/"]),
        ("println!", &[]),
        ("thread::sleep", &["src/backoff.rs"]),
        (".spawn()", &["src/program.rs"]),
        ("command::prepare", &[]),
        ("process::exit", &[]),
        ("signal_hook", &["src/interrupt.rs"]),
        ("fs::write", &[]),
        ("tempfile", &["src/worktree.rs", "src/report/file.rs", "src/git/sign.rs"]),
        ("OpenOptions", &["src/worktree.rs", "src/report/file.rs"]),
    ] {
        for (path, code) in sources("src") {
            let here = code.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            let fine = !here || places.iter().any(|place| path.starts_with(place));
            assert!(fine, "`{word}` in {path}");
        }
    }
}

#[test]
fn files_are_short_and_say_why_they_are() {
    for (path, code) in sources("src") {
        assert!(code.lines().count() <= 400, "{path} has {} lines without its tests", code.lines().count());
        assert!(code.starts_with("//!"), "{path} has no module documentation");
    }
}

#[test]
fn every_test_file_is_run() {
    let main = read("tests/it/main.rs");
    for entry in fs::read_dir(root().join("tests/it")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name} is not in tests/it/main.rs");
    }
}

#[test]
fn the_readme_has_the_exit_codes() {
    let readme = read("README.md");
    let row = |code: u8| readme.lines().find(|line| line.starts_with(&format!("| {code} |"))).map(str::to_owned);
    for kind in FailureKind::ALL {
        let row = row(kind.exit_code()).unwrap_or_else(|| panic!("no row for {}", kind.exit_code()));
        assert!(row.contains(kind.name()), "{row} is not about {}", kind.name());
    }
}

#[test]
fn the_documents_name_files_that_there_are() {
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"] {
        let text = read(document);
        let quoted = text.split('`').skip(1).step_by(2);
        let ours =
            quoted.filter(|quoted| ["src/", "tests/", "action/", ".ci/"].iter().any(|root| quoted.starts_with(root)));
        for path in ours.filter(|path| !path.contains(['*', '<', ' '])) {
            assert!(root().join(path).exists(), "{document} names `{path}`");
        }
    }
}

#[test]
fn the_changelog_has_this_version() {
    let changelog = read("CHANGELOG.md");
    let heading = format!("## [{}]", env!("CARGO_PKG_VERSION"));
    assert_eq!(changelog.matches(&heading).count() + changelog.matches("## [Unreleased]").count().min(1), 1);
}

#[test]
fn every_dependency_has_a_reason() {
    let manifest = read("Cargo.toml");
    let mut in_dependencies = false;
    let mut previous = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            in_dependencies = line.contains("dependencies");
        } else if in_dependencies && line.contains(" = ") && !line.starts_with([' ', '#']) {
            assert!(previous.starts_with('#'), "no reason above: {line}");
        }
        previous = line;
    }
}
