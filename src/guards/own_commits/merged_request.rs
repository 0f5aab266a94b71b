//! What a commit of a push brought along, if a request was merged: the commits of a merge's side, the commits of a head branch
//! whose change a squash repeats, what its title says, or the release that a rebase made again. It only reads; `own_commit`
//! judges.

use super::branch_update::is_update;
use super::compared_commits::{changed_lines_of, changes, commit, edited_files, is_in};
use super::generated_heads::folder_of_heads;
use super::own_commit::{
    Arrival, MAX_COMMITS_OF_A_PUSH, Pushed, edits_alone, has_usual_title, is_release, may_be_a_squash, may_be_ours,
    says_release,
};
use super::titled_change::does_what_the_title_says;
use super::told_change::did_what_it_says;
use crate::git::{Checkout, CommitId, CommitRecord, ObjectSource, PathChange, Snapshot};
use crate::message::merged_title::{number_of_request, titles};
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::Failure;
use crate::targets::kustomization::is_kustomization_name;

/// How many head branches are compared with a squash.
const MAX_HEADS: usize = 20;

/// The commits that a head branch has and its base lacks.
struct BroughtReleases {
    /// The releases, the last one first.
    releases: Vec<Pushed>,
    /// The newest commit of the base that the head branch has.
    began: CommitId,
}

/// Where a commit was pushed to, and what is at hand of it.
#[derive(Clone, Copy)]
pub(super) struct PushedTo<'a> {
    pub(super) branch: &'a str,
    /// A checkout of the branch that has the commit.
    pub(super) checkout: Option<&'a Checkout>,
}

/// Looks at the commit `id` of a push, as far as that tells whether it is a release of ours.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn look_at(snapshot: &mut Snapshot<'_>, id: CommitId, to: PushedTo<'_>) -> Result<Pushed, Failure> {
    let record = commit(snapshot, id)?;
    match record.parents[..] {
        [base] => release_or_squash(snapshot, record, base, to),
        [base, head] => merge(snapshot, record, base, head, to),
        _ => Ok(Pushed::unseen(record)),
    }
}

/// Looks at a commit of one parent. What its trailers do not prove, a head branch or the title may.
fn release_or_squash(
    snapshot: &mut Snapshot<'_>,
    mut record: CommitRecord,
    base: CommitId,
    to: PushedTo<'_>,
) -> Result<Pushed, Failure> {
    if says_release(&record) {
        let release = release(snapshot, record)?;
        if is_release(&release) {
            return Ok(release);
        }
        record = release.record;
    }
    let mut heads = None;
    if !may_be_a_squash(&record) {
        if !may_be_retitled(&record, to.checkout) {
            return Ok(Pushed::unseen(record));
        }
        let found = heads_of(snapshot, &record, to.branch)?;
        if found.is_empty() {
            return Ok(Pushed::unseen(record));
        }
        heads = Some(found);
    }
    let changes = changes(snapshot, base, &record)?;
    let arrival = match &changes {
        Some(changes) if edits_alone(changes) => {
            let heads = heads.map_or_else(|| heads_of(snapshot, &record, to.branch), Ok)?;
            squash(snapshot, &record, base, changes, &heads)?
        }
        _ => Arrival::Untold,
    };
    Ok(Pushed { record, changes, arrival })
}

fn merge(
    snapshot: &mut Snapshot<'_>,
    record: CommitRecord,
    base: CommitId,
    head: CommitId,
    to: PushedTo<'_>,
) -> Result<Pushed, Failure> {
    // A merge of other work is told by one commit, or by two if that brought it up to date.
    let Some(work) = work_at(snapshot, head)?.filter(may_be_ours) else { return Ok(Pushed::unseen(record)) };
    let brought = if work.id == head && !says_release(&work) {
        squashed(snapshot, work, base, to)?.map(|squash| vec![squash])
    } else {
        side(snapshot, head, base)?.map(|side| side.releases)
    };
    let Some(brought) = brought else { return Ok(Pushed::unseen(record)) };
    let changes = changes(snapshot, base, &record)?;
    Ok(Pushed { record, changes, arrival: Arrival::Brought(brought) })
}

/// Returns the commit at `head`, or the one that it brought up to date.
fn work_at(snapshot: &mut Snapshot<'_>, head: CommitId) -> Result<Option<CommitRecord>, Failure> {
    let Some(tip) = snapshot.load_commit(head)? else { return Ok(None) };
    match tip.parents[..] {
        [before, _] => Ok(snapshot.load_commit(before)?),
        _ => Ok(Some(tip)),
    }
}

/// Looks at the only commit that a merge brought to `base`, if it may be a squash: GitLab squashes a request before it merges it.
fn squashed(
    snapshot: &mut Snapshot<'_>,
    record: CommitRecord,
    base: CommitId,
    to: PushedTo<'_>,
) -> Result<Option<Pushed>, Failure> {
    match record.parents[..] {
        [began] if is_in(snapshot, began, base)? => Ok(Some(release_or_squash(snapshot, record, began, to)?)),
        _ => Ok(None),
    }
}

