//! What follows if nothing changes on a branch that does not exist yet. If its base has the images already, the branch is created
//! there, without a commit of ours; a guard that stops the release leaves it uncreated, which is a failure.

use super::attempt::{Attempt, Stop};
use crate::flow::publish::{Direct, Published, Publisher, begin_branch};
use crate::forge::Forge;
use crate::git::Snapshot;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, Listener};

impl Attempt<'_> {
    /// Returns what ends an attempt whose branch would begin at `base`. The branch does not have what its base has.
    pub(super) fn without_beginning(&self, stop: Stop, base: &Snapshot<'_>) -> Stop {
        let (Stop::Ended(outcome), Some(branch)) = (&stop, self.branch.known()) else { return stop };
        let (Ending::Superseded | Ending::Diverged) = outcome.ending else { return stop };
        let why = outcome.reason.as_deref().unwrap_or_default();
        let push = self.job.delivery.target.typed_push(&format!("{}:refs/heads/{branch}", base.commit_id()));
        Failure::target(format!("there is no branch `{branch}`, and nothing to commit on it: {why}"))
            .hint(format!("create it in a clone that has the commit: {push}"))
            .into()
    }

    /// Creates the branch at `base`, which has what is to be released; a dry run tells that alone.
    pub(super) fn begin_branch(
        &self,
        base: &Snapshot<'_>,
        publisher: Option<Publisher<'_>>,
        signer: Option<&Forge>,
        listener: &mut Listener<'_>,
    ) -> Result<(), Stop> {
        let Some(Publisher::Direct(Direct::Push(pusher))) = publisher else {
            let (name, at) = (self.branch.name(), base.commit_id().short());
            listener(&Event::Noted(format!("the branch `{name}` would be created at {at}")));
            return Ok(());
        };
        match begin_branch(*pusher, base, &self.terms(signer), listener)? {
            Published::Updated { .. } | Published::Proposed { .. } => Ok(()),
            Published::Raced(push) => Err(Stop::Raced(push)),
            Published::Refused(push) => Err(Stop::Refused(push)),
        }
    }
}
