//! The way by a pull request: the commit goes to a head branch, in place of an earlier release that is there, and a request of
//! the forge brings it to the branch. The push comes first, so a failure after it names the branch that was pushed and the
//! page from which a person can go on.

use super::{Content, Published, Rivals, Terms, forge_commit, has_moved, push};
use crate::flow::remote_forge::Opener;
use crate::forge::{
    AutoMerge, Forge, ForgeError, Known, MergeMethod, MergeRequestByPush, Operation, Proposal, PullRequest,
    RequestState, ToldByPush,
};
use crate::git::{
    BranchName, CommitId, NewCommit, OnHead, PushRefusal, Pusher, Remote, Replaceable, Rule, Snapshot, take_back,
};
use crate::message::request_text::RequestText;
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Activity, Event, Listener, Proposed};
use crate::system::signals::Stage;

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
pub(in crate::flow) struct SeenHead {
    /// The proof that its commits are ours; `None` if there is no such branch.
    pub(in crate::flow) over: Option<Replaceable>,
    /// Its request that is open, or the one that was merged with the commit that is there.
    pub(in crate::flow) newest: Option<PullRequest>,
}

impl SeenHead {
    fn open(&self) -> Option<&PullRequest> {
        self.newest.as_ref().filter(|request| request.state == RequestState::Open)
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
        mut snapshot: Snapshot<'_>,
        content: &Content,
        text: &RequestText,
        seen: SeenHead,
        terms: &Terms<'_>,
        listener: &mut Listener<'_>,
    ) -> Result<Published, Failure> {
        // The merge of what is on the head branch may have come after the branch was read.
        if seen.is_merged() && has_moved(&self.pusher, &mut snapshot, Rivals::Known) {
            return Ok(Published::Moved);
        }
        let commit = snapshot.commit(&content.changes, &content.message, &content.authorship)?;
        drop(snapshot);
        let Self { pusher, base, head, opener, auto_merge } = self;
        let proposal = Proposal {
            base: base.as_str(),
            head: head.as_str(),
            title: &text.title,
            body: &text.body,
            known: match (seen.open(), &seen.over) {
                (Some(request), _) => Known::WasOpen(request),
                (None, None) => Known::NoneOpen,
                (None, Some(_)) => Known::Nothing,
            },
        };
        let mut push_options = terms.push_options.to_vec();
        match (&opener, auto_merge) {
            (Opener::Api(forge), Some(method)) => forge.check_auto_merge(method)?,
            (Opener::Api(_), None) => {}
            (Opener::ByPush(_), _) if !pusher.accepts_push_options() => {
                return Err(no_push_options(&pusher.remote().to_string()));
            }
            (Opener::ByPush(by_push), _) => push_options.extend(by_push.options(&proposal, auto_merge)),
        }
        let terms = Terms { push_options: &push_options, ..*terms };
        let remote = pusher.remote();
        let unwanted = if auto_merge.is_none() { EarlierMerge::of(&opener, proposal) } else { None };
        let (commit, was_pushed, messages) =
            match push_to_head(pusher, commit, seen.over.clone(), content, unwanted, &terms, listener)? {
                // It was merged on the tip that was read, so the branch has moved since.
                OnHeadBranch::Has { was_pushed: false, .. } if seen.is_merged() => return Ok(Published::Moved),
                OnHeadBranch::Has { commit, was_pushed, messages } => (commit, was_pushed, messages),
                OnHeadBranch::Not(Published::Refused { refusal, .. }) => return Err(refused(&head, &refusal)),
                OnHeadBranch::Not(other) => return Ok(other),
            };
        let request = match opener {
            Opener::ByPush(by_push) => {
                let before = seen.over.as_ref().map(Replaceable::head);
                let pushed =
                    PushWithOptions { by_push: &by_push, proposal, commit, was_pushed, remote, head: &head, before };
                pushed.request(&messages, auto_merge, listener)?
            }
            Opener::Api(forge) => {
                terms.gate.end_push(Stage::Proposing);
                let message = content.message.to_string();
                let pushed = PushedHead { forge: &forge, proposal, commit, was_pushed };
                match pushed.request(auto_merge.map(|method| (method, message.as_str())), listener)? {
                    Some(request) => {
                        terms.gate.end_push(Stage::Done);
                        return Ok(Published::Proposed { commit, was_pushed, request });
                    }
                    None => return Ok(Published::Raced(PushRefusal::default())),
                }
            }
        };
        listener(&Event::Proposed { base: base.as_str(), request: &request });
        Ok(Published::Proposed { commit, was_pushed, request })
    }
}

