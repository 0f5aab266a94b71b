//! PUBLISH: how a release gets to its branch. A commit goes in as content, on the tip that was read; the id that the branch
//! has from then on comes out. The publisher decides what makes the commit object.

mod follow;
mod forge_commit;
mod overtaken_request;
mod propose;
mod pushed_head;
mod request_by_api;
mod request_by_push;

use std::time::Instant;

use follow::NotCommitted;
pub(super) use follow::{bring_forward, require_ready};
pub(super) use propose::{HeadToReplace, Proposer};

use crate::forge::Forge;
use crate::git::{
    Authorship, Change, Checkout, CommitId, CommitOnTip, GitError, Message, NewCommit, PushOutcome, PushRefusal,
    Pusher, Snapshot, TagContent,
};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Activity, BranchInRemote, Event, Listener, Proposed};
use crate::request::RepositoryRequest;
use crate::system::processes::signals::{Gate, Stage};

/// The ways to a branch.
pub(super) enum Publisher<'b> {
    /// The branch itself gets the commit.
    Direct(Direct<'b>),
    /// The head branch of a pull request gets it.
    Propose(Box<Proposer<'b>>),
}

impl<'b> Publisher<'b> {
    /// Returns the push that has begun; `None` if the commit stays in the checkout.
    pub(super) fn pusher(&self) -> Option<&Pusher<'b>> {
        match self {
            Self::Direct(Direct::Push(pusher)) => Some(pusher),
            Self::Direct(Direct::CommitHere(_)) => None,
            Self::Propose(proposer) => Some(&proposer.pusher),
        }
    }

    /// Returns the tip of the head branch that is pushed to, if there is one.
    pub(super) fn head_tip(&self) -> Option<CommitId> {
        match self {
            Self::Direct(_) => None,
            Self::Propose(proposer) => proposer.pusher.head_tip(),
        }
    }
}

/// The two ways of a commit to the branch itself.
pub(super) enum Direct<'b> {
    /// The commit is made here and pushed, with the tip that was read as the lease.
    Push(Box<Pusher<'b>>),
    /// The commit is made in the checkout, and stays there.
    CommitHere(&'b Checkout),
}

/// What a commit is made of, beside the tip that it is made on.
pub(super) struct Content {
    pub(super) changes: Vec<Change>,
    pub(super) message: Message,
    pub(super) authorship: Authorship,
    /// The tag on the commit, which is pushed along with it.
    pub(super) tag: Option<TagContent>,
}

/// What publishing needs to know beside the commit.
pub(super) struct PublishOptions<'a> {
    /// Closed by a signal: then nothing is published any more.
    pub(super) gate: &'a Gate,
    pub(super) push_options: &'a [String],
    /// The forge that makes the commit and signs it; `None`: the commit is made here.
    pub(super) signer: Option<&'a Forge>,
    pub(super) other_writers: OtherWriters,
    /// The repository as it was named.
    pub(super) repository: &'a RepositoryRequest,
}

/// Whether other releases are known to write to the branch, because a race was lost to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherWriters {
    Unknown,
    Known,
}

/// How publishing ended.
pub(super) enum Published {
    /// The branch is at this commit now.
    Updated {
        commit: CommitId,
        /// The pushed commit, which a checkout can follow; `None` if the checkout has it already.
        pushed: Option<Box<CommitOnTip>>,
        /// What the server said to the push. Untrusted text, a line each.
        messages: Vec<String>,
    },
    /// A pull request has this commit.
    Proposed { commit: CommitId, was_pushed: bool, request: Proposed },
    /// Another release was faster, which showed before the push or after it (`None`), or by the server's refusal.
    Raced(Option<RefusedPush>),
    /// The branch did not move: a hook or a rule of the server refused the push to it.
    Refused(RefusedPush),
}

/// A push that the server did not take.
pub(super) struct RefusedPush {
    /// The branch that was pushed to, which may be a head branch.
    pub(super) branch: String,
    pub(super) refusal: PushRefusal,
    /// Whether the branch moved away from the tip that the push was made for.
    pub(super) has_moved: bool,
}

