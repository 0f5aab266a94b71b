//! Pushing one commit: `git-receive-pack`, spoken over gix-transport, which has no push of its own (gitoxide#306). A tag on
//! the commit goes along in one atomic request: the server makes both of them, or neither.
//!
//! The branch tells how a push ended. The lease goes with the update, and if the server did not clearly accept it, the branch is
//! read again: a branch that moved means a lost race, one that did not means a refusal, and one that has our commit means that
//! only the answer was lost. The server's words tell no success. They tell which refusals are none: another push holds the lock,
//! or a part of the server does not answer.

use std::io::Write as _;

use gix::ObjectId;
use gix::protocol::transport::Service;
use gix::protocol::transport::client::{Capabilities, MessageKind, WriteMode};

use super::advertised_refs::{AdvertisedHead, AdvertisedRefs, RefsKept};
use super::push_request::request_body;
use super::refusal::{PushRefusal, Rule};
use super::replaceable::Replaceable;
use crate::git::error::GitError;
use crate::git::objects::commit::{CommitOnTip, Lease, NewCommit};
use crate::git::objects::name::{BranchName, CommitId, TagName};
use crate::git::objects::store::Objects;
use crate::git::reading::reader::{HISTORY_DEPTH, Reader, refuse_other_hashes};
use crate::git::remotes::remote::Remote;
use crate::git::wire::push_report::{PushReport, RefStatus};
use crate::git::wire::service_connection::Connection;

/// How a push ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// The branch has this commit now, which is the one that was pushed; later ones may be on top of it already.
    Updated {
        commit: CommitId,
        /// What the server said beside it. Untrusted text, a line each.
        messages: Vec<String>,
    },
    /// The branch has moved away from the tip that the commit was made on, or another push is about to move it.
    Raced {
        /// Where the branch is.
        tip: Option<CommitId>,
        /// What the server said to the push, which it may have refused anyway.
        refusal: PushRefusal,
    },
    /// The branch did not move: a hook or a rule of the server refused the push.
    Refused(PushRefusal),
    /// The branch did not move: another push has made a tag of this name in the meantime.
    TagTaken(TagName),
    /// The branch has this commit now, and there is no such tag on it: it was deleted or moved, or never made.
    Untagged { commit: CommitId, tag: TagName },
}

/// What a push of a commit to a head branch has to do.
pub enum OnHead {
    /// Nothing: a commit of the same parent and tree is there.
    Already(CommitId),
    Lease(Box<CommitOnTip>),
}

/// A conversation with the remote's `git-receive-pack`, which begins with the tip of the branch: the lease of a push.
pub struct Pusher<'r> {
    connection: Connection<'r>,
    capabilities: Capabilities,
    refs: AdvertisedRefs,
    /// Whether the server waits for what is to be pushed.
    is_waited_for: bool,
}

impl Drop for Pusher<'_> {
    /// Ends a conversation without a push: a program at the other end of a pipe waits for commands, and a flush says that none
    /// come.
    fn drop(&mut self) {
        if self.is_waited_for {
            gix::protocol::indicate_end_of_interaction(&mut self.connection.transport, false).ok();
        }
    }
}

impl<'r> Pusher<'r> {
    /// Begins a push to `branch`. A login that may not push fails here, before anything is read, and so does a server that
    /// cannot do what `kept` asks for.
    pub fn open(remote: &'r Remote, branch: &BranchName, kept: RefsKept<'_>) -> Result<Self, GitError> {
        Self::open_when_known(remote, || Ok(AdvertisedRefs::of(branch, kept)))
    }

    /// Begins a push to a branch that is known only a while after the server was asked: `known` waits for it.
    pub(super) fn open_when_known<E: From<GitError>>(
        remote: &'r Remote,
        mut known: impl FnMut() -> Result<AdvertisedRefs, E>,
    ) -> Result<Self, E> {
        let mut connection = Connection::open(remote, Service::ReceivePack)?;
        let mut refs = None;
        let (_, capabilities) = connection.handshake(&mut |line| {
            if let Ok(refs) = refs.get_or_insert_with(&mut known) {
                refs.read(line);
            }
        })?;
        Self::with(connection, capabilities, refs.unwrap_or_else(known)?).map_err(E::from)
    }

    /// Begins a push with what the server has told.
    fn with(connection: Connection<'r>, capabilities: Capabilities, refs: AdvertisedRefs) -> Result<Self, GitError> {
        let remote = connection.remote();
        refuse_other_hashes(remote, &capabilities)?;
        if !capabilities.contains("report-status") && !capabilities.contains("report-status-v2") {
            return Err(remote.unsupported("it does not report what became of a push"));
        }
        if refs.keeps_tags() && !capabilities.contains("atomic") {
            let what = "it cannot move a branch and make a tag in one step (`atomic`)";
            return Err(remote.unsupported(what));
        }
        Ok(Self { connection, capabilities, refs, is_waited_for: true })
    }

