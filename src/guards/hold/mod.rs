//! HOLD: reads the holds that concern a release from the tip that is written on. A hold that comes later is seen as well:
//! the push that did not know of it loses the race, and the next attempt reads it.

pub mod hold_file;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::SystemTime;

use self::hold_file::{FILE_NAME, Hold, HoldError, HoldState};
use crate::git::{RepositoryPath, Snapshot, TreeEntryKind};
use crate::guards::near_names::near_names;
use crate::outcome::Event;
use crate::outcome::failure::Failure;
use crate::targets::kustomization::is_kustomization_name;
use crate::targets::{self, ReadFile};

/// How many kustomizations below a hold, and how many other files of YAML, are searched for the names in it.
const MAX_FILES_BELOW: usize = 1_000;

/// How many bytes of these are searched: a large file that is in many folders is one object on the branch.
const MAX_BYTES_BELOW: usize = 16 << 20;

/// How many folders of a checkout are searched for them.
const MAX_FOLDERS_BELOW: usize = 10_000;

/// The entries that a release changes, or takes from, in the file at a path.
pub struct AffectedEntries {
    pub path: RepositoryPath,
    pub names: Vec<String>,
    /// The file as it will be; `None` if the release takes from it.
    pub after: Option<Vec<u8>>,
}

/// Returns why a release that concerns these entries is held, a sentence for each hold that is not overridden. `tell` is told
/// of holds that have expired, of those that are overridden, and with a warning of those that may hold nothing.
///
/// # Errors
/// If the branch cannot be read.
pub fn held(
    snapshot: &mut Snapshot<'_>,
    affected: &[AffectedEntries],
    overrides: bool,
    tell: &mut dyn FnMut(Event<'static>),
) -> Result<Vec<String>, Failure> {
    tell_misnamed(snapshot, affected, tell)?;
    let now = SystemTime::now();
    let mut held = Vec::new();
    for (place, below) in holds(snapshot, affected)? {
        let (state, said) = match read(snapshot, &place)? {
            Ok(hold) => {
                let names = names_for(snapshot, &hold, &below)?;
                let why = match hold.is_over(now) {
                    true => None,
                    false => name_of_nothing(snapshot, &place, &hold, affected, tell)?,
                };
                match why {
                    Some(why) => (HoldState::Active, format!("{why}, so it holds everything: {hold}")),
                    None => (hold.state(names.iter().map(String::as_str), now), hold.to_string()),
                }
            }
            Err(error) => (HoldState::Active, format!("it cannot be understood, so it holds everything: {error}")),
        };
        match state {
            HoldState::Unrelated => {}
            HoldState::Expired => {
                tell(Event::Noted(format!("the hold `{place}` has expired; delete the file: {said}")));
            }
            HoldState::Active if overrides => tell(Event::Noted(format!("overrides the hold `{place}`: {said}"))),
            HoldState::Active => held.push(format!("the hold `{place}` stops this: {said}")),
        }
    }
    Ok(held)
}

/// Returns the holds in the folders of the files and above them, each with what is below it.
fn holds<'c>(
    snapshot: &Snapshot<'_>,
    affected: &'c [AffectedEntries],
) -> Result<BTreeMap<RepositoryPath, Vec<&'c AffectedEntries>>, Failure> {
    let mut holds: BTreeMap<RepositoryPath, Vec<&AffectedEntries>> = BTreeMap::new();
    for of_file in affected.iter().filter(|affected| !affected.names.is_empty()) {
        for folder in of_file.path.folders() {
            if snapshot.kind(&folder, FILE_NAME)? != TreeEntryKind::Missing {
                holds.entry(folder.join(FILE_NAME)).or_default().push(of_file);
            }
        }
    }
    Ok(holds)
}

/// Returns the names of the entries, and those of a hold that mean one of them: a file may have several names for an image.
fn names_for(snapshot: &Snapshot<'_>, hold: &Hold, affected: &[&AffectedEntries]) -> Result<BTreeSet<String>, Failure> {
    let mut all = BTreeSet::new();
    for AffectedEntries { path, names, after } in affected {
        let (file, bytes) = (path.as_str(), snapshot.file(path)?);
        match after {
            // What shares a value with an entry changes too.
            Some(after) => {
                let said = |bytes: &[u8]| {
                    let said = |file: &ReadFile<'_, '_>| {
                        Ok(hold.names.iter().map(|name| file.entries(Some(name)).ok()).collect())
                    };
                    targets::read(file, bytes, said).unwrap_or_else(|_| vec![None; hold.names.len()])
                };
                let changed = hold.names.iter().zip(said(bytes).into_iter().zip(said(after)));
                all.extend(changed.filter(|(_, (said, says))| said != says).map(|(name, _)| name.clone()));
            }
            None => {
                let held = hold.names.iter().map(String::as_str).collect();
                all.extend(names.iter().flat_map(|name| targets::spellings(file, bytes, name, &held)));
            }
        }
        all.extend(names.iter().cloned());
    }
    Ok(all)
}

