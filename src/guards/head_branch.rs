//! HEAD BRANCH: whether a release may take the place of what is on the head branch of a pull request. It may if every commit
//! there is a release of ours, by the test that tells our own commits everywhere, or a merge that only brought the branch up
//! to date. A commit by a person stays.

use super::branch_update::is_update;
use super::merged_request::release;
use super::own_commit::{is_release, says_release};
use crate::git::{BranchName, CommitId, NotReplaceable, Replaceable, Snapshot};
use crate::outcome::failure::{Failure, FailureKind};

/// Returns the proof that each commit of `head`, whose tip is `tip`, is ours, as far as the branch of `snapshot` lacks it.
///
/// # Errors
/// If one is not, if there are too many to judge, or if the repository cannot be read.
pub(crate) fn replaceable(
    snapshot: &mut Snapshot<'_>,
    head: &BranchName,
    tip: CommitId,
) -> Result<Replaceable, Failure> {
    let judged = snapshot.replaceable(tip, |snapshot, record| match record.parents[..] {
        [_] => Ok::<_, Failure>(says_release(record) && is_release(&release(snapshot, record.clone())?)),
        [_, _] => is_update(snapshot, record, snapshot.commit_id()),
        _ => Ok(false),
    })?;
    judged.map_err(|why| match why {
        NotReplaceable::Foreign(record) => {
            let message = format!("`{head}` has a commit that is not a release of tagship: {}", record.id.short());
            Failure::new(FailureKind::Refused, message)
                .detail(format!("{}, by {}", record.title(), &*record.author))
                .hint("merge or close its pull request and delete the branch, or name another branch with `--head`")
        }
        NotReplaceable::TooMany { limit } => {
            let message = format!(
                "`{head}` has more than {limit} commits that the release branch lacks, so not all of them were judged"
            );
            Failure::new(FailureKind::Guarded, message)
                .hint("merge it, or close its pull request and delete the branch, or name another branch with `--head`")
        }
    })
}
