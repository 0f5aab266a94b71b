//! HEAD BRANCH: whether a release may take the place of what is on the head branch of a pull request. It may if every commit
//! there is a release of ours, by the test that tells our own commits everywhere, or a merge that only brought the branch up
//! to date, as forges offer it by a button. A commit by a person stays.

use super::merged_request::{changed_lines_of, changes, edits_alone, release};
use super::own_commit::{is_release, says_release};
use crate::git::{BranchName, CommitId, CommitRecord, Lineage, Replaceable, Snapshot};
use crate::outcome::failure::{Failure, FailureKind};

/// Returns the proof that each commit of `head`, whose tip is `tip`, is ours, as far as the branch of `snapshot` lacks it.
///
/// # Errors
/// If one is not, or if the repository cannot be read.
pub(crate) fn replaceable(
    snapshot: &mut Snapshot<'_>,
    head: &BranchName,
    tip: CommitId,
) -> Result<Replaceable, Failure> {
    let judged = snapshot.replaceable(tip, |snapshot, record| match record.parents[..] {
        [_] => Ok::<_, Failure>(says_release(record) && is_release(&release(snapshot, record.clone())?)),
        [before, base] => is_update(snapshot, record, before, base),
        _ => Ok(false),
    })?;
    judged.map_err(|record| {
        let message = format!("`{head}` has a commit that is not a release of tagship: {}", record.id.short());
        Failure::new(FailureKind::Refused, message)
            .detail(format!("{}, by {}", record.title(), &*record.author))
            .hint("merge or close its pull request and delete the branch, or name another branch with `--head`")
    })
}

/// Returns whether a merge only brought what the branch has into the head branch: what it proposes is, line by line, what was
/// proposed before.
fn is_update(
    snapshot: &mut Snapshot<'_>,
    merge: &CommitRecord,
    before: CommitId,
    base: CommitId,
) -> Result<bool, Failure> {
    if !matches!(snapshot.lineage(base, snapshot.commit_id())?, Lineage::Same | Lineage::Before) {
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
