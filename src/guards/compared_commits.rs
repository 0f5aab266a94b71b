//! Two commits beside each other: the files in which they differ, and the lines of these. It reads what is not loaded yet.

use crate::git::{CommitId, CommitRecord, Lineage, PathChange, RepositoryPath, Snapshot};
use crate::outcome::diff::unified;
use crate::outcome::failure::Failure;

pub(super) fn commit(snapshot: &mut Snapshot<'_>, id: CommitId) -> Result<CommitRecord, Failure> {
    snapshot.load_commit(id)?.ok_or_else(|| Failure::target(format!("the commit {id} is not there")))
}

/// Returns whether `commit` is in the history of `tip`.
pub(super) fn is_in(snapshot: &mut Snapshot<'_>, commit: CommitId, tip: CommitId) -> Result<bool, Failure> {
    Ok(matches!(snapshot.lineage(commit, tip)?, Lineage::Same | Lineage::Before))
}

pub(super) fn changes(
    snapshot: &mut Snapshot<'_>,
    before: CommitId,
    after: &CommitRecord,
) -> Result<Option<Vec<PathChange>>, Failure> {
    let before = commit(snapshot, before)?;
    Ok(snapshot.changes(&before, after)?)
}

pub(super) fn edits_alone(changes: &[PathChange]) -> bool {
    !changes.is_empty() && changes.iter().all(|change| matches!(change, PathChange::Edited(_)))
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

pub(super) fn file(snapshot: &mut Snapshot<'_>, commit: &CommitRecord, path: &str) -> Result<Vec<u8>, Failure> {
    let path = RepositoryPath::resolve(&RepositoryPath::root(), path)?;
    snapshot.load_history(&[commit], &path)?;
    Ok(snapshot.file_at(commit, &path)?.unwrap_or_default().to_vec())
}
