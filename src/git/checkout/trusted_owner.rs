//! Whose repositories are believed: a repository's configuration names the remote, the login and the programs that run.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;
use gix::sec::Trust;

use super::found_repository::FoundRepository;
use crate::git::configuration::{user_configuration, values};

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
    /// Returns a part of the repository whose owner is not trusted; `None` if there is none. The search for the repository began
    /// in `folder`. It found a `.git`, which is a part, as is the folder with it. Who owns these has chosen the repository, and
    /// git looks at them too.
    pub(super) fn foreign_part(&self, found: &FoundRepository, folder: &Path) -> Option<PathBuf> {
        let repository = &found.repository;
        let places = self.places(folder);
        let is_put_there = |folder: &Path| {
            let real = folder.canonicalize();
            real.is_ok_and(|real| places.iter().any(|place| real.starts_with(place)))
        };
        // What lies elsewhere by a link of `.git` is not where the link is. A linked work tree has its configuration in the
        // repository that it is linked to.
        let (git_dir, common_dir) = (repository.git_dir(), repository.common_dir());
        let mut parts = vec![(git_dir.to_owned(), common_dir), (common_dir.to_owned(), common_dir)];
        if let Some(root) = &found.root {
            parts.extend([(root.join(".git"), root.as_path()), (root.clone(), root)]);
        }
        let is_foreign = |(part, place): &(PathBuf, &Path)| !is_ours(part) && !is_put_there(place);
        let foreign = parts.into_iter().find(is_foreign)?.0;
        (!is_safe_directory(repository)).then_some(foreign)
    }

    /// Returns whether the author of a commit chose the repository, and no person has seen that: it is one of a submodule, and
    /// we run in CI, where the commit may be of a pull request.
    pub(super) fn is_chosen_by_a_commit(&self, repository: &gix::Repository) -> bool {
        let Ok(git_dir) = repository.git_dir().canonicalize() else { return false };
        let is_superproject =
            |modules: &Path| modules.parent().is_some_and(|above| gix::discover::is_git(above).is_ok());
        let is_submodule = || git_dir.ancestors().any(|above| above.ends_with("modules") && is_superproject(above));
        matches!(self, Self::AnyBelow(_)) && is_submodule()
    }

    /// Returns the folders in which a CI system puts repositories for us.
    fn places(&self, folder: &Path) -> Vec<PathBuf> {
        let Self::AnyBelow(workspaces) = self else { return Vec::new() };
        let places: Vec<PathBuf> = workspaces.iter().filter_map(|folder| folder.canonicalize().ok()).collect();
        if places.is_empty() { folder.canonicalize().into_iter().collect() } else { places }
    }
}

fn is_ours(path: &Path) -> bool {
    matches!(Trust::from_path_ownership(path), Ok(Trust::Full))
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
    values(&config, "safe.directory").iter().any(|value| value.to_str().is_ok_and(names))
}
