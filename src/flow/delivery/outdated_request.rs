//! The stage after a guard has ended an attempt: an earlier release may have asked the forge to merge what the guard stops
//! now, or what is not wanted any more. That merge is taken back, and a person decides. The request is never closed, and the
//! run ends as it does without one: what fails here is a warning.

use super::attempt::{Attempt, Stop};
use super::edited_files::WantedRelease;
use super::head_request::proposes;
use crate::flow::forges::remote_forge::Opener;
use crate::forge::{PullRequest, RequestState};
use crate::git::{BranchName, CommitId, Pusher, Snapshot};
use crate::guards::order::{EntryOrder, OrderVerdict};
use crate::guards::own_commits::head_branch::ProposedReleases;
use crate::guards::rules::PublishWay;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Ending, Event, Listener, RuleDemand, Ruling, StopKind};

/// Which proposals are outdated by the end of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutdatedScope {
    /// Whatever is proposed: it must not come to the branch now.
    All,
    /// The release that ended, if it is the same one.
    Same,
    /// What this release would take the place of: the same one, or what is known to be older or was taken back.
    SameAndOlder,
    /// What is older or was taken back. The same one is on the branch.
    Older,
}

impl OutdatedScope {
    /// Returns what is outdated by the end of an attempt; `None` if no guard ended it.
    fn of(stop: &Stop, way: PublishWay) -> Option<Self> {
        match stop {
            Stop::Ended(outcome) => match outcome.ending.stop() {
                Some(StopKind::Held) => Some(Self::All),
                Some(StopKind::Ruled) => Self::of_rules(&outcome.rulings, way),
                Some(StopKind::Superseded | StopKind::Diverged) => Some(Self::SameAndOlder),
                Some(StopKind::Skipped) => None,
                None => matches!(outcome.ending, Ending::Unchanged).then_some(Self::Older),
            },
            Stop::Failed(failure) => (failure.kind == FailureKind::Guarded).then_some(Self::SameAndOlder),
            Stop::Outdated | Stop::Raced(_) | Stop::Refused(_) => None,
        }
    }

    /// A rule that refuses a push asks for the request that is there. A freeze, and a file that cannot be understood, stop
    /// everything.
    fn of_rules(rulings: &[Ruling], way: PublishWay) -> Option<Self> {
        let broken = rulings.iter().filter(|ruling| ruling.broken().is_some()).map(|ruling| ruling.demand);
        let scopes = broken.filter_map(|demand| match demand {
            Some(RuleDemand::Publish) if way != PublishWay::PullRequest => None,
            None | Some(RuleDemand::Freeze | RuleDemand::Publish) => Some(Self::All),
            Some(_) => Some(Self::Same),
        });
        scopes.reduce(|one, other| if one == Self::All { one } else { other })
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
        let scope = OutdatedScope::of(stop, self.way.publish_way());
        let (Some(scope), Some((head, tip))) = (scope, pusher.head()) else { return };
        let why = self.outdated(scope, (head, tip), snapshot, wanted, pusher.branch());
        let warning = why.and_then(|why| match why {
            Some(why) => self.take_back(scope, why, (head, tip), pusher),
            None => Ok(None),
        });
        let warning = warning.unwrap_or_else(|failure| {
            let why = failure.message;
            Some(format!("cannot tell whether the forge will merge what is proposed on `{head}` by itself: {why}"))
        });
        if let Some(warning) = warning {
            listener(&Event::Warned(warning));
        }
    }

    /// Returns why what is proposed at `tip` of `head` is outdated; `None` if it is not. The forge is asked only if it is.
    fn outdated(
        &mut self,
        scope: OutdatedScope,
        (head, tip): (&BranchName, CommitId),
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        base: &BranchName,
    ) -> Result<Option<&'static str>, Failure> {
        let proposed = match ProposedReleases::read(snapshot, head, tip) {
            Ok(proposed) => proposed,
            // What a person made of it is the person's.
            Err(failure) if failure.kind == FailureKind::Refused => return Ok(None),
            Err(failure) => return Err(failure),
        };
        if !proposed.over.is_ahead() || self.require_same_releases(&proposed, base, wanted, false).is_err() {
            return Ok(None);
        }
        if scope == OutdatedScope::All {
            return Ok(Some("releases are stopped now"));
        }
        let silent = &mut |_: &Event<'_>| {};
        self.on_head(snapshot, tip, wanted, silent, |attempt, snapshot, there, listener| {
            if there.says_all_of(wanted.paths) {
                return Ok((scope != OutdatedScope::Older).then_some("it proposes the same release"));
            }
            if scope == OutdatedScope::Same {
                return Ok(None);
            }
            let orders = attempt.order(snapshot, &there.asked, head.as_str(), listener)?;
            let goes = |order: &EntryOrder| {
                matches!(order.ordered.verdict, OrderVerdict::Newer | OrderVerdict::Allowed | OrderVerdict::Replaces)
            };
            // If order does not count, nothing tells that it is older.
            let is_told = orders.iter().next().is_some();
            Ok((is_told && orders.iter().all(goes)).then_some("what it proposes is older, or was taken back"))
        })
    }

    /// Takes back the merge of the open request of `head`, if there is one. Returns what a person must know of it.
    fn take_back(
        &self,
        scope: OutdatedScope,
        why: &str,
        (head, tip): (&BranchName, CommitId),
        pusher: &Pusher<'_>,
    ) -> Result<Option<String>, Failure> {
        let (from, to) = (head.as_str(), pusher.branch().as_str());
        let forge = match Opener::of(pusher.remote(), &self.job.delivery.repository)? {
            Opener::Api(forge) => forge,
            Opener::ByPush(by_push) => {
                return Ok(Some(format!(
                    "this login does not open GitLab's API, so what is proposed on `{head}` may be merged by itself, \
                     although {why}; take that back by hand: {}",
                    by_push.page_of(from)
                )));
            }
        };
        let may_be_merged = |request: &PullRequest| {
            // Another release may have taken its place since.
            let is_outdated = scope == OutdatedScope::All || proposes(request, tip);
            is_outdated && request.state == RequestState::Open && request.is_armed != Some(false)
        };
        let newest = forge.newest_request(from, to).map_err(Failure::from)?;
        let Some(request) = newest.filter(may_be_merged) else { return Ok(None) };
        let (number, url) = (request.number, &request.url);
        Ok(match forge.disarm(&request, from, to) {
            Ok(true) => Some(format!(
                "auto-merge of pull request #{number} was turned off, because {why}; it is still open: {url}"
            )),
            Ok(false) => None,
            Err(error) => Some(format!(
                "the forge may still merge pull request #{number} by itself, although {why}: {error}; take that back by \
                 hand: {url}"
            )),
        })
    }
}
