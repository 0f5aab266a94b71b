//! What is different on a branch that does not exist yet. If nothing changes, because its base has the images already, the branch
//! is created there, without a commit of ours. If a guard stops the release, there is no branch, which is a failure. If the
//! server refuses to create it, no pull request can follow.

use super::attempt::{Attempt, Stop};
use crate::flow::publish::{Direct, Published, Publisher, begin_branch};
use crate::forge::Forge;
use crate::git::Snapshot;
use crate::outcome::failure::Failure;
use crate::outcome::{Ending, Event, Listener, StopKind, Stopped};

impl Attempt<'_> {
    /// Returns what ends an attempt whose branch would begin at `base`. The branch does not have what its base has.
    pub(super) fn without_beginning(&self, stop: Stop, base: &Snapshot<'_>) -> Stop {
        let (true, Stop::Ended(outcome), Some(branch)) = (self.is_new, &stop, self.branch.known()) else { return stop };
        let Ending::Stopped(Stopped { kind: StopKind::Superseded | StopKind::Diverged, reason: why }) = &outcome.ending
        else {
            return stop;
        };
        let push = self.job.delivery.repository.typed_push(&format!("{}:refs/heads/{branch}", base.commit_id()));
        Failure::target(format!("there is no branch `{branch}`, and nothing to commit on it: {why}"))
            .hint(format!("create it in a clone that has the commit: {push}"))
            .into()
    }

    /// Creates the branch at `base`, which has what is to be released, and returns whether it did: a dry run tells that alone.
    pub(super) fn begin_branch(
        &self,
        base: &Snapshot<'_>,
        publisher: Option<Publisher<'_>>,
        signer: Option<&Forge>,
        listener: &mut Listener<'_>,
    ) -> Result<bool, Stop> {
        let Some(Publisher::Direct(Direct::Push(pusher))) = publisher else {
            let (name, at) = (self.branch.name(), base.commit_id().short());
            listener(&Event::Noted(format!("the branch `{name}` would be created at {at}")));
            return Ok(false);
        };
        match begin_branch(*pusher, base, &self.publish_options(signer), listener)? {
            Published::Updated { .. } | Published::Proposed { .. } => Ok(true),
            Published::Raced(push) => Err(Stop::Raced(push)),
            Published::Refused(push) => Err(self.without_request(Stop::Refused(push))),
        }
    }

    /// Returns what ends an attempt that creates the branch. No pull request can follow a push that is refused.
    pub(super) fn without_request(&self, stop: Stop) -> Stop {
        let Stop::Refused(push) = &stop else { return stop };
        if !self.is_new {
            return stop;
        }
        let failure = Failure::refused(&push.branch, &push.refusal);
        Stop::Failed(match self.way.proposal() {
            Some(_) => failure.detail("no pull request can follow: the branch that it would go to does not exist"),
            None => failure,
        })
    }
}
