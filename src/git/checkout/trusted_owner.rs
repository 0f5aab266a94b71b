//! Whose repositories are believed: a repository's configuration names the remote, the login and the programs that run.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use gix::sec::Trust;

use crate::git::configuration::user_configuration;

/// Whose repositories count, beside those that git's `safe.directory` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrustedOwner {
    /// The user that runs us alone, as for git.
    CurrentUser,
    /// Any user, because a CI system put the repository there for us: at or below one of these folders, its workspaces. If
    /// none of them is there, as in a container with other paths, the folder that was asked for itself.
    AnyBelow(Vec<PathBuf>),
}

impl TrustedOwner {
    /// Returns whether the repository, which was found at or above `folder`, is believed.
    pub(super) fn trusts(&self, repository: &gix::Repository, folder: &Path) -> bool {
        let is_ours = |path: &Path| matches!(Trust::from_path_ownership(path), Ok(Trust::Full));
        let is_owned = is_ours(repository.git_dir()) && is_ours(repository.common_dir());
        is_owned || self.is_put_there(repository, folder) || is_safe_directory(repository)
    }

    fn is_put_there(&self, repository: &gix::Repository, folder: &Path) -> bool {
        let Self::AnyBelow(workspaces) = self else { return false };
        let mut places: Vec<PathBuf> = workspaces.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        if places.is_empty() {
            places.extend(folder.canonicalize());
        }
        // A linked work tree has its configuration in the repository that it is linked to.
        let configured_at = repository.common_dir().canonicalize();
        configured_at.is_ok_and(|configured_at| places.iter().any(|place| configured_at.starts_with(place)))
    }
}

/// Returns whether `safe.directory` names the repository: by its path, by `DIRECTORY/*` or by `*`. As for git, only the
/// user's, the system's and the environment's configuration count, and an empty value clears those before it.
fn is_safe_directory(repository: &gix::Repository) -> bool {
    let Ok(config) = user_configuration() else { return false };
    let Ok(path) = repository.workdir().unwrap_or(repository.git_dir()).canonicalize() else { return false };
    let names = |value: &str| match value {
        "*" => true,
        value => match value.strip_suffix("/*") {
            Some(above) => Path::new(above).canonicalize().is_ok_and(|above| path != above && path.starts_with(above)),
            None => Path::new(value).canonicalize().is_ok_and(|safe| safe == path),
        },
    };
    let values = config.strings("safe.directory").unwrap_or_default();
    values.iter().fold(false, |safe, value| !value.is_empty() && (safe || value.to_str().is_ok_and(names)))
}
