//! What holds for every file: it is short, it says why it is there, and it is compiled. And how the tests are laid out.

use std::collections::BTreeMap;

use super::rooms::map;
use super::{code_lines, program, sources};

#[test]
fn files_are_short_and_say_why_they_are() {
    for (path, code) in program() {
        assert!(code.lines().count() <= 400, "{path} has {} lines without its tests", code.lines().count());
        assert!(code.starts_with("//!"), "{path} has no module documentation");
    }
}

/// rustfmt wraps no comment. In `cli`, one line is one text of the help.
#[test]
fn comments_are_not_wider_than_a_screen() {
    for (path, code) in program().into_iter().filter(|(path, _)| !path.starts_with("src/cli/")) {
        let is_wide = |line: &&str| line.trim_start().starts_with("//") && line.chars().count() > 130;
        assert_eq!(code.lines().find(is_wide), None, "{path}");
    }
}

/// What cargo compiles by itself.
const ROOTS: [&str; 2] = ["tests/it/main.rs", "tests/witness/digests.rs"];

/// Returns the files below `tests` that no `mod` names: they are not compiled, and their tests never run.
fn forgotten(files: &BTreeMap<String, String>) -> Vec<&str> {
    let is_forgotten = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap();
        let (folder, module) = match name {
            "mod.rs" => folder.rsplit_once('/').unwrap(),
            name => (folder, name.trim_end_matches(".rs")),
        };
        let declaration = [format!("mod {module};"), format!("pub mod {module};")];
        let declares = |parent: &String| {
            files.get(parent).is_some_and(|code| code.lines().any(|line| declaration.iter().any(|word| word == line)))
        };
        let by_path = || files["tests/it/main.rs"].contains(&format!("#[path = \"../{}\"]", &path["tests/".len()..]));
        let parents = [format!("{folder}/mod.rs"), format!("{folder}/main.rs"), format!("{folder}.rs")];
        !parents.iter().any(declares) && !by_path()
    };
    files.keys().map(String::as_str).filter(|path| !ROOTS.contains(path) && is_forgotten(path)).collect()
}

#[test]
fn every_test_file_is_run() {
    assert_eq!(forgotten(&sources("tests")), [""; 0]);
}

#[test]
fn a_forgotten_file_is_found_at_any_depth() {
    let files = [
        ("tests/it/main.rs", "#[path = \"../support/mod.rs\"]\nmod support;\nmod git;\nmod flow;\n// mod lost;\n"),
        ("tests/support/mod.rs", "pub mod http;\n"),
        ("tests/support/http/mod.rs", "mod log;\n"),
        ("tests/support/http/log.rs", ""),
        ("tests/support/http/lost.rs", ""),
        ("tests/it/lost.rs", ""),
        ("tests/it/flow.rs", ""),
        ("tests/it/git/mod.rs", "mod races;\n"),
        ("tests/it/git/races.rs", ""),
        ("tests/it/git/lost.rs", ""),
        ("tests/it/git/deep/mod.rs", ""),
    ];
    let files = files.map(|(path, code)| (path.to_owned(), code.to_owned())).into();
    let expected =
        ["tests/it/git/deep/mod.rs", "tests/it/git/lost.rs", "tests/it/lost.rs", "tests/support/http/lost.rs"];
    assert_eq!(forgotten(&files), expected);
}

/// Folders and files of the tests that are no room of `src`.
const BESIDE_THE_ROOMS: [&str; 9] =
    ["action", "docs", "examples", "faults", "main", "pipeline", "security", "stage", "tidy"];

/// Those that are about a room and are not named after it yet. None may come in.
const UNFINISHED: [&str; 0] = [];

#[test]
fn tests_are_laid_out_as_the_rooms() {
    let rooms = map();
    for path in sources("tests/it").into_keys() {
        let name = path["tests/it/".len()..].split(['/', '.']).next().unwrap();
        let known = rooms.contains_key(name) || BESIDE_THE_ROOMS.contains(&name) || UNFINISHED.contains(&name);
        assert!(known, "{path}: `{name}` is no room of src");
    }
    for name in UNFINISHED {
        let path = |end: &str| super::root().join(format!("tests/it/{name}{end}"));
        assert!(path(".rs").exists() || path("").exists(), "{name} is gone: take it off the list");
    }
}

/// Files that call the library and run the program too, and should do one. None may come in.
const OF_BOTH_LEVELS: [&str; 5] = [
    "tests/it/examples/mod.rs",
    "tests/it/message/skip_ci.rs",
    "tests/it/registry/sources.rs",
    "tests/it/registry/tls.rs",
    "tests/it/report.rs",
];

#[test]
fn a_test_file_has_one_level() {
    for (path, code) in sources("tests/it") {
        let uses = |word: &str| code_lines(&code).any(|line| line.contains(word));
        let both = !path.contains("/tidy/") && uses("use tagship::") && (uses("Stage") || uses("tagship()"));
        assert_eq!(both, OF_BOTH_LEVELS.contains(&path.as_str()), "{path}: library or program, one of the two");
    }
}
