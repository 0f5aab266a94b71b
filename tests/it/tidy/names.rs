//! A name has one meaning: no two types of `src` share one, and no two files of different rooms.

use std::collections::{BTreeMap, BTreeSet};

use super::{code_lines, program, room_of};

/// Types that may share a name, and why.
const SHARED_TYPES: [(&str, &str); 0] = [];

/// Types that still share a name and should not. A name leaves with its second meaning; none may come in.
const UNFINISHED_TYPES: [&str; 0] = [];

/// Files that may share a name, and why.
const SHARED_FILES: [(&str, &str); 14] = [
    ("address", "registry has where a registry may lead, forge at which forge a remote is"),
    ("logins", "cli has the variables of CI systems, request where logins are looked for"),
    ("skip_ci", "request has what the flag means, message what a marker is"),
    ("check", COMMAND),
    ("error", "the failures of the room"),
    ("guard", COMMAND),
    ("log", COMMAND),
    ("mod", "the door of a folder"),
    ("promote", COMMAND),
    ("release", COMMAND),
    ("rollback", COMMAND),
    ("set", COMMAND),
    ("status", COMMAND),
    ("commit", "request has what the arguments ask of a commit, git what makes one"),
];

const COMMAND: &str = "one command: as it is meant in request, as it is done in flow, as it is told in report";

/// Files that still share a name and should not.
const UNFINISHED_FILES: [&str; 0] = [];

#[test]
fn a_type_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in program() {
        for name in code_lines(&code).filter_map(defined_type) {
            places.entry(name.to_owned()).or_default().insert(path.clone());
        }
    }
    assert_shared("types", &places, &SHARED_TYPES, &UNFINISHED_TYPES);
}

/// A file may call a type of its own as another file does, but not as a type that both can see.
#[test]
fn a_private_type_is_not_called_as_a_public_one() {
    let (mut public, mut private) = (BTreeSet::new(), BTreeMap::new());
    for (path, code) in program() {
        for line in code_lines(&code) {
            if let Some(name) = defined_type(line) {
                public.insert(name.to_owned());
            } else if let Some(name) =
                defined_type(&format!("pub {line}")).filter(|_| !line.starts_with(char::is_whitespace))
            {
                private.insert(name.to_owned(), path.clone());
            }
        }
    }
    private.retain(|name, _| public.contains(name));
    assert!(private.is_empty(), "{private:#?}");
}

#[test]
fn a_file_has_a_name_of_its_own() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in program().into_keys() {
        let Some(room) = room_of(&path) else { continue };
        let name = path.rsplit('/').next().unwrap().trim_end_matches(".rs").to_owned();
        places.entry(name).or_default().insert(room.to_owned());
    }
    assert_shared("files", &places, &SHARED_FILES, &UNFINISHED_FILES);
}

/// Asserts that exactly the listed names stand in several places.
#[track_caller]
fn assert_shared(
    what: &str,
    places: &BTreeMap<String, BTreeSet<String>>,
    shared: &[(&str, &str)],
    unfinished: &[&str],
) {
    let listed: BTreeSet<&str> = shared.iter().map(|(name, _)| *name).chain(unfinished.iter().copied()).collect();
    let several = |name: &str| places.get(name).is_some_and(|places| places.len() > 1);
    let new: Vec<_> = places.iter().filter(|(name, _)| several(name) && !listed.contains(name.as_str())).collect();
    assert!(new.is_empty(), "{what} that share a name: {new:#?}");
    let gone: Vec<_> = listed.into_iter().filter(|name| !several(name)).collect();
    assert!(gone.is_empty(), "{what} that share no name: take {gone:?} off the list");
}

/// Returns the name of a type that a line defines for other files to see.
fn defined_type(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = if rest.starts_with('(') { rest.split_once(')')?.1 } else { rest };
    let (kind, name) = rest.trim_start().split_once(' ')?;
    let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    ["struct", "enum", "type", "trait"].contains(&kind).then_some(name)
}

#[test]
fn types_are_found() {
    for (line, expected) in [
        ("pub struct Tag(String);", Some("Tag")),
        ("    pub(super) enum Kind<'a> {", Some("Kind")),
        ("pub(crate) type Result<T> = X<T>;", Some("Result")),
        ("pub fn tag() {", None),
        ("struct Private;", None),
        ("    pub type_: String,", None),
    ] {
        assert_eq!(defined_type(line), expected, "{line}");
    }
}