    /// Returns the tip that the branch had; `None` if it did not exist.
    pub fn tip(&self) -> Option<CommitId> {
        self.refs.tip
    }

    /// Returns the branch that has the tip.
    pub fn branch(&self) -> &BranchName {
        &self.refs.branch
    }

    /// Returns the repository that is pushed to.
    pub fn remote(&self) -> &'r Remote {
        self.connection.remote()
    }

    pub(super) fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// Returns the answer to the body of a request, which ends the conversation.
    pub(super) fn exchange(&mut self, body: &[u8]) -> anyhow::Result<PushReport> {
        self.is_waited_for = false;
        send(&mut self.connection, body)
    }

    /// Returns what an error of that means.
    pub(super) fn failed(&self, error: anyhow::Error) -> GitError {
        self.connection.failed(error)
    }

    /// Returns whether the server accepts push options.
    pub fn accepts_push_options(&self) -> bool {
        self.capabilities.contains("push-options")
    }

    /// Returns `commit` with its lease: for a push, the branch must be at the commit's parent, and a new branch must not
    /// exist. Fails if the commit's tag exists on another object.
    pub fn lease(&self, mut commit: NewCommit) -> Result<CommitOnTip, GitError> {
        match commit.tag.as_ref().map(|tag| (self.refs.tag(&tag.name), tag)) {
            Some((Some(id), tag)) if id != tag.id => return Err(taken(self.remote(), &tag.name)),
            // It is there already, from an attempt at the same commit.
            Some((Some(_), _)) => commit.tag = None,
            Some((None, _)) | None => {}
        }
        let tip = self.refs.tip.map(|_| commit.parent);
        Ok(CommitOnTip { new: commit, lease: Lease { branch: self.refs.branch.clone(), tip } })
    }

    /// Returns the tip that the head branch had, if that was kept; `None` if it did not exist.
    pub fn head_tip(&self) -> Option<CommitId> {
        self.refs.head.as_ref().and_then(|head| head.tip)
    }

    /// Returns the head branch with its tip, if that was kept and exists.
    pub fn head(&self) -> Option<(&BranchName, CommitId)> {
        let head = self.refs.head.as_ref()?;
        Some((&head.branch, head.tip?))
    }

    /// Returns `commit` with its lease on the head branch: for a push, this must be where it was when the push began. The
    /// commits that leave it are those of `over`, all of them ours; it is needed unless the branch is new.
    ///
    /// # Errors
    /// If the commit cannot be proposed: it is not on the tip of the branch, or it changes nothing, so that the head branch
    /// would equal the branch; a forge closes a pull request then, for good.
    pub fn lease_over(&self, commit: NewCommit, over: Option<Replaceable>) -> Result<OnHead, GitError> {
        let unfit = |why: &str| GitError::unexpected("the commit cannot be proposed", anyhow::anyhow!("{why}"));
        let AdvertisedHead { branch: head, tip } =
            self.refs.head.clone().ok_or_else(|| unfit("no head branch was asked for"))?;
        if head == self.refs.branch {
            return Err(unfit("the head branch is the branch that it is for"));
        }
        if self.refs.tip != Some(commit.parent) || !commit.changes {
            return Err(unfit("the head branch would not be ahead of the branch"));
        }
        if over.as_ref().map(Replaceable::head) != tip {
            return Err(unfit("the head branch was not looked at"));
        }
        match over {
            Some(over) if over.is(&commit) => Ok(OnHead::Already(over.head())),
            _ => Ok(OnHead::Lease(Box::new(CommitOnTip { new: commit, lease: Lease { branch: head, tip } }))),
        }
    }

    /// Pushes `commit` to the branch of its lease, with git's push options. A server that does not accept options gets
    /// none; git would refuse to push.
    pub fn push(mut self, commit: &CommitOnTip, options: &[String]) -> Result<PushOutcome, GitError> {
        let remote = self.connection.remote();
        let options = if self.accepts_push_options() { options } else { &[] };
        let body = request_body(&self.capabilities, commit, options)?;
        let (reason, messages) = match self.exchange(&body) {
            Ok(answer) => match status(&answer, commit) {
                RefStatus::Accepted => {
                    return Ok(PushOutcome::Updated { commit: commit.id(), messages: answer.messages() });
                }
                RefStatus::Rejected(reason) => (reason, answer.messages()),
            },
            Err(error) => {
                let is_refused = self.connection.was_refused_unread();
                let lost = self.connection.failed(error);
                if let Some(refusal) = PushRefusal::ended_by_hook(&lost) {
                    return after_a_refusal(remote, commit, refusal);
                }
                return match after_a_lost_answer(remote, commit, lost) {
                    Err(GitError::Uncertain { source, .. }) if is_refused => Err(*source),
                    ended => ended,
                };
            }
        };
        let refusal = PushRefusal { reason, messages };
        let was_pushed_again = self.connection.was_pushed_again();
        drop(self);
        match was_pushed_again {
            true => after_a_second_refusal(remote, commit, refusal),
            false => after_a_refusal(remote, commit, refusal),
        }
    }
}

