//! What an entry runs, and which of its releases were taken back: read from the branch's history, which is believed for what
//! the file said in each commit. Trailers are claims: a commit released an entry only if it changed that entry to what its
//! trailers say.
//!
//! Most often the newest commit that claims to have released the entry did so, and the entry still says it. Then that one
//! commit and its parent tell everything: it also names what had been taken back before it. Only if it does not, the entry's
//! whole history is read.

use std::collections::{BTreeSet, HashSet};

use super::Build;
use super::earlier::{EarlierBuild, TakenBack, build_of, earlier_builds, taken_back};
use super::entry_at_tip::EntryAtTip;
use super::found_claim::{FoundClaim, claims_of_entry, last_claim, may_be_moved, may_be_reverted_since, search_claim};
use super::last_release::LastRelease;
use crate::git::{CommitId, CommitRecord, RepositoryPath, Snapshot};
use crate::guards::history::claims::BranchClaims;
use crate::guards::history::entry_history::{EntryHistory, fields_at, newest_commits};
use crate::guards::history::file_entries::FileVersions;
use crate::message::LoggedRelease;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;
use crate::targets::{self, Fields};

/// What an entry runs before the new release.
#[derive(Default)]
pub struct RunningEntry {
    /// `None`: the entry says nothing that can be compared.
    pub build: Option<Build>,
    pub last_release: LastRelease,
    /// What the image was at the last release, as its commit says.
    released_digest: Option<String>,
    /// The name of the image that was released last, as that commit says.
    pub said_name: Option<String>,
    pub taken_back: Vec<TakenBack>,
    /// What it ran before, the newest first, as far as the history had to be read.
    pub past: Vec<EarlierBuild>,
}

/// How much of history a claim is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryDepth {
    /// What is loaded already, if that is enough for a plain claim.
    Loaded,
    /// All of it, whatever it costs: the release will not go out because of it.
    Full,
}

impl RunningEntry {
    /// Returns the digest that was released: that of the entry, else the one that the check found, as the commit says.
    pub fn digest(&self) -> Option<&str> {
        self.build.as_ref().and_then(|build| build.digest.as_deref()).or(self.released_digest.as_deref())
    }

    /// Returns whether anything is known to have run before.
    pub fn has_past(&self) -> bool {
        self.last_release != LastRelease::Unknown || !self.past.is_empty() || !self.taken_back.is_empty()
    }

    /// Reads what an entry runs. `claims` are those of the branch, as far as they were read for other entries.
    pub fn read(
        snapshot: &mut Snapshot<'_>,
        claims: &mut BranchClaims,
        entry: &EntryAtTip<'_>,
        depth: HistoryDepth,
        note: &mut dyn FnMut(String),
    ) -> Result<Self, Failure> {
        let EntryAtTip { path, name, now, numbers, .. } = entry;
        let spellings = search_claim(snapshot, claims, path, name)?;
        let (claim, history) = (last_claim(claims, path.as_str(), name, &spellings), claims.line().history());
        if let Some(claim) = &claim
            && !may_be_reverted_since(history, claim.record)
            && let Some(running) = Self::of_last_release(snapshot, entry, claim, depth)?
        {
            return Ok(running);
        }
        let is_of_several = is_of_several(snapshot, history.commits.first(), entry)?;
        if is_of_several && let Some(running) = Self::of_place(snapshot, claims, entry, &spellings, depth)? {
            return Ok(running);
        }
        let is_enough = |read: &EntryHistory| {
            // No release makes a name say several things, so that none ends the search.
            is_enough(&read.changes) || (is_of_several && read.changes.len() >= MAX_CHECKPOINTS)
        };
        if claim.is_none()
            && !snapshot.has_folders(&claims.line().tips().collect::<Vec<_>>(), path)?
            && !may_be_moved(snapshot, claims, entry)?
        {
            if !history.complete {
                let searched = newest_commits(history.commits.len());
                note(format!("searched {searched} only for a release of `{name}`"));
            }
            let build = now.says_what_runs().then(|| Build::of_entry(name, now, None));
            return Ok(Self { build, ..Self::default() });
        }
        let history = EntryHistory::read(snapshot, path, Some(name), entry.versions, *numbers, &is_enough)?;
        if !history.complete && !is_enough(&history) {
            note(format!("read only {} of the history of `{name}`", newest_commits(history.commits_read)));
        }
        // If it is of several files, it may be true of another one of them.
        if let Some(claim) = &claim
            && claim.trailers.files.len() == 1
            && !history.changes.iter().any(|change| change.record.id == claim.record.id)
        {
            let id = claim.record.id.short();
            note(format!("ignored {id}: its trailers name a release of `{name}` that it did not make"));
        }
        Self::of_history(snapshot, entry, &history.changes, note)
    }

