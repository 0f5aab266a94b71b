//! The pages that a summary links to.

use crate::cli::{Ci, CiSystem, Environment};
use crate::outcome::failure::FailureKind;

/// The targets of a summary's links.
#[derive(Clone, Default)]
pub(in crate::report) struct Links {
    pub(super) server: Option<String>,
    /// The commit that is built, as `owner/repo@sha`.
    pub(super) source: Option<String>,
    pub(super) run: Option<String>,
    /// The repository with the release branch, as host and path.
    pub(super) repository: Option<String>,
    /// The repository that the action comes from, as `owner/repo`, if it is on this server.
    pub(super) action: Option<String>,
}

impl Links {
    /// Returns the pages that the CI system tells of.
    pub(in crate::report) fn of(environment: &Environment) -> Self {
        let ci = environment.ci();
        // Other systems run actions of other servers.
        let is_github = ci.is_some_and(|ci| ci.system == CiSystem::GitHubActions);
        let action = environment.text("TAGSHIP_ACTION_REPOSITORY").filter(|name| is_github && is_repository(name));
        Self {
            server: environment.shown_url("GITHUB_SERVER_URL"),
            source: ci.and_then(Ci::source),
            run: ci.and_then(|ci| ci.run.clone()),
            repository: None,
            action,
        }
    }

    /// Returns these pages for commits of a repository, as it is shown.
    pub(in crate::report) fn with_repository(self, repository: Option<String>) -> Self {
        Self { repository, ..self }
    }

    /// Returns the page of a commit of the release branch, if that is on this very server.
    pub(super) fn commit(&self, id: &str) -> Option<String> {
        let server = self.server.as_deref()?;
        let (_, host) = server.split_once("://")?;
        let path = self.repository.as_deref()?.strip_prefix(host)?.strip_prefix('/')?;
        Some(format!("{server}/{path}/commit/{id}"))
    }

    /// Returns the section about a kind of failure, in the documentation that is in the action's repository.
    pub(in crate::report) fn troubleshooting(&self, kind: FailureKind) -> Option<String> {
        let (server, action) = (self.server.as_deref()?, self.action.as_deref()?);
        Some(format!("{server}/{action}/blob/HEAD/docs/src/troubleshooting.md#{}", kind.name()))
    }

    pub(super) fn source_page(&self) -> Option<String> {
        let (repository, commit) = self.source.as_deref()?.split_once('@')?;
        Some(format!("{}/{repository}/commit/{commit}", self.server.as_deref()?))
    }
}

/// Returns whether a text is the name of a repository, as `owner/name`.
fn is_repository(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    text.split_once('/').is_some_and(|(owner, name)| is_part(owner) && is_part(name))
}