/// The merge that an open request may be armed with since an earlier release: the forge would merge what comes to the head branch now by
/// itself, with the message of that one.
struct EarlierMerge<'a> {
    forge: &'a Forge,
    request: &'a PullRequest,
    proposal: Proposal<'a>,
}

impl<'a> EarlierMerge<'a> {
    fn of(opener: &'a Opener, proposal: Proposal<'a>) -> Option<Self> {
        match (opener, proposal.known) {
            (Opener::Api(forge), Known::WasOpen(request)) => Some(Self { forge, request, proposal }),
            _ => None,
        }
    }

    fn take_back(&self, listener: &mut Listener<'_>) -> Result<(), Failure> {
        let Self { forge, request: PullRequest { number, url, .. }, proposal } = self;
        let taken_back = forge.disarm(self.request, proposal.head, proposal.base);
        let was_armed = taken_back.map_err(|error| {
            Failure::from(error)
                .detail(format!(
                    "pull request #{number} may be merged by itself, with the message of an earlier release"
                ))
                .detail(format!("take its auto-merge back by hand, and run the same command again: {url}"))
        })?;
        if was_armed {
            listener(&Event::Noted(format!(
                "pull request #{number} is not merged by itself any more: its merge was armed for an earlier release: {url}"
            )));
        }
        Ok(())
    }
}

fn push_to_head(
    pusher: Pusher<'_>,
    commit: NewCommit,
    over: Option<Replaceable>,
    content: &Content,
    unwanted: Option<EarlierMerge<'_>>,
    terms: &Terms<'_>,
    listener: &mut Listener<'_>,
) -> Result<OnHeadBranch, Failure> {
    match pusher.lease_over(commit, over)? {
        OnHead::Already(commit) => {
            terms.gate.begin_push()?;
            terms.gate.end_push(Stage::Done);
            Ok(OnHeadBranch::Has { commit, was_pushed: false, messages: Vec::new() })
        }
        OnHead::Lease(commit) => {
            let commit = forge_commit::on_head(terms.signer, *commit, &content.message)?;
            if let Some(unwanted) = unwanted {
                terms.gate.begin_push()?;
                let taken_back = unwanted.take_back(listener);
                terms.gate.end_push(Stage::Before);
                taken_back.map_err(|failure| failure.detail("nothing was pushed"))?;
            }
            match push(pusher, commit, content, terms, listener)? {
                Published::Updated { commit, messages, .. } => {
                    Ok(OnHeadBranch::Has { commit, was_pushed: true, messages })
                }
                other => Ok(OnHeadBranch::Not(other)),
            }
        }
    }
}

/// A head branch that has the release, by a push whose options ask for the request.
struct PushWithOptions<'a> {
    by_push: &'a MergeRequestByPush,
    proposal: Proposal<'a>,
    commit: CommitId,
    was_pushed: bool,
    remote: &'a Remote,
    head: &'a BranchName,
    /// Where the head branch was before the push; `None` if it is new.
    before: Option<CommitId>,
}