    /// Returns what the last release tells, if the entry still is what it made of it; `None` if more has to be read.
    fn of_last_release(
        snapshot: &mut Snapshot<'_>,
        entry: &EntryAtTip<'_>,
        claim: &FoundClaim<'_>,
        depth: HistoryDepth,
    ) -> Result<Option<Self>, Failure> {
        let EntryAtTip { path, name, now, .. } = entry;
        let records: Vec<&CommitRecord> = [claim.record].into_iter().chain(claim.parent).collect();
        let said = claim.trailers.image(name, now.image_name(name).unwrap_or(name));
        let last = Self {
            build: Some(Build::of_entry(name, now, claim.trailers.source_of(name))),
            last_release: LastRelease::Proved,
            released_digest: said.and_then(|image| image.digest.clone()),
            said_name: claim.trailers.said_name(name).map(str::to_owned),
            ..Self::default()
        };
        let is_plain = !claim.trailers.is_rollback() && claim.trailers.still_taken_back(path.as_str(), name).is_empty();
        if depth == HistoryDepth::Loaded
            && is_plain
            && claim.trailers.released(name, now)
            && !snapshot.has_folders(&records, path)?
        {
            return Ok(Some(Self { last_release: LastRelease::Claimed, ..last }));
        }
        snapshot.load_history(&records, path)?;
        let after = fields_at(snapshot, claim.record, path, name, entry.versions)?;
        let before = match claim.parent {
            Some(parent) => fields_at(snapshot, parent, path, name, entry.versions)?,
            None => None,
        };
        let is_made = match &after {
            Some(after) if after == *now => before.as_ref() != Some(after),
            Some(after) => after.has_place(now) && !before.is_some_and(|before| before.has_place(now)),
            None => false,
        };
        if !is_made || !claim.trailers.released(name, now) || claim.trailers.is_rollback() {
            return Ok(None);
        }
        let mut taken_back = Vec::new();
        let still = claim.trailers.still_taken_back(path.as_str(), name);
        let untold = carried(snapshot, path, (name, entry.versions), claim.record.id, still, &mut taken_back)?;
        Ok(untold.is_empty().then_some(Self { taken_back, ..last }))
    }

    /// Returns what the last release of one of several places tells. Others may have been released since.
    fn of_place(
        snapshot: &mut Snapshot<'_>,
        claims: &BranchClaims,
        entry: &EntryAtTip<'_>,
        spellings: &BTreeSet<String>,
        depth: HistoryDepth,
    ) -> Result<Option<Self>, Failure> {
        let EntryAtTip { path, name, now, .. } = entry;
        let (file, history) = (path.as_str(), claims.line().history());
        let mut newer: Vec<&CommitRecord> = Vec::new();
        let last = claims_of_entry(claims, file, name, spellings).take(MAX_CHECKPOINTS);
        for claim in last.filter(|claim| claim.has_parent(history)) {
            if !claim.trailers.released(name, now) {
                newer.push(claim.record);
                continue;
            }
            if may_be_reverted_since(history, claim.record) {
                return Ok(None);
            }
            // A newer release may have been of this place too: then the place went back.
            snapshot.load_history(&newer, path)?;
            for record in newer {
                if !fields_at(snapshot, record, path, name, entry.versions)?.is_some_and(|fields| fields.has_place(now))
                {
                    return Ok(None);
                }
            }
            return Self::of_last_release(snapshot, entry, &claim, depth);
        }
        Ok(None)
    }

