//! A release as an attempt plans it, with nothing done yet.

use super::edited_files::{AskedFiles, EditedFiles};
use crate::git::{CommitId, Message, RepositoryPath, TagContent};
use crate::guards::order::EntryOrders;
use crate::message::Release;
use crate::outcome::Ruling;
use crate::targets::EntryEdit;

/// A release that guards judge.
pub(super) struct Draft<'w> {
    pub(super) edited: EditedFiles<'w>,
    pub(super) orders: EntryOrders,
    /// What the rules on the branch say of it, once they were judged.
    pub(super) rulings: Vec<Ruling>,
    /// The tip that it is made on.
    pub(super) parent: CommitId,
    /// Whether the branch does not exist yet, so that all that it begins with is new to it.
    pub(super) is_new: bool,
}

impl<'w> Draft<'w> {
    /// Returns a release whose digests are not pinned yet.
    pub(super) fn unpinned(asked: AskedFiles<'w>, orders: EntryOrders, parent: CommitId, is_new: bool) -> Self {
        let edited = EditedFiles { files: asked.files.clone(), asked };
        Self { edited, orders, rulings: Vec::new(), parent, is_new }
    }

    /// Returns whether a guard judges an entry: it changes, or is new to the branch.
    pub(super) fn is_judged(&self, entry: &EntryEdit) -> bool {
        self.is_new || entry.changed()
    }

    /// Returns the entries that the guards judge, with the paths of their files.
    pub(super) fn judged_entries(&self) -> impl Iterator<Item = (&RepositoryPath, &EntryEdit)> {
        self.edited.entries().filter(|(_, entry)| self.is_judged(entry))
    }
}

/// What an attempt decided to do at its tip.
pub(super) struct ReleasePlan<'w> {
    pub(super) draft: Draft<'w>,
    pub(super) releases: Vec<Release>,
    pub(super) message: Message,
    pub(super) tag: Option<TagContent>,
}
