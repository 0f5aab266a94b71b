//! The pages that a summary links to.

/// The targets of a summary's links.
#[derive(Clone, Default)]
pub(super) struct Links {
    pub(super) server: Option<String>,
    /// The commit that is built, as `owner/repo@sha`.
    pub(super) source: Option<String>,
    pub(super) run: Option<String>,
    /// The repository that was pushed to, as host and path.
    pub(super) pushed_to: Option<String>,
}

impl Links {
    /// Returns the page of a commit that was pushed, if that was to this very server.
    pub(super) fn commit(&self, id: &str) -> Option<String> {
        let server = self.server.as_deref()?;
        let (_, host) = server.split_once("://")?;
        let path = self.pushed_to.as_deref()?.strip_prefix(host)?.strip_prefix('/')?;
        Some(format!("{server}/{path}/commit/{id}"))
    }

    pub(super) fn source_page(&self) -> Option<String> {
        let (repository, commit) = self.source.as_deref()?.split_once('@')?;
        Some(format!("{}/{repository}/commit/{commit}", self.server.as_deref()?))
    }
}
