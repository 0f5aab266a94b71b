//! HEAD BRANCH: whether a release may take the place of what is on the head branch of a pull request. It may if every commit
//! there is a release of ours, by the test that tells our own commits everywhere, or a merge that only brought the branch up
//! to date. A commit by a person stays. What the releases say is kept, because a release must know what it replaces.

use super::branch_update::is_update;
use super::merged_request::release;
use super::own_commit::is_release;
use crate::git::{BranchName, CommitId, NotReplaceable, Replaceable, Snapshot};
use crate::message::each_once;
use crate::message::trailers::ReleaseTrailers;
use crate::outcome::failure::{Failure, FailureKind};

/// What a head branch proposes that the branch lacks, all of it ours.
pub(crate) struct ProposedReleases {
    /// The proof that the head branch may be replaced.
    pub(crate) over: Replaceable,
    releases: Vec<ProposedRelease>,
}

struct ProposedRelease {
    title: String,
    said: ReleaseTrailers,
}

impl ProposedReleases {
    /// Reads what `head`, whose tip is `tip`, proposes to the branch of `snapshot`.
    ///
    /// # Errors
    /// If a commit is not ours, if there are too many to judge, or if the repository cannot be read.
    pub(crate) fn read(snapshot: &mut Snapshot<'_>, head: &BranchName, tip: CommitId) -> Result<Self, Failure> {
        let mut releases = Vec::new();
        let judged = snapshot.replaceable(tip, |snapshot, record| {
            let said = ReleaseTrailers::read(record);
            let is_ours = match record.parents[..] {
                [_] => said.is_some() && is_release(&release(snapshot, record.clone())?),
                [_, _] => is_update(snapshot, record, snapshot.commit_id())?,
                _ => false,
            };
            releases.extend(said.map(|said| ProposedRelease { title: record.title().to_owned(), said }));
            Ok::<_, Failure>(is_ours)
        })?;
        Ok(Self { over: judged.map_err(|why| not_replaceable(head, why))?, releases })
    }

    /// Returns how many releases there are.
    pub(crate) fn count(&self) -> usize {
        self.releases.len()
    }

    /// Returns whether one is of the entry `name` of `file`.
    pub(crate) fn has(&self, file: &str, name: &str) -> bool {
        self.releases.iter().any(|release| release.said.is_of(file, name))
    }

    /// Returns the entries, then the files, that are proposed and that a release does not have, each once.
    pub(crate) fn beyond(&self, has_entry: impl Fn(&str) -> bool, has_file: impl Fn(&str) -> bool) -> Vec<&str> {
        let entries = self.releases.iter().flat_map(|release| release.said.entries()).filter(|name| !has_entry(name));
        let files = self.releases.iter().flat_map(|release| &release.said.files).map(String::as_str);
        each_once(entries.chain(files.filter(|file| !has_file(file))))
    }

    /// Returns the title of a rollback that a release would replace, or of a release that a rollback would: the person who waits
    /// for the one must not get the other without a word.
    pub(crate) fn title_of_another_kind(&self, is_rollback: bool) -> Option<&str> {
        let is_other = |release: &&ProposedRelease| release.said.is_rollback() != is_rollback;
        self.releases.iter().find(is_other).map(|release| release.title.as_str())
    }
}

fn not_replaceable(head: &BranchName, why: NotReplaceable) -> Failure {
    match why {
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
    }
}
