//! What an entry ran before what it runs: each build, and whether it was taken back.

use super::Build;
use super::entry_at_tip::EntryAtTip;
use crate::git::{CommitId, Snapshot};
use crate::guards::history::entry_history::EntryHistory;
use crate::message::LoggedRelease;
use crate::outcome::failure::Failure;

/// A build that an entry ran before what it runs.
pub enum EarlierBuild {
    /// Another build took its place.
    Stood(Build),
    TakenBack(TakenBack),
}

/// A release that was taken back. It stays away until something newer is released.
pub struct TakenBack {
    pub release: CommitId,
    pub build: Build,
    /// The commit that took it back, or the release that says so.
    pub by: CommitId,
    /// Whether `by` only says so: the commit that took it back was not read.
    pub is_remembered: bool,
}

impl EarlierBuild {
    pub(super) fn build(&self) -> &Build {
        match self {
            Self::Stood(build) | Self::TakenBack(TakenBack { build, .. }) => build,
        }
    }

    /// Reads what an entry ran before, the newest first, until that `is_enough`, with the number of commits that were read.
    ///
    /// # Errors
    /// If the repository cannot be read.
    pub(super) fn read(
        snapshot: &mut Snapshot<'_>,
        EntryAtTip { path, name, numbers, versions, .. }: &EntryAtTip<'_>,
        is_enough: impl Fn(&[Self], usize) -> bool,
    ) -> Result<Vec<Self>, Failure> {
        let is_enough = |read: &EntryHistory| is_enough(&earlier_builds(&read.changes, name), read.commits_read);
        let history = EntryHistory::read(snapshot, path, Some(name), versions, *numbers, &is_enough)?;
        Ok(earlier_builds(&history.changes, name))
    }
}

/// Returns what ran before what the newest of the `changes` of the entry `name` made of it, the newest first.
pub(super) fn earlier_builds(changes: &[LoggedRelease], name: &str) -> Vec<EarlierBuild> {
    let earlier = |(at, change): (usize, &LoggedRelease)| {
        let build = || build_of(&changes[at..], name);
        let release = change.record.id;
        match change.rolled_back_by {
            Some(by) => Some(EarlierBuild::TakenBack(TakenBack { release, build: build()?, by, is_remembered: false })),
            None if change.goes_back || change.fields == changes[0].fields => None,
            None => build().map(EarlierBuild::Stood),
        }
    };
    changes.iter().enumerate().filter_map(earlier).collect()
}

/// Reads which changes of an entry stand, with their builds, the newest first, until that `is_enough`. What runs is the first.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn read_standing(
    snapshot: &mut Snapshot<'_>,
    EntryAtTip { path, name, numbers, versions, .. }: &EntryAtTip<'_>,
    is_enough: impl Fn(&[(CommitId, Build)]) -> bool,
) -> Result<Vec<(CommitId, Build)>, Failure> {
    let standing = |changes: &[LoggedRelease]| -> Vec<(CommitId, Build)> {
        let standing = changes.iter().enumerate().filter(|(_, change)| change.stands());
        standing.filter_map(|(at, change)| Some((change.record.id, build_of(&changes[at..], name)?))).collect()
    };
    let is_enough = |read: &EntryHistory| is_enough(&standing(&read.changes));
    let history = EntryHistory::read(snapshot, path, Some(name), versions, *numbers, &is_enough)?;
    Ok(standing(&history.changes))
}

/// Returns the builds of the entry `name` that were taken back.
pub(super) fn taken_back(changes: &[LoggedRelease], name: &str) -> Vec<TakenBack> {
    let taken = |earlier| match earlier {
        EarlierBuild::TakenBack(taken) => Some(taken),
        EarlierBuild::Stood(_) => None,
    };
    earlier_builds(changes, name).into_iter().filter_map(taken).collect()
}

/// Returns what the first of `changes`, the newest, made of the entry `name`; `None` if it removed it. A change by hand may bring
/// back what was released before, also if that was rolled back: then the release tells the source.
pub(super) fn build_of(changes: &[LoggedRelease], name: &str) -> Option<Build> {
    let fields = changes.first()?.fields.as_ref()?;
    let made_it = |change: &&LoggedRelease| change.trailers.is_some() && change.fields.as_ref() == Some(fields);
    let source = changes.iter().find(made_it).and_then(|change| change.trailers.as_ref()?.source_of(name));
    Some(Build::of_entry(name, fields, source))
}
