//! Pull requests as every forge has them: found, opened or changed, and found again. A request may be there although opening
//! it failed: another run opened it at the same time, or an answer was lost.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::address::ForgeKind;
use super::draft::with_mark_of;
use super::error::ForgeError;
use super::proposal::{AutoMerge, Known, Operation, Proposal, PullRequest, RequestState, WantedMerge};
use crate::system::backoff::Backoff;

/// The longest title that every forge takes, in characters.
const MAX_TITLE: usize = 250;

/// How many requests of the same branches a page lists. Every forge allows as many.
pub(super) const LISTED: usize = 50;
/// How many pages are searched for a request of ours, among those from forks.
const MAX_PAGES: usize = 20;

/// How often a merge is tried: another merge into the base lets it fail, and a forge needs a while to know what it waits for.
const MAX_MERGE_ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The calls about pull requests, as one forge makes them.
pub(super) trait PullRequestApi {
    /// Returns the newest request to bring `head` into `base`: the open one, else the last one that was closed or merged.
    fn newest_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError>;

    /// Returns the open request to bring `head` into `base`.
    fn open_request(&self, head: &str, base: &str) -> Result<Option<PullRequest>, ForgeError> {
        Ok(self.newest_request(head, base)?.filter(|request| request.state == RequestState::Open))
    }

