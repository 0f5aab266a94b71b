//! What a commit of a push brought along, if a request was merged: the commits of a merge's side, the commits of a head branch
//! whose change a squash repeats, what its title says, or the release that a rebase made again. It only reads; `own_commit` judges.

use super::file_entries::entries;
use super::own_commit::{
    Arrival, MAX_COMMITS_OF_A_PUSH, Pushed, is_made_again, may_be_a_squash, needs_proof, number_of_request,
    says_release,
};
use super::spellings::in_terms_of;
use super::told_change::{ComparedFile, does_what_the_title_says, does_what_the_trailers_say};
use crate::git::{CommitId, CommitRecord, Lineage, PathChange, RepositoryPath, Snapshot};
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::diff::unified;
use crate::outcome::failure::Failure;

/// How many head branches are compared with a squash.
const MAX_HEADS: usize = 20;

/// Looks at the commit `id` of a push to `branch`, as far as that tells whether it is a release of ours.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn look_at(snapshot: &mut Snapshot<'_>, id: CommitId, branch: &str) -> Result<Pushed, Failure> {
    let record = commit(snapshot, id)?;
    match record.parents[..] {
        [_] if says_release(&record) => release(snapshot, record),
        [base, head] => {
            // A merge of other work is told by one commit.
            if !says_release(&commit(snapshot, head)?) {
                return Ok(Pushed::unseen(record));
            }
            let Some(side) = side(snapshot, head, base)? else { return Ok(Pushed::unseen(record)) };
            let changes = changes(snapshot, base, &record)?;
            Ok(Pushed { record, changes, arrival: Arrival::Brought(side) })
        }
        [base] if may_be_a_squash(&record) => {
            let changes = changes(snapshot, base, &record)?;
            let arrival = match &changes {
                Some(changes) if edits_alone(changes) => squash(snapshot, &record, base, changes, branch)?,
                _ => Arrival::AsMade,
            };
            Ok(Pushed { record, changes, arrival })
        }
        _ => Ok(Pushed::unseen(record)),
    }
}

pub(super) fn edits_alone(changes: &[PathChange]) -> bool {
    !changes.is_empty() && changes.iter().all(|change| matches!(change, PathChange::Edited(_)))
}

/// Looks at a commit that edits files alone, and has lost our trailers if it was a release.
fn squash(
    snapshot: &mut Snapshot<'_>,
    record: &CommitRecord,
    base: CommitId,
    changes: &[PathChange],
    branch: &str,
) -> Result<Arrival, Failure> {
    if let Some(side) = proposed(snapshot, record, base, changes, branch)? {
        return Ok(Arrival::Brought(side));
    }
    let parent = commit(snapshot, base)?;
    let mut files = Vec::new();
    for change in changes {
        let PathChange::Edited(path) = change else { return Ok(Arrival::AsMade) };
        files.push((path, file(snapshot, &parent, path)?, file(snapshot, record, path)?));
    }
    let files: Vec<_> = files.iter().map(|(path, before, after)| ComparedFile { path, before, after }).collect();
    let is_titled = does_what_the_title_says(record.title(), &files);
    Ok(if is_titled { Arrival::AsTitled } else { Arrival::AsMade })
}

/// Looks at a commit of one parent that says that it is a release.
pub(super) fn release(snapshot: &mut Snapshot<'_>, record: CommitRecord) -> Result<Pushed, Failure> {
    let parent = record.parents[0];
    let changes = changes(snapshot, parent, &record)?;
    let arrival = match &changes {
        Some(changes) if needs_proof(&record, changes) && does_what_it_says(snapshot, &record, changes)? => {
            Arrival::Proved
        }
        _ => Arrival::AsMade,
    };
    Ok(Pushed { record, changes, arrival })
}

