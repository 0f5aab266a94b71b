//! The stage after a guard has ended an attempt, or a push that a pull request would have followed has succeeded: an earlier
//! release may have asked the forge to merge what the guard stops now, or what is not wanted any more. That merge is turned off,
//! and a person decides. The request is never closed, and the run ends as it does without one: what fails here is a warning.

use super::attempt::{Attempt, Stop};
use super::edited_files::WantedRelease;
use super::head_at_push::HeadAtPush;
use super::head_request::proposes;
use crate::flow::forges::remote_forge::Opener;
use crate::forge::{PullRequest, RequestState};
use crate::git::Snapshot;
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
    /// What this release would take the place of: the same one, or what is known to be older or was taken back. If the same
    /// one is on the branch already, the forge would bring it back after a rollback.
    SameAndOlder,
    /// Whatever is proposed: the branch goes back now, which a person wants.
    BeforeRollback,
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
                None => matches!(outcome.ending, Ending::Unchanged).then_some(Self::SameAndOlder),
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
    /// Turns off the merge of what is proposed, as far as `stop`, which ended this attempt at writing, is about that too.
    pub(super) fn disarm_outdated(
        &mut self,
        stop: &Stop,
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        at_push: &HeadAtPush<'_>,
        listener: &mut Listener<'_>,
    ) {
        if let Some(scope) = OutdatedScope::of(stop, self.way.publish_way()) {
            self.disarm(scope, snapshot, wanted, at_push, listener);
        }
    }

    /// Turns off the merge of what is proposed, as far as the branch has got something newer by a push of this run.
    pub(super) fn disarm_replaced(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        at_push: &HeadAtPush<'_>,
        listener: &mut Listener<'_>,
    ) {
        let is_rollback = wanted.writing.purpose.is_rollback();
        let scope = if is_rollback { OutdatedScope::BeforeRollback } else { OutdatedScope::SameAndOlder };
        self.disarm(scope, snapshot, wanted, at_push, listener);
    }

    fn disarm(
        &mut self,
        scope: OutdatedScope,
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
        at_push: &HeadAtPush<'_>,
        listener: &mut Listener<'_>,
    ) {
        let head = &at_push.head;
        let why = self.outdated(scope, at_push, snapshot, wanted);
        let warning = why.and_then(|why| match why {
            Some(why) => self.disarm_request(scope, why, at_push),
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
        HeadAtPush { base, head, tip, .. }: &HeadAtPush<'_>,
        snapshot: &mut Snapshot<'_>,
        wanted: &WantedRelease<'_>,
    ) -> Result<Option<&'static str>, Failure> {
        let tip = *tip;
        match ProposedReleases::read(snapshot, head, tip) {
            Ok(proposed) => {
                let is_other = self.require_same_releases(&proposed, base, wanted, false).is_err();
                if is_other || !proposed.over.is_ahead() {
                    return Ok(None);
                }
            }
            // The commits of a person stay, and the merge that a release asked for does not. Any other name than one that the
            // user chose tells that the branch is for these entries.
            Err(failure) => {
                let is_named = self.way.proposal().is_none_or(|request| request.head.is_some());
                if failure.kind != FailureKind::Refused || is_named {
                    return Err(failure);
                }
            }
        }
        match scope {
            OutdatedScope::All => return Ok(Some("releases are stopped now")),
            OutdatedScope::BeforeRollback => return Ok(Some("a rollback was released since")),
            OutdatedScope::Same | OutdatedScope::SameAndOlder => {}
        }
        let silent = &mut |_: &Event<'_>| {};
        self.on_head(snapshot, tip, wanted, silent, |attempt, snapshot, there, listener| {
            if there.says_all_of(wanted.paths) {
                return Ok(Some("it proposes the same release"));
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

    /// Turns off the merge of the open request of `head`, if there is one. Returns what a person must know of it.
    fn disarm_request(
        &self,
        scope: OutdatedScope,
        why: &str,
        HeadAtPush { remote, base, head, tip }: &HeadAtPush<'_>,
    ) -> Result<Option<String>, Failure> {
        let (from, to) = (head.as_str(), base.as_str());
        let forge = match Opener::of(remote, &self.job.delivery.repository)? {
            Opener::Api(forge) => forge,
            Opener::ByPush(by_push) => {
                return Ok(Some(format!(
                    "this login does not open GitLab's API, so what is proposed on `{head}` may be merged by itself, \
                     although {why}; turn that off by hand: {}",
                    by_push.page_of(from)
                )));
            }
        };
        let is_outdated = |request: &PullRequest| {
            // Another release may have taken its place since.
            let is_outdated = scope == OutdatedScope::All || proposes(request, *tip);
            is_outdated && request.state == RequestState::Open
        };
        let newest = forge.newest_request(from, to).map_err(Failure::from)?;
        let Some(request) = newest.filter(is_outdated) else { return Ok(None) };
        let (number, url) = (request.number, &request.url);
        // This run may have opened it, before it lost a race.
        let open = || format!("pull request #{number} is still open, although {why}: {url}");
        Ok(match forge.disarm(&request, from, to) {
            Ok(true) => Some(format!(
                "auto-merge of pull request #{number} was turned off, because {why}; it is still open: {url}"
            )),
            Ok(false) => (self.earlier.races_this_way > 0).then(open),
            Err(error) => Some(format!(
                "the forge may still merge pull request #{number} by itself, although {why}: {error}; turn that off by \
                 hand: {url}"
            )),
        })
    }
}
