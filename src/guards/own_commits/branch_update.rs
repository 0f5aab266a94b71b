//! The merge that brings a head branch up to date, as forges offer it by a button. It is no work of its own: the head branch
//! proposes the same as before.

use super::compared_commits::{changed_lines_of, changes, is_in};
use super::own_commit::edits_alone;
use crate::git::{CommitId, CommitRecord, Snapshot};
use crate::outcome::failure::Failure;

/// Returns whether `merge` only brought what the branch whose tip is `tip` has into the head branch: what it proposes is, line by
/// line, what was proposed before.
pub(super) fn is_update(snapshot: &mut Snapshot<'_>, merge: &CommitRecord, tip: CommitId) -> Result<bool, Failure> {
    let [before, base] = merge.parents[..] else { return Ok(false) };
    if !is_in(snapshot, base, tip)? {
        return Ok(false);
    }
    let Some(proposed) = snapshot.load_commit(before)? else { return Ok(false) };
    // Of an update, the second parent is the branch; of a release, it is the only one.
    let Some(began) = proposed.parents.last().copied() else { return Ok(false) };
    let (now, then) = (changes(snapshot, base, merge)?, changes(snapshot, began, &proposed)?);
    match (&now, &then) {
        (Some(now), Some(then)) if now == then && edits_alone(now) => {
            Ok(changed_lines_of(snapshot, base, merge, now)? == changed_lines_of(snapshot, began, &proposed, then)?)
        }
        _ => Ok(false),
    }
}
