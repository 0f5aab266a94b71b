//! The pages that a summary links to.

use crate::outcome::failure::FailureKind;

/// The targets of a summary's links.
#[derive(Clone, Default)]
pub(super) struct Links {
    pub(super) server: Option<String>,
    /// The commit that is built, as `owner/repo@sha`.
    pub(super) source: Option<String>,
    pub(super) run: Option<String>,
    /// The repository that was pushed to, as host and path.
    pub(super) pushed_to: Option<String>,
    /// The repository that the action comes from, as `owner/repo`, if it is on this server.
    pub(super) action: Option<String>,
}

impl Links {
    /// Returns the page of a commit that was pushed, if that was to this very server.
    pub(super) fn commit(&self, id: &str) -> Option<String> {
        let server = self.server.as_deref()?;
        let (_, host) = server.split_once("://")?;
        let path = self.pushed_to.as_deref()?.strip_prefix(host)?.strip_prefix('/')?;
        Some(format!("{server}/{path}/commit/{id}"))
    }

    /// Returns the section about a kind of failure, in the documentation that is in the action's repository.
    pub(super) fn troubleshooting(&self, kind: FailureKind) -> Option<String> {
        let (server, action) = (self.server.as_deref()?, self.action.as_deref()?);
        Some(format!("{server}/{action}/blob/HEAD/docs/src/troubleshooting.md#{}", kind.name()))
    }

    pub(super) fn source_page(&self) -> Option<String> {
        let (repository, commit) = self.source.as_deref()?.split_once('@')?;
        Some(format!("{}/{repository}/commit/{commit}", self.server.as_deref()?))
    }
}
