//! The last stage of a dry run. It fails where the release would fail: at a tag that is taken, or in a checkout that is to get
//! the commit (`--no-push`) and has uncommitted changes, or a merge that is not finished. The commit is made in memory for that,
//! without a signature, and dropped.

use super::attempt::{Attempt, Stop, tell_edits};
use super::release_plan::ReleasePlan;
use crate::flow::publish::require_ready;
use crate::git::Snapshot;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Listener, Outcome};

impl Attempt<'_> {
    /// Tells what would be released.
    pub(super) fn dry_run(
        &self,
        plan: &ReleasePlan<'_>,
        snapshot: &mut Snapshot<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Outcome, Stop> {
        self.require_new(plan.tag.as_ref(), snapshot)?;
        self.require_ready_checkout(plan, snapshot)?;
        tell_edits(&plan.draft.edited.files, &plan.releases, listener);
        Ok(self.outcome(plan, Ending::DryRun))
    }

    /// Fails if the commit is to stay in a checkout that could not take it.
    fn require_ready_checkout(&self, plan: &ReleasePlan<'_>, snapshot: &Snapshot<'_>) -> Result<(), Failure> {
        let (None, Some(checkout)) = (self.branch.remote(), self.branch.checkout()) else { return Ok(()) };
        let changes = plan.draft.edited.changes();
        require_ready(checkout, &snapshot.commit(&changes, &plan.message, &self.authors.authorship())?)
    }
}
