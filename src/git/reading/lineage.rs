//! How one commit stands to another: before it, after it, or on another line. This file judges by commits that are loaded;
//! `ancestry` finds them.

use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap};

use crate::git::objects::name::CommitId;
use crate::git::objects::record::CommitRecord;
use crate::git::objects::store::Objects;

/// How a commit stands to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lineage {
    Same,
    /// The other is among its ancestors.
    After,
    /// It is among the other's ancestors.
    Before,
    /// Neither is an ancestor of the other: their histories diverged, or have nothing in common.
    Apart,
    /// One of the two cannot be found, or the server does not support what it takes to tell.
    Unknown,
}

/// The most commits of a checkout that are compared before the remote is asked.
const MAX_COMMITS_COMPARED: usize = 20_000;

/// A commit that was reached from one of the two.
struct Seen {
    parents: Vec<CommitId>,
    seconds: i64,
    /// Which of the two it was reached from: [`ONE`], [`OTHER`] or [`BOTH`].
    of: u8,
}

const ONE: u8 = 1;
const OTHER: u8 = 2;
const BOTH: u8 = ONE | OTHER;

/// Returns what the `known` commits tell; `None` if they do not reach far enough. As `git merge-base` does, it walks back
/// through both histories at once until only common commits are left. The commits' times only choose what to visit first:
/// a wrong clock costs steps, and does not change the answer.
pub(super) fn at_hand(
    known: &impl Fn(CommitId) -> Option<CommitRecord>,
    commit: CommitId,
    other: CommitId,
) -> Option<Lineage> {
    if commit == other {
        return Some(Lineage::Same);
    }
    let look =
        |id: CommitId, of: u8| known(id).map(|CommitRecord { parents, seconds, .. }| Seen { parents, seconds, of });
    let mut seen = HashMap::from([(commit, look(commit, ONE)?), (other, look(other, OTHER)?)]);
    let mut queue: BinaryHeap<_> = seen.iter().map(|(id, commit)| (commit.seconds, id.0)).collect();
    let mut missing = false;
    while queue.iter().any(|(_, id)| seen.get(&CommitId(*id)).is_some_and(|seen| seen.of != BOTH)) {
        let (_, id) = queue.pop()?;
        let Seen { parents, of, .. } = seen.get(&CommitId(id))?;
        let (parents, of) = (parents.clone(), *of);
        for parent in parents {
            if (parent, of & ONE) == (other, ONE) {
                return Some(Lineage::After);
            }
            if (parent, of & OTHER) == (commit, OTHER) {
                return Some(Lineage::Before);
            }
            let count = seen.len();
            match seen.entry(parent) {
                Entry::Occupied(known) if known.get().of | of == known.get().of => {}
                Entry::Occupied(mut known) => {
                    known.get_mut().of |= of;
                    queue.push((known.get().seconds, parent.0));
                }
                Entry::Vacant(_) if count == MAX_COMMITS_COMPARED => return None,
                Entry::Vacant(place) => match look(parent, of) {
                    Some(found) => queue.push((place.insert(found).seconds, parent.0)),
                    None => missing = true,
                },
            }
        }
    }
    (!missing).then_some(Lineage::Apart)
}

/// Returns how `commit` stands to `other`, by the commits that a server sent for `commit` after we told it that we have
/// `other`.
pub(super) fn told_by(between: &Objects, commit: CommitId, other: CommitId) -> Lineage {
    // The server sends nothing if the commit is in the history of the other.
    if !between.contains(&commit.0) {
        return Lineage::Before;
    }
    // If the other is an ancestor, the oldest new commit on the way to it has it as a parent.
    let mut all_read = true;
    for id in between.ids() {
        match CommitRecord::read(CommitId(id), between) {
            Ok(record) if record.parents.contains(&other) => return Lineage::After,
            Ok(_) => {}
            Err(_) => all_read = false,
        }
    }
    if all_read { Lineage::Apart } else { Lineage::Unknown }
}
