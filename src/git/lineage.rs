//! How one commit stands to another: before it, after it, or on another line. The checkout's own history tells where it
//! goes far enough; else one fetch of commits without their trees does, of those that lie between the two.

use std::collections::{BinaryHeap, HashSet};

use gix::ObjectId;

use super::checkout::Checkout;
use super::error::GitError;
use super::name::CommitId;
use super::objects::Objects;
use super::reader::Reader;
use super::record::CommitRecord;
use super::remote::Remote;
use super::snapshot::Snapshot;

/// How a commit stands to an earlier known one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    Same,
    /// The other is among its ancestors.
    After,
    /// It is among the other's ancestors.
    Before,
    /// Neither is an ancestor of the other: the histories went apart, or were never one.
    Apart,
    /// One of the two is not to be found, or the server serves no parts.
    Unknown,
}

/// How many commits of a checkout are gone through before the remote is asked.
const MOST: usize = 20_000;

/// How far clocks are believed to differ between committers, in seconds.
const SKEW: i64 = 24 * 60 * 60;

/// Returns how `commit` stands to `other`, as the checkout's history tells.
pub fn lineage_in(checkout: &Checkout, commit: CommitId, other: CommitId) -> Lineage {
    at_hand(&|id| checkout.record(id), commit, other).unwrap_or(Lineage::Unknown)
}

/// Returns how `commit` stands to `other`, as a remote tells.
pub fn lineage_at(remote: &Remote, commit: CommitId, other: CommitId) -> Result<Lineage, GitError> {
    Reader::open(remote, None)?.lineage(commit, other)
}

impl Snapshot<'_> {
    /// Returns how `commit` stands to `other`, both of this repository. Without `ask`, the remote is not asked.
    pub fn lineage(&mut self, commit: CommitId, other: CommitId, ask: bool) -> Result<Lineage, GitError> {
        let checkout = self.source.checkout;
        let known = |id: CommitId| {
            let fetched = self.objects.contains(&id.0).then(|| CommitRecord::read(id, &self.objects).ok());
            fetched.flatten().or_else(|| checkout?.record(id))
        };
        match at_hand(&known, commit, other) {
            Some(lineage) => Ok(lineage),
            None if ask => self.source.reader()?.lineage(commit, other),
            None => Ok(Lineage::Unknown),
        }
    }
}

/// Returns what commits at hand tell; `None` where they do not reach far enough.
fn at_hand(known: &impl Fn(CommitId) -> Option<CommitRecord>, commit: CommitId, other: CommitId) -> Option<Lineage> {
    if commit == other {
        return Some(Lineage::Same);
    }
    let (record, other_record) = (known(commit)?, known(other)?);
    if descends(known, &record, &other_record)? {
        return Some(Lineage::After);
    }
    Some(if descends(known, &other_record, &record)? { Lineage::Before } else { Lineage::Apart })
}

/// Returns whether `ancestor` is among the ancestors of `commit`; `None` where a commit between them is missing.
fn descends(
    known: &impl Fn(CommitId) -> Option<CommitRecord>,
    commit: &CommitRecord,
    ancestor: &CommitRecord,
) -> Option<bool> {
    let mut found = HashSet::from([commit.id]);
    let mut queue = BinaryHeap::from([(commit.seconds, commit.id.0)]);
    let mut missing = false;
    while let Some((seconds, id)) = queue.pop() {
        if seconds < ancestor.seconds - SKEW {
            break;
        }
        for parent in known(CommitId(id))?.parents {
            if parent == ancestor.id {
                return Some(true);
            }
            if found.len() == MOST {
                return None;
            }
            if found.insert(parent) {
                match known(parent) {
                    Some(parent) => queue.push((parent.seconds, parent.id.0)),
                    None => missing = true,
                }
            }
        }
    }
    (!missing).then_some(false)
}

/// Returns how `commit` stands to a commit of which the server was told that we have it: `between` is what it then sent.
pub(super) fn told_by(between: &Objects, commit: CommitId, other: CommitId) -> Result<Lineage, GitError> {
    // What has no new commits lies within the history of the other.
    if !between.contains(&commit.0) {
        return Ok(Lineage::Before);
    }
    let ids: Vec<ObjectId> = between.ids().collect();
    for id in ids {
        // On the way from the commit down to its ancestor, the last commit that is new has that for a parent.
        if CommitRecord::read(CommitId(id), between)?.parents.contains(&other) {
            return Ok(Lineage::After);
        }
    }
    Ok(Lineage::Apart)
}