impl PushWithOptions<'_> {
    /// Returns the request, as far as GitLab's answer to the push tells. It takes a push whatever becomes of the options. Without
    /// a push, the request is the one that an earlier push has opened, if it is open still.
    fn request(
        &self,
        messages: &[String],
        auto_merge: Option<MergeMethod>,
        listener: &mut Listener<'_>,
    ) -> Result<Proposed, Failure> {
        let Self { by_push, proposal, was_pushed, .. } = self;
        let ToldByPush { open, refusal } = by_push.told(messages);
        if let Some(refusal) = refusal {
            return Err(self.options_refused(open.map(|(_, page)| page), &refusal));
        }
        if open.is_none() {
            let why =
                if *was_pushed { "in its answer to the push" } else { "without a push, and nothing was to be pushed" };
            listener(&Event::Warned(format!("GitLab does not tell whether the merge request is open {why}")));
        }
        let is_armed = open.is_some();
        let (number, url) = open.unzip();
        Ok(Proposed {
            head: proposal.head.to_owned(),
            number,
            url: url.unwrap_or_else(|| by_push.page_of(proposal.head)),
            operation: match (was_pushed, proposal.known) {
                (false, _) => Operation::Unchanged,
                (true, Known::NoneOpen) => Operation::Opened,
                (true, Known::Nothing | Known::WasOpen(_) | Known::IsOpen(_)) => Operation::Updated,
            },
            auto_merge: auto_merge.filter(|_| is_armed).map(|_| AutoMerge::Armed),
        })
    }

    /// Returns the failure of the options. The same command would push nothing once more, and so open nothing: so the push is
    /// taken back, unless a request is open for it.
    fn options_refused(&self, page: Option<String>, refusal: &str) -> Failure {
        let Self { by_push, proposal, commit, remote, head, before, .. } = self;
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
        match take_back(remote, head, *commit, *before) {
            Ok(true) => failure
                .detail(format!("the push to `{head}` ({commit_id}) was taken back"))
                .hint(format!("{next}, and run the same command again")),
            Ok(false) => stays(failure, by_hand),
            Err(error) => stays(failure.detail(format!("it could not be taken back: {}", error.told())), by_hand),
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

/// A head branch that has the release.
struct PushedHead<'a> {
    forge: &'a Forge,
    proposal: Proposal<'a>,
    commit: CommitId,
    was_pushed: bool,
}

impl PushedHead<'_> {
    /// Opens the request or changes it, and lets the forge merge it with a message; `None` if another release or a merge was
    /// faster.
    fn request(
        &self,
        merge: Option<(MergeMethod, &str)>,
        listener: &mut Listener<'_>,
    ) -> Result<Option<Proposed>, Failure> {
        let Self { forge, proposal, commit, was_pushed } = self;
        listener(&Event::Began(Activity::Asking { forge: forge.kind(), to: "open the pull request" }));
        let known = match proposal.known {
            // An earlier run may have ended between its push and the change of the text.
            Known::WasOpen(request) if !was_pushed => Known::IsOpen(request),
            known => known,
        };
        let (request, operation) = match forge.propose(&Proposal { known, ..*proposal }) {
            Ok((request, Operation::Unchanged)) if *was_pushed => (request, Operation::Updated),
            Ok(proposed) => proposed,
            // Its merge has moved the branch; its end by hand makes room for a new one.
            Err(ForgeError::NoLongerOpen { .. }) => return Ok(None),
            Err(error) => return Err(self.without_request(error)),
        };
        let mut proposed = Proposed::new(proposal.head.to_owned(), &request, operation);
        listener(&Event::Proposed { base: proposal.base, request: &proposed });
        let earlier = EarlierMerge { forge, request: &request, proposal: *proposal };
        let Some((method, message)) = merge else {
            // It was not found before the push, or armed since.
            if *was_pushed && request.is_armed == Some(true) {
                earlier.take_back(listener)?;
            }
            return Ok(Some(proposed));
        };
        listener(&Event::Began(Activity::Asking { forge: forge.kind(), to: "merge the pull request" }));
        match forge.merge_when_ready(&request, method, &commit.to_string(), message) {
            Ok(state) => proposed.auto_merge = Some(state),
            // Another release has taken the place of this one, or the base has moved since.
            Err(ForgeError::HeadMoved | ForgeError::Conflicts) => return Ok(None),
            Err(error) => {
                let page = format!("{} to {}: {}", proposed.name(), proposal.base, proposed.url);
                if *was_pushed && matches!(error, ForgeError::NotArmed { .. }) {
                    earlier.take_back(listener)?;
                }
                return Err(Failure::from(error).detail(page));
            }
        }
        Ok(Some(proposed))
    }

    /// Returns the failure to open or to change a request for what was pushed. It names what is there already.
    fn without_request(&self, error: ForgeError) -> Failure {
        let Self { forge, proposal, commit, was_pushed } = self;
        let is = if *was_pushed { "is pushed" } else { "was pushed before" };
        let (what, next) = match proposal.known {
            Known::WasOpen(open) | Known::IsOpen(open) => {
                let what = format!("pull request #{} has the text of an earlier release", open.number);
                (what, format!("change it by hand, or run the same command again: {}", open.url))
            }
            Known::Nothing | Known::NoneOpen => {
                let page = forge.compare_url(proposal.base, proposal.head);
                ("no pull request was opened".to_owned(), format!("open it by hand: {page}"))
            }
        };
        let (head, commit) = (proposal.head, commit.short());
        Failure::from(error).detail(format!("the release {is} to `{head}` ({commit}), and {what}")).detail(next)
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
