//! The way by a pull request: the commit goes to a head branch, in place of an earlier release that is there, and a request of
//! the forge brings it to the branch. The push comes first, so a failure after it names the branch that was pushed and the
//! page from which a person can go on.

use super::{Content, Published, Terms, forge_commit, push};
use crate::forge::{Forge, ForgeError, IfClosed, Known, MergeMethod, Operation, Proposal, PullRequest};
use crate::git::{BranchName, CommitId, OnHead, PushRefusal, Pusher, Replaceable, Rule, Snapshot};
use crate::message::request_text::RequestText;
use crate::outcome::failure::Failure;
use crate::outcome::{Event, Listener, Proposed};
use crate::system::signals::Stage;

/// A push to the head branch of a pull request, which has begun.
pub(in crate::flow) struct Proposer<'b> {
    pub(in crate::flow) pusher: Pusher<'b>,
    /// The branch that the request goes to.
    pub(in crate::flow) base: BranchName,
    pub(in crate::flow) head: BranchName,
    pub(in crate::flow) forge: Forge,
    /// `None`: a person merges it.
    pub(in crate::flow) auto_merge: Option<MergeMethod>,
}

/// What is on the head branch before the push.
pub(in crate::flow) struct SeenHead {
    /// The proof that its commits are ours; `None` if there is no such branch.
    pub(in crate::flow) over: Option<Replaceable>,
    /// The request that is open.
    pub(in crate::flow) open: Option<PullRequest>,
}

impl Proposer<'_> {
    /// Makes the commit of `content` on the tip of `snapshot`, pushes it to the head branch, unless one of its tree and parent
    /// is there, and opens the request or changes it.
    ///
    /// # Errors
    /// The commit cannot be made, the head branch is where it was and stays there, or there is no request that is merged as
    /// it is asked for.
    pub(in crate::flow) fn publish(
        self,
        snapshot: Snapshot<'_>,
        content: &Content,
        text: &RequestText,
        seen: SeenHead,
        terms: &Terms<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Published, Failure> {
        let commit = snapshot.commit(&content.changes, &content.message, &content.authorship)?;
        drop(snapshot);
        let Self { pusher, base, head, forge, auto_merge } = self;
        let SeenHead { over, open } = seen;
        let is_new = over.is_none();
        let (commit, was_pushed) = match pusher.lease_over(commit, over)? {
            OnHead::Already(commit) => {
                terms.gate.begin_push()?;
                terms.gate.end_push(Stage::Done);
                pusher.leave();
                (commit, false)
            }
            OnHead::Lease(commit) => {
                let commit = forge_commit::on_head(terms.signer, commit, &content.message)?;
                match push(pusher, commit, content, terms, listener)? {
                    Published::Updated { commit, .. } => (commit, true),
                    Published::Refused { refusal, .. } => return Err(refused(&head, &refusal)),
                    other => return Ok(other),
                }
            }
        };
        let known = match &open {
            Some(request) => Known::WasOpen(request),
            None if is_new => Known::NoneOpen,
            None => Known::Nothing,
        };
        let proposal = Proposal {
            base: base.as_str(),
            head: head.as_str(),
            title: &text.title,
            body: &text.body,
            if_closed: IfClosed::OpenAnother,
            known,
        };
        let pushed = PushedHead { forge: &forge, base: &base, head: &head, commit };
        let (request, operation) = match open {
            Some(request) if !was_pushed => (request, Operation::Unchanged),
            _ => match forge.propose(&proposal) {
                Ok(proposed) => proposed,
                // Its merge has moved the branch; its end by hand makes room for a new one.
                Err(ForgeError::NoLongerOpen { .. }) => return Ok(Published::Raced(PushRefusal::default())),
                Err(error) => return Err(pushed.without_request(error)),
            },
        };
        let operation = match operation {
            Operation::Unchanged if was_pushed => Operation::Updated,
            operation => operation,
        };
        let mut proposed = Proposed::new(head.to_string(), &request, operation);
        listener(&Event::Proposed { base: base.as_str(), request: &proposed });
        if let Some(method) = auto_merge {
            let message = content.message.to_string();
            match forge.merge_when_ready(&request, method, &commit.to_string(), &message) {
                Ok(state) => proposed.auto_merge = Some(state),
                // Another release has taken the place of this one.
                Err(ForgeError::HeadMoved) => return Ok(Published::Raced(PushRefusal::default())),
                Err(error) => {
                    return Err(Failure::from(error).detail(format!(
                        "{} to {base} is open: {}",
                        proposed.name(),
                        proposed.url
                    )));
                }
            }
        }
        Ok(Published::Proposed { commit, was_pushed, request: proposed })
    }
}

/// A head branch that has the release, and no request yet.
struct PushedHead<'a> {
    forge: &'a Forge,
    base: &'a BranchName,
    head: &'a BranchName,
    commit: CommitId,
}

impl PushedHead<'_> {
    fn without_request(&self, error: ForgeError) -> Failure {
        let Self { forge, base, head, commit } = self;
        let page = forge.compare_url(base.as_str(), head.as_str());
        Failure::from(error)
            .detail(format!("the release is pushed to `{head}` ({}), and no pull request was opened", commit.short()))
            .detail(format!("open it by hand: {page}"))
    }
}

/// Returns the failure of a push to a head branch that the server declined.
fn refused(head: &BranchName, refusal: &PushRefusal) -> Failure {
    let failure = Failure::refused(head.as_str(), refusal);
    match refusal.rule() {
        None | Some(Rule::Protection) => failure.hint(
            "allow this identity to create and to replace branches below `tagship/`, or name another with `--head`",
        ),
        Some(_) => failure,
    }
}
