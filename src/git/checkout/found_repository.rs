//! Finds the repository of a folder and opens it. Whether it is believed, and used, is decided on what was found.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use gix::discover::repository::Path as FoundPath;
use gix::discover::upwards::{Options, TrustPolicy};
use gix::sec::Trust;

use super::format::unknown_format;
use super::repository_variables::RepositoryVariables;
use crate::git::configuration::{mistake, names_objects_otherwise};
use crate::git::error::GitError;
use crate::git::objects::store::OTHER_OBJECTS;

/// How many lines of `packed-refs` are looked at: a repository may have a million.
const LINES_LOOKED_AT: usize = 1_000;

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
            Some(git_dir) => {
                let opened = git_dir.join("HEAD").exists().then(|| git_dir.to_owned());
                named(git_dir, folder, variables).map_err(|error| NotFound { error, opened })
            }
            None => search(folder, variables),
        };
        found.map_err(|NotFound { error, opened }| not_opened(error, folder, git_dir, opened))
    }

    /// Returns what is wrong with a file that tells of the repository. gix takes one that it cannot read for an empty one.
    pub(super) fn broken_file(&self) -> Option<GitError> {
        let (own, common) = (self.repository.git_dir(), self.repository.common_dir());
        let has_own = self.repository.config_snapshot().boolean("extensions.worktreeConfig") == Some(true);
        let own_config = has_own.then(|| own.join("config.worktree"));
        let files = [common.join("config"), own.join("HEAD"), common.join("packed-refs")];
        files.into_iter().chain(own_config).find_map(unread).or_else(|| {
            let packed = self.repository.refs.cached_packed_buffer();
            let error = match packed {
                Ok(packed) => match packed?.iter() {
                    Ok(lines) => lines.take(LINES_LOOKED_AT).find_map(Result::err)?,
                    Err(error) => error,
                },
                Err(error) => error,
            };
            Some(unusable(own, "its `packed-refs` is broken", error))
        })
    }
}

/// Why no repository was opened.
struct NotFound {
    error: gix::Error,
    /// The repository, if one is there.
    opened: Option<PathBuf>,
}

impl From<gix::Error> for NotFound {
    fn from(error: gix::Error) -> Self {
        Self { error, opened: None }
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
fn search(folder: &Path, variables: &RepositoryVariables) -> Result<FoundRepository, NotFound> {
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
        return Err(gix::Error::from_error(ended).into());
    }
    let opened = gix::ThreadSafeRepository::open_opts(dot_git.clone(), variables.options());
    let repository = opened.map_err(|error| NotFound { error, opened: Some(dot_git) })?.to_thread_local();
    Ok(FoundRepository { repository, root })
}

/// Returns why there is no repository that can be used.
fn not_opened(error: gix::Error, folder: &Path, git_dir: Option<&Path>, opened: Option<PathBuf>) -> GitError {
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
    mistake(&error, &configurations).unwrap_or_else(|| match opened {
        Some(repository) => unusable(&repository, "it cannot be opened", error),
        None => {
            let heads = folders.ancestors().filter_map(|folder| {
                let dot_git = folder.join(".git");
                let is_file = dot_git.symlink_metadata().ok()?.is_file();
                Some(if is_file { dot_git } else { dot_git.join("HEAD") })
            });
            let named = git_dir.map(|git_dir| git_dir.join("HEAD"));
            let not_found = || GitError::NoRepository { path: path.to_owned(), source: error.into() };
            named.into_iter().chain(heads).find_map(unread).unwrap_or_else(not_found)
        }
    })
}

/// Returns why a file that is there cannot be read.
fn unread(path: PathBuf) -> Option<GitError> {
    match File::open(&path) {
        Err(source) if !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Some(GitError::Unread { path, source })
        }
        _ => None,
    }
}

fn unusable(path: &Path, what: &str, error: gix::Error) -> GitError {
    GitError::Format { path: path.to_owned(), why: GitError::unexpected(what, error).told() }
}
