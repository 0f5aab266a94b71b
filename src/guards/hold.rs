//! Whether somebody has stopped what a command is about to write. Holds are read from the tip that is written on, so that
//! one that comes in between is seen: the push that did not know of it loses the race.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::git::{Kind, RepositoryPath, Snapshot};
use crate::guards::hold_file::{FILE_NAME, Grip, Hold, HoldError};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;

/// Returns what stops the changes to `files`, which are at `paths`; `None` where nothing does, or `overrides` says that it
/// does not count.
pub(crate) fn held(
    snapshot: &mut Snapshot<'_>,
    paths: &[RepositoryPath],
    files: &[FileEdit],
    overrides: bool,
    note: &mut dyn FnMut(String),
) -> Result<Option<String>, Failure> {
    let mut held = Vec::new();
    for (place, names) in holds(snapshot, paths, files)? {
        let (grip, said) = match read(snapshot, &place)? {
            Ok(hold) => (hold.grip(names.iter().copied(), SystemTime::now()), hold.to_string()),
            Err(error) => (Grip::Holds, format!("it cannot be understood, so it holds everything: {error}")),
        };
        match grip {
            Grip::None => {}
            Grip::Over => note(format!("the hold `{place}` is over, and can go: {said}")),
            Grip::Holds if overrides => note(format!("the hold `{place}` is overridden: {said}")),
            Grip::Holds => held.push(format!("`{place}` stops it: {said}")),
        }
    }
    Ok((!held.is_empty()).then(|| held.join("; ")))
}

/// Returns the holds in the folders of what changes and above them, each with the names of the entries that change below.
fn holds<'f>(
    snapshot: &Snapshot<'_>,
    paths: &[RepositoryPath],
    files: &'f [FileEdit],
) -> Result<BTreeMap<RepositoryPath, Vec<&'f str>>, Failure> {
    let mut holds: BTreeMap<RepositoryPath, Vec<&str>> = BTreeMap::new();
    for (path, file) in paths.iter().zip(files) {
        let changed = file.edit.entries.iter().filter(|entry| entry.changed()).map(|entry| entry.name.as_str());
        let names: Vec<&str> = changed.collect();
        for folder in path.folders() {
            if !names.is_empty() && snapshot.kind(&folder, FILE_NAME)? != Kind::Missing {
                holds.entry(folder.join(FILE_NAME)).or_default().extend(&names);
            }
        }
    }
    Ok(holds)
}

fn read(snapshot: &mut Snapshot<'_>, place: &RepositoryPath) -> Result<Result<Hold, HoldError>, Failure> {
    let folder = place.folders().pop().unwrap_or_else(RepositoryPath::root);
    if snapshot.kind(&folder, FILE_NAME)? != Kind::File {
        return Ok(Err(HoldError::NoFile));
    }
    snapshot.load(std::slice::from_ref(place))?;
    Ok(Hold::parse(snapshot.file(place)?))
}
