//! A release as an attempt plans it, with nothing done yet.

use super::edited_files::PinnedFiles;
use crate::git::{CommitId, Message, TagContent};
use crate::guards::order::EntryOrders;
use crate::message::Release;
use crate::outcome::{Ending, Ruling};

/// A release that guards judge.
pub(super) struct Draft<'w> {
    pub(super) edited: PinnedFiles<'w>,
    pub(super) orders: EntryOrders,
    /// What the rules on the branch say of it, once they were judged.
    pub(super) rulings: Vec<Ruling>,
    /// The tip that it is made on.
    pub(super) parent: CommitId,
}

/// What an attempt decided to do at its tip.
pub(super) struct ReleasePlan<'w> {
    pub(super) draft: Draft<'w>,
    pub(super) releases: Vec<Release>,
    pub(super) message: Message,
    pub(super) tag: Option<TagContent>,
}

/// Why a guard ends an attempt: nothing of the release comes about.
pub(super) struct Stopped {
    pub(super) ending: Ending,
    pub(super) reason: String,
}
