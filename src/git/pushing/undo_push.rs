//! Undoes a push: the branch gets the tip that the push has found, or goes if it was new.

use super::advertised_refs::RefsKept;
use super::push::Pusher;
use super::push_request::{packet_lines, wanted};
use crate::git::error::GitError;
use crate::git::objects::name::{BranchName, CommitId};
use crate::git::objects::pack::{self, Thin};
use crate::git::objects::store::HASH;
use crate::git::remotes::remote::Remote;
use crate::git::wire::push_report::RefStatus;

/// Moves the branch from the commit `pushed` back to `tip`; `None` deletes it. Returns whether it was moved: not if it has
/// another commit by now, or if the server does not allow it.
pub fn undo_push(
    remote: &Remote,
    branch: &BranchName,
    pushed: CommitId,
    tip: Option<CommitId>,
) -> Result<bool, GitError> {
    let mut pusher = Pusher::open(remote, branch, RefsKept::Branch)?;
    if pusher.tip() != Some(pushed) {
        return Ok(false);
    }
    let new = tip.map_or(HASH.null(), |tip| tip.0);
    let command = format!("{pushed} {new} {}\0{}", branch.full(), wanted(pusher.capabilities()));
    let mut body = packet_lines(&[command])?;
    // The server has the objects; a pack goes with a commit all the same, and none with a deletion.
    if tip.is_some() {
        body.extend(pack::write([].iter(), Thin::No)?);
    }
    let ended = pusher.exchange(&body).map_err(|error| pusher.failed(error));
    if ended.as_ref().is_ok_and(|answer| answer.ref_status(&branch.full()) == RefStatus::Accepted) {
        return Ok(true);
    }
    // As after any push, the branch tells: the answer may be lost, or may be the refusal of a push that was sent twice.
    match (Pusher::open(remote, branch, RefsKept::Branch), ended) {
        (Ok(again), _) if again.tip() == tip => Ok(true),
        (_, ended) => ended.map(|_| false),
    }
}
