//! Whose files are that are written into a repository, and their modes. A container that runs as root would leave folders
//! behind in which the checkout's own user cannot write, and a repository that a group shares is written by several users.

use std::path::Path;

use gix::Repository;

/// Gives the file at `path`, and the folders above it up to `root`, to the owner of `root`, and lets those read and write
/// them that `core.sharedRepository` names. If this is not permitted, the result is the same as with git.
#[cfg(unix)]
pub(super) fn hand_over(repository: &Repository, root: &Path, path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, lchown};
    let Ok(owner) = root.metadata() else { return };
    let shared = shared_permissions(repository);
    for made in path.ancestors().take_while(|made| made.starts_with(root) && *made != root) {
        let Ok(metadata) = made.symlink_metadata() else { continue };
        if metadata.uid() != owner.uid() {
            lchown(made, Some(owner.uid()), Some(owner.gid())).ok();
        }
        if !metadata.is_symlink() {
            gix::fs::set_shared_repository_permissions(made, shared).ok();
        }
    }
}

#[cfg(not(unix))]
pub(super) fn hand_over(_repository: &Repository, _root: &Path, _path: &Path) {}

/// Returns the modes of a repository that several users share, as gix writes them; 0 if the umask alone counts. As for git,
/// only the repository's own configuration tells them.
#[cfg(unix)]
fn shared_permissions(repository: &Repository) -> i32 {
    let config = repository.config_snapshot();
    let is_own = |section: &gix::config::file::Metadata| section.source == gix::config::Source::Local;
    let sections = config.plumbing().sections_by_name_and_filter("core", is_own);
    // A key without a value means `true`.
    let value =
        sections.and_then(|sections| sections.filter_map(|core| core.value_implicit("sharedRepository")).last());
    let key = &gix::config::tree::Core::SHARED_REPOSITORY;
    value.and_then(|value| key.try_into_shared_repository(value).ok()).unwrap_or_default()
}
