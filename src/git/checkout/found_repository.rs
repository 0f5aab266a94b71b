//! Finds the repository of a folder and opens it. Whether it is believed, and used, is decided on what was found.

use std::path::{Path, PathBuf};

use gix::discover::repository::Path as FoundPath;
use gix::discover::upwards::{Options, TrustPolicy};
use gix::sec::Trust;

use super::format::unknown_format;
use super::repository_variables::RepositoryVariables;
use crate::git::configuration::{mistake, names_objects_otherwise};
use crate::git::error::GitError;
use crate::git::objects::store::OTHER_OBJECTS;

/// A repository, and how it was found.
pub(super) struct FoundRepository {
    pub(super) repository: gix::Repository,
    /// The folder with the `.git` that led to it; `None` if a variable named it.
    pub(super) root: Option<PathBuf>,
}

impl FoundRepository {
    pub(super) fn find(folder: &Path, variables: &RepositoryVariables) -> Result<Self, GitError> {
        let git_dir = variables.git_dir();
        let found = match git_dir {
            Some(git_dir) => named(git_dir, folder, variables),
            None => search(folder, variables),
        };
        found.map_err(|error| not_opened(error, folder, git_dir))
    }
}

/// Opens the repository at `git_dir`. As for git, `folder` then is the root of the work tree, unless one is configured.
fn named(git_dir: &Path, folder: &Path, variables: &RepositoryVariables) -> gix::Result<FoundRepository> {
    let mut repository = gix::ThreadSafeRepository::open_opts(git_dir, variables.options())?.to_thread_local();
    let is_given = repository.config_snapshot().string("core.worktree").is_some();
    if !is_given && !repository.is_bare() {
        repository.set_workdir(folder.canonicalize().map_err(gix::Error::from_error)?)?;
    }
    Ok(FoundRepository { repository, root: None })
}

/// Opens the repository of the nearest `.git` at or above `folder`.
fn search(folder: &Path, variables: &RepositoryVariables) -> gix::Result<FoundRepository> {
    let upwards = Options {
        trust: TrustPolicy::Assume(Trust::Full),
        // A tree cannot have `.git` in it, but it can have all that a bare repository is made of.
        dot_git_only: true,
        match_ceiling_dir_or_error: false,
        ..Options::default()
    };
    let upwards = upwards.apply_environment();
    let ceilings = upwards.ceiling_dirs.clone();
    // Not canonical: `includeIf` matches a repository behind a symbolic link by either spelling.
    let spelled = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let (path, _) = gix::discover::upwards_opts(&spelled, upwards)?;
    let (dot_git, root) = match path {
        FoundPath::WorkTree(root) | FoundPath::LinkedWorkTree { work_dir: root, .. } => (root.join(".git"), Some(root)),
        FoundPath::Repository(git_dir) => (git_dir, None),
    };
    // git does not look into the ceiling itself, which gix does.
    let real = root.as_ref().and_then(|root| root.canonicalize().ok());
    if real.is_some_and(|real| ceilings.contains(&real) && folder.canonicalize().is_ok_and(|folder| folder != real)) {
        let ended = std::io::Error::other("`GIT_CEILING_DIRECTORIES` ends the search");
        return Err(gix::Error::from_error(ended));
    }
    let repository = gix::ThreadSafeRepository::open_opts(dot_git, variables.options())?.to_thread_local();
    Ok(FoundRepository { repository, root })
}

/// Returns why there is no repository that can be used.
fn not_opened(error: gix::Error, folder: &Path, git_dir: Option<&Path>) -> GitError {
    let path = git_dir.unwrap_or(folder);
    let folders = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let named = git_dir.map(|git_dir| git_dir.join("config"));
    let configurations = folders.ancestors().map(|folder| folder.join(".git/config")).chain(named);
    let configurations: Vec<_> = configurations.collect();
    if configurations.iter().any(|path| names_objects_otherwise(path)) {
        return GitError::Unsupported { remote: format!("`{}`", path.display()), what: OTHER_OBJECTS };
    }
    let unknown = configurations.iter().filter_map(|path| path.parent());
    if let Some((path, why)) = unknown.into_iter().find_map(|path| Some((path.to_owned(), unknown_format(path)?))) {
        return GitError::Format { path, why };
    }
    mistake(&error, &configurations)
        .unwrap_or_else(|| GitError::NoRepository { path: path.to_owned(), source: error.into() })
}
