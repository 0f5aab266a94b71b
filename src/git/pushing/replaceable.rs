//! The proof that the head branch of a pull request may be replaced. A commit by a person is never pushed over, so each commit
//! that would leave the branch is judged first, and nothing but that judgement makes a [`Replaceable`].

use gix::ObjectId;

use crate::git::error::GitError;
use crate::git::objects::commit::NewCommit;
use crate::git::objects::name::CommitId;
use crate::git::objects::record::CommitRecord;
use crate::git::reading::lineage::Lineage;
use crate::git::reading::snapshot::Snapshot;

/// The most commits of a head branch that are judged. Releases leave one.
const MAX_COMMITS: usize = 50;

/// The tip of a head branch on which every commit was judged to be ours.
#[derive(Debug, Clone)]
pub struct Replaceable {
    tip: CommitId,
    tree: ObjectId,
    parents: Vec<CommitId>,
    is_ahead: bool,
}

/// Why a head branch may not be replaced.
#[derive(Debug, Clone)]
pub enum NotReplaceable {
    /// It has this commit, which is not ours.
    Foreign(Box<CommitRecord>),
    /// It has more commits than the `limit` that are judged, and all that were judged are ours.
    TooMany { limit: usize },
}

impl Replaceable {
    pub fn head(&self) -> CommitId {
        self.tip
    }

    /// Returns whether the head branch has commits that the branch lacks.
    pub fn is_ahead(&self) -> bool {
        self.is_ahead
    }

    /// Returns whether the tip has the parent and the tree of `commit`, so that the two differ in nothing that is merged.
    pub(super) fn is(&self, commit: &NewCommit) -> bool {
        self.tree == commit.tree && self.parents == [commit.parent]
    }
}

impl Snapshot<'_> {
    /// Judges every commit of the head branch at `head` that this commit, the tip of the branch, lacks, until `is_ours` is false
    /// for one.
    pub fn replaceable<E: From<GitError>>(
        &mut self,
        head: CommitId,
        mut is_ours: impl FnMut(&mut Self, &CommitRecord) -> Result<bool, E>,
    ) -> Result<Result<Replaceable, NotReplaceable>, E> {
        let tip = self.present(head)?;
        let mut judged = 0;
        let mut next = vec![head];
        while let Some(id) = next.pop() {
            if matches!(self.lineage(id, self.commit)?, Lineage::Same | Lineage::Before) {
                continue;
            }
            if judged == MAX_COMMITS {
                return Ok(Err(NotReplaceable::TooMany { limit: MAX_COMMITS }));
            }
            let record = self.present(id)?;
            if !is_ours(self, &record)? {
                return Ok(Err(NotReplaceable::Foreign(Box::new(record))));
            }
            next.extend(&record.parents);
            judged += 1;
        }
        Ok(Ok(Replaceable { tip: head, tree: tip.tree, parents: tip.parents, is_ahead: judged > 0 }))
    }

    fn present(&mut self, id: CommitId) -> Result<CommitRecord, GitError> {
        self.load_commit(id)?.ok_or_else(|| {
            GitError::unexpected(
                format!("the commit {id} cannot be read"),
                anyhow::anyhow!("the server did not send it"),
            )
        })
    }
}
