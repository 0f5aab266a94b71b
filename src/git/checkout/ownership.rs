//! Who owns what is written into a checkout: its owner, as far as we may give files away. A container that runs as root
//! would else leave folders behind in which the checkout's own user can write nothing more.

use std::path::Path;

/// Gives what is at `path`, and the folders above it, to the owner of the folder `root`, which they are in.
#[cfg(unix)]
pub(super) fn keep_owner(root: &Path, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, lchown};
    let Ok(owner) = root.metadata() else { return };
    for made in path.ancestors().take_while(|made| made.starts_with(root) && *made != root) {
        let is_other = made.symlink_metadata().is_ok_and(|metadata| metadata.uid() != owner.uid());
        if is_other {
            // Where we may not, everything else is as it would be with git.
            lchown(made, Some(owner.uid()), Some(owner.gid())).ok();
        }
    }
}

#[cfg(not(unix))]
pub(super) fn keep_owner(_root: &Path, _path: &Path) {}
