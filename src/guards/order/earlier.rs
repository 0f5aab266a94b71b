//! What an entry ran before what it runs, and what of it was taken back.

use super::Build;
use crate::git::{CommitId, RepositoryPath, Snapshot};
use crate::guards::entry_history::EntryHistory;
use crate::outcome::LoggedRelease;
use crate::outcome::failure::Failure;

/// A release that was taken back. It stays away until something newer is released.
pub struct TakenBack {
    pub release: CommitId,
    pub build: Build,
    /// The commit that took it back, or the release that says so.
    pub by: CommitId,
    /// Whether `by` only says so: the commit that took it back was not read.
    pub is_remembered: bool,
}

/// How many builds that ran before are compared.
const MAX_BUILDS_BEFORE: usize = 10;

/// What an entry ran before what it runs, the newest first, as far as the history was read.
pub(super) struct EarlierBuilds {
    pub(super) stood: Vec<Build>,
    /// Builds of commits none of which stood.
    pub(super) taken_back: Vec<TakenBack>,
}

impl EarlierBuilds {
    /// Reads what the entry `name` of the file at `file` ran before, up to a build that is the `last` one to be read.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn read_to(
        snapshot: &mut Snapshot<'_>,
        file: &str,
        name: &str,
        last: impl Fn(&Build) -> bool,
    ) -> Result<Self, Failure> {
        let path = RepositoryPath::shown_as(file);
        let is_enough = |changes: &[LoggedRelease]| {
            let stood = stood_before(changes, name);
            stood.len() == MAX_BUILDS_BEFORE || stood.iter().any(&last)
        };
        let changes = EntryHistory::read(snapshot, &path, Some(name), is_enough)?.changes;
        let stood = stood_before(&changes, name);
        let mut taken_back = taken_back(&changes, name);
        taken_back.retain(|taken| !stood.iter().any(|build| build.has_source_of(&taken.build)));
        Ok(Self { stood, taken_back })
    }
}

/// Returns what stood before what the newest of the `changes` of the entry `name` made of it.
pub(super) fn stood_before(changes: &[LoggedRelease], name: &str) -> Vec<Build> {
    let is_before = |change: &LoggedRelease| change.stands() && change.fields != changes[0].fields;
    let before = (0..changes.len()).filter(|at| is_before(&changes[*at])).take(MAX_BUILDS_BEFORE);
    before.filter_map(|at| build_of(&changes[at..], name)).collect()
}

/// Returns the builds of the entry `name` that were taken back.
pub(super) fn taken_back(changes: &[LoggedRelease], name: &str) -> Vec<TakenBack> {
    let taken = |(at, change): (usize, &LoggedRelease)| {
        let (by, build) = change.rolled_back_by.zip(build_of(&changes[at..], name))?;
        Some(TakenBack { release: change.record.id, build, by, is_remembered: false })
    };
    changes.iter().enumerate().filter_map(taken).collect()
}

/// Returns what the first of `changes`, the newest, made of the entry `name`; `None` if it removed it. A change by hand may bring
/// back what was released before, also if that was rolled back: then the release tells the source.
pub(super) fn build_of(changes: &[LoggedRelease], name: &str) -> Option<Build> {
    let fields = changes.first()?.fields.as_ref()?;
    let made_it = |change: &&LoggedRelease| change.trailers.is_some() && change.fields.as_ref() == Some(fields);
    let source = changes.iter().find(made_it).and_then(|change| change.trailers.as_ref()?.source_of(name));
    Some(Build::of_entry(name, fields, source))
}
