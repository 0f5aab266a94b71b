//! The owner of files that are written into a checkout. A container that runs as root would leave folders behind in which the
//! checkout's own user cannot write.

use std::path::Path;

/// Gives the file at `path`, and the folders above it up to `root`, to the owner of `root`.
#[cfg(unix)]
pub(super) fn keep_owner(root: &Path, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, lchown};
    let Ok(owner) = root.metadata() else { return };
    for made in path.ancestors().take_while(|made| made.starts_with(root) && *made != root) {
        let is_other = made.symlink_metadata().is_ok_and(|metadata| metadata.uid() != owner.uid());
        if is_other {
            // If this is not permitted, the result is the same as with git.
            lchown(made, Some(owner.uid()), Some(owner.gid())).ok();
        }
    }
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_root: &Path, _path: &Path) {}
