//! Rules that hold for the tree as a whole: who may use whom, what only one place does, and what the documents say.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tagship::outcome::failure::FailureKind;

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

/// Returns the room of `src` that a file belongs to; `None` for a loose file.
fn room_of(path: &str) -> Option<&str> {
    Some(path.strip_prefix("src/")?.split_once('/')?.0)
}

/// Returns the code of a file, line by line, without its comments.
fn code_lines(code: &str) -> impl Iterator<Item = &str> {
    code.lines().filter(|line| !line.trim_start().starts_with("//"))
}

/// Returns who may use whom, by the map of ARCHITECTURE.md: each room, and the rooms that it may import.
fn map() -> BTreeMap<String, Vec<String>> {
    let text = read("ARCHITECTURE.md");
    let table = text.lines().skip_while(|line| !line.starts_with("| room |")).skip(2);
    let rows = table.take_while(|line| line.starts_with('|'));
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let room = quoted(cells[0]).pop().unwrap_or_else(|| panic!("no room in {row}"));
        (room, quoted(cells[2]))
    })
    .collect()
}

/// The arrows run one way: from what a person typed, through the flow, to what is told.
#[test]
fn rooms_import_what_the_map_says() {
    let map = map();
    for (path, code) in sources("src") {
        let Some(room) = room_of(&path) else { continue };
        let allowed = map.get(room).unwrap_or_else(|| panic!("{path}: ARCHITECTURE.md has no row for `{room}`"));
        for line in code_lines(&code) {
            assert!(!line.contains("use crate::{"), "{path}: write one line for each room, so that it is seen here");
            for used in line.split("crate::").skip(1) {
                let used: &str = used.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
                let fine = used.is_empty() || used == room || allowed.iter().any(|room| room == used);
                assert!(fine, "{path} must not use `{used}`: {line}");
            }
        }
    }
}

#[test]
fn the_map_has_the_rooms_that_there_are_and_no_circle() {
    let map = map();
    let mut rooms: Vec<String> = Vec::new();
    for path in sources("src").into_keys() {
        match room_of(&path) {
            Some(room) => rooms.push(room.to_owned()),
            None => assert!(["src/main.rs", "src/lib.rs"].contains(&path.as_str()), "{path} belongs in a room"),
        }
    }
    rooms.dedup();
    assert_eq!(map.keys().collect::<Vec<_>>(), rooms.iter().collect::<Vec<_>>());
    assert!(rooms.len() <= 14, "{} rooms", rooms.len());
    assert_no_circle("ARCHITECTURE.md", &map);
}

/// Fails with the circle if the arrows of `graph` make one.
fn assert_no_circle(what: &str, graph: &BTreeMap<String, Vec<String>>) {
    let mut left = graph.clone();
    loop {
        let ends: Vec<String> = left.iter().filter(|(_, uses)| uses.is_empty()).map(|(name, _)| name.clone()).collect();
        if ends.is_empty() {
            break;
        }
        for end in &ends {
            left.remove(end);
        }
        for uses in left.values_mut() {
            uses.retain(|used| !ends.contains(used));
        }
    }
    assert!(left.is_empty(), "{what}: a circle among {left:#?}");
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
        ("thread::sleep", &["src/system/backoff.rs"]),
        (".spawn()", &["src/system/programs.rs"]),
        ("command::prepare", &[]),
        ("process::exit", &[]),
        ("signal_hook", &["src/system/signals.rs"]),
        ("fs::write", &[]),
        ("tempfile", &["src/system/files.rs", "src/report/file.rs", "src/git/sign.rs"]),
        ("OpenOptions", &["src/system/files.rs", "src/report/file.rs"]),
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

/// A file that no `mod` names is silently not compiled, and its tests never run.
#[test]
fn every_test_file_is_run() {
    let files = sources("tests");
    for path in files.keys().filter(|path| *path != "tests/it/main.rs" && !path.ends_with("support/mod.rs")) {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let (folder, module) = match name {
            "mod.rs" => folder.rsplit_once('/').unwrap(),
            name => (folder, name.trim_end_matches(".rs")),
        };
        let declares = |parent: &String| {
            files.get(parent).is_some_and(|code| code.lines().any(|line| line.ends_with(&format!("mod {module};"))))
        };
        let by_path = || files["tests/it/main.rs"].contains(&format!("#[path = \"../{}\"]", &path["tests/".len()..]));
        let parents = [format!("{folder}/mod.rs"), format!("{folder}/main.rs"), format!("{folder}.rs")];
        assert!(parents.iter().any(declares) || by_path(), "no `mod` names {path}");
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
    assert!(changelog.contains(&heading) || changelog.contains("## [Unreleased]"), "{heading}, or Unreleased");
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
