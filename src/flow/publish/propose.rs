//! The way by a pull request: the commit goes to a head branch, in place of an earlier release that is there, and a request of
//! the forge brings it to the branch. The push comes first, so a failure after it names the branch that was pushed and the
//! page from which a person can go on.

use super::pushed_head::PushedHead;
use super::request_by_api::{EarlierMerge, RequestByApi};
use super::request_by_push::RequestByPush;
use super::{Content, OtherWriters, PublishOptions, Published, RefusedPush, forge_commit, has_moved, push};
use crate::flow::forges::remote_forge::Opener;
use crate::forge::{Heads, Known, MergeMethod, Proposal, PullRequest, RequestState};
use crate::git::{BranchName, CommitId, NewCommit, OnHead, Pusher, Replaceable, Rule, Snapshot};
use crate::message::request_text::RequestText;
use crate::outcome::Listener;
use crate::outcome::failure::{Failure, FailureKind};
use crate::system::processes::signals::Stage;

/// A push to the head branch of a pull request, which has begun.
pub(in crate::flow) struct Proposer<'b> {
    pub(in crate::flow) pusher: Pusher<'b>,
    /// The branch that the request goes to.
    pub(in crate::flow) base: BranchName,
    pub(in crate::flow) head: BranchName,
    pub(in crate::flow) opener: Opener,
    /// `None`: a person merges it.
    pub(in crate::flow) auto_merge: Option<MergeMethod>,
}

/// What is on the head branch before the push.
pub(in crate::flow) struct HeadToReplace {
    /// The proof that its commits are ours; `None` if there is no such branch.
    pub(in crate::flow) over: Option<Replaceable>,
    /// Its request that is open, or the one that was merged with the commit that is there.
    pub(in crate::flow) newest: Option<PullRequest>,
}

impl HeadToReplace {
    fn open(&self) -> Option<&PullRequest> {
        self.newest.as_ref().filter(|request| request.state == RequestState::Open)
    }

    fn proposal<'p>(&'p self, base: &'p BranchName, head: &'p BranchName, text: &'p RequestText) -> Proposal<'p> {
        let known = match (self.open(), &self.over) {
            (Some(request), _) => Known::WasOpen(request),
            (None, None) => Known::NoneOpen,
            (None, Some(_)) => Known::Nothing,
        };
        Proposal {
            base: base.as_str(),
            head: head.as_str(),
            title: &text.title,
            body: &text.body,
            known,
            heads: Heads::default(),
        }
    }

    fn is_merged(&self) -> bool {
        self.newest.as_ref().is_some_and(|request| request.state == RequestState::Merged)
    }
}

/// How the push to the head branch ended.
enum OnHeadBranch {
    /// The commit is there.
    Has {
        commit: CommitId,
        was_pushed: bool,
        messages: Vec<String>,
    },
    Not(Published),
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
        snapshot: &mut Snapshot<'_>,
        content: &Content,
        text: &RequestText,
        to_replace: HeadToReplace,
        options: &PublishOptions<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Published, Failure> {
        // The merge of what is on the head branch may have come after the branch was read.
        if to_replace.is_merged() && has_moved(&self.pusher, snapshot, OtherWriters::Known) {
            return Ok(Published::Raced(None));
        }
        let commit = content.made_here(snapshot, listener)?;
        let Self { pusher, base, head, opener, auto_merge } = self;
        let proposal = to_replace.proposal(&base, &head, text);
        let push_options = with_request_options(&pusher, &opener, &proposal, auto_merge, options)?;
        let options = PublishOptions { push_options: &push_options, ..*options };
        let remote = pusher.remote();
        let on_head =
            HeadCommit { commit, over: to_replace.over.clone(), earlier: EarlierMerge::of(&opener, proposal) };
        let (commit, was_pushed, messages) = match push_to_head(pusher, on_head, content, &options, listener)? {
            // It was merged on the tip that was read, so the branch has moved since.
            OnHeadBranch::Has { was_pushed: false, .. } if to_replace.is_merged() => return Ok(Published::Raced(None)),
            OnHeadBranch::Has { commit, was_pushed, messages } => (commit, was_pushed, messages),
            OnHeadBranch::Not(Published::Refused(push)) => return Err(refused(&push)),
            OnHeadBranch::Not(other) => return Ok(other),
        };
        let before = to_replace.over.as_ref().map(Replaceable::head);
        let pushed = PushedHead { remote, head: &head, proposal, commit, before, was_pushed };
        let request = match &opener {
            Opener::ByPush(by_push) => Some(RequestByPush { by_push, pushed }.told(&messages, auto_merge, listener)?),
            Opener::Api(forge) => {
                options.gate.end_push(Stage::Proposing);
                let message = content.message.to_string();
                RequestByApi { forge, pushed }.open(auto_merge.map(|method| (method, message.as_str())), listener)?
            }
        };
        let Some(request) = request else {
            match was_pushed {
                true => options.gate.end_push(Stage::Overtaken),
                false => options.gate.end_vain_push(),
            }
            return Ok(Published::Raced(None));
        };
        options.gate.end_push(Stage::Done);
        Ok(Published::Proposed { commit, was_pushed, request })
    }
}

