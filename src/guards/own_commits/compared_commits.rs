//! Two commits beside each other: the files in which they differ, and the lines of these. It reads what is not loaded yet.

use super::compared_file::ComparedFile;
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

/// Returns the files that were edited between two commits. They come with one request for each level of folders.
pub(super) fn edited_files<'s>(
    snapshot: &'s mut Snapshot<'_>,
    before: CommitId,
    after: &CommitRecord,
    changed: &'s [PathChange],
) -> Result<Vec<ComparedFile<'s>>, Failure> {
    let edited = changed.iter().filter_map(|change| match change {
        PathChange::Edited(path) => Some(path.as_str()),
        PathChange::Otherwise(_) => None,
    });
    let paths: Vec<_> = edited.map(|path| (path, RepositoryPath::shown_as(path))).collect();
    let before = commit(snapshot, before)?;
    let places: Vec<RepositoryPath> = paths.iter().map(|(_, place)| place.clone()).collect();
    snapshot.load_files(&[&before, after], &places)?;
    let snapshot = &*snapshot;
    let compared = |(path, place): (&'s str, RepositoryPath)| {
        let before = snapshot.file_at(&before, &place)?.unwrap_or_default();
        let after = snapshot.file_at(after, &place)?.unwrap_or_default();
        Ok(ComparedFile { path, before, after })
    };
    paths.into_iter().map(compared).collect()
}

/// Returns the lines of each edited file that were removed and added between two commits.
pub(super) fn changed_lines_of(
    snapshot: &mut Snapshot<'_>,
    before: CommitId,
    after: &CommitRecord,
    changed: &[PathChange],
) -> Result<Vec<Vec<String>>, Failure> {
    let files = edited_files(snapshot, before, after, changed)?;
    Ok(files.iter().map(|file| changed_lines(file.before, file.after)).collect())
}

/// Returns the lines that were removed and added, in their order.
fn changed_lines(before: &[u8], after: &[u8]) -> Vec<String> {
    const HEADER: usize = 2;
    let diff = unified("", before, after);
    diff.lines().skip(HEADER).filter(|line| line.starts_with(['+', '-'])).map(str::to_owned).collect()
}
