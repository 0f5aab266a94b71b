//! What a dry run asks of a checkout that is to get the commit (`--no-push`), because the release would fail there: uncommitted
//! changes, or a merge that is not finished. The commit is made in memory for that, without a signature, and dropped.

use super::attempt::Attempt;
use super::edited_files::EditedFiles;
use crate::flow::publish::require_ready;
use crate::git::{Message, Snapshot};
use crate::outcome::failure::Failure;

impl Attempt<'_> {
    /// Fails if the commit is to stay in a checkout that could not take it.
    pub(super) fn require_ready_checkout(
        &self,
        edited: &EditedFiles<'_>,
        message: &Message,
        snapshot: &Snapshot<'_>,
    ) -> Result<(), Failure> {
        let (None, Some(checkout)) = (self.branch.remote(), self.branch.checkout()) else { return Ok(()) };
        require_ready(checkout, &snapshot.commit(&edited.changes(), message, &self.authors.authorship())?)
    }
}