/// Finds out whether the server refused `commit`, or something else was faster: it refuses the loser of a race too, which only
/// the branch tells.
pub fn after_a_refusal(
    remote: &Remote,
    commit: &CommitOnTip,
    mut refusal: PushRefusal,
) -> Result<PushOutcome, GitError> {
    match read_refs(remote, commit) {
        Ok(refs) => match settled(&refs, commit, refusal) {
            // Where branches only go forward, a commit that takes the place of others is refused for good.
            PushOutcome::Refused(refusal)
                if refusal.is_by_another_push() && !(commit.replaces() && refusal.wants_fast_forward()) =>
            {
                Ok(PushOutcome::Raced { tip: commit.lease.tip, refusal })
            }
            PushOutcome::Refused(refusal) if refusal.rule() == Some(Rule::Outage) => {
                Err(refusal.outage(remote.to_string()))
            }
            outcome => Ok(outcome),
        },
        // Words that name no rule prove no refusal, if the branch does not tell.
        Err(error) if error.passes() || !refusal.is_by_rule() => {
            Err(refusal.beside_an_outage(remote.to_string(), error))
        }
        // The server's refusal stands even if the branch cannot be read any more.
        Err(error) => {
            let unread = anyhow::Error::from(error);
            refusal.reason = format!("{} (the branch could not be read again: {unread:#})", refusal.reason);
            Ok(PushOutcome::Refused(refusal))
        }
    }
}

/// Finds out the same of a push that was sent again: the refusal may be that of the second one, after the first one took effect.
fn after_a_second_refusal(
    remote: &Remote,
    commit: &CommitOnTip,
    refusal: PushRefusal,
) -> Result<PushOutcome, GitError> {
    let uncertain = |context: String, source: anyhow::Error| {
        GitError::uncertain(remote.to_string(), GitError::unexpected(context, source), None)
    };
    let refused = format!("it was sent again, and refused ({})", refusal.reason);
    let refs = read_refs(remote, commit)
        .map_err(|error| uncertain(format!("{refused}, and the branch cannot be read"), error.into()))?;
    match settled(&refs, commit, refusal) {
        // The first one may still be at work, and have the lock that the second one met.
        PushOutcome::Refused(refusal) if !refusal.is_by_rule() => {
            Err(uncertain("the first one may still be at work".to_owned(), anyhow::Error::msg(refused)))
        }
        // The first one may have moved the branch, with another release on top by now.
        PushOutcome::Raced { tip: Some(tip), refusal } => Ok(match ancestry(remote, commit, tip) {
            Ok(PushedAncestry::Contains) => PushOutcome::Updated { commit: commit.id(), messages: refusal.messages },
            Ok(PushedAncestry::Lacks | PushedAncestry::Unknown) | Err(_) => {
                PushOutcome::Raced { tip: Some(tip), refusal }
            }
        }),
        outcome => Ok(outcome),
    }
}

/// Finds out whether a push took effect of which no report came back, or another move of the branch: only the branch can tell.
pub fn after_a_lost_answer(remote: &Remote, commit: &CommitOnTip, lost: GitError) -> Result<PushOutcome, GitError> {
    let refs = match read_refs(remote, commit) {
        Ok(refs) => refs,
        Err(unread) => return Err(GitError::uncertain(remote.to_string(), lost, Some(&unread))),
    };
    match settled(&refs, commit, PushRefusal::default()) {
        // With an answer, nothing happened. Without one, the server may still be at work.
        PushOutcome::Refused(_) if lost.is_an_answer() => Err(lost),
        PushOutcome::Refused(_) => Err(GitError::uncertain(remote.to_string(), lost, None)),
        // Another release may be on top of ours already.
        PushOutcome::Raced { tip: Some(tip), refusal } => match ancestry(remote, commit, tip) {
            Ok(PushedAncestry::Contains) => Ok(PushOutcome::Updated { commit: commit.id(), messages: Vec::new() }),
            Ok(PushedAncestry::Lacks) => Ok(PushOutcome::Raced { tip: Some(tip), refusal }),
            Ok(PushedAncestry::Unknown) => Err(GitError::uncertain(remote.to_string(), lost, None)),
            Err(unread) => Err(GitError::uncertain(remote.to_string(), lost, Some(&unread))),
        },
        outcome => Ok(outcome),
    }
}

