//! The stage after a guard has ended an attempt: an earlier release may have asked the forge to merge what the guard stops now, or what is
//! not wanted any more. That merge is taken back, and a person decides. The request is never closed, and the run ends as it does
//! without one: what fails here is a warning.

use super::attempt::{Attempt, Stop};
use super::edited_files::WantedRelease;
use super::head::proposes;
use crate::flow::remote_forge::Opener;
use crate::forge::{PullRequest, RequestState};
use crate::git::{BranchName, CommitId, Pusher, Snapshot};
use crate::guards::head_branch::replaceable;
use crate::guards::order::{EntryOrder, Standing};
use crate::guards::rules::PublishWay;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, Listener, RuleDemand, Ruling};

/// What a guard's end says of a release that is proposed on the head branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// Whatever it is: it must not come to the branch now.
    All,
    /// The release that ended, if it is the same one.
    Same,
    /// What this release would take the place of: the same one, or what is known to be older or was taken back.
    SameAndOlder,
    /// What is older or was taken back. The same one is on the branch.
    Older,
}

impl Stopped {
    /// Returns what is stopped by the end of an attempt; `None` if no guard ended it.
    fn by(stop: &Stop, way: PublishWay) -> Option<Self> {
        match stop {
            Stop::Ended(outcome) => match outcome.ending {
                Ending::Held => Some(Self::All),
                Ending::Ruled => Self::by_rules(&outcome.rulings, way),
                Ending::Superseded | Ending::Diverged => Some(Self::SameAndOlder),
                Ending::Unchanged => Some(Self::Older),
                _ => None,
            },
            Stop::Failed(failure) => (failure.kind == FailureKind::Guarded).then_some(Self::SameAndOlder),
            Stop::Outdated | Stop::Raced { .. } | Stop::Moved | Stop::Refused { .. } => None,
        }
    }

    /// A rule that refuses a push asks for the request that is there. A freeze, and a file that cannot be understood, stop everything.
    fn by_rules(rulings: &[Ruling], way: PublishWay) -> Option<Self> {
        let broken = rulings.iter().filter(|ruling| ruling.broken.is_some()).map(|ruling| ruling.demand);
        let is_of_requests =
            |demand: &Option<RuleDemand>| way == PublishWay::PullRequest || *demand != Some(RuleDemand::Publish);
        let mut of_requests = broken.filter(is_of_requests).peekable();
        of_requests.peek()?;
        let stops_all = |demand| matches!(demand, None | Some(RuleDemand::Freeze | RuleDemand::Publish));
        Some(if of_requests.any(stops_all) { Self::All } else { Self::Same })
    }
}

impl Attempt<'_> {
    /// Takes back the merge of what is proposed, as far as `stop`, which ended this attempt at writing, is about that too.
    pub(super) fn disarm_outdated(
        &mut self,
        stop: &Stop,
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        pusher: &Pusher<'_>,
        listener: &mut Listener<'_>,
    ) {
        let (Some(stopped), Some((head, tip))) = (Stopped::by(stop, self.way.publish_way()), pusher.head()) else {
            return;
        };
        let warning = match self.disarm_what(stopped, (head, tip), snapshot, wanted, pusher) {
            Ok(warning) => warning,
            Err(failure) => Some(format!(
                "cannot tell whether the forge will merge what is proposed on `{head}` by itself: {}",
                failure.message
            )),
        };
        if let Some(warning) = warning {
            listener(&Event::Warned(warning));
        }
    }

    /// Takes back the merge of what is proposed on a head branch, if that is stopped. Returns what a person must know of it.
    fn disarm_what(
        &mut self,
        stopped: Stopped,
        (head, tip): (&BranchName, CommitId),
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        pusher: &Pusher<'_>,
    ) -> Result<Option<String>, Failure> {
        let over = match replaceable(snapshot, head, tip) {
            Ok(over) if over.is_ahead() => over,
            Ok(_) => return Ok(None),
            // What a person made of it is the person's.
            Err(failure) if failure.kind == FailureKind::Refused => return Ok(None),
            Err(failure) => return Err(failure),
        };
        if self.require_same_releases(&over, pusher.branch(), wanted, false).is_err() {
            return Ok(None);
        }
        let silent = &mut |_: &Event<'_>| {};
        let is_same = stopped != Stopped::All
            && self.on_head(snapshot, tip, wanted, silent, |_, _, there, _| Ok(there.says_all_of(wanted.paths)))?;
        let base = pusher.branch();
        if (stopped == Stopped::Same && !is_same) || (stopped == Stopped::Older && is_same) {
            return Ok(None);
        }
        let may_be_merged =
            |request: &PullRequest| request.state == RequestState::Open && request.is_armed != Some(false);
        let open = match Opener::of(pusher.remote(), &self.job.delivery.target)? {
            Opener::Api(forge) => match forge.newest_request(head.as_str(), base.as_str()).map_err(Failure::from)? {
                // Another release may have taken its place since.
                Some(open) if may_be_merged(&open) && (stopped == Stopped::All || proposes(&open, tip)) => {
                    Ok((forge, open))
                }
                _ => return Ok(None),
            },
            Opener::ByPush(by_push) => Err(by_push.page_of(head.as_str())),
        };
        let why = match stopped {
            Stopped::All => "releases are stopped now",
            _ if is_same => "it proposes the same release",
            _ => {
                let orders = self.on_head(snapshot, tip, wanted, silent, |attempt, snapshot, there, listener| {
                    attempt.order(snapshot, &there.asked, head.as_str(), listener)
                })?;
                if !orders.iter().all(goes) {
                    return Ok(None);
                }
                "what it proposes is older, or was taken back"
            }
        };
        let (forge, request) = match open {
            Ok(open) => open,
            Err(page) => {
                return Ok(Some(format!(
                    "this login does not open GitLab's API, so what is proposed on `{head}` may be merged by itself, \
                     although {why}; take that back by hand: {page}"
                )));
            }
        };
        let (number, url) = (request.number, &request.url);
        Ok(match forge.disarm(&request, head.as_str(), base.as_str()) {
            Ok(true) => {
                Some(format!("pull request #{number} is not merged by itself any more: {why}; it is still open: {url}"))
            }
            Ok(false) => None,
            Err(error) => Some(format!(
                "the forge may still merge pull request #{number} by itself, although {why}: {error}; take that back by \
                 hand: {url}"
            )),
        })
    }
}

/// Returns whether a release takes the place of what it was ordered against.
fn goes(order: &EntryOrder) -> bool {
    matches!(order.ordered.standing, Standing::Goes | Standing::Replaces)
}