    /// Opens a request. If one is open already, the error is [`ForgeError::Rejected`].
    fn open(&self, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError>;

    /// Gives a request this title and this text.
    fn change(&self, request: &PullRequest, proposal: &Proposal<'_>) -> Result<PullRequest, ForgeError>;

    /// Has a request merged as soon as the forge's rules allow it, at once if nothing is waited for.
    fn merge_when_ready(&self, wanted: &WantedMerge<'_>) -> Result<AutoMerge, ForgeError>;

    /// Turns off the merge that is armed, if one is. Returns whether one was.
    fn disarm(&self, request: &PullRequest) -> Result<bool, ForgeError>;

    /// Returns the page from which a person can open the request.
    fn compare_url(&self, base: &str, head: &str) -> String;

    /// Returns the text of a request as this forge takes it.
    fn body<'a>(&self, body: &'a str) -> Cow<'a, str> {
        shortened(body, 60_000)
    }
}

/// Opens a request, or changes the one that is open.
pub(super) fn propose(
    api: &dyn PullRequestApi,
    proposal: &Proposal<'_>,
) -> Result<(PullRequest, Operation), ForgeError> {
    let (title, body) = (title(proposal.title), api.body(proposal.body));
    let proposal = &Proposal { title: &title, body: &body, ..*proposal };
    let found = match proposal.known {
        Known::WasOpen(request) | Known::IsOpen(request) => Some(request.clone()),
        Known::NoneOpen => None,
        Known::Nothing => api.open_request(proposal.head, proposal.base)?,
    };
    let Some(request) = found else { return open(api, proposal) };
    let number = request.number;
    // If it was merged or closed before the head branch moved, it does not propose what is there now.
    change(api, request, proposal)?.ok_or(ForgeError::NoLongerOpen { number })
}

fn open(api: &dyn PullRequestApi, proposal: &Proposal<'_>) -> Result<(PullRequest, Operation), ForgeError> {
    let failed = match api.open(proposal) {
        Ok(request) => return Ok((request, Operation::Opened)),
        Err(error) if error.is_told_by_the_state() => error,
        Err(error) => return Err(error),
    };
    let Some(request) = api.open_request(proposal.head, proposal.base)? else { return Err(failed) };
    if request.is_overtaken(proposal.heads) {
        return Ok((request, Operation::Unchanged));
    }
    match change(api, request, proposal)? {
        Some((request, Operation::Unchanged)) if failed.is_unsettled() => Ok((request, Operation::Opened)),
        Some(done) => Ok(done),
        None => Err(failed),
    }
}

/// Gives a request the title and the text of the proposal; `None` if it is not open any more.
fn change(
    api: &dyn PullRequestApi,
    request: PullRequest,
    proposal: &Proposal<'_>,
) -> Result<Option<(PullRequest, Operation)>, ForgeError> {
    // A server may store other line ends.
    let is_same = |one: &str, other: &str| one.trim_end().lines().eq(other.trim_end().lines());
    let marked = with_mark_of(&request.title, proposal.title);
    let proposal = &Proposal { title: &title(&marked), ..*proposal };
    let was_open = matches!(proposal.known, Known::WasOpen(_));
    if !was_open && request.title == proposal.title && is_same(&request.body, proposal.body) {
        return Ok(Some((request, Operation::Unchanged)));
    }
    match api.change(&request, proposal) {
        Ok(changed) if changed.state == RequestState::Open => Ok(Some((changed, Operation::Updated))),
        Ok(_) => {
            // It was merged or closed just now, and gets back the words of what it proposed. Whether it does decides nothing.
            api.change(&request, &Proposal { title: &request.title, body: &request.body, ..*proposal }).ok();
            Ok(None)
        }
        // Some forges change nothing about a request that has ended.
        Err(error @ ForgeError::Rejected { .. }) => match api.open_request(proposal.head, proposal.base)? {
            Some(open) if open.number == request.number => Err(error),
            _ => Ok(None),
        },
        Err(error) => Err(error),
    }
}

/// Turns off the merge that an open request from `head` into `base` is armed with. Returns whether one was. If it is known that
/// none is, nothing is asked for.
pub(super) fn disarm(
    api: &dyn PullRequestApi,
    request: &PullRequest,
    head: &str,
    base: &str,
) -> Result<bool, ForgeError> {
    if request.is_armed == Some(false) {
        return Ok(false);
    }
    match api.disarm(request) {
        // It may have been merged or closed since, or turned off already, by a request whose answer was lost.
        Err(error) if error.is_told_by_the_state() => match api.open_request(head, base)? {
            Some(now) if now.number != request.number => Ok(false),
            Some(now) if now.is_armed == Some(false) => Ok(true),
            Some(_) => Err(error),
            None => Ok(false),
        },
        done => done,
    }
}

/// Returns the pauses between the tries of a merge, within a deadline.
pub(super) fn merge_pauses(deadline: Instant) -> Backoff {
    Backoff::new(MAX_MERGE_ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE).until(deadline)
}

/// Returns the first of the requests that is open, else the newest one.
pub(super) fn newest_of(requests: Vec<PullRequest>) -> Option<PullRequest> {
    let open = requests.iter().position(|request| request.state == RequestState::Open);
    match open {
        Some(open) => requests.into_iter().nth(open),
        None => requests.into_iter().max_by_key(|request| request.number),
    }
}

/// A page of the list of requests.
pub(super) struct ListedPage {
    /// Whether it ends the list. A page that is not full does.
    pub(super) is_last: bool,
    /// Those that bring our head branch into the base, and not a branch of that name in a fork.
    pub(super) own: Vec<PullRequest>,
}

impl ListedPage {
    /// Reads the requests of a page that are `own`.
    pub(super) fn of(
        listed: &[Value],
        own: impl Fn(&Value) -> bool,
        read: impl Fn(&Value) -> Result<PullRequest, ForgeError>,
    ) -> Result<Self, ForgeError> {
        let requests = listed.iter().filter(|request| own(request)).map(read);
        Ok(Self { is_last: listed.len() < LISTED, own: requests.collect::<Result<_, _>>()? })
    }
}

/// Returns the newest of our requests. A fork may have a branch of the same name, and anyone can open requests from it: pages are
/// read until one has a request of ours, or ends the list. `page` reads the page of a number, which counts from 0.
///
/// # Errors
/// If no page did either, it is not known whether there is one.
pub(super) fn newest_own(
    kind: ForgeKind,
    mut page: impl FnMut(usize) -> Result<ListedPage, ForgeError>,
) -> Result<Option<PullRequest>, ForgeError> {
    for number in 0..MAX_PAGES {
        let ListedPage { is_last, own } = page(number)?;
        if is_last || !own.is_empty() {
            return Ok(newest_of(own));
        }
    }
    Err(kind.lists_too_many())
}

/// Returns a title as every forge takes it.
pub(super) fn title(text: &str) -> Cow<'_, str> {
    shortened(text, MAX_TITLE)
}

/// Cuts a text to so many characters, with a sign that it goes on.
pub(super) fn shortened(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        Some(_) => Cow::Owned(text.chars().take(limit - 1).chain(['…']).collect()),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn texts_are_cut_at_a_character() {
        for (text, expected) in [("", ""), ("äöü", "äöü"), ("äöüß", "äö…")] {
            assert_eq!(shortened(text, 3), expected);
        }
    }
}
