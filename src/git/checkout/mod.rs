//! A checkout: it tells which remote, branch, login and author to use. Its index and its files are never read for a release.
//! `fast_forward` brings them to the new commit afterwards.

pub(super) mod fast_forward;
mod format;
mod found_repository;
mod index;
mod line_ends;
mod locked_reference;
mod ownership;
mod reference_log;
mod repository_variables;
pub(super) mod tracking_branch;
mod trusted_owner;
mod worktree_file;

use std::path::{Path, PathBuf};
use std::time::Duration;

use gix::ObjectId;
use gix::bstr::{BString, ByteSlice as _};
use gix::lock::acquire::Fail;
use gix::refs::FullName;
use gix::refspec::MatchGroup;
use gix::refspec::match_group::Item;
use gix::refspec::parse::Operation;
use gix::url::Scheme;

pub use repository_variables::RepositoryVariables;
pub use trusted_owner::TrustedOwner;

use format::unknown_format;
use found_repository::FoundRepository;
use locked_reference::end_of;

use crate::git::configuration::values;
use crate::git::error::GitError;
use crate::git::objects::identity::IdentityParts;
use crate::git::objects::name::{BranchName, CommitId, RepositoryPath};
use crate::git::objects::record::CommitRecord;
use crate::git::objects::store::{HASH, Objects};
use crate::git::remotes::remote::{Remote, RemoteOptions, invalid};
use crate::git::remotes::remote_url::parsed;
use crate::git::remotes::unmet_include::UnmetInclude;
use crate::git::wire::http_config::{RemoteUse, rewritten};
use crate::git::wire::known_login::UrlWriter;

/// How long a lock of another process is waited for. git holds one for milliseconds; one that was left behind stays.
const LOCK_WAIT: Duration = Duration::from_secs(1);

fn wait_for_lock() -> Fail {
    Fail::AfterDurationWithBackoff(LOCK_WAIT)
}

/// A repository on disk with its configuration.
pub struct Checkout {
    repository: gix::Repository,
}

impl Checkout {
    /// Finds the repository at or above `folder`, up to `GIT_CEILING_DIRECTORIES`, or opens the one that the variables name.
    /// Only `.git` counts for the search, so a bare repository is opened by its name alone, as git's
    /// `safe.bareRepository=explicit` has it.
    ///
    /// Its configuration says where the release goes, with which login, and which programs run. So a repository that `trusted`
    /// does not allow is an error; gix by itself would silently ignore its configuration.
    pub fn discover(folder: &Path, variables: &RepositoryVariables, trusted: &TrustedOwner) -> Result<Self, GitError> {
        let path = variables.git_dir().unwrap_or(folder);
        let mut found = FoundRepository::find(folder, variables)?;
        if let Some(foreign) = trusted.foreign_part(&found, path) {
            return Err(GitError::Foreign { path: foreign });
        }
        if *variables == RepositoryVariables::AROUND && trusted.is_chosen_by_a_commit(&found.repository) {
            return Err(GitError::Submodule { path: path.to_owned() });
        }
        if let Some(broken) = found.broken_file() {
            return Err(broken);
        }
        let repository = &mut found.repository;
        // What `git replace` shows in the place of objects is for this repository alone.
        repository.objects.ignore_replacements = true;
        // As for git, `GIT_NAMESPACE` is for what serves a repository.
        repository.clear_namespace();
        match unknown_format(repository.common_dir()) {
            Some(why) => Err(GitError::Format { path: repository.git_dir().to_owned(), why }),
            None => Ok(Self { repository: found.repository }),
        }
    }