/// Returns the options of the push, with those that ask for the request.
fn with_request_options(
    pusher: &Pusher<'_>,
    opener: &Opener,
    proposal: &Proposal<'_>,
    auto_merge: Option<MergeMethod>,
    options: &PublishOptions<'_>,
) -> Result<Vec<String>, Failure> {
    let mut all = options.push_options.to_vec();
    match opener {
        Opener::Api(_) => {}
        Opener::ByPush(_) if !pusher.accepts_push_options() => {
            return Err(no_push_options(&pusher.remote().to_string()));
        }
        Opener::ByPush(by_push) => all.extend(by_push.options(proposal, auto_merge)),
    }
    Ok(all)
}

/// A commit for the head branch.
struct HeadCommit<'a> {
    commit: NewCommit,
    /// The commits whose place it takes.
    over: Option<Replaceable>,
    /// The auto-merge that an earlier release may have left on the request. It is turned off before the push, even if this run
    /// sets its own: the run may end before it does.
    earlier: Option<EarlierMerge<'a>>,
}

fn push_to_head(
    pusher: Pusher<'_>,
    head: HeadCommit<'_>,
    content: &Content,
    options: &PublishOptions<'_>,
    listener: &mut Listener<'_>,
) -> Result<OnHeadBranch, Failure> {
    let HeadCommit { commit, over, earlier } = head;
    match pusher.lease_over(commit, over)? {
        OnHead::Already(commit) => {
            // It may have been merged since, and then the run goes on.
            options.gate.begin_push()?;
            options.gate.end_vain_push();
            Ok(OnHeadBranch::Has { commit, was_pushed: false, messages: Vec::new() })
        }
        OnHead::Lease(commit) => {
            let commit = forge_commit::on_head(options.signer, *commit, &content.message, listener)?;
            let mut was_armed = false;
            if let Some(earlier) = &earlier {
                options.gate.begin_push()?;
                let disarmed = earlier.disarm(listener);
                options.gate.end_vain_push();
                was_armed = disarmed.map_err(|failure| failure.detail("nothing was pushed"))?;
            }
            match push(pusher, commit, Some(content), options, listener)? {
                Published::Updated { commit, messages, .. } => {
                    Ok(OnHeadBranch::Has { commit, was_pushed: true, messages })
                }
                other => {
                    if let (Published::Raced(_), true, Some(earlier)) = (&other, was_armed, &earlier) {
                        earlier.warn_of_a_lost_race(listener);
                    }
                    Ok(OnHeadBranch::Not(other))
                }
            }
        }
    }
}

fn no_push_options(remote: &str) -> Failure {
    Failure::new(
        FailureKind::Unauthorized,
        format!("{remote} does not accept push options, by which it could open a merge request"),
    )
    .hint("use a token that opens the API: a project access token with the scope `api`")
}

/// Returns the failure of a push to a head branch that the server declined.
fn refused(RefusedPush { branch: head, refusal, .. }: &RefusedPush) -> Failure {
    let failure = Failure::refused(head, refusal);
    match refusal.rule() {
        None | Some(Rule::Protection) => failure.hint(
            "allow this identity to create and to replace branches below `tagship/`, or name another head branch with `--head`",
        ),
        Some(Rule::Name) => {
            failure.hint("name another head branch with `--head`: a branch or tag `a` and one `a/b` cannot both exist")
        }
        Some(_) => failure,
    }
}