    fn of_history(
        snapshot: &mut Snapshot<'_>,
        EntryAtTip { name, now, versions, .. }: &EntryAtTip<'_>,
        changes: &[LoggedRelease],
        note: &mut dyn FnMut(String),
    ) -> Result<Self, Failure> {
        let is_now = |change: &LoggedRelease| change.fields.as_ref() == Some(*now);
        let standing = changes.iter().position(LoggedRelease::stands).filter(|at| is_now(&changes[*at]));
        let newest = changes.first().filter(|change| is_now(change));
        // A rollback may go back to what is older than what was read, and names its commit.
        let of_newest = || newest.and_then(|_| build_of(changes, name));
        let of_now = || of_newest().unwrap_or_else(|| Build::of_entry(name, now, None));
        let build = standing.and_then(|at| build_of(&changes[at..], name));
        let build = build.or_else(|| now.says_what_runs().then(of_now));
        let was_released = changes.iter().any(|change| change.trailers.is_some());
        // What a template names without a tag or a digest is no build yet.
        let build = build.filter(|_| was_released || now.says_what_runs());
        // All that was taken back since the newest release that still stands.
        let checkpoint = changes.iter().position(is_checkpoint);
        let since: HashSet<CommitId> =
            changes[..checkpoint.unwrap_or(changes.len())].iter().map(|change| change.record.id).collect();
        let (mut taken_back, earlier): (Vec<_>, Vec<_>) =
            taken_back(changes, name).into_iter().partition(|taken| since.contains(&taken.by));
        // A release that was taken back tells as well what had been taken back before it, such as where a merge brought it from.
        let named_since = checkpoint.map_or(changes.len(), |at| at + 1);
        let untold = carried_by_all(snapshot, changes, named_since, (name, versions), &mut taken_back)?;
        let found = recalled(&untold, earlier, &taken_back);
        let is_found = |id: &&CommitId| found.iter().any(|taken| taken.release == **id);
        // What was found by its place in history may be any of the others.
        let others = found.iter().filter(|taken| !untold.contains(&taken.release)).count();
        for id in untold.iter().filter(|id| !is_found(id)).skip(others).map(CommitId::short) {
            note(format!(
                "cannot tell which build of `{name}` the commit {id} released; it was rolled back, but a new release of that \
                 build will not be refused for it"
            ));
        }
        taken_back.extend(found);
        // A rollback may have been taken back itself: then what it had taken back runs again.
        let runs_again = |taken: &TakenBack| {
            build.as_ref().is_some_and(|runs| runs.is(&taken.build) && runs.digest == taken.build.digest)
        };
        taken_back.retain(|taken| !runs_again(taken));
        let standing = standing.map(|at| &changes[at]);
        let last_release = match standing {
            Some(change) if change.trailers.is_some() => LastRelease::Proved,
            _ if was_released => LastRelease::Replaced,
            _ => LastRelease::Unknown,
        };
        let past = earlier_builds(changes, name);
        let released_digest = newest.into_iter().chain(standing).find_map(LoggedRelease::digest).map(str::to_owned);
        let said_name = changes.iter().find_map(LoggedRelease::said_name).map(str::to_owned);
        Ok(Self { build, last_release, released_digest, said_name, taken_back, past })
    }
}

/// Returns whether the places of the entry's name say different things at the tip.
fn is_of_several(snapshot: &Snapshot<'_>, tip: Option<&CommitRecord>, entry: &EntryAtTip<'_>) -> Result<bool, Failure> {
    let EntryAtTip { path, name, is_of_one_version, versions, .. } = entry;
    let (false, Some(tip)) = (*is_of_one_version, tip) else { return Ok(false) };
    Ok(fields_at(snapshot, tip, path, name, versions)?.is_some_and(|fields| !fields.several.is_empty()))
}

/// A release of ours that still stands. It was judged when it was made, and names what was taken back before it. A rollback
/// does not, and a release that was taken back itself tells nothing of what it replaced.
fn is_checkpoint(change: &LoggedRelease) -> bool {
    change.stands() && change.trailers.is_some() && said_of_rollback(change).is_none()
}

/// Returns what a rollback of ours says.
fn said_of_rollback(change: &LoggedRelease) -> Option<&ReleaseTrailers> {
    change.trailers.as_deref().filter(|said| said.is_rollback())
}

/// How many releases of ours are read to find what a change by hand went back to.
const MAX_CHECKPOINTS: usize = 10;

/// Returns whether the newest changes tell what runs: up to a release of ours that stands, if all that came after it went back
/// to something that was read, or was taken back itself.
fn is_enough(changes: &[LoggedRelease]) -> bool {
    match changes.iter().position(is_checkpoint) {
        Some(last) => {
            let is_read = |id: &CommitId| changes.iter().any(|change| change.record.id == *id);
            let names_what_is_read =
                |change: &LoggedRelease| change.trailers.iter().flat_map(|said| &said.rollback_of).all(is_read);
            let is_told = |change: &LoggedRelease| {
                let is_step_back = change.goes_back || said_of_rollback(change).is_some();
                change.rolled_back_by.is_some() || (is_step_back && names_what_is_read(change))
            };
            changes[..last].iter().all(is_told)
                || changes.iter().filter(|change| is_checkpoint(change)).count() >= MAX_CHECKPOINTS
        }
        None => false,
    }
}