/// Returns why a hold may be meant for any entry below its folder: one of its names is that of none.
fn name_of_nothing(
    snapshot: &mut Snapshot<'_>,
    place: &RepositoryPath,
    hold: &Hold,
    affected: &[AffectedEntries],
    tell: &mut dyn FnMut(Event<'static>),
) -> Result<Option<String>, Failure> {
    let mut known = HashSet::new();
    for AffectedEntries { path, .. } in affected {
        known.extend(names_in(snapshot, path, hold)?);
    }
    let unknown = |known: &HashSet<String>| hold.names.iter().find(|name| !known.contains(*name)).cloned();
    let Some(mut name) = unknown(&known) else { return Ok(None) };
    let folder = place.folder();
    snapshot.copy_folders_of_checkout(&folder, MAX_FOLDERS_BELOW)?;
    let is_kustomization: fn(&str) -> bool = is_kustomization_name;
    for (kind, is_of_kind) in [("kustomizations", is_kustomization), ("other YAML files", is_other_yaml)] {
        let files = match files_to_search(snapshot, &folder, kind, is_of_kind)? {
            Ok(files) => files,
            // It may be that of an entry of another team. That team's hold must not stop everyone in a large repository.
            Err(why) => {
                tell(Event::Warned(format!(
                    "cannot check whether an entry has the name `{name}` from the hold `{place}`: {why}; if the name is \
                     misspelt, it stops nothing; put the file into the folder that it is for"
                )));
                return Ok(None);
            }
        };
        for file in &files {
            known.extend(names_in(snapshot, file, hold)?);
        }
        name = match unknown(&known) {
            Some(name) => name,
            None => return Ok(None),
        };
    }
    Ok(Some(format!("no entry below is named `{name}`")))
}

/// Loads the files of a kind below a folder; or returns why they are not searched.
fn files_to_search(
    snapshot: &mut Snapshot<'_>,
    folder: &RepositoryPath,
    kind: &str,
    is_of_kind: fn(&str) -> bool,
) -> Result<Result<Vec<RepositoryPath>, String>, Failure> {
    let Some(files) = snapshot.files_below(folder, is_of_kind)? else {
        return Ok(Err("not all folders below it could be read".to_owned()));
    };
    let count = files.len();
    if count > MAX_FILES_BELOW {
        return Ok(Err(format!("there are {count} {kind} below it, and at most {MAX_FILES_BELOW} are read")));
    }
    let mut bytes = 0;
    let is_loaded = snapshot.load_if_room(&files)?;
    for file in files.iter().filter(|_| is_loaded) {
        bytes += snapshot.file(file)?.len();
    }
    if !is_loaded || bytes > MAX_BYTES_BELOW {
        return Ok(Err(format!("the {kind} below it have more than {} MiB", MAX_BYTES_BELOW >> 20)));
    }
    Ok(Ok(files))
}

fn is_other_yaml(name: &str) -> bool {
    !is_kustomization_name(name) && (name.ends_with(".yaml") || name.ends_with(".yml"))
}

/// Returns the names of the entries that a file shows, and those of a hold that mean an entry of it; none if it cannot be read.
fn names_in(snapshot: &Snapshot<'_>, path: &RepositoryPath, hold: &Hold) -> Result<HashSet<String>, Failure> {
    let (file, bytes) = (path.as_str(), snapshot.file(path)?);
    let names = targets::read(file, bytes, |file| {
        let shown = file.entries(None).unwrap_or_default().into_iter().map(|(name, _)| name);
        let is_there = |name: &&String| file.entries(Some(name)).is_ok_and(|entries| !entries.is_empty());
        Ok(shown.chain(hold.names.iter().filter(is_there).cloned()).collect())
    });
    Ok(names.unwrap_or_default())
}

/// Tells of files that look like holds and are none by their name.
fn tell_misnamed(
    snapshot: &Snapshot<'_>,
    affected: &[AffectedEntries],
    tell: &mut dyn FnMut(Event<'static>),
) -> Result<(), Failure> {
    let folders = affected.iter().flat_map(|affected| affected.path.folders()).collect();
    for path in near_names(snapshot, &folders, FILE_NAME, &["tagshiphold"])? {
        tell(Event::Warned(format!("`{path}` holds nothing: a hold is named `{FILE_NAME}`")));
    }
    Ok(())
}

fn read(snapshot: &mut Snapshot<'_>, place: &RepositoryPath) -> Result<Result<Hold, HoldError>, Failure> {
    let folder = place.folder();
    if snapshot.kind(&folder, FILE_NAME)? != TreeEntryKind::File {
        return Ok(Err(HoldError::NoFile));
    }
    snapshot.load(std::slice::from_ref(place))?;
    Ok(Hold::parse(snapshot.file(place)?))
}
