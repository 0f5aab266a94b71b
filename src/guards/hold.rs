//! HOLD: reads the holds that concern a release from the tip that is written on. A hold that comes later is seen as well:
//! the push that did not know of it loses the race, and the next attempt reads it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use crate::git::{Kind, RepositoryPath, Snapshot};
use crate::guards::hold_file::{FILE_NAME, Hold, HoldError, HoldState};
use crate::outcome::failure::Failure;

/// The entries that a release changes, or takes from, in the file at a path.
pub struct Concerned<'n> {
    pub path: RepositoryPath,
    pub names: Vec<&'n str>,
}

/// Returns why a release that concerns these entries is held; `None` if it is not, or if holds are overridden. `note` is told
/// of holds that have expired and of those that are overridden.
///
/// # Errors
/// If the branch cannot be read.
pub fn held(
    snapshot: &mut Snapshot<'_>,
    concerned: &[Concerned<'_>],
    overrides: bool,
    note: &mut dyn FnMut(String),
) -> Result<Option<String>, Failure> {
    let mut held = Vec::new();
    for (place, names) in holds(snapshot, concerned)? {
        let (state, said) = match read(snapshot, &place)? {
            Ok(hold) => (hold.state(names.iter().copied(), SystemTime::now()), hold.to_string()),
            Err(error) => (HoldState::Active, format!("it cannot be understood, so it holds everything: {error}")),
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

/// Returns the holds in the folders of the files and above them, each with the names of the entries below it.
fn holds<'n>(
    snapshot: &Snapshot<'_>,
    concerned: &[Concerned<'n>],
) -> Result<BTreeMap<RepositoryPath, Vec<&'n str>>, Failure> {
    let mut holds: BTreeMap<RepositoryPath, Vec<&str>> = BTreeMap::new();
    for Concerned { path, names } in concerned.iter().filter(|concerned| !concerned.names.is_empty()) {
        for folder in path.folders() {
            if snapshot.kind(&folder, FILE_NAME)? != Kind::Missing {
                holds.entry(folder.join(FILE_NAME)).or_default().extend(names);
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
