//! Commits that the forge makes and signs: they are made before anything moves, and the branch moves by the push that every
//! commit gets, with no object in it. If the server refuses such a push, the forge's API moves the branch, from where it was
//! read to be and from nowhere else.

use crate::forge::{FileToCommit, Forge, RefMove, SignedCommit, UnsignedCommit};
use crate::git::{
    CommitId, CommitOnTip, FilePart, GitError, Message, NewCommit, PushOutcome, PushRefusal, Remote,
    after_a_lost_answer, after_a_refusal,
};
use crate::outcome::failure::{Failure, FailureKind};
use crate::outcome::{Activity, Event, Listener};

/// Has the forge make and sign `commit`. Returns the id that it has there, and what a checkout needs to follow it.
pub(super) fn signed(
    forge: &Forge,
    commit: &NewCommit,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<(CommitId, SignedCommit), Failure> {
    listener(&Event::Began(Activity::Signing));
    let parts = commit.parts();
    let (parent, message) = (parts.parent.to_string(), message.to_string());
    let files = parts.files.iter().map(|FilePart { path, mode, bytes }| FileToCommit { path, mode, bytes });
    let made = forge.sign_commit(&UnsignedCommit {
        parent: &parent,
        base_tree: &parts.base_tree,
        tree: &parts.tree,
        files: files.collect(),
        message: &message,
    })?;
    let id = CommitId::parse(&made.id).ok_or_else(|| {
        Failure::new(
            FailureKind::Unexpected,
            format!("{} returned no valid id for the commit that it made", forge.kind()),
        )
    })?;
    Ok((id, made))
}

/// Returns `commit`, which is leased on a head branch, as the forge makes it, if one is to.
pub(super) fn on_head(
    signer: Option<&Forge>,
    commit: CommitOnTip,
    message: &Message,
    listener: &mut Listener<'_>,
) -> Result<CommitOnTip, Failure> {
    let Some(forge) = signer else { return Ok(commit) };
    let (id, made) = signed(forge, commit.new_commit(), message, listener)?;
    Ok(commit.made_elsewhere(id, &made.payload, &made.signature)?)
}

/// Moves the branch by the forge's API, after the server refused a push of a commit that is in its store already. The branch
/// tells how that ended; `refusal` stands if it did not move.
pub(super) fn moved_by_the_api(
    forge: &Forge,
    remote: &Remote,
    commit: &CommitOnTip,
    mut refusal: PushRefusal,
) -> Result<PushOutcome, Failure> {
    const NONE: &str = "0000000000000000000000000000000000000000";
    let lease = commit.lease();
    let from = lease.tip.map_or_else(|| NONE.to_owned(), |tip| tip.to_string());
    let (name, to) = (lease.branch.full(), commit.id().to_string());
    let moved = forge.move_ref(&RefMove { name: &name, from: &from, to: &to });
    let Err(error) = moved else {
        return Ok(PushOutcome::Updated { commit: commit.id(), messages: Vec::new() });
    };
    if !error.is_unsettled() {
        let words = error.words().map_or_else(|| error.to_string(), ToString::to_string);
        refusal.messages.push(words);
        return Ok(after_a_refusal(remote, commit, refusal)?);
    }
    let lost = GitError::Unavailable {
        remote: remote.to_string(),
        answered: false,
        source: error.into(),
        details: Vec::new(),
    };
    Ok(match after_a_lost_answer(remote, commit, lost)? {
        PushOutcome::Raced { tip, .. } => PushOutcome::Raced { tip, refusal },
        outcome => outcome,
    })
}