/// Looks at a commit that edits files alone, and has lost our trailers if it was a release.
fn squash(
    snapshot: &mut Snapshot<'_>,
    record: &CommitRecord,
    base: CommitId,
    changes: &[PathChange],
    heads: &[CommitId],
) -> Result<Arrival, Failure> {
    if let Some(releases) = proposed(snapshot, record, base, changes, heads)? {
        return Ok(Arrival::Brought(releases));
    }
    if !has_usual_title(record) {
        return Ok(Arrival::Untold);
    }
    let files = edited_files(snapshot, base, record, changes)?;
    let is_titled = titles(record).any(|title| does_what_the_title_says(title, &files));
    Ok(if is_titled { Arrival::AsTitled } else { Arrival::Untold })
}

/// Looks at a commit of one parent that says that it is a release.
pub(super) fn release(snapshot: &mut Snapshot<'_>, record: CommitRecord) -> Result<Pushed, Failure> {
    let parent = record.parents[0];
    let changes = changes(snapshot, parent, &record)?;
    let said = ReleaseTrailers::read(&record);
    let arrival = match (&changes, said) {
        (Some(changes), Some(said)) if edits_alone(changes) => {
            let files = edited_files(snapshot, parent, &record, changes)?;
            if files.iter().all(|file| did_what_it_says(&said, file)) { Arrival::AsSaid } else { Arrival::Untold }
        }
        _ => Arrival::Untold,
    };
    Ok(Pushed { record, changes, arrival })
}

/// Returns the commits from `head` back to what `base` has; `None` if one is neither a release, by what it says, nor an update.
fn side(snapshot: &mut Snapshot<'_>, head: CommitId, base: CommitId) -> Result<Option<BroughtReleases>, Failure> {
    let mut commits = Vec::new();
    let mut next = head;
    // One request brings the commits of both lines, which else were one each.
    snapshot.history(MAX_COMMITS_OF_A_PUSH + 1)?;
    while !is_in(snapshot, next, base)? {
        let record = commit(snapshot, next)?;
        let may_be_ours = says_release(&record) || record.parents.len() == 2;
        if !may_be_ours || commits.len() == MAX_COMMITS_OF_A_PUSH {
            return Ok(None);
        }
        next = record.parents[0];
        commits.push(record);
    }
    let brought = commits.iter().find_map(|commit| commit.parents.get(1));
    let mut side = BroughtReleases { releases: Vec::new(), began: brought.copied().unwrap_or(next) };
    for record in commits {
        if record.parents.len() == 1 {
            side.releases.push(release(snapshot, record)?);
        } else if !is_update(snapshot, &record, base)? {
            return Ok(None);
        }
    }
    Ok(Some(side))
}

/// Returns whether a commit of one parent may be a squash whatever its title is, by what costs no request: it was committed
/// for its author, as forges do, or `checkout` shows that it edits files alone that may have images.
pub(super) fn may_be_retitled(record: &CommitRecord, checkout: Option<&Checkout>) -> bool {
    let [parent] = record.parents[..] else { return false };
    let may_have_images = |change: &PathChange| {
        let (PathChange::Edited(path) | PathChange::Otherwise(path)) = change;
        is_kustomization_name(path) || [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end))
    };
    let changes_here = |checkout| {
        let mut here = ObjectSource::here(checkout).commits(record.id).ok()?;
        let before = here.load_commit(parent).ok()??;
        here.changes(&before, record).ok()?
    };
    let is_edit = |changes: Vec<PathChange>| edits_alone(&changes) && changes.iter().all(may_have_images);
    record.author != record.committer || checkout.and_then(changes_here).is_some_and(is_edit)
}

/// Returns the head branches that a squash may be of: those that we propose on, and what GitHub and GitLab keep of a request
/// that its message numbers.
fn heads_of(snapshot: &mut Snapshot<'_>, record: &CommitRecord, branch: &str) -> Result<Vec<CommitId>, Failure> {
    let mut prefixes = vec![format!("refs/heads/{}", folder_of_heads(branch))];
    if let Some(number) = number_of_request(record) {
        prefixes.push(format!("refs/pull/{number}/head"));
        prefixes.push(format!("refs/merge-requests/{number}/head"));
    }
    let mut heads = snapshot.tips_below(&prefixes)?;
    heads.truncate(MAX_HEADS);
    Ok(heads)
}

/// Returns the releases of the head branch that proposed exactly what `record` does to `base`: the same lines of the same files.
fn proposed(
    snapshot: &mut Snapshot<'_>,
    record: &CommitRecord,
    base: CommitId,
    changed: &[PathChange],
    heads: &[CommitId],
) -> Result<Option<Vec<Pushed>>, Failure> {
    snapshot.load_commits(heads)?;
    for head in heads.iter().copied() {
        let names_a_file =
            |said: ReleaseTrailers| said.files.into_iter().any(|file| changed.contains(&PathChange::Edited(file)));
        let may_be_of = |work: CommitRecord| match work.parents[..] {
            [_] => ReleaseTrailers::read(&work).is_some_and(names_a_file),
            _ => work.parents.len() == 2,
        };
        if !work_at(snapshot, head)?.is_some_and(may_be_of) {
            continue;
        }
        let Some(BroughtReleases { releases, began }) = side(snapshot, head, base)? else { continue };
        let last = commit(snapshot, head)?;
        if releases.is_empty() || changes(snapshot, began, &last)?.as_deref() != Some(changed) {
            continue;
        }
        let here = changed_lines_of(snapshot, base, record, changed)?;
        if here == changed_lines_of(snapshot, began, &last, changed)? {
            return Ok(Some(releases));
        }
    }
    Ok(None)
}
