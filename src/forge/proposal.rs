//! A pull request as every forge has it: what is proposed, what became of it, and how it is merged.

/// What to propose: the branch `head` is to come into `base`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal<'a> {
    pub base: &'a str,
    pub head: &'a str,
    pub title: &'a str,
    /// Markdown.
    pub body: &'a str,
    pub known: Known<'a>,
    pub heads: Heads<'a>,
}

/// What was pushed to the head branch, as ids of commits; empty before the push, or if there was nothing before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Heads<'a> {
    pub pushed: &'a str,
    pub before: &'a str,
}

/// What is known already of the requests of the same branches, which spares a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    Nothing,
    /// None is open: the head branch is new.
    NoneOpen,
    /// This one was open before the head branch was pushed to. It may have been merged or closed since.
    WasOpen(&'a PullRequest),
    /// This one is open, and the head branch was not pushed to since.
    IsOpen(&'a PullRequest),
}

/// A pull request, or what a forge calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequest {
    pub number: u64,
    /// Its page.
    pub url: String,
    pub state: RequestState,
    /// The commit that it proposes, or the beginning of its id, as far as the forge tells, else empty: the tip of the head
    /// branch, or what that was when the request was closed or merged.
    pub head_id: String,
    /// Whether the forge will merge it by itself; `None` if it does not tell that.
    pub is_armed: Option<bool>,
    pub(super) title: String,
    pub(super) body: String,
    /// The forge's own id, if its number is not enough.
    pub(super) id: String,
}

impl PullRequest {
    /// Returns whether it proposes another commit than what was pushed. Right after a push, a forge may tell the one before.
    pub fn is_overtaken(&self, heads: Heads<'_>) -> bool {
        let is = |id: &str| !id.is_empty() && id.starts_with(&self.head_id);
        !heads.pushed.is_empty() && !self.head_id.is_empty() && !is(heads.pushed) && !is(heads.before)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestState {
    Open,
    /// Closed without a merge.
    Closed,
    Merged,
}

/// What was done for a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Opened,
    /// Title or text of the open request were changed.
    Updated,
    /// The request is open and says the same.
    Unchanged,
}

/// How the commits of a request come into the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MergeMethod {
    Merge,
    Squash,
    Rebase,
}

/// A merge to be made.
#[derive(Debug, Clone, Copy)]
pub struct WantedMerge<'a> {
    pub request: &'a PullRequest,
    pub method: MergeMethod,
    /// The only commit that may be merged.
    pub head_id: &'a str,
    /// That of the merge commit, or of the squash.
    pub message: &'a str,
}

impl<'a> WantedMerge<'a> {
    /// Returns the first line of the message, and the rest.
    pub(super) fn title_and_body(&self) -> (&'a str, &'a str) {
        let (title, body) = self.message.split_once('\n').unwrap_or((self.message, ""));
        (title, body.trim())
    }
}

/// What became of a request that is to be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoMerge {
    /// The forge merges it as soon as what it waits for is there.
    Armed,
    /// It was merged at once: nothing was waited for.
    Merged,
}
