//! The request that the API of a forge opens or changes for a head branch, and the merge that the forge is to make of it.

use super::overtaken_request::OvertakenRequest;
use super::pushed_head::PushedHead;
use crate::flow::forges::remote_forge::Opener;
use crate::forge::{Forge, ForgeError, Heads, Known, MergeMethod, Operation, Proposal, PullRequest, WantedMerge};
use crate::git::CommitId;
use crate::outcome::failure::Failure;
use crate::outcome::{Activity, Event, Listener, Proposed};

/// The merge that an open request may be armed with since an earlier release: the forge would merge what comes to the head branch
/// now by itself, with the message of that one.
pub(super) struct EarlierMerge<'a> {
    forge: &'a Forge,
    request: &'a PullRequest,
    proposal: Proposal<'a>,
}

impl<'a> EarlierMerge<'a> {
    pub(super) fn of(opener: &'a Opener, proposal: Proposal<'a>) -> Option<Self> {
        match (opener, proposal.known) {
            (Opener::Api(forge), Known::WasOpen(request)) => Some(Self { forge, request, proposal }),
            _ => None,
        }
    }

    /// Turns that merge off. Returns whether one was armed.
    pub(super) fn disarm(&self, listener: &mut Listener<'_>) -> Result<bool, Failure> {
        let Self { forge, request: PullRequest { number, url, .. }, proposal } = self;
        let disarmed = forge.disarm(self.request, proposal.head, proposal.base);
        let was_armed = disarmed.map_err(|error| {
            Failure::from(error)
                .detail(format!(
                    "pull request #{number} may be merged by itself, with the message of an earlier release"
                ))
                .detail(format!("turn its auto-merge off by hand, and run the same command again: {url}"))
        })?;
        if was_armed {
            listener(&Event::Noted(format!(
                "auto-merge of pull request #{number} was turned off, because it was meant for an earlier release: {url}"
            )));
        }
        Ok(was_armed)
    }

    /// Tells that the merge which was turned off may have been that of the release that was faster.
    pub(super) fn warn_of_a_lost_race(&self, listener: &mut Listener<'_>) {
        let PullRequest { number, url, .. } = self.request;
        listener(&Event::Warned(format!(
            "another release was faster, and the auto-merge of pull request #{number} that was turned off may have been its \
             own; if it is not armed now, run that release again: {url}"
        )));
    }
}

/// A request that the API of a forge opens.
pub(super) struct RequestByApi<'a> {
    pub(super) forge: &'a Forge,
    pub(super) pushed: PushedHead<'a>,
}

impl RequestByApi<'_> {
    /// Opens the request or changes it, and lets the forge merge it with a message; `None` if another release or a merge was
    /// faster.
    pub(super) fn open(
        &self,
        merge: Option<(MergeMethod, &str)>,
        listener: &mut Listener<'_>,
    ) -> Result<Option<Proposed>, Failure> {
        let Self { forge, pushed: head @ PushedHead { proposal, commit, before, was_pushed, .. } } = self;
        listener(&Event::Began(Activity::Asking { forge: forge.kind(), to: "open the pull request" }));
        let known = match proposal.known {
            // An earlier run may have ended between its push and the change of the text.
            Known::WasOpen(request) if !was_pushed => Known::IsOpen(request),
            known => known,
        };
        let (pushed, before) = (commit.to_string(), before.as_ref().map(CommitId::to_string).unwrap_or_default());
        let heads = Heads { pushed: &pushed, before: &before };
        let (request, written) = match forge.propose(&Proposal { known, heads, ..*proposal }) {
            Ok(proposed) => proposed,
            // Its merge has moved the branch; its end by hand makes room for a new one.
            Err(ForgeError::NoLongerOpen { .. }) => return Ok(None),
            Err(error) => return Err(self.without_request(error)),
        };
        let overtaken = OvertakenRequest { forge, head };
        if request.is_overtaken(heads) && overtaken.settle(&request, written)? {
            if written == Operation::Opened {
                let (number, head) = (request.number, proposal.head);
                listener(&Event::Warned(format!(
                    "pull request #{number} was opened, and another release has replaced this one on `{head}`; if that \
                     release is merged already, close it: {}",
                    request.url
                )));
            }
            return Ok(None);
        }
        // Without other words, the push has changed it all the same.
        let operation = if *was_pushed && written == Operation::Unchanged { Operation::Updated } else { written };
        let mut proposed = Proposed::new(proposal.head.to_owned(), &request, operation);
        listener(&Event::Proposed { base: proposal.base, request: &proposed });
        let earlier = EarlierMerge { forge, request: &request, proposal: *proposal };
        let Some((method, message)) = merge else {
            // It was not found before the push, or armed since.
            if *was_pushed && request.is_armed == Some(true) {
                earlier.disarm(listener)?;
            }
            return Ok(Some(proposed));
        };
        listener(&Event::Began(Activity::Asking { forge: forge.kind(), to: "merge the pull request" }));
        match forge.merge_when_ready(&WantedMerge { request: &request, method, head_id: &pushed, message }) {
            Ok(state) => proposed.auto_merge = Some(state),
            // The base has moved since.
            Err(ForgeError::Conflicts) => return Ok(None),
            Err(ForgeError::HeadMoved) => {
                // The forge may have told the head before ours when the request got our words.
                overtaken.settle(&request, written)?;
                return Ok(None);
            }
            Err(error) => {
                let page = format!("{} to {}: {}", proposed.name(), proposal.base, proposed.url);
                let is_left = matches!(error, ForgeError::NotArmed { .. }) || request.is_armed == Some(true);
                if *was_pushed && is_left {
                    earlier.disarm(listener)?;
                }
                return Err(Failure::from(error).detail(page));
            }
        }
        Ok(Some(proposed))
    }

    /// Returns the failure to open or to change a request for what was pushed. It names what is there already.
    fn without_request(&self, error: ForgeError) -> Failure {
        let Self { forge, pushed: PushedHead { proposal, commit, was_pushed, .. } } = self;
        let is = if *was_pushed { "is pushed" } else { "was pushed before" };
        let is_unknown = error.is_unsettled();
        let (what, next) = match proposal.known {
            Known::WasOpen(open) | Known::IsOpen(open) => {
                let has = if is_unknown { "may have" } else { "has" };
                let what = format!("pull request #{} {has} the text of an earlier release", open.number);
                (what, format!("change it by hand, or run the same command again: {}", open.url))
            }
            Known::Nothing | Known::NoneOpen => {
                let page = forge.compare_url(proposal.base, proposal.head);
                match is_unknown {
                    true => {
                        ("a pull request may be open".to_owned(), format!("look for it, else open it by hand: {page}"))
                    }
                    false => ("no pull request was opened".to_owned(), format!("open it by hand: {page}")),
                }
            }
        };
        let (head, commit) = (proposal.head, commit.short());
        Failure::from(error).detail(format!("the release {is} to `{head}` ({commit}), and {what}")).detail(next)
    }
}
