//! Where a kustomization was before a commit moved or renamed it. git keeps no such thing: a file that is gone in the same
//! commit and said the same of its entries is the one that was moved.

use super::file_entries::{Entries, entries};
use crate::git::{CommitRecord, RepositoryPath, Snapshot};
use crate::outcome::failure::Failure;
use crate::targets::kustomization::{FILE_NAMES, is_kustomization_name};

/// Returns the path that the kustomization at `path` had in `before`, if `after`, the next commit of the branch, moved it.
/// `text` is the file in `after`. All of its entries count, also if only the entry `name` is asked for: the commit may have
/// changed just that one.
///
/// Of several files that are gone, the one counts that says the same of `name`, then of the most entries, then the one whose
/// path has the most names in common, then the first one: the one with the fewest folders, then by name.
///
/// # Errors
/// If the repository cannot be read.
pub(super) fn moved_from(
    snapshot: &mut Snapshot<'_>,
    before: &CommitRecord,
    after: &CommitRecord,
    path: &RepositoryPath,
    text: &[u8],
    name: Option<&str>,
) -> Result<Option<RepositoryPath>, Failure> {
    let written = path.to_string();
    let name_of_file = written.rsplit('/').next().unwrap_or_default();
    // A kustomization may get another of its names; any other file keeps its own.
    let names = if is_kustomization_name(&written) { FILE_NAMES.to_vec() } else { vec![name_of_file] };
    let said = all_entries(&written, text, name);
    let removed = snapshot.removed_files(before, after, &names)?.unwrap_or_default();
    let mut best = None;
    for candidate in removed {
        snapshot.load_history(&[before], &candidate)?;
        let bytes = snapshot.file_at(before, &candidate)?.unwrap_or_default();
        let then = all_entries(&candidate.to_string(), bytes, name);
        let is_equal = |entry: &str| said.contains_key(entry) && said.get(entry) == then.get(entry);
        let equal = said.keys().filter(|entry| is_equal(entry)).count();
        let rank = (name.is_some_and(is_equal), equal, names_in_common(&candidate, path));
        if equal > 0 && best.as_ref().is_none_or(|(highest, _)| rank > *highest) {
            best = Some((rank, candidate));
        }
    }
    Ok(best.map(|(_, candidate)| candidate))
}

/// Returns what all entries of a file say that show, and what the entry `name` says, which may be another name for one.
fn all_entries(path: &str, bytes: &[u8], name: Option<&str>) -> Entries {
    let mut all = entries(path, bytes, None).unwrap_or_default();
    all.extend(name.and_then(|name| entries(path, bytes, Some(name))).unwrap_or_default());
    all
}

fn names_in_common(one: &RepositoryPath, other: &RepositoryPath) -> usize {
    let (one, other) = (one.to_string(), other.to_string());
    one.split('/').filter(|name| other.split('/').any(|part| part == *name)).count()
}
