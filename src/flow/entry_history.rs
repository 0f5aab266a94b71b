//! What the entries of one kustomization became, commit by commit: read from the branch's history as far back as is asked
//! for, whoever made the commits.

use std::collections::{BTreeMap, HashMap};

use crate::git::{CommitId, CommitRecord, RepositoryPath, Snapshot};
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::LoggedRelease;
use crate::outcome::failure::Failure;
use crate::targets::kustomization::{self, Fields};

/// How many commits are read, one after another, until there is enough.
const DEPTHS: [usize; 3] = [100, 500, FURTHEST];

/// What is further back is not looked for: the trees along the path are held for each commit.
pub(super) const FURTHEST: usize = 2_000;

/// The entries of a file by their names, the first of each.
type Entries = BTreeMap<String, Fields>;

/// What the entries became, the newest first.
pub(super) struct Timeline {
    pub(super) releases: Vec<LoggedRelease>,
    /// Whether this is all that there ever was.
    pub(super) complete: bool,
}

/// Reads what became of the entry `name`, or of all, in the kustomization at `path`, until that `is_enough`.
pub(super) fn timeline(
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
    name: Option<&str>,
    is_enough: impl Fn(&[LoggedRelease]) -> bool,
) -> Result<Timeline, Failure> {
    let mut timeline = Timeline { releases: Vec::new(), complete: false };
    for depth in DEPTHS {
        let history = snapshot.history(depth)?;
        let commits: Vec<&CommitRecord> = history.first_parents().collect();
        snapshot.load_history(&commits, path)?;
        timeline = Timeline { releases: changes(snapshot, &commits, path, name)?, complete: history.complete };
        // What is enough depends on what still stands.
        mark_rolled_back(&mut timeline.releases);
        if history.complete || is_enough(&timeline.releases) {
            break;
        }
    }
    Ok(timeline)
}

/// Returns the commits that changed an entry, each against the one before it. What the oldest changed is not known, unless
/// it is the first of all.
fn changes(
    snapshot: &Snapshot<'_>,
    commits: &[&CommitRecord],
    path: &RepositoryPath,
    name: Option<&str>,
) -> Result<Vec<LoggedRelease>, Failure> {
    let mut releases = Vec::new();
    let mut last: Option<(&[u8], Option<Entries>)> = None;
    let mut later: Option<(&CommitRecord, Entries)> = None;
    for commit in commits {
        let bytes = snapshot.file_at(commit, path)?.unwrap_or_default();
        // Most commits leave the file alone, and then it need not be parsed again.
        let entries = match &last {
            Some((same, entries)) if *same == bytes => entries.clone(),
            _ => entries(bytes, name),
        };
        last = Some((bytes, entries.clone()));
        // A file that was broken for a while tells nothing of its entries, and nobody could deploy it.
        let Some(entries) = entries else { continue };
        if let Some((later, after)) = later {
            releases.extend(differences(later, &after, &entries));
        }
        later = Some((commit, entries));
    }
    if let Some((first, after)) = later.filter(|(first, _)| first.parents.is_empty()) {
        releases.extend(differences(first, &after, &BTreeMap::new()));
    }
    Ok(releases)
}

/// Returns what the entries of a file say; `None` where it cannot be read.
fn entries(bytes: &[u8], name: Option<&str>) -> Option<Entries> {
    let mut found = BTreeMap::new();
    for (entry, fields) in kustomization::entries(bytes).ok()? {
        if name.is_none_or(|name| name == entry) {
            found.entry(entry).or_insert(fields);
        }
    }
    Some(found)
}

fn differences(record: &CommitRecord, after: &Entries, before: &Entries) -> Vec<LoggedRelease> {
    let provenance = ReleaseTrailers::read(record);
    let names = before.keys().filter(|name| !after.contains_key(*name)).chain(after.keys());
    let changed = names.filter(|name| before.get(*name) != after.get(*name));
    let release = |name: &String| LoggedRelease {
        name: name.clone(),
        fields: after.get(name).cloned(),
        record: record.clone(),
        provenance: provenance.clone().filter(|said| said.names(name)),
        rolled_back_by: None,
    };
    changed.map(release).collect()
}

fn mark_rolled_back(releases: &mut [LoggedRelease]) {
    let mut rollbacks: HashMap<(String, CommitId), CommitId> = HashMap::new();
    for release in releases.iter() {
        for taken_back in release.provenance.iter().flat_map(|said| &said.rollback_of) {
            rollbacks.insert((release.name.clone(), *taken_back), release.record.id);
        }
    }
    for release in releases {
        release.rolled_back_by = rollbacks.get(&(release.name.clone(), release.record.id)).copied();
    }
}