/// Whether a commit is among the ancestors of a tip.
enum PushedAncestry {
    Contains,
    Lacks,
    Unknown,
}

/// Looks for `commit` in the history of `tip`, back to its parent, which the branch was at.
fn ancestry(remote: &Remote, commit: &CommitOnTip, tip: CommitId) -> Result<PushedAncestry, GitError> {
    let mut reader = Reader::open(remote, Some(&commit.lease.branch))?;
    let mut recent = Objects::default();
    reader.fetch_history(tip.0, HISTORY_DEPTH, &mut recent)?;
    let is_there = |id: CommitId| recent.contains(&id.0);
    Ok(match commit.lease.tip {
        // What a branch begins at is in many, and proves no push.
        _ if commit.is_beginning() => PushedAncestry::Lacks,
        _ if is_there(commit.id()) => PushedAncestry::Contains,
        // Another release has taken its place, or that of what was there before: then a push with our lease can move nothing
        // any more.
        _ if commit.replaces() => PushedAncestry::Lacks,
        Some(parent) if is_there(parent) => PushedAncestry::Lacks,
        _ => PushedAncestry::Unknown,
    })
}

/// What the branch and the tag of a push name now.
struct CurrentRefs {
    tip: Option<CommitId>,
    tag: Option<ObjectId>,
}

/// Reads the refs of a push of `commit` again.
fn read_refs(remote: &Remote, commit: &CommitOnTip) -> Result<CurrentRefs, GitError> {
    let kept = if commit.new.tag.is_some() { RefsKept::BranchAndTags } else { RefsKept::Branch };
    let again = Pusher::open(remote, &commit.lease.branch, kept)?;
    let tag = commit.new.tag.as_ref().and_then(|tag| again.refs.tag(&tag.name));
    Ok(CurrentRefs { tip: again.tip(), tag })
}

/// Returns what the refs tell about a push of `commit` that the server did not report as accepted, but with this `refusal`.
fn settled(refs: &CurrentRefs, commit: &CommitOnTip, refusal: PushRefusal) -> PushOutcome {
    let tag = commit.new.tag.as_ref();
    match tag.filter(|tag| refs.tag != Some(tag.id)) {
        Some(missing) if refs.tip == Some(commit.id()) => {
            PushOutcome::Untagged { commit: commit.id(), tag: missing.name.clone() }
        }
        None if refs.tip == Some(commit.id()) => {
            PushOutcome::Updated { commit: commit.id(), messages: refusal.messages }
        }
        Some(other) if refs.tip == commit.lease.tip && refs.tag.is_some() => PushOutcome::TagTaken(other.name.clone()),
        _ if refs.tip == commit.lease.tip => PushOutcome::Refused(refusal),
        _ => PushOutcome::Raced { tip: refs.tip, refusal },
    }
}

/// Returns what a server says became of the branch and of the tag, as one.
fn status(answer: &PushReport, commit: &CommitOnTip) -> RefStatus {
    let branch = answer.ref_status(&commit.lease.branch.full());
    let Some(tag) = &commit.new.tag else { return branch };
    match (branch, answer.ref_status(&tag.name.full())) {
        (RefStatus::Rejected(branch), RefStatus::Rejected(tag)) if branch != tag => {
            RefStatus::Rejected(format!("{branch}; of the tag it says: {tag}"))
        }
        (RefStatus::Accepted, of_tag) => of_tag,
        (of_branch, _) => of_branch,
    }
}

fn taken(remote: &Remote, tag: &TagName) -> GitError {
    GitError::TagTaken { remote: remote.to_string(), tag: tag.to_string() }
}

fn send(connection: &mut Connection<'_>, body: &[u8]) -> anyhow::Result<PushReport> {
    // gix sends this mode over HTTP with a length, and the other one in chunks.
    let mode = WriteMode::OneLfTerminatedLinePerWriteCall;
    let (mut writer, mut reader) = connection.transport.request(mode, MessageKind::Flush, false)?.into_parts();
    // A server may close its end before it has read all, and its answer tells why. So neither transport fails here: over pipes
    // a thread writes, and over HTTP the first read of the answer sends all.
    writer.write_all(body)?;
    writer.flush()?;
    // The drop closes the request; the server reads up to its end.
    drop(writer);
    PushReport::read(&mut reader)
}