/// Adds the releases that a commit of ours, `by`, names as taken back to those that are known. Returns those of which no commit
/// tells what they were.
fn carried(
    snapshot: &mut Snapshot<'_>,
    path: &RepositoryPath,
    (name, versions): (&str, &FileVersions),
    by: CommitId,
    named: Vec<CommitId>,
    taken_back: &mut Vec<TakenBack>,
) -> Result<Vec<CommitId>, Failure> {
    let mut untold = Vec::new();
    for id in named {
        if taken_back.iter().any(|known| known.release == id) {
            continue;
        }
        let Some((said, fields)) = said_and_fields(snapshot, id, path, (name, versions))? else {
            untold.push(id);
            continue;
        };
        let said = said.filter(|said| said.released(name, &fields));
        let build = Build::of_entry(name, &fields, said.as_ref().and_then(|said| said.source_of(name)));
        taken_back.push(TakenBack { release: id, build, by, is_remembered: true });
    }
    Ok(untold)
}

/// Adds what the `newest` of the changes of the entry `name` name as taken back. Returns what no commit tells.
fn carried_by_all(
    snapshot: &mut Snapshot<'_>,
    changes: &[LoggedRelease],
    newest: usize,
    (name, versions): (&str, &FileVersions),
    taken_back: &mut Vec<TakenBack>,
) -> Result<Vec<CommitId>, Failure> {
    let is_unread = |id: &CommitId| changes.iter().all(|change| change.record.id != *id);
    let found = found_by_place(&changes[..newest], taken_back);
    let (mut untold, mut gone) = (Vec::new(), Vec::new());
    for change in &changes[..newest] {
        let Some(trailers) = &change.trailers else { continue };
        // Where the file was then: it may have been moved since.
        let path = RepositoryPath::shown_as(&change.file);
        let still = trailers.still_taken_back(&change.file, name);
        untold.extend(carried(snapshot, &path, (name, versions), trailers.commit, still, taken_back)?);
        let unread = trailers.rollback_of.iter().copied().filter(is_unread).collect();
        gone.extend(carried(snapshot, &path, (name, versions), trailers.commit, unread, taken_back)?);
    }
    gone.extend(untold);
    let mut seen = HashSet::new();
    gone.retain(|id| seen.insert(*id));
    Ok(gone.split_off(found.min(gone.len())))
}

/// Returns how many releases rollbacks take back by their place in the history, although they name none of them: after a rewrite
/// they name commits that are gone.
fn found_by_place(changes: &[LoggedRelease], taken_back: &[TakenBack]) -> usize {
    let rollbacks: Vec<&ReleaseTrailers> = changes.iter().filter_map(said_of_rollback).collect();
    let is_found = |taken: &&TakenBack| {
        rollbacks.iter().any(|said| said.commit == taken.by && !said.rollback_of.contains(&taken.release))
    };
    taken_back.iter().filter(is_found).count()
}

/// Returns those of the `earlier` builds that releases remember as taken back, although no commit tells what they were: a file
/// may have been elsewhere then, and after a rebase commits have other names. If none has the name, it is one of the newest.
fn recalled(untold: &[CommitId], earlier: Vec<TakenBack>, known: &[TakenBack]) -> Vec<TakenBack> {
    let is_new = |taken: &TakenBack| !known.iter().any(|known| known.release == taken.release);
    let (mut named, others): (Vec<_>, Vec<_>) =
        earlier.into_iter().filter(is_new).partition(|taken| untold.contains(&taken.release));
    let missing = untold.len().saturating_sub(named.len());
    named.extend(others.into_iter().take(missing));
    named
}

