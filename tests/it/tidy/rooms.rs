//! The rooms of `src`: which may use which, and what only one place does.

use std::collections::{BTreeMap, BTreeSet};

use super::circles::circles;
use super::{code_lines, program, read, room_of};

/// Returns who may use whom, by the map of ARCHITECTURE.md: each room, and the rooms that it may import.
pub(super) fn map() -> BTreeMap<String, Vec<String>> {
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
    for (path, code) in program() {
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
    let files = program();
    for path in files.keys().filter(|path| room_of(path).is_none()) {
        assert!(["src/main.rs", "src/lib.rs"].contains(&path.as_str()), "{path} belongs in a room");
    }
    let rooms: BTreeSet<&str> = files.keys().filter_map(|path| room_of(path)).collect();
    assert_eq!(map.keys().map(String::as_str).collect::<BTreeSet<_>>(), rooms);
    assert!(rooms.len() <= 14, "{} rooms", rooms.len());
    assert_eq!(circles(&map), [[""; 0]; 0], "ARCHITECTURE.md allows a circle");
}

/// What only one place does: a word of code, and where it may stand.
#[test]
fn only_one_place() {
    for (word, places) in [
        ("env::var", &["src/cli/env.rs", "src/git/configuration.rs"][..]),
        ("env::args", &["src/main.rs"]),
        ("io::stdout", &["src/report/"]),
        ("io::stderr", &["src/report/"]),
        ("println!", &[]),
        ("thread::sleep", &["src/system/backoff.rs"]),
        (".spawn()", &["src/system/processes/programs.rs"]),
        ("command::prepare", &["src/git/objects/default_key.rs"]),
        ("process::exit", &["src/system/processes/thread_limit.rs"]),
        ("signal_hook", &["src/system/processes/signals.rs"]),
        ("fs::write", &[]),
        ("fs::read(", &[]),
        (
            "tempfile",
            &[
                "src/system/disk/appendable_file.rs",
                "src/system/disk/files.rs",
                "src/report/file.rs",
                "src/git/objects/sign.rs",
                "src/git/objects/signer.rs",
            ],
        ),
        ("OpenOptions", &["src/system/disk/appendable_file.rs", "src/system/disk/folder.rs", "src/report/file.rs"]),
    ] {
        for (path, code) in program() {
            let here = code_lines(&code).any(|line| line.contains(word));
            let fine = !here || places.iter().any(|place| path.starts_with(place));
            assert!(fine, "`{word}` in {path}");
        }
    }
}
