//! The request that a push to a head branch asks for by its options, as GitLab takes them from a job that may not use its API.

use super::pushed_head::PushedHead;
use crate::forge::{AutoMerge, Known, MergeMethod, MergeRequestByPush, Operation, ToldByPush};
use crate::git::undo_push;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Event, Listener, Proposed};

/// A request that a push has asked for.
pub(super) struct RequestByPush<'a> {
    pub(super) by_push: &'a MergeRequestByPush,
    pub(super) pushed: PushedHead<'a>,
}

impl RequestByPush<'_> {
    /// Returns the request, as far as GitLab's answer to the push tells. It takes a push whatever becomes of the options. Without
    /// a push, the request is the one that an earlier push has opened, if it is open still.
    pub(super) fn told(
        &self,
        messages: &[String],
        auto_merge: Option<MergeMethod>,
        listener: &mut Listener<'_>,
    ) -> Result<Proposed, Failure> {
        let Self { by_push, pushed: PushedHead { proposal, was_pushed, .. } } = self;
        let ToldByPush { open, refusal } = by_push.told(messages);
        if let Some(refusal) = refusal {
            return Err(self.options_refused(open.map(|(_, page)| page), &refusal));
        }
        if open.is_none() {
            let warning = match was_pushed {
                true => "GitLab's answer to the push does not tell whether the merge request is open",
                false => "nothing was pushed, so GitLab did not tell whether the merge request is open",
            };
            listener(&Event::Warned(warning.to_owned()));
        }
        let is_armed = open.is_some();
        let (number, url) = open.unzip();
        let request = Proposed {
            head: proposal.head.to_owned(),
            number,
            url: url.unwrap_or_else(|| by_push.page_of(proposal.head)),
            operation: match (was_pushed, proposal.known) {
                (false, _) => Operation::Unchanged,
                (true, Known::NoneOpen) => Operation::Opened,
                (true, Known::Nothing | Known::WasOpen(_) | Known::IsOpen(_)) => Operation::Updated,
            },
            auto_merge: auto_merge.filter(|_| is_armed).map(|_| AutoMerge::Armed),
        };
        listener(&Event::Proposed { base: proposal.base, request: &request });
        Ok(request)
    }

    /// Returns the failure of the options. The same command would push nothing once more, and so open nothing: so the push is
    /// undone, unless a request is open for it.
    fn options_refused(&self, page: Option<String>, refusal: &str) -> Failure {
        let Self { by_push, pushed: PushedHead { remote, head, proposal, commit, before, .. } } = self;
        let failure = |what: &str| Failure::new(FailureKind::Refused, format!("GitLab {what}: {refusal}"));
        let (next, commit_id) = ("correct what GitLab names", commit.short());
        let stays = |failure: Failure, what_is_there: String| {
            failure
                .detail(format!("the release is pushed to `{head}` ({commit_id})"))
                .detail(what_is_there)
                .hint(format!("{next}, delete the branch `{head}`, and run the same command again"))
        };
        if let Some(page) = page {
            let failure = failure("did not do all that the push asked for");
            return stays(failure, format!("the merge request is open: {page}"));
        }
        let failure = failure("did not open the merge request");
        let by_hand = format!("open it by hand: {}", by_push.page_to_open(proposal));
        match undo_push(remote, head, *commit, *before) {
            Ok(true) => failure
                .detail(format!("the push to `{head}` ({commit_id}) was undone"))
                .hint(format!("{next}, and run the same command again")),
            Ok(false) => stays(failure, by_hand),
            Err(error) => stays(failure.detail(format!("it could not be undone: {}", error.told())), by_hand),
        }
    }
}