    /// Returns `folder`, which is in the work tree, as a path inside the repository.
    pub fn path_of(&self, folder: &Path) -> Result<RepositoryPath, GitError> {
        let refused = |why| GitError::Path { path: folder.display().to_string(), why };
        let root = self.repository.workdir().ok_or_else(|| refused("the repository has no work tree"))?;
        let real =
            |path: &Path| path.canonicalize().map_err(|error| GitError::unexpected(path.display().to_string(), error));
        let (root, folder) = (real(root)?, real(folder)?);
        let refused = |why| GitError::Path { path: folder.display().to_string(), why };
        let inside = folder.strip_prefix(root).ok().ok_or_else(|| refused("it is outside of the work tree"))?;
        let mut path = RepositoryPath::root();
        for part in inside.components() {
            path = path.join(part.as_os_str().to_str().ok_or_else(|| refused("it is not UTF-8"))?);
        }
        Ok(path)
    }

    /// Returns the branch that is checked out, as git has it: the one that a symbolic branch leads to. `None` with a detached
    /// HEAD, or if the references are in a format that is not supported.
    pub fn branch(&self) -> Result<Option<BranchName>, GitError> {
        let Some((name, _)) = self.end_of_head()? else { return Ok(None) };
        let full = name.as_bstr();
        match BranchName::from_full(full) {
            // It would be taken for another one, or for none.
            None if full.starts_with(b"refs/heads/") => Err(GitError::Format {
                path: self.repository.git_dir().to_owned(),
                why: format!("`{full}` is checked out, which is no name for a release branch"),
            }),
            branch => Ok(branch),
        }
    }