impl Content {
    /// Returns the commit of this on the tip of `snapshot`, signed as the options say.
    fn commit(
        &self,
        snapshot: &Snapshot<'_>,
        options: &PublishOptions<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<NewCommit, Failure> {
        let commit = self.made_here(snapshot, listener)?;
        let Some(forge) = options.signer else { return Ok(commit) };
        let (id, made) = forge_commit::signed(forge, &commit, &self.message, listener)?;
        Ok(commit.made_elsewhere(id, &made.payload, &made.signature)?)
    }

    /// Returns the commit of this on the tip of `snapshot`. A signer that runs here signs it; a forge has not done so yet.
    fn made_here(&self, snapshot: &Snapshot<'_>, listener: &mut Listener<'_>) -> Result<NewCommit, Failure> {
        if self.authorship.signing.is_some() {
            listener(&Event::Began(Activity::Signing));
        }
        Ok(snapshot.commit(&self.changes, &self.message, &self.authorship)?)
    }
}

impl Direct<'_> {
    /// Makes the commit of `content` on the tip of `snapshot`, and moves the branch to it.
    ///
    /// # Errors
    /// The commit cannot be made, or the branch is where it was and stays there.
    pub(super) fn publish(
        self,
        snapshot: &mut Snapshot<'_>,
        content: &Content,
        options: &PublishOptions<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Published, Failure> {
        if let Self::Push(pusher) = &self
            && has_moved(pusher, snapshot, options.other_writers)
        {
            return Ok(Published::Raced(None));
        }
        let mut commit = content.commit(snapshot, options, listener)?;
        if let Some(tag) = &content.tag {
            commit = commit.tagged(tag, &content.authorship)?;
        }
        match self {
            Self::Push(pusher) => {
                let commit = pusher.lease(commit)?;
                push(*pusher, commit, Some(content), options, listener)
            }
            Self::CommitHere(checkout) => {
                match options.gate.whole(|| follow::commit_here(checkout, &commit, &content.message, listener))? {
                    Ok(()) => Ok(Published::Updated { commit: commit.id(), pushed: None, messages: Vec::new() }),
                    Err(NotCommitted::Moved) => Ok(Published::Raced(None)),
                    Err(NotCommitted::Failed(failure)) => Err(failure),
                }
            }
        }
    }
}

/// Creates the branch that `pusher` is for, which does not exist, at the tip of `snapshot`.
pub(super) fn begin_branch(
    pusher: Pusher<'_>,
    snapshot: &Snapshot<'_>,
    options: &PublishOptions<'_>,
    listener: &mut Listener<'_>,
) -> Result<Published, Failure> {
    let commit = pusher.lease(snapshot.beginning())?;
    push(pusher, commit, None, options, listener)
}

/// Returns whether the branch has moved, if it is worth a look: a release that lost a race is not the only writer. A push that
/// loses is more work for the server than a look, which leaves less time to lose in.
fn has_moved(pusher: &Pusher<'_>, snapshot: &mut Snapshot<'_>, other_writers: OtherWriters) -> bool {
    other_writers == OtherWriters::Known
        && snapshot.tip_now(pusher.branch()).is_some_and(|tips| tips.tip != pusher.tip())
}

/// Returns the options for the push: those that were asked for, which the server must accept, or those of git's configuration.
fn accepted_push_options(
    pusher: &Pusher<'_>,
    asked: &[String],
    listener: &mut Listener<'_>,
) -> Result<Vec<String>, Failure> {
    let remote = pusher.remote();
    let options = if asked.is_empty() { remote.push_options() } else { asked.to_vec() };
    if pusher.accepts_push_options() || options.is_empty() {
        return Ok(options);
    }
    if asked.is_empty() {
        let left_out = "does not accept the push options of git's configuration; they are left out";
        listener(&Event::Noted(format!("{remote} {left_out}")));
        return Ok(Vec::new());
    }
    let problem = format!("{remote} cannot be used: it does not accept push options");
    let failure = Failure::new(FailureKind::Target, problem);
    Err(failure.hint("leave out `--push-option`, and name another marker by `--skip-ci`"))
}

/// Pushes `commit`, which was made of `content`; without one, it is what a new branch begins at.
fn push(
    pusher: Pusher<'_>,
    commit: CommitOnTip,
    content: Option<&Content>,
    options: &PublishOptions<'_>,
    listener: &mut Listener<'_>,
) -> Result<Published, Failure> {
    let begun = Instant::now();
    let remote = pusher.remote();
    let tag = content.and_then(|content| content.tag.as_ref());
    let push_options = accepted_push_options(&pusher, options.push_options, listener)?;
    options.gate.begin_push()?;
    let (name, branch) = (remote.to_string(), commit.lease().branch.to_string());
    listener(&Event::Began(Activity::Pushing(BranchInRemote { remote: &name, branch: &branch })));
    let outcome = match (pusher.push(&commit, &push_options)?, options.signer) {
        (PushOutcome::Refused(refusal), Some(forge)) if tag.is_none() => {
            forge_commit::moved_by_the_api(forge, remote, &commit, refusal)?
        }
        (outcome, _) => outcome,
    };
    match outcome {
        PushOutcome::Updated { .. } | PushOutcome::Untagged { .. } => options.gate.end_push(Stage::Done),
        PushOutcome::Raced { .. } | PushOutcome::Refused(_) | PushOutcome::TagTaken(_) => options.gate.end_vain_push(),
    }
    let traffic = remote.traffic();
    let remote = name;
    match outcome {
        PushOutcome::Updated { commit: id, messages } => {
            match content {
                Some(content) => {
                    listener(&Event::Committed { id, title: &content.message.title });
                    listener(&Event::Pushed {
                        remote: &remote,
                        branch: &branch,
                        parent: commit.lease().tip,
                        id,
                        tag: tag.map(|tag| tag.name.as_str()),
                        traffic,
                        elapsed: begun.elapsed(),
                    });
                }
                None => listener(&Event::Noted(format!("the branch `{branch}` was created at {}", id.short()))),
            }
            for message in &messages {
                listener(&Event::Aside(format!("remote: {message}")));
            }
            Ok(Published::Updated { commit: id, pushed: Some(Box::new(commit)), messages })
        }
        PushOutcome::Raced { tip, refusal } => {
            let has_moved = tip != commit.lease().tip;
            Ok(Published::Raced(Some(RefusedPush { branch, refusal, has_moved })))
        }
        PushOutcome::Refused(refusal) => Ok(Published::Refused(RefusedPush { branch, refusal, has_moved: false })),
        PushOutcome::TagTaken(tag) => Err(GitError::TagTaken { remote, tag: tag.to_string() }.into()),
        PushOutcome::Untagged { commit, tag } => {
            let message = format!("{branch} is at {} now, and {remote} has no tag `{tag}` on it", commit.short());
            Err(Failure::new(FailureKind::Refused, message).hint(format!(
                "make the tag in a clone that has the commit: {}",
                options.repository.typed_push(&format!("{commit}:refs/tags/{tag}"))
            )))
        }
    }
}
