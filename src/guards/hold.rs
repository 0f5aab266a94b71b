//! HOLD: reads the holds that concern a release from the tip that is written on. A hold that comes later is seen as well:
//! the push that did not know of it loses the race, and the next attempt reads it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::git::{Kind, RepositoryPath, Snapshot};
use crate::guards::hold_file::{FILE_NAME, Hold, HoldError, HoldState};
use crate::outcome::FileEdit;
use crate::outcome::failure::Failure;

/// Returns why the changes to `files`, which are at `paths`, are held; `None` if they are not, or if `overrides` is set.
pub(crate) fn held(
    snapshot: &mut Snapshot<'_>,
    paths: &[RepositoryPath],
    files: &[FileEdit],
    overrides: bool,
    note: &mut dyn FnMut(String),
) -> Result<Option<String>, Failure> {
    let mut held = Vec::new();
    for (place, names) in holds(snapshot, paths, files)? {
        let (state, said) = match read(snapshot, &place)? {
            Ok(hold) => (hold.state(names.iter().copied(), SystemTime::now()), hold.to_string()),
            Err(error) => (
                HoldState::Active,
                format!("the file is not a hold that can be understood ({error}), so it holds everything"),
            ),
        };
        match state {
            HoldState::Unrelated => {}
            HoldState::Expired => note(format!("the hold `{place}` has expired; delete the file: {said}")),
            HoldState::Active if overrides => note(format!("overrides the hold `{place}`: {said}")),
            HoldState::Active => held.push(format!("the hold `{place}` stops this: {said}")),
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
