//! Where a kustomization was before a commit moved or renamed it. git keeps no such thing: a file that is gone in the same
//! commit and said the same of its entries is the one that was moved.

use super::file_entries::{Entries, entries};
use crate::git::{CommitRecord, RepositoryPath, Snapshot};
use crate::outcome::failure::Failure;
use crate::targets::kustomization::{FILE_NAMES, is_kustomization_name};

/// Returns the path that the kustomization at `path` had in `before`, if `after`, the next commit of the branch, moved it.
/// `said` is what its entries, or the one that is asked for, say in `after`.
///
/// Of several files that are gone, the one counts that says the same of the most entries, then the one whose path has the
/// most names in common, then the first one: the one with the fewest folders, then by name.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn moved_from(
    snapshot: &mut Snapshot<'_>,
    before: &CommitRecord,
    after: &CommitRecord,
    path: &RepositoryPath,
    said: &Entries,
    name: Option<&str>,
) -> Result<Option<RepositoryPath>, Failure> {
    let written = path.to_string();
    let name_of_file = written.rsplit('/').next().unwrap_or_default();
    // A kustomization may get another of its names; any other file keeps its own.
    let names = if is_kustomization_name(&written) { FILE_NAMES.to_vec() } else { vec![name_of_file] };
    let removed = snapshot.removed_files(before, after, &names)?.unwrap_or_default();
    let mut best = None;
    for candidate in removed {
        snapshot.load_history(&[before], &candidate)?;
        let bytes = snapshot.file_at(before, &candidate)?.unwrap_or_default();
        let equal = entries(&candidate.to_string(), bytes, name)
            .map_or(0, |then| said.iter().filter(|(entry, fields)| then.get(*entry) == Some(*fields)).count());
        let rank = (equal, names_in_common(&candidate, path));
        if equal > 0 && best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
            best = Some((rank, candidate));
        }
    }
    Ok(best.map(|(_, candidate)| candidate))
}

fn names_in_common(one: &RepositoryPath, other: &RepositoryPath) -> usize {
    let (one, other) = (one.to_string(), other.to_string());
    one.split('/').filter(|name| other.split('/').any(|part| part == *name)).count()
}