/// Returns whether entries of all files that a release changes became what its trailers say. If it was made again, no others may
/// have changed, and if its message goes on, nothing else; as it was made, it may have changed what shares a value with them.
fn does_what_it_says(
    snapshot: &mut Snapshot<'_>,
    record: &CommitRecord,
    changes: &[PathChange],
) -> Result<bool, Failure> {
    let Some(said) = ReleaseTrailers::read(record) else { return Ok(false) };
    let parent = commit(snapshot, record.parents[0])?;
    for change in changes {
        let PathChange::Edited(path) = change else { return Ok(false) };
        let (before, after) = (file(snapshot, &parent, path)?, file(snapshot, record, path)?);
        let compared = ComparedFile { path, before: &before, after: &after };
        if !said.is_at_the_end && !does_what_the_trailers_say(&said, &compared) {
            return Ok(false);
        }
        // An entry may be named by a path, which is in no list of a file's entries.
        let became = |name: &str| {
            let of_name = |bytes: &[u8]| entries(path, bytes, Some(name))?.remove(name);
            of_name(&after).filter(|fields| of_name(&before).as_ref() != Some(fields) && said.released(name, fields))
        };
        if !said.names_file(path) || !said.entries().any(|name| became(name).is_some()) {
            return Ok(false);
        }
        if !is_made_again(record) {
            continue;
        }
        let read = |bytes: &[u8]| entries(path, bytes, None);
        let (bytes, Some(before), Some(after)) = (&after, read(&before), read(&after)) else { return Ok(false) };
        let mut changed = after.iter().filter(|(name, fields)| before.get(*name) != Some(fields));
        let is_said = |(name, fields): (&String, &_)| {
            let said = in_terms_of(name, path, bytes, said.clone());
            said.names(name) && said.released(name, fields)
        };
        if before.keys().any(|name| !after.contains_key(name)) || !changed.all(is_said) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Returns the commits from `head` back to what `base` has, each a release by what it says; `None` if one is none.
fn side(snapshot: &mut Snapshot<'_>, head: CommitId, base: CommitId) -> Result<Option<Vec<Pushed>>, Failure> {
    let mut side = Vec::new();
    let mut next = head;
    // One request brings the commits of both lines, which else were one each.
    snapshot.history(MAX_COMMITS_OF_A_PUSH + 1)?;
    while !matches!(snapshot.lineage(next, base)?, Lineage::Same | Lineage::Before) {
        let record = commit(snapshot, next)?;
        let [parent] = record.parents[..] else { return Ok(None) };
        if !says_release(&record) || side.len() == MAX_COMMITS_OF_A_PUSH {
            return Ok(None);
        }
        side.push(release(snapshot, record)?);
        next = parent;
    }
    Ok(Some(side))
}

/// Returns the commits of the head branch that proposed exactly what `record` does to `base`: the same lines of the same
/// files. Heads are the branches that we propose on, and what GitHub and GitLab keep of a request that the title numbers.
fn proposed(
    snapshot: &mut Snapshot<'_>,
    record: &CommitRecord,
    base: CommitId,
    changed: &[PathChange],
    branch: &str,
) -> Result<Option<Vec<Pushed>>, Failure> {
    let mut prefixes = vec![format!("refs/heads/tagship/{branch}/")];
    if let Some(number) = number_of_request(record.title()) {
        prefixes.push(format!("refs/pull/{number}/head"));
        prefixes.push(format!("refs/merge-requests/{number}/head"));
    }
    for head in snapshot.tips_below(&prefixes)?.into_iter().take(MAX_HEADS) {
        if !snapshot.load_commit(head)?.is_some_and(|head| says_release(&head)) {
            continue;
        }
        let Some(side) = side(snapshot, head, base)? else { continue };
        let (Some(last), Some(first)) = (side.first(), side.last()) else { continue };
        let (last, began) = (last.record.clone(), first.record.parents[0]);
        if changes(snapshot, began, &last)?.as_deref() != Some(changed) {
            continue;
        }
        let here = changed_lines_of(snapshot, base, record, changed)?;
        if here == changed_lines_of(snapshot, began, &last, changed)? {
            return Ok(Some(side));
        }
    }
    Ok(None)
}

/// Returns the lines of each edited file that were removed and added between two commits.
pub(super) fn changed_lines_of(
    snapshot: &mut Snapshot<'_>,
    before: CommitId,
    after: &CommitRecord,
    changed: &[PathChange],
) -> Result<Vec<Vec<String>>, Failure> {
    let before = commit(snapshot, before)?;
    let mut lines = Vec::new();
    for change in changed {
        let PathChange::Edited(path) = change else { continue };
        lines.push(changed_lines(&file(snapshot, &before, path)?, &file(snapshot, after, path)?));
    }
    Ok(lines)
}

/// Returns the lines that were removed and added, in their order.
fn changed_lines(before: &[u8], after: &[u8]) -> Vec<String> {
    const HEADER: usize = 2;
    let diff = unified("", before, after);
    diff.lines().skip(HEADER).filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect()
}

pub(super) fn changes(
    snapshot: &mut Snapshot<'_>,
    before: CommitId,
    after: &CommitRecord,
) -> Result<Option<Vec<PathChange>>, Failure> {
    let before = commit(snapshot, before)?;
    Ok(snapshot.changes(&before, after)?)
}

fn file(snapshot: &mut Snapshot<'_>, commit: &CommitRecord, path: &str) -> Result<Vec<u8>, Failure> {
    let path = RepositoryPath::resolve(&RepositoryPath::root(), path)?;
    snapshot.load_history(&[commit], &path)?;
    Ok(snapshot.file_at(commit, &path)?.unwrap_or_default().to_vec())
}

fn commit(snapshot: &mut Snapshot<'_>, id: CommitId) -> Result<CommitRecord, Failure> {
    snapshot.load_commit(id)?.ok_or_else(|| Failure::target(format!("the commit {id} is not there")))
}

#[cfg(test)]
mod tests {
    use super::number_of_request;

    #[test]
    fn numbers_of_requests() {
        for (title, expected) in [
            ("Release web:v2 (#12)", Some(12)),
            ("Release web:v2 (!7)", Some(7)),
            ("Release web:v2", None),
            ("Release web:v2 (12)", None),
            ("(#x)", None),
            ("#12)", None),
        ] {
            assert_eq!(number_of_request(title), expected, "{title}");
        }
    }
}
