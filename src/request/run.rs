//! The run of a CI system that releases, as far as the system tells: what is built, what began it, and its page.

use std::path::PathBuf;

use crate::cli::{Began, Environment, Unmerged};
use crate::git::{BranchName, Checkout, CommitId, Identity, Remote, RemoteOptions};
use crate::message::SourceCommit;

/// A run of a CI system. It only supplies defaults; outside of CI, nothing is known.
#[derive(Clone, Default)]
pub struct Run {
    /// The commit that is built, with its repository.
    pub source: Option<SourceCommit>,
    /// The commit that is built.
    pub commit: Option<CommitId>,
    /// The tip of the branch before the push that is built.
    pub before: Option<CommitId>,
    /// The branch that is built; `None` for tags and for what is not merged.
    pub branch: Option<BranchName>,
    pub unmerged: Option<Unmerged>,
    /// The merge that was made to test the head of a pull request, which is the run's commit.
    pub test_merge: Option<CommitId>,
    pub began: Began,
    /// The URL of the repository that is built, without a login.
    pub repository_url: Option<String>,
    /// The URL of the run's page.
    pub page: Option<String>,
    /// The author of the system's own commits.
    pub bot: Option<Identity>,
    workspaces: Vec<PathBuf>,
}

impl Run {
    pub(super) fn new(environment: &Environment) -> Self {
        let Some(ci) = environment.ci() else { return Self::default() };
        Self {
            source: ci.source().as_deref().and_then(SourceCommit::parse),
            commit: ci.commit.as_deref().and_then(CommitId::parse),
            before: ci.before.as_deref().and_then(CommitId::parse),
            branch: ci.branch.as_deref().and_then(|branch| branch.parse().ok()),
            unmerged: ci.unmerged,
            test_merge: ci.test_merge.as_deref().and_then(CommitId::parse),
            began: ci.began,
            repository_url: ci.repository_url.clone(),
            page: ci.run.clone(),
            bot: ci.bot.and_then(|bot| bot.parse().ok()),
            workspaces: environment.workspaces(),
        }
    }

    /// Returns whether a push of commits may have begun the run: false if the system names a person, a schedule or another
    /// program.
    pub fn may_be_of_a_push(&self) -> bool {
        matches!(self.began, Began::Push | Began::Merge { .. } | Began::Unknown)
    }

    /// Returns whether what began the run is about its commit, rather than a person, a schedule or another program; `None` if
    /// the system does not tell.
    pub fn is_about_its_commit(&self) -> Option<bool> {
        match self.began {
            Began::Push | Began::Merge { .. } | Began::Commit => Some(true),
            Began::Other => Some(false),
            Began::CommitOrOther | Began::Unknown => None,
        }
    }

    /// Returns whether the run builds the repository `remote`, by its URL; `None` if the system does not tell what it builds.
    /// A `checkout` of it that has the run's commit proves it, by whatever name a mirror goes.
    pub fn builds(&self, remote: &Remote, checkout: Option<&Checkout>, options: &RemoteOptions) -> Option<bool> {
        if self.commit.is_some_and(|commit| checkout.is_some_and(|checkout| checkout.record(commit).is_some())) {
            return Some(true);
        }
        Some(Remote::at(self.repository_url.as_deref()?, options).ok()?.is(remote))
    }

    /// Returns whether `checkout` is what the system checked out: at or above its workspace, as far as that is here.
    pub fn is_in_the_workspace(&self, checkout: &Checkout) -> bool {
        let mut workspaces = self.workspaces.iter().filter(|folder| folder.is_dir()).peekable();
        workspaces.peek().is_none() || workspaces.any(|folder| checkout.path_of(folder).is_ok())
    }

    /// Returns the page of the commit `source`, as `OWNER/REPO@SHA`, if that is of the repository that is built.
    pub fn page_of(&self, source: &str) -> Option<String> {
        let (repository, commit) = source.split_once('@')?;
        let url = self.repository_url.as_deref()?;
        let url = url.strip_suffix(".git").unwrap_or(url);
        let is_page = url.starts_with("https://") || url.starts_with("http://");
        (is_page && url.ends_with(&format!("/{repository}"))).then(|| format!("{url}/commit/{commit}"))
    }
}
