//! A head branch that has the release, for which there is to be a request.

use crate::forge::Proposal;
use crate::git::{BranchName, CommitId, Remote};

#[derive(Clone, Copy)]
pub(super) struct PushedHead<'a> {
    pub(super) remote: &'a Remote,
    pub(super) head: &'a BranchName,
    pub(super) proposal: Proposal<'a>,
    pub(super) commit: CommitId,
    /// Where the head branch was before; `None` if it is new.
    pub(super) before: Option<CommitId>,
    /// Whether this run has pushed it; else it was there.
    pub(super) was_pushed: bool,
}
