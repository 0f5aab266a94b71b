//! Another release of ours may replace the head branch while this run writes the title and the text of the pull request. They
//! describe the wrong commit then, so they are written again, from the commit that is there.

use super::pushed_head::PushedHead;
use crate::forge::{Forge, ForgeError, Heads, Known, Operation, Proposal, PullRequest};
use crate::git::{CommitRecord, GitError, ObjectSource, Reader};
use crate::guards::own_commits::own_commit::says_release;
use crate::message::request_text::text_of_commit;
use crate::outcome::failure::Failure;

/// How many releases that replace each other are followed. Each of them tells its words itself, so this only bounds the time.
const MOST_HEADS: usize = 5;

pub(super) struct OvertakenRequest<'a> {
    pub(super) forge: &'a Forge,
    /// What this run has on the head branch, or had.
    pub(super) head: &'a PushedHead<'a>,
}

impl OvertakenRequest<'_> {
    /// Gives `request` the words of the release that has replaced ours, unless nothing of ours was `written` into it. Returns
    /// whether a release has replaced ours; a commit that a person made on top of ours does not count.
    ///
    /// # Errors
    /// The head branch cannot be read, or the request not changed: it may have our words then.
    pub(super) fn settle(&self, request: &PullRequest, written: Operation) -> Result<bool, Failure> {
        let Self { forge, head: PushedHead { proposal, commit, .. } } = self;
        let untrue = |failure: Failure| {
            failure
                .detail(format!(
                    "another release has replaced this one on `{}`, and pull request #{} may still have the title of this one",
                    proposal.head, request.number
                ))
                .detail(format!("read it before it is merged, or run the other release again: {}", request.url))
        };
        let mut request = request.clone();
        for _ in 0..MOST_HEADS {
            let there = self.tip().map_err(|error| untrue(error.into()))?;
            // Without a head branch, the request was merged or closed.
            let Some(there) = there else { return Ok(true) };
            if there.id == *commit || !says_release(&there) {
                return Ok(false);
            }
            if written == Operation::Unchanged {
                break;
            }
            let (text, id) = (text_of_commit(&there), there.id.to_string());
            let heads = Heads { pushed: &id, before: "" };
            let words =
                Proposal { title: &text.title, body: &text.body, known: Known::IsOpen(&request), heads, ..*proposal };
            let (changed, _) = match forge.propose(&words) {
                Ok(changed) => changed,
                Err(ForgeError::NoLongerOpen { .. }) => break,
                Err(error) => return Err(untrue(error.into())),
            };
            if !changed.is_overtaken(heads) {
                break;
            }
            request = changed;
        }
        Ok(true)
    }

    /// Returns the commit that is on the head branch now.
    fn tip(&self) -> Result<Option<CommitRecord>, GitError> {
        let PushedHead { remote, head, .. } = self.head;
        let mut reader = Reader::open(remote, Some(head))?;
        let Some(tip) = reader.tips()?.tip else { return Ok(None) };
        ObjectSource::new(remote, None, Some(reader)).commits(tip)?.loaded_commit(tip)
    }
}
