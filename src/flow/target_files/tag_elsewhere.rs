//! Whether a kustomization may give the images of a manifest other tags: kustomize reads no file from outside of the folder of
//! the kustomization that names it.

use crate::git::{GitError, RepositoryPath, Snapshot, TreeEntry};
use crate::targets::kustomization::is_kustomization_name;

/// Returns whether a folder on the way to the file at `path` has a kustomization.
pub(in crate::flow) fn is_below_kustomization(
    snapshot: &Snapshot<'_>,
    path: &RepositoryPath,
) -> Result<bool, GitError> {
    for folder in path.folders() {
        if let TreeEntry::Directory(names) = snapshot.entry(&folder)?
            && names.iter().any(|name| is_kustomization_name(name))
        {
            return Ok(true);
        }
    }
    Ok(false)
}
