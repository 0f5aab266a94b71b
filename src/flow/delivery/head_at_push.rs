//! The head branch of a pull request as a push found it. The push may be over when the merge of what was proposed there is turned
//! off, so what is needed for that is kept apart from it.

use crate::git::{BranchName, CommitId, Pusher, Remote};

/// A head branch as the push found it, with the branch that it is for.
pub(super) struct HeadAtPush<'r> {
    pub(super) remote: &'r Remote,
    pub(super) base: BranchName,
    pub(super) head: BranchName,
    pub(super) tip: CommitId,
}

impl<'r> HeadAtPush<'r> {
    /// Returns the one that `pusher` may be about; `None` if there is none.
    pub(super) fn of(pusher: &Pusher<'r>) -> Option<Self> {
        let (head, tip) = pusher.head()?;
        Some(Self { remote: pusher.remote(), base: pusher.branch().clone(), head: head.clone(), tip })
    }
}