/// Returns what an earlier commit says that it released, and what the entry `name` said there, in the file at `path` or, if that
/// was elsewhere then, in the one that the commit released; `None` if the server does not send the commit.
fn said_and_fields(
    snapshot: &mut Snapshot<'_>,
    id: CommitId,
    path: &RepositoryPath,
    (name, versions): (&str, &FileVersions),
) -> Result<Option<(Option<ReleaseTrailers>, Fields)>, Failure> {
    let Some(record) = snapshot.load_commit(id)? else { return Ok(None) };
    let said = ReleaseTrailers::read(&record);
    let named = said.iter().flat_map(|said| &said.files);
    let named = named.map(|file| RepositoryPath::shown_as(file));
    for path in [path.clone()].into_iter().chain(named) {
        snapshot.load_history(&[&record], &path)?;
        if let Some(fields) = fields_at(snapshot, &record, &path, name, versions)? {
            let bytes = snapshot.file_at(&record, &path)?.unwrap_or_default();
            // What it says of the image by another name, it says by this one.
            let said = said.map(|said| {
                let spellings = targets::spellings(path.as_str(), bytes, name, &said.entries().collect());
                said.renamed(&spellings, name)
            });
            return Ok(Some((said, fields)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::{LoggedRelease, MAX_CHECKPOINTS, is_enough};
    use crate::git::{CommitId, CommitRecord};
    use crate::message::trailers::ReleaseTrailers;

    const HAND: &str = "Edit\n";
    const RELEASE: &str = "Release\n\nTagship-Image: web=web:v1\nTagship-Version: 0.1.0\n";

    /// Returns the changes of these commits, the newest first. The last of them has number 1, and the others count on.
    fn changes(commits: &[(&str, bool)]) -> Vec<LoggedRelease> {
        let change = |(at, (message, goes_back)): (usize, &(&str, bool))| {
            let number = commits.len() - at;
            let record = CommitRecord::of(CommitId::of_number(number), vec![CommitId::of_number(number - 1)], message);
            let trailers = ReleaseTrailers::read(&record);
            LoggedRelease {
                file: "kustomization.yaml".to_owned(),
                name: "web".to_owned(),
                fields: None,
                record: record.into(),
                trailers: trailers.map(Into::into),
                rolled_back_by: None,
                goes_back: *goes_back,
            }
        };
        commits.iter().enumerate().map(change).collect()
    }

    /// Returns a release that takes back the commit of this number.
    fn of_rollback(number: u32) -> String {
        format!("{RELEASE}Tagship-Rollback-Of: {number:040x}\n")
    }

    #[test]
    fn what_was_taken_back_again_is_told() {
        let mut changes = changes(&[(HAND, true), (HAND, false), (RELEASE, false)]);
        assert!(!is_enough(&changes));
        changes[1].rolled_back_by = Some(changes[0].record.id);
        assert!(is_enough(&changes));
    }

    /// A release that was taken back does not tell what was taken back before it: the one that stands has to be read.
    #[test]
    fn what_was_rolled_back_is_read_over() {
        for (releases, expected) in [(1, false), (2, true)] {
            let of_newest = of_rollback(releases);
            let mut commits = vec![(of_newest.as_str(), true)];
            commits.resize(1 + releases as usize, (RELEASE, false));
            let mut changes = changes(&commits);
            changes[1].rolled_back_by = Some(changes[0].record.id);
            assert_eq!(is_enough(&changes), expected, "{releases}");
        }
    }

    #[test]
    fn how_far_the_past_is_read() {
        let (of_read, of_unread) = (of_rollback(1), of_rollback(99));
        for (what, commits, expected) in [
            ("nothing yet", &[][..], false),
            ("a release", &[(RELEASE, false)], true),
            ("by hand alone", &[(HAND, false)], false),
            ("by hand, to something new", &[(HAND, false), (RELEASE, false)], false),
            ("by hand, and back", &[(HAND, true), (RELEASE, false)], true),
            ("a rollback of what was not read", &[(&of_unread, true), (RELEASE, false)], false),
            ("a rollback to what was taken back itself", &[(&of_read, false), (RELEASE, false)], true),
            ("a rollback alone", &[(&of_read, true)], false),
            ("such a rollback alone", &[(&of_read, false)], false),
        ] {
            assert_eq!(is_enough(&changes(commits)), expected, "{what}");
        }
        for (releases, expected) in [(MAX_CHECKPOINTS - 1, false), (MAX_CHECKPOINTS, true), (MAX_CHECKPOINTS + 1, true)]
        {
            let mut commits = vec![(HAND, false)];
            commits.resize(1 + releases, (RELEASE, false));
            assert_eq!(is_enough(&changes(&commits)), expected, "{releases}");
        }
    }
}