    /// Returns the commit of HEAD; `None` if there is none yet, or if the references are in a format that is not supported.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        Ok(self.end_of_head()?.and_then(|(_, id)| id).map(CommitId))
    }

    /// Returns the reference to which HEAD leads, itself if it is detached, and its object.
    fn end_of_head(&self) -> Result<Option<(FullName, Option<ObjectId>)>, GitError> {
        let failed = |error| GitError::Format {
            path: self.repository.git_dir().to_owned(),
            why: GitError::unexpected("HEAD cannot be read", error).told(),
        };
        let end = self.reads_references().then(|| end_of(&self.repository, "HEAD".into()));
        end.transpose().map_err(failed)
    }

    /// Returns whether the format of the references is supported.
    pub fn reads_references(&self) -> bool {
        let format = self.repository.config_snapshot().string("extensions.refStorage");
        format.is_none_or(|format| format.eq_ignore_ascii_case(b"files"))
    }

    /// Returns the remote called `name`, with the login that git's configuration has for it.
    pub fn remote(&self, name: &str, options: &RemoteOptions) -> Result<Remote, GitError> {
        let snapshot = self.repository.config_snapshot();
        let config = snapshot.plumbing();
        let (url, rules) = self.remote_url(name, options.remote_use)?;
        let invalid = |text: &str| invalid(text, "it does not parse");
        let (mut url, text) = match url.to_str() {
            Ok(url) => {
                let text = rewritten(config, url, rules);
                (parsed(&text).ok_or_else(|| invalid(&text))?, text)
            }
            // The path of a folder.
            Err(_) => {
                let text = url.to_str_lossy().into_owned();
                (gix::url::parse(url.as_bstr()).ok().ok_or_else(|| invalid(&text))?, text)
            }
        };
        // A relative path starts at the repository, not at the current directory.
        if url.scheme == Scheme::File {
            let base = self.repository.workdir().unwrap_or(self.repository.git_dir());
            let path = base.join(PathBuf::from(url.path.to_os_str_lossy().into_owned()));
            url.path = path.to_string_lossy().into_owned().into();
        }
        let mut remote = Remote::of(url, &text, Some(name), UrlWriter::Configuration, config, options)?;
        remote.unmet_include = UnmetInclude::find(config, self.repository.git_dir()).map(Box::new);
        Ok(remote)
    }

    /// Returns an object of the repository; `None` if it is not there.
    pub(in crate::git) fn object(&self, id: ObjectId) -> Option<(gix::objs::Kind, Vec<u8>)> {
        let object = self.repository.try_find_object(id).ok()??;
        Some((object.kind, object.data.clone()))
    }

    /// Returns the full name of the remote-tracking branch; `None` if no refspec of the remote has one.
    pub(in crate::git) fn tracking(&self, remote: &str, branch: &BranchName) -> Option<String> {
        let config = self.repository.config_snapshot();
        let specs = config.plumbing().strings(&format!("remote.{remote}.fetch"))?;
        let specs = specs.iter().map(|spec| gix::refspec::parse(spec.as_bstr(), Operation::Fetch));
        let specs = specs.collect::<Result<Vec<_>, _>>().ok()?;
        let (full, any) = (branch.full(), HASH.null());
        let item = Item { full_ref_name: full.as_bytes().as_bstr(), target: &any, object: None };
        let matched = MatchGroup::from_fetch_specs(specs.iter().copied()).match_lhs(std::iter::once(item));
        matched.mappings.into_iter().find_map(|mapping| mapping.rhs?.to_str().ok().map(str::to_owned))
    }

    /// Returns where the branch was when the remote was last read; `None` if the checkout does not track it.
    pub fn tracked(&self, remote: &str, branch: &BranchName) -> Option<CommitId> {
        let name = self.tracking(remote, branch)?;
        end_of(&self.repository, name.as_bytes().as_bstr()).ok()?.1.map(CommitId)
    }

    /// Returns the branches of the remote that are tracked, and were at `commit`.
    pub fn tracked_at(&self, remote: &str, commit: CommitId) -> Vec<BranchName> {
        let folder = format!("refs/remotes/{remote}/");
        let Ok(references) = self.repository.references() else { return Vec::new() };
        let Ok(found) = references.prefixed(folder.as_str()) else { return Vec::new() };
        let names = found.filter_map(Result::ok).filter_map(|reference| {
            // `origin/HEAD` is a name for another one.
            reference.target().try_id().filter(|id| **id == *commit.0)?;
            let name = reference.name().as_bstr().to_str().ok()?;
            let branch = name.strip_prefix(&folder)?.parse().ok()?;
            (self.tracking(remote, &branch)? == name).then_some(branch)
        });
        names.collect()
    }

    /// Returns a commit of the repository, of whatever branch; `None` if it is not there.
    pub fn record(&self, id: CommitId) -> Option<CommitRecord> {
        let (kind, bytes) = self.object(id.0)?;
        let mut objects = Objects::default();
        objects.insert(kind, bytes).ok()?;
        CommitRecord::read(id, &objects).ok()
    }

    pub(in crate::git) fn repository(&self) -> &gix::Repository {
        &self.repository
    }

    /// Returns the URL of a remote, and by which rules it is rewritten: those for a push are not for a `pushurl`.
    fn remote_url(&self, name: &str, remote_use: RemoteUse) -> Result<(BString, RemoteUse), GitError> {
        let urls = |key| values(self.repository.config_snapshot().plumbing(), &format!("remote.{name}.{key}"));
        let pushed_to = if remote_use == RemoteUse::Push { urls("pushurl") } else { Vec::new() };
        let rules = if pushed_to.is_empty() { remote_use } else { RemoteUse::Read };
        let urls = if pushed_to.is_empty() { urls("url") } else { pushed_to };
        if remote_use == RemoteUse::Push && urls.len() > 1 {
            return Err(GitError::SeveralUrls(name.to_owned()));
        }
        // As for git, the first one is read.
        let others = || self.repository.remote_names().iter().map(ToString::to_string).collect();
        let url =
            urls.into_iter().next().ok_or_else(|| GitError::NoRemote { name: name.to_owned(), others: others() })?;
        Ok((url, rules))
    }

    /// Returns author and committer by git's configuration.
    pub fn identities(&self) -> (IdentityParts, IdentityParts) {
        IdentityParts::configured(self.repository.config_snapshot().plumbing())
    }
}
